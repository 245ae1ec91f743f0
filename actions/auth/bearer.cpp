// A fixed bearer token.

#include "actions/auth/credential.hpp"
#include "actions/http/header_guard.hpp"

namespace sluice::actions {
namespace {

class bearer_credential final : public credential {
public:
    explicit bearer_credential(const secret_string& token)
        : value_("Bearer " + std::string(token.reveal()))
    {
    }
    void apply(header_lines& headers) const override
    {
        headers.add("authorization", value_.reveal());
    }
    void apply_masked(header_lines& headers) const override
    {
        headers.add("authorization", "Bearer ***");
    }

private:
    secret_string value_;
};

}  // namespace

result<std::unique_ptr<credential>> make_bearer_credential(const config::auth_settings& settings)
{
    if (settings.token.empty() || !is_header_value(settings.token.reveal())) {
        return failure{
            make_error_code(boost::system::errc::invalid_argument),
            "`auth.token` must be set and hold no line break or control character; a file "
            "that ends in a line break is the usual cause"};
    }
    return std::make_unique<bearer_credential>(settings.token);
}

}  // namespace sluice::actions
