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
      parts_(std::make_unique<program_parts>())
{
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
    bool was_indexed = false;
    for (const auto number : sets_for(event.type)) {
        const auto& set = sets_[number];
        if (has_prefixes_ && !considers(set, event.type)) continue;
        if (!set.index) {
            decide_group(set.group, event, scratch);
            continue;
        }
        was_indexed = true;
        set.index->candidates(
            table.values, [&](std::uint32_t rule) { decide_rule(rule, event, scratch); },
            [&](std::uint32_t group) { ++scratch.absent_groups[set.first_index_group + group]; });
    }
    if (was_indexed) {
        std::ranges::sort(scratch.matched);  // candidates come group by group
        std::ranges::sort(scratch.failed);
    }
    const auto keep = [&](const std::vector<rule_index>& from) -> std::span<const rule_index> {
        if (from.empty()) return {};
        auto kept = arena.allocate_array<rule_index>(from.size());
        std::ranges::copy(from, kept.begin());
        return kept;
    };
    return {.slots = &table, .matched = keep(scratch.matched), .failed = keep(scratch.failed)};
}

bool compiled_program::decide_group(std::uint32_t group, const event_input& event,
                                    rule_scratch& scratch) const
{
    const auto& owner = groups_[group];
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
    auto answer = conditions_.decide(rule.condition, scratch.answers, scratch.context);
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

void compiled_program::add_absent_groups(std::span<const std::uint64_t> groups,
                                         std::span<rule_counts> into) const
{
    for (const auto& set : sets_) {
        if (!set.index) continue;
        for (std::uint32_t i = 0; i < set.index->group_count(); ++i) {
            const auto times = groups[set.first_index_group + i];
            if (times == 0) continue;
            for (const auto rule : set.index->members(i))
                into[rules_[rule].outcome].absent += times;
        }
    }
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
                       .counts = own.omissions,
                       .omitted = own.omitted,
                       .failure = {}};
    if (rule.request && !rule.request->render(state, into)) return std::move(state.failure);
    into.explanation.clear();
    if (rule.explanation &&
        !append_text(rule.explanation->evaluate(own.context), into.explanation)) {
        into.explanation.clear();  // an explanation in error explains nothing and harms nothing
    }
    return std::nullopt;
}

}  // namespace sluice::rules
