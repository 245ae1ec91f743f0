#pragma once
// A thread's worth of edge over the log in memory: intake, router, and a way to post to it.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "gateway/edge/collect_endpoint.hpp"
#include "tests/support/memory_log.hpp"

namespace sluice::gateway::test {

class edge_fixture : public ::testing::Test {
protected:
    edge_fixture() { log_.open_dataset({.name = dataset_name{"web"}, .partitions = 4}); }
    ~edge_fixture() override { log_.close(); }

    intake_datastream stream(std::string name)
    {
        intake_datastream out;
        out.name = std::move(name);
        out.dataset = dataset_name{"web"};
        out.partitions = 4;
        return out;
    }

    void open(std::vector<intake_datastream> streams)
    {
        intake_ = make_event_intake(std::move(streams), settings_,
                                    {log_, completions_, system_clock(), thread_random(), stats_});
        register_edge_routes(routes_, *intake_, settings_);
    }

    /// The answer to a request, after running the thread until it is there.
    http_response post(std::string_view body, std::vector<http_header> headers = {},
                       std::string_view query = {})
    {
        http_request request;
        request.method = "POST";
        request.path = "/v1/events";
        request.query = query;
        request.body = body;
        request.headers = headers;
        request.request_id = "r-1";
        http_response answer;
        const auto* endpoint = routes_.find(request, answer);
        if (endpoint == nullptr) return answer;
        auto future = boost::asio::co_spawn(io_, (*endpoint)(request), boost::asio::use_future);
        io_.restart();
        io_.run();
        return future.get();
    }

    std::vector<sluice::test::kept_record> all_records() const
    {
        std::vector<sluice::test::kept_record> out;
        for (std::uint32_t i = 0; i < 4; ++i) {
            for (auto& record : log_.records("web", i)) out.push_back(std::move(record));
        }
        return out;
    }

    config::ingest_settings settings_;
    sluice::test::memory_log log_;
    boost::asio::io_context io_{1};
    completion_queue completions_{io_};
    intake_stats stats_;
    std::unique_ptr<event_intake> intake_;
    router routes_;
};

}  // namespace sluice::gateway::test
