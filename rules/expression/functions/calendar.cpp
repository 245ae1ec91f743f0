// A tabular file: its end declares functions with signatures, help and examples.
#include <cctz/time_zone.h>

#include <memory>
#include <mutex>
#include <unordered_map>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/time_text.hpp"

namespace sluice::rules::expression {

struct zone {
    std::string name;
    cctz::time_zone place;
};

namespace {

std::optional<int> fixed_offset(std::string_view name)
{
    const int sign = name.starts_with('-') ? -1 : 1;
    if (name.starts_with('-') || name.starts_with('+')) name.remove_prefix(1);
    const auto is_digit = [&](std::size_t i) { return name[i] >= '0' && name[i] <= '9'; };
    if (name.size() != 5 || name[2] != ':' || !is_digit(0) || !is_digit(1) || !is_digit(3) ||
        !is_digit(4)) {
        return std::nullopt;
    }
    const int hours = (name[0] - '0') * 10 + (name[1] - '0'),
              minutes = (name[3] - '0') * 10 + (name[4] - '0');
    if (hours > 23 || minutes > 59) return std::nullopt;
    return sign * (hours * 3600 + minutes * 60);
}

std::unique_ptr<const zone> load_zone(const std::string& name)
{
    auto made = std::make_unique<zone>();
    made->name = name;
    if (const auto offset = fixed_offset(name)) {
        made->place = cctz::fixed_time_zone(cctz::seconds(*offset));
        return made;
    }
    // A path or an empty name would be looked up as a file; zone names have neither.
    if (name.empty() || name.front() == '/' || name.front() == '.' || name.size() > 64)
        return nullptr;
    if (!cctz::load_time_zone(name, &made->place)) return nullptr;
    return made;
}

enum class part {
    year,
    month,
    date,
    day_of_month,
    day_of_year,
    day_of_week,
    hours,
    minutes,
    seconds,
    milliseconds
};

value part_of(part wanted, const value& time, std::int64_t offset)
{
    const auto civil = civil_from_seconds(time.seconds() + offset);
    const auto day = days_from_civil(civil.year, civil.month, civil.day);
    switch (wanted) {
        case part::year:
            return value::from_int(civil.year);
        case part::month:
            return value::from_int(civil.month - 1);
        case part::date:
            return value::from_int(civil.day);
        case part::day_of_month:
            return value::from_int(civil.day - 1);
        case part::day_of_year:
            return value::from_int(day - days_from_civil(civil.year, 1, 1));
        case part::day_of_week:
            return value::from_int(weekday_of_days(day));
        case part::hours:
            return value::from_int(civil.hour);
        case part::minutes:
            return value::from_int(civil.minute);
        case part::seconds:
            return value::from_int(civil.second);
        case part::milliseconds:
            break;
    }
    return value::from_int(time.nanoseconds() / 1'000'000);
}

template <part wanted>
value in_utc(evaluation_context&, arguments given, const call_site&)
{
    return part_of(wanted, given[0], 0);
}

template <part wanted>
value in_zone(evaluation_context&, arguments given, const call_site& site)
{
    const auto* place = site.prepared != nullptr ? static_cast<const zone*>(site.prepared)
                                                 : find_zone(given[1].text());
    if (place == nullptr) return invalid("unknown time zone");
    return part_of(wanted, given[0], offset_at(*place, given[0].seconds()).seconds);
}

template <std::int64_t unit>
value whole_units(evaluation_context&, arguments given, const call_site&)
{
    return value::from_int(given[0].duration_nanoseconds() / unit);
}

value millisecond_part(evaluation_context&, arguments given, const call_site&)
{
    return value::from_int(given[0].duration_nanoseconds() / 1'000'000 % 1000);
}

result<std::shared_ptr<const void>> prepare_zone(std::span<const value* const> given, const limits&)
{
    const auto* name = given.back();
    if (name == nullptr || !name->is(value_kind::string)) return std::shared_ptr<const void>{};
    const auto* place = find_zone(name->text());
    if (place == nullptr)
        return load_failure("unknown time zone '" + std::string(name->text()) + "'");
    // Zones are never unloaded, so nothing has to be kept alive.
    return std::shared_ptr<const void>(std::shared_ptr<void>{}, place);
}

template <part wanted>
function_declaration accessor(std::string_view name, std::string_view signature,
                              std::string_view help, std::vector<function_example> examples)
{
    using enum value_kind;
    return {"Calendar",
            name,
            signature,
            help,
            std::move(examples),
            {{true, {timestamp}, integer, in_utc<wanted>},
             {true, {timestamp, string}, integer, in_zone<wanted>, prepare_zone}}};
}

}  // namespace

const zone* find_zone(std::string_view name)
{
    // Threads keep what they have seen; the shared table owns the zones for good.
    static thread_local std::unordered_map<std::string, const zone*> seen;
    const std::string key(name);
    if (const auto found = seen.find(key); found != seen.end()) return found->second;
    static std::mutex lock;
    static auto& zones = *new std::unordered_map<std::string, std::unique_ptr<const zone>>;
    const zone* place = nullptr;
    {
        const std::lock_guard guard(lock);
        if (const auto found = zones.find(key); found != zones.end()) {
            place = found->second.get();
        } else if (auto loaded = load_zone(key)) {
            place = zones.emplace(key, std::move(loaded)).first->second.get();
        }
    }
    if (place != nullptr) seen.emplace(key, place);
    return place;
}

zone_offset offset_at(const zone& place, std::int64_t unix_seconds)
{
    const auto looked_up =
        place.place.lookup(cctz::time_point<cctz::seconds>(cctz::seconds(unix_seconds)));
    return {looked_up.offset, looked_up.abbr};
}

std::int64_t instant_of_local(const zone& place, std::int64_t local_seconds)
{
    const auto civil = civil_from_seconds(local_seconds);
    const auto looked_up = place.place.lookup(cctz::civil_second(
        civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second));
    return looked_up.pre.time_since_epoch().count();
}

std::string_view zone_name(const zone& place)
{
    return place.name;
}

declarations calendar_functions()
{
    using enum value_kind;
    constexpr std::int64_t second = 1'000'000'000;
    declarations all = {
        accessor<part::year>("getFullYear", "ts.getFullYear([tz])", "The year.",
                             {{"timestamp('2025-03-01T12:00:00Z').getFullYear()", "2025"}}),
        accessor<part::month>("getMonth", "ts.getMonth([tz])", "The month, 0 to 11.",
                              {{"timestamp('2025-03-01T12:00:00Z').getMonth()", "2"}}),
        accessor<part::date>("getDate", "ts.getDate([tz])", "The day of the month, 1 to 31.",
                             {{"timestamp('2025-03-01T23:30:00Z').getDate('Europe/Berlin')", "2"}}),
        accessor<part::day_of_month>("getDayOfMonth", "ts.getDayOfMonth([tz])",
                                     "The day of the month, 0 to 30.",
                                     {{"timestamp('2025-03-01T12:00:00Z').getDayOfMonth()", "0"}}),
        accessor<part::day_of_year>("getDayOfYear", "ts.getDayOfYear([tz])",
                                    "The day of the year, 0 to 365.",
                                    {{"timestamp('2025-03-01T12:00:00Z').getDayOfYear()", "59"}}),
        accessor<part::day_of_week>("getDayOfWeek", "ts.getDayOfWeek([tz])",
                                    "The weekday, 0 is Sunday.",
                                    {{"timestamp('2025-03-01T12:00:00Z').getDayOfWeek()", "6"}}),
        accessor<part::hours>("getHours", "ts.getHours([tz]), d.getHours()",
                              "The hour, or a duration in whole hours.",
                              {{"timestamp('2025-03-01T12:00:00Z').getHours('+02:00')", "14"},
                               {"duration('100m').getHours()", "1"}}),
        accessor<part::minutes>("getMinutes", "ts.getMinutes([tz]), d.getMinutes()",
                                "The minute, or a duration in whole minutes.",
                                {{"duration('1h30s').getMinutes()", "60"}}),
        accessor<part::seconds>("getSeconds", "ts.getSeconds([tz]), d.getSeconds()",
                                "The second, or a duration in whole seconds.",
                                {{"duration('1.9s').getSeconds()", "1"}}),
        accessor<part::milliseconds>("getMilliseconds",
                                     "ts.getMilliseconds([tz]), d.getMilliseconds()",
                                     "The milliseconds behind the last whole second.",
                                     {{"duration('123.321456789s').getMilliseconds()", "321"}}),
    };
    all[6].overloads.push_back({true, {duration}, integer, whole_units<3600 * second>});
    all[7].overloads.push_back({true, {duration}, integer, whole_units<60 * second>});
    all[8].overloads.push_back({true, {duration}, integer, whole_units<second>});
    all[9].overloads.push_back({true, {duration}, integer, millisecond_part});
    return all;
}

}  // namespace sluice::rules::expression
