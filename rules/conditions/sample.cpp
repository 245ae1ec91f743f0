#include "rules/conditions/sample.hpp"

#include <openssl/evp.h>

#include <array>
#include <cmath>
#include <cstdint>

namespace sluice::rules {

struct sampler::digest {
    EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();

    digest() = default;
    digest(const digest&) = delete;
    digest& operator=(const digest&) = delete;
    ~digest()
    {
        EVP_MD_CTX_free(context);
        EVP_MD_free(sha256);
    }
};

sampler::sampler() : digest_(std::make_unique<digest>()) {}
sampler::~sampler() = default;

double sampler::fraction(std::string_view rule, std::string_view text)
{
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
    constexpr char zero = 0;
    unsigned length = 0;
    EVP_DigestInit_ex2(digest_->context, digest_->sha256, nullptr);
    EVP_DigestUpdate(digest_->context, rule.data(), rule.size());
    EVP_DigestUpdate(digest_->context, &zero, 1);
    EVP_DigestUpdate(digest_->context, text.data(), text.size());
    EVP_DigestFinal_ex(digest_->context, bytes.data(), &length);
    std::uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8U | bytes[static_cast<std::size_t>(i)];
    // The upper 53 bits, so that the largest fraction stays below 1.
    return std::ldexp(static_cast<double>(number >> 11U), -53);
}

}  // namespace sluice::rules
