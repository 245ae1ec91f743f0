#pragma once
// Integers and lengths as FORMAT.md writes them. Reading never leaves the given bytes: a reader
// that runs short turns bad and yields zeros, so a decoder checks once at the end.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice::datasets::wire {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the stored form is written natively");

template <class T>
void put(std::string& out, T value)
{
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

inline void put_big32(std::string& out, std::uint32_t value)
{
    put(out, __builtin_bswap32(value));
}
inline void put_big64(std::string& out, std::uint64_t value)
{
    put(out, __builtin_bswap64(value));
}

[[nodiscard]] inline std::size_t varint_size(std::uint32_t value) noexcept
{
    std::size_t size = 1;
    for (; value >= 0x80; value >>= 7) ++size;
    return size;
}

/// Returns one past what it wrote; `out` has room for 5 bytes.
inline char* put_varint(char* out, std::uint32_t value) noexcept
{
    for (; value >= 0x80; value >>= 7) *out++ = static_cast<char>(value | 0x80);
    *out++ = static_cast<char>(value);
    return out;
}

inline char* put_bytes(char* out, std::string_view bytes) noexcept
{
    if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
    return out + bytes.size();
}

class reader {
public:
    explicit reader(std::string_view bytes) noexcept : rest_(bytes) {}

    template <class T>
    T get() noexcept
    {
        T value{};
        auto from = bytes(sizeof value);
        if (from.size() == sizeof value) std::memcpy(&value, from.data(), sizeof value);
        return value;
    }

    std::uint32_t big32() noexcept { return __builtin_bswap32(get<std::uint32_t>()); }
    std::uint64_t big64() noexcept { return __builtin_bswap64(get<std::uint64_t>()); }

    std::uint32_t varint() noexcept
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            if (rest_.empty()) break;
            auto byte = static_cast<std::uint8_t>(rest_.front());
            rest_.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) {
                if (value > UINT32_MAX) break;
                return static_cast<std::uint32_t>(value);
            }
        }
        is_good_ = false;
        return 0;
    }

    std::string_view bytes(std::size_t count) noexcept
    {
        if (count > rest_.size()) {
            is_good_ = false;
            rest_ = {};
            return {};
        }
        auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::string_view sized_bytes() noexcept { return bytes(varint()); }
    std::string_view rest() noexcept { return bytes(rest_.size()); }
    [[nodiscard]] bool is_good() const noexcept { return is_good_; }
    [[nodiscard]] bool is_at_end() const noexcept { return is_good_ && rest_.empty(); }
    [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

private:
    std::string_view rest_;
    bool is_good_ = true;
};

}  // namespace sluice::datasets::wire
