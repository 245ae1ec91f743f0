#pragma once
// Rule sets as read to programs per dataset. Runs while the configuration is loaded, on one thread;
// every problem of every set is reported. What it makes is immutable.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rules/dataset_program.hpp"
#include "rules/definition/rule_set.hpp"

namespace sluice::rules {

class compiled_catalog final : public rule_catalog {
public:
    [[nodiscard]] std::shared_ptr<const dataset_program> program_for(
        std::string_view dataset) const override;
    [[nodiscard]] std::string_view content_hash() const override { return hash_; }
    [[nodiscard]] const compiled_program* program_of(std::string_view dataset) const;

    std::map<std::string, std::shared_ptr<const compiled_program>, std::less<>> programs;
    void set_hash(std::string hash) { hash_ = std::move(hash); }

private:
    std::string hash_;
};

/// All sources as values, form checked; problems reported.
[[nodiscard]] std::vector<rule_set_source> read_rule_sets(
    const std::map<std::string, config::rule_source>& sources, config::diagnostics& problems);

/// Null when there are errors.
[[nodiscard]] std::shared_ptr<compiled_catalog> compile_rule_sets(
    const std::vector<rule_set_source>& sets, const rule_environment& names,
    config::diagnostics& problems);

}  // namespace sluice::rules
