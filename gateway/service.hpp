#pragma once
// Everything that runs in one gateway process, put together and taken apart in one place: log,
// threads, lanes, listeners, exports. Only this file and service.cpp know all of them. Used from
// the main thread.

#include <cstdint>
#include <memory>

#include "config/clock.hpp"
#include "config/result.hpp"
#include "config/settings.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

/// A checked configuration and its compiled rules.
struct loaded_config {
    config::settings settings;
    std::shared_ptr<const rules::rule_catalog> catalog;
};

class service {
public:
    /// Opens the log (recovering it), starts lanes and exports, then listens: a gateway that
    /// answers is ready. The failure names what could not be opened and the remedy.
    static result<std::unique_ptr<service>> start(loaded_config config, const clock_source& clock);
    ~service();
    service(const service&) = delete;
    service& operator=(const service&) = delete;

    /// Swaps rules, destinations, datastreams and exports while ingest goes on. Lanes finish what
    /// is in flight first. Listener, store and thread settings need a restart; the log says so.
    result<void> reload(loaded_config config);

    /// Stops accepting, lets requests and deliveries finish, stores cursors, closes the log; takes
    /// at most `gateway.drain_timeout` and a little. Call once.
    void stop();

    [[nodiscard]] std::uint16_t edge_port() const;
    [[nodiscard]] std::uint16_t admin_port() const;

private:
    struct state;
    explicit service(std::unique_ptr<state> s);
    std::unique_ptr<state> state_;
};

}  // namespace sluice::gateway
