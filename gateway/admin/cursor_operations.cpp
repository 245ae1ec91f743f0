// Where readers stand, and moving a lane. What a move does to the ledger: forward, the records
// skipped count as expired; back, the records repeated count as accepted once more (a note beside
// the cursor). Both keep accepted = delivered + filtered + dead + expired + pending.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "config/time_text.hpp"
#include "datasets/log_error.hpp"
#include "gateway/admin/log_operations.hpp"
#include "gateway/admin/operation_support.hpp"
#include "gateway/lanes/dataset_readers.hpp"
#include "gateway/lanes/dead_letters.hpp"

namespace sluice::gateway {

using nlohmann::json;

namespace {

failure cannot(std::string why)
{
    return {make_error_code(datasets::log_errc::bad_request), std::move(why)};
}

/// A reader as people write it: `crm`, `lane/crm`, `export/files`.
cursor_name full_name(std::string_view reader)
{
    const bool is_full = reader.starts_with("lane/") || reader.starts_with("export/");
    return cursor_name{is_full ? std::string(reader) : "lane/" + std::string(reader)};
}

/// Where a cursor is to go: an offset, `begin`, `end`, a time, or so many records on or back.
class cursor_target {
public:
    static result<cursor_target> parse(const std::string& text)
    {
        cursor_target out;
        const bool is_signed = !text.empty() && (text[0] == '+' || text[0] == '-');
        const auto first = text.data() + (is_signed ? 1 : 0);
        const auto last = text.data() + text.size();
        const auto parsed = std::from_chars(first, last, out.number_);
        if (first != last && parsed.ec == std::errc{} && parsed.ptr == last) {
            out.kind_ = !is_signed ? kind::absolute : text[0] == '+' ? kind::onward : kind::back;
        } else if (text == "begin") {
            out.kind_ = kind::begin;
        } else if (text == "end") {
            out.kind_ = kind::end;
        } else if (const auto time = parse_time(text)) {
            out.kind_ = kind::time;
            out.time_ = *time;
        } else {
            return cannot(
                fmt::format("to must be an offset, begin, end, a time such as "
                            "2026-01-31T12:00:00Z, +N or -N, not '{}'",
                            text));
        }
        return out;
    }

    /// Relative targets stop at the ends of the partition; an offset outside is a mistake.
    [[nodiscard]] result<offset> in(const datasets::event_log& log,
                                    const datasets::partition_ref& at,
                                    const datasets::partition_extent& extent, offset next) const
    {
        switch (kind_) {
            case kind::begin:
                return extent.begin;
            case kind::end:
                return extent.end;
            case kind::time:
                return log.offset_at(at, time_);
            case kind::onward:
                return offset{std::max(
                    next.value(),
                    std::min(extent.end.value(),
                             next.value() + std::min(number_, UINT64_MAX - next.value())))};
            case kind::back:
                return std::max(extent.begin,
                                offset{next.value() - std::min(next.value(), number_)});
            case kind::absolute:
                break;
        }
        if (offset{number_} < extent.begin || offset{number_} > extent.end) {
            return cannot(
                fmt::format("{} partition {} holds offsets {} to {}: {} is not among "
                            "them; use begin or end for its ends",
                            at.dataset.value(), at.partition.value(), extent.begin.value(),
                            extent.end.value(), number_));
        }
        return offset{number_};
    }

private:
    enum class kind : std::uint8_t { absolute, begin, end, time, onward, back };
    kind kind_ = kind::absolute;
    std::uint64_t number_ = 0;
    wall_time time_{};
};

struct cursor_move {
    datasets::partition_ref at;
    std::optional<datasets::cursor_state> before;  ///< nothing: the reader has not begun
    datasets::cursor_state after;
    std::uint64_t repeated = 0;
    std::uint64_t skipped = 0;
};

class cursor_mover {
public:
    cursor_mover(const operation_context& in, cursor_name reader, dataset_name dataset,
                 std::optional<partition_id> only, cursor_target to)
        : in_(in),
          reader_(std::move(reader)),
          dataset_(std::move(dataset)),
          only_(only),
          to_(std::move(to))
    {
    }

    result<std::vector<cursor_move>> plan() const
    {
        std::vector<cursor_move> moves;
        for (const auto partition : in_.log.owned_partitions(dataset_)) {
            if (only_ && *only_ != partition) continue;
            auto move = plan_partition({dataset_, partition});
            if (move.has_error()) return move.error();
            moves.push_back(std::move(*move));
        }
        if (!moves.empty()) return moves;
        return cannot(only_ ? fmt::format("this gateway has no partition {} of dataset {}",
                                          only_->value(), dataset_.value())
                            : fmt::format("there is no dataset '{}' here", dataset_.value()));
    }

    result<void> write(const std::vector<cursor_move>& moves) const
    {
        const auto lane = reader_.value().substr(reader_.value().find('/') + 1);
        auto repeated = load_ledger_notes(in_.log, lane).repeated;
        std::vector<datasets::cursor_update> cursors;
        for (const auto& m : moves) {
            cursors.push_back({reader_, m.at, m.after});
            repeated += m.repeated;
        }
        const auto note = repeated_note(lane, repeated);
        return write_now(
            in_.log,
            {.appends = {}, .cursors = cursors, .documents = {&note, 1}, .is_internal = true});
    }

private:
    result<cursor_move> plan_partition(const datasets::partition_ref& at) const
    {
        // in this order: the end of a partition that another gateway owns is known from then on
        auto stored = in_.log.load_cursor(reader_, at);
        if (stored.has_error()) return stored.error();
        const auto extent = in_.log.extent(at);
        if (extent.has_error()) return extent.error();
        cursor_move move;
        move.at = at;
        move.before = *stored;
        const auto next = move.before ? move.before->next : extent->end;
        const auto target = to_.in(in_.log, at, *extent, next);
        if (target.has_error()) return target.error();
        if (!move.before) {
            // it has not begun: this is where it begins
            move.after.start = move.after.next = *target;
            return move;
        }
        move.after = *move.before;
        move.after.next = *target;
        if (*target > next) move.skipped = *target - next;
        if (*target < next) move.repeated = next - *target;
        move.after.counts.expired += move.skipped;
        return move;
    }

    const operation_context& in_;
    cursor_name reader_;
    dataset_name dataset_;
    std::optional<partition_id> only_;
    cursor_target to_;
};

json to_json(const cursor_move& m)
{
    json j{{"partition", m.at.partition.value()},
           {"from", nullptr},
           {"to", m.after.next.value()},
           {"repeats", m.repeated},
           {"skips", m.skipped}};
    if (m.before) j["from"] = m.before->next.value();
    return j;
}

/// Why this reader's position in this dataset is not moved by hand; nothing when it may be.
std::optional<std::string> why_not(const operation_context& in, const cursor_name& reader,
                                   const dataset_name& dataset)
{
    if (reader.value().starts_with("export/")) {
        return "an export's position belongs to its runs: moving it would write events twice or "
               "leave them out of the files. `sluice export run` goes on from it; to write events "
               "again, add an export with another name and directory";
    }
    if (dataset.value().starts_with("_")) {
        return fmt::format(
            "{} is the lane's own log: what waits there is sent when it is due. Use `sluice dead` "
            "for dead letters and `sluice replay` to send events again",
            dataset.value());
    }
    const auto readers = dataset_readers(in.settings, in.catalog);
    const auto found = readers.find(dataset);
    if (found == readers.end()) {
        return fmt::format("there is no dataset '{}' in the configuration", dataset.value());
    }
    const auto& list = found->second;
    if (std::find(list.begin(), list.end(), reader) != list.end()) return std::nullopt;
    std::string known;
    for (const auto& r : list) known += (known.empty() ? "" : ", ") + r.value();
    return fmt::format("{} does not read dataset {}; its readers: {}", reader.value(),
                       dataset.value(), known.empty() ? "none" : known);
}

}  // namespace

operation_result list_cursors(const operation_context& in, const query_parameters& query)
{
    const parameters given(query);
    const auto dataset = given.text("dataset");
    const auto reader = given.text("reader");
    const auto readers = dataset_readers(in.settings, in.catalog);
    const auto cursors = in.log.list_cursors();
    if (cursors.has_error()) return log_problem(cursors.error());
    json list = json::array();
    for (const auto& c : *cursors) {
        if (dataset && c.at.dataset.value() != *dataset) continue;
        if (reader && c.name != full_name(*reader)) continue;
        const auto extent = in.log.extent(c.at);
        if (extent.has_error()) continue;
        const auto found = readers.find(c.at.dataset);
        const bool is_configured =
            found != readers.end() &&
            std::find(found->second.begin(), found->second.end(), c.name) != found->second.end();
        const auto& n = c.state.counts;
        list.push_back({{"reader", c.name.value()},
                        {"configured", is_configured},
                        {"dataset", c.at.dataset.value()},
                        {"partition", c.at.partition.value()},
                        {"start", c.state.start.value()},
                        {"next", c.state.next.value()},
                        {"begin", extent->begin.value()},
                        {"end", extent->end.value()},
                        {"lag", extent->end > c.state.next ? extent->end - c.state.next : 0},
                        {"delivered", n.delivered},
                        {"filtered", n.filtered},
                        {"dead", n.dead},
                        {"retrying", n.retrying},
                        {"expired", n.expired}});
    }
    return json_answer({{"cursors", std::move(list)}});
}

operation_result set_cursor(const operation_context& in, std::string_view reader,
                            const query_parameters& query)
{
    parameters given(query);
    const auto name = full_name(reader);
    const dataset_name dataset{given.text("dataset").value_or("")};
    std::optional<partition_id> only;
    if (const auto p = given.number("partition")) {
        only = partition_id{static_cast<std::uint32_t>(*p)};
    }
    if (!given.problem().empty()) return operation_problem(400, given.problem());
    auto to = cursor_target::parse(given.text("to").value_or(""));
    if (to.has_error()) return operation_problem(400, to.error().message);
    if (auto why = why_not(in, name, dataset)) return operation_problem(400, *why);

    const cursor_mover mover(in, name, dataset, only, std::move(*to));
    const bool is_dry_run = given.flag("dry_run");
    std::vector<cursor_move> moves;
    const auto change = [&]() -> result<void> {
        auto planned = mover.plan();
        if (planned.has_error()) return planned.error();
        moves = std::move(*planned);
        return is_dry_run ? result<void>{} : mover.write(moves);
    };
    const auto lane = name.value().substr(std::string_view("lane/").size());
    const auto done =
        !is_dry_run && in.while_lane_stopped ? in.while_lane_stopped(lane, change) : change();
    if (done.has_error()) return log_problem(done.error());
    json list = json::array();
    for (const auto& m : moves) list.push_back(to_json(m));
    return json_answer({{"reader", name.value()},
                        {"dataset", dataset.value()},
                        {"dry_run", is_dry_run},
                        {"partitions", std::move(list)}});
}

}  // namespace sluice::gateway
