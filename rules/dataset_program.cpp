#include "rules/dataset_program.hpp"

#include <algorithm>
#include <array>

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

enum class meta_field : std::uint8_t {
    id,
    type,
    dataset,
    datastream,
    source,
    received_at,
    key,
    partition,
    offset,
};
constexpr std::array<std::string_view, 9> meta_names{
    "id", "type", "dataset", "datastream", "source", "received_at", "key", "partition", "offset"};

value timestamp_of(wall_time time)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const auto rest = static_cast<std::uint32_t>((time - seconds).count());
    return value::from_timestamp(seconds.time_since_epoch().count(), rest);
}

value meta_value(meta_field field, const event_input& event)
{
    switch (field) {
        case meta_field::id:
            return value::from_string(event.id);
        case meta_field::type:
            return value::from_string(event.type);
        case meta_field::dataset:
            return value::from_string(event.dataset);
        case meta_field::datastream:
            return value::from_string(event.datastream);
        case meta_field::source:
            return value::from_string(event.source);
        case meta_field::received_at:
            return timestamp_of(event.received_at);
        case meta_field::key:
            return event.key ? value::from_string(*event.key) : value::null();
        case meta_field::partition:
            return value::from_int(event.partition);
        case meta_field::offset:
            return value::from_int(static_cast<std::int64_t>(event.offset));
    }
    return value::null();
}

bool type_matches(std::string_view wanted, std::string_view type)
{
    if (!wanted.ends_with('*')) return wanted == type;
    return type.starts_with(wanted.substr(0, wanted.size() - 1));
}

}  // namespace

compiled_program::compiled_program(std::string dataset, const rule_environment& names)
    : dataset_(std::move(dataset)),
      clock_(names.clock != nullptr ? names.clock : &system_clock()),
      seed_(names.seed),
      parts_(std::make_unique<program_parts>()),
      steps_(*this)
{
    parts_->bounds = names.bounds;
}

std::unique_ptr<evaluation_scratch> compiled_program::make_scratch() const
{
    return std::make_unique<rule_scratch>(*this);
}

void compiled_program::finish()
{
    parts_->paths.freeze();
    const auto& paths = parts_->paths;
    const auto& meta = paths.node(path_set::root_node(path_root::meta));
    meta_root_ = meta.slot;
    for (const auto child : meta.children) {
        const auto& node = paths.node(child);
        const auto field = std::ranges::find(meta_names, node.name) - meta_names.begin();
        meta_slots_.emplace_back(node.slot, static_cast<std::uint8_t>(field));
    }
    for (std::uint32_t i = 0; i < sets_.size(); ++i) {
        const auto& types = sets_[i].event_types;
        const bool has_prefix =
            std::ranges::any_of(types, [](auto& t) { return t.ends_with('*'); });
        has_prefixes_ = has_prefixes_ || has_prefix;
        if (types.empty() || has_prefix) open_sets_.push_back(i);
        for (const auto& type : types) {
            if (!type.ends_with('*')) typed_sets_[type];
        }
    }
    for (auto& [type, sets] : typed_sets_) {
        for (std::uint32_t i = 0; i < sets_.size(); ++i) {
            if (considers(sets_[i], type)) sets.push_back(i);
        }
    }
}

bool compiled_program::considers(const program_set& set, std::string_view event_type) const
{
    return set.event_types.empty() || std::ranges::any_of(set.event_types, [&](const auto& wanted) {
               return type_matches(wanted, event_type);
           });
}

std::span<const std::uint32_t> compiled_program::sets_for(std::string_view event_type) const
{
    if (const auto found = typed_sets_.find(event_type); found != typed_sets_.end())
        return found->second;
    return open_sets_;
}

const slot_table& compiled_program::decode(const event_input& event, event_arena& arena,
                                           rule_scratch& scratch) const
{
    const auto count = parts_->paths.slot_count();
    auto& table = arena.allocate_array<slot_table>(1)[0];
    table.serial = scratch.next_serial();
    table.values = arena.allocate_array<value>(count);
    table.ranges = arena.allocate_array<json_range>(count);
    if (event.now) {
        table.now = *event.now;
    } else if (parts_->uses_clock) {
        table.now = clock_->wall_now();
    }
    scratch.reader.fill(parts_->paths, path_root::event, event.json, table.values, table.ranges,
                        arena);
    scratch.reader.fill(parts_->paths, path_root::request, event.request_json, table.values,
                        table.ranges, arena);
    scratch.reader.fill(parts_->paths, path_root::steps, {}, table.values, table.ranges, arena);
    fill_meta(event, table, arena);
    return table;
}

void compiled_program::fill_meta(const event_input& event, slot_table& table,
                                 event_arena& arena) const
{
    for (const auto& [slot, field] : meta_slots_) {
        table.values[slot] = meta_value(static_cast<meta_field>(field), event);
    }
    if (meta_root_ == path_set::no_slot) return;
    auto entries = arena.allocate_array<expression::map_entry>(meta_names.size());
    for (std::size_t i = 0; i < meta_names.size(); ++i) {
        entries[i] = {value::from_string(meta_names[i]),
                      meta_value(static_cast<meta_field>(i), event)};
    }
    table.values[meta_root_] = value::from_map(entries);
}

decided_event compiled_program::decide(const event_input& event, event_arena& arena,
                                       evaluation_scratch& scratch) const
{
    auto& own = static_cast<rule_scratch&>(scratch);
    return decide_decoded(decode(event, arena, own), event, arena, own);
}

decided_event compiled_program::decide_decoded(const slot_table& table, const event_input& event,
                                               event_arena& arena, rule_scratch& scratch) const
{
    scratch.enter(table, event);
    std::ranges::fill(scratch.answers, truth::unknown);
    scratch.matched.clear();
    scratch.failed.clear();
    ++scratch.events;
    decide_sets(event, scratch);
    const auto keep = [&](const std::vector<rule_index>& from) -> std::span<const rule_index> {
        if (from.empty()) return {};
        auto kept = arena.allocate_array<rule_index>(from.size());
        std::ranges::copy(from, kept.begin());
        return kept;
    };
    return {.slots = &table, .matched = keep(scratch.matched), .failed = keep(scratch.failed)};
}

void compiled_program::decide_sets(const event_input& event, rule_scratch& scratch) const
{
    const auto numbers = sets_for(event.type);
    const auto is_met = [&](const program_set& set) {
        return !has_prefixes_ || considers(set, event.type);
    };
    if (set_index_ == program_rule::none) {
        for (const auto number : numbers) {
            if (is_met(sets_[number])) decide_group(sets_[number].group, event, scratch);
        }
        return;
    }
    auto& own = scratch.indexes[set_index_];
    own.begin();
    for (const auto number : numbers) {
        const auto& set = sets_[number];
        if (is_met(set)) set_range(own.alive, set.first, set.last);
    }
    indexes_[set_index_].narrow(own, scratch.answers, scratch.context);
    for (const auto number : numbers) {
        const auto& set = sets_[number];
        if (!is_met(set)) continue;
        decide_candidates(groups_[set.group], set_index_, set.first, set.last, event, scratch);
    }
    if (own.count()) ++scratch.error_count;
}

bool compiled_program::decide_group(std::uint32_t group, const event_input& event,
                                    rule_scratch& scratch) const
{
    const auto& owner = groups_[group];
    if (owner.index != program_rule::none) {
        auto& own = scratch.indexes[owner.index];
        const auto size = indexes_[owner.index].size();
        own.begin();
        set_range(own.alive, 0, size);
        indexes_[owner.index].narrow(own, scratch.answers, scratch.context);
        const bool has_match = decide_candidates(owner, owner.index, 0, size, event, scratch);
        if (own.count()) ++scratch.error_count;
        return has_match;
    }
    bool has_match = false;
    for (const auto rule : owner.rules) {
        if (!decide_rule(rule, event, scratch)) continue;
        has_match = true;
        if (owner.mode == match_mode::first) return true;
    }
    if (!has_match && owner.otherwise != program_rule::none) {
        has_match = decide_rule(owner.otherwise, event, scratch);
    }
    return has_match;
}

bool compiled_program::decide_candidates(const program_group& group, std::uint32_t index,
                                         std::uint32_t first, std::uint32_t last,
                                         const event_input& event, rule_scratch& scratch) const
{
    const auto& filed = indexes_[index];
    auto& own = scratch.indexes[index];
    bool has_match = false, is_over = false;
    for_words(first, last, [&](std::size_t word, std::uint64_t mask) {
        for (auto left = own.alive[word] & mask; left != 0 && !is_over; left &= left - 1) {
            const auto position = static_cast<std::uint32_t>(word * 64) +
                                  static_cast<std::uint32_t>(std::countr_zero(left));
            const auto rule = filed.rule_at(position);
            const bool matched = filed.holds(own, position) ? act(rule, truth::yes, event, scratch)
                                                            : decide_rule(rule, event, scratch);
            if (!matched) continue;
            has_match = true;
            if (group.mode != match_mode::first) continue;
            is_over = true;  // the rules behind it are not evaluated, so none is in error
            clear_range(own.absent, position + 1, last);
            clear_range(own.error, position + 1, last);
        }
    });
    if (!has_match && group.otherwise != program_rule::none) {
        has_match = decide_rule(group.otherwise, event, scratch);
    }
    return has_match;
}

bool compiled_program::samples(const program_rule& rule, const event_input& event,
                               rule_scratch& scratch, truth& answer) const
{
    const auto& sample = *rule.sample;
    answer = truth::yes;
    if (sample.rate >= 1.0) return true;
    std::string_view text = event.id;
    std::string made;
    if (sample.by) {
        scratch.context.begin();
        scratch.context.rule = rule.name;
        const auto by = sample.by->evaluate(scratch.context);
        if (by.is(value_kind::string)) {
            text = by.text();
        } else if (append_text(by, made)) {
            text = made;
        } else {
            answer = by.is_error() ? truth_of(by) : truth::absent;
            return false;
        }
    }
    return scratch.samples.fraction(rule.name, text) < sample.rate;
}

bool compiled_program::decide_rule(std::uint32_t number, const event_input& event,
                                   rule_scratch& scratch) const
{
    const auto& rule = rules_[number];
    return act(number, conditions_.decide(rule.condition, scratch.answers, scratch.context), event,
               scratch);
}

bool compiled_program::act(std::uint32_t number, truth answer, const event_input& event,
                           rule_scratch& scratch) const
{
    const auto& rule = rules_[number];
    auto* counts = rule.outcome != program_rule::none ? &scratch.own_counts[rule.outcome] : nullptr;
    if (answer == truth::yes && rule.sample && !samples(rule, event, scratch, answer) &&
        answer == truth::yes) {
        if (counts != nullptr) ++counts->sampled_out;
        return false;
    }
    if (is_error(answer)) {
        if (rule.on_error == condition_error::match) {
            answer = truth::yes;
        } else {
            if (counts != nullptr) ++(answer == truth::absent ? counts->absent : counts->error);
            if (answer == truth::error) ++scratch.error_count;
            if (rule.on_error == condition_error::fail && rule.outcome != program_rule::none) {
                scratch.failed.push_back(rule.outcome);
            }
            return false;
        }
    }
    if (answer != truth::yes) return false;
    if (rule.group != program_rule::none) return decide_group(rule.group, event, scratch);
    ++(outcomes_[rule.outcome].action == rule_action::drop ? counts->dropped : counts->matched);
    scratch.matched.push_back(rule.outcome);
    return true;
}

std::optional<render_failure> compiled_program::render(rule_index index, const event_input& event,
                                                       const decided_event& decided,
                                                       evaluation_scratch& scratch,
                                                       rendered_request& into) const
{
    auto& own = static_cast<rule_scratch&>(scratch);
    const auto& table = *static_cast<const slot_table*>(decided.slots);
    const auto& rule = rules_[rule_of_outcome_[index]];
    own.enter(table, event);
    own.context.begin();
    own.context.rule = rule.name;
    render_state state{.context = own.context,
                       .ranges = table.ranges,
                       .paths = parts_->paths,
                       .event_json = event.json,
                       .request_json = event.request_json,
                       .steps_json = {},
                       .counts = own.omissions,
                       .omitted = own.omitted,
                       .failure = {}};
    if (!rule.request) {
        into = {};
    } else if (!rule.request->render(state, into)) {
        return std::move(state.failure);
    }
    into.explanation.clear();
    if (rule.explanation &&
        !append_text(rule.explanation->evaluate(own.context), into.explanation)) {
        into.explanation.clear();  // an explanation in error explains nothing and harms nothing
    }
    return std::nullopt;
}

}  // namespace sluice::rules
