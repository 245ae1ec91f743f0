#include "gateway/commands/sink_request.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sluice::gateway {

namespace {

constexpr std::size_t header_bytes_max = 256 * 1024;
constexpr std::size_t body_bytes_max = 256u << 20;

char lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) noexcept
{
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<std::size_t> to_number(std::string_view text, int base)
{
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
    if (value > body_bytes_max) return {};
    return value;
}

/// Reads `METHOD SP TARGET SP VERSION` and the header lines. False: not HTTP.
bool read_head(std::string_view head, sink_request& into)
{
    const auto line_end = head.find("\r\n");
    const auto line = head.substr(0, line_end);
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || last == first) return false;
    into.method = line.substr(0, first);
    into.target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!version.starts_with("HTTP/1.")) return false;
    into.keep_alive = version != "HTTP/1.0";

    auto rest = line_end == std::string_view::npos ? std::string_view{} : head.substr(line_end + 2);
    while (!rest.empty()) {
        const auto end = rest.find("\r\n");
        const auto field = rest.substr(0, end);
        const auto colon = field.find(':');
        if (colon == std::string_view::npos || colon == 0) return false;
        into.headers.emplace_back(field.substr(0, colon), trimmed(field.substr(colon + 1)));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 2);
    }
    return true;
}

/// Joins the chunks behind the head into `assembled`; `used` is moved behind the last one.
sink_parse read_chunks(std::string_view buffer, sink_request& into, std::size_t& used)
{
    into.assembled.clear();
    auto at = used;
    for (;;) {
        const auto line_end = buffer.find("\r\n", at);
        if (line_end == std::string_view::npos) return sink_parse::need_more;
        auto size_text = buffer.substr(at, line_end - at);
        size_text = trimmed(size_text.substr(0, size_text.find(';')));
        const auto size = to_number(size_text, 16);
        if (!size || into.assembled.size() + *size > body_bytes_max) return sink_parse::bad;
        at = line_end + 2;
        if (*size == 0) break;
        if (buffer.size() < at + *size + 2) return sink_parse::need_more;
        into.assembled.append(buffer.substr(at, *size));
        at += *size;
        if (buffer.substr(at, 2) != "\r\n") return sink_parse::bad;
        at += 2;
    }
    // Trailer fields are skipped up to the empty line.
    for (;;) {
        const auto line_end = buffer.find("\r\n", at);
        if (line_end == std::string_view::npos) return sink_parse::need_more;
        const bool empty = line_end == at;
        at = line_end + 2;
        if (empty) break;
    }
    into.body = into.assembled;
    used = at;
    return sink_parse::complete;
}

}  // namespace

std::string_view sink_request::header(std::string_view name) const noexcept
{
    for (const auto& [key, value] : headers) {
        if (same_name(key, name)) return value;
    }
    return {};
}

sink_parse parse_sink_request(std::string_view buffer, sink_request& into, std::size_t& used)
{
    into.headers.clear();
    into.body = {};
    into.expects_continue = false;
    // Some clients send an empty line between two requests.
    const auto skipped = std::min(buffer.find_first_not_of("\r\n"), buffer.size());
    const auto head_end = buffer.find("\r\n\r\n", skipped);
    if (head_end == std::string_view::npos) {
        return buffer.size() > header_bytes_max ? sink_parse::bad : sink_parse::need_more;
    }
    if (!read_head(buffer.substr(skipped, head_end - skipped), into)) return sink_parse::bad;
    used = head_end + 4;

    if (const auto connection = into.header("connection"); !connection.empty()) {
        if (same_name(connection, "close")) into.keep_alive = false;
        if (same_name(connection, "keep-alive")) into.keep_alive = true;
    }
    into.expects_continue = same_name(into.header("expect"), "100-continue");
    if (!into.header("transfer-encoding").empty()) return read_chunks(buffer, into, used);

    const auto length_text = into.header("content-length");
    if (length_text.empty()) return sink_parse::complete;
    const auto length = to_number(length_text, 10);
    if (!length) return sink_parse::bad;
    if (buffer.size() < used + *length) return sink_parse::need_more;
    into.body = buffer.substr(used, *length);
    used += *length;
    return sink_parse::complete;
}

}  // namespace sluice::gateway
