#include "batch/export_machine.hpp"

#include <utility>

#include "config/assert_always.hpp"

namespace sluice::batch {

export_machine::export_machine(run_document document, bool is_stored)
    : document_(std::move(document)), next_(step_kind::store_plan)
{
    if (!is_stored && !document_.ranges.empty())
        document_.progress.next = document_.ranges[0].first;
    skip_finished_ranges();
    if (is_finished(document_.run)) {
        next_ = step_kind::finished;
    } else if (is_stored) {
        document_.run.state = run_state::running;
        document_.run.error.clear();
        next_ = after_progress();
    }
}

const partition_range& export_machine::range() const
{
    assert_always(document_.progress.range < document_.ranges.size(), "a range is left");
    return document_.ranges[document_.progress.range];
}

void export_machine::skip_finished_ranges()
{
    auto& p = document_.progress;
    while (p.range < document_.ranges.size() && p.next >= document_.ranges[p.range].end) {
        ++p.range;
        if (p.range < document_.ranges.size()) p.next = document_.ranges[p.range].first;
    }
}

step_kind export_machine::after_progress() const
{
    if (document_.progress.range < document_.ranges.size()) return step_kind::write_file;
    const bool wants_manifest = document_.settings.manifest.enabled && !document_.run.files.empty();
    return wants_manifest && document_.run.manifest.empty() ? step_kind::write_manifest
                                                            : step_kind::commit;
}

void export_machine::plan_stored()
{
    assert_always(next_ == step_kind::store_plan, "the plan was due");
    document_.run.state = run_state::running;
    next_ = after_progress();
}

void export_machine::wrote_file(file_written what)
{
    assert_always(next_ == step_kind::write_file, "a file was due");
    auto& run = document_.run;
    auto& p = document_.progress;
    assert_always(what.next > p.next && what.next <= range().end, "a file moves forward");
    assert_always(what.file.rows + what.lost == what.next - p.next, "rows and losses add up");
    run.rows += what.file.rows;
    run.bytes += what.file.bytes;
    run.rows_lost += what.lost;
    if (what.file.rows != 0) {
        run.files.push_back(std::move(what.file));
        ++p.part;
    }
    p.next = what.next;
    p.format_state = std::move(what.format_state);
    skip_finished_ranges();
    next_ = step_kind::store_progress;
}

void export_machine::progress_stored()
{
    assert_always(next_ == step_kind::store_progress, "progress was due");
    next_ = after_progress();
}

void export_machine::wrote_manifest(std::string path)
{
    assert_always(next_ == step_kind::write_manifest, "the manifest was due");
    document_.run.manifest = std::move(path);
    next_ = step_kind::commit;
}

run_document export_machine::committed_document(wall_time now) const
{
    auto out = document_;
    out.run.state = run_state::succeeded;
    out.run.finished_at = now;
    return out;
}

void export_machine::committed(wall_time now)
{
    assert_always(next_ == step_kind::commit, "the commit was due");
    document_ = committed_document(now);
    next_ = step_kind::finished;
}

run_document export_machine::failed_document(wall_time now, const std::string& why) const
{
    auto out = document_;
    out.run.state = run_state::failed;
    out.run.finished_at = now;
    out.run.error = why;
    return out;
}

}  // namespace sluice::batch
