#pragma once
// Reads library files named by `include`: nested includes first, each file once, cycles refused.

#include <functional>

#include "rules/definition/read_support.hpp"

namespace sluice::rules {

/// Gives the document of a file, or nothing after reporting why at `from`.
using document_reader = std::function<std::optional<config::node>(
    const std::string& path, const config::source_location& from, diagnostics& problems)>;

/// Reads files with the YAML reader of config/.
[[nodiscard]] document_reader file_documents();

/// The libraries that `includes` names, relative to `folder`.
[[nodiscard]] std::vector<library_source> read_libraries(const std::vector<named_source>& includes,
                                                         const std::string& folder,
                                                         const document_reader& documents,
                                                         diagnostics& problems);

[[nodiscard]] std::vector<variable_source> read_variables(const config::node& owner,
                                                          diagnostics& problems);
[[nodiscard]] std::vector<param_source> read_params(const config::node& owner,
                                                    diagnostics& problems);

}  // namespace sluice::rules
