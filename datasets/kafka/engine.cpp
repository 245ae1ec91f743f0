#include "datasets/kafka/engine.hpp"

#include <spdlog/spdlog.h>

#include <thread>
#include <utility>

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

constexpr auto probe_timeout = 1'000ms;

}  // namespace

result<std::unique_ptr<kafka_log::engine>> kafka_log::engine::open(
    const config::kafka_settings& settings, const kafka_log_options& options, kafka_stats& stats,
    log_counters& counters, std::function<void()> write_finished)
{
    auto e = std::make_unique<engine>(settings, options, stats, counters);
    auto asked = cluster::open(settings);
    if (!asked) return asked.error();
    e->asked = std::move(*asked);
    auto records = producer::open(settings, e->health, stats);
    if (!records) return records.error();
    e->records = std::move(*records);
    auto documents = document_store::open(settings, *e->asked, e->called.documents_topic());
    if (!documents) return documents.error();
    e->documents = std::move(*documents);
    e->cursors = std::make_unique<cursor_store>(settings, *e->asked, e->called, e->table, stats);
    auto readers = reader_pool::open(settings, {*e->asked, e->health, e->cache, stats});
    if (!readers) return readers.error();
    e->readers = std::move(*readers);
    auto follower = head_follower::open(settings, {*e->asked, e->cache, e->waits, stats});
    if (!follower) return follower.error();
    e->follower = std::move(*follower);
    if (options.joins_group()) {
        if (auto bad = e->join_groups(settings)) return std::move(*bad);
    }
    e->links.emplace(
        write_links{*e->records, *e->documents, *e->cursors, std::move(write_finished)});
    return e;
}

std::optional<failure> kafka_log::engine::join_groups(const config::kafka_settings& settings)
{
    auto of_own_logs = settings;
    of_own_logs.group = called.group_of_own_logs(settings.group);
    const auto join = [this](const config::kafka_settings& by,
                             std::unique_ptr<ownership>& into) -> std::optional<failure> {
        auto joined = ownership::open(by, table, health, stats);
        if (!joined) return joined.error();
        into = std::move(*joined);
        into->on_released([f = follower.get()](partition_state& p) { f->leave(p); });
        return std::nullopt;
    };
    if (auto bad = join(settings, datasets_owner)) return bad;
    return join(of_own_logs, own_logs_owner);
}

ownership* kafka_log::engine::owner_of(const dataset_name& dataset) const
{
    return (dataset.value().starts_with('_') ? own_logs_owner : datasets_owner).get();
}

std::optional<failure> kafka_log::engine::absence() const
{
    // refusing may be about writing alone: what can be read is told
    if (!health.is_refusing() || asked->is_reachable(probe_timeout)) return std::nullopt;
    const auto reason = health.status().reason;
    if (reason.empty()) return std::nullopt;
    return failure{make_error_code(log_errc::refusing), reason};
}

std::optional<failure> kafka_log::engine::find_datasets()
{
    auto topics = asked->list_topics();
    if (!topics) return topics.error();
    for (const auto& [topic, shape] : *topics) {
        auto name = called.dataset_of(topic);
        if (!name) continue;
        dataset_spec spec;
        spec.name = std::move(*name);
        spec.partitions = shape.partitions;
        table.put(spec, topic);
    }
    return std::nullopt;
}

std::optional<failure> kafka_log::engine::look_at(partition_state& partition) const
{
    auto ends = asked->find_watermarks(partition.dataset->topic, partition.at.partition.value());
    if (!ends) return ends.error();
    partition.begin = ends->low;
    if (!partition.is_followed) {
        auto before = partition.end.load();
        while (before < ends->high && !partition.end.compare_exchange_weak(before, ends->high)) {
        }
    }
    return std::nullopt;
}

void kafka_log::engine::read(partition_state& partition, offset from, read_handler handler)
{
    add(stats.reads);
    // before the cache is asked: what is below this end is in the cache or was there
    const bool is_followed = partition.is_followed;
    const auto end = partition.end.load(std::memory_order_acquire);
    if (is_followed && partition.beyond_hole(from.value()) >= end) {
        add(stats.cache_hits);
        return handler(std::shared_ptr<const record_batch>());
    }
    if (auto cached = cache.find(partition.cache_id, from)) {
        add(stats.cache_hits);
        return handler(std::move(cached));
    }
    readers->read(partition, from, std::move(handler));
}

/// Where retention by age and size would like the partition to begin.
std::uint64_t kafka_log::engine::wanted_begin(const dataset_spec& spec,
                                              const partition_state& partition, wall_time now) const
{
    const auto begin = partition.begin.load();
    const auto end = partition.newest_end();
    auto wanted = begin;
    const auto number = partition.at.partition.value();
    if (spec.age_max) {
        auto young =
            asked->find_time(partition.dataset->topic, number, kafka_time(now - *spec.age_max));
        if (young) wanted = std::max(wanted, young->value_or(end));
    }
    const auto kept_max = spec.bytes_max
                              ? std::optional(*spec.bytes_max / std::max(spec.partitions, 1u))
                              : std::nullopt;
    const auto bytes = partition.bytes();
    if (kept_max && bytes > *kept_max && end > begin) {
        // sizes are an estimate: the share of records that is as large as the excess
        const auto excess = static_cast<double>(bytes - *kept_max) / static_cast<double>(bytes);
        wanted = std::max(
            wanted, begin + static_cast<std::uint64_t>(excess * static_cast<double>(end - begin)));
    }
    return std::min(wanted, end);
}

/// The lowest position of those who still have to read.
std::uint64_t kafka_log::engine::trim_limit(const partition_state& partition,
                                            const std::vector<cursor_name>& names)
{
    auto limit = partition.newest_end();
    for (const auto& name : names) {
        auto found = cursors->load(name, partition);
        if (!found || !*found) return partition.begin;
        limit = std::min(limit, (*found)->next.value());
    }
    return limit;
}

void kafka_log::engine::trim(const clock_source& clock)
{
    for (const auto& spec : table.specs()) {
        const auto names = retain.of(spec.name);
        // with `trim_unread` the cluster itself trims, by the topic's settings
        if (spec.trim_unread || !names || (!spec.age_max && !spec.bytes_max)) continue;
        for (auto* p : table.partitions(spec.name)) {
            if (!p->is_owned) continue;
            const auto begin = p->begin.load();
            auto to = wanted_begin(spec, *p, clock.wall_now());
            if (to <= begin) continue;
            to = std::min(to, trim_limit(*p, *names));
            if (to <= begin) continue;
            const auto& topic = p->dataset->topic;
            if (auto bad = asked->delete_before(topic, p->at.partition.value(), to)) {
                spdlog::warn("kafka: {}", bad->message);
                return;
            }
            add(stats.trimmed, to - begin);
            counters.count_trimmed(spec.name, "retention", to - begin);
            p->begin = to;
        }
    }
}

void kafka_log::engine::stop()
{
    // both at once: each may wait for lanes that let go
    std::thread other([this] {
        if (own_logs_owner) own_logs_owner->close();
    });
    if (datasets_owner) datasets_owner->close();
    other.join();
    readers->stop();
    follower->stop();
    documents->stop();
    records->close();
    waits.clear();
}

}  // namespace sluice::datasets::kafka
