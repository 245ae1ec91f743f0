#include "gateway/admin/operation_support.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "config/time_text.hpp"
#include "datasets/log_error.hpp"

namespace sluice::gateway {

using nlohmann::json;

namespace {

std::string dump(const json& j)
{
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string_view title_of(int status)
{
    switch (status) {
        case 400:
            return "Bad Request";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 409:
            return "Conflict";
        default:
            return "Service Unavailable";
    }
}

}  // namespace

std::optional<std::string> parameters::text(std::string_view name) const
{
    const auto found = query_.find(name);
    if (found == query_.end()) return std::nullopt;
    return found->second;
}

bool parameters::flag(std::string_view name) const
{
    const auto given = text(name);
    return given && *given != "0" && *given != "false";
}

std::optional<std::uint64_t> parameters::number(std::string_view name)
{
    const auto given = text(name);
    if (!given) return std::nullopt;
    std::uint64_t n = 0;
    const auto end = given->data() + given->size();
    const auto parsed = std::from_chars(given->data(), end, n);
    if (parsed.ec == std::errc{} && parsed.ptr == end) return n;
    problem_ = fmt::format("{} must be a whole number, not '{}'", name, *given);
    return std::nullopt;
}

std::optional<wall_time> parameters::time(std::string_view name)
{
    const auto given = text(name);
    if (!given) return std::nullopt;
    if (auto t = parse_time(*given)) return t;
    problem_ =
        fmt::format("{} must be a time such as 2026-01-31T12:00:00Z, not '{}'", name, *given);
    return std::nullopt;
}

std::shared_ptr<rules::json_expression> parameters::condition(std::string_view name)
{
    const auto given = text(name);
    if (!given) return nullptr;
    auto compiled = rules::json_expression::compile(*given, "event", true);
    if (compiled.has_value()) return std::move(*compiled);
    problem_ = fmt::format("{}: {}", name, compiled.error().message);
    return nullptr;
}

operation_result json_answer(const json& j)
{
    return {200, "application/json", dump(j)};
}

operation_result log_problem(const failure& f)
{
    using datasets::log_errc;
    const bool is_request = f.code == make_error_code(log_errc::bad_request) ||
                            f.code == make_error_code(log_errc::unsupported);
    return operation_problem(is_request ? 400 : 503, f.message);
}

void append_with_raw(std::string& out, const json& head, std::string_view member,
                     std::string_view stored)
{
    out += dump(head);
    out.pop_back();
    if (!head.empty()) out += ',';
    out += '"';
    out += member;
    out += "\":";
    const auto begin = static_cast<std::ptrdiff_t>(out.size());
    out += stored.empty() ? std::string_view("null") : stored;
    // line ends in JSON are only ever space between its parts: as spaces a record stays one line
    std::replace_if(
        out.begin() + begin, out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    out += '}';
}

operation_result operation_problem(int status, std::string_view detail)
{
    return {status, "application/problem+json",
            dump({{"type", "about:blank"},
                  {"title", title_of(status)},
                  {"status", status},
                  {"detail", detail}})};
}

}  // namespace sluice::gateway
