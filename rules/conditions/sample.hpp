#pragma once
// Which events a `sample` takes: decided by a hash of the rule and a text, so that a user always
// falls on the same side. One hasher per thread; it allocates only when made.

#include <memory>
#include <string_view>

namespace sluice::rules {

class sampler {
public:
    sampler();
    ~sampler();
    sampler(const sampler&) = delete;
    sampler& operator=(const sampler&) = delete;

    /// First 8 bytes of SHA-256(rule, 0x00, text) as a fraction of 2^64, from 0 to below 1.
    [[nodiscard]] double fraction(std::string_view rule, std::string_view text);

private:
    struct digest;
    std::unique_ptr<digest> digest_;
};

}  // namespace sluice::rules
