// A fixed key in a header of the receiver's choice.

#include "actions/auth/credential.hpp"
#include "actions/http/header_guard.hpp"

namespace sluice::actions {
namespace {

class api_key_credential final : public credential {
public:
    explicit api_key_credential(const config::auth_settings& settings)
        : header_(settings.header), key_(settings.key)
    {
    }
    void apply(header_lines& headers) const override { headers.add(header_, key_.reveal()); }
    void apply_masked(header_lines& headers) const override { headers.add(header_, "***"); }

private:
    std::string header_;
    secret_string key_;
};

}  // namespace

result<std::unique_ptr<credential>> make_api_key_credential(const config::auth_settings& settings)
{
    const auto refuse = [](std::string message) {
        return failure{make_error_code(boost::system::errc::invalid_argument), std::move(message)};
    };
    if (!is_token(settings.header) || is_reserved_header(settings.header)) {
        return refuse("`auth.header` is no header name that can be set; use for example x-api-key");
    }
    if (settings.key.empty() || !is_header_value(settings.key.reveal())) {
        return refuse(
            "`auth.key` must be set and hold no line break or control character; a file that "
            "ends in a line break is the usual cause");
    }
    return std::make_unique<api_key_credential>(settings);
}

}  // namespace sluice::actions
