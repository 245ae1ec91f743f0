#pragma once
// One encoding of rows into files. An object serves one run: files are written one after the other
// on the run's thread, and what a format learns on the way (the columns) goes from file to file.
// What it has learnt is stored with the run, so a repeated run writes the same bytes.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "batch/formats/byte_sink.hpp"
#include "config/named_type.hpp"
#include "config/result.hpp"
#include "config/settings_exports.hpp"
#include "datasets/record_batch.hpp"

namespace sluice::batch {

/// Consecutive records of one partition; which ones are in a group follows from the settings and
/// the records alone, never from how the log hands them out.
struct row_group {
    partition_id partition;
    std::vector<const datasets::record_view*> rows;
    std::vector<std::shared_ptr<const datasets::record_batch>> owners;  ///< keep the rows alive
    std::uint64_t content_bytes = 0;
};

enum class group_outcome : std::uint8_t {
    written,
    restart,  ///< new columns were found after the file had begun: write it again from its first
              ///< row
};

class file_format {
public:
    virtual ~file_format() = default;

    virtual result<void> open_file(byte_sink& sink) = 0;
    /// With `is_last_try` it never asks for a restart: what has no column yet waits for the next
    /// file.
    virtual result<group_outcome> write_group(const row_group& group, bool is_last_try) = 0;
    virtual result<void> close_file() = 0;
    /// Forgets a file that will not be finished.
    virtual void abandon_file() = 0;

    /// What was learnt so far, for the next file, run or process; empty when there is nothing to
    /// learn.
    [[nodiscard]] virtual std::string state() const { return {}; }
    /// Names the columns of the file that was closed last; empty for formats without columns.
    [[nodiscard]] virtual std::string schema_id() const { return {}; }
};

/// `state` is what an earlier object of the same export returned, or empty.
[[nodiscard]] result<std::unique_ptr<file_format>> make_format(
    const config::export_settings& settings, const std::string& state);

}  // namespace sluice::batch
