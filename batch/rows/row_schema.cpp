#include "batch/rows/row_schema.hpp"

#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "batch/digest.hpp"
#include "batch/export_error.hpp"

namespace sluice::batch {
namespace {

namespace ondemand = simdjson::ondemand;
using json = nlohmann::ordered_json;

constexpr std::array<const char*, 7> kind_names{"boolean",   "int64", "float64", "text",
                                                "timestamp", "list",  "struct"};

/// Merges one event into the tree. Throws simdjson_error on broken JSON; the caller catches.
class learner {
public:
    learner(std::size_t& columns) : columns_(columns) {}

    bool members(column_type& into, ondemand::object object, std::size_t depth)
    {
        bool is_changed = false;
        for (ondemand::field field : object) {
            const std::string_view name = field.unescaped_key();
            ondemand::value value = field.value();
            if (name.empty() || (depth == 0 && is_reserved_column(name))) continue;
            auto found = std::find_if(into.children.begin(), into.children.end(),
                                      [&](const column_type& c) { return c.name == name; });
            if (found != into.children.end()) {
                is_changed |= merge(*found, value, depth + 1);
            } else if (columns_ < columns_max) {
                if (auto fresh = infer(value, depth + 1)) {
                    fresh->name = std::string(name);
                    into.children.push_back(std::move(*fresh));
                    is_changed = true;
                }
            }
        }
        return is_changed;
    }

private:
    bool merge(column_type& into, ondemand::value value, std::size_t depth)
    {
        switch (ondemand::json_type(value.type())) {
            case ondemand::json_type::object:
                return into.kind == column_kind::structure &&
                       members(into, value.get_object(), depth);
            case ondemand::json_type::array: {
                if (into.kind != column_kind::list) return false;
                bool is_changed = false;
                for (auto element : value.get_array()) {
                    is_changed |= merge(into.children[0], element.value(), depth + 1);
                }
                return is_changed;
            }
            case ondemand::json_type::number:
                if (into.kind != column_kind::int64) return false;
                if (number_kind(value) != column_kind::float64) return false;
                into.kind = column_kind::float64;
                return true;
            default:
                return false;
        }
    }

    std::optional<column_type> infer(ondemand::value value, std::size_t depth)
    {
        if (depth > column_depth_max) return std::nullopt;
        column_type out;
        switch (ondemand::json_type(value.type())) {
            case ondemand::json_type::object:
                out.kind = column_kind::structure;
                members(out, value.get_object(), depth);
                if (out.children.empty()) return std::nullopt;
                break;
            case ondemand::json_type::array:
                out.kind = column_kind::list;
                for (auto element : value.get_array()) {
                    if (!out.children.empty()) {
                        merge(out.children[0], element.value(), depth + 1);
                    } else if (auto first = infer(element.value(), depth + 1)) {
                        first->name = "element";
                        out.children.push_back(std::move(*first));
                    }
                }
                if (out.children.empty()) return std::nullopt;
                break;
            case ondemand::json_type::number: {
                const auto kind = number_kind(value);
                if (!kind) return std::nullopt;
                out.kind = *kind;
                break;
            }
            case ondemand::json_type::string:
                out.kind = column_kind::text;
                break;
            case ondemand::json_type::boolean:
                out.kind = column_kind::boolean;
                break;
            case ondemand::json_type::null:
                return std::nullopt;
        }
        ++columns_;
        return out;
    }

    static std::optional<column_kind> number_kind(ondemand::value value)
    {
        const auto token = value.raw_json_token();
        if (token.find_first_of(".eE") == std::string_view::npos) {
            std::int64_t integer = 0;
            if (value.get_int64().get(integer) == simdjson::SUCCESS) return column_kind::int64;
            return std::nullopt;
        }
        double number = 0;
        if (value.get_double().get(number) == simdjson::SUCCESS) return column_kind::float64;
        return std::nullopt;
    }

    std::size_t& columns_;
};

json type_to_json(const column_type& type)
{
    json out{{"name", type.name}, {"type", kind_names[static_cast<std::size_t>(type.kind)]}};
    if (!type.children.empty()) {
        json children = json::array();
        for (const auto& child : type.children) children.push_back(type_to_json(child));
        out["columns"] = std::move(children);
    }
    return out;
}

column_type type_from_json(const json& j, std::size_t& columns)
{
    column_type out{.name = j.at("name")};
    const auto kind = j.at("type").get<std::string>();
    const auto found = std::find(kind_names.begin(), kind_names.end(), kind);
    if (found == kind_names.end()) throw std::out_of_range("unknown type '" + kind + "'");
    out.kind = static_cast<column_kind>(found - kind_names.begin());
    ++columns;
    if (j.contains("columns")) {
        for (const auto& child : j.at("columns"))
            out.children.push_back(type_from_json(child, columns));
    }
    const bool is_list = out.kind == column_kind::list;
    if (is_list && out.children.size() != 1)
        throw std::out_of_range("a list needs one element type");
    return out;
}

}  // namespace

row_schema::row_schema()
{
    root_.kind = column_kind::structure;
}

result<row_schema> row_schema::from_json(const std::string& text)
{
    row_schema out;
    if (text.empty()) return out;
    try {
        const auto j = json::parse(text);
        for (const auto& column : j.at("columns")) {
            out.root_.children.push_back(type_from_json(column, out.columns_));
        }
        return out;
    } catch (const std::exception& ex) {
        return export_failure(
            export_errc::bad_document,
            fmt::format("the stored columns of an export can't be read ({}): the store is "
                        "damaged or was written by another program",
                        ex.what()));
    }
}

std::string row_schema::to_json() const
{
    json columns = json::array();
    for (const auto& child : root_.children) columns.push_back(type_to_json(child));
    return json{{"columns", std::move(columns)}}.dump(-1, ' ', false,
                                                      json::error_handler_t::replace);
}

std::string row_schema::id() const
{
    return sha256_hex(to_json()).substr(0, 16);
}

bool row_schema::learn(std::string_view text)
{
    // Learning is rare (new members only), so each event gets its own parser state here.
    static thread_local ondemand::parser parser;
    const simdjson::padded_string padded(text);
    auto trial = root_;
    auto count = columns_;
    try {
        ondemand::document document = parser.iterate(padded);
        if (document.type() != ondemand::json_type::object) return false;
        learner step(count);
        if (!step.members(trial, document.get_object(), 0)) return false;
    } catch (const simdjson::simdjson_error&) {
        return false;  // the whole event will be rescued as text
    }
    root_ = std::move(trial);
    columns_ = count;
    return true;
}

bool is_reserved_column(std::string_view name)
{
    return name == offset_column || name == partition_column || name == received_column ||
           name == id_column || name == rescued_column;
}

}  // namespace sluice::batch
