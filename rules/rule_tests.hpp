#pragma once
// Runs the `tests:` of rule sets: what `sluice test` prints. Every test compiles its own set when
// it changes params, decides its event and compares; nothing is sent. One thread.

#include <map>
#include <string>
#include <vector>

#include "rules/rule_compiler.hpp"

namespace sluice::rules {

struct rule_test_result {
    std::string set;
    std::string name;
    config::source_location where;
    std::vector<std::string> differences;  ///< empty: passed
    std::string explained;                 ///< why, when it failed
};

struct rule_test_report {
    std::vector<rule_test_result> results;
    std::size_t rules = 0;              ///< that act, in all sets
    std::vector<std::string> untested;  ///< `set/rule`, of those
    [[nodiscard]] std::size_t failed() const;
    /// Failures in full, how many rules are covered, then `N passed, N failed`.
    [[nodiscard]] std::string to_text() const;
    [[nodiscard]] std::string to_json() const;
};

struct rule_test_options {
    std::string only;  ///< a part of `set: test name`; empty: all
};

/// The sources must compile: problems are reported, and then nothing is run.
[[nodiscard]] rule_test_report run_rule_tests(
    const std::map<std::string, config::rule_source>& sources, const rule_environment& names,
    config::diagnostics& problems, const rule_test_options& options = {});

/// Whether two JSON texts are equal as JSON: objects without order, integers and fractions apart.
/// Empty when they are, else the path and what differs. `is_subset`: members missing in `wanted`
/// are free.
[[nodiscard]] std::string json_difference(std::string_view wanted, std::string_view got,
                                          bool is_subset = false);

}  // namespace sluice::rules
