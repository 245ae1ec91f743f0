#include "gateway/edge/cloud_event.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <vector>

#include "gateway/http/ascii.hpp"
#include "gateway/http/problem.hpp"

namespace sluice::gateway {
namespace {

constexpr std::string_view prefix = "ce-";
constexpr std::array<std::string_view, 4> required{"specversion", "id", "type", "source"};

bool is_attribute_name(std::string_view name)
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || is_digit(c);
    });
}

/// Header values carry everything outside printable ASCII percent-encoded; a plus sign is itself.
std::string decoded_value(std::string_view value)
{
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const int high = value[i] == '%' && i + 2 < value.size() ? hex_value(value[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(value[i + 2]) : -1;
        out.push_back(low >= 0 ? static_cast<char>(high * 16 + low) : value[i]);
        if (low >= 0) i += 2;
    }
    return out;
}

std::string base64(std::string_view bytes)
{
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto part = bytes.substr(i, 3);
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            group = (group << 8) | (j < part.size() ? static_cast<unsigned char>(part[j]) : 0u);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out.push_back(j <= part.size() ? digits[(group >> (18 - 6 * j)) & 63] : '=');
        }
    }
    return out;
}

bool is_json_type(std::string_view type)
{
    const auto media = trimmed(type.substr(0, type.find(';')));
    return media.empty() || equals_ignoring_case(media, "application/json") ||
           media.ends_with("+json") || equals_ignoring_case(media, "text/json");
}

void append_data(std::string& out, std::string_view type, std::string_view body)
{
    if (body.empty()) return;
    if (is_json_type(type)) {
        out.append(",\"data\":").append(body);
    } else if (type.starts_with("text/") && simdjson::validate_utf8(body.data(), body.size())) {
        out += ",\"data\":";
        append_json_string(out, body);
    } else {
        out.append(",\"data_base64\":\"").append(base64(body)).append("\"");
    }
}

}  // namespace

bool is_binary_cloud_event(const http_request& request)
{
    return !request.header("ce-specversion").empty();
}

std::optional<cloud_event_error> build_cloud_event(const http_request& request, std::string& out)
{
    std::vector<std::string> seen;
    out = "{";
    for (const auto& field : request.headers) {
        if (field.name.size() <= prefix.size() ||
            !equals_ignoring_case(field.name.substr(0, 3), prefix))
            continue;
        std::string name;
        for (const char c : field.name.substr(prefix.size())) name.push_back(lower(c));
        if (!is_attribute_name(name) || name == "data" || name == "datacontenttype") {
            return cloud_event_error{
                "Attribute names have lower-case letters and digits only, and data is the body."};
        }
        if (out.size() > 1) out.push_back(',');
        append_json_string(out, name);
        out.push_back(':');
        append_json_string(out, decoded_value(field.value));
        seen.push_back(std::move(name));
    }
    for (const auto name : required) {
        if (std::find(seen.begin(), seen.end(), name) == seen.end()) {
            return cloud_event_error{
                "A CloudEvent needs ce-specversion, ce-id, ce-type and ce-source."};
        }
    }
    const auto type = request.header("content-type");
    if (!type.empty()) {
        out += ",\"datacontenttype\":";
        append_json_string(out, type);
    }
    append_data(out, type, request.body);
    out.push_back('}');
    return {};
}

}  // namespace sluice::gateway
