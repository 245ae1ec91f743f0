#include "actions/auth/signature.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include <array>

namespace sluice::actions {
namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::size_t key_bytes_min = 24;
constexpr std::size_t key_bytes_max = 64;

/// Empty when it isn't canonical base64 of a fitting length.
std::string decode_key(std::string_view text)
{
    if (!text.starts_with(prefix)) return {};
    text.remove_prefix(prefix.size());
    if (text.empty() || text.size() % 4 != 0 || text.size() > 4 * key_bytes_max) return {};
    std::string key(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return {};
    std::size_t bytes = static_cast<std::size_t>(length);
    for (std::size_t i = text.size(); i > text.size() - 2 && text[i - 1] == '='; --i) --bytes;
    key.resize(bytes);
    return bytes < key_bytes_min || bytes > key_bytes_max ? std::string{} : key;
}

void update(EVP_MAC_CTX* context, std::string_view bytes)
{
    EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

}  // namespace

result<signature> signature::make(const config::signing_settings& settings)
{
    signature made;
    EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> owner(mac, &EVP_MAC_free);
    for (std::size_t i = 0; i < settings.secrets.size(); ++i) {
        std::string key = decode_key(settings.secrets[i].reveal());
        if (key.empty()) {
            return failure{
                make_error_code(boost::system::errc::invalid_argument),
                fmt::format("`signing.secrets[{}]` is not `whsec_` followed by base64 of "
                            "24 to 64 bytes; make one with `openssl rand -base64 32`",
                            i)};
        }
        keyed context(EVP_MAC_CTX_new(mac));
        char digest[] = "SHA256";
        const OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
        const bool ready =
            context &&
            EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(key.data()),
                         key.size(), parameters) == 1;
        OPENSSL_cleanse(key.data(), key.size());
        if (!ready) {
            return failure{make_error_code(boost::system::errc::not_supported),
                           "OpenSSL offers no HMAC-SHA256; install its default provider"};
        }
        made.keys_.push_back(std::move(context));
    }
    return made;
}

void signature::append_to(std::string& out, std::string_view id, std::string_view timestamp,
                          std::string_view body) const
{
    bool first = true;
    for (const keyed& key : keys_) {
        const keyed context(EVP_MAC_CTX_dup(key.get()));
        if (!context) continue;
        update(context.get(), id);
        update(context.get(), ".");
        update(context.get(), timestamp);
        update(context.get(), ".");
        update(context.get(), body);
        std::array<unsigned char, 32> digest{};
        std::size_t length = 0;
        EVP_MAC_final(context.get(), digest.data(), &length, digest.size());
        std::array<unsigned char, 45> text{};
        EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
        out.append(first ? "v1," : " v1,").append(reinterpret_cast<const char*>(text.data()), 44);
        first = false;
    }
}

}  // namespace sluice::actions
