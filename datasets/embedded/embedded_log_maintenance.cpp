// What happens beside the path of events: retention, free space, side file; following, when
// read-only.

#include <spdlog/spdlog.h>

#include "datasets/embedded/embedded_log.hpp"
#include "datasets/embedded/retention.hpp"
#include "datasets/embedded/store_backup.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets::embedded {

namespace {
constexpr std::chrono::milliseconds tick{250};  // a full disk is to be noticed within a second
constexpr std::chrono::milliseconds follow_tick{250};
constexpr std::chrono::milliseconds marks_period{3000};
}  // namespace

std::uint64_t embedded_log::free_bytes() const
{
    const auto pretended = test_free_bytes_.load();
    return pretended != UINT64_MAX ? pretended : folder_.free_bytes();
}

void embedded_log::set_free_bytes_for_test(std::optional<std::uint64_t> bytes)
{
    test_free_bytes_ = bytes.value_or(UINT64_MAX);
    check_space();
}

void embedded_log::check_space()
{
    const auto share = settings_.store.free_share_min * static_cast<double>(folder_.disk_bytes());
    const auto needed = std::max(settings_.store.free_bytes_min, static_cast<std::uint64_t>(share));
    const bool is_low = free_bytes() < needed;
    if (is_low != is_space_low_.exchange(is_low)) {
        if (is_low) {
            spdlog::warn(
                "store: less than {} bytes are free, events are refused until there is more; "
                "deliveries go on",
                needed);
        } else {
            spdlog::info("store: there is enough free space again, events are accepted");
        }
    }
}

void embedded_log::trim_by_retention()
{
    std::lock_guard one_at_a_time(trim_mutex_);
    for (const auto& rule : table_.trim_rules()) {
        std::vector<pending_write::trim> trims;
        {
            std::shared_lock lock(slot_.mutex);
            if (!slot_.store) return;
            trims = plan_trim(*slot_.store, rule, clock_.wall_now());
        }
        if (trims.empty()) continue;
        auto write = std::make_unique<pending_write>();
        write->is_internal = true;
        write->trims = trims;
        if (!write_blocking(std::move(write))) return;
        crash_here(crash_place::trim_written);
        for (const auto& t : trims) {
            counters_.count_trimmed(rule.spec.name, "age", t.records_by_age);
            counters_.count_trimmed(rule.spec.name, "bytes", t.records - t.records_by_age);
        }
        std::shared_lock lock(slot_.mutex);
        if (slot_.store) reclaim_space(*slot_.store, trims);
        crash_here(crash_place::trim_end);
    }
}

result<trim_result> embedded_log::trim(const partition_ref& partition, offset before,
                                       bool is_dry_run)
{
    auto p = table_.find(partition);
    if (!p) return p.error();
    std::lock_guard one_at_a_time(trim_mutex_);
    pending_write::trim planned{};
    {
        std::shared_lock lock(slot_.mutex);
        if (!slot_.store) {
            return failure{make_error_code(log_errc::closed),
                           "the log is closed or being reopened; try again"};
        }
        planned = plan_trim_before(*slot_.store, **p, before.value());
    }
    const trim_result out{offset{planned.to}, planned.records, planned.content_bytes};
    if (is_dry_run || planned.records == 0) return out;
    auto write = std::make_unique<pending_write>();
    write->is_internal = true;
    write->trims.push_back(planned);
    if (auto written = write_blocking(std::move(write)); !written) return written.error();
    counters_.count_trimmed(partition.dataset, "operator", planned.records);
    std::shared_lock lock(slot_.mutex);
    if (slot_.store) reclaim_space(*slot_.store, {planned});
    return out;
}

void embedded_log::save_high_marks()
{
    data_folder::marks marks;
    for (const auto* p : table_.partitions()) marks[p->number] = p->synced.load();
    if (marks == saved_marks_) return;
    auto written = folder_.write_high_marks(marks);
    crash_here(crash_place::side_file);
    if (written) {
        saved_marks_ = std::move(marks);
    } else {
        spdlog::warn("store: {}", written.error().message);
    }
}

result<backup_report> embedded_log::backup(const std::string& folder)
{
    if (!appender_ || is_closed_) {
        return failure{make_error_code(log_errc::refusing),
                       "the log is not open for writing: only its owner can copy it"};
    }
    auto copy = store_backup::begin(folder, settings_.data_dir);
    if (!copy) return copy.error();
    backup_report report;
    report.taken_at = clock_.wall_now();
    data_folder::marks marks;
    for (const auto& spec : table_.specs()) {
        for (std::uint32_t i = 0; i < spec.partitions; ++i) {
            const partition_ref at{spec.name, partition_id{i}};
            auto p = table_.find(at);
            if (!p) continue;
            const offset end{(*p)->end.load()};
            report.parts.push_back({at, offset{(*p)->begin.load()}, end});
            marks[(*p)->number] = std::min((*p)->synced.load(), end.value());
        }
    }
    {
        std::shared_lock lock(slot_.mutex);
        if (!slot_.store) {
            return failure{make_error_code(log_errc::refusing),
                           "the store is being reopened; try again"};
        }
        if (auto copied = copy->copy(*slot_.store, marks); !copied) return copied.error();
    }
    auto verified = verify_backup(copy->unfinished_path(), report.parts);
    if (!verified) return verified.error();
    if (auto done = copy->finish(settings_.data_dir, report); !done) return done.error();
    return report;
}

/// Opens the copy and compares: no partition may end earlier than it did when the backup began,
/// and the oldest and newest batch of each must be readable.
result<void> embedded_log::verify_backup(const std::string& folder,
                                         const std::vector<backup_part>& parts) const
{
    const auto wrong = [&](const partition_ref& at, const std::string& why) {
        return failure{make_error_code(log_errc::corrupt),
                       fmt::format("the backup is not good and was removed: {} partition {}: {}",
                                   at.dataset.value(), at.partition.value(), why)};
    };
    auto settings = settings_;
    settings.data_dir = folder;
    settings.is_read_only = true;
    settings.cache_bytes_max = 1 << 20;
    auto copy = embedded_log::open(settings);
    if (!copy) return copy.error();
    for (const auto& part : parts) {
        const auto extent = (*copy)->extent(part.at);
        if (!extent) return wrong(part.at, extent.error().message);
        if (extent->end < part.end) {
            return wrong(part.at, fmt::format("it ends at {}, the log ended at {}",
                                              extent->end.value(), part.end.value()));
        }
        if (extent->end == extent->begin) continue;
        auto p = (*copy)->table_.find(part.at);
        if (!p) return p.error();
        for (const auto at : {extent->begin, offset{extent->end.value() - 1}}) {
            if (auto batch = (*copy)->read_batch(**p, at); !batch) {
                return wrong(part.at, batch.error().message);
            }
        }
    }
    (*copy)->close();
    return {};
}

/// A read-only store shows what was there when it was opened: opening it again shows what came
/// since.
void embedded_log::refresh()
{
    auto opened = open_store();
    if (!opened) {
        spdlog::warn("store: {}", opened.error().message);
        return;
    }
    for (auto* p : table_.partitions()) waits_.wake(p->end);
}

void embedded_log::maintain_now()
{
    std::lock_guard alone(round_mutex_);
    if (settings_.is_read_only) return refresh();
    check_space();
    trim_by_retention();
    save_high_marks();
}

void embedded_log::run_maintenance()
{
    pthread_setname_np(pthread_self(), "log-maintain");
    const auto period = read_test_faults().has_small_buffers ? tick : settings_.retention_period;
    auto next_trim = clock_.steady_now() + period;
    auto next_marks = clock_.steady_now() + marks_period;
    std::unique_lock lock(maintenance_mutex_);
    while (!maintenance_wake_.wait_for(lock, settings_.is_read_only ? follow_tick : tick,
                                       [this] { return is_maintenance_over_; })) {
        lock.unlock();
        std::unique_lock alone(round_mutex_);
        if (settings_.is_read_only) {
            if (waits_.has_any()) refresh();
        } else {
            const auto now = clock_.steady_now();
            check_space();
            if (now >= next_marks) {
                save_high_marks();
                next_marks = now + marks_period;
            }
            if (now >= next_trim) {
                trim_by_retention();
                next_trim = now + period;
            }
        }
        alone.unlock();
        lock.lock();
    }
}

}  // namespace sluice::datasets::embedded
