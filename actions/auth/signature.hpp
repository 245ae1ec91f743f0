#pragma once
// Standard Webhooks signature: HMAC-SHA256 over `id.timestamp.body`, one value per secret, so that
// a key can be rotated without a gap. Keys are expanded once; signing allocates one small context
// per secret.

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.hpp"
#include "config/settings_destinations.hpp"

namespace sluice::actions {

class signature {
public:
    /// Fails when a secret is not `whsec_` and base64 of 24 to 64 bytes.
    [[nodiscard]] static result<signature> make(const config::signing_settings& settings);

    [[nodiscard]] bool enabled() const noexcept { return !keys_.empty(); }
    /// Appends `v1,…` for every secret, separated by spaces.
    void append_to(std::string& out, std::string_view id, std::string_view timestamp,
                   std::string_view body) const;

private:
    struct free_context {
        void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
    };
    using keyed = std::unique_ptr<EVP_MAC_CTX, free_context>;
    std::vector<keyed> keys_;
};

}  // namespace sluice::actions
