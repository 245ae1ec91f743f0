// A tabular file: its end declares functions with signatures, help and examples.
#include <re2/re2.h>

#include <memory>
#include <unordered_map>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

re2::StringPiece piece_of(std::string_view text)
{
    return {text.data(), text.size()};
}

value text_of(const re2::StringPiece& piece)
{
    return value::from_string({piece.data(), piece.size()});
}

failure too_large(std::string message)
{
    return {make_error_code(boost::system::errc::value_too_large), std::move(message)};
}

// A compiled pattern, or why it is none: too large, or invalid.
result<std::shared_ptr<const RE2>> compile_pattern(std::string_view pattern, const limits& bounds)
{
    if (count_code_points(pattern) > bounds.regex_characters_max) {
        return too_large("the regular expression has more than " +
                         std::to_string(bounds.regex_characters_max) +
                         " characters; gateway.rule_limits.regex_characters_max allows more");
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(bounds.regex_memory_bytes_max);
    auto made = std::make_shared<const RE2>(piece_of(pattern), options);
    if (made->error_code() == RE2::ErrorPatternTooLarge) {
        return too_large("the regular expression needs more memory than " +
                         std::to_string(bounds.regex_memory_bytes_max) + " bytes; make it shorter");
    }
    if (!made->ok()) return load_failure("the regular expression is invalid: " + made->error());
    if (made->ProgramSize() > bounds.regex_instructions_max) {
        return too_large("the regular expression becomes " + std::to_string(made->ProgramSize()) +
                         " instructions, more than " +
                         std::to_string(bounds.regex_instructions_max) +
                         "; gateway.rule_limits.regex_instructions_max allows more");
    }
    return made;
}

template <std::size_t index>
result<std::shared_ptr<const void>> prepare_pattern(std::span<const value* const> given,
                                                    const limits& bounds)
{
    if (given.size() <= index || given[index] == nullptr || !given[index]->is(value_kind::string)) {
        return std::shared_ptr<const void>{};
    }
    auto made = compile_pattern(given[index]->text(), bounds);
    if (!made) return made.error();
    return std::shared_ptr<const void>(std::move(*made));
}

struct usable_pattern {
    const RE2* code = nullptr;
    value problem;  ///< when there is no code
};

// Patterns made at run time: a few per thread are kept, all are forgotten when there are too many.
usable_pattern dynamic_pattern(std::string_view pattern, const limits& bounds)
{
    struct entry {
        std::shared_ptr<const RE2> code;
        value problem;
    };
    static thread_local std::unordered_map<std::string, entry> cache;
    // All evaluations of a process have the same limits, but for tests.
    static thread_local limits known;
    if (known.regex_characters_max != bounds.regex_characters_max ||
        known.regex_instructions_max != bounds.regex_instructions_max) {
        cache.clear();
        known = bounds;
    }
    const std::string key(pattern);
    auto found = cache.find(key);
    if (found == cache.end()) {
        if (cache.size() >= 64) cache.clear();
        entry fresh;
        if (auto made = compile_pattern(pattern, bounds)) {
            fresh.code = std::move(*made);
        } else {
            fresh.problem = made.error().code == boost::system::errc::value_too_large
                                ? limit_error(
                                      "the regular expression is larger than "
                                      "gateway.rule_limits.regex_* allow")
                                : invalid("the regular expression is invalid");
        }
        found = cache.emplace(key, std::move(fresh)).first;
    }
    return {found->second.code.get(), found->second.problem};
}

usable_pattern pattern_of(evaluation_context& context, const value& pattern, const call_site& site)
{
    if (site.prepared != nullptr) return {static_cast<const RE2*>(site.prepared), {}};
    return dynamic_pattern(pattern.text(), *context.bounds);
}

value matches(evaluation_context& context, arguments given, const call_site& site)
{
    const auto [pattern, problem] = pattern_of(context, given[1], site);
    if (pattern == nullptr) return problem;
    if (!context.charge(static_cast<std::int64_t>(given[0].text().size())))
        return limit_error(cost_limit_text);
    return value::from_bool(RE2::PartialMatch(piece_of(given[0].text()), *pattern));
}

// Calls `take(groups)` for every match without overlaps until it answers false. As in RE2 and Go,
// an empty match directly behind another match is none: '.*' occurs once in 'abc'.
template <class Take>
void for_each_match(const RE2& pattern, std::string_view text, Take take)
{
    const auto count = pattern.NumberOfCapturingGroups() + 1;
    std::vector<re2::StringPiece> groups(static_cast<std::size_t>(count));
    const auto whole = piece_of(text);
    std::size_t at = 0;
    auto last_end = std::string_view::npos;
    while (at <= text.size() &&
           pattern.Match(whole, at, text.size(), RE2::UNANCHORED, groups.data(), count)) {
        const auto end =
            static_cast<std::size_t>(groups[0].data() + groups[0].size() - text.data());
        const bool empty = groups[0].empty();
        if ((!empty || end != last_end) && !take(groups)) return;
        last_end = end;
        at = end;
        if (!empty) continue;
        at += end < text.size() ? code_point_length(text[end]) : 1;
    }
}

// The replacement with \0 to \9 filled in; a message when it is malformed.
const char* append_replacement(std::string_view replacement,
                               const std::vector<re2::StringPiece>& groups, std::string& into)
{
    for (std::size_t i = 0; i < replacement.size(); ++i) {
        if (replacement[i] != '\\') {
            into += replacement[i];
            continue;
        }
        if (++i == replacement.size()) return "the replacement ends in a backslash";
        if (replacement[i] == '\\') {
            into += '\\';
            continue;
        }
        const auto group = static_cast<std::size_t>(replacement[i] - '0');
        if (replacement[i] < '0' || replacement[i] > '9')
            return "only \\0 to \\9 and \\\\ are special in a replacement";
        if (group >= groups.size()) return "the replacement names a group that does not exist";
        into.append(groups[group].data() == nullptr ? "" : groups[group].data(),
                    groups[group].size());
    }
    return nullptr;
}

value replace(evaluation_context& context, arguments given, const call_site& site)
{
    const auto [pattern, problem] = pattern_of(context, given[1], site);
    if (pattern == nullptr) return problem;
    const auto text = given[0].text();
    auto left = given.size() == 4 ? given[3].as_int() : -1;
    std::string made;
    const std::vector<re2::StringPiece> probe(
        static_cast<std::size_t>(pattern->NumberOfCapturingGroups() + 1));
    if (const char* message = append_replacement(given[2].text(), probe, made))
        return invalid(message);
    made.clear();
    std::size_t copied = 0;
    bool fits = true;
    if (left != 0) {
        for_each_match(*pattern, text, [&](const auto& groups) {
            const auto start = static_cast<std::size_t>(groups[0].data() - text.data());
            made.append(text, copied, start - copied);
            append_replacement(given[2].text(), groups, made);
            copied = start + groups[0].size();
            fits = made.size() <= context.bounds->value_bytes_max;
            if (left > 0) --left;
            return fits && left != 0;
        });
    }
    if (!fits) return limit_error(text_limit_text);
    made.append(text, copied);
    return build_string(context, made);
}

value extract(evaluation_context& context, arguments given, const call_site& site)
{
    const auto [pattern, problem] = pattern_of(context, given[1], site);
    if (pattern == nullptr) return problem;
    if (pattern->NumberOfCapturingGroups() > 1)
        return invalid("the regular expression has more than one group");
    auto found = value::none();
    for_each_match(*pattern, given[0].text(), [&](const auto& groups) {
        if (!groups.back().empty()) found = build_some(context, text_of(groups.back()));
        return false;
    });
    return found;
}

value collected(evaluation_context& context, const std::vector<value>& items)
{
    if (!may_build_list(context, items.size())) return limit_error(list_limit_text);
    const auto made = context.arena->allocate_array<value>(items.size());
    std::copy(items.begin(), items.end(), made.begin());
    return value::from_list(made);
}

value extract_all(evaluation_context& context, arguments given, const call_site& site)
{
    const auto [pattern, problem] = pattern_of(context, given[1], site);
    if (pattern == nullptr) return problem;
    if (pattern->NumberOfCapturingGroups() > 1)
        return invalid("the regular expression has more than one group");
    std::vector<value> items;
    for_each_match(*pattern, given[0].text(), [&](const auto& groups) {
        if (!groups.back().empty()) items.push_back(text_of(groups.back()));
        return items.size() <= context.bounds->value_elements_max;
    });
    return collected(context, items);
}

value split(evaluation_context& context, arguments given, const call_site& site)
{
    static const RE2 comma(",");
    const auto [pattern, problem] =
        given.size() == 1 ? usable_pattern{&comma, {}} : pattern_of(context, given[1], site);
    if (pattern == nullptr) return problem;
    const auto text = given[0].text();
    std::vector<value> items;
    std::size_t at = 0;
    for_each_match(*pattern, text, [&](const auto& groups) {
        const auto start = static_cast<std::size_t>(groups[0].data() - text.data());
        // As in Java: an empty match at the start or the end cuts nothing off.
        if (groups[0].empty() && (start == 0 || start == text.size())) return true;
        items.push_back(value::from_string(text.substr(at, start - at)));
        at = start + groups[0].size();
        return items.size() <= context.bounds->value_elements_max;
    });
    items.push_back(value::from_string(text.substr(at)));
    while (items.size() > 1 && items.back().text().empty()) items.pop_back();
    return collected(context, items);
}

value groups_of(evaluation_context& context, arguments given, const call_site& site)
{
    const auto [pattern, problem] = pattern_of(context, given[1], site);
    if (pattern == nullptr) return problem;
    std::vector<value> items;
    for_each_match(*pattern, given[0].text(), [&](const auto& groups) {
        for (const auto& group : groups)
            items.push_back(group.data() == nullptr ? value::null() : text_of(group));
        return false;
    });
    return collected(context, items);
}

}  // namespace

declarations regex_functions()
{
    using enum value_kind;
    constexpr auto pattern = prepare_pattern<1>;
    return {
        {"Regular expressions",
         "matches",
         "s.matches(re), matches(s, re)",
         "Whether the RE2 pattern occurs in s; not anchored.",
         {{"'order-42'.matches('[0-9]+')", "true"},
          {"'a'.matches('^b')", "false"},
          {"dyn('a').matches('(')", "error"}},
         {{true, {string, string}, boolean, matches, pattern},
          {false, {string, string}, boolean, matches, pattern}}},
        {"Regular expressions",
         "regex.replace",
         "regex.replace(s, re, r[, n])",
         "The first n (all when negative) matches replaced; \\0 to \\9 in r are groups.",
         {{"regex.replace('banana', 'a', 'x')", "'bxnxnx'"},
          {"regex.replace('banana', 'a', 'x', 1)", "'bxnana'"},
          {"regex.replace('foo bar', '(fo)o (ba)r', r'\\2 \\1')", "'ba fo'"},
          {"regex.replace('abc', '.*', 'x')", "'x'"},
          {"regex.replace('a', 'a', r'\\1')", "error"}},
         {{false, {string, string, string}, string, replace, pattern},
          {false, {string, string, string, integer}, string, replace, pattern}}},
        {"Regular expressions",
         "regex.extract",
         "regex.extract(s, re)",
         "The group (or the whole) of the first match as an optional.",
         {{"regex.extract('item-A, item-B', r'item-(\\w+)').value()", "'A'"},
          {"regex.extract('x', 'y').hasValue()", "false"}},
         {{false, {string, string}, optional, extract, pattern}}},
        {"Regular expressions",
         "regex.extractAll",
         "regex.extractAll(s, re)",
         "The same for every match.",
         {{"regex.extractAll('id:1, id:2', r'id:(\\d)')", "['1', '2']"}},
         {{false, {string, string}, list, extract_all, pattern}}},
        {"Regular expressions",
         "regex.split",
         "regex.split(s[, re])",
         "Cut at every match (a comma by default); empty texts at the end are dropped.",
         {{"regex.split('Hi, there!', ' ')", "['Hi,', 'there!']"},
          {"regex.split('id1|id2|', r'\\|')", "['id1', 'id2']"}},
         {{false, {string}, list, split}, {false, {string, string}, list, split, pattern}}},
        {"Regular expressions",
         "regex.groups",
         "regex.groups(s, re)",
         "First match: the whole, then each group (null if unmatched); [] without a match.",
         {{"regex.groups('E259,E259B_009,1_1', '([^,]+),[^,]*,([^,]+)')",
           "['E259,E259B_009,1_1', 'E259', '1_1']"},
          {"regex.groups('abc', '(x)')", "[]"}},
         {{false, {string, string}, list, groups_of, pattern}}},
    };
}

}  // namespace sluice::rules::expression
