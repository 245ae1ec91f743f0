#include "actions/request_writer.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>

#include "actions/http/header_guard.hpp"

namespace sluice::actions {
namespace {

constexpr std::string_view user_agent = "sluice/" SLUICE_VERSION;
constexpr std::string_view default_method = "POST";

void append_number(std::string& out, std::uint64_t value)
{
    char digits[20];
    const auto [end, ec] = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, static_cast<std::size_t>(end - digits));
}

/// Ids come from clients: bytes that can't stand in a header are percent-encoded, the same on every
/// attempt.
void append_id(std::string& out, std::string_view id)
{
    constexpr char hex[] = "0123456789ABCDEF";
    for (char c : id) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7f && c != '%') {
            out.push_back(c);
        } else {
            out.append({'%', hex[byte >> 4], hex[byte & 15]});
        }
    }
}

}  // namespace

request_writer::request_writer(const url& to, signature signing)
    : to_(to), signing_(std::move(signing))
{
}

result<request_writer> request_writer::make(const config::destination_settings& settings,
                                            const url& to)
{
    auto signing = signature::make(settings.signing);
    if (!signing) return signing.error();
    auto auth = make_credential(settings.auth);
    if (!auth) return auth.error();

    request_writer made(to, std::move(*signing));
    header_lines real;
    header_lines masked;
    for (const auto& [name, value] : settings.headers) {
        if (!is_token(name) || is_reserved_header(name) || !is_header_value(value.reveal()) ||
            value.reveal().size() > header_value_bytes_max) {
            return failure{
                make_error_code(boost::system::errc::invalid_argument),
                fmt::format("`headers.{}` can't be sent: the name is reserved or no header "
                            "name, or the value holds a line break or control character",
                            name)};
        }
        real.add(name, value.reveal());
        masked.add(name, "***");
    }
    if (*auth) {
        (*auth)->apply(real);
        (*auth)->apply_masked(masked);
    }
    const std::string host = fmt::format("host: {}\r\n", to.authority());
    made.fixed_ = secret_string(host + real.text);
    OPENSSL_cleanse(real.text.data(), real.text.size());
    made.fixed_masked_ = host + masked.text;
    made.names_ = std::move(real.names);
    return made;
}

bool request_writer::is_set_here(std::string_view name) const noexcept
{
    return std::any_of(names_.begin(), names_.end(),
                       [&](const std::string& ours) { return equal_ignoring_case(ours, name); });
}

std::optional<std::string> request_writer::check(const outgoing_request& request) const
{
    if (!request.method.empty() && !is_token(request.method)) {
        return "the method of the rule is not a token such as POST";
    }
    if (request.path.size() + to_.path.size() + to_.query.size() > url_bytes_max) {
        return fmt::format("the path of the rule makes a URL longer than {} bytes", url_bytes_max);
    }
    if (!is_request_target(request.path)) {
        return "the path of the rule holds spaces, `#`, a backslash, control or non-ASCII "
               "characters; "
               "percent-encode its parts";
    }
    if (!is_header_value(request.content_type)) {
        return "the content type of the rule holds a control character or a line break";
    }
    if (request.webhook_id.size() * 3 > header_value_bytes_max) {
        return "the event id is too long for a header";
    }
    if (request.headers != nullptr) {
        for (const auto& [name, value] : *request.headers) {
            if (auto problem = check_rule_header(name, value)) return problem;
        }
    }
    return std::nullopt;
}

void request_writer::write(const outgoing_request& request, wall_time now, std::string& out) const
{
    out.reserve(out.size() + 512 + fixed_.reveal().size() + request.path.size() +
                request.body.size());
    out.append(request.method.empty() ? default_method : request.method).push_back(' ');
    write_target(request.path, out);
    out.append(" HTTP/1.1\r\n");
    write_headers(request, now, fixed_.reveal(), false, out);
    out.append("\r\n").append(request.body);
}

std::string request_writer::describe(const outgoing_request& request, wall_time now) const
{
    std::string text(request.method.empty() ? default_method : request.method);
    text.append(to_.tls ? " https://" : " http://").append(to_.authority());
    // A query of the configuration may hold a key.
    if (to_.query.empty()) {
        write_target(request.path, text);
    } else {
        url masked = to_;
        masked.query = "***";
        request_writer copy(masked, signature{});
        copy.write_target(request.path, text);
    }
    text.append("\r\n");
    write_headers(request, now, fixed_masked_, true, text);
    text.append("\r\n").append(request.body);
    std::erase(text, '\r');
    return text;
}

/// The destination's own path, the rule's path behind it, then both queries.
void request_writer::write_target(std::string_view path, std::string& out) const
{
    const std::size_t question = path.find('?');
    const std::string_view tail = path.substr(0, question);
    const std::string_view query =
        question == std::string_view::npos ? std::string_view{} : path.substr(question + 1);
    std::string_view base = to_.path;
    if (!tail.empty()) {
        if (base.ends_with('/')) base.remove_suffix(1);
        out.append(base);
        if (!tail.starts_with('/')) out.push_back('/');
        out.append(tail);
    } else {
        out.append(base);
    }
    if (to_.query.empty() && query.empty()) return;
    out.append("?").append(to_.query);
    if (!to_.query.empty() && !query.empty()) out.push_back('&');
    out.append(query);
}

void request_writer::write_headers(const outgoing_request& request, wall_time now,
                                   std::string_view fixed, bool masked, std::string& out) const
{
    out.append(fixed);
    bool has_agent = is_set_here("user-agent");
    bool has_type = is_set_here("content-type");
    if (request.headers != nullptr) {
        for (const auto& [name, value] : *request.headers) {
            // What the operator configured can't be replaced by what a rule makes from an event.
            if (is_set_here(name)) continue;
            has_agent = has_agent || equal_ignoring_case(name, "user-agent");
            has_type = has_type || equal_ignoring_case(name, "content-type");
            out.append(name).append(": ").append(value).append("\r\n");
        }
    }
    if (!has_agent) out.append("user-agent: ").append(user_agent).append("\r\n");
    if (!has_type && !request.content_type.empty()) {
        out.append("content-type: ").append(request.content_type).append("\r\n");
    }
    const bool bodyless_method = request.method == "GET" || request.method == "HEAD" ||
                                 request.method == "DELETE" || request.method == "OPTIONS";
    if (!request.body.empty() || !bodyless_method) {
        out.append("content-length: ");
        append_number(out, request.body.size());
        out.append("\r\n");
    }
    out.append("webhook-id: ");
    const std::size_t id_at = out.size();
    append_id(out, request.webhook_id);
    const std::size_t id_size = out.size() - id_at;
    out.append("\r\nwebhook-timestamp: ");
    const std::size_t stamp_at = out.size();
    append_number(out,
                  static_cast<std::uint64_t>(
                      std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()));
    const std::size_t stamp_size = out.size() - stamp_at;
    out.append("\r\n");
    if (!signing_.enabled()) return;
    if (masked) {
        out.append("webhook-signature: ***\r\n");
        return;
    }
    // Views into `out` would move while it grows, so the signature is made aside.
    std::string text;
    signing_.append_to(text, std::string_view(out).substr(id_at, id_size),
                       std::string_view(out).substr(stamp_at, stamp_size), request.body);
    out.append("webhook-signature: ").append(text).append("\r\n");
}

}  // namespace sluice::actions
