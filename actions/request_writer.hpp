#pragma once
// Turns an outgoing_request into the bytes of one HTTP/1.1 request. All that doesn't change from
// event to event (host, configured headers, credentials) is laid out once when the destination is
// made. Lives on the destination's thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actions/auth/credential.hpp"
#include "actions/auth/signature.hpp"
#include "actions/destination.hpp"
#include "actions/http/url.hpp"
#include "config/clock.hpp"
#include "config/result.hpp"
#include "config/secret_string.hpp"

namespace sluice::actions {

class request_writer {
public:
    [[nodiscard]] static result<request_writer> make(const config::destination_settings& settings,
                                                     const url& to);

    /// Why this request can't be put on the wire; nothing when it can.
    [[nodiscard]] std::optional<std::string> check(const outgoing_request& request) const;
    /// Appends head and body. `request` has passed check().
    void write(const outgoing_request& request, wall_time now, std::string& out) const;
    /// The same for people, with every secret as `***`.
    [[nodiscard]] std::string describe(const outgoing_request& request, wall_time now) const;

private:
    request_writer(const url& to, signature signing);
    [[nodiscard]] bool is_set_here(std::string_view name) const noexcept;
    void write_target(std::string_view path, std::string& out) const;
    void write_headers(const outgoing_request& request, wall_time now, std::string_view fixed,
                       bool masked, std::string& out) const;

    url to_;
    signature signing_;
    secret_string fixed_;  ///< `host`, configured headers, credentials
    std::string fixed_masked_;
    std::vector<std::string> names_;  ///< of the lines in fixed_, lower case
};

}  // namespace sluice::actions
