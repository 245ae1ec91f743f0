#pragma once
// A spool over two logs in memory that outlive it, as a cluster and a disk outlive a crash, and
// short words for what tests do with them.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "datasets/log_error.hpp"
#include "datasets/spool/spooling_log.hpp"
#include "tests/support/memory_log.hpp"

namespace sluice::datasets {

using namespace std::chrono_literals;

/// Hands everything over to a log that outlives the one under test, as a disk outlives a crash.
class shared_log final : public event_log {
public:
    explicit shared_log(test::memory_log& to) : to_(to) {}
    result<void> open_dataset(const dataset_spec& spec) override
    {
        // memory_log would begin anew
        for (const auto& known : to_.list_datasets()) {
            if (known.name == spec.name) return {};
        }
        return to_.open_dataset(spec);
    }
    void set_readers(const dataset_name&, std::vector<cursor_name>) override {}
    void write(const log_write& what, write_handler handler) override
    {
        ++*open_;
        to_.write(what, [handler = std::move(handler), open = open_](result<write_receipt> r) {
            handler(std::move(r));
            --*open;
        });
    }
    void read(const partition_ref& at, offset from, read_handler handler) override
    {
        to_.read(at, from, std::move(handler));
    }
    std::uint64_t wait_beyond(const partition_ref& at, offset seen,
                              std::function<void()> handler) override
    {
        return to_.wait_beyond(at, seen, std::move(handler));
    }
    void cancel_wait(std::uint64_t id) override { to_.cancel_wait(id); }
    result<partition_extent> extent(const partition_ref& at) const override
    {
        return to_.extent(at);
    }
    std::vector<dataset_spec> list_datasets() const override { return to_.list_datasets(); }
    std::vector<partition_id> owned_partitions(const dataset_name& d) const override
    {
        return to_.owned_partitions(d);
    }
    void watch_ownership(std::function<void(const dataset_name&)>) override {}
    result<std::optional<cursor_state>> load_cursor(const cursor_name& name,
                                                    const partition_ref& at) const override
    {
        return to_.load_cursor(name, at);
    }
    result<std::vector<cursor_update>> list_cursors() const override { return to_.list_cursors(); }
    result<std::vector<std::pair<std::string, std::string>>> list_documents(
        std::string_view collection) const override
    {
        return to_.list_documents(collection);
    }
    result<offset> offset_at(const partition_ref& at, wall_time when) const override
    {
        return to_.offset_at(at, when);
    }
    log_status status() const override { return to_.status(); }
    /// No handler is called afterwards, as the contract says.
    void close() override
    {
        while (*open_ != 0) std::this_thread::yield();
    }

private:
    test::memory_log& to_;
    std::shared_ptr<std::atomic<int>> open_ = std::make_shared<std::atomic<int>>(0);
};

class SpoolingLog : public ::testing::Test {
protected:
    SpoolingLog() { settings.retry_period = 1ms; }
    ~SpoolingLog() override
    {
        log.reset();
        std::filesystem::remove(settings.refused_file);
    }

    /// Another life over the same cluster and disk.
    void start(bool is_flowing = true)
    {
        log.reset();
        log = std::make_unique<spooling_log>(std::make_unique<shared_log>(cluster),
                                             std::make_unique<shared_log>(disk), settings);
        EXPECT_TRUE(log->prepare_dataset(web));
        EXPECT_TRUE(log->open_dataset(web));
        log->let_spool_flow(is_flowing);
    }
    void cluster_goes() { cluster.fail_writes(make_error_code(log_errc::refusing)); }
    void cluster_returns() { cluster.fail_writes({}); }

    std::future<bool> begin(std::uint32_t partition, const std::string& event)
    {
        const new_record record{.id = event, .key = "k", .received_at = now, .content = event};
        const append_part part{{web.name, partition_id{partition}}, {&record, 1}};
        auto done = std::make_shared<std::promise<bool>>();
        auto answer = done->get_future();
        log->write({.appends = {&part, 1}, .cursors = {}, .documents = {}},
                   [done](const auto& r) { done->set_value(r.has_value()); });
        return answer;
    }
    bool post(std::uint32_t partition, const std::string& event)
    {
        return begin(partition, event).get();
    }

    static std::vector<std::string> ids(const test::memory_log& of, std::uint32_t partition = 0)
    {
        std::vector<std::string> out;
        for (const auto& r : of.records("web", partition)) out.push_back(r.id);
        return out;
    }
    std::uint64_t figure(std::string_view name) const
    {
        for (const auto& one : log->figures()) {
            if (one.name == name) return one.value;
        }
        ADD_FAILURE() << "no figure " << name;
        return 0;
    }
    std::vector<std::string> refused_lines() const
    {
        std::ifstream file(settings.refused_file);
        std::vector<std::string> lines;
        for (std::string line; std::getline(file, line);) lines.push_back(line);
        return lines;
    }
    template <class Condition>
    void until(Condition holds)
    {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!holds() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
        EXPECT_TRUE(holds());
    }

    test::memory_log cluster;
    test::memory_log disk;
    const dataset_spec web{.name = dataset_name{"web"}, .partitions = 2};
    spool_settings settings{.refused_file = testing::TempDir() + "spool_refused_" +
                                            std::to_string(::getpid()) + ".ndjson"};
    wall_time now{1'700'000'000s};
    std::unique_ptr<spooling_log> log;
};

}  // namespace sluice::datasets
