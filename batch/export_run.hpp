#pragma once
// Obeys the export machine for one run: reads the log, encodes, stores, commits. Blocking; lives on
// the stack of the thread that runs the export.

#include <atomic>
#include <functional>
#include <memory>
#include <set>

#include "batch/digest.hpp"
#include "batch/export_machine.hpp"
#include "batch/file_layout.hpp"
#include "batch/formats/file_format.hpp"
#include "batch/log_access.hpp"
#include "batch/storage/storage.hpp"

namespace sluice::batch {

/// Called before each step; returning false ends the process's part right there, as a crash would.
/// For tests.
using step_hook = std::function<bool(step_kind)>;

class export_run {
public:
    struct context {
        datasets::event_log& log;
        const clock_source& clock;
        export_stats& stats;
        const std::atomic<bool>& stop;
        export_progress progress;
        step_hook hook;
        std::set<std::string> known_runs;  ///< ids of those that the plan was made with
    };

    export_run(context with, run_document document, bool is_stored);

    /// The finished run; or why it failed, which is then stored with the run, too.
    result<flow_run> execute();

private:
    result<void> open();
    result<void> perform(step_kind step);
    result<file_written> write_file();
    /// Nothing when the file has to be begun again.
    result<std::optional<file_written>> try_file(std::unique_ptr<upload> target, bool is_last_try);
    result<void> fill_group(record_reader& from, std::uint64_t rows_left, row_group& into);
    result<void> write_manifest();
    result<void> store_document(const run_document& document);
    result<void> commit();
    /// Fails when another gateway has the export now.
    result<void> check_owner() const;
    /// Fails when the stored run is not as this process left it: another one has gone on with it.
    result<void> check_document() const;
    /// Fails, and takes the plan back, when another gateway has planned at the same time: this
    /// process may have slept between looking at the positions and storing its plan.
    result<void> check_alone();
    /// The run's document as it stands in the log; empty when there is none.
    result<std::string> load_stored() const;

    context with_;
    export_machine machine_;
    std::string stored_;  ///< the run's document as it was read or written last; empty: none
    std::optional<file_layout> layout_;
    std::unique_ptr<storage> storage_;
    std::unique_ptr<file_format> format_;
};

}  // namespace sluice::batch
