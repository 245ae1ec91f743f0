#include "gateway/http/body_reader.hpp"

#include <algorithm>
#include <cstring>

#include "gateway/http/ascii.hpp"

namespace sluice::gateway {
namespace {

/// Chunk lines carry sizes and extensions nobody uses; without limits they are free work for an
/// attacker.
constexpr std::size_t chunk_line_bytes_max = 256;
constexpr std::size_t framing_bytes_max = 256 * 1024;

}  // namespace

void body_reader::start(const request_head& head, limits allowed) noexcept
{
    limits_ = allowed;
    begin_ = read_ = write_ = head.size;
    length_end_ = head.size + head.content_length;
    is_chunked_ = head.is_chunked;
    chunk_left_ = 0;
    line_bytes_ = framing_bytes_ = 0;
    state_ = state::size_first;
    why_ = {};
}

scan_progress body_reader::refuse(int status, std::string_view reason) noexcept
{
    why_ = {status, reason};
    return scan_progress::refused;
}

scan_progress body_reader::read(std::span<char> message)
{
    if (is_chunked_) return read_chunked(message);
    read_ = write_ = std::min(message.size(), length_end_);
    return read_ == length_end_ ? scan_progress::done : scan_progress::need_more;
}

scan_progress body_reader::read_chunked(std::span<char> message)
{
    while (read_ < message.size()) {
        const char c = message[read_];
        scan_progress progress = scan_progress::need_more;
        switch (state_) {
            case state::data: {
                const auto count = static_cast<std::size_t>(
                    std::min<std::uint64_t>(chunk_left_, message.size() - read_));
                std::memmove(message.data() + write_, message.data() + read_, count);
                read_ += count;
                write_ += count;
                chunk_left_ -= count;
                if (chunk_left_ == 0) state_ = state::data_return;
                break;
            }
            case state::data_return:
                if (c != '\r') return refuse(400, "Chunk data must end with CR LF.");
                ++read_;
                state_ = state::data_line_feed;
                break;
            case state::data_line_feed:
                if (c != '\n') return refuse(400, "Chunk data must end with CR LF.");
                ++read_;
                state_ = state::size_first;
                line_bytes_ = 0;
                break;
            case state::trailers:
                return finish_trailers({message.data(), message.size()});
            default:
                ++read_;
                if (++line_bytes_ > chunk_line_bytes_max || ++framing_bytes_ > framing_bytes_max) {
                    return refuse(400, "Chunk lines are too long.");
                }
                progress = read_size_line(c);
                break;
        }
        if (progress != scan_progress::need_more) return progress;
    }
    return scan_progress::need_more;
}

scan_progress body_reader::read_size_line(char c)
{
    const int digit = hex_value(c);
    switch (state_) {
        case state::size_first:
            if (digit < 0) return refuse(400, "A chunk must begin with its size in hexadecimal.");
            chunk_left_ = static_cast<std::uint64_t>(digit);
            state_ = state::size;
            return scan_progress::need_more;
        case state::size:
            if (digit >= 0) {
                if ((chunk_left_ >> 60) != 0)
                    return refuse(400, "The chunk size has too many digits.");
                chunk_left_ = chunk_left_ * 16 + static_cast<std::uint64_t>(digit);
                return scan_progress::need_more;
            }
            break;
        case state::size_line_feed:
            if (c != '\n') return refuse(400, "Chunk lines must end with CR LF.");
            return finish_size_line(read_);
        default:
            return read_extension(c);
    }
    if (c == ';') {
        state_ = state::extension_first;
    } else if (c == '\r') {
        state_ = state::size_line_feed;
    } else {
        return refuse(400, "The chunk size holds a byte it must not.");
    }
    return scan_progress::need_more;
}

/// `;name`, `;name=token` or `;name="quoted"`, without blanks.
scan_progress body_reader::read_extension(char c)
{
    const bool is_token = contains(token_bytes, c);
    const auto end_or_next = [&]() -> bool {
        if (c != ';' && c != '\r') return false;
        state_ = c == ';' ? state::extension_first : state::size_line_feed;
        return true;
    };
    bool is_good = false;
    switch (state_) {
        case state::extension_first:
            is_good = is_token;
            state_ = state::extension_name;
            break;
        case state::extension_name:
            is_good = is_token || c == '=' || end_or_next();
            if (c == '=') state_ = state::extension_value_first;
            break;
        case state::extension_value_first:
            is_good = is_token || c == '"';
            state_ = c == '"' ? state::quoted : state::extension_value;
            break;
        case state::extension_value:
            is_good = is_token || end_or_next();
            break;
        case state::quoted:
            is_good = contains(value_bytes, c);
            if (c == '"') state_ = state::quoted_end;
            if (c == '\\') state_ = state::quoted_escape;
            break;
        case state::quoted_escape:
            is_good = contains(value_bytes, c);
            state_ = state::quoted;
            break;
        default:
            is_good = end_or_next();
            break;
    }
    return is_good ? scan_progress::need_more : refuse(400, "A chunk extension is malformed.");
}

scan_progress body_reader::finish_size_line(std::size_t position)
{
    if (chunk_left_ == 0) {
        state_ = state::trailers;
        trailers_.start(position, limits_.trailers);
        return scan_progress::need_more;
    }
    if (chunk_left_ > limits_.body_bytes_max - (write_ - begin_)) {
        return refuse(413,
                      "The body is larger than the limit: send fewer events per request or raise "
                      "body_bytes_max.");
    }
    state_ = state::data;
    return scan_progress::need_more;
}

/// Trailers are checked like the header and dropped; nothing may learn its framing from them.
scan_progress body_reader::finish_trailers(std::string_view message)
{
    const auto progress = trailers_.scan(message);
    if (progress == scan_progress::refused) why_ = trailers_.why();
    if (progress != scan_progress::done) return progress;
    for (const auto& field : trailers_.fields()) {
        const auto name = field.name.in(message);
        if (equals_ignoring_case(name, "content-length") ||
            equals_ignoring_case(name, "transfer-encoding")) {
            return refuse(400, "A trailer must not announce a length or coding.");
        }
    }
    read_ = trailers_.end();
    return scan_progress::done;
}

}  // namespace sluice::gateway
