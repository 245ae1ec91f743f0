#pragma once
// What operators do with a log: look at datasets and records, handle dead letters, replay, list
// export runs. The admin listener and the command line (when no gateway runs) call the same
// functions. Blocking.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/clock.hpp"
#include "config/result.hpp"
#include "config/settings.hpp"
#include "datasets/event_log.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

/// Ends the lane of a destination, calls `change` while nothing reads or commits its cursors, then
/// starts it again from what is stored.
using lane_pause = std::function<result<void>(const std::string& destination,
                                              const std::function<result<void>()>& change)>;

struct operation_context {
    datasets::event_log& log;
    const config::settings& settings;
    const rules::rule_catalog* catalog = nullptr;
    const clock_source& clock;
    lane_pause while_lane_stopped = {};  ///< empty when no lanes run
};

struct operation_result {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
};

using query_parameters = std::map<std::string, std::string, std::less<>>;

/// `method` and `path` as in the HTTP API ("/api/v1/dead/crm/redrive"). Null: no such operation, so
/// the caller may try others. Bad parameters answer 400 with a sentence.
[[nodiscard]] std::optional<operation_result> run_operation(const operation_context& context,
                                                            std::string_view method,
                                                            std::string_view path,
                                                            const query_parameters& query);

/// `a=b&c=d`, percent-decoded; the last of a repeated name wins.
[[nodiscard]] query_parameters parse_query(std::string_view query);

/// `{"title":…,"detail":…}` with this status.
[[nodiscard]] operation_result operation_problem(int status, std::string_view detail);

}  // namespace sluice::gateway
