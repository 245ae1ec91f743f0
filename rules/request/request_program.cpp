#include "rules/request/request_program.hpp"

#include <algorithm>
#include <array>

#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"

namespace sluice::rules {
namespace {

using expression::value;
using expression::value_kind;

bool is_token(std::string_view text)
{
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::string lower_case(std::string_view text)
{
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return out;
}

bool has_line_break(std::string_view text)
{
    return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

/// Headers that the connection makes itself.
bool is_reserved_header(std::string_view name)
{
    static constexpr std::array<std::string_view, 10> reserved{
        "host", "content-length", "transfer-encoding", "connection",       "upgrade", "trailer",
        "te",   "webhook-id",     "webhook-timestamp", "webhook-signature"};
    return std::ranges::find(reserved, name) != reserved.end();
}

value unwrapped(value made)
{
    while (made.is(value_kind::optional) && !made.is_none()) made = made.inner();
    return made;
}

/// `name=value` of a scalar, or of each element of a list; null and none give nothing. False: no
/// text form.
bool append_pairs(std::string_view name, const value& made, event_arena& arena, bool& is_first,
                  std::string& into)
{
    if (made.is_null() || made.is_none()) return true;
    if (made.is(value_kind::list)) {
        const auto list = expression::decode_json(made, arena);
        return std::ranges::all_of(list.items(), [&](const value& item) {
            return !item.is(value_kind::list) &&
                   append_pairs(name, unwrapped(item), arena, is_first, into);
        });
    }
    std::string text;
    if (!append_text(made, text)) return false;
    if (!is_first) into += '&';
    is_first = false;
    append_percent_encoded(name, into);
    into += '=';
    append_percent_encoded(text, into);
    return true;
}

bool has_no_body(std::string_view method)
{
    return method == "GET" || method == "HEAD";
}

}  // namespace

std::optional<request_program> request_program::compile(const request_source& source, bool is_send,
                                                        mapping_options options, scope& names,
                                                        std::uint32_t& ordinal,
                                                        std::uint32_t& leaf_count)
{
    request_program out;
    out.is_send_ = is_send;
    out.options_ = options;
    const auto errors = names.problems().error_count();
    if (source.method) out.method_ = template_string::compile(*source.method, names, ordinal);
    if (source.path) {
        out.path_ = template_string::compile(*source.path, names, ordinal);
        if (out.path_ && !out.path_->leading_text().starts_with('/')) {
            names.problems().error(source.path->where, "`path` must start with /",
                                   "it is appended to the destination's URL");
        }
    }
    for (const auto& [name, text] : source.query) {
        auto code = names.compile(text, {}, ordinal);
        if (!code) continue;
        ordinal += code->call_ordinals();
        out.query_.push_back({name.name, std::move(*code)});
    }
    for (const auto& [name, text] : source.headers) {
        auto lower = lower_case(name.name);
        if (!is_token(name.name)) {
            names.problems().error(name.where, "'" + name.name + "' is no name for a header");
        } else if (is_reserved_header(lower)) {
            names.problems().error(name.where, "header '" + lower + "' is made by Sluice itself",
                                   "remove it");
        }
        if (auto made = template_string::compile(text, names, ordinal)) {
            out.headers_.push_back({std::move(lower), std::move(*made)});
        }
    }
    if (source.key) out.key_ = names.compile(*source.key, {}, ordinal);
    if (out.key_) ordinal += out.key_->call_ordinals();
    if (source.body) {
        const auto& body = *source.body;
        out.has_body_ = body.tree || body.output;
        out.format_ = body.format;
        if (body.tree) {
            out.tree_ =
                mapping::compile(*body.tree, body.require, options, names, ordinal, leaf_count);
        } else if (!body.require.empty()) {
            names.problems().error(body.where, "`require` needs a `map`");
        }
        if (body.output && body.format == body_format::text) {
            out.output_ = names.compile(*body.output, {}, ordinal);
            if (out.output_) ordinal += out.output_->call_ordinals();
        } else if (body.output) {
            out.output_json_ = mapped_leaf::compile(*body.output, names, ordinal, options);
            if (out.output_json_) {
                out.output_json_->path = "body";
                out.output_json_->is_required = true;
                out.output_json_->count_index = leaf_count++;
            }
        }
    }
    if (names.problems().error_count() != errors) return std::nullopt;
    return out;
}

bool request_program::render(render_state& state, rendered_request& into) const
{
    into.method.clear();
    into.path.clear();
    into.headers.clear();
    into.body.clear();
    into.content_type.clear();
    into.key.reset();
    into.explanation.clear();
    if (is_send_ && !(render_line(state, into) && render_query(state, into.path))) return false;
    if (!render_body(state, into)) return false;
    return !is_send_ || render_headers(state, into);
}

bool request_program::render_line(render_state& state, rendered_request& into) const
{
    const auto fail = [&](const char* what, std::string why) {
        state.failure = render_failure{what, std::move(why)};
        return false;
    };
    if (!method_) {
        into.method = "POST";
    } else if (const auto wrong = method_->render(state.context, into.method)) {
        return fail("method", method_->describe(*wrong));
    } else if (!is_token(into.method)) {
        return fail("method", "'" + into.method + "' is no HTTP method");
    }
    if (path_) {
        if (const auto wrong = path_->render_path(state.context, into.path)) {
            return fail("path", path_->describe(*wrong));
        }
        const auto is_bad = [](char c) {
            return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
        };
        if (std::ranges::any_of(into.path, is_bad)) {
            return fail("path", "the path holds a blank or control character");
        }
    }
    if (key_) {
        const auto made = unwrapped(key_->evaluate(state.context));
        std::string text;
        if (made.is_error()) return fail("key", key_->describe(made));
        if (!append_text(made, text)) return fail("key", "the ordering key is no text or number");
        into.key = std::move(text);
    }
    return true;
}

bool request_program::render_query(render_state& state, std::string& path) const
{
    if (query_.empty()) return true;
    std::string text;
    bool is_first = true;
    for (const auto& [name, code] : query_) {
        const auto made = unwrapped(code.evaluate(state.context));
        const auto begin = text.size();
        const bool was_first = is_first;
        if (!made.is_error() && append_pairs(name, made, *state.context.arena, is_first, text))
            continue;
        text.resize(begin);
        is_first = was_first;
        auto why =
            made.is_error() ? code.describe(made) : "a query value must be a text, number or list";
        if (options_.on_error == error_policy::fail) {
            state.failure = render_failure{"query." + name, std::move(why)};
            return false;
        }
        if (state.omitted != nullptr) {
            state.omitted->push_back({"query." + name, std::move(why), made.is_absent(), false});
        }
    }
    if (text.empty()) return true;
    path += path.find('?') == std::string::npos ? '?' : '&';
    path += text;
    return true;
}

bool request_program::render_headers(render_state& state, rendered_request& into) const
{
    for (const auto& [name, text] : headers_) {
        std::string made;
        const auto wrong = text.render(state.context, made);
        if (wrong || has_line_break(made)) {
            // A line break would let a value write headers of its own: never sent, never repaired.
            auto why = wrong ? text.describe(*wrong) : "the value holds a line break or NUL";
            if (!wrong || options_.on_error == error_policy::fail) {
                state.failure = render_failure{"headers." + name, std::move(why)};
                return false;
            }
            if (state.omitted != nullptr) {
                state.omitted->push_back(
                    {"headers." + name, std::move(why), wrong->is_absent(), false});
            }
            continue;
        }
        if (name == "content-type") {
            if (!into.content_type.empty()) into.content_type = std::move(made);
        } else {
            into.headers.emplace_back(name, std::move(made));
        }
    }
    return true;
}

bool request_program::render_body(render_state& state, rendered_request& into) const
{
    if (has_body_) return render_made_body(state, into);
    if (has_no_body(into.method)) return true;
    into.body = state.event_json;
    into.content_type = "application/json";
    return true;
}

bool request_program::render_made_body(render_state& state, rendered_request& into) const
{
    if (output_) {
        const auto made = unwrapped(output_->evaluate(state.context));
        into.content_type = "text/plain; charset=utf-8";
        if (!made.is_error() && append_text(made, into.body)) return true;
        state.failure = render_failure{
            "body", made.is_error() ? output_->describe(made) : "`output` gives no text"};
        return false;
    }
    const bool is_made = output_json_ ? output_json_->write(state, into.body) == written::yes
                                      : tree_->write(state, into.body);
    if (!is_made) return false;
    if (format_ == body_format::json) {
        into.content_type = "application/json";
        return true;
    }
    into.content_type = "application/x-www-form-urlencoded";
    const auto json = state.context.arena->copy(into.body);
    into.body.clear();
    const auto fields = expression::read_json(json, *state.context.arena);
    if (!fields || !fields->is(value_kind::map)) {
        state.failure = render_failure{"body", "a form needs an object"};
        return false;
    }
    bool is_first = true;
    const auto decoded = expression::decode_json(*fields, *state.context.arena);
    for (const auto& [key, item] : decoded.entries()) {
        if (append_pairs(key.text(), item, *state.context.arena, is_first, into.body)) continue;
        state.failure = render_failure{
            std::string{key.text()},
            "a form has no nested objects",
        };
        return false;
    }
    return true;
}

}  // namespace sluice::rules
