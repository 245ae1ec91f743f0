#include "gateway/edge/json_bytes.hpp"

#include <cstdint>

#include "gateway/edge/event_json.hpp"
#include "gateway/http/ascii.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::gateway {
namespace {

bool is_stop(char c) noexcept
{
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
}

/// Four hexadecimal digits, or -1.
std::int32_t read_unit(const char* at, const char* end) noexcept
{
    if (end - at < 4) return -1;
    std::int32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
        const int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

bool is_high_surrogate(std::int32_t unit) noexcept
{
    return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low_surrogate(std::int32_t unit) noexcept
{
    return unit >= 0xdc00 && unit < 0xe000;
}

void append_utf8(std::string& out, std::uint32_t code)
{
    const auto push = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        push(code);
    } else if (code < 0x800) {
        push(0xc0 | (code >> 6));
        push(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        push(0xe0 | (code >> 12));
        push(0x80 | ((code >> 6) & 0x3f));
        push(0x80 | (code & 0x3f));
    } else {
        push(0xf0 | (code >> 18));
        push(0x80 | ((code >> 12) & 0x3f));
        push(0x80 | ((code >> 6) & 0x3f));
        push(0x80 | (code & 0x3f));
    }
}

const char* skip_digits(const char* at, const char* end) noexcept
{
    while (at != end && is_digit(*at)) ++at;
    return at;
}

}  // namespace

const char* find_string_stop(const char* at, const char* end) noexcept
{
#if defined(__SSE2__)
    const auto quote = _mm_set1_epi8('"');
    const auto backslash = _mm_set1_epi8('\\');
    const auto last_control = _mm_set1_epi8(0x1f);
    for (; end - at >= 16; at += 16) {
        const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        // unsigned "at most 0x1f": the smaller of both is the byte itself
        const auto control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        const auto special =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        const auto stops = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(special, control)));
        if (stops != 0) return at + __builtin_ctz(stops);
    }
#endif
    while (at != end && !is_stop(*at)) ++at;
    return at;
}

const char* skip_escape(const char* at, const char* end) noexcept
{
    if (end - at < 2) return nullptr;
    const char kind = at[1];
    at += 2;
    if (kind != 'u') {
        return std::string_view{"\"\\/bfnrt"}.find(kind) == std::string_view::npos ? nullptr : at;
    }
    const auto unit = read_unit(at, end);
    if (unit < 0 || is_low_surrogate(unit)) return nullptr;
    at += 4;
    if (!is_high_surrogate(unit)) return at;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u' || !is_low_surrogate(read_unit(at + 2, end)))
        return nullptr;
    return at + 6;
}

const char* skip_number(const char* at, const char* end) noexcept
{
    if (at != end && *at == '-') ++at;
    if (at == end || !is_digit(*at)) return nullptr;
    const char* const whole = at;
    at = skip_digits(at, end);
    if (*whole == '0' && at - whole > 1) return nullptr;
    if (at != end && *at == '.') {
        const char* const fraction = ++at;
        at = skip_digits(at, end);
        if (at == fraction) return nullptr;
    }
    if (at != end && (*at == 'e' || *at == 'E')) {
        ++at;
        if (at != end && (*at == '+' || *at == '-')) ++at;
        const char* const exponent = at;
        at = skip_digits(at, end);
        if (at == exponent) return nullptr;
    }
    return at;
}

const char* skip_value(const char* at, const char* end) noexcept
{
    std::size_t depth = 0;
    while (at != end) {
        const char c = *at;
        if (c == '"') {
            ++at;
            while (at != end && *at != '"') {
                at = find_string_stop(at, end);
                if (at == end || *at == '"') break;
                at += *at == '\\' && end - at > 1 ? 2 : 1;
            }
            if (at == end) return end;
            ++at;
        } else if (c == '{' || c == '[') {
            ++depth;
            ++at;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return at;
            --depth;
            ++at;
            if (depth == 0) return at;
            continue;
        } else if (depth == 0 && (c == ',' || c == '\n')) {
            return at;
        } else {
            ++at;
        }
    }
    return end;
}

void append_decoded(std::string_view raw, std::string& out)
{
    const char* at = raw.data();
    const char* const end = at + raw.size();
    while (at != end) {
        if (*at != '\\') {
            out.push_back(*at++);
            continue;
        }
        const char kind = at[1];
        at += 2;
        if (kind != 'u') {
            constexpr std::string_view names{"bfnrt"};
            constexpr std::string_view values{"\b\f\n\r\t"};
            const auto named = names.find(kind);
            out.push_back(named == std::string_view::npos ? kind : values[named]);
            continue;
        }
        auto code = static_cast<std::uint32_t>(read_unit(at, end));
        at += 4;
        if (is_high_surrogate(static_cast<std::int32_t>(code))) {
            const auto low = static_cast<std::uint32_t>(read_unit(at + 2, end));
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            at += 6;
        }
        append_utf8(out, code);
    }
}

}  // namespace sluice::gateway
