#pragma once
// How commands reach the data: through the admin listener of a running gateway, or, when none runs,
// by opening its log themselves. Both answer alike.

#include <memory>
#include <string>
#include <string_view>

#include "config/result.hpp"
#include "config/settings.hpp"
#include "gateway/admin/operations.hpp"
#include "gateway/service.hpp"

namespace sluice::gateway {

/// One request to the admin listener. The failure's code is connection_refused when no gateway runs
/// there.
[[nodiscard]] result<operation_result> call_admin(const config::listener_settings& admin,
                                                  std::string_view method, std::string_view target);

/// `name=value&…`, percent-encoded.
[[nodiscard]] std::string make_query(const query_parameters& query);

/// A conversation of several operations. Each goes to the gateway if one runs, else to the data
/// folder, which is opened once and kept open. One thread.
class operations_client {
public:
    /// `changes`: some operation writes, so the folder is opened for writing.
    operations_client(const loaded_config& config, bool changes)
        : config_(config), changes_(changes)
    {
    }
    ~operations_client();
    operations_client(const operations_client&) = delete;
    operations_client& operator=(const operations_client&) = delete;

    [[nodiscard]] result<operation_result> run(std::string_view method, std::string_view path,
                                               const query_parameters& query);

private:
    const loaded_config& config_;
    const bool changes_;
    std::unique_ptr<datasets::event_log> log_;
};

/// Runs an operation (see operations.hpp) on the gateway of this configuration, or on its data
/// folder. `changes` says that it writes: then the folder is opened for writing.
[[nodiscard]] result<operation_result> run_anywhere(const loaded_config& config,
                                                    std::string_view method, std::string_view path,
                                                    const query_parameters& query, bool changes);

/// Prints a body to stdout, or the `detail` of a problem to stderr; returns the exit code.
int print_result(const result<operation_result>& answer);

}  // namespace sluice::gateway
