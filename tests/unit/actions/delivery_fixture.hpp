#pragma once
// Runs a real destination against an imposter on the test's own event loop.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "actions/destination.hpp"
#include "tests/support/http_imposter.hpp"

namespace sluice::actions {

using namespace std::chrono_literals;

class delivery_fixture : public ::testing::Test {
protected:
    static config::destination_settings settings_for(const test::http_imposter& peer,
                                                     const std::string& path = "/")
    {
        config::destination_settings settings;
        settings.url = peer.url(path);
        settings.allow_private = {"127.0.0.0/8"};
        settings.retry.inline_attempts_max = 1;
        settings.retry.backoff_min = 1ms;
        settings.retry.backoff_max = 2ms;
        settings.timeout = 5s;
        return settings;
    }

    void make(const config::destination_settings& settings)
    {
        auto made = make_rest_destination("test", settings, io_.get_executor(), system_clock(),
                                          thread_random());
        if (!made) throw std::runtime_error(made.error().message);
        destination_ = std::move(*made);
    }

    static outgoing_request request(std::string_view body = R"({"a":1})")
    {
        outgoing_request made;
        made.method = "POST";
        made.body = body;
        made.content_type = "application/json";
        made.webhook_id = "event-1";
        return made;
    }

    /// Starts a delivery; its outcome appears in the vector at its index.
    void start(const outgoing_request& given)
    {
        const auto& what = started_.emplace_back(given);  // a delivery views its request to the end
        const std::size_t at = outcomes_.size();
        outcomes_.emplace_back();
        boost::asio::co_spawn(io_, destination_->deliver(what),
                              [this, at](std::exception_ptr problem, delivery_outcome outcome) {
                                  ASSERT_FALSE(problem);
                                  outcomes_[at] = std::move(outcome);
                              });
    }

    delivery_outcome finish(std::size_t at)
    {
        run_until([&] { return outcomes_[at].has_value(); });
        return outcomes_[at] ? *outcomes_[at] : delivery_outcome{};
    }

    delivery_outcome deliver(const outgoing_request& what)
    {
        start(what);
        return finish(outcomes_.size() - 1);
    }
    delivery_outcome deliver() { return deliver(request()); }

    template <class F>
    void run_until(F&& reached)
    {
        const auto give_up = std::chrono::steady_clock::now() + 20s;
        io_.restart();
        while (!reached() && std::chrono::steady_clock::now() < give_up) io_.run_one_for(50ms);
        EXPECT_TRUE(reached()) << "the delivery hangs";
    }

    void TearDown() override
    {
        if (!destination_) return;
        destination_->stop(0ms);
        run_until([&] {
            for (const auto& each : outcomes_) {
                if (!each) return false;
            }
            return true;
        });
        destination_.reset();
        io_.restart();
        io_.run_for(1s);
    }

    boost::asio::io_context io_{1};
    std::unique_ptr<destination> destination_;
    std::vector<std::optional<delivery_outcome>> outcomes_;
    std::deque<outgoing_request> started_;
};

}  // namespace sluice::actions
