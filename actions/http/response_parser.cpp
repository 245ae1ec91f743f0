#include "actions/http/response_parser.hpp"

#include <algorithm>

#include "actions/http/header_guard.hpp"

namespace sluice::actions {
namespace {

constexpr std::size_t chunk_line_bytes_max = 256;
constexpr std::uint64_t length_max = std::uint64_t{1} << 50;

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool has_control_byte(std::string_view text)
{
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && byte != '\t') || byte == 0x7f;
    });
}

/// Calls `visit` for each element of a comma list.
template <class F>
void for_each_element(std::string_view list, F&& visit)
{
    while (true) {
        const std::size_t comma = list.find(',');
        visit(trimmed(list.substr(0, comma)));
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

std::string lower_case(std::string_view name)
{
    std::string out{name};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return out;
}

int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : -1;
}

}  // namespace

void response_parser::start(bool expects_body, std::size_t keep_max, std::uint64_t read_max,
                            bool keeps_fields)
{
    keeps_fields_ = keeps_fields;
    fields_.clear();
    state_ = state::head;
    started_ = false;
    expects_body_ = expects_body;
    keep_max_ = keep_max;
    read_max_ = read_max;
    interim_ = 0;
    status_ = 0;
    read_ = 0;
    trailer_bytes_ = 0;
    body_cut_ = false;
    keep_alive_ = false;
    head_.clear();
    body_.clear();
    retry_after_.clear();
    location_.clear();
    problem_ = {};
}

response_parser::progress response_parser::feed(std::string_view bytes, std::size_t& used)
{
    used = 0;
    if (!bytes.empty()) started_ = true;
    while (true) {
        std::size_t step = 0;
        progress p = progress::more;
        const std::string_view rest = bytes.substr(used);
        switch (state_) {
            case state::head:
                p = read_head(rest, step);
                // An interim answer leaves us at the head again: go on with what follows it.
                if (p == progress::more && step != 0 && state_ == state::head && head_.empty()) {
                    used += step;
                    continue;
                }
                break;
            case state::body_length:
            case state::body_until_close: {
                step = state_ == state::body_length
                           ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()))
                           : rest.size();
                keep(rest.substr(0, step));
                if (state_ == state::body_length && (left_ -= step) == 0) {
                    state_ = state::done;
                    p = progress::complete;
                } else if (read_ > read_max_) {
                    p = cut();
                }
                break;
            }
            case state::done:
                return progress::complete;
            default:
                p = read_chunked(rest, step);
                break;
        }
        used += step;
        if (p != progress::more || used == bytes.size()) return p;
        if (step == 0 && state_ == state::head) return p;
    }
}

response_parser::progress response_parser::end_of_stream()
{
    if (state_ != state::body_until_close) return progress::more;
    keep_alive_ = false;
    state_ = state::done;
    return progress::complete;
}

response_parser::progress response_parser::read_head(std::string_view bytes, std::size_t& used)
{
    if (head_.empty()) {
        const std::size_t end = bytes.find("\r\n\r\n");
        if (end != std::string_view::npos && end <= head_bytes_max) {
            used = end + 4;
            return parse_head(bytes.substr(0, end + 2));
        }
    }
    // Garbage is told at the first byte instead of after 16 KiB of it.
    constexpr std::string_view start_text = "HTTP/";
    const std::size_t before = head_.size();
    const std::size_t room = head_bytes_max + 4 - before;
    head_.append(bytes.substr(0, room));
    const std::size_t seen = std::min(head_.size(), start_text.size());
    if (std::string_view(head_).substr(0, seen) != start_text.substr(0, seen)) {
        return fail("the answer does not start with HTTP/");
    }
    const std::size_t end = head_.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) {
        used = std::min(bytes.size(), room);
        return bytes.size() >= room ? fail("the head of the answer is longer than 16 KiB")
                                    : progress::more;
    }
    used = end + 4 - before;
    const std::string head = std::move(head_);
    head_.clear();
    return parse_head(std::string_view(head).substr(0, end + 2));
}

response_parser::progress response_parser::parse_head(std::string_view head)
{
    chunked_ = other_coding_ = has_length_ = connection_close_ = connection_keep_alive_ = false;
    length_ = 0;
    retry_after_.clear();
    location_.clear();
    fields_.clear();
    bool first = true;
    while (!head.empty()) {
        const std::size_t end = head.find("\r\n");
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(end + 2);
        if (first ? !parse_status_line(line) : !parse_field(line)) return progress::malformed;
        first = false;
    }
    if (status_ >= 100 && status_ < 200 && status_ != 101) {
        if (++interim_ > interim_max) {
            problem_ = "more than ten interim answers";
            return progress::interim_flood;
        }
        status_ = 0;
        return progress::more;
    }
    return choose_body();
}

bool response_parser::parse_status_line(std::string_view line)
{
    const auto wrong = [this](std::string_view what) {
        problem_ = what;
        return false;
    };
    if (!line.starts_with("HTTP/1.") || line.size() < 12 || (line[7] != '0' && line[7] != '1') ||
        line[8] != ' ') {
        return wrong("the status line is not HTTP/1.1");
    }
    const int a = digit(line[9]);
    const int b = digit(line[10]);
    const int c = digit(line[11]);
    if (a < 0 || b < 0 || c < 0 || (line.size() > 12 && line[12] != ' ')) {
        return wrong("the status is not a number of three digits");
    }
    if (has_control_byte(line)) return wrong("the status line holds control bytes");
    http_1_0_ = line[7] == '0';
    status_ = a * 100 + b * 10 + c;
    return true;
}

bool response_parser::parse_field(std::string_view line)
{
    const auto wrong = [this](std::string_view what) {
        problem_ = what;
        return false;
    };
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return wrong("a header line of the answer has no valid name");
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (has_control_byte(value)) return wrong("a header of the answer holds control bytes");
    if (keeps_fields_) fields_.emplace_back(lower_case(name), value);
    // The length of the name tells nearly all headers apart without comparing letters.
    switch (name.size()) {
        case 8:
            if (equal_ignoring_case(name, "location")) location_ = value;
            break;
        case 10:
            if (equal_ignoring_case(name, "connection")) {
                for_each_element(value, [this](std::string_view option) {
                    if (equal_ignoring_case(option, "close")) connection_close_ = true;
                    if (equal_ignoring_case(option, "keep-alive")) connection_keep_alive_ = true;
                });
            }
            break;
        case 11:
            if (equal_ignoring_case(name, "retry-after")) retry_after_ = value.substr(0, 64);
            break;
        case 14:
            if (equal_ignoring_case(name, "content-length")) return parse_length(value);
            break;
        case 17:
            if (equal_ignoring_case(name, "transfer-encoding")) {
                if (chunked_ || other_coding_ || !equal_ignoring_case(value, "chunked")) {
                    other_coding_ = true;
                } else {
                    chunked_ = true;
                }
            }
            break;
        default:
            break;
    }
    return true;
}

bool response_parser::parse_length(std::string_view value)
{
    std::uint64_t length = 0;
    bool fine = !value.empty() && value.size() <= 16;
    for (char c : value) {
        const int d = digit(c);
        fine = fine && d >= 0;
        length = length * 10 + static_cast<std::uint64_t>(d < 0 ? 0 : d);
    }
    if (!fine || length > length_max || (has_length_ && length != length_)) {
        problem_ = "the content-length of the answer is no number or contradicts itself";
        return false;
    }
    has_length_ = true;
    length_ = length;
    return true;
}

response_parser::progress response_parser::choose_body()
{
    if (other_coding_) return fail("the transfer-encoding of the answer is not `chunked`");
    keep_alive_ = http_1_0_ ? connection_keep_alive_ && !connection_close_ : !connection_close_;
    // Both framings at once is how answers are smuggled: read by the chunks, then close.
    if (chunked_ && (has_length_ || http_1_0_)) keep_alive_ = false;
    const bool bodyless = !expects_body_ || status_ == 204 || status_ == 304 || status_ == 101;
    if (bodyless || (!chunked_ && has_length_ && length_ == 0)) {
        if (status_ == 101) keep_alive_ = false;
        state_ = state::done;
        return progress::complete;
    }
    if (chunked_) {
        state_ = state::chunk_size;
    } else if (has_length_) {
        left_ = length_;
        state_ = state::body_length;
    } else {
        keep_alive_ = false;
        state_ = state::body_until_close;
    }
    return progress::more;
}

response_parser::progress response_parser::read_chunked(std::string_view bytes, std::size_t& used)
{
    if (state_ == state::chunk_data) {
        const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
        keep(bytes.substr(0, take));
        used = take;
        left_ -= take;
        if (read_ > read_max_) return cut();
        if (left_ == 0) state_ = state::chunk_end;
        return progress::more;
    }
    if (!take_line(bytes, used)) {
        const bool too_long =
            head_.size() > (state_ == state::trailer ? head_bytes_max : chunk_line_bytes_max);
        return too_long ? fail("a chunk line of the answer is too long") : progress::more;
    }
    switch (state_) {
        case state::chunk_size:
            if (!parse_chunk_size()) return fail("a chunk size of the answer is not a number");
            state_ = left_ == 0 ? state::trailer : state::chunk_data;
            break;
        case state::chunk_end:
            if (!head_.empty()) return fail("a chunk of the answer is longer than it says");
            state_ = state::chunk_size;
            break;
        default:
            trailer_bytes_ += head_.size();
            if (trailer_bytes_ > head_bytes_max)
                return fail("the trailer of the answer is too long");
            if (head_.empty()) {
                state_ = state::done;
                return progress::complete;
            }
            break;
    }
    head_.clear();
    return progress::more;
}

/// Collects into head_ until a line end, which is left out. False: more bytes are needed.
bool response_parser::take_line(std::string_view bytes, std::size_t& used)
{
    const std::size_t feed = bytes.find('\n');
    if (feed == std::string_view::npos) {
        used = bytes.size();
        head_.append(bytes.substr(0, head_bytes_max + 1 - std::min(head_.size(), head_bytes_max)));
        return false;
    }
    used = feed + 1;
    head_.append(bytes.substr(0, feed));
    if (head_.empty() || head_.back() != '\r') {
        // A bare line feed never ends a line here; the text can't be a size or an empty line.
        head_.push_back('\n');
        return true;
    }
    head_.pop_back();
    return true;
}

bool response_parser::parse_chunk_size()
{
    const std::string_view line(head_);
    if (line.size() > chunk_line_bytes_max || has_control_byte(line)) return false;
    const std::string_view size = trimmed(line.substr(0, line.find(';')));
    if (size.empty() || size.size() > 12) return false;
    left_ = 0;
    for (char c : size) {
        int value = digit(c);
        if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
        if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
        if (value < 0) return false;
        left_ = left_ * 16 + static_cast<std::uint64_t>(value);
    }
    return true;
}

void response_parser::keep(std::string_view bytes)
{
    read_ += bytes.size();
    if (body_.size() < keep_max_) body_.append(bytes.substr(0, keep_max_ - body_.size()));
}

response_parser::progress response_parser::fail(std::string_view problem)
{
    problem_ = problem;
    keep_alive_ = false;
    return progress::malformed;
}

response_parser::progress response_parser::cut()
{
    body_cut_ = true;
    keep_alive_ = false;
    state_ = state::done;
    return progress::complete;
}

}  // namespace sluice::actions
