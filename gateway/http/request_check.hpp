#pragma once
// The strict check of a request head: bytes in, need_more, done or a refusal out. It alone decides
// how a request is framed, because two readers that disagree about that can be played against each
// other. No I/O. One per session, reused for each request.

#include <cstdint>
#include <optional>
#include <string_view>

#include "config/settings_gateway.hpp"
#include "gateway/http/field_scanner.hpp"

namespace sluice::gateway {

/// What a head says, by position in the message.
struct request_head {
    text_span method;
    text_span target;
    text_span path;
    text_span query;
    bool is_http_1_0 = false;
    bool keeps_alive = true;
    bool is_chunked = false;
    bool has_length = false;
    bool expects_continue = false;
    std::uint64_t content_length = 0;
    std::size_t size = 0;  ///< bytes of the head, with the empty line

    [[nodiscard]] bool has_body() const noexcept { return is_chunked || content_length > 0; }
};

class request_check {
public:
    /// `limits` must outlive this object.
    explicit request_check(const config::http_limits& limits) : limits_(limits) {}

    /// Before the next request of the connection.
    void reset() noexcept;

    /// Looks at what has arrived since the last call; `message` begins at the same byte each time.
    [[nodiscard]] scan_progress scan(std::string_view message);

    [[nodiscard]] const request_head& head() const noexcept { return head_; }
    [[nodiscard]] const std::vector<field_span>& fields() const noexcept
    {
        return fields_.fields();
    }
    [[nodiscard]] const refusal& why() const noexcept { return why_; }

private:
    enum class state : std::uint8_t {
        start,
        start_line_feed,
        method_start,
        method,
        target,
        version,
        line_end,
        line_feed,
        fields
    };

    scan_progress refuse(refusal why) noexcept;
    scan_progress scan_request_line(std::string_view message);
    scan_progress scan_version(char c);

    const config::http_limits& limits_;
    field_scanner fields_;
    request_head head_;
    std::size_t position_ = 0;
    std::size_t token_begin_ = 0;
    state state_ = state::start;
    std::uint8_t version_bytes_ = 0;
    char major_ = '0';
    char minor_ = '0';
    refusal why_;
};

/// The rules that need the whole head: target form, Host, lengths, codings, expectations. Fills
/// `head`.
[[nodiscard]] std::optional<refusal> apply_head_rules(std::string_view message,
                                                      const std::vector<field_span>& fields,
                                                      const config::http_limits& limits,
                                                      request_head& head);

}  // namespace sluice::gateway
