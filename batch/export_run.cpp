#include "batch/export_run.hpp"

#include <algorithm>

#include "batch/export_error.hpp"
#include "batch/export_planner.hpp"
#include "batch/manifest.hpp"

namespace sluice::batch {
namespace {

constexpr std::size_t group_rows_max = 65'536;
constexpr std::uint64_t group_bytes_min = 64 * 1024;
constexpr int restarts_max =
    3;  // of one file, for new columns; after that they wait for the next file

/// Half of the buffer is raw events, the other half what they become; and one group may not
/// overshoot the size of a file by more than that size.
std::uint64_t group_bytes(const config::export_settings& settings)
{
    return std::max(group_bytes_min,
                    std::min(settings.buffer_bytes_max / 2, settings.bytes_per_file_target));
}

void note_row(exported_file& file, const datasets::record_view& row)
{
    if (file.rows == 0) {
        file.first = row.position;
        file.received_min = file.received_max = row.received_at;
    }
    file.last = row.position;
    file.received_min = std::min(file.received_min, row.received_at);
    file.received_max = std::max(file.received_max, row.received_at);
    ++file.rows;
}

}  // namespace

export_run::export_run(context with, run_document document, bool is_stored)
    : with_(std::move(with)), machine_(std::move(document), is_stored)
{
}

result<flow_run> export_run::execute()
{
    auto done = open();
    while (done && machine_.next() != step_kind::finished) {
        const auto step = machine_.next();
        if (with_.hook && !with_.hook(step)) {
            return export_failure(export_errc::stopped, "interrupted before a step");
        }
        done = check_owner();
        if (done) done = perform(step);
    }
    if (done) return machine_.document().run;
    auto why = done.error();
    if (why.code == make_error_code(export_errc::stopped)) return why;
    if (why.code == make_error_code(export_errc::not_owner)) return why;
    ++with_.stats.runs_failed;
    // Best effort: when the log itself is the trouble, the stored run is simply still unfinished.
    (void)store_document(machine_.failed_document(with_.clock.wall_now(), why.message));
    return why;
}

result<void> export_run::open()
{
    const auto& document = machine_.document();
    auto layout = file_layout::make(document.run.export_name, document.settings);
    if (!layout) return layout.error();
    layout_ = std::move(*layout);
    auto opened = open_storage(document.settings);
    if (!opened) return opened.error();
    storage_ = std::move(*opened);
    auto format = make_format(document.settings, document.progress.format_state);
    if (!format) return format.error();
    format_ = std::move(*format);
    auto stored = load_stored();
    if (!stored) return stored.error();
    stored_ = std::move(*stored);
    return {};
}

result<std::string> export_run::load_stored() const
{
    auto documents = with_.log.list_documents(run_collection);
    if (!documents) return documents.error();
    for (auto& [key, text] : *documents) {
        if (key == machine_.document().run.id) return std::move(text);
    }
    return std::string{};
}

result<void> export_run::check_owner() const
{
    const auto& run = machine_.document().run;
    if (exports_here(with_.log, run.dataset)) return {};
    return export_failure(
        export_errc::not_owner,
        fmt::format("run {} is left to the gateway that owns partition 0 of '{}' now", run.id,
                    run.dataset));
}

/// This process may have slept while another gateway finished the run; it must not commit then.
result<void> export_run::check_document() const
{
    auto stored = load_stored();
    if (!stored) return stored.error();
    if (*stored == stored_) return {};
    return export_failure(
        export_errc::not_owner,
        fmt::format("run {} was continued by another gateway", machine_.document().run.id));
}

result<void> export_run::check_alone()
{
    auto runs = load_runs(with_.log);
    if (!runs) return runs.error();
    const auto& mine = machine_.document().run;
    for (const auto& other : *runs) {
        const auto& run = other.run;
        const bool is_other = run.export_name == mine.export_name && run.id != mine.id;
        if (!is_other || with_.known_runs.contains(run.id)) continue;
        const std::array<datasets::document_update, 1> withdrawn{
            {{run_collection, mine.id, std::nullopt}}};
        auto erased = write_blocking(with_.log, {.documents = withdrawn, .is_internal = true});
        if (!erased) return erased.error();
        return export_failure(
            export_errc::not_owner,
            fmt::format("run {} is withdrawn: another gateway has planned {}", mine.id, run.id));
    }
    return {};
}

result<void> export_run::perform(step_kind step)
{
    switch (step) {
        case step_kind::store_plan: {
            if (auto fresh = check_document(); !fresh) return fresh;
            if (auto stored = store_document(machine_.document()); !stored) return stored;
            if (auto alone = check_alone(); !alone) return alone;
            machine_.plan_stored();
            return {};
        }
        case step_kind::write_file: {
            auto written = write_file();
            if (!written) return written.error();
            if (written->file.rows != 0) {
                ++with_.stats.files;
                with_.stats.rows += written->file.rows;
                with_.stats.bytes += written->file.bytes;
            }
            machine_.wrote_file(std::move(*written));
            return {};
        }
        case step_kind::store_progress: {
            auto stored = store_document(machine_.document());
            if (stored) machine_.progress_stored();
            return stored;
        }
        case step_kind::write_manifest:
            return write_manifest();
        case step_kind::commit:
            return commit();
        case step_kind::finished:
            break;
    }
    return {};
}

result<file_written> export_run::write_file()
{
    for (int attempt = 0;; ++attempt) {
        auto target = storage_->begin(machine_.document().run.id);
        if (!target) return target.error();
        const bool is_last_try = attempt >= restarts_max;
        auto tried = try_file(std::move(*target), is_last_try);
        if (!tried) {
            format_->abandon_file();
            return tried.error();
        }
        if (*tried) return std::move(**tried);
    }
}

result<std::optional<file_written>> export_run::try_file(std::unique_ptr<upload> target,
                                                         bool is_last_try)
{
    const auto& document = machine_.document();
    const auto& settings = document.settings;
    const auto& range = machine_.range();
    digest_sink sink(*target);
    record_reader reader(with_.log, {dataset_name{document.run.dataset}, range.partition},
                         document.progress.next, range.end);
    file_written out;
    if (auto opened = format_->open_file(sink); !opened) return opened.error();
    while (out.file.rows < settings.rows_per_file_max &&
           sink.bytes() < settings.bytes_per_file_target) {
        if (with_.stop.load(std::memory_order_relaxed)) {
            return export_failure(export_errc::stopped,
                                  "asked to stop; the run goes on at the next start");
        }
        row_group group{.partition = range.partition};
        if (auto filled = fill_group(reader, settings.rows_per_file_max - out.file.rows, group);
            !filled) {
            return filled.error();
        }
        if (group.rows.empty()) break;
        auto outcome = format_->write_group(group, is_last_try);
        if (!outcome) return outcome.error();
        if (*outcome == group_outcome::restart) {
            format_->abandon_file();
            return std::optional<file_written>{};
        }
        for (const auto* row : group.rows) note_row(out.file, *row);
        if (with_.progress)
            with_.progress(document.run.rows + out.file.rows, planned_rows(document));
    }
    if (auto closed = format_->close_file(); !closed) return closed.error();
    out.next = reader.position();
    out.lost = reader.lost();
    out.format_state = format_->state();
    if (out.file.rows == 0) return std::optional<file_written>{std::move(out)};
    auto path = layout_->data_path({.dataset = document.run.dataset,
                                    .export_name = document.run.export_name,
                                    .run_id = document.run.id,
                                    .boundary = document.run.boundary,
                                    .partition = range.partition,
                                    .first = out.file.first,
                                    .last = out.file.last,
                                    .part = document.progress.part});
    if (!path) return path.error();
    if (auto published = target->publish(*path); !published) return published.error();
    out.file.path = std::move(*path);
    out.file.bytes = sink.bytes();
    out.file.sha256 = sink.sha256();
    out.file.md5 = sink.md5();
    out.file.partition = range.partition;
    out.file.schema_id = format_->schema_id();
    return std::optional<file_written>{std::move(out)};
}

result<void> export_run::fill_group(record_reader& from, std::uint64_t rows_left, row_group& into)
{
    const auto rows_max = std::min<std::uint64_t>(rows_left, group_rows_max);
    const auto bytes_max = group_bytes(machine_.document().settings);
    while (into.rows.size() < rows_max && into.content_bytes < bytes_max) {
        auto record = from.peek();
        if (!record) return record.error();
        if (*record == nullptr) break;
        if (into.owners.empty() || into.owners.back() != from.owner()) {
            into.owners.push_back(from.owner());
        }
        into.rows.push_back(*record);
        into.content_bytes += (*record)->content.size();
        from.advance();
    }
    return {};
}

result<void> export_run::write_manifest()
{
    const auto& run = machine_.document().run;
    auto path = layout_->manifest_path({.dataset = run.dataset,
                                        .export_name = run.export_name,
                                        .run_id = run.id,
                                        .boundary = run.boundary});
    if (!path) return path.error();
    auto target = storage_->begin(run.id);
    if (!target) return target.error();
    if (auto written = (*target)->write(manifest_json(run)); !written) return written;
    if (auto published = (*target)->publish(*path); !published) return published;
    machine_.wrote_manifest(std::move(*path));
    return {};
}

result<void> export_run::store_document(const run_document& document)
{
    auto text = to_json(document);
    const std::array<datasets::document_update, 1> documents{
        {{run_collection, document.run.id, text}}};
    auto stored = write_blocking(with_.log, {.documents = documents, .is_internal = true});
    if (!stored) return stored.error();
    stored_ = std::move(text);
    return {};
}

result<void> export_run::commit()
{
    if (auto fresh = check_document(); !fresh) return fresh;
    const auto& document = machine_.document();
    const auto name = export_cursor(document.run.export_name);
    const auto now = with_.clock.wall_now();
    std::vector<datasets::cursor_update> cursors;
    for (const auto& range : document.ranges) {
        const datasets::partition_ref at{dataset_name{document.run.dataset}, range.partition};
        auto cursor = with_.log.load_cursor(name, at);
        if (!cursor) return cursor.error();
        auto state =
            cursor->value_or(datasets::cursor_state{.next = range.first, .start = range.first});
        std::uint64_t rows = 0;
        for (const auto& f : document.run.files)
            rows += f.partition == range.partition ? f.rows : 0;
        if (state.next >= range.end) continue;  // committed before a crash or by another gateway
        state.next = range.end;
        state.counts.delivered += rows;
        state.counts.expired += (range.end - range.first) - rows;
        cursors.push_back({name, at, state});
    }
    std::vector<datasets::document_update> documents{
        {run_collection, document.run.id, to_json(machine_.committed_document(now))}};
    if (!document.progress.format_state.empty()) {
        documents.push_back(
            {schema_collection, document.run.export_name, document.progress.format_state});
    }
    auto stored = write_blocking(with_.log, {.cursors = cursors,
                                             .documents = documents,
                                             .is_internal = true,
                                             .ignores_ownership = true});
    if (!stored) return stored.error();
    machine_.committed(now);
    ++with_.stats.runs_succeeded;
    with_.stats.last_success_unix_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    return {};
}

}  // namespace sluice::batch
