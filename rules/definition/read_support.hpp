#pragma once
// Small readers that the files of this folder share: a key of a YAML map as text, word, number or
// expression, with one diagnostic per mistake. All report into `problems` and go on, so that every
// mistake is found.

#include <initializer_list>
#include <utility>

#include "rules/definition/rule_set.hpp"

namespace sluice::rules {

using config::diagnostics;

/// An error for every key of `map` that is not in `known`, with the nearest name.
void refuse_unknown_keys(const config::node& map, std::initializer_list<std::string_view> known,
                         std::string_view what, diagnostics& problems);

/// False, with an error, when the node is not a map (or list).
[[nodiscard]] bool expect_map(const config::node& value, std::string_view what,
                              diagnostics& problems);
[[nodiscard]] bool expect_list(const config::node& value, std::string_view what,
                               diagnostics& problems);

/// The scalar under `key`; nothing when the key is missing; an error when it is no text.
[[nodiscard]] std::optional<source_text> read_text(const config::node& map, std::string_view key,
                                                   diagnostics& problems);
/// Same, of a node itself. Refuses secrets, which belong to destinations.
[[nodiscard]] std::optional<source_text> read_expression(const config::node& scalar,
                                                         std::string_view what,
                                                         diagnostics& problems);
[[nodiscard]] std::optional<source_text> read_expression(const config::node& map,
                                                         std::string_view key,
                                                         std::string_view what,
                                                         diagnostics& problems);
[[nodiscard]] bool read_bool(const config::node& map, std::string_view key, bool otherwise,
                             diagnostics& problems);
/// List of texts; a single text counts as a list of one.
[[nodiscard]] std::vector<named_source> read_names(const config::node& map, std::string_view key,
                                                   diagnostics& problems);
/// `a.b.c` cut at its dots.
[[nodiscard]] std::vector<member_path> read_paths(const config::node& map, std::string_view key,
                                                  diagnostics& problems);

/// Letters, digits and `_`, no digit first: what an expression can name.
[[nodiscard]] bool is_identifier(std::string_view text);
/// Letters, digits, `_`, `-`: what a rule may be called.
[[nodiscard]] bool is_rule_name(std::string_view text);

/// The word under `key` as an enumerator, or nothing (missing, or refused with an error).
template <class Enum>
std::optional<Enum> read_choice(const config::node& map, std::string_view key,
                                std::initializer_list<std::pair<std::string_view, Enum>> choices,
                                diagnostics& problems)
{
    std::vector<std::string_view> known;
    for (const auto& choice : choices) known.push_back(choice.first);
    const auto text = read_text(map, key, problems);
    if (!text) return std::nullopt;
    std::string list;
    for (const auto& [word, value] : choices) {
        if (word == text->text) return value;
        list += (list.empty() ? "" : ", ") + std::string{word};
    }
    const auto near = config::nearest_name(text->text, known);
    problems.error(text->where, "unknown value '" + text->text + "' of `" + std::string{key} + "`",
                   near.empty() ? "use one of " + list
                                : "did you mean '" + std::string{near} + "'? Known are " + list);
    return std::nullopt;
}

[[nodiscard]] std::optional<error_policy> read_error_policy(const config::node& map,
                                                            std::string_view key,
                                                            diagnostics& problems);
[[nodiscard]] std::optional<null_policy> read_null_policy(const config::node& map,
                                                          diagnostics& problems);

}  // namespace sluice::rules
