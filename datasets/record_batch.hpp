#pragma once
// A run of consecutive records of one partition: the unit that is stored, read, cached and shared.
// The stored form is described in FORMAT.md.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.hpp"
#include "datasets/event_record.hpp"

namespace sluice::datasets {

/// Immutable and shared by lanes, exports and the cache; views of its records live as long as it
/// does.
class record_batch {
public:
    /// Takes over uncompressed record bytes (FORMAT.md, "payload") and indexes them.
    /// Fails with `log_errc::corrupt` when they are not well-formed.
    static result<std::shared_ptr<const record_batch>> from_payload(offset base,
                                                                    std::uint32_t count,
                                                                    std::string payload);

    [[nodiscard]] offset base() const noexcept { return base_; }
    /// One past the last record.
    [[nodiscard]] offset end() const noexcept { return base_ + records_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    [[nodiscard]] const record_view& at(std::size_t index) const noexcept
    {
        return records_[index];
    }
    [[nodiscard]] std::span<const record_view> records() const noexcept { return records_; }
    [[nodiscard]] std::size_t memory_bytes() const noexcept;

private:
    offset base_;
    std::string payload_;
    std::vector<record_view> records_;
};

}  // namespace sluice::datasets
