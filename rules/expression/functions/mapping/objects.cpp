// A tabular file: its end declares functions with signatures, help and examples.
#include <openssl/evp.h>

#include <algorithm>

#include "rules/expression/code/builders.hpp"
#include "rules/expression/compare.hpp"
#include "rules/expression/functions/support.hpp"
#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"
#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

struct separators {
    std::string_view between_key_and_value = ":", between_fields = ",";
};

separators separators_of(arguments given, std::size_t first)
{
    separators made;
    if (given.size() > first && !given[first].text().empty())
        made.between_key_and_value = given[first].text();
    if (given.size() > first + 1 && !given[first + 1].text().empty())
        made.between_fields = given[first + 1].text();
    return made;
}

// Calls `take(key, value)` for every field that has a separator.
template <class Take>
void for_each_field(std::string_view text, const separators& by, Take take)
{
    while (true) {
        const auto end = text.find(by.between_fields);
        const auto field = text.substr(0, end);
        const auto cut = field.find(by.between_key_and_value);
        if (cut != std::string_view::npos) {
            const bool go_on = take(trim(field.substr(0, cut)),
                                    trim(field.substr(cut + by.between_key_and_value.size())));
            if (!go_on) return;
        }
        if (end == std::string_view::npos) return;
        text = text.substr(end + by.between_fields.size());
    }
}

value kv_parse(evaluation_context& context, arguments given, const call_site&)
{
    std::vector<map_entry> entries;
    for_each_field(
        given[0].text(), separators_of(given, 1), [&](std::string_view key, std::string_view item) {
            const bool known = std::any_of(entries.begin(), entries.end(),
                                           [&](const auto& e) { return e.key.text() == key; });
            if (!known) entries.push_back({value::from_string(key), value::from_string(item)});
            return entries.size() <= 1000;
        });
    if (entries.size() > 1000) return limit_error("the text has too many fields");
    const auto kept = context.arena->allocate_array<map_entry>(entries.size());
    std::copy(entries.begin(), entries.end(), kept.begin());
    return build_map(context, kept);
}

value kv_get(evaluation_context&, arguments given, const call_site&)
{
    auto found = value::null();
    for_each_field(given[0].text(), separators_of(given, 2),
                   [&](std::string_view key, std::string_view item) {
                       if (key != given[1].text()) return true;
                       found = value::from_string(item);
                       return false;
                   });
    return found;
}

value maps_union(evaluation_context& context, arguments given, const call_site&)
{
    if (given.size() > 32) return invalid("maps.union() takes up to 32 maps");
    std::size_t size = 0;
    for (const auto& m : given) size += m.entries().size();
    if (size > context.bounds->value_elements_max) return limit_error(map_limit_text);
    if (!context.charge(static_cast<std::int64_t>(size))) return limit_error(cost_limit_text);
    const auto made = context.arena->allocate_array<map_entry>(size);
    std::size_t count = 0;
    for (std::size_t i = 0; i < given.size(); ++i) {
        for (const auto& entry : given[i].entries()) {
            bool known = false;
            for (std::size_t k = 0; k < i && !known; ++k)
                known = find_key(given[k], entry.key) != nullptr;
            if (!known) made[count++] = entry;
        }
    }
    return value::from_map(made.first(count));
}

template <bool greatest>
value extreme(evaluation_context&, arguments given, const call_site&)
{
    return extreme_of(given[0].items(), greatest);
}

value json_parse(evaluation_context& context, arguments given, const call_site&)
{
    const auto text = given[0].text();
    if (text.size() > context.bounds->value_bytes_max ||
        !context.charge(static_cast<std::int64_t>(text.size()))) {
        return limit_error(text_limit_text);
    }
    return read_json(text, *context.arena, 64).value_or(invalid("the text is no JSON"));
}

value json_serialize(evaluation_context& context, arguments given, const call_site&)
{
    std::string made;
    const char* why = "the value has no JSON form";
    return write_json(given[0], made, &why) ? build_string(context, made) : invalid(why);
}

template <class Integer>
void append_big_endian(Integer number, std::string& into)
{
    for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8) {
        into += static_cast<char>(number >> shift & 0xff);
    }
}

// The same event, rule and call give the same id, so a retry after a crash sends it again.
value uuid_v4(evaluation_context& context, arguments, const call_site& site)
{
    auto& runs = context.call_runs;
    if (runs.size() <= site.ordinal) runs.resize(site.ordinal + 1);
    std::string seed("sluice-uuid-v4");
    seed += '\0';
    append_big_endian(context.seed, seed);
    seed += context.event_id;
    seed += '\0';
    seed += context.rule;
    seed += '\0';
    append_big_endian(site.ordinal, seed);
    append_big_endian(runs[site.ordinal]++, seed);
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(seed.data(), seed.size(), bytes, &size, EVP_sha256(), nullptr) != 1) {
        return invalid("the digest is not available");
    }
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (int i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return build_string(context, text);
}

}  // namespace

declarations object_functions()
{
    using enum value_kind;
    return {
        {"Objects",
         "kv.parse",
         "kv.parse(s[, vsep[, fsep]])",
         "Fields cut at fsep (','), each at its first vsep (':'), trimmed; the first of equal keys "
         "wins.",
         {{"kv.parse('firstName=John,phone=123 456', '=')",
           "{'firstName': 'John', 'phone': '123 456'}"},
          {"kv.parse('a - 1 ; b - ', '-', ';')", "{'a': '1', 'b': ''}"}},
         {{false, {string}, map, kv_parse},
          {false, {string, string}, map, kv_parse},
          {false, {string, string, string}, map, kv_parse}}},
        {"Objects",
         "kv.get",
         "kv.get(s, key[, vsep[, fsep]])",
         "The value of one key, null without it.",
         {{"kv.get('firstName - John , lastName - Cena', 'firstName', '-')", "'John'"},
          {"kv.get('a:1', 'c')", "null"}},
         {{false, {string, string}, any, kv_get},
          {false, {string, string, string}, any, kv_get},
          {false, {string, string, string, string}, any, kv_get}}},
        {"Objects",
         "maps.union",
         "maps.union(m, …)",
         "All entries of 1 to 32 maps; the first value of a key wins.",
         {{"maps.union({'a': 1}, {'a': 2, 'b': 3})", "{'a': 1, 'b': 3}"},
          {"maps.union({}, {'x': null})", "{'x': null}"}},
         {{false, {map}, map, maps_union, nullptr, true}}},
        {"Objects",
         "min",
         "l.min()",
         "The least element; all must be comparable.",
         {{"[3, 1, 4].min()", "1"}, {"['b', 'a'].min()", "'a'"}, {"[].min()", "error"}},
         {{true, {list}, any, extreme<false>}}},
        {"Objects",
         "max",
         "l.max()",
         "The greatest element.",
         {{"[3, 1, 4].max()", "4"}, {"[1, 2.5].max()", "2.5"}},
         {{true, {list}, any, extreme<true>}}},
        {"Objects",
         "json.parse",
         "json.parse(s)",
         "JSON text as a value, numbers as in events.",
         {{"json.parse('{\"a\": [1, 2.5]}').a", "[1, 2.5]"}, {"json.parse('nope')", "error"}},
         {{false, {string}, any, json_parse}}},
        {"Objects",
         "json.serialize",
         "json.serialize(x)",
         "Compact JSON text, keys in order.",
         {{"json.serialize({'a': [1, 2.0, null]})", "'{\"a\":[1,2.0,null]}'"},
          {"json.serialize('é\"')", "'\"é\\\\\"\"'"},
          {"json.serialize(int)", "error"}},
         {{false, {any}, string, json_serialize}}},
        {"Objects",
         "uuid.v4",
         "uuid.v4()",
         "A version 4 UUID that is the same for the same seed, event, rule and call.",
         {{"uuid.v4().size()", "36"}},
         {{false, {}, string, uuid_v4}},
         false},
    };
}

}  // namespace sluice::rules::expression
