#pragma once
// Builds the program of one dataset out of its rule sets. Used by the rule compiler only.

#include <memory>
#include <set>
#include <string>

#include "rules/dataset_program.hpp"
#include "rules/definition/rule_set.hpp"

namespace sluice::rules {

class program_builder {
public:
    program_builder(const std::string& dataset, const rule_environment& names);

    /// Problems go to `problems`; a set with problems is left incomplete.
    void add(const rule_set_source& set, config::diagnostics& problems);
    [[nodiscard]] std::shared_ptr<const compiled_program> finish();

private:
    struct set_context;

    std::uint32_t add_group(const rule_group& group, scope& names, const set_context& set);
    std::uint32_t add_rule(const rule_source_node& rule, scope& names, const set_context& set);
    void add_outcome(const rule_source_node& rule, program_rule& made, scope& names,
                     const set_context& set);
    void add_steps(const rule_source_node& rule, const program_rule& made, scope& names,
                   mapping_options options, std::uint32_t& ordinal, const set_context& set);
    void check_target(const rule_source_node& rule, config::diagnostics& problems) const;
    void check_name(const named_source& name, bool is_destination,
                    config::diagnostics& problems) const;
    [[nodiscard]] std::vector<candidate_index::entry> entries_of(const program_group& group) const;
    void add_indexes();
    void use_schema(const rule_set_source& set, scope& names, config::diagnostics& problems) const;
    void warn_of_unused(std::size_t first, config::diagnostics& problems);
    static void warn_of_unused(const rule_set_source& set, const scope& names,
                               config::diagnostics& problems);
    void warn_of_unindexed(std::uint32_t group, config::diagnostics& problems) const;

    const rule_environment& names_;
    std::shared_ptr<compiled_program> program_;
    std::set<std::uint32_t> set_groups_;  ///< of whole sets, not inside a rule
};

}  // namespace sluice::rules
