#include "datasets/kafka/kafka_log.hpp"

#include <spdlog/spdlog.h>

#include "datasets/kafka/engine.hpp"
#include "datasets/kafka/topic_setup.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

constexpr auto probe_period = 250ms;
constexpr auto probe_timeout = 1'000ms;

failure closed()
{
    return {make_error_code(log_errc::closed), "the log is closed"};
}

failure read_only()
{
    return {make_error_code(log_errc::refusing), "the log was opened for reading only"};
}

}  // namespace

kafka_log::kafka_log(const config::kafka_settings& settings, const kafka_log_options& options)
    : settings_(settings), options_(options)
{
}

result<std::unique_ptr<kafka_log>> kafka_log::open(const config::kafka_settings& settings,
                                                   const kafka_log_options& options)
{
    if (const auto trouble = known_trouble(settings, rd_kafka_version()); !trouble.empty()) {
        spdlog::warn("kafka: {}", trouble);
    }
    std::unique_ptr<kafka_log> log(new kafka_log(settings, options));
    auto made = engine::open(settings, options, log->stats_, [self = log.get()] {
        std::lock_guard lock(self->mutex_);
        --self->writes_in_flight_;
        self->wake_.notify_all();
    });
    if (!made) return made.error();
    log->engine_ = std::move(*made);
    if (options.is_read_only) {
        if (auto bad = log->engine_->find_datasets()) return std::move(*bad);
    }
    log->maintenance_ = std::thread([self = log.get()] { self->run_maintenance(); });
    return log;
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
    kept.partitions = *present;
    const auto known = e.table.partitions(spec.name).size();
    const auto& dataset = e.table.put(kept, *topic);
    for (std::size_t i = known; i < dataset.partitions.size(); ++i) {
        if (auto bad = e.look_at(*dataset.partitions[i])) return std::move(*bad);
    }
    e.health.reached();
    e.owner->share(*topic, spec.name);
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
    for (const auto& cursor : what.cursors) {
        auto p = engine_->table.find(cursor.at);
        if (!p) return p.error();
        if (!what.ignores_ownership && !(*p)->may_commit) {
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
    if (auto refused = refusal(what)) return handler(std::move(*refused));
    std::vector<placed_part> parts;
    parts.reserve(what.appends.size());
    for (const auto& part : what.appends) {
        auto p = engine_->table.find(part.to);
        if (!p) return handler(p.error());
        for (const auto& record : part.records) {
            if (record.id.empty()) {
                return handler(failure{make_error_code(log_errc::too_large),
                                       "a record without an id can't be stored"});
            }
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
    if (options_.is_read_only && !(*p)->is_followed) {
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
        if (options_.is_read_only || p->is_owned) out.push_back(p->at.partition);
    }
    return out;
}

void kafka_log::watch_ownership(std::function<void(const dataset_name&)> handler)
{
    if (engine_->owner) engine_->owner->watch(std::move(handler));
}

result<std::optional<cursor_state>> kafka_log::load_cursor(const cursor_name& name,
                                                           const partition_ref& at) const
{
    auto p = engine_->table.find(at);
    if (!p) return p.error();
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
    return engine_->cursors->list();
}

result<std::vector<std::pair<std::string, std::string>>> kafka_log::list_documents(
    std::string_view collection) const
{
    return engine_->documents->list(collection);
}

result<offset> kafka_log::offset_at(const partition_ref& partition, wall_time when) const
{
    auto p = engine_->table.find(partition);
    if (!p) return p.error();
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
        if (now >= retention_at && !options_.is_read_only && !engine_->health.is_refusing()) {
            maintain_now();
            retention_at = now + options_.retention_period;
        }
        if (now >= recommit_at && !options_.is_read_only) {
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
