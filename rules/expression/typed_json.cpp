#include "rules/expression/typed_json.hpp"

#include <charconv>
#include <cmath>

#include "rules/expression/compare.hpp"
#include "rules/expression/functions/base64.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/time_text.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

constexpr std::string_view type_prefix = "type.googleapis.com/";

void write_object(const value& shown, std::string& into)
{
    into += "{\"objectValue\":{\"@type\":\"";
    into += type_prefix;
    into += type_name(shown.kind());
    into += "\",\"value\":\"";
    shown.is(value_kind::timestamp) ? append_timestamp(shown, into) : append_duration(shown, into);
    into += "\"}}";
}

void write_list(const value& shown, std::string& into)
{
    into += "{\"listValue\":{\"values\":[";
    for (const auto& item : shown.items()) {
        if (&item != shown.items().data()) into += ',';
        write_typed_json(item, into);
    }
    into += "]}}";
}

void write_map(const value& shown, std::string& into)
{
    into += "{\"mapValue\":{\"entries\":[";
    for (const auto& entry : shown.entries()) {
        if (&entry != shown.entries().data()) into += ',';
        into += "{\"key\":";
        write_typed_json(entry.key, into);
        into += ",\"value\":";
        write_typed_json(entry.item, into);
        into += '}';
    }
    into += "]}}";
}

void write_double(double number, std::string& into)
{
    into += "{\"doubleValue\":";
    if (std::isfinite(number)) {
        append_double(number, into);
    } else {
        into += '"';
        append_double(number, into);
        into += '"';
    }
    into += '}';
}

template <class Number>
std::optional<Number> number_of(const value& encoded)
{
    if (encoded.is(value_kind::integer)) return static_cast<Number>(encoded.as_int());
    if (encoded.is(value_kind::unsigned_integer)) return static_cast<Number>(encoded.as_uint());
    if (!encoded.is(value_kind::string)) return std::nullopt;
    Number number{};
    const auto text = encoded.text();
    const auto outcome = std::from_chars(text.data(), text.data() + text.size(), number);
    if (outcome.ec != std::errc{} || outcome.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<value> read_double(const value& encoded)
{
    if (encoded.is(value_kind::floating)) return encoded;
    if (encoded.is(value_kind::integer))
        return value::from_double(static_cast<double>(encoded.as_int()));
    if (encoded.is(value_kind::unsigned_integer))
        return value::from_double(static_cast<double>(encoded.as_uint()));
    if (!encoded.is(value_kind::string)) return std::nullopt;
    if (encoded.text() == "NaN") return value::from_double(std::nan(""));
    if (encoded.text() == "Infinity") return value::from_double(HUGE_VAL);
    if (encoded.text() == "-Infinity") return value::from_double(-HUGE_VAL);
    return std::nullopt;
}

std::optional<value> read_list(const value& encoded, event_arena& arena)
{
    const auto* values = encoded.is(value_kind::map) ? find_field(encoded, "values") : nullptr;
    if (values == nullptr) return value::from_list({});
    if (!values->is(value_kind::list)) return std::nullopt;
    const auto made = arena.allocate_array<value>(values->items().size());
    for (std::size_t i = 0; i < made.size(); ++i) {
        const auto item = read_typed_json(values->items()[i], arena);
        if (!item) return std::nullopt;
        made[i] = *item;
    }
    return value::from_list(made);
}

std::optional<value> read_map(const value& encoded, event_arena& arena)
{
    const auto* entries = encoded.is(value_kind::map) ? find_field(encoded, "entries") : nullptr;
    if (entries == nullptr) return value::from_map({});
    if (!entries->is(value_kind::list)) return std::nullopt;
    const auto made = arena.allocate_array<map_entry>(entries->items().size());
    for (std::size_t i = 0; i < made.size(); ++i) {
        const auto& entry = entries->items()[i];
        const auto* key = entry.is(value_kind::map) ? find_field(entry, "key") : nullptr;
        const auto* item = entry.is(value_kind::map) ? find_field(entry, "value") : nullptr;
        if (key == nullptr || item == nullptr) return std::nullopt;
        const auto read_key = read_typed_json(*key, arena),
                   read_item = read_typed_json(*item, arena);
        if (!read_key || !read_item) return std::nullopt;
        made[i] = {*read_key, *read_item};
    }
    return value::from_map(made);
}

std::optional<value> read_object(const value& encoded)
{
    const auto* type = encoded.is(value_kind::map) ? find_field(encoded, "@type") : nullptr;
    const auto* text = encoded.is(value_kind::map) ? find_field(encoded, "value") : nullptr;
    if (type == nullptr || text == nullptr || !type->is(value_kind::string) ||
        !text->is(value_kind::string)) {
        return std::nullopt;
    }
    if (type->text().ends_with("Timestamp")) return parse_timestamp(text->text());
    if (type->text().ends_with("Duration")) return parse_duration(text->text());
    return std::nullopt;
}

}  // namespace

void write_typed_json(const value& shown, std::string& into)
{
    switch (shown.kind()) {
        case value_kind::null:
            into += "{\"nullValue\":null}";
            return;
        case value_kind::boolean:
            into += shown.as_bool() ? "{\"boolValue\":true}" : "{\"boolValue\":false}";
            return;
        case value_kind::integer:
            into += "{\"int64Value\":\"" + std::to_string(shown.as_int()) + "\"}";
            return;
        case value_kind::unsigned_integer:
            into += "{\"uint64Value\":\"" + std::to_string(shown.as_uint()) + "\"}";
            return;
        case value_kind::floating:
            write_double(shown.as_double(), into);
            return;
        case value_kind::string:
            into += "{\"stringValue\":";
            write_json_string(shown.text(), into);
            into += '}';
            return;
        case value_kind::bytes:
            into += "{\"bytesValue\":\"";
            append_base64(shown.text(), into);
            into += "\"}";
            return;
        case value_kind::list:
            write_list(shown, into);
            return;
        case value_kind::map:
            write_map(shown, into);
            return;
        case value_kind::timestamp:
        case value_kind::duration:
            write_object(shown, into);
            return;
        case value_kind::type:
            into += "{\"typeValue\":\"";
            into += type_name(shown.named_type());
            into += "\"}";
            return;
        case value_kind::optional:
            if (!shown.is_none()) return write_typed_json(shown.inner(), into);
            into += "{\"error\":\"optional.none\"}";
            return;
        case value_kind::error:
        case value_kind::any:
        case value_kind::ip:
        case value_kind::cidr:
            break;
    }
    into += "{\"error\":\"";
    into += shown.is_error() ? shown.error_text() : "the value has no typed form";
    into += "\"}";
}

std::optional<value> read_typed_json(const value& encoded, event_arena& arena)
{
    if (!encoded.is(value_kind::map) || encoded.entries().size() != 1) return std::nullopt;
    const auto name = encoded.entries()[0].key.text();
    const auto& content = encoded.entries()[0].item;
    if (name == "value") return read_typed_json(content, arena);
    if (name == "nullValue") return value::null();
    if (name == "boolValue")
        return content.is(value_kind::boolean) ? std::optional(content) : std::nullopt;
    if (name == "int64Value") {
        const auto number = number_of<std::int64_t>(content);
        return number ? std::optional(value::from_int(*number)) : std::nullopt;
    }
    if (name == "uint64Value") {
        const auto number = number_of<std::uint64_t>(content);
        return number ? std::optional(value::from_uint(*number)) : std::nullopt;
    }
    if (name == "doubleValue") return read_double(content);
    if (name == "stringValue")
        return content.is(value_kind::string) ? std::optional(content) : std::nullopt;
    if (name == "bytesValue" && content.is(value_kind::string)) {
        const auto octets = decode_base64(content.text());
        return octets ? std::optional(value::from_bytes(arena.copy(*octets))) : std::nullopt;
    }
    if (name == "listValue") return read_list(content, arena);
    if (name == "mapValue") return read_map(content, arena);
    if (name == "objectValue") return read_object(content);
    if (name == "typeValue" && content.is(value_kind::string)) {
        return value::from_type(type_named(content.text()));
    }
    return std::nullopt;
}

}  // namespace sluice::rules::expression
