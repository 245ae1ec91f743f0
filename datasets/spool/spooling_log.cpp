#include "datasets/spool/spooling_log.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "datasets/log_error.hpp"
#include "datasets/record_encoder.hpp"
#include "datasets/spool/spool_calls.hpp"

namespace sluice::datasets {

namespace {

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
    : cluster_(std::move(cluster)),
      local_(std::move(local)),
      settings_(std::move(settings)),
      refused_(settings_.refused_file)
{
    thread_ = std::thread([this] { run(); });
}

spooling_log::~spooling_log()
{
    close();
}

result<void> spooling_log::open_dataset(const dataset_spec& spec)
{
    if (auto r = prepare_dataset(spec); r.has_error()) return r;
    return cluster_->open_dataset(spec);
}

result<void> spooling_log::prepare_dataset(const dataset_spec& spec)
{
    if (spec.name.value().starts_with('_')) return {};  // retries and dead letters never spool
    dataset_spec mine;
    mine.name = spec.name;
    mine.partitions = spec.partitions;
    mine.age_max = settings_.retention;
    if (auto r = local_->open_dataset(mine); r.has_error()) return r;
    local_->set_readers(spec.name, {spool_cursor});
    std::uint64_t found = 0;
    const std::lock_guard lock(mutex_);
    for (std::uint32_t i = 0; i < spec.partitions; ++i) {
        const partition_ref at{spec.name, partition_id{i}};
        if (partitions_.contains(at)) continue;
        auto stored = local_->load_cursor(spool_cursor, at);
        if (stored.has_error()) return stored.error();
        auto& p = partitions_[at];
        p.forwarded = stored->value_or(cursor_state{});
        // what a crash left is older than everything that comes
        const auto left = left_of(at, p);
        if (left != 0) p.state = mode::spooling;
        found += left;
    }
    if (found != 0) {
        is_told_ = true;
        spdlog::info("{} events of {} wait in the spool since an earlier run", found,
                     spec.name.value());
    }
    wake_.notify_all();
    return {};
}

bool spooling_log::is_spoolable(const log_write& what) const
{
    if (what.is_internal || !what.cursors.empty() || !what.documents.empty()) return false;
    return std::all_of(what.appends.begin(), what.appends.end(),
                       [&](const append_part& part) { return partitions_.contains(part.to); });
}

bool spooling_log::is_behind(const log_write& what) const
{
    return std::any_of(what.appends.begin(), what.appends.end(), [&](const append_part& part) {
        return partitions_.at(part.to).state == mode::spooling;
    });
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
    } else {
        route(what, std::move(handler));
    }
}

/// Under the lock, as all below: the order of the calls is the order in either log.
void spooling_log::route(const log_write& what, write_handler handler)
{
    const auto status = cluster_->status();
    const bool is_up = status.health == log_health::ok;
    const bool must_queue = is_behind(what);
    if (!settings_.takes_events) {
        if (!must_queue) return cluster_->write(what, std::move(handler));
        if (!is_up) return refuse(what, handler, status.reason);
    } else if (!must_queue && is_up && is_flowing_) {
        return cluster_->write(what, std::move(handler));
    }
    if (is_full()) {
        return refuse(what, handler,
                      "the spool is full; it takes events again when the cluster has some of them "
                      "(gateway.kafka.spool.bytes_max)");
    }
    if (!is_told_) {
        spdlog::warn("events go into the spool: {}",
                     is_up ? "lanes have not stored where they begin" : status.reason);
        is_told_ = true;
    }
    spool(what, std::move(handler));
}

void spooling_log::refuse(const log_write& what, const write_handler& handler, std::string why)
{
    std::uint64_t events = 0;
    for (const auto& part : what.appends) events += part.records.size();
    counters_.count_refused("spool", events);
    handler(failure{make_error_code(log_errc::refusing), std::move(why)});
}

void spooling_log::spool(const log_write& what, write_handler handler)
{
    std::vector<spool_partition*> touched;
    for (const auto& part : what.appends) {
        auto& p = partitions_.at(part.to);
        p.state = mode::spooling;
        ++p.in_flight;
        touched.push_back(&p);
        taken_ += part.records.size();
    }
    // a refused write is answered at once on this thread, so nothing in here may take the lock
    local_->write(what, [this, touched = std::move(touched),
                         handler = std::move(handler)](result<write_receipt> r) {
        handler(std::move(r));
        for (auto* p : touched) --p->in_flight;
        wake_.notify_all();
    });
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

/// After a partition has stopped closing.
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
        held.with_write([&](const log_write& what) { route(what, std::move(held.handler)); });
    }
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(settled));
}

/// Nobody brings partitions to their end any more; what is held goes to where it can.
void spooling_log::stop_closing()
{
    for (auto& [at, p] : partitions_) {
        if (p.state == mode::closing) p.state = mode::spooling;
    }
    settle_held();
}

void spooling_log::let_spool_flow(bool is_flowing)
{
    cluster_->let_spool_flow(is_flowing);
    {
        const std::lock_guard lock(mutex_);
        if (is_flowing_ == is_flowing) return;
        is_flowing_ = is_flowing;
        if (!is_flowing) stop_closing();
    }
    if (is_flowing) tell_of_forgotten_datasets();
    wake_.notify_all();
}

void spooling_log::close()
{
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_) return;
        is_stopping_ = true;
        stop_closing();
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (const auto left = spooled_events(); left != 0) {
        spdlog::warn("{} events wait in the spool: they are forwarded after the next start", left);
    }
    cluster_->close();
    local_->close();
}

}  // namespace sluice::datasets
