#include "actions/auth/credential.hpp"

#include <algorithm>

namespace sluice::actions {

void header_lines::add(std::string_view name, std::string_view value)
{
    text.append(name).append(": ").append(value).append("\r\n");
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    names.push_back(std::move(lower));
}

result<std::unique_ptr<credential>> make_credential(const config::auth_settings& settings)
{
    switch (settings.kind) {
        case config::auth_kind::none:
            return std::unique_ptr<credential>{};
        case config::auth_kind::basic:
            return make_basic_credential(settings);
        case config::auth_kind::bearer:
            return make_bearer_credential(settings);
        case config::auth_kind::api_key:
            return make_api_key_credential(settings);
    }
    return std::unique_ptr<credential>{};
}

}  // namespace sluice::actions
