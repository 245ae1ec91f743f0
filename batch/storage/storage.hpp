#pragma once
// The place that receives exported files. A file appears under its name complete or not at all, and
// `publish` returns only when it would survive a power cut. Used from one thread at a time.

#include <memory>
#include <string>

#include "batch/formats/byte_sink.hpp"
#include "config/result.hpp"
#include "config/settings_exports.hpp"

namespace sluice::batch {

/// A file that is being written. Destroyed without publish(), it leaves nothing behind.
class upload : public byte_sink {
public:
    /// Makes the file visible as `path` (relative, checked by file_layout); an existing one is
    /// replaced.
    virtual result<void> publish(const std::string& path) = 0;
};

class storage {
public:
    virtual ~storage() = default;
    /// `scratch_name` is deterministic per run, so what a crash left is overwritten by the
    /// repetition.
    virtual result<std::unique_ptr<upload>> begin(const std::string& scratch_name) = 0;
};

[[nodiscard]] result<std::unique_ptr<storage>> open_storage(
    const config::export_settings& settings);

}  // namespace sluice::batch
