#include "gateway/http/field_scanner.hpp"

#include "gateway/http/ascii.hpp"

namespace sluice::gateway {

void field_scanner::start(std::size_t begin, limits allowed) noexcept
{
    fields_.clear();
    limits_ = allowed;
    begin_ = position_ = begin;
    state_ = state::line_start;
    why_ = {};
}

scan_progress field_scanner::refuse(int status, std::string_view reason) noexcept
{
    why_ = {status, reason};
    return scan_progress::refused;
}

void field_scanner::finish_field(std::string_view message)
{
    const auto span = [](std::size_t from, std::size_t to) {
        return text_span{static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)};
    };
    std::size_t value_end = position_ - 2;
    while (value_end > value_begin_ &&
           (message[value_end - 1] == ' ' || message[value_end - 1] == '\t')) {
        --value_end;
    }
    fields_.push_back({span(name_begin_, name_end_), span(value_begin_, value_end)});
}

scan_progress field_scanner::scan(std::string_view message)
{
    const auto progress = scan_bytes(message);
    if (progress != scan_progress::refused && position_ - begin_ > limits_.bytes_max) {
        return refuse(431, "The header or trailer section is too large.");
    }
    return progress;
}

scan_progress field_scanner::scan_bytes(std::string_view message)
{
    const auto size = message.size();
    while (position_ < size) {
        const char c = message[position_];
        switch (state_) {
            case state::line_start:
                if (c == '\r') {
                    state_ = state::final_line_feed;
                    ++position_;
                    break;
                }
                if (!contains(token_bytes, c))
                    return refuse(400, "A header line must begin with a name.");
                if (fields_.size() >= limits_.fields_max)
                    return refuse(431, "There are too many header fields.");
                name_begin_ = position_;
                state_ = state::name;
                [[fallthrough]];
            case state::name:
                while (position_ < size && contains(token_bytes, message[position_])) ++position_;
                if (position_ == size) break;
                if (message[position_] != ':')
                    return refuse(400, "A header name holds a byte it must not.");
                name_end_ = position_++;
                state_ = state::blanks;
                break;
            case state::blanks:
                if (c == ' ' || c == '\t') {
                    ++position_;
                    break;
                }
                value_begin_ = position_;
                state_ = state::value;
                [[fallthrough]];
            case state::value:
                while (position_ < size && contains(value_bytes, message[position_])) ++position_;
                if (position_ == size) break;
                if (message[position_] != '\r')
                    return refuse(400, "A header value holds a control byte.");
                ++position_;
                state_ = state::line_feed;
                break;
            case state::line_feed:
                if (c != '\n') return refuse(400, "Header lines must end with CR LF.");
                ++position_;
                finish_field(message);
                state_ = state::line_start;
                break;
            case state::final_line_feed:
                if (c != '\n') return refuse(400, "The header must end with CR LF.");
                ++position_;
                return scan_progress::done;
        }
    }
    return scan_progress::need_more;
}

}  // namespace sluice::gateway
