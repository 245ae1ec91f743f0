#pragma once
// Reads a request body as it arrives: by Content-Length, or chunked and decoded in place. No I/O;
// it never looks beyond the end of the message. One per session, reused for each request.

#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/http/request_check.hpp"

namespace sluice::gateway {

class body_reader {
public:
    struct limits {
        std::uint64_t body_bytes_max = 0;
        field_scanner::limits trailers;
    };

    /// The body begins behind `head`.
    void start(const request_head& head, limits allowed) noexcept;

    /// Looks at what has arrived since the last call. `message` begins at the same byte each time;
    /// chunk data moves down inside it, so that the body is contiguous.
    [[nodiscard]] scan_progress read(std::span<char> message);

    /// When done: the decoded body, and where the next request begins.
    [[nodiscard]] std::string_view body(std::string_view message) const noexcept
    {
        return message.substr(begin_, write_ - begin_);
    }
    [[nodiscard]] std::size_t end() const noexcept { return read_; }
    [[nodiscard]] const refusal& why() const noexcept { return why_; }
    /// Bytes of the message that are known to come, for sizing the buffer; 0 when unknown.
    [[nodiscard]] std::size_t expected_end() const noexcept
    {
        return is_chunked_ ? 0 : length_end_;
    }

private:
    enum class state : std::uint8_t {
        size_first,
        size,
        extension_first,
        extension_name,
        extension_value_first,
        extension_value,
        quoted,
        quoted_escape,
        quoted_end,
        size_line_feed,
        data,
        data_return,
        data_line_feed,
        trailers
    };

    scan_progress refuse(int status, std::string_view reason) noexcept;
    scan_progress read_chunked(std::span<char> message);
    scan_progress read_size_line(char c);
    scan_progress read_extension(char c);
    scan_progress finish_size_line(std::size_t position);
    scan_progress finish_trailers(std::string_view message);

    limits limits_;
    field_scanner trailers_;
    std::size_t begin_ = 0;
    std::size_t read_ = 0;   ///< the next raw byte
    std::size_t write_ = 0;  ///< where the next decoded byte goes
    std::size_t length_end_ = 0;
    std::uint64_t chunk_left_ = 0;
    std::size_t line_bytes_ = 0;
    std::size_t framing_bytes_ = 0;
    state state_ = state::size_first;
    bool is_chunked_ = false;
    refusal why_;
};

}  // namespace sluice::gateway
