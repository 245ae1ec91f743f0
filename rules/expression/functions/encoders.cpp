// A tabular file: its end declares functions with signatures, help and examples.
#include "rules/expression/functions/base64.hpp"
#include "rules/expression/functions/support.hpp"

namespace sluice::rules::expression {

namespace {

value encode(evaluation_context& context, arguments given, const call_site&)
{
    std::string made;
    append_base64(given[0].text(), made);
    return build_string(context, made);
}

value decode(evaluation_context& context, arguments given, const call_site&)
{
    const auto octets = decode_base64(given[0].text());
    if (!octets) return invalid("the text is no base64");
    const auto made = build_string(context, *octets);
    return made.is_error() ? made : value::from_bytes(made.text());
}

}  // namespace

declarations encoder_functions()
{
    using enum value_kind;
    return {
        {"Encoders",
         "base64.encode",
         "base64.encode(b)",
         "Bytes as base64 text.",
         {{"base64.encode(b'hello')", "'aGVsbG8='"}},
         {{false, {bytes}, string, encode}}},
        {"Encoders",
         "base64.decode",
         "base64.decode(s)",
         "Base64 text, padded or not, as bytes.",
         {{"base64.decode('aGVsbG8')", "b'hello'"}, {"base64.decode('a?b')", "error"}},
         {{false, {string}, bytes, decode}}},
    };
}

}  // namespace sluice::rules::expression
