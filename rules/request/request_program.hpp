#pragma once
// The request of one rule, compiled: method, path, query, headers, key, body. Rendering writes into
// a request that the caller reuses. Immutable, any thread.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/request/mapping.hpp"
#include "rules/request/template_string.hpp"

namespace sluice::rules {

class request_program {
public:
    /// Reports problems; nothing when there was an error. `is_send` is false for `dataset`
    /// outcomes, which have a body only. `ordinal` counts the uuid.v4() calls of the rule.
    [[nodiscard]] static std::optional<request_program> compile(
        const request_source& source, bool is_send, mapping_options options, scope& names,
        std::uint32_t& ordinal, std::uint32_t& leaf_count);

    /// Whether path or query come from the event.
    [[nodiscard]] bool is_event_path() const
    {
        return !query_.empty() || (path_ && !path_->is_constant());
    }

    /// False when the event fails; the reason stands in the state.
    [[nodiscard]] bool render(render_state& state, rendered_request& into) const;

private:
    bool render_line(render_state& state, rendered_request& into) const;
    bool render_query(render_state& state, std::string& path) const;
    bool render_headers(render_state& state, rendered_request& into) const;
    bool render_body(render_state& state, rendered_request& into) const;
    bool render_made_body(render_state& state, rendered_request& into) const;

    struct named_expression {
        std::string name;
        expression::compiled_expression code;
    };
    struct header {
        std::string name;  ///< lower case
        template_string text;
    };

    bool is_send_ = true;
    mapping_options options_;
    std::optional<template_string> method_;
    std::optional<template_string> path_;
    std::vector<named_expression> query_;
    std::vector<header> headers_;
    std::optional<expression::compiled_expression> key_;
    bool has_body_ = false;
    std::optional<mapping> tree_;
    std::optional<mapped_leaf> output_json_;
    std::optional<expression::compiled_expression> output_;
    body_format format_ = body_format::json;
};

}  // namespace sluice::rules
