#include "gateway/lanes/source_keeper.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "config/time_text.hpp"
#include "config/uuid.hpp"
#include "gateway/lanes/dead_letters.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// The handler of the log must not hang although a lane's thread does.
constexpr auto patience = 2s;

constexpr const char* since_collection = "lane.since";

bool holds(const std::vector<partition_id>& owned, partition_id partition)
{
    return std::find(owned.begin(), owned.end(), partition) != owned.end();
}

}  // namespace

source_keeper::source_keeper(datasets::event_log& log, io_threads& threads,
                             source_keeper_settings settings)
    : log_(log), threads_(threads), settings_(settings), thread_([this] { run(); })
{
    log_.watch_ownership([this](const dataset_name& dataset) { on_change(dataset); });
}

source_keeper::~source_keeper()
{
    log_.watch_ownership(nullptr);
    {
        std::lock_guard lock(mutex_);
        is_stopping_ = true;
        lanes_.clear();
    }
    changed_.notify_all();
    thread_.join();
}

result<void> source_keeper::add(std::shared_ptr<placed_lane> placed,
                                std::map<dataset_name, source_kind> reads, wall_time since)
{
    const auto cursor = lane_cursor(placed->object->settings().name);
    const kept_lane kept{std::move(placed), cursor, std::move(reads),
                         std::chrono::floor<std::chrono::milliseconds>(since)};
    {
        std::lock_guard lock(mutex_);
        lanes_.push_back(kept);
    }
    for (const auto& [dataset, kind] : kept.reads) {
        if (!log_.is_shared() || kind == source_kind::retry) continue;
        // stored before the first event is appended: one that stands there already is older work
        if (auto r = agree_since(kept, dataset); r.has_error()) {
            return failure{r.error().code, fmt::format("can't store where {} begins: {}",
                                                       cursor.value(), r.error().message)};
        }
    }
    // a change of ownership from here on adds sources, too: the lane takes each only once
    for (const auto& [dataset, kind] : kept.reads) {
        if (auto r = add_owned(kept, dataset); r.has_error()) return r;
    }
    return {};
}

void source_keeper::remove(const placed_lane& placed)
{
    std::unique_lock lock(mutex_);
    std::erase_if(lanes_, [&](const kept_lane& kept) { return kept.placed.get() == &placed; });
    changed_.wait(lock, [this] { return !is_busy_; });
}

void source_keeper::clear()
{
    std::unique_lock lock(mutex_);
    lanes_.clear();
    dirty_.clear();
    changed_.wait(lock, [this] { return !is_busy_; });
}

std::vector<source_keeper::kept_lane> source_keeper::lanes_of(const dataset_name& dataset) const
{
    std::lock_guard lock(mutex_);
    std::vector<kept_lane> found;
    for (const auto& kept : lanes_) {
        if (kept.reads.contains(dataset)) found.push_back(kept);
    }
    return found;
}

std::uint64_t source_keeper::round_of(const dataset_name& dataset) const
{
    std::lock_guard lock(mutex_);
    const auto found = rounds_.find(dataset);
    return found == rounds_.end() ? 0 : found->second;
}

/// On the log's thread. The set has changed already; what is gone must be released before return.
void source_keeper::on_change(const dataset_name& dataset)
{
    {
        std::lock_guard lock(mutex_);
        ++rounds_[dataset];
    }
    std::vector<std::future<void>> ending;
    for (const auto& kept : lanes_of(dataset)) release_lost(kept, dataset, ending);
    const auto until = std::chrono::steady_clock::now() + settings_.grace + patience;
    for (auto& e : ending) {
        if (e.wait_until(until) != std::future_status::ready) {
            spdlog::warn(
                "partitions of {} are handed over while deliveries go on; their events "
                "may come twice",
                dataset.value());
        }
    }
    {
        std::lock_guard lock(mutex_);
        dirty_.insert(dataset);
    }
    changed_.notify_all();
}

void source_keeper::release_lost(const kept_lane& kept, const dataset_name& dataset,
                                 std::vector<std::future<void>>& ending)
{
    auto release = [this, dataset](std::shared_ptr<placed_lane> placed) -> asio::awaitable<void> {
        if (!placed->object) co_return;
        const auto owned = log_.owned_partitions(dataset);
        auto lost = placed->object->partitions();
        std::erase_if(lost, [&](const datasets::partition_ref& at) {
            return at.dataset != dataset || holds(owned, at.partition);
        });
        if (!lost.empty()) co_await placed->object->release(std::move(lost), settings_.grace);
    };
    ending.push_back(asio::co_spawn(
        threads_.context(kept.placed->thread),
        [release, placed = kept.placed]() -> asio::awaitable<void> { co_await release(placed); },
        asio::use_future));
}

void source_keeper::run()
{
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        if (dirty_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const auto dataset = *dirty_.begin();
        dirty_.erase(dirty_.begin());
        is_busy_ = true;
        lock.unlock();
        bool is_done = true;
        for (const auto& kept : lanes_of(dataset)) {
            const auto added = add_owned(kept, dataset);
            if (added.has_value()) continue;
            is_done = false;
            spdlog::warn("partitions of {} wait for their cursors: {}", dataset.value(),
                         added.error().message);
        }
        lock.lock();
        is_busy_ = false;
        changed_.notify_all();
        if (is_done || is_stopping_) continue;
        changed_.wait_for(lock, settings_.retry_period, [this] { return is_stopping_; });
        if (!lanes_.empty()) dirty_.insert(dataset);
    }
}

result<void> source_keeper::add_owned(const kept_lane& kept, const dataset_name& dataset)
{
    const auto kind = kept.reads.at(dataset);
    for (bool is_settled = false; !is_settled;) {
        const auto round = round_of(dataset);
        const auto known = threads_.run_on(kept.placed->thread, [&] {
            return kept.placed->object ? kept.placed->object->partitions()
                                       : std::vector<datasets::partition_ref>{};
        });
        is_settled = true;
        for (const auto partition : log_.owned_partitions(dataset)) {
            const datasets::partition_ref at{dataset, partition};
            if (std::find(known.begin(), known.end(), at) != known.end()) continue;
            auto cursor = find_cursor(kept, at);
            if (cursor.has_error()) {
                if (round != round_of(dataset)) {
                    is_settled = false;
                    break;
                }
                return failure{cursor.error().code,
                               fmt::format("{}/{}: {}", dataset.value(), partition.value(),
                                           cursor.error().message)};
            }
            threads_.run_on(kept.placed->thread, [&] {
                // a cursor that was read before a hand-over and back would be an old one
                is_settled = is_settled && round == round_of(dataset);
                if (!is_settled || !kept.placed->object) return;
                if (!holds(log_.owned_partitions(dataset), partition)) return;
                kept.placed->object->add_source(std::make_unique<lane_source>(
                    kind, at, *cursor, log_, threads_.context(kept.placed->thread).get_executor()));
            });
            if (!is_settled) break;
        }
    }
    return {};
}

result<datasets::cursor_state> source_keeper::find_cursor(const kept_lane& of,
                                                          const datasets::partition_ref& at)
{
    auto stored = log_.load_cursor(of.cursor, at);
    if (stored.has_error()) return stored.error();
    if (*stored) return **stored;
    auto first = first_offset(of, at);
    if (first.has_error()) return first.error();
    datasets::cursor_state fresh;
    fresh.start = fresh.next = *first;
    // stored at once: a crash before the first commit must not move the beginning
    const datasets::cursor_update update{of.cursor, at, fresh};
    const datasets::log_write what{
        .appends = {}, .cursors = {&update, 1}, .documents = {}, .is_internal = true};
    if (auto r = write_now(log_, what); r.has_error()) return r.error();
    return fresh;
}

/// A lane begins at the present end of its datasets, and at the start of its retry log. Where
/// gateways share the partitions, the present is when the first of them had the lane: events may
/// be accepted long before somebody owns their partition.
result<offset> source_keeper::first_offset(const kept_lane& of, const datasets::partition_ref& at)
{
    const bool is_retry = of.reads.at(at.dataset) == source_kind::retry;
    if (log_.is_shared() && !is_retry) {
        auto since = agree_since(of, at.dataset);
        if (since.has_error()) return since.error();
        return log_.offset_at(at, *since);
    }
    auto extent = log_.extent(at);
    if (extent.has_error()) return extent.error();
    return is_retry ? extent->begin : extent->end;
}

/// The earliest time that a gateway has had this lane. Each writes its own unless an earlier one
/// stands there already; documents are never overwritten, so none can move the beginning.
result<wall_time> source_keeper::agree_since(const kept_lane& of, const dataset_name& dataset)
{
    const auto prefix = fmt::format("{}/{}/", of.cursor.value(), dataset.value());
    auto known = log_.list_documents(since_collection);
    if (known.has_error()) return known.error();
    std::optional<wall_time> earliest;
    for (const auto& [key, text] : *known) {
        if (!key.starts_with(prefix)) continue;
        const auto time = parse_time(text);
        if (time && (!earliest || *time < *earliest)) earliest = time;
    }
    if (earliest && *earliest <= of.since) return *earliest;
    const auto id = make_uuid_v7(of.since, thread_random());
    const datasets::document_update mine{since_collection, prefix + std::string(view(id)),
                                         format_time(of.since)};
    const datasets::log_write what{
        .appends = {}, .cursors = {}, .documents = {&mine, 1}, .is_internal = true};
    if (auto r = write_now(log_, what); r.has_error()) return r.error();
    return of.since;
}

}  // namespace sluice::gateway
