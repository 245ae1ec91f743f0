#pragma once
// Reads the `tests:` of a rule set.

#include "rules/definition/library_reader.hpp"

namespace sluice::rules {

/// `rule.step` to `{status, headers, body}` or `{timeout: true}`; also a file of `sluice explain`.
[[nodiscard]] std::vector<response_source> read_responses(const config::node& responses,
                                                          diagnostics& problems);

[[nodiscard]] std::vector<test_source> read_tests(const config::node& tests,
                                                  const std::string& folder,
                                                  const document_reader& documents,
                                                  diagnostics& problems);

}  // namespace sluice::rules
