#include "gateway/completion_queue.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>
#include <thread>
#include <vector>

#include "datasets/log_error.hpp"
#include "tests/support/memory_log.hpp"

namespace sluice::gateway {
namespace {

using namespace datasets;

struct counted_node : completion_node {
    static void count(completion_node* self)
    {
        auto& node = *static_cast<counted_node*>(self);
        node.order->push_back(node.number);
    }
    int number = 0;
    std::vector<int>* order = nullptr;
};

TEST(CompletionQueue, CompletesEveryNodeOfEveryThreadInTheOrderOfItsThread)
{
    boost::asio::io_context io{1};
    completion_queue queue(io);
    constexpr int per_thread = 5000;
    std::vector<int> order;
    std::vector<counted_node> nodes(4 * per_thread);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < per_thread; ++i) {
                auto& node = nodes[static_cast<std::size_t>(t * per_thread + i)];
                node.complete = counted_node::count;
                node.number = t * per_thread + i;
                node.order = &order;
                queue.push(&node);
            }
        });
    }
    while (order.size() < nodes.size()) {
        io.restart();
        io.run();
    }
    for (auto& each : threads) each.join();
    std::vector<int> last(4, -1);
    for (const int number : order) {
        auto& before = last[static_cast<std::size_t>(number / per_thread)];
        EXPECT_LT(before, number);
        before = number;
    }
}

TEST(CompletionQueue, ABurstWakesTheThreadOnce)
{
    boost::asio::io_context io{1};
    completion_queue queue(io);
    std::vector<int> order;
    std::vector<counted_node> nodes(100);
    for (auto& node : nodes) {
        node.complete = counted_node::count;
        node.order = &order;
        queue.push(&node);
    }
    EXPECT_EQ(io.run(), 1u);
    EXPECT_EQ(order.size(), 100u);
}

class AsyncWrite : public ::testing::Test {
protected:
    AsyncWrite() { log_.open_dataset({.name = dataset_name{"web"}}); }
    ~AsyncWrite() override { log_.close(); }

    result<write_receipt> write(std::chrono::milliseconds timeout = {})
    {
        const new_record record{.id = "e-1", .key = {}, .content = "{}"};
        const append_part part{{dataset_name{"web"}, partition_id{0}}, {&record, 1}};
        auto future =
            boost::asio::co_spawn(io_, async_write(log_, {.appends = {&part, 1}}, queue_, timeout),
                                  boost::asio::use_future);
        io_.restart();
        io_.run();
        return future.get();
    }

    test::memory_log log_;
    boost::asio::io_context io_{1};
    completion_queue queue_{io_};
};

TEST_F(AsyncWrite, ReturnsTheReceiptOnceItIsDurable)
{
    EXPECT_EQ(write().value().bases, std::vector<offset>{offset{0}});
    EXPECT_EQ(write(std::chrono::milliseconds{5000}).value().bases, std::vector<offset>{offset{1}});
}

TEST_F(AsyncWrite, ReturnsTheFailureOfTheLog)
{
    log_.fail_writes(make_error_code(log_errc::refusing));
    EXPECT_EQ(write().error().code, make_error_code(log_errc::refusing));
}

TEST_F(AsyncWrite, GivesUpAtTheTimeoutAndSurvivesTheLateAnswer)
{
    log_.hold_answers();
    EXPECT_EQ(write(std::chrono::milliseconds{1}).error().code, boost::asio::error::timed_out);
    log_.release();
    EXPECT_EQ(write().value().bases, std::vector<offset>{offset{1}});
}

}  // namespace
}  // namespace sluice::gateway
