#pragma once
// The names that an expression of a rule set may use, and how its text becomes code: library
// functions are expanded in place, paths get slots, problems are reported at their place in the
// YAML. Lives while one dataset's rules are compiled; one thread. What must outlive it goes into
// program_parts.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rules/definition/rule_set.hpp"
#include "rules/event/event_schema.hpp"
#include "rules/event/path_set.hpp"
#include "rules/expression/expression.hpp"

namespace sluice::rules {

/// Memory and shared tables of a dataset's program.
struct program_parts {
    struct variable {
        std::string name;  ///< as written: `variables.items`, `shop.email`
        std::string rule;  ///< `set/name`, for repeatable ids
        config::source_location where;
        expression::compiled_expression code;
    };

    path_set paths;
    std::vector<variable> variables;
    std::set<std::uint32_t> used_variables;  ///< that some other expression names
    event_arena constants{4096};             ///< params and literals of conditions and maps
    expression::limits bounds;
    std::vector<std::shared_ptr<const event_schema>> schemas;  ///< that trees refer to
    bool uses_clock = false;
};

class scope {
public:
    /// `problems` takes what is wrong; all references must outlive the scope.
    scope(program_parts& parts, std::string set, config::diagnostics& problems);
    /// An inner scope sees all names of the outer one, and may hide them.
    explicit scope(const scope& outer, std::string owner);
    /// The scope of a step: all names of its rule, and the results of the steps before it (the
    /// first `done` of `steps`).
    scope(const scope& outer, std::vector<std::string> steps, std::size_t done);

    /// Types `event`; before anything is compiled.
    void use_schema(std::shared_ptr<const event_schema> schema);
    /// Names that follow, so that a use before the declaration is told as such.
    void announce(const std::vector<variable_source>& variables);
    /// What the conditions compiled from now on are for; the lint asks.
    void use_for(expression::condition_use use) { use_ = use; }
    [[nodiscard]] expression::condition_use use() const { return use_; }
    /// Declared names that some expression used, libraries inside themselves not counted.
    [[nodiscard]] const std::set<std::string>& used() const { return *used_; }

    void declare_param(const std::string& name, const std::string& json);
    void declare_variable(const std::string& prefix, const variable_source& variable);
    void declare_library(const library_source& library);

    /// Reports problems; nothing when there was an error. `ordinal` counts uuid.v4() calls of the
    /// rule.
    [[nodiscard]] std::optional<expression::compiled_expression> compile(
        const source_text& source, std::optional<expression::value_kind> expected = {},
        std::uint32_t ordinal = 0);

    [[nodiscard]] const map_source* find_mapping(const std::string& name) const;
    [[nodiscard]] std::vector<std::string_view> mapping_names() const;

    [[nodiscard]] program_parts& parts() { return *parts_; }
    [[nodiscard]] config::diagnostics& problems() { return *problems_; }
    [[nodiscard]] const std::string& set() const { return set_; }
    [[nodiscard]] std::uint32_t id() const { return id_; }
    /// For expression::compile_part.
    [[nodiscard]] expression::compile_environment environment();

private:
    struct library_function {
        std::vector<std::string> params;
        std::shared_ptr<const expression::tree> body;
    };
    class slot_resolver;

    void declare_function(const std::string& library, const function_source& function);
    void declare(const std::string& name, const source_text& place, expression::tree syntax);
    std::optional<expression::compiled_expression> finish(
        expression::tree syntax, const source_text& source,
        std::optional<expression::value_kind> expected, std::uint32_t ordinal);
    std::optional<expression::tree> parse(const source_text& source);
    bool expand(expression::tree& syntax, expression::node_ptr& at, const source_text& source);
    void report(const std::vector<expression::problem>& found, const source_text& source);

    program_parts* parts_;
    config::diagnostics* problems_;
    std::string set_;
    std::uint32_t id_;
    std::shared_ptr<slot_resolver> resolver_;
    std::vector<expression::declared_variable> names_;
    std::map<std::string, library_function> functions_;
    std::map<std::string, const map_source*> mappings_;
    std::set<std::string> libraries_;
    std::vector<std::string> later_names_;
    expression::condition_use use_ = expression::condition_use::matches;
    std::shared_ptr<std::set<std::string>> used_ = std::make_shared<std::set<std::string>>();
    std::string declaring_;  ///< the library being declared
};

}  // namespace sluice::rules
