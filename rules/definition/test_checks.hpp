#pragma once
// Whether the tests of a rule set fit its rules: names that exist, no name twice, and, as warnings,
// rules without a test and tests that check nothing. Pure functions over what the readers made.

#include <set>
#include <string>
#include <vector>

#include "rules/definition/rule_set.hpp"

namespace sluice::rules {

/// Reports to `problems`; `warns` adds the warnings.
void check_tests(const rule_set_source& set, bool warns, config::diagnostics& problems);

/// Acting rules of the set, nested ones and `else` included, disabled ones not.
[[nodiscard]] std::vector<named_source> acting_rules(const rule_set_source& set);

/// Those that some test names as matched, or whose request or explanation it expects.
[[nodiscard]] std::set<std::string> tested_rules(const rule_set_source& set);

}  // namespace sluice::rules
