#pragma once
// One connection of the test receiver: reads requests, pipelined ones too, and answers by the
// script. Runs on the receiver's only thread; it refers to script, recorder and random source,
// which outlive it.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "config/clock.hpp"
#include "gateway/commands/sink_recorder.hpp"
#include "gateway/commands/sink_script.hpp"

namespace sluice::gateway {

/// What all sessions of one receiver share.
struct sink_context {
    sink_script script;
    sink_recorder& recorder;
    random_source& random;
    const clock_source& clock;
    std::string answer_body;
};

/// Serves the connection until the peer closes it. Never throws.
[[nodiscard]] boost::asio::awaitable<void> run_sink_session(boost::asio::ip::tcp::socket socket,
                                                            sink_context& context);

}  // namespace sluice::gateway
