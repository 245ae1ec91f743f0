#pragma once
// Reads a field section (header or trailers) as bytes arrive and refuses it at the first impossible
// byte. No I/O; positions are offsets into the message, because the buffer under it may move. One
// per session.

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice::gateway {

/// Part of a message by position.
struct text_span {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
    [[nodiscard]] std::string_view in(std::string_view message) const noexcept
    {
        return message.substr(begin, size);
    }
};

struct field_span {
    text_span name;
    text_span value;  ///< without surrounding blanks
};

/// Why a message is not served; `reason` goes to the client, it never quotes the bytes.
struct refusal {
    int status = 0;
    std::string_view reason;
};

enum class scan_progress : std::uint8_t { need_more, done, refused };

class field_scanner {
public:
    struct limits {
        std::size_t bytes_max = 8192;
        std::size_t fields_max = 100;
    };

    /// Begins a section at `begin`; keeps the capacity of the last one.
    void start(std::size_t begin, limits allowed) noexcept;

    /// Looks at what has arrived since the last call; `message` must begin at the same byte each
    /// time.
    [[nodiscard]] scan_progress scan(std::string_view message);

    /// One past the section, valid when done.
    [[nodiscard]] std::size_t end() const noexcept { return position_; }
    [[nodiscard]] const std::vector<field_span>& fields() const noexcept { return fields_; }
    [[nodiscard]] const refusal& why() const noexcept { return why_; }

private:
    enum class state : std::uint8_t { line_start, name, blanks, value, line_feed, final_line_feed };

    scan_progress refuse(int status, std::string_view reason) noexcept;
    scan_progress scan_bytes(std::string_view message);
    void finish_field(std::string_view message);

    std::vector<field_span> fields_;
    limits limits_;
    std::size_t begin_ = 0;
    std::size_t position_ = 0;
    std::size_t name_begin_ = 0;
    std::size_t name_end_ = 0;
    std::size_t value_begin_ = 0;
    state state_ = state::line_start;
    refusal why_;
};

}  // namespace sluice::gateway
