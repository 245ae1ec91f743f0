#pragma once
// What the function families share: the list of families, short names for declarations, errors, and
// growing text that respects the limits.

#include <string>
#include <vector>

#include "rules/expression/code/code.hpp"
#include "rules/expression/functions/registry.hpp"

namespace sluice::rules::expression {

using declarations = std::vector<function_declaration>;

[[nodiscard]] declarations standard_functions();
[[nodiscard]] declarations conversion_functions();
[[nodiscard]] declarations calendar_functions();
[[nodiscard]] declarations string_functions();
[[nodiscard]] declarations math_functions();
[[nodiscard]] declarations list_functions();
[[nodiscard]] declarations encoder_functions();
[[nodiscard]] declarations regex_functions();
[[nodiscard]] declarations optional_functions();
[[nodiscard]] declarations network_functions();
[[nodiscard]] declarations text_functions();
[[nodiscard]] declarations hash_functions();
[[nodiscard]] declarations url_functions();
[[nodiscard]] declarations time_functions();
[[nodiscard]] declarations object_functions();
[[nodiscard]] declarations number_functions();

using arguments = std::span<const value>;

[[nodiscard]] inline value invalid(const char* text)
{
    return value::error(error_kind::invalid_argument, text);
}

[[nodiscard]] inline failure load_failure(std::string message)
{
    return {make_error_code(boost::system::errc::invalid_argument), std::move(message)};
}

/// `string(x)` of scalars, times and net types appended; false for other kinds.
bool append_text_form(const value& shown, std::string& into);

/// A text as list elements, cut at every `separator`; at most `count` pieces (negative: all).
[[nodiscard]] value split_text(evaluation_context& context, std::string_view text,
                               std::string_view separator, std::int64_t count);

/// The clauses of a format text, as a prepared constant or at run time.
[[nodiscard]] value format_text(evaluation_context& context, std::string_view format,
                                arguments values);
/// How many arguments a format text takes, or what is wrong with it.
[[nodiscard]] result<std::size_t> count_format_clauses(std::string_view format);

/// `A.B.C` of a zone argument: a fixed offset or an IANA name. nullptr when unknown.
struct zone;
[[nodiscard]] const zone* find_zone(std::string_view name);
struct zone_offset {
    std::int64_t seconds = 0;
    const char* abbreviation = "UTC";
};
[[nodiscard]] zone_offset offset_at(const zone& place, std::int64_t unix_seconds);
/// The instant of a local time; gaps are shifted forward, overlaps take the earlier one.
[[nodiscard]] std::int64_t instant_of_local(const zone& place, std::int64_t local_seconds);
[[nodiscard]] std::string_view zone_name(const zone& place);

/// Parses and prints net.IP and net.CIDR.
[[nodiscard]] std::string network_text(const value& address);

/// Sums, extremes: the functions behind lists and math.
[[nodiscard]] value extreme_of(arguments values, bool greatest);

}  // namespace sluice::rules::expression
