#include "rules/expression/json_reader.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

#include "rules/expression/utf8.hpp"

namespace sluice::rules::expression {

namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Elements are collected on a scratch stack and copied to the arena when the container is complete.
class reader {
public:
    reader(std::string_view json, event_arena& arena, std::uint32_t depth_max)
        : at_(json.data()), end_(json.data() + json.size()), arena_(arena), depth_max_(depth_max)
    {
    }

    std::optional<value> document()
    {
        value made;
        blanks();
        if (!any(made, 0)) return std::nullopt;
        blanks();
        if (at_ != end_) return std::nullopt;
        return made;
    }

private:
    void blanks()
    {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
    }
    bool take(char c)
    {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool word(std::string_view expected, value meaning, value& made)
    {
        if (static_cast<std::size_t>(end_ - at_) < expected.size() ||
            std::memcmp(at_, expected.data(), expected.size()) != 0) {
            return false;
        }
        at_ += expected.size();
        made = meaning;
        return true;
    }

    bool any(value& made, std::uint32_t depth)
    {
        if (at_ == end_) return false;
        switch (*at_) {
            case '{':
                return depth < depth_max_ && object(made, depth);
            case '[':
                return depth < depth_max_ && array(made, depth);
            case '"':
                return string(made);
            case 't':
                return word("true", value::from_bool(true), made);
            case 'f':
                return word("false", value::from_bool(false), made);
            case 'n':
                return word("null", value::null(), made);
            default:
                return number(made);
        }
    }

    bool string(value& made)
    {
        ++at_;
        const char* start = at_;
        bool escapes = false;
        while (at_ != end_ && *at_ != '"') {
            if (static_cast<unsigned char>(*at_) < 0x20) return false;
            if (*at_ == '\\') {
                escapes = true;
                if (++at_ == end_) return false;
            }
            ++at_;
        }
        if (at_ == end_) return false;
        std::string_view text(start, static_cast<std::size_t>(at_ - start));
        ++at_;
        if (escapes) {
            const auto plain = unescape_json(text, arena_);
            if (!plain) return false;
            text = *plain;
        }
        made = value::from_string(text);
        return true;
    }

    bool number(value& made)
    {
        const char* start = at_;
        take('-');
        if (at_ == end_ || !is_digit(*at_)) return false;
        if (!take('0')) digits();
        if (take('.')) {
            if (at_ == end_ || !is_digit(*at_)) return false;
            digits();
        }
        if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
            ++at_;
            if (!take('+')) take('-');
            if (at_ == end_ || !is_digit(*at_)) return false;
            digits();
        }
        made = read_json_number({start, static_cast<std::size_t>(at_ - start)});
        return true;
    }
    void digits()
    {
        while (at_ != end_ && is_digit(*at_)) ++at_;
    }

    bool array(value& made, std::uint32_t depth)
    {
        ++at_;
        const auto first = stack_.size();
        blanks();
        if (!take(']')) {
            do {
                blanks();
                value element;
                if (!any(element, depth + 1)) return false;
                stack_.push_back(element);
                blanks();
            } while (take(','));
            if (!take(']')) return false;
        }
        const auto items = arena_.allocate_array<value>(stack_.size() - first);
        for (std::size_t i = 0; i < items.size(); ++i) items[i] = stack_[first + i];
        stack_.resize(first);
        made = value::from_list(items);
        return true;
    }

    bool object(value& made, std::uint32_t depth)
    {
        ++at_;
        const auto first = stack_.size();
        blanks();
        if (!take('}')) {
            do {
                blanks();
                value key, item;
                if (at_ == end_ || *at_ != '"' || !string(key)) return false;
                blanks();
                if (!take(':')) return false;
                blanks();
                if (!any(item, depth + 1)) return false;
                stack_.push_back(key);
                stack_.push_back(item);
                blanks();
            } while (take(','));
            if (!take('}')) return false;
        }
        const auto entries = arena_.allocate_array<map_entry>((stack_.size() - first) / 2);
        for (std::size_t i = 0; i < entries.size(); ++i) {
            entries[i] = {stack_[first + 2 * i], stack_[first + 2 * i + 1]};
        }
        stack_.resize(first);
        made = value::from_map(entries);
        return true;
    }

    const char* at_;
    const char* end_;
    event_arena& arena_;
    std::uint32_t depth_max_;
    // Kept per thread so that decoding does not allocate once it is warm.
    std::vector<value>& stack_ = scratch();

    static std::vector<value>& scratch()
    {
        static thread_local std::vector<value> stack;
        stack.clear();
        return stack;
    }
};

std::optional<char32_t> four_hex(std::string_view text, std::size_t at)
{
    if (at + 4 > text.size()) return std::nullopt;
    std::uint32_t point = 0;
    const auto outcome = std::from_chars(text.data() + at, text.data() + at + 4, point, 16);
    if (outcome.ec != std::errc{} || outcome.ptr != text.data() + at + 4) return std::nullopt;
    return point;
}

// `\u` escapes, surrogate pairs joined; a lone surrogate is refused.
std::optional<char32_t> unicode_escape(std::string_view text, std::size_t& at)
{
    const auto high = four_hex(text, at);
    if (!high) return std::nullopt;
    at += 4;
    if (*high < 0xd800 || *high > 0xdfff) return high;
    if (*high > 0xdbff || at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u')
        return std::nullopt;
    const auto low = four_hex(text, at + 2);
    if (!low || *low < 0xdc00 || *low > 0xdfff) return std::nullopt;
    at += 6;
    return 0x10000 + ((*high - 0xd800) << 10) + (*low - 0xdc00);
}

}  // namespace

std::optional<std::string_view> unescape_json(std::string_view text, event_arena& arena)
{
    auto* out = static_cast<char*>(arena.allocate(text.size() + 1, 1));
    std::size_t size = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at++];
        if (c != '\\') {
            out[size++] = c;
            continue;
        }
        if (at >= text.size()) return std::nullopt;
        const char escaped = text[at++];
        static constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
        if (const auto found = letters.find(escaped); found != std::string_view::npos) {
            out[size++] = meanings[found];
            continue;
        }
        const auto point = escaped == 'u' ? unicode_escape(text, at) : std::nullopt;
        if (!point) return std::nullopt;
        size += encode_code_point(*point, out + size);
    }
    return std::string_view(out, size);
}

value read_json_number(std::string_view spelling)
{
    const auto* first = spelling.data();
    const auto* last = first + spelling.size();
    if (spelling.find_first_of(".eE") == std::string_view::npos) {
        std::int64_t integer = 0;
        if (std::from_chars(first, last, integer).ec == std::errc{})
            return value::from_int(integer);
        std::uint64_t natural = 0;
        if (*first != '-' && std::from_chars(first, last, natural).ec == std::errc{}) {
            return value::from_uint(natural);
        }
    }
    double number = 0;
    const auto outcome = std::from_chars(first, last, number);
    if (outcome.ec == std::errc{}) return value::from_double(number);
    // Out of range: too small is zero, too large has no double. strtod tells which.
    const std::string text(spelling);
    number = std::strtod(text.c_str(), nullptr);
    if (std::isfinite(number)) return value::from_double(number);
    return value::error(error_kind::out_of_range, "the number is out of the range of double");
}

std::optional<value> read_json(std::string_view json, event_arena& arena, std::uint32_t depth_max)
{
    if (!is_valid_utf8(json)) return std::nullopt;
    return reader(json, arena, depth_max).document();
}

value decode_json(const value& raw, event_arena& arena)
{
    if (!raw.is_raw()) return raw;
    const auto decoded = reader(raw.text(), arena, 10'000).document();
    if (decoded) return *decoded;
    return value::error(error_kind::invalid_argument, "the event's JSON cannot be read");
}

}  // namespace sluice::rules::expression
