#pragma once
// A lane over a log in memory with a destination that answers as it is told, and short words for
// what tests do with it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <future>

#include "gateway/lanes/dead_letters.hpp"
#include "gateway/lanes/lane.hpp"
#include "tests/support/memory_log.hpp"

namespace sluice::gateway {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using actions::outcome_class;

/// Sends every event with a `go` in it to the destination `crm`, by a second rule, too, when there
/// is a `both` in it; maps nothing.
class every_go final : public rules::dataset_program {
public:
    every_go()
    {
        for (const auto* name : {"set/rule", "set/second"}) {
            rules::rule_outcome o;
            o.rule = name;
            o.set = "set";
            o.target = "crm";
            outcomes_.push_back(o);
        }
    }
    std::span<const rules::rule_outcome> outcomes() const override { return outcomes_; }
    std::unique_ptr<rules::evaluation_scratch> make_scratch() const override
    {
        struct none final : rules::evaluation_scratch {
            std::span<const rules::rule_counts> counts() const override { return {}; }
        };
        return std::make_unique<none>();
    }
    rules::decided_event decide(const rules::event_input& event, rules::event_arena& arena,
                                rules::evaluation_scratch&) const override
    {
        rules::decided_event d;
        if (event.json.find("go") == std::string_view::npos) return d;
        const bool is_both = event.json.find("both") != std::string_view::npos;
        const auto matched = arena.allocate_array<rules::rule_index>(is_both ? 2 : 1);
        if (is_both) matched[1] = 1;
        d.matched = matched;
        return d;
    }
    std::optional<rules::render_failure> render(rules::rule_index, const rules::event_input& event,
                                                const rules::decided_event&,
                                                rules::evaluation_scratch&,
                                                rules::rendered_request& into) const override
    {
        if (event.json.find("unmappable") != std::string_view::npos) {
            return rules::render_failure{"body", "no such key"};
        }
        into.method = "POST";
        into.path = "/";
        into.body = event.json;
        return std::nullopt;
    }

private:
    std::vector<rules::rule_outcome> outcomes_;
};

class one_program final : public rules::rule_catalog {
public:
    std::shared_ptr<const rules::dataset_program> program_for(std::string_view) const override
    {
        return program_;
    }
    std::string_view content_hash() const override { return "0"; }

private:
    std::shared_ptr<const rules::dataset_program> program_ = std::make_shared<every_go>();
};

/// Answers by script per webhook id or body; the last answer of a script stays. Without one:
/// delivered.
class scripted_destination final : public actions::destination {
public:
    using script = std::deque<actions::delivery_outcome>;
    struct memory {
        std::map<std::string, script, std::less<>> scripts;
        std::vector<std::string> bodies, ids;
        bool never_answers = false;
    };

    scripted_destination(memory& m, const asio::any_io_executor& on) : memory_(m), stopped_(on) {}

    asio::awaitable<actions::delivery_outcome> deliver(
        const actions::outgoing_request& request) override
    {
        memory_.bodies.emplace_back(request.body);
        memory_.ids.emplace_back(request.webhook_id);
        actions::delivery_outcome o;
        if (memory_.never_answers) {
            co_await stopped_.wait();
            o.next = outcome_class::retry;
            o.reason = "stopping";
            co_return o;
        }
        o.next = outcome_class::delivered;
        o.status = 200;
        auto found = memory_.scripts.find(request.webhook_id);
        if (found == memory_.scripts.end()) found = memory_.scripts.find(request.body);
        if (found != memory_.scripts.end()) {
            o = found->second.front();
            if (found->second.size() > 1) found->second.pop_front();
        }
        o.attempts = 1;
        co_return o;
    }
    void stop(std::chrono::milliseconds) override { stopped_.notify_all(); }
    const actions::destination_stats& stats() const override { return stats_; }
    actions::breaker_state breaker() const override { return actions::breaker_state::closed; }
    std::string describe(const actions::outgoing_request&) const override { return {}; }

private:
    memory& memory_;
    wake_signal stopped_;
    actions::destination_stats stats_;
};

inline actions::delivery_outcome answer(outcome_class c, int status, std::string reason)
{
    actions::delivery_outcome o;
    o.next = c;
    o.status = status;
    o.reason = std::move(reason);
    o.detail = "told to";
    return o;
}

/// A clock whose wall time tests move; steady time is real, since timers are.
class moved_clock final : public clock_source {
public:
    wall_time wall_now() const override { return now; }
    steady_time steady_now() const override { return std::chrono::steady_clock::now(); }
    wall_time now{1'700'000'000s};
};

class LaneTest : public ::testing::Test {
protected:
    LaneTest()
    {
        datasets::dataset_spec spec;
        for (const auto* name : {"web", "_retry.crm", "_dead.crm"}) {
            spec.name = dataset_name{name};
            spec.partitions = name[0] == '_' && name[1] == 'r' ? 2 : 1;
            EXPECT_TRUE(log.open_dataset(spec).has_value());
        }
        settings.name = destination_name{"crm"};
        settings.target = "crm";
        settings.commit_interval = 1ms;
        settings.retry_schedule = {30s, 60s};
    }

    void post(const std::vector<std::string>& events)
    {
        std::vector<datasets::new_record> records;
        for (const auto& e : events) {
            datasets::new_record r;
            r.id = e;
            r.content = e;
            r.key = std::string_view(e).substr(0, 1);
            r.received_at = clock.now;
            records.push_back(r);
        }
        const datasets::append_part part{{dataset_name{"web"}, partition_id{0}}, records};
        std::promise<void> done;
        log.write({.appends = {&part, 1}, .cursors = {}, .documents = {}, .is_internal = false},
                  [&](auto r) {
                      EXPECT_TRUE(r.has_value());
                      done.set_value();
                  });
        done.get_future().get();
    }

    void start()
    {
        std::vector<std::unique_ptr<lane_source>> sources;
        const auto add = [&](source_kind kind, const char* dataset, std::uint32_t partition) {
            const datasets::partition_ref at{dataset_name{dataset}, partition_id{partition}};
            const auto stored = log.load_cursor(lane_cursor(settings.name), at).value();
            sources.push_back(std::make_unique<lane_source>(
                kind, at, stored.value_or(datasets::cursor_state{}), log, context.get_executor()));
        };
        add(source_kind::dataset, "web", 0);
        add(source_kind::retry, "_retry.crm", 0);
        add(source_kind::retry, "_retry.crm", 1);
        tested = std::make_unique<lane>(
            settings, lane_parts{log, cache, catalog, clock, context.get_executor()},
            std::make_unique<scripted_destination>(memory, context.get_executor()),
            std::move(sources));
        tested->start();
    }

    /// Lets the lane work until the condition holds; fails after ten seconds.
    template <class Condition>
    void until(Condition holds)
    {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!holds() && std::chrono::steady_clock::now() < end) {
            context.restart();  // it stops by itself whenever a lane has ended
            context.run_for(2ms);
        }
        EXPECT_TRUE(holds());
    }

    void stop()
    {
        bool is_stopped = false;
        asio::co_spawn(context, tested->stop(1s),
                       [&](const std::exception_ptr&) { is_stopped = true; });
        until([&] { return is_stopped; });
        tested.reset();
    }

    lane_ledger ledger()
    {
        const auto l = tested->snapshot(load_ledger_notes(log, "crm")).ledger;
        EXPECT_EQ(l.accepted, l.delivered + l.filtered + l.dead + l.expired + l.pending);
        return l;
    }
    std::size_t dead() { return log.records("_dead.crm").size(); }
    std::optional<datasets::cursor_state> cursor()
    {
        return log.load_cursor(lane_cursor(settings.name), {dataset_name{"web"}, partition_id{0}})
            .value();
    }

    asio::io_context context;
    test::memory_log log;
    moved_clock clock;
    one_program catalog;
    evaluated_batch_cache cache{1 << 20};
    scripted_destination::memory memory;
    lane_settings settings;
    std::unique_ptr<lane> tested;
};

}  // namespace sluice::gateway
