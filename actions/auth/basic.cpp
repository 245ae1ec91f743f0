// HTTP Basic: user name and password in base64.

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "actions/auth/credential.hpp"
#include "actions/http/header_guard.hpp"

namespace sluice::actions {
namespace {

class basic_credential final : public credential {
public:
    explicit basic_credential(const config::auth_settings& settings)
    {
        std::string plain = settings.username + ":";
        plain += settings.password.reveal();
        std::string coded(4 * ((plain.size() + 2) / 3) + 1, '\0');
        const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                           reinterpret_cast<const unsigned char*>(plain.data()),
                                           static_cast<int>(plain.size()));
        coded.resize(static_cast<std::size_t>(length));
        OPENSSL_cleanse(plain.data(), plain.size());
        value_ = secret_string("Basic " + coded);
        OPENSSL_cleanse(coded.data(), coded.size());
    }
    void apply(header_lines& headers) const override
    {
        headers.add("authorization", value_.reveal());
    }
    void apply_masked(header_lines& headers) const override
    {
        headers.add("authorization", "Basic ***");
    }

private:
    secret_string value_;
};

}  // namespace

result<std::unique_ptr<credential>> make_basic_credential(const config::auth_settings& settings)
{
    if (settings.username.find(':') != std::string::npos || settings.username.empty() ||
        !is_header_value(settings.username)) {
        return failure{make_error_code(boost::system::errc::invalid_argument),
                       "`auth.username` must be set and hold neither `:` nor control characters"};
    }
    return std::make_unique<basic_credential>(settings);
}

}  // namespace sluice::actions
