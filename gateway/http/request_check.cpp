#include "gateway/http/request_check.hpp"

#include "gateway/http/ascii.hpp"

namespace sluice::gateway {
namespace {

/// RFC 3986 without `#`, which is never sent; brackets only occur in an authority and are judged
/// there.
constexpr byte_set target_bytes = make_byte_set("-._~:/?@!$&'()*+,;=%[]");
constexpr std::string_view protocol = "HTTP/";

}  // namespace

void request_check::reset() noexcept
{
    head_ = {};
    position_ = 0;
    state_ = state::start;
    version_bytes_ = 0;
    why_ = {};
}

scan_progress request_check::refuse(refusal why) noexcept
{
    why_ = why;
    return scan_progress::refused;
}

scan_progress request_check::scan(std::string_view message)
{
    if (state_ != state::fields) {
        const auto progress = scan_request_line(message);
        if (progress != scan_progress::done) return progress;
        fields_.start(position_, {limits_.header_bytes_max, limits_.headers_max});
        state_ = state::fields;
    }
    const auto progress = fields_.scan(message);
    if (progress == scan_progress::refused) return refuse(fields_.why());
    if (progress == scan_progress::need_more) return progress;
    head_.size = fields_.end();
    if (const auto broken = apply_head_rules(message, fields_.fields(), limits_, head_)) {
        return refuse(*broken);
    }
    return scan_progress::done;
}

/// `c` is the next byte of `HTTP/1.1`.
scan_progress request_check::scan_version(char c)
{
    const auto at = version_bytes_++;
    if (at < protocol.size()) {
        if (c != protocol[at]) return refuse({400, "The request line must end with HTTP/1.1."});
    } else if (at == protocol.size()) {
        if (!is_digit(c)) return refuse({400, "The HTTP version is not a number."});
        major_ = c;
    } else if (at == protocol.size() + 1) {
        if (c != '.') return refuse({400, "The HTTP version must look like 1.1."});
    } else {
        if (!is_digit(c)) return refuse({400, "The HTTP version is not a number."});
        minor_ = c;
        state_ = state::line_end;
    }
    return scan_progress::need_more;
}

scan_progress request_check::scan_request_line(std::string_view message)
{
    const auto span = [this](std::size_t end) {
        return text_span{static_cast<std::uint32_t>(token_begin_),
                         static_cast<std::uint32_t>(end - token_begin_)};
    };
    while (position_ < message.size()) {
        const char c = message[position_];
        switch (state_) {
            case state::start:
                state_ = c == '\r' ? state::start_line_feed : state::method_start;
                if (c == '\r') ++position_;
                break;
            case state::start_line_feed:
                if (c != '\n') return refuse({400, "A lone CR stands before the request."});
                ++position_;
                state_ = state::method_start;
                break;
            case state::method_start:
                token_begin_ = position_;
                if (!contains(token_bytes, c)) return refuse({400, "This is not an HTTP request."});
                state_ = state::method;
                [[fallthrough]];
            case state::method:
                while (position_ < message.size() && contains(token_bytes, message[position_]))
                    ++position_;
                if (position_ == message.size()) break;
                if (message[position_] != ' ')
                    return refuse({400, "The method holds a byte it must not."});
                head_.method = span(position_++);
                token_begin_ = position_;
                state_ = state::target;
                break;
            case state::target:
                while (position_ < message.size() && contains(target_bytes, message[position_]))
                    ++position_;
                if (position_ == message.size()) break;
                if (message[position_] != ' ' || position_ == token_begin_) {
                    return refuse({400, "The request target holds a byte it must not."});
                }
                head_.target = span(position_++);
                state_ = state::version;
                break;
            case state::version:
                ++position_;
                if (scan_version(c) == scan_progress::refused) return scan_progress::refused;
                break;
            case state::line_end:
                if (c != '\r') return refuse({400, "The request line must end with CR LF."});
                ++position_;
                state_ = state::line_feed;
                break;
            case state::line_feed:
                if (c != '\n') return refuse({400, "The request line must end with CR LF."});
                ++position_;
                if (position_ > limits_.request_line_bytes_max)
                    return refuse({414, "The request line is too long."});
                if (major_ != '1' || minor_ > '1') return refuse({505, "Use HTTP/1.1."});
                head_.is_http_1_0 = minor_ == '0';
                return scan_progress::done;
            case state::fields:
                return scan_progress::done;
        }
    }
    if (position_ > limits_.request_line_bytes_max)
        return refuse({414, "The request line is too long."});
    return scan_progress::need_more;
}

}  // namespace sluice::gateway
