#include "gateway/admin/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/log_error.hpp"
#include "gateway/lanes/dead_letters.hpp"
#include "gateway/lanes/evaluated_batch.hpp"
#include "gateway/lanes/parked_event.hpp"

namespace sluice::gateway {

namespace {

constexpr std::size_t events_per_write = 500;
constexpr std::size_t bytes_per_write = 1 << 20;

failure refused(std::string why)
{
    return {make_error_code(datasets::log_errc::bad_request), std::move(why)};
}

/// Retries on their way into the log, many to a write: each write is a sync.
class retry_writer {
public:
    retry_writer(datasets::event_log& log, const destination_name& destination, wall_time now)
        : log_(log), to_{retry_dataset(destination), partition_id{0}}, now_(now)
    {
    }

    result<void> add(const datasets::record_view& record, std::string extra)
    {
        auto& w = waiting_.emplace_back();
        w.id = record.id;
        if (record.key) w.key = std::string(*record.key);
        w.type = record.type;
        w.datastream = record.datastream;
        w.source = record.source;
        w.content = record.content;
        w.extra = std::move(extra);
        bytes_ += w.content.size() + w.extra.size();
        if (waiting_.size() < events_per_write && bytes_ < bytes_per_write) return {};
        return flush();
    }

    result<void> flush()
    {
        if (waiting_.empty()) return {};
        std::vector<datasets::new_record> records;
        for (const auto& w : waiting_) {
            auto& r = records.emplace_back();
            r.id = w.id;
            if (w.key) r.key = *w.key;
            r.type = w.type;
            r.datastream = w.datastream;
            r.source = w.source;
            r.received_at = now_;
            r.content = w.content;
            r.extra = w.extra;
        }
        const datasets::append_part part{to_, records};
        auto written = write_now(
            log_, {.appends = {&part, 1}, .cursors = {}, .documents = {}, .is_internal = true});
        waiting_.clear();
        bytes_ = 0;
        return written;
    }

private:
    /// Owns its bytes: the batch they come from is gone by the time of the write.
    struct waiting {
        std::string id, type, datastream, source, content, extra;
        std::optional<std::string> key;
    };

    datasets::event_log& log_;
    datasets::partition_ref to_;
    wall_time now_;
    std::vector<waiting> waiting_;
    std::size_t bytes_ = 0;
};

/// What a replay can repeat: requests, of one destination or of the steps of a rule.
bool is_lane_action(rules::rule_action action)
{
    return action == rules::rule_action::send || action == rules::rule_action::steps;
}

/// Decides records again and hands those of one destination to its retry log.
class replayer {
public:
    replayer(datasets::event_log& log, const rules::dataset_program& program,
             const replay_request& request, wall_time now)
        : program_(program),
          request_(request),
          now_(now),
          scratch_(program.make_scratch()),
          writer_(log, request.destination, now)
    {
    }

    [[nodiscard]] bool is_full() const
    {
        return count_.events >= request_.events_max || count_.read >= request_.reads_max;
    }

    result<void> add(const datasets::record_view& record, partition_id partition)
    {
        ++count_.read;
        if (request_.since && record.received_at < *request_.since) return {};
        if (request_.until && record.received_at >= *request_.until) return {};
        if (request_.where && !request_.where(record.content)) return {};
        arena_.reset();
        const auto input = to_event_input(record, request_.dataset.value(), partition.value());
        const auto decided = program_.decide(input, arena_, *scratch_);
        parked_event parked;
        for (const auto rule : decided.matched) {
            const auto& outcome = program_.outcomes()[rule];
            if (is_lane_action(outcome.action) &&
                outcome.target == request_.destination.value()) {
                parked.rules.push_back(outcome.rule);
            }
        }
        if (parked.rules.empty()) return {};
        ++count_.events;
        if (request_.is_dry_run) return {};
        parked.destination = request_.destination;
        parked.origin = request_.dataset;
        parked.origin_partition = partition;
        parked.origin_offset = record.position;
        parked.received_at = record.received_at;
        parked.due_at = parked.failed_at = now_;
        parked.reason = "replay";
        parked.counts = false;
        return writer_.add(record, to_extra(parked));
    }

    result<void> flush() { return writer_.flush(); }
    [[nodiscard]] replay_count& count() noexcept { return count_; }

private:
    const rules::dataset_program& program_;
    const replay_request& request_;
    wall_time now_;
    std::unique_ptr<rules::evaluation_scratch> scratch_;
    retry_writer writer_;
    rules::event_arena arena_;
    replay_count count_;
};

/// The part of a partition that the request asks for.
result<replay_range> range_of(const datasets::event_log& log, const replay_request& request,
                              partition_id partition)
{
    const datasets::partition_ref at{request.dataset, partition};
    const auto extent = log.extent(at);
    if (extent.has_error()) return extent.error();
    replay_range range{partition, std::max(request.from.value_or(extent->begin), extent->begin),
                       std::min(request.to.value_or(extent->end), extent->end)};
    if (request.since) {
        const auto found = log.offset_at(at, *request.since);
        if (found.has_error()) return found.error();
        range.from = std::max(range.from, *found);
    }
    return range;
}

result<void> replay_range_of(datasets::event_log& log, replayer& work, const dataset_name& dataset,
                             replay_range range)
{
    result<void> added{};
    auto read = for_each_record(log, {dataset, range.partition}, range.from,
                                [&](const datasets::record_view& r) {
                                    if (r.position >= range.to || work.is_full()) return false;
                                    added = work.add(r, range.partition);
                                    range.from = r.position + 1;
                                    return added.has_value();
                                });
    if (read.has_error()) return read.error();
    if (added.has_error()) return added.error();
    if (work.is_full() && range.from < range.to) work.count().remaining.push_back(range);
    return {};
}

/// All of them, whoever owns them: reading needs no ownership.
std::uint32_t partitions_of(const datasets::event_log& log, const dataset_name& dataset)
{
    for (const auto& spec : log.list_datasets()) {
        if (spec.name == dataset) return spec.partitions;
    }
    return 0;
}

}  // namespace

result<replay_count> replay_dataset(datasets::event_log& log, const rules::rule_catalog& catalog,
                                    const replay_request& request, wall_time now)
{
    const auto program = catalog.program_for(request.dataset.value());
    if (!program) {
        return refused(fmt::format("no rule reads dataset '{}'", request.dataset.value()));
    }
    const auto outcomes = program->outcomes();
    const bool is_known = std::any_of(outcomes.begin(), outcomes.end(), [&](const auto& o) {
        return is_lane_action(o.action) && o.target == request.destination.value();
    });
    if (!is_known) {
        return refused(fmt::format("no rule sends dataset '{}' to destination '{}'",
                                   request.dataset.value(), request.destination.value()));
    }
    replayer work(log, *program, request, now);
    for (std::uint32_t i = 0; i < partitions_of(log, request.dataset); ++i) {
        const partition_id partition{i};
        if (request.partition && *request.partition != partition) continue;
        const auto range = range_of(log, request, partition);
        if (range.has_error()) return range.error();
        auto done = replay_range_of(log, work, request.dataset, *range);
        if (done.has_error()) return done.error();
    }
    if (auto flushed = work.flush(); flushed.has_error()) return flushed.error();
    return work.count();
}

}  // namespace sluice::gateway
