#include "config/schema/shape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/schema/units.hpp"

namespace sluice::config {
namespace {

std::string format_bound(const value_shape& shape, double bound)
{
    switch (shape.kind) {
        case value_kind::duration:
            return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(bound)));
        case value_kind::bytes:
            return format_bytes(static_cast<std::uint64_t>(bound));
        case value_kind::integer:
            return fmt::format("{}", static_cast<std::uint64_t>(bound));
        default:
            return fmt::format("{}", bound);
    }
}

std::string describe_kind(const value_shape& shape)
{
    switch (shape.kind) {
        case value_kind::boolean:
            return "true or false";
        case value_kind::integer:
            return "a whole number";
        case value_kind::number:
            return "a number";
        case value_kind::text:
            return "a text";
        case value_kind::duration:
            return "a duration (500ms, 10s, 5m, 1h, 7d)";
        case value_kind::bytes:
            return "a size (4096, 64KiB, 10MB)";
        case value_kind::choice:
            return fmt::format("one of {}", fmt::join(shape.names, ", "));
        case value_kind::secret:
            return "a text";
        case value_kind::list:
            return "a list";
        case value_kind::map:
        case value_kind::object:
        case value_kind::rules:
        case value_kind::reserved:
            break;
    }
    return "a map";
}

}  // namespace

std::string describe_range(const value_shape& shape)
{
    if (shape.min && shape.max) {
        return fmt::format("{} to {}", format_bound(shape, *shape.min),
                           format_bound(shape, *shape.max));
    }
    if (shape.min) return "at least " + format_bound(shape, *shape.min);
    if (shape.max) return "at most " + format_bound(shape, *shape.max);
    return {};
}

std::string describe(const value_shape& shape)
{
    std::string text = describe_kind(shape);
    const std::string range = describe_range(shape);
    if (!range.empty()) text += ", " + range;
    return text;
}

}  // namespace sluice::config
