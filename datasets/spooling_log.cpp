#include "datasets/spooling_log.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>

#include "datasets/log_error.hpp"
#include "datasets/record_encoder.hpp"

namespace sluice::datasets {

namespace {

const cursor_name spool_cursor{"spool"};

result<write_receipt> write_and_wait(event_log& log, const log_write& what)
{
    auto done = std::make_shared<std::promise<result<write_receipt>>>();
    auto answer = done->get_future();
    log.write(what, [done](result<write_receipt> r) { done->set_value(std::move(r)); });
    return answer.get();
}

result<std::shared_ptr<const record_batch>> read_and_wait(event_log& log, const partition_ref& at,
                                                          offset from)
{
    using answer_type = result<std::shared_ptr<const record_batch>>;
    auto done = std::make_shared<std::promise<answer_type>>();
    auto answer = done->get_future();
    log.read(at, from, [done](answer_type r) { done->set_value(std::move(r)); });
    return answer.get();
}

new_record again(const record_view& r)
{
    return {.id = r.id,
            .key = r.key,
            .type = r.type,
            .datastream = r.datastream,
            .source = r.source,
            .received_at = r.received_at,
            .content = r.content,
            .extra = r.extra};
}

std::uint64_t bytes_of(const log_write& what)
{
    std::uint64_t bytes = 0;
    for (const auto& part : what.appends) {
        for (const auto& r : part.records) bytes += r.content.size() + r.id.size() + 200;
    }
    return bytes;
}

}  // namespace

/// A write that waits in memory: its own copy of every record, in the stored form.
struct spooling_log::held_write {
    struct part {
        partition_ref to;
        std::shared_ptr<const record_batch> records;
    };
    std::vector<part> parts;
    write_handler handler;
    std::uint64_t bytes = 0;

    /// Calls `use` with the write as it came.
    template <class Use>
    void with_write(Use use)
    {
        std::vector<std::vector<new_record>> records(parts.size());
        std::vector<append_part> appends;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            for (const auto& r : parts[i].records->records()) records[i].push_back(again(r));
            appends.push_back({parts[i].to, records[i]});
        }
        use(log_write{.appends = appends, .cursors = {}, .documents = {}});
    }
};

spooling_log::spooling_log(std::unique_ptr<event_log> cluster, std::unique_ptr<event_log> local,
                           spool_settings settings)
    : cluster_(std::move(cluster)), local_(std::move(local)), settings_(settings)
{
    thread_ = std::thread([this] { run(); });
}

spooling_log::~spooling_log()
{
    close();
}

result<void> spooling_log::open_dataset(const dataset_spec& spec)
{
    if (!spec.name.value().starts_with('_')) {  // retries and dead letters never spool
        if (auto r = open_spool(spec); r.has_error()) return r;
    }
    return cluster_->open_dataset(spec);
}

/// Before the cluster has been asked: its absence is what the spool is for.
result<void> spooling_log::open_spool(const dataset_spec& spec)
{
    dataset_spec mine;
    mine.name = spec.name;
    mine.partitions = spec.partitions;
    mine.age_max = settings_.retention;
    mine.quota_bytes = settings_.bytes_max;
    if (auto r = local_->open_dataset(mine); r.has_error()) return r;
    local_->set_readers(spec.name, {spool_cursor});
    const std::lock_guard lock(mutex_);
    for (std::uint32_t i = 0; i < spec.partitions; ++i) {
        const partition_ref at{spec.name, partition_id{i}};
        auto stored = local_->load_cursor(spool_cursor, at);
        if (stored.has_error()) return stored.error();
        auto& p = partitions_[at];
        if (p.state != mode::direct) continue;
        p.forwarded = stored->value_or(cursor_state{});
        // what a crash left is older than everything that comes
        if (left_of(at, p) != 0) p.state = mode::spooling;
    }
    wake_.notify_all();
    return {};
}

std::uint64_t spooling_log::left_of(const partition_ref& at, const spool_partition& p) const
{
    const auto extent = local_->extent(at);
    if (extent.has_error()) return 0;
    return extent->end > p.forwarded.next ? extent->end - p.forwarded.next : 0;
}

bool spooling_log::is_spoolable(const log_write& what) const
{
    if (what.is_internal || !what.cursors.empty() || !what.documents.empty()) return false;
    return std::all_of(what.appends.begin(), what.appends.end(),
                       [&](const append_part& part) { return partitions_.contains(part.to); });
}

bool spooling_log::must_spool(const log_write& what) const
{
    const bool is_behind = std::any_of(
        what.appends.begin(), what.appends.end(),
        [&](const append_part& part) { return partitions_.at(part.to).state == mode::spooling; });
    return is_behind || cluster_->status().health == log_health::refusing;
}

void spooling_log::write(const log_write& what, write_handler handler)
{
    std::unique_lock lock(mutex_);
    if (!is_spoolable(what)) {
        lock.unlock();
        cluster_->write(what, std::move(handler));
        return;
    }
    const bool is_closing = std::any_of(
        what.appends.begin(), what.appends.end(),
        [&](const append_part& part) { return partitions_.at(part.to).state == mode::closing; });
    // held writes go first, whatever their partitions: an event must not overtake one of its key
    if (is_closing || !held_.empty()) {
        hold(what, std::move(handler));
    } else if (must_spool(what)) {
        spool(what, std::move(handler));
    } else {
        cluster_->write(what, std::move(handler));
    }
}

/// Under the lock: the order of the calls is the order in the spool.
void spooling_log::spool(const log_write& what, write_handler handler)
{
    std::vector<spool_partition*> touched;
    for (const auto& part : what.appends) {
        auto& p = partitions_.at(part.to);
        if (p.state == mode::direct) {
            spdlog::warn("events of {}/{} go into the spool: {}", part.to.dataset.value(),
                         part.to.partition.value(), cluster_->status().reason);
        }
        p.state = mode::spooling;
        ++p.in_flight;
        touched.push_back(&p);
    }
    // a refused write is answered at once on this thread, so nothing in here may take the lock
    local_->write(what, [touched = std::move(touched),
                         handler = std::move(handler)](result<write_receipt> r) {
        handler(std::move(r));
        for (auto* p : touched) --p->in_flight;
    });
    wake_.notify_all();
}

void spooling_log::hold(const log_write& what, write_handler handler)
{
    const auto bytes = bytes_of(what);
    if (held_bytes_ + bytes > settings_.held_bytes_max) {
        return handler(failure{make_error_code(log_errc::overloaded),
                               "the spool is being emptied and too many events wait for it"});
    }
    held_write held;
    for (const auto& part : what.appends) {
        std::string payload;
        for (const auto& record : part.records) encode_record(payload, record);
        auto batch = record_batch::from_payload(
            offset{0}, static_cast<std::uint32_t>(part.records.size()), std::move(payload));
        if (batch.has_error()) return handler(batch.error());
        held.parts.push_back({part.to, std::move(*batch)});
    }
    held.handler = std::move(handler);
    held.bytes = bytes;
    held_bytes_ += bytes;
    held_.push_back(std::move(held));
}

/// Under the lock, after a partition has stopped closing.
void spooling_log::settle_held()
{
    const auto is_blocked = [this](const held_write& held) {
        return std::any_of(held.parts.begin(), held.parts.end(), [this](const auto& part) {
            return partitions_.at(part.to).state == mode::closing;
        });
    };
    std::size_t settled = 0;
    for (; settled < held_.size() && !is_blocked(held_[settled]); ++settled) {
        auto& held = held_[settled];
        held_bytes_ -= held.bytes;
        held.with_write([&](const log_write& what) {
            if (must_spool(what)) {
                spool(what, std::move(held.handler));
            } else {
                cluster_->write(what, std::move(held.handler));
            }
        });
    }
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(settled));
}

std::vector<partition_ref> spooling_log::partitions_to_forward() const
{
    std::vector<partition_ref> found;
    for (const auto& [at, p] : partitions_) {
        if (p.state != mode::direct) found.push_back(at);
    }
    return found;
}

void spooling_log::run()
{
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        const auto waiting = partitions_to_forward();
        lock.unlock();
        bool is_moving = false;
        if (!waiting.empty() && cluster_->status().health == log_health::ok) {
            for (const auto& at : waiting) is_moving = forward(at) || is_moving;
        }
        lock.lock();
        if (is_stopping_ || is_moving) continue;
        if (waiting.empty()) {
            wake_.wait(lock);
        } else {
            wake_.wait_for(lock, settings_.retry_period);
        }
    }
}

/// One group of one partition; true when it moved something.
bool spooling_log::forward(const partition_ref& at)
{
    spool_partition* p = nullptr;
    offset from;
    {
        const std::lock_guard lock(mutex_);
        p = &partitions_.at(at);
        from = p->forwarded.next;
    }
    auto batch = read_and_wait(*local_, at, from);
    if (batch.has_error()) {
        spdlog::error("the spool of {}/{} can't be read: {}", at.dataset.value(),
                      at.partition.value(), batch.error().message);
        return false;
    }
    if (!*batch) return may_go_direct(at);
    if (send_batch(at, *p, **batch)) return true;
    fall_back(at);
    return false;
}

/// The cluster first, then the cursor: a crash in between repeats this group.
bool spooling_log::send_batch(const partition_ref& at, spool_partition& p,
                              const record_batch& batch)
{
    std::vector<new_record> records;
    for (const auto& r : batch.records()) {
        if (r.position >= p.forwarded.next) records.push_back(again(r));
    }
    const append_part part{at, records};
    const auto sent = write_and_wait(
        *cluster_, {.appends = {&part, 1}, .cursors = {}, .documents = {}, .is_internal = true});
    if (sent.has_error()) {
        const std::lock_guard lock(mutex_);
        auto trouble = fmt::format("the spool of {}/{} can't be forwarded: {}", at.dataset.value(),
                                   at.partition.value(), sent.error().message);
        if (trouble != trouble_) spdlog::warn("{}", trouble);
        trouble_ = std::move(trouble);
        return false;
    }
    auto moved = p.forwarded;
    moved.counts.delivered += records.size();
    moved.counts.expired += (batch.end() - moved.next) - records.size();
    moved.next = batch.end();
    const cursor_update update{spool_cursor, at, moved};
    const auto kept = write_and_wait(
        *local_, {.appends = {}, .cursors = {&update, 1}, .documents = {}, .is_internal = true});
    if (kept.has_error()) {
        spdlog::error(
            "the spool's cursor can't be stored, a restart would send {} events again: "
            "{}",
            records.size(), kept.error().message);
    }
    const std::lock_guard lock(mutex_);
    p.forwarded = moved;
    forwarded_ += records.size();
    trouble_.clear();
    if (p.state == mode::spooling && left_of(at, p) <= settings_.closing_events_max) {
        p.state = mode::closing;
    }
    return true;
}

/// Nothing is left to read: new events may take the direct way, held ones first.
bool spooling_log::may_go_direct(const partition_ref& at)
{
    const std::lock_guard lock(mutex_);
    auto& p = partitions_.at(at);
    if (p.state == mode::spooling) {
        p.state = mode::closing;
        return true;
    }
    if (p.in_flight != 0 || left_of(at, p) != 0) return false;
    p.state = mode::direct;
    spdlog::info("the spool of {}/{} is empty: its events go to the cluster again",
                 at.dataset.value(), at.partition.value());
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

std::uint64_t spooling_log::spooled_events() const
{
    const std::lock_guard lock(mutex_);
    std::uint64_t events = 0;
    for (const auto& [at, p] : partitions_) events += left_of(at, p);
    return events;
}

/// Events are taken as long as the spool takes them; the reason is told all the same.
log_status spooling_log::status() const
{
    auto cluster = cluster_->status();
    if (cluster.health == log_health::closed) return cluster;
    const auto waiting = spooled_events();
    if (cluster.health == log_health::ok) {
        const std::lock_guard lock(mutex_);
        if (waiting != 0) {
            cluster.reason = fmt::format("{} events wait in the spool{}{}", waiting,
                                         trouble_.empty() ? "" : ": ", trouble_);
        }
        return cluster;
    }
    auto local = local_->status();
    local.reason =
        local.health == log_health::ok
            ? fmt::format("{}; events go into the spool, {} wait there", cluster.reason, waiting)
            : fmt::format("{}, and the spool takes none: {}", cluster.reason, local.reason);
    return local;
}

std::vector<log_figure> spooling_log::figures() const
{
    auto all = cluster_->figures();
    const auto waiting = spooled_events();
    const std::lock_guard lock(mutex_);
    all.push_back({"spool_events", waiting, true});
    all.push_back({"spool_forwarded", forwarded_});
    return all;
}

std::uint64_t spooling_log::record_bytes_max(const dataset_name& dataset) const
{
    const auto known = cluster_->record_bytes_max(dataset);
    if (cluster_->status().health == log_health::ok) return known;
    return std::min(known, settings_.record_bytes_max);
}

void spooling_log::close()
{
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        // nobody closes the partitions any more; what is held goes to where it can
        for (auto& [at, p] : partitions_) {
            if (p.state == mode::closing) p.state = mode::spooling;
        }
        settle_held();
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    cluster_->close();
    local_->close();
}

}  // namespace sluice::datasets
