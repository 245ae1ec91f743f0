// The thread of class export_scheduler (export_job.hpp). The mutex guards `triggered` and
// `is_stopping` only.

#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <condition_variable>
#include <set>

#include "batch/export_error.hpp"
#include "batch/export_planner.hpp"
#include "batch/run_at.hpp"
#include "batch/schedule.hpp"

namespace sluice::batch {
namespace {

constexpr int low_priority = 10;
constexpr auto ownership_period = std::chrono::seconds{1};  // until a takeover is noticed
constexpr auto wait_max = std::chrono::seconds{60};  // a wall clock that was set is noticed by then

/// One export and where its schedule stands. Touched by the thread only.
struct export_entry {
    std::string name;
    config::export_settings settings;
    std::optional<schedule> plan;
    std::optional<wall_time> last_boundary;
    std::optional<wall_time> retry_at;
    unsigned failures = 0;
    bool is_mine = false;  ///< this gateway owns partition 0 of the dataset
    export_stats* stats = nullptr;
};

}  // namespace

struct export_scheduler::state {
    state(datasets::event_log& log_in, const clock_source& clock_in) : log(log_in), clock(clock_in)
    {
    }

    void work();
    void load_last_boundary(export_entry& entry);
    [[nodiscard]] bool has_to_run(export_entry& entry);
    void run_due(const std::set<std::string>& wanted);
    void run(export_entry& entry, std::optional<wall_time> boundary);
    [[nodiscard]] std::chrono::nanoseconds time_to_next() const;

    datasets::event_log& log;
    const clock_source& clock;
    std::vector<export_entry> entries;
    std::map<std::string, std::unique_ptr<export_stats>> stats;
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::condition_variable wake;
    std::set<std::string> triggered;
    bool is_stopping = false;
    std::thread thread;
};

void export_scheduler::state::load_last_boundary(export_entry& entry)
{
    entry.retry_at.reset();
    entry.failures = 0;
    auto runs = list_runs(log, entry.name);
    if (!runs) {
        spdlog::error("export '{}': stored runs can't be listed: {}", entry.name,
                      runs.error().message);
        return;
    }
    for (const auto& r : *runs) {
        if (r.state != run_state::succeeded) {
            entry.retry_at = clock.wall_now();
            continue;
        }
        if (!entry.last_boundary || *entry.last_boundary < r.boundary)
            entry.last_boundary = r.boundary;
    }
}

/// Several gateways have the same exports; whoever comes to own one goes on where the other was.
bool export_scheduler::state::has_to_run(export_entry& entry)
{
    const bool was_mine = std::exchange(entry.is_mine, exports_here(log, entry.settings.dataset));
    if (entry.is_mine && !was_mine) load_last_boundary(entry);
    return entry.is_mine;
}

void export_scheduler::state::run(export_entry& entry, std::optional<wall_time> boundary)
{
    auto done = run_export_at({.log = log,
                               .name = entry.name,
                               .settings = entry.settings,
                               .clock = clock,
                               .stats = *entry.stats,
                               .stop = stop,
                               .boundary = boundary});
    if (done) {
        entry.failures = 0;
        entry.retry_at.reset();
        if (boundary) entry.last_boundary = boundary;
        if (done->rows != 0) {
            spdlog::info("export '{}': run {} wrote {} rows in {} files, {} bytes", entry.name,
                         done->id, done->rows, done->files.size(), done->bytes);
        }
        return;
    }
    if (stop) return;
    if (done.error().code == make_error_code(export_errc::not_owner)) {
        spdlog::info("export '{}': {}", entry.name, done.error().message);
        return;
    }
    // a log that can't be asked comes back by itself: what was out of reach for long is not late
    // for long
    if (!is_of_log(done.error())) ++entry.failures;
    const auto delay = retry_delay(entry.failures);
    entry.retry_at = clock.wall_now() + delay;
    spdlog::error("export '{}' failed and is tried again in {} s: {}", entry.name, delay.count(),
                  done.error().message);
}

void export_scheduler::state::run_due(const std::set<std::string>& wanted)
{
    for (auto& entry : entries) {
        if (stop) return;
        if (!has_to_run(entry)) continue;
        const auto now = clock.wall_now();
        const bool is_wanted = wanted.contains(entry.name);
        if (entry.retry_at && now < *entry.retry_at && !is_wanted) continue;
        const auto due =
            entry.plan ? due_boundary(*entry.plan, entry.last_boundary, now) : std::nullopt;
        if (due) {
            run(entry, due);
        } else if (is_wanted || entry.retry_at) {
            run(entry, std::nullopt);
        }
    }
}

std::chrono::nanoseconds export_scheduler::state::time_to_next() const
{
    const auto now = clock.wall_now();
    std::chrono::nanoseconds least = wait_max;
    for (const auto& entry : entries) {
        if (!entry.is_mine) {
            least = std::min<std::chrono::nanoseconds>(least, ownership_period);
            continue;
        }
        std::optional<wall_time> at = entry.retry_at;
        if (!at && entry.plan) at = next_boundary(*entry.plan, now);
        if (at) least = std::min<std::chrono::nanoseconds>(least, *at - now);
    }
    return std::max<std::chrono::nanoseconds>(least, std::chrono::milliseconds{1});
}

void export_scheduler::state::work()
{
    setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), low_priority);
    std::set<std::string> wanted;
    while (!stop) {
        run_due(wanted);
        std::unique_lock lock(mutex);
        wake.wait_for(lock, time_to_next(), [&] { return is_stopping || !triggered.empty(); });
        wanted = std::exchange(triggered, {});
    }
}

export_scheduler::export_scheduler(datasets::event_log& log,
                                   std::map<std::string, config::export_settings> exports,
                                   const clock_source& clock)
    : state_(std::make_unique<state>(log, clock))
{
    for (auto& [name, settings] : exports) {
        if (!settings.enabled) continue;
        auto& stats = state_->stats[name];
        stats = std::make_unique<export_stats>();
        export_entry entry{.name = name, .settings = std::move(settings), .stats = stats.get()};
        if (auto plan = make_schedule(entry.settings)) {
            entry.plan = *plan;
        } else {
            spdlog::error("export '{}' has no schedule: {}", name, plan.error().message);
        }
        state_->entries.push_back(std::move(entry));
    }
}

export_scheduler::~export_scheduler()
{
    stop();
}

void export_scheduler::start()
{
    if (state_->entries.empty() || state_->thread.joinable()) return;
    state_->thread = std::thread([this] { state_->work(); });
}

void export_scheduler::stop()
{
    {
        const std::scoped_lock lock(state_->mutex);
        state_->is_stopping = true;
        state_->stop = true;
    }
    state_->wake.notify_all();
    if (state_->thread.joinable()) state_->thread.join();
}

void export_scheduler::trigger(const std::string& name)
{
    {
        const std::scoped_lock lock(state_->mutex);
        state_->triggered.insert(name);
    }
    state_->wake.notify_all();
}

const std::map<std::string, std::unique_ptr<export_stats>>& export_scheduler::stats() const
{
    return state_->stats;
}

}  // namespace sluice::batch
