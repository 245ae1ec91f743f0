#pragma once
// Proves to a destination who we are. One file per kind; all of them do the same thing: apply()
// writes the header lines they need. A new kind is one file pair, one line in make_credential and
// its settings.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/result.hpp"
#include "config/settings_destinations.hpp"

namespace sluice::actions {

/// Header lines of a request under construction. Holds secrets: never logged, cleansed by its
/// owner.
struct header_lines {
    std::string text;                ///< `name: value CR LF` each
    std::vector<std::string> names;  ///< lower case, so that a rule can't send a second one

    void add(std::string_view name, std::string_view value);
};

class credential {
public:
    virtual ~credential() = default;
    virtual void apply(header_lines& headers) const = 0;
    /// The same lines with `***` in place of the secret.
    virtual void apply_masked(header_lines& headers) const = 0;
};

[[nodiscard]] result<std::unique_ptr<credential>> make_basic_credential(
    const config::auth_settings& settings);
[[nodiscard]] result<std::unique_ptr<credential>> make_bearer_credential(
    const config::auth_settings& settings);
[[nodiscard]] result<std::unique_ptr<credential>> make_api_key_credential(
    const config::auth_settings& settings);

/// Null for `none`. Fails when a value is missing or can't stand in a header.
[[nodiscard]] result<std::unique_ptr<credential>> make_credential(
    const config::auth_settings& settings);

}  // namespace sluice::actions
