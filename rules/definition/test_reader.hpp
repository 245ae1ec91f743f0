#pragma once
// Reads the `tests:` of a rule set.

#include "rules/definition/library_reader.hpp"

namespace sluice::rules {

[[nodiscard]] std::vector<test_source> read_tests(const config::node& tests,
                                                  const std::string& folder,
                                                  const document_reader& documents,
                                                  diagnostics& problems);

}  // namespace sluice::rules
