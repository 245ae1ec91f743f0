#include "config/uuid.hpp"

namespace sluice {

uuid_text make_uuid_v7(wall_time now, random_source& random)
{
    static constexpr char digits[] = "0123456789abcdef";
    const auto since_epoch =
        std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
    const std::uint64_t high =
        (static_cast<std::uint64_t>(since_epoch) << 16) | 0x7000u | (random.next() >> 52);
    const std::uint64_t low = (random.next() >> 2) | 0x8000'0000'0000'0000u;

    uuid_text text;
    std::size_t at = 0;
    for (int digit = 0; digit < 32; ++digit) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20) text[at++] = '-';
        const std::uint64_t half = digit < 16 ? high : low;
        text[at++] = digits[(half >> (60 - 4 * (digit % 16))) & 15];
    }
    return text;
}

}  // namespace sluice
