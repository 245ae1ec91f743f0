#include "gateway/http/message.hpp"

#include "gateway/http/ascii.hpp"

namespace sluice::gateway {

std::string_view http_request::header(std::string_view name) const noexcept
{
    for (const auto& field : headers) {
        if (equals_ignoring_case(field.name, name)) return field.value;
    }
    return {};
}

std::string http_request::query_parameter(std::string_view name) const
{
    std::string_view rest = query;
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const auto pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        const auto equals = pair.find('=');
        if (percent_decoded(pair.substr(0, equals)) != name) continue;
        if (equals == std::string_view::npos) return {};
        return percent_decoded(pair.substr(equals + 1));
    }
    return {};
}

}  // namespace sluice::gateway
