#pragma once
// Event, request and run ids: UUID version 7, which sorts by time. A pure function without
// allocation.

#include <array>
#include <string_view>

#include "config/clock.hpp"

namespace sluice {

using uuid_text = std::array<char, 36>;

/// Milliseconds of `now`, then 74 random bits, in the lower-case text form.
[[nodiscard]] uuid_text make_uuid_v7(wall_time now, random_source& random);

[[nodiscard]] inline std::string_view view(const uuid_text& text)
{
    return {text.data(), text.size()};
}

}  // namespace sluice
