// The part of spooling_log that empties the spool: one thread, rounds of one group per partition.
// The cluster first, then one write of the spool's cursors: a crash in between repeats a round.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "datasets/log_error.hpp"
#include "datasets/spool/spool_calls.hpp"
#include "datasets/spool/spooling_log.hpp"

namespace sluice::datasets {

namespace {

constexpr std::uint32_t doublings_max = 5;         // of the pause after failures in a row
constexpr std::uint32_t successes_to_grow = 8;     // in a row, of groups that were cut down
constexpr std::uint64_t bytes_beside_event = 200;  // headers and framing, about

}  // namespace

/// Events of one partition on their way, and what has become of them.
struct spooling_log::group {
    partition_ref at;
    spool_partition* of = nullptr;
    cursor_state from;
    offset next;
    std::vector<std::shared_ptr<const record_batch>> batches;  ///< own what `records` points to
    std::vector<new_record> records;
    std::uint64_t bytes = 0;
    bool is_unreadable = false;
    std::future<result<write_receipt>> answer;
    bool is_done = false;     ///< the cursor may pass
    bool is_refused = false;  ///< its one event went into the file

    /// False when the group is full before the batch is over.
    bool take(const record_batch& batch, std::uint64_t events_max, std::uint64_t bytes_max)
    {
        for (const auto& r : batch.records()) {
            if (r.position < next) continue;
            const auto size = r.content.size() + r.id.size() + bytes_beside_event;
            const bool is_full = records.size() >= events_max || bytes + size > bytes_max;
            if (is_full && !records.empty()) return false;
            records.push_back(again(r));
            bytes += size;
            next = r.position + 1;
        }
        return true;
    }
    [[nodiscard]] std::uint64_t lost() const { return (next - from.next) - records.size(); }
};

std::vector<partition_ref> spooling_log::partitions_to_forward() const
{
    std::vector<partition_ref> found;
    if (!is_flowing_) return found;
    for (const auto& [at, p] : partitions_) {
        if (p.state != mode::direct) found.push_back(at);
    }
    return found;
}

void spooling_log::run()
{
    std::unique_lock lock(mutex_);
    const auto has_work = [this] { return is_stopping_ || !partitions_to_forward().empty(); };
    for (;;) {
        wake_.wait(lock, has_work);
        if (is_stopping_) return;
        const auto waiting = partitions_to_forward();
        lock.unlock();
        const bool is_moving = cluster_->status().health == log_health::ok && forward(waiting);
        lock.lock();
        if (!is_moving && !is_stopping_) wake_.wait_for(lock, settings_.retry_period);
    }
}

bool spooling_log::is_pausing(const partition_ref& at) const
{
    const std::lock_guard lock(mutex_);
    return std::chrono::steady_clock::now() < partitions_.at(at).retry_at;
}

/// One round; true when it moved something.
bool spooling_log::forward(const std::vector<partition_ref>& waiting)
{
    bool is_moving = false;
    std::vector<group> groups;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < waiting.size() && bytes < settings_.round_bytes_max; ++i) {
        const auto& at = waiting[(first_in_turn_ + i) % waiting.size()];
        if (is_pausing(at)) continue;
        auto one = gather(at);
        if (one.is_unreadable) continue;
        if (one.records.empty()) {
            is_moving = may_go_direct(at) || is_moving;
            continue;
        }
        bytes += one.bytes;
        groups.push_back(std::move(one));
    }
    ++first_in_turn_;
    for (auto& one : groups) {
        const append_part part{one.at, one.records};
        one.answer = begin_write(
            *cluster_,
            {.appends = {&part, 1}, .cursors = {}, .documents = {}, .is_internal = true});
    }
    for (auto& one : groups) is_moving = judge(one) || is_moving;
    std::erase_if(groups, [](const group& one) { return !one.is_done; });
    keep_cursors(groups);
    for (const auto& one : groups) advance(one);
    return is_moving;
}

spooling_log::group spooling_log::gather(const partition_ref& at)
{
    group out;
    out.at = at;
    {
        const std::lock_guard lock(mutex_);
        out.of = &partitions_.at(at);
        out.from = out.of->forwarded;
    }
    out.next = out.from.next;
    auto& events_max = out.of->group_events;
    if (events_max == 0) events_max = settings_.group_events_max;
    // brokers limit what is sent at once as they limit one event
    const auto bytes_max =
        std::min(settings_.group_bytes_max, cluster_->record_bytes_max(at.dataset));
    for (bool has_room = true; has_room;) {
        auto batch = read_and_wait(*local_, at, out.next);
        if (batch.has_error()) {
            tell(at, {batch.error().code, "it can't be read: " + batch.error().message});
            out.is_unreadable = true;
            return out;
        }
        if (!*batch) break;
        has_room = out.take(**batch, events_max, bytes_max);
        out.batches.push_back(std::move(*batch));
    }
    return out;
}

/// True when something has become of the group: it is through, or the next one is smaller.
bool spooling_log::judge(group& sent)
{
    auto answer = sent.answer.get();
    auto& p = *sent.of;
    if (answer.has_error()) return divide(sent, answer.error());
    p.failures = 0;
    if (++p.successes % successes_to_grow == 0) {
        p.group_events = std::min(p.group_events * 2, settings_.group_events_max);
    }
    sent.is_done = true;
    return true;
}

/// A failed group is halved: less is repeated then, and an event that the cluster never takes
/// stands alone in the end. It goes into the file, because those behind it can't wait for ever.
bool spooling_log::divide(group& sent, const failure& error)
{
    auto& p = *sent.of;
    p.group_events = std::max<std::uint64_t>(sent.records.size() / 2, 1);
    p.successes = 0;
    auto trouble = error;
    const bool is_to_blame =
        error.code == log_errc::too_large || error.code == log_errc::bad_request;
    if (sent.records.size() > 1 && (is_to_blame || error.code == log_errc::overloaded)) return true;
    if (is_to_blame) {
        const auto kept = refused_.keep(sent.at, sent.records.front(), error.message);
        if (kept.has_value()) {
            spdlog::error("the cluster will never take event {} of {}/{}: it stands in {} now: {}",
                          sent.records.front().id, sent.at.dataset.value(),
                          sent.at.partition.value(), refused_.file(), error.message);
            sent.is_done = sent.is_refused = true;
            return true;
        }
        trouble = kept.error();
    }
    const auto doublings = std::min(p.failures++, doublings_max);
    p.retry_at = std::chrono::steady_clock::now() + settings_.retry_period * (1u << doublings);
    tell(sent.at, trouble);
    fall_back(sent.at);
    return false;
}

void spooling_log::keep_cursors(const std::vector<group>& sent)
{
    if (sent.empty()) return;
    std::vector<cursor_update> cursors;
    std::uint64_t events = 0;
    for (const auto& one : sent) {
        auto moved = one.from;
        (one.is_refused ? moved.counts.dead : moved.counts.delivered) += one.records.size();
        moved.counts.expired += one.lost();
        moved.next = one.next;
        cursors.push_back({spool_cursor, one.at, moved});
        events += one.records.size();
    }
    const auto kept =
        begin_write(*local_,
                    {.appends = {}, .cursors = cursors, .documents = {}, .is_internal = true})
            .get();
    if (kept.has_error()) {
        spdlog::error(
            "the spool's cursors can't be stored, a restart would send {} events again: "
            "{}",
            events, kept.error().message);
    }
    const std::lock_guard lock(mutex_);
    for (const auto& cursor : cursors) partitions_.at(cursor.at).forwarded = cursor.state;
}

void spooling_log::advance(const group& sent)
{
    if (sent.lost() != 0) {
        spdlog::critical("the spool of {}/{} has lost {} events to damage", sent.at.dataset.value(),
                         sent.at.partition.value(), sent.lost());
    }
    const std::lock_guard lock(mutex_);
    auto& p = *sent.of;
    lost_ += sent.lost();
    if (sent.is_refused) {
        ++refused_count_;
    } else {
        forwarded_ += sent.records.size();
        forwarded_bytes_ += sent.bytes;
        rate_.count(sent.records.size(), std::chrono::steady_clock::now());
    }
    trouble_.clear();
    const bool may_close = is_flowing_ && !is_stopping_ && p.state == mode::spooling;
    if (may_close && left_of(sent.at, p) <= settings_.closing_events_max) {
        p.state = mode::closing;
        p.is_settled = false;
    }
}

/// Nothing is left to read: new events may take the direct way, held ones first.
bool spooling_log::may_go_direct(const partition_ref& at)
{
    const std::lock_guard lock(mutex_);
    auto& p = partitions_.at(at);
    if (!is_flowing_ || is_stopping_) return false;
    if (p.state == mode::spooling) {
        p.state = mode::closing;
        p.is_settled = false;
        return true;
    }
    if (p.in_flight != 0) return false;
    if (!p.is_settled) {
        // what was in flight at the last look may be readable now
        p.is_settled = true;
        return true;
    }
    if (const auto gone = left_of(at, p); gone != 0) {
        spdlog::critical("the spool of {}/{} has lost its last {} events to damage",
                         at.dataset.value(), at.partition.value(), gone);
        p.forwarded.next = p.forwarded.next + gone;
        p.forwarded.counts.expired += gone;
        lost_ += gone;
    }
    p.state = mode::direct;
    if (partitions_to_forward().empty()) {
        spdlog::info("the spool is empty: events go to the cluster again");
        is_told_ = false;
        trouble_.clear();
    }
    settle_held();
    return true;
}

void spooling_log::fall_back(const partition_ref& at)
{
    const std::lock_guard lock(mutex_);
    auto& p = partitions_.at(at);
    if (p.state != mode::closing) return;
    p.state = mode::spooling;
    settle_held();
}

void spooling_log::tell(const partition_ref& at, const failure& trouble)
{
    auto text = fmt::format("the spool of {}/{} can't be forwarded: {}", at.dataset.value(),
                            at.partition.value(), trouble.message);
    const std::lock_guard lock(mutex_);
    if (text != trouble_) spdlog::warn("{}", text);
    trouble_ = std::move(text);
}

/// A configuration that no longer has a dataset must not make what waits for it vanish in silence.
void spooling_log::tell_of_forgotten_datasets() const
{
    for (const auto& spec : local_->list_datasets()) {
        std::uint64_t left = 0;
        for (std::uint32_t i = 0; i < spec.partitions; ++i) {
            const partition_ref at{spec.name, partition_id{i}};
            {
                const std::lock_guard lock(mutex_);
                if (partitions_.contains(at)) continue;
            }
            const auto stored = local_->load_cursor(spool_cursor, at);
            const auto extent = local_->extent(at);
            if (stored.has_error() || extent.has_error()) continue;
            const auto next = stored->value_or(cursor_state{}).next;
            if (extent->end > next) left += extent->end - next;
        }
        if (left == 0) continue;
        spdlog::error(
            "{} events of {} wait in the spool, but the configuration has no such dataset or "
            "partition: put it back until they are forwarded",
            left, spec.name.value());
    }
}

}  // namespace sluice::datasets
