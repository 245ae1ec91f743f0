#include "gateway/http/response_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::gateway {
namespace {

constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_number(std::string& out, std::uint64_t number)
{
    std::array<char, 20> digits{};
    const auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    static_cast<void>(ec);
    out.append(digits.data(), end);
}

/// An endpoint may have copied a value from a request: nothing in it may end the line.
bool is_safe(std::string_view text) noexcept
{
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void append_field(std::string& out, std::string_view name, std::string_view value)
{
    if (!is_safe(name) || !is_safe(value)) return;
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view date_cache::text(std::time_t now)
{
    if (now != second_) {
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        text_ = fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
                            days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                            months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                            parts.tm_hour, parts.tm_min, parts.tm_sec);
        second_ = now;
    }
    return text_;
}

std::string_view reason_phrase(int status) noexcept
{
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 207:
            return "Multi-Status";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 503:
            return "Service Unavailable";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return status < 400 ? "OK" : "Error";
    }
}

void append_response(std::string& out, const http_response& response,
                     const response_options& options)
{
    const bool may_have_body = response.status != 204 && response.status != 304;
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::uint64_t>(response.status));
    out.push_back(' ');
    out.append(reason_phrase(response.status))
        .append("\r\nDate: ")
        .append(options.date)
        .append("\r\n");
    if (may_have_body) {
        if (!response.body.empty()) append_field(out, "Content-Type", response.content_type);
        out.append("Content-Length: ");
        append_number(out, response.body.size());
        out.append("\r\n");
    }
    if (!options.request_id.empty()) append_field(out, "X-Request-Id", options.request_id);
    out.append("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    for (const auto& [name, value] : response.headers) append_field(out, name, value);
    if (!options.keeps_alive) {
        out.append("Connection: close\r\n");
    } else if (options.is_http_1_0) {
        out.append("Connection: keep-alive\r\n");
    }
    out.append("\r\n");
    if (may_have_body && options.has_body) out.append(response.body);
}

}  // namespace sluice::gateway
