#pragma once
// A rendered JSON body as a list of its leaves, for explain. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace sluice::rules {

struct body_field {
    std::string path;   ///< `customer.id`, `lines[0].sku`
    std::string value;  ///< as JSON, byte for byte as in the body
};

/// Empty when the body is no JSON object or list.
[[nodiscard]] std::vector<body_field> fields_of_body(std::string_view body);

}  // namespace sluice::rules
