#pragma once
// A rule set as written in YAML: plain values, checked for form but not yet compiled. Made by the
// readers of this folder, consumed by the rule compiler, by explain and by the test runner; lives
// only while loading.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/definition/source_text.hpp"
#include "rules/steps/status_range.hpp"

namespace sluice::rules {

/// What becomes of a member whose expression is in error.
enum class error_policy : std::uint8_t { omit, null, fail };
/// Whether null members are sent.
enum class null_policy : std::uint8_t { keep, omit };
enum class match_mode : std::uint8_t { all, first };
enum class condition_error : std::uint8_t { no_match, match, fail };
enum class body_format : std::uint8_t { json, form, text };

struct named_source {
    std::string name;
    config::source_location where;
};

/// `compare: {left, op, right, ignore_case}`.
struct compare_source {
    source_text left;
    std::string op;
    config::source_location op_where;
    std::optional<source_text> right;       ///< an expression; a bare word of YAML is a text
    std::optional<std::string> right_text;  ///< the operand as literal text
    std::string right_json;                 ///< the operand as literal number, bool or null
    bool ignore_case = false;
};

struct condition_source {
    enum class kind : std::uint8_t { expression, all, any, none, compare };
    kind what = kind::expression;
    config::source_location where;
    source_text expression;
    std::vector<condition_source> parts;
    compare_source compare;
};

/// A path of member names, as in `$remove` and `require`.
struct member_path {
    std::vector<std::string> names;
    config::source_location where;
    [[nodiscard]] std::string text() const;
};

struct map_member;

/// One node of a `map` or `const` tree.
struct map_source {
    enum class kind : std::uint8_t { literal, expression, object, list, use };
    kind what = kind::literal;
    config::source_location where;
    std::string json;                      ///< literal
    source_text expression;                ///< expression
    std::optional<error_policy> on_error;  ///< expression: its own policy
    std::vector<map_member> members;       ///< object, use
    std::vector<map_source> items;         ///< list
    std::optional<source_text> copy;       ///< object: `$copy`
    std::vector<member_path> remove;       ///< object: `$remove`
    std::string use;                       ///< use: `lib.mapping`
};

/// A named member; not a pair, which clang 14 can't hold in the type that it holds.
struct map_member {
    std::string first;
    map_source second;
};

struct body_source {
    std::optional<map_source> tree;  ///< `map` with `const` merged in
    std::optional<source_text> output;
    std::vector<member_path> require;
    body_format format = body_format::json;
    config::source_location where;
};

struct request_source {
    std::optional<source_text> method;                          ///< template
    std::optional<source_text> path;                            ///< template
    std::vector<std::pair<named_source, source_text>> query;    ///< expressions
    std::vector<std::pair<named_source, source_text>> headers;  ///< templates
    std::optional<body_source> body;
    std::optional<source_text> key;  ///< expression
};

struct sample_source {
    double rate = 1.0;
    std::optional<source_text> by;
    config::source_location where;
};

struct variable_source {
    named_source name;
    source_text expression;
    std::optional<std::string> fallback_json;  ///< `default`
    bool clean_text = false;
    bool lower_case = false;
};

/// One request of a rule with `steps`.
struct step_source {
    named_source name;
    std::optional<condition_source> when;
    named_source target;
    request_source request;
    std::vector<status_range> accept{{200, 299}};
    std::optional<std::chrono::milliseconds> timeout;
    std::uint64_t response_bytes_max = 64 * 1024;
    bool continues = false;  ///< `on_failure: continue`
};

struct rule_source_node;

/// Rules with what is shared among them: a set, or the inside of a nested rule.
struct rule_group {
    std::vector<variable_source> variables;
    match_mode mode = match_mode::all;
    std::vector<rule_source_node> rules;
    std::vector<rule_source_node> otherwise;  ///< `else`: at most one
};

struct rule_source_node {
    enum class outcome : std::uint8_t { none, send, dataset, drop, nested, steps };
    named_source name;
    bool enabled = true;
    std::string description;
    std::optional<condition_source> when;
    condition_error on_condition_error = condition_error::no_match;
    std::optional<sample_source> sample;
    std::optional<source_text> explanation;
    std::optional<error_policy> on_error;
    std::optional<null_policy> nulls;
    outcome what = outcome::none;
    named_source target;     ///< destination or dataset; drop: the reason
    request_source request;  ///< send; dataset: only `body`
    rule_group group;        ///< nested
    std::vector<step_source> steps;
};

struct expected_request {
    std::string rule;
    std::string step;  ///< of `rule.step`
    config::source_location where{};
    std::optional<std::string> method, path, body_json, body_has_json, error;
    std::vector<std::pair<std::string, std::string>> headers;
};

/// The answer that a test gives to a step.
struct response_source {
    named_source step;  ///< `rule.step`
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool is_timeout = false;
};

/// One entry of `tests:`.
struct test_source {
    named_source name;
    std::string event_json;  ///< `patch` applied
    std::map<std::string, std::string> meta_json;
    std::string request_json;
    std::optional<source_text> now;  ///< RFC 3339
    std::uint64_t seed = 0;
    std::vector<std::pair<std::string, std::string>> params_json;
    std::vector<response_source> responses;
    std::optional<std::vector<std::string>> matched;
    std::vector<std::pair<std::string, std::string>> not_matched;
    std::vector<expected_request> requests;
    std::vector<std::pair<std::string, std::string>> explanation;
    std::optional<std::vector<std::string>> warnings;
    std::vector<named_source> named_rules;  ///< all that `expect` names, `rule` or `rule.step`
    std::vector<named_source> named_params;
};

struct function_source {
    named_source name;
    std::vector<std::string> params;
    source_text expression;
};

struct param_source {
    named_source name;
    std::string json;
};

/// A library file: names used as `lib.x`.
struct library_source {
    named_source name;
    std::vector<param_source> params;
    std::vector<variable_source> variables;
    std::vector<function_source> functions;
    std::vector<std::pair<named_source, map_source>> mappings;
    /// Where the rule set itself names the file; without a line when only another library does.
    config::source_location included;
};

struct rule_set_source {
    named_source name;
    std::string description;
    std::vector<named_source> datasets;  ///< `source`
    std::vector<std::string> event_types;
    std::optional<named_source> schema;     ///< JSON Schema file, relative to `folder`
    std::string folder;                     ///< of the file that the set stands in
    std::vector<library_source> libraries;  ///< in order of inclusion, nested ones first
    std::vector<param_source> params;
    error_policy on_error = error_policy::omit;
    null_policy nulls = null_policy::keep;
    rule_group group;
    std::vector<test_source> tests;
};

}  // namespace sluice::rules
