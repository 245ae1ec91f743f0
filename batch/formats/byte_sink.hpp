#pragma once
// Where encoded bytes go. Implemented by storage, digests and tests.

#include <string_view>

#include "config/result.hpp"

namespace sluice::batch {

class byte_sink {
public:
    virtual ~byte_sink() = default;
    virtual result<void> write(std::string_view bytes) = 0;
};

}  // namespace sluice::batch
