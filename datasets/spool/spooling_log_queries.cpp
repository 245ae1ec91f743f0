// The questions: those that are the cluster's, and what the spool holds.
#include <fmt/format.h>

#include <algorithm>

#include "datasets/spool/spool_calls.hpp"
#include "datasets/spool/spooling_log.hpp"

namespace sluice::datasets {

void spooling_log::set_readers(const dataset_name& dataset, std::vector<cursor_name> readers)
{
    cluster_->set_readers(dataset, std::move(readers));
}
void spooling_log::read(const partition_ref& from_partition, offset from, read_handler handler)
{
    cluster_->read(from_partition, from, std::move(handler));
}
std::uint64_t spooling_log::wait_beyond(const partition_ref& partition, offset seen,
                                        std::function<void()> handler)
{
    return cluster_->wait_beyond(partition, seen, std::move(handler));
}
void spooling_log::cancel_wait(std::uint64_t id)
{
    cluster_->cancel_wait(id);
}
result<partition_extent> spooling_log::extent(const partition_ref& partition) const
{
    return cluster_->extent(partition);
}
std::vector<dataset_spec> spooling_log::list_datasets() const
{
    return cluster_->list_datasets();
}
bool spooling_log::is_shared() const
{
    return cluster_->is_shared();
}
std::vector<partition_id> spooling_log::owned_partitions(const dataset_name& dataset) const
{
    return cluster_->owned_partitions(dataset);
}
void spooling_log::watch_ownership(std::function<void(const dataset_name&)> handler)
{
    cluster_->watch_ownership(std::move(handler));
}
result<std::optional<cursor_state>> spooling_log::load_cursor(const cursor_name& name,
                                                              const partition_ref& at) const
{
    return cluster_->load_cursor(name, at);
}
result<std::vector<cursor_update>> spooling_log::list_cursors() const
{
    return cluster_->list_cursors();
}
result<std::vector<std::pair<std::string, std::string>>> spooling_log::list_documents(
    std::string_view collection) const
{
    return cluster_->list_documents(collection);
}
result<offset> spooling_log::offset_at(const partition_ref& partition, wall_time when) const
{
    return cluster_->offset_at(partition, when);
}

result<trim_result> spooling_log::trim(const partition_ref& partition, offset before,
                                       bool is_dry_run)
{
    return cluster_->trim(partition, before, is_dry_run);
}
std::vector<offset_range> spooling_log::lost_ranges(const partition_ref& partition) const
{
    return cluster_->lost_ranges(partition);
}
log_counts spooling_log::counts() const
{
    auto all = cluster_->counts();
    for (const auto& more : {counters_.counts(), local_->counts()}) {
        for (const auto& [reason, events] : more.refused) all.refused[reason] += events;
    }
    return all;
}

std::uint64_t spooling_log::left_of(const partition_ref& at, const spool_partition& p) const
{
    const auto extent = local_->extent(at);
    if (extent.has_error()) return 0;
    return extent->end > p.forwarded.next ? extent->end - p.forwarded.next : 0;
}

std::uint64_t spooling_log::left_events() const
{
    std::uint64_t events = 0;
    for (const auto& [at, p] : partitions_) {
        if (p.state != mode::direct) events += left_of(at, p);
    }
    return events;
}

/// The share of what is kept: forwarded events stay for a moment.
std::uint64_t spooling_log::left_bytes() const
{
    std::uint64_t bytes = 0;
    for (const auto& [at, p] : partitions_) {
        if (p.state == mode::direct) continue;
        const auto extent = local_->extent(at);
        if (extent.has_error() || extent->end <= extent->begin) continue;
        const auto from = std::max(p.forwarded.next, extent->begin);
        if (from >= extent->end) continue;
        const auto share = static_cast<double>(extent->end - from) /
                           static_cast<double>(extent->end - extent->begin);
        bytes += static_cast<std::uint64_t>(static_cast<double>(extent->bytes) * share);
    }
    return bytes;
}

bool spooling_log::is_full() const
{
    return left_bytes() >= settings_.bytes_max;
}

std::uint64_t spooling_log::spooled_events() const
{
    const std::lock_guard lock(mutex_);
    return left_events();
}

std::optional<wall_time> spooling_log::oldest_spooled() const
{
    std::vector<std::pair<partition_ref, offset>> waiting;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [at, p] : partitions_) {
            if (p.state != mode::direct) waiting.emplace_back(at, p.forwarded.next);
        }
    }
    std::optional<wall_time> oldest;
    for (const auto& [at, next] : waiting) {
        const auto batch = read_and_wait(*local_, at, next);
        if (batch.has_error() || !*batch) continue;
        for (const auto& r : (*batch)->records()) {
            if (r.position >= next && (!oldest || r.received_at < *oldest)) oldest = r.received_at;
        }
    }
    return oldest;
}

/// Events are taken as long as the spool takes them; the reason is told all the same.
log_status spooling_log::status() const
{
    auto told = cluster_->status();
    if (told.health == log_health::closed) return told;
    const std::lock_guard lock(mutex_);
    const auto waiting = left_events();
    const bool is_up = told.health == log_health::ok;
    if (!is_up && settings_.takes_events) {
        const auto local = local_->status();
        told.health = local.health;
        told.retry_after = local.retry_after;
        told.reason += local.health == log_health::ok
                           ? "; events go into the spool"
                           : ", and the spool takes none: " + local.reason;
    } else if (is_up && !is_flowing_ && is_told_) {
        told.reason = "events go into the spool until lanes have stored where they begin";
    }
    if (waiting != 0) {
        told.reason +=
            fmt::format("{}{} events wait in the spool{}{}", told.reason.empty() ? "" : "; ",
                        waiting, trouble_.empty() ? "" : "; ", trouble_);
    }
    if (waiting != 0 && is_full()) {
        told.health = log_health::refusing;
        told.reason += "; it is full (gateway.kafka.spool.bytes_max)";
    }
    return told;
}

std::vector<log_figure> spooling_log::figures() const
{
    auto all = cluster_->figures();
    const auto oldest = oldest_spooled();
    const auto time = settings_.clock ? settings_.clock->wall_now() : system_clock().wall_now();
    const auto age = oldest && *oldest < time ? time - *oldest : std::chrono::nanoseconds{0};
    const std::lock_guard lock(mutex_);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(age).count();
    all.push_back({"spool_events", left_events(), true});
    all.push_back({"spool_bytes", left_bytes(), true});
    all.push_back({"spool_oldest_seconds", static_cast<std::uint64_t>(seconds), true});
    all.push_back(
        {"spool_forwarded_per_second", rate_.per_second(std::chrono::steady_clock::now()), true});
    all.push_back({"spool_taken", taken_});
    all.push_back({"spool_forwarded", forwarded_});
    all.push_back({"spool_forwarded_bytes", forwarded_bytes_});
    all.push_back({"spool_refused", refused_count_});
    all.push_back({"spool_lost", lost_});
    return all;
}

std::uint64_t spooling_log::record_bytes_max(const dataset_name& dataset) const
{
    const auto known = cluster_->record_bytes_max(dataset);
    if (cluster_->status().health == log_health::ok) return known;
    return std::min(known, settings_.record_bytes_max);
}

}  // namespace sluice::datasets
