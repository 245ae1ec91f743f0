#pragma once
// A request as endpoints see it and the response they give. One thread; views last until the
// handler ends.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::gateway {

struct http_header {
    std::string_view name;   ///< as sent
    std::string_view value;  ///< without surrounding blanks
};

struct http_request {
    std::string_view method;
    std::string_view target;  ///< as sent
    std::string_view path;    ///< up to `?`, not decoded
    std::string_view query;   ///< behind `?`
    std::span<const http_header> headers;
    std::string_view body;  ///< de-chunked and decompressed
    std::string_view peer;  ///< address of the client
    std::string_view request_id;

    /// First header of that name (ASCII case ignored), or empty.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    /// First query parameter, percent-decoded, or empty.
    [[nodiscard]] std::string query_parameter(std::string_view name) const;
};

struct http_response {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool close = false;
};

}  // namespace sluice::gateway
