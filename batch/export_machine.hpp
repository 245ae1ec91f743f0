#pragma once
// Decides the next step of a run; does no I/O and knows no clock. The order is the promise of the
// export: the plan is durable before the first byte, a file is published before it is recorded, the
// manifest comes after all files, and the cursor moves last, in one write with the run's outcome.
// Built from the stored document, so a process that starts after a crash at any step goes on from
// there.

#include <cstdint>
#include <string>

#include "batch/checkpoint.hpp"

namespace sluice::batch {

enum class step_kind : std::uint8_t {
    store_plan,      ///< make `document()` durable
    write_file,      ///< read [next, end) of the range, publish one file
    store_progress,  ///< make `document()` durable
    write_manifest,  ///< publish the manifest of `document().run`
    commit,          ///< one write: document, cursors at the ends of the ranges, learnt columns
    finished,
};

/// One published file. `rows` may be 0 when every record was lost: then there is no file.
struct file_written {
    exported_file file;
    offset next;             ///< where the range goes on
    std::uint64_t lost = 0;  ///< records between that were trimmed or damaged
    std::string format_state;
};

class export_machine {
public:
    /// `is_stored`: the document comes from the log, not from a fresh plan.
    export_machine(run_document document, bool is_stored);

    [[nodiscard]] step_kind next() const noexcept { return next_; }
    [[nodiscard]] const run_document& document() const noexcept { return document_; }
    /// For write_file: the range that is being written.
    [[nodiscard]] const partition_range& range() const;

    void plan_stored();
    void wrote_file(file_written what);
    void progress_stored();
    void wrote_manifest(std::string path);
    /// The document as it has to be stored with the commit.
    [[nodiscard]] run_document committed_document(wall_time now) const;
    void committed(wall_time now);
    /// The document as it has to be stored after a failure; the range stays planned.
    [[nodiscard]] run_document failed_document(wall_time now, const std::string& why) const;

private:
    void skip_finished_ranges();
    [[nodiscard]] step_kind after_progress() const;

    run_document document_;
    step_kind next_;
};

}  // namespace sluice::batch
