#include "gateway/lanes/lane_set.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>

#include "gateway/lanes/dataset_destination.hpp"
#include "gateway/lanes/dataset_readers.hpp"
#include "gateway/lanes/dead_letters.hpp"
#include "gateway/lanes/step_destinations.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto dead_letters_kept = std::chrono::hours(24 * 30);

}  // namespace

lane_set::lane_set(datasets::event_log& log, io_threads& threads, const clock_source& clock,
                   std::size_t batch_cache_bytes)
    : log_(log),
      threads_(threads),
      clock_(clock),
      batches_(batch_cache_bytes),
      begins_at_(clock.wall_now()),
      keeper_(log, threads)
{
}

lane_set::~lane_set() = default;

std::vector<lane_set::plan> lane_set::make_plans(const config::settings& settings) const
{
    std::map<std::string, plan> plans;
    for (const auto& [name, destination] : settings.destinations) {
        auto& p = plans[name];
        p.destination = &destination;
        p.settings.name = destination_name{name};
        p.settings.target = name;
        p.settings.in_flight_max = destination.in_flight_max;
        p.settings.ordered = destination.ordered;
        p.settings.retry_schedule = destination.retry.schedule;
    }
    for (const auto& [dataset, ignored] : settings.datasets) {
        const auto program = catalog_->program_for(dataset);
        if (!program) continue;
        for (const auto& outcome : program->outcomes()) {
            if (outcome.action == rules::rule_action::drop) continue;
            const bool appends = outcome.action == rules::rule_action::dataset;
            auto& p = plans[appends ? "dataset:" + outcome.target : outcome.target];
            if (appends) {
                p.settings.name = destination_name{"dataset:" + outcome.target};
                p.settings.target = outcome.target;
                p.settings.action = rules::rule_action::dataset;
                p.target_partitions = settings.datasets.at(outcome.target).partitions;
            }
            if (outcome.action == rules::rule_action::steps) plan_steps(settings, outcome, p);
            if (std::find(p.datasets.begin(), p.datasets.end(), dataset_name{dataset}) ==
                p.datasets.end()) {
                p.datasets.push_back(dataset_name{dataset});
            }
        }
    }
    std::vector<plan> list;
    for (auto& [name, p] : plans) list.push_back(std::move(p));
    return list;
}

/// A rule with steps has a lane of its own. It takes as much at a time as its narrowest
/// destination, keeps order if one of them does, and has the longest of their schedules.
void lane_set::plan_steps(const config::settings& settings, const rules::rule_outcome& outcome,
                          plan& p)
{
    p.settings.name = destination_name{outcome.target};
    p.settings.target = outcome.target;
    p.settings.action = rules::rule_action::steps;
    for (const auto& step : outcome.steps) {
        const auto& to = settings.destinations.at(step.target);
        const bool is_first = p.steps.empty();
        p.steps[step.target] = &to;
        p.settings.in_flight_max =
            is_first ? to.in_flight_max : std::min(p.settings.in_flight_max, to.in_flight_max);
        p.settings.ordered = p.settings.ordered || to.ordered;
        if (to.retry.schedule.size() > p.settings.retry_schedule.size()) {
            p.settings.retry_schedule = to.retry.schedule;
        }
    }
}

result<std::unique_ptr<actions::destination>> lane_set::make_destination(
    const plan& p, const asio::any_io_executor& on)
{
    if (p.destination != nullptr) {
        return actions::make_rest_destination(p.settings.name.value(), *p.destination, on, clock_,
                                              thread_random());
    }
    if (p.steps.empty()) {
        return make_dataset_destination(log_, dataset_name{p.settings.target}, p.target_partitions,
                                        on, clock_);
    }
    auto all = std::make_unique<step_destinations>();
    for (const auto& [name, settings] : p.steps) {
        auto made = actions::make_rest_destination(name, *settings, on, clock_, thread_random());
        if (made.has_error()) return made.error();
        all->add(name, std::move(*made));
    }
    return std::unique_ptr<actions::destination>(std::move(all));
}

result<void> lane_set::open_datasets(const plan& p)
{
    const auto tiers = std::max<std::size_t>(p.settings.retry_schedule.size(), 1);
    datasets::dataset_spec retry;
    retry.name = retry_dataset(p.settings.name);
    retry.partitions = static_cast<std::uint32_t>(tiers);
    retry.age_max = 1h;  // only what the lane has passed: its cursor holds the rest
    if (auto r = log_.open_dataset(retry); r.has_error()) return r;
    log_.set_readers(retry.name, {lane_cursor(p.settings.name)});

    datasets::dataset_spec dead;
    dead.name = dead_dataset(p.settings.name);
    dead.age_max = dead_letters_kept;
    return log_.open_dataset(dead);
}

result<void> lane_set::start_lane(plan p)
{
    if (auto r = open_datasets(p); r.has_error()) return r;
    const auto name = p.settings.name.value();
    const auto thread = threads_.thread_of(name);
    auto& context = threads_.context(thread);
    auto placed = std::make_shared<placed_lane>();
    auto made = threads_.run_on(thread, [&]() -> result<void> {
        auto to = make_destination(p, context.get_executor());
        if (to.has_error()) return to.error();
        placed->thread = thread;
        placed->object = std::make_unique<lane>(
            p.settings,
            lane_parts{log_, batches_, *catalog_, clock_, context.get_executor(), &rule_errors_},
            std::move(*to));
        placed->is_started =
            (p.destination == nullptr || p.destination->enabled) &&
            std::ranges::all_of(p.steps, [](const auto& step) { return step.second->enabled; });
        if (placed->is_started) placed->object->start();
        return {};
    });
    if (made.has_error()) return made;
    {
        std::lock_guard lock(mutex_);
        lanes_[name] = placed;
    }
    std::map<dataset_name, source_kind> reads{{retry_dataset(p.settings.name), source_kind::retry}};
    for (const auto& dataset : p.datasets) reads.emplace(dataset, source_kind::dataset);
    return keeper_.add(std::move(placed), std::move(reads), begins_at_.value_or(clock_.wall_now()));
}

result<void> lane_set::start(const config::settings& settings,
                             std::shared_ptr<const rules::rule_catalog> catalog)
{
    catalog_ = std::move(catalog);
    batches_.clear();
    // events may have been accepted since this process began, or since the last lanes were stopped,
    // or even by an earlier process that could not hand them on
    if (!begins_at_) begins_at_ = clock_.wall_now();
    if (const auto waiting = log_.oldest_spooled()) begins_at_ = std::min(*begins_at_, *waiting);
    auto plans = make_plans(settings);
    for (auto& [dataset, list] : dataset_readers(settings, catalog_.get())) {
        log_.set_readers(dataset, std::move(list));
    }
    for (auto& p : plans) {
        const auto name = p.settings.name.value();
        if (auto r = start_lane(std::move(p)); r.has_error()) {
            return failure{r.error().code,
                           fmt::format("destination {}: {}", name, r.error().message)};
        }
    }
    begins_at_.reset();
    return {};
}

std::vector<std::pair<std::string, std::shared_ptr<placed_lane>>> lane_set::list() const
{
    std::lock_guard lock(mutex_);
    return {lanes_.begin(), lanes_.end()};
}

void lane_set::stop(std::chrono::milliseconds grace)
{
    keeper_.clear();
    const auto all = list();
    std::vector<std::future<void>> ending;
    for (const auto& [name, placed] : all) {
        if (!placed->is_started) continue;
        ending.push_back(asio::co_spawn(threads_.context(placed->thread),
                                        placed->object->stop(grace), asio::use_future));
    }
    for (auto& e : ending) e.get();
    for (const auto& [name, placed] : all) {
        threads_.run_on(placed->thread, [&object = placed->object] { object.reset(); });
    }
    if (!begins_at_) begins_at_ = clock_.wall_now();
    std::lock_guard lock(mutex_);
    lanes_.clear();
}

void lane_set::stop_lane(placed_lane& placed, std::chrono::milliseconds grace)
{
    if (placed.is_started) {
        asio::co_spawn(threads_.context(placed.thread), placed.object->stop(grace),
                       asio::use_future)
            .get();
    }
    threads_.run_on(placed.thread, [&placed] { placed.object.reset(); });
}

result<void> lane_set::restart(const config::settings& settings, const std::string& name,
                               std::chrono::milliseconds grace,
                               const std::function<result<void>()>& change)
{
    std::shared_ptr<placed_lane> placed;
    {
        std::lock_guard lock(mutex_);
        if (const auto known = lanes_.find(name); known != lanes_.end()) placed = known->second;
    }
    // without lanes there may be no rules to plan by
    auto plans = placed ? make_plans(settings) : std::vector<plan>{};
    const auto found = std::find_if(plans.begin(), plans.end(),
                                    [&](const plan& p) { return p.settings.name.value() == name; });
    if (found == plans.end()) {
        return failure{
            boost::system::errc::make_error_code(boost::system::errc::no_such_file_or_directory),
            fmt::format("this gateway runs no lane '{}'", name)};
    }
    {
        std::lock_guard lock(mutex_);
        lanes_.erase(name);
    }
    keeper_.remove(*placed);
    stop_lane(*placed, grace);
    auto changed = change();
    if (auto started = start_lane(std::move(*found)); started.has_error()) {
        spdlog::error("lane {}: not running, it could not be started again: {}", name,
                      started.error().message);
        return started;
    }
    return changed;
}

/// A shared ledger needs none, and a cluster that is away must not hold an I/O thread up.
ledger_notes lane_set::notes_of(const std::string& name) const
{
    return log_.is_shared() ? ledger_notes{} : load_ledger_notes(log_, name);
}

asio::awaitable<std::vector<lane_snapshot>> lane_set::snapshots()
{
    std::vector<lane_snapshot> found;
    for (const auto& [name, placed] : list()) {
        auto visit = [is_shared = log_.is_shared()](
                         const placed_lane& at,
                         ledger_notes notes) -> asio::awaitable<std::optional<lane_snapshot>> {
            if (!at.object) co_return std::nullopt;
            auto s = at.object->snapshot(notes, is_shared);
            s.is_enabled = at.is_started;
            co_return s;
        };
        auto one = co_await asio::co_spawn(threads_.context(placed->thread),
                                           visit(*placed, notes_of(name)), asio::use_awaitable);
        if (one) found.push_back(std::move(*one));
    }
    co_return found;
}

asio::awaitable<bool> lane_set::enable(std::string name)
{
    for (const auto& [found, placed] : list()) {
        if (found != name) continue;
        auto visit = [](placed_lane& at) -> asio::awaitable<void> {
            if (at.object) at.object->enable();
            co_return;
        };
        co_await asio::co_spawn(threads_.context(placed->thread), visit(*placed),
                                asio::use_awaitable);
        co_return true;
    }
    co_return false;
}

}  // namespace sluice::gateway
