// A tabular file: its end declares functions with signatures, help and examples.
#include <algorithm>

#include "rules/expression/functions/mapping/date_pattern.hpp"
#include "rules/expression/functions/support.hpp"
#include "rules/expression/time_text.hpp"

namespace sluice::rules::expression {

namespace {

value bad_zone()
{
    return invalid("unknown time zone");
}

const zone* zone_argument(arguments given, std::size_t index)
{
    return find_zone(given.size() > index ? given[index].text() : std::string_view("UTC"));
}

// Constant pattern at 1 and zone behind it.
result<std::shared_ptr<const void>> prepare_pattern(std::span<const value* const> given,
                                                    const limits&)
{
    if (given.size() > 2 && given[2] != nullptr && given[2]->is(value_kind::string) &&
        find_zone(given[2]->text()) == nullptr) {
        return load_failure("unknown time zone '" + std::string(given[2]->text()) + "'");
    }
    if (given.size() < 2 || given[1] == nullptr || !given[1]->is(value_kind::string))
        return std::shared_ptr<const void>{};
    std::string why;
    auto pattern = compile_date_pattern(given[1]->text(), why);
    if (!pattern) return load_failure("the date pattern is invalid: " + why);
    return std::shared_ptr<const void>(std::make_shared<const date_pattern>(std::move(*pattern)));
}

template <std::size_t index>
result<std::shared_ptr<const void>> prepare_zone(std::span<const value* const> given, const limits&)
{
    if (given.size() > index && given[index] != nullptr && given[index]->is(value_kind::string) &&
        find_zone(given[index]->text()) == nullptr) {
        return load_failure("unknown time zone '" + std::string(given[index]->text()) + "'");
    }
    return std::shared_ptr<const void>{};
}

value now(evaluation_context& context, arguments, const call_site&)
{
    const auto nanoseconds = context.now.time_since_epoch().count();
    return checked_timestamp(0, nanoseconds);
}

value now_millis(evaluation_context& context, arguments, const call_site&)
{
    return value::from_int(context.now.time_since_epoch().count() / 1'000'000);
}

value write(evaluation_context& context, const value& timestamp, arguments given,
            const call_site& site)
{
    const auto* place = zone_argument(given, 2);
    if (place == nullptr) return bad_zone();
    if (site.prepared != nullptr) {
        return build_string(context, write_date(*static_cast<const date_pattern*>(site.prepared),
                                                timestamp, *place));
    }
    std::string why;
    const auto pattern = compile_date_pattern(given[1].text(), why);
    return pattern ? build_string(context, write_date(*pattern, timestamp, *place))
                   : invalid("the date pattern is invalid");
}

value format(evaluation_context& context, arguments given, const call_site& site)
{
    return write(context, given[0], given, site);
}

value format_millis(evaluation_context& context, arguments given, const call_site& site)
{
    auto seconds = given[0].as_int() / 1000, rest = given[0].as_int() % 1000;
    const auto timestamp = checked_timestamp(seconds, rest * 1'000'000);
    return timestamp.is_error() ? timestamp : write(context, timestamp, given, site);
}

const std::vector<date_pattern>& usual_patterns()
{
    static const auto patterns = [] {
        std::vector<date_pattern> made;
        std::string why;
        for (const auto text :
             {"yyyy-MM-dd HH:mm:ssZ", "yyyy-MM-dd HH:mm:ss.SSSZ", "yyyy-MM-dd HH:mm:ss.SSS",
              "yyyy-MM-dd'T'HH:mm:ss.SSSX", "yyyy-MM-dd'T'HH:mm:ss'Z'", "yyyy-MM-dd", "yyyy/MM/dd",
              "yyyy.MM.dd", "yyyy-MMM-dd", "yyyyMMdd", "MM-dd-yyyy", "MMddyyyy", "M/dd/yyyy",
              "dd.M.yyyy", "M/dd/yyyy hh:mm:ss a", "dd.M.yyyy hh:mm:ss a", "dd.MMM.yyyy",
              "dd-MMM-yyyy"}) {
            made.push_back(*compile_date_pattern(text, why));
        }
        return made;
    }();
    return patterns;
}

value parse(evaluation_context&, arguments given, const call_site& site)
{
    const auto text = given[0].text();
    const auto* place = zone_argument(given, 2);
    if (place == nullptr) return bad_zone();
    const auto failed = invalid("the text does not match the date pattern");
    if (given.size() == 1) {
        if (const auto made = parse_timestamp(text)) return *made;
        for (const auto& pattern : usual_patterns()) {
            if (const auto made = read_date(pattern, text, *place)) return *made;
        }
        return failed;
    }
    if (site.prepared != nullptr) {
        return read_date(*static_cast<const date_pattern*>(site.prepared), text, *place)
            .value_or(failed);
    }
    std::string why;
    const auto pattern = compile_date_pattern(given[1].text(), why);
    return pattern ? read_date(*pattern, text, *place).value_or(failed)
                   : invalid("the date pattern is invalid");
}

enum class unit {
    year,
    quarter,
    month,
    day_of_year,
    day,
    week,
    weekday,
    hour,
    half_day_hour,
    minute,
    second,
    millisecond
};

std::optional<unit> unit_named(std::string_view name)
{
    static constexpr std::pair<std::string_view, unit> names[] = {
        {"year", unit::year},
        {"yyyy", unit::year},
        {"yy", unit::year},
        {"quarter", unit::quarter},
        {"qq", unit::quarter},
        {"q", unit::quarter},
        {"month", unit::month},
        {"mm", unit::month},
        {"m", unit::month},
        {"dayofyear", unit::day_of_year},
        {"dy", unit::day_of_year},
        {"y", unit::day_of_year},
        {"day", unit::day},
        {"dd", unit::day},
        {"d", unit::day},
        {"week", unit::week},
        {"ww", unit::week},
        {"w", unit::week},
        {"weekday", unit::weekday},
        {"dw", unit::weekday},
        {"hour", unit::hour},
        {"hh", unit::hour},
        {"hh24", unit::hour},
        {"hh12", unit::half_day_hour},
        {"minute", unit::minute},
        {"mi", unit::minute},
        {"n", unit::minute},
        {"second", unit::second},
        {"ss", unit::second},
        {"s", unit::second},
        {"millisecond", unit::millisecond},
        {"ms", unit::millisecond},
        {"sss", unit::millisecond}};
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    for (const auto& [word, meaning] : names) {
        if (word == lower) return meaning;
    }
    return std::nullopt;
}

result<std::shared_ptr<const void>> prepare_unit(std::span<const value* const> given, const limits&)
{
    if (given[1] != nullptr && given[1]->is(value_kind::string) && !unit_named(given[1]->text())) {
        return load_failure("unknown unit of time '" + std::string(given[1]->text()) + "'");
    }
    return std::shared_ptr<const void>{};
}

value part(evaluation_context&, arguments given, const call_site&)
{
    const auto wanted = unit_named(given[1].text());
    const auto* place = zone_argument(given, 2);
    if (!wanted) return invalid("unknown unit of time");
    if (place == nullptr) return bad_zone();
    const auto civil =
        civil_from_seconds(given[0].seconds() + offset_at(*place, given[0].seconds()).seconds);
    const auto days = days_from_civil(civil.year, civil.month, civil.day);
    switch (*wanted) {
        case unit::year:
            return value::from_int(civil.year);
        case unit::quarter:
            return value::from_int((civil.month - 1) / 3 + 1);
        case unit::month:
            return value::from_int(civil.month);
        case unit::day_of_year:
            return value::from_int(days - days_from_civil(civil.year, 1, 1) + 1);
        case unit::day:
            return value::from_int(civil.day);
        case unit::week:
            return value::from_int(iso_week_of(days).week);
        case unit::weekday:
            return value::from_int((weekday_of_days(days) + 6) % 7 + 1);
        case unit::hour:
            return value::from_int(civil.hour);
        case unit::half_day_hour:
            return value::from_int((civil.hour + 11) % 12 + 1);
        case unit::minute:
            return value::from_int(civil.minute);
        case unit::second:
            return value::from_int(civil.second);
        case unit::millisecond:
            break;
    }
    return value::from_int(given[0].nanoseconds() / 1'000'000);
}

value instant_of(const civil_time& civil, const zone& place, std::int64_t nanoseconds)
{
    const auto local = seconds_from_civil(civil);
    const auto within = checked_timestamp(local, 0);
    return within.is_error() ? within
                             : checked_timestamp(instant_of_local(place, local), nanoseconds);
}

value with(evaluation_context&, arguments given, const call_site&)
{
    const auto wanted = unit_named(given[1].text());
    const auto* place = zone_argument(given, 3);
    if (!wanted) return invalid("unknown unit of time");
    if (place == nullptr) return bad_zone();
    auto civil =
        civil_from_seconds(given[0].seconds() + offset_at(*place, given[0].seconds()).seconds);
    const auto n = given[2].as_int();
    const auto set = [&](int& field, int least, int most) {
        if (n < least || n > most) return false;
        field = static_cast<int>(n);
        return true;
    };
    bool fits = false;
    switch (*wanted) {
        case unit::year:
            fits = n >= 1 && n <= 9999;
            if (fits) civil.year = n;
            break;
        case unit::month:
            fits = set(civil.month, 1, 12);
            break;
        case unit::day:
            fits = set(civil.day, 1, days_in_month(civil.year, civil.month));
            break;
        case unit::hour:
            fits = set(civil.hour, 0, 23);
            break;
        case unit::minute:
            fits = set(civil.minute, 0, 59);
            break;
        case unit::second:
            fits = set(civil.second, 0, 59);
            break;
        default:
            return invalid("time.with() sets year, month, day, hour, minute or second");
    }
    if (!fits) return invalid("the number is outside its unit of time");
    civil.day = std::min(civil.day, days_in_month(civil.year, civil.month));
    return instant_of(civil, *place, given[0].nanoseconds());
}

value of(evaluation_context&, arguments given, const call_site&)
{
    const auto* place = zone_argument(given, 7);
    if (place == nullptr) return bad_zone();
    const auto in = [&](std::size_t i, std::int64_t least, std::int64_t most) {
        return given[i].as_int() >= least && given[i].as_int() <= most;
    };
    if (!in(0, 1, 9999) || !in(1, 1, 12) || !in(2, 1, 31) || !in(3, 0, 23) || !in(4, 0, 59) ||
        !in(5, 0, 59) || !in(6, 0, 999'999'999) ||
        given[2].as_int() > days_in_month(given[0].as_int(), static_cast<int>(given[1].as_int()))) {
        return invalid("there is no such date or time");
    }
    const auto field = [&](std::size_t i) { return static_cast<int>(given[i].as_int()); };
    return instant_of({given[0].as_int(), field(1), field(2), field(3), field(4), field(5)}, *place,
                      given[6].as_int());
}

value in_zone(evaluation_context& context, arguments given, const call_site&)
{
    const auto* place = zone_argument(given, 1);
    if (place == nullptr) return bad_zone();
    const auto offset = offset_at(*place, given[0].seconds()).seconds;
    std::string made;
    append_timestamp(value::from_timestamp(given[0].seconds() + offset, given[0].nanoseconds()),
                     made);
    if (offset != 0) {
        static const auto suffix = [] {
            std::string why;
            return *compile_date_pattern("XXX", why);
        }();
        made.pop_back();
        made += write_date(suffix, given[0], *place);
    }
    return build_string(context, made);
}

}  // namespace

declarations time_functions()
{
    using enum value_kind;
    return {
        {"Time",
         "time.now",
         "time.now()",
         "The time of the evaluation; one value per event.",
         {{"time.now()", "timestamp('2025-03-01T12:00:02Z')"},
          {"time.now() - timestamp('2025-03-01T11:59:58Z')", "duration('4s')"}},
         {{false, {}, timestamp, now}},
         false},
        {"Time",
         "time.nowMillis",
         "time.nowMillis()",
         "The same as Unix milliseconds.",
         {{"time.nowMillis()", "1740830402000"}, {"time.nowMillis() / 1000", "1740830402"}},
         {{false, {}, integer, now_millis}},
         false},
        {"Time",
         "time.format",
         "time.format(ts, pattern[, tz])",
         "A timestamp by a date pattern, in UTC or the zone.",
         {{"time.format(timestamp('2019-10-23T11:24:35Z'), 'yyyy-MM-dd HH:mm:ss')",
           "'2019-10-23 11:24:35'"},
          {"time.format(timestamp('2025-03-01T11:59:58Z'), \"yyyy-MM-dd'T'HH:mm:ssXXX\", "
           "'Europe/Berlin')",
           "'2025-03-01T12:59:58+01:00'"}},
         {{false, {timestamp, string}, string, format, prepare_pattern},
          {false, {timestamp, string, string}, string, format, prepare_pattern}}},
        {"Time",
         "time.formatMillis",
         "time.formatMillis(n, pattern[, tz])",
         "Unix milliseconds by a date pattern.",
         {{"time.formatMillis(1571829875000, \"yyyy-MM-dd'T'HH:mm:ss.SSSX\")",
           "'2019-10-23T11:24:35.000Z'"},
          {"time.formatMillis(0, 'EEE')", "'Thu'"}},
         {{false, {integer, string}, string, format_millis, prepare_pattern},
          {false, {integer, string, string}, string, format_millis, prepare_pattern}}},
        {"Time",
         "time.parse",
         "time.parse(s[, pattern[, tz]])",
         "Text by a date pattern, or by RFC 3339 and the usual forms; tz counts when the text has "
         "no zone.",
         {{"time.parse('2019-10-23 11:24', 'yyyy-MM-dd HH:mm')",
           "timestamp('2019-10-23T11:24:00Z')"},
          {"time.parse('31.12.2020 18:30', 'dd.MM.yyyy HH:mm', 'Europe/Berlin')",
           "timestamp('2020-12-31T17:30:00Z')"},
          {"time.parse('12112020')", "timestamp('2020-12-11T00:00:00Z')"},
          {"time.parse('31.02.2020', 'dd.MM.yyyy')", "error"}},
         {{false, {string}, timestamp, parse},
          {false, {string, string}, timestamp, parse, prepare_pattern},
          {false, {string, string, string}, timestamp, parse, prepare_pattern}}},
        {"Time",
         "time.part",
         "time.part(ts, unit[, tz])",
         "Year, quarter, month, week, weekday (1 = Monday), day, hour, minute, second, … of a "
         "timestamp.",
         {{"time.part(timestamp('2019-10-17T11:55:12Z'), 'MM')", "10"},
          {"time.part(timestamp('2024-12-30T00:00:00Z'), 'week')", "1"}},
         {{false, {timestamp, string}, integer, part, prepare_unit},
          {false, {timestamp, string, string}, integer, part, prepare_unit}}},
        {"Time",
         "time.with",
         "time.with(ts, unit, n[, tz])",
         "With year, month, day, hour, minute or second set; year and month clamp the day.",
         {{"time.with(timestamp('2016-11-09T11:44:44.797Z'), 'm', 4)",
           "timestamp('2016-04-09T11:44:44.797Z')"},
          {"time.with(timestamp('2024-01-31T00:00:00Z'), 'month', 2)",
           "timestamp('2024-02-29T00:00:00Z')"}},
         {{false, {timestamp, string, integer}, timestamp, with, prepare_unit},
          {false, {timestamp, string, integer, string}, timestamp, with, prepare_unit}}},
        {"Time",
         "time.of",
         "time.of(year, month, day, hour, minute, second, nano, tz)",
         "A local time in a zone; shifted out of gaps, the earlier of two.",
         {{"time.of(2019, 10, 17, 11, 55, 12, 999, 'America/Los_Angeles')",
           "timestamp('2019-10-17T18:55:12.000000999Z')"},
          {"time.of(2024, 2, 30, 0, 0, 0, 0, 'UTC')", "error"}},
         {{false,
           {integer, integer, integer, integer, integer, integer, integer, string},
           timestamp,
           of,
           prepare_zone<7>}}},
        {"Time",
         "time.inZone",
         "time.inZone(ts, tz)",
         "RFC 3339 text with the offset of the zone.",
         {{"time.inZone(timestamp('2021-10-26T13:43:59Z'), 'Europe/Paris')",
           "'2021-10-26T15:43:59+02:00'"},
          {"time.inZone(timestamp('2021-10-26T13:43:59Z'), 'UTC')", "'2021-10-26T13:43:59Z'"}},
         {{false, {timestamp, string}, string, in_zone, prepare_zone<1>}}},
    };
}

}  // namespace sluice::rules::expression
