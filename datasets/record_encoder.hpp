#pragma once
// Appends records to a payload (FORMAT.md, section 3). Stateless; the caller owns the buffer.

#include <string>

#include "datasets/event_record.hpp"

namespace sluice::datasets {

/// What encode_record will append, exactly.
[[nodiscard]] std::size_t encoded_size(const new_record& record) noexcept;
void encode_record(std::string& payload, const new_record& record);

}  // namespace sluice::datasets
