// What happens beside the path of events: retention, free space, side file; following, when
// read-only.

#include <spdlog/spdlog.h>

#include "datasets/embedded/embedded_log.hpp"
#include "datasets/embedded/retention.hpp"

namespace sluice::datasets::embedded {

namespace {
constexpr std::chrono::milliseconds tick{1000};
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

void embedded_log::trim()
{
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
        std::shared_lock lock(slot_.mutex);
        if (slot_.store) reclaim_space(*slot_.store, trims);
    }
}

void embedded_log::save_high_marks()
{
    data_folder::marks marks;
    for (const auto* p : table_.partitions()) marks[p->number] = p->synced.load();
    if (marks == saved_marks_) return;
    auto written = folder_.write_high_marks(marks);
    if (written) {
        saved_marks_ = std::move(marks);
    } else {
        spdlog::warn("store: {}", written.error().message);
    }
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
    for (auto* p : table_.partitions()) waits_.wake(*p);
}

void embedded_log::maintain_now()
{
    if (settings_.is_read_only) return refresh();
    check_space();
    trim();
    save_high_marks();
}

void embedded_log::run_maintenance()
{
    pthread_setname_np(pthread_self(), "log-maintain");
    auto next_trim = clock_.steady_now() + settings_.retention_period;
    auto next_marks = clock_.steady_now() + marks_period;
    std::unique_lock lock(maintenance_mutex_);
    while (!maintenance_wake_.wait_for(lock, settings_.is_read_only ? follow_tick : tick,
                                       [this] { return is_maintenance_over_; })) {
        lock.unlock();
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
                trim();
                next_trim = now + settings_.retention_period;
            }
        }
        lock.lock();
    }
}

}  // namespace sluice::datasets::embedded
