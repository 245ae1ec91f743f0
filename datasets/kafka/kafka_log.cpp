#include "datasets/kafka/kafka_log.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>

#include "datasets/kafka/engine.hpp"
#include "datasets/kafka/topic_setup.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

constexpr auto probe_period = 250ms;
constexpr auto probe_timeout = 1'000ms;
constexpr std::uint64_t overhead_bytes = 2'048;            // headers, key and framing of one record
constexpr std::uint64_t client_bytes_default = 1'000'000;  // librdkafka's message.max.bytes

/// Fault injection of the crash tests: a control that has to lose events.
bool acknowledges_too_early()
{
    const char* asked = std::getenv("SLUICE_TEST_ACK_BEFORE_WRITE");
    return asked != nullptr && std::string_view(asked) == "1";
}

failure closed()
{
    return {make_error_code(log_errc::closed), "the log is closed"};
}

/// Found before anything is handed over: of a write that can't be stored nothing is.
std::optional<failure> unfit(const new_record& record, std::uint64_t bytes_max)
{
    if (record.id.empty()) {
        return failure{make_error_code(log_errc::too_large),
                       "a record without an id can't be stored"};
    }
    // the library counts the same
    const auto bytes = record.content.size() + (record.key ? record.key->size() : 0);
    if (bytes <= bytes_max) return std::nullopt;
    return failure{
        make_error_code(log_errc::too_large),
        fmt::format("an event of {} bytes is larger than Kafka takes: {}", record.content.size(),
                    explain(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, {}))};
}

failure read_only()
{
    return {make_error_code(log_errc::refusing), "the log was opened for reading only"};
}

}  // namespace

kafka_log::kafka_log(const config::kafka_settings& settings, const kafka_log_options& options)
    : settings_(settings),
      options_(options),
      client_bytes_max_(option_of(settings, "message.max.bytes", client_bytes_default)),
      acks_too_early_(acknowledges_too_early())
{
}

result<std::unique_ptr<kafka_log>> kafka_log::open(const config::kafka_settings& settings,
                                                   const kafka_log_options& options)
{
    if (const auto trouble = known_trouble(settings, rd_kafka_version()); !trouble.empty()) {
        spdlog::warn("kafka: {}", trouble);
    }
    if (options.joins_group()) spdlog::info("kafka: librdkafka {}", library_version());
    std::unique_ptr<kafka_log> log(new kafka_log(settings, options));
    auto made = engine::open(settings, options, log->stats_, log->counters_, [self = log.get()] {
        std::lock_guard lock(self->mutex_);
        if (--self->writes_in_flight_ == 0 && self->is_closed_) self->wake_.notify_all();
    });
    if (!made) return made.error();
    log->engine_ = std::move(*made);
    if (!options.joins_group()) {
        if (auto bad = log->engine_->find_datasets()) return std::move(*bad);
        auto bad = log->engine_->documents->prepare(options.is_tool);
        if (bad) return std::move(*bad);
    }
    log->maintenance_ = std::thread([self = log.get()] { self->run_maintenance(); });
    return log;
}

std::string kafka_log::library_version()
{
    return rd_kafka_version_str();
}

kafka_log::~kafka_log()
{
    close();
}

result<void> kafka_log::open_dataset(const dataset_spec& spec)
{
    std::lock_guard only(open_dataset_mutex_);
    if (is_closed_) return closed();
    if (options_.is_read_only) return read_only();
    auto& e = *engine_;
    auto topic = e.called.topic_of(spec.name);
    if (!topic) return topic.error();
    if (spec.partitions == 0) {
        return failure{make_error_code(log_errc::unknown_partition),
                       "a dataset needs at least one partition"};
    }
    if (auto bad = e.documents->prepare(true)) return std::move(*bad);
    auto present = set_up_topic(*e.asked, settings_, spec, *topic);
    if (!present) return present.error();
    auto kept = spec;
    kept.partitions = present->partitions;
    const auto known = e.table.partitions(spec.name).size();
    auto& dataset = e.table.put(kept, *topic);
    dataset.message_bytes_max = present->message_bytes_max;
    if (dataset.message_bytes_max > 0) e.records->limit_batches(dataset.message_bytes_max);
    const auto partitions = e.table.partitions(spec.name);
    if (known > 0 && known < partitions.size()) e.records->refresh(*topic);
    for (std::size_t i = known; i < partitions.size(); ++i) {
        if (auto bad = e.look_at(*partitions[i])) return std::move(*bad);
    }
    e.health.reached();
    if (auto* owner = e.owner_of(spec.name)) owner->share(*topic, spec.name);
    return {};
}

void kafka_log::set_readers(const dataset_name& dataset, std::vector<cursor_name> readers)
{
    engine_->cursors->remember(readers);
    engine_->retain.set_readers(dataset, std::move(readers));
}

std::optional<failure> kafka_log::refusal(const log_write& what) const
{
    if (is_closed_) return closed();
    if (options_.is_read_only) return read_only();
    if (engine_->health.is_refusing()) {
        return failure{make_error_code(log_errc::refusing), engine_->health.status().reason};
    }
    // nothing of a write may wait for the cluster: its threads are those that hear from it
    if (!what.documents.empty() && !engine_->documents->is_prepared()) {
        return failure{make_error_code(log_errc::refusing),
                       "the topic of the gateways' documents is not there yet: no dataset has been "
                       "opened"};
    }
    if (options_.waits_for_lanes && !has_begun_ && !what.is_internal) {
        return failure{make_error_code(log_errc::refusing),
                       "the gateway is not ready: lanes have not stored where they begin; "
                       "/readyz tells why"};
    }
    for (const auto& cursor : what.cursors) {
        auto p = engine_->table.find(cursor.at);
        if (!p) return p.error();
        if (options_.joins_group() && !what.ignores_ownership && !(*p)->may_commit) {
            return failure{make_error_code(log_errc::not_owned),
                           fmt::format("another gateway owns {}/{} now: its cursor {} is not ours "
                                       "to move",
                                       cursor.at.dataset.value(), cursor.at.partition.value(),
                                       cursor.name.value())};
        }
    }
    return std::nullopt;
}

void kafka_log::write(const log_write& what, write_handler handler)
{
    if (auto refused = refusal(what)) {
        std::uint64_t events = 0;
        for (const auto& part : what.appends) events += part.records.size();
        if (!what.is_internal) counters_.count_refused("store", events);
        return handler(std::move(*refused));
    }
    std::vector<placed_part> parts;
    parts.reserve(what.appends.size());
    for (const auto& part : what.appends) {
        auto p = engine_->table.find(part.to);
        if (!p) return handler(p.error());
        for (const auto& record : part.records) {
            if (auto bad = unfit(record, client_bytes_max_)) return handler(std::move(*bad));
        }
        parts.push_back({&part, *p});
    }
    {
        // close() waits for what was counted before it; what comes later is refused
        std::unique_lock lock(mutex_);
        if (is_closed_) {
            lock.unlock();
            return handler(closed());
        }
        ++writes_in_flight_;
    }
    if (acks_too_early_ && !what.is_internal) {
        handler(write_receipt{std::vector<offset>(what.appends.size())});
        handler = [](const auto&) {};
    }
    write_operation::start(*engine_->links, what, parts, std::move(handler));
}

void kafka_log::read(const partition_ref& from_partition, offset from, read_handler handler)
{
    if (is_closed_) return handler(closed());
    auto p = engine_->table.find(from_partition);
    if (!p) return handler(p.error());
    engine_->read(**p, from, std::move(handler));
}

std::uint64_t kafka_log::wait_beyond(const partition_ref& partition, offset seen,
                                     std::function<void()> handler)
{
    auto p = engine_->table.find(partition);
    if (!p || is_closed_) return 0;
    engine_->follower->follow(**p);
    return engine_->waits.add((*p)->end, offset{(*p)->beyond_hole(seen.value())},
                              std::move(handler));
}

void kafka_log::cancel_wait(std::uint64_t id)
{
    engine_->waits.cancel(id);
}

result<partition_extent> kafka_log::extent(const partition_ref& partition) const
{
    auto p = engine_->table.find(partition);
    if (!p) return p.error();
    // tools ask once and want to know; a gateway asks often and keeps itself informed
    if (!options_.joins_group() && !(*p)->is_followed) {
        if (auto bad = engine_->look_at(**p)) return std::move(*bad);
    }
    return partition_extent{offset{(*p)->begin.load()}, offset{(*p)->newest_end()}, (*p)->bytes(),
                            0};
}

std::vector<dataset_spec> kafka_log::list_datasets() const
{
    return engine_->table.specs();
}

std::vector<partition_id> kafka_log::owned_partitions(const dataset_name& dataset) const
{
    std::vector<partition_id> out;
    for (const auto* p : engine_->table.partitions(dataset)) {
        if (!options_.joins_group() || p->is_owned) out.push_back(p->at.partition);
    }
    return out;
}

void kafka_log::watch_ownership(std::function<void(const dataset_name&)> handler)
{
    if (!engine_->datasets_owner) return;
    engine_->own_logs_owner->watch(handler);
    engine_->datasets_owner->watch(std::move(handler));
}

result<std::optional<cursor_state>> kafka_log::load_cursor(const cursor_name& name,
                                                           const partition_ref& at) const
{
    auto p = engine_->table.find(at);
    if (!p) return p.error();
    if (auto absent = engine_->absence()) return std::move(*absent);
    auto found = engine_->cursors->load(name, **p);
    if (!found || !*found) return found;
    auto& state = **found;
    if (auto bad = engine_->look_at(**p)) return std::move(*bad);
    const auto end = (*p)->newest_end();
    if (state.next.value() > end) {
        spdlog::error(
            "kafka: cursor {} stands at {}, but {}/{} ends at {}: the topic was made "
            "anew or cut; it begins again at the oldest record",
            name.value(), state.next.value(), at.dataset.value(), at.partition.value(), end);
        state = {offset{(*p)->begin.load()}, offset{(*p)->begin.load()}, {}};
    }
    return found;
}

result<std::vector<cursor_update>> kafka_log::list_cursors() const
{
    if (auto absent = engine_->absence()) return std::move(*absent);
    return engine_->cursors->list();
}

result<std::vector<std::pair<std::string, std::string>>> kafka_log::list_documents(
    std::string_view collection) const
{
    if (auto absent = engine_->absence()) return std::move(*absent);
    return engine_->documents->list(collection);
}

result<offset> kafka_log::offset_at(const partition_ref& partition, wall_time when) const
{
    auto p = engine_->table.find(partition);
    if (!p) return p.error();
    if (auto absent = engine_->absence()) return std::move(*absent);
    auto found = engine_->asked->find_time((*p)->dataset->topic, partition.partition.value(),
                                           kafka_time(when));
    if (!found) return found.error();
    if (*found) return offset{**found};
    auto ends = engine_->asked->find_watermarks((*p)->dataset->topic, partition.partition.value());
    if (!ends) return ends.error();
    return offset{ends->high};
}

log_status kafka_log::status() const
{
    if (is_closed_) return {log_health::closed, "the log is closed", 1000ms};
    return engine_->health.status();
}

std::vector<log_figure> kafka_log::figures() const
{
    const auto& s = stats_;
    return {{"kafka_produced", s.produced},
            {"kafka_produced_bytes", s.produced_bytes},
            {"kafka_failed", s.failed},
            {"kafka_queued", s.queued, true},
            {"kafka_producers_renewed", s.producers_renewed},
            {"kafka_fetched", s.fetched},
            {"kafka_fetched_bytes", s.fetched_bytes},
            {"kafka_reads", s.reads},
            {"kafka_cache_hits", s.cache_hits},
            {"kafka_seeks", s.seeks},
            {"kafka_commits", s.commits},
            {"kafka_commit_failures", s.commit_failures},
            {"kafka_rebalances", s.rebalances},
            {"kafka_partitions_lost", s.partitions_lost},
            {"kafka_trimmed", s.trimmed}};
}

/// The smaller of what the topic and the client take, less what stands beside the event.
std::uint64_t kafka_log::record_bytes_max(const dataset_name& dataset) const
{
    const auto* known = engine_->table.find(dataset);
    const std::uint64_t of_topic = known ? known->message_bytes_max.load() : 0;
    const auto smaller = of_topic == 0 ? client_bytes_max_ : std::min(client_bytes_max_, of_topic);
    return smaller > overhead_bytes ? smaller - overhead_bytes : smaller / 2;
}

result<trim_result> kafka_log::trim(const partition_ref& partition, offset before, bool is_dry_run)
{
    auto found = engine_->table.find(partition);
    if (!found) return found.error();
    auto& p = **found;
    if (auto absent = engine_->absence()) return std::move(*absent);
    if (auto bad = engine_->look_at(p)) return std::move(*bad);
    const auto begin = p.begin.load();
    const auto to = std::clamp(before.value(), begin, std::max(begin, p.newest_end()));
    const auto kept = std::max<std::uint64_t>(p.newest_end() - begin, 1);
    const trim_result trimmed{offset{to}, to - begin, p.bytes() / kept * (to - begin)};
    if (is_dry_run || to == begin) return trimmed;
    if (options_.is_read_only) return read_only();
    if (auto bad = engine_->asked->delete_before(p.dataset->topic, partition.partition.value(), to))
        return std::move(*bad);
    p.begin = to;
    add(stats_.trimmed, trimmed.records);
    counters_.count_trimmed(partition.dataset, "operator", trimmed.records);
    return trimmed;
}

void kafka_log::maintain_now()
{
    for (auto* p : engine_->table.partitions()) {
        if (auto bad = engine_->look_at(*p)) {
            spdlog::debug("kafka: {}", bad->message);
            return;
        }
    }
    engine_->trim(options_.clock ? *options_.clock : system_clock());
}

void kafka_log::recommit_now()
{
    engine_->cursors->refresh([this](const partition_ref& at) {
        auto p = engine_->table.find(at);
        return p && (*p)->may_commit;
    });
}

void kafka_log::break_producer_for_test()
{
    engine_->records->break_for_test();
}

void kafka_log::run_maintenance()
{
    auto retention_at = std::chrono::steady_clock::now() + options_.retention_period;
    auto recommit_at = std::chrono::steady_clock::now() + options_.recommit_period;
    std::unique_lock lock(mutex_);
    while (!is_maintenance_over_) {
        wake_.wait_for(lock, probe_period, [this] { return is_maintenance_over_; });
        if (is_maintenance_over_) return;
        lock.unlock();
        const auto now = std::chrono::steady_clock::now();
        if (engine_->health.is_refusing() && engine_->asked->is_reachable(probe_timeout)) {
            engine_->health.reached();
        }
        if (now >= retention_at && options_.joins_group() && !engine_->health.is_refusing()) {
            maintain_now();
            retention_at = now + options_.retention_period;
        }
        if (now >= recommit_at && options_.joins_group()) {
            recommit_now();
            recommit_at = now + options_.recommit_period;
        }
        lock.lock();
    }
}

void kafka_log::close()
{
    if (!engine_) return;
    {
        std::lock_guard lock(mutex_);
        if (is_closed_) return;
        is_closed_ = true;
        is_maintenance_over_ = true;
        wake_.notify_all();
    }
    if (maintenance_.joinable()) maintenance_.join();
    {
        // each write ends by itself: records by the produce timeout, cursors by the request's
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return writes_in_flight_ == 0; });
    }
    engine_->stop();
}

}  // namespace sluice::datasets::kafka
