#include "gateway/admin/replay.hpp"

#include <fmt/format.h>

#include "gateway/lanes/dead_letters.hpp"
#include "gateway/lanes/evaluated_batch.hpp"
#include "gateway/lanes/parked_event.hpp"

namespace sluice::gateway {

namespace {

failure refused(std::string why)
{
    return {boost::system::errc::make_error_code(boost::system::errc::invalid_argument),
            std::move(why)};
}

/// Decides records again and writes those of one destination into its retry log.
class replayer {
public:
    replayer(datasets::event_log& log, const rules::dataset_program& program,
             const replay_request& request, wall_time now)
        : log_(log),
          program_(program),
          request_(request),
          now_(now),
          scratch_(program.make_scratch())
    {
    }

    result<void> add(const datasets::record_view& record, partition_id partition)
    {
        ++count_.read;
        arena_.reset();
        const auto input = to_event_input(record, request_.dataset.value(), partition.value());
        const auto decided = program_.decide(input, arena_, *scratch_);
        parked_event parked;
        for (const auto rule : decided.matched) {
            const auto& outcome = program_.outcomes()[rule];
            if (outcome.action == rules::rule_action::send &&
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
        const auto extra = to_extra(parked);
        datasets::new_record again;
        again.id = record.id;
        again.key = record.key;
        again.type = record.type;
        again.datastream = record.datastream;
        again.source = record.source;
        again.received_at = now_;
        again.content = record.content;
        again.extra = extra;
        const datasets::append_part part{{retry_dataset(request_.destination), partition_id{0}},
                                         {&again, 1}};
        return write_now(
            log_, {.appends = {&part, 1}, .cursors = {}, .documents = {}, .is_internal = true});
    }

    [[nodiscard]] const replay_count& count() const noexcept { return count_; }

private:
    datasets::event_log& log_;
    const rules::dataset_program& program_;
    const replay_request& request_;
    wall_time now_;
    std::unique_ptr<rules::evaluation_scratch> scratch_;
    rules::event_arena arena_;
    replay_count count_;
};

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
        return o.action == rules::rule_action::send && o.target == request.destination.value();
    });
    if (!is_known) {
        return refused(fmt::format("no rule sends dataset '{}' to destination '{}'",
                                   request.dataset.value(), request.destination.value()));
    }
    replayer work(log, *program, request, now);
    for (const auto partition : log.owned_partitions(request.dataset)) {
        const datasets::partition_ref at{request.dataset, partition};
        const auto extent = log.extent(at);
        if (extent.has_error()) return extent.error();
        const auto to = request.to.value_or(extent->end);
        result<void> added{};
        auto read = for_each_record(log, at, request.from.value_or(extent->begin),
                                    [&](const datasets::record_view& r) {
                                        if (r.position >= to) return false;
                                        if (request.since && r.received_at < *request.since)
                                            return true;
                                        if (request.until && r.received_at >= *request.until)
                                            return true;
                                        added = work.add(r, partition);
                                        return added.has_value();
                                    });
        if (read.has_error()) return read.error();
        if (added.has_error()) return added.error();
    }
    return work.count();
}

}  // namespace sluice::gateway
