#pragma once
// Names and types: resolves identifiers, namespaced functions and paths in place, infers static
// types from the bottom up and reports what can never work. Whatever it doesn't know is dyn and
// passes.

#include <string>
#include <vector>

#include "rules/expression/expression.hpp"
#include "rules/expression/functions/registry.hpp"

namespace sluice::rules::expression {

class checker {
public:
    checker(const compile_environment& environment, std::vector<problem>& problems)
        : environment_(environment), problems_(problems)
    {
    }
    void run(tree& checked);

private:
    void visit(node_ptr& at);
    void visit_children(node& at);
    void visit_macro(node& at);
    void visit_call(node& at);
    void visit_method(node_ptr& at);
    void visit_operator(node& at);
    void visit_map(node& at);

    bool resolve_name(node_ptr& at);
    bool resolve_path(node_ptr& at);
    node_ptr named(const std::string& name, source_offset position) const;
    void type_container(node& at);
    void step_into_shape(node& at);
    void type_alternatives(node& at, std::size_t first);
    void name_locals(const node& at);
    void check_boolean(const node& operand, std::string_view where);
    void check_relation(node& at);
    void check_membership(const node& left, const node& right);
    void check_arithmetic(node& at);
    void check_overloads(node& at, const function_declaration& function, bool method);

    [[nodiscard]] bool is_local(std::string_view name) const;
    [[nodiscard]] const declared_variable* declared(std::string_view name) const;
    /// `name` in the container A.B: A.B.name, A.name, name.
    [[nodiscard]] std::vector<std::string> candidates(const std::string& name, bool absolute) const;
    void report(source_offset position, std::string message, std::string hint = {});
    void unknown_name(const node& at, const node* above = nullptr);
    bool is_unknown_namespace(const node& select);
    void unknown_function(const node& at, const std::string& name);
    [[nodiscard]] std::string problem_of_enum(const node& one, const node& other) const;

    const compile_environment& environment_;
    std::vector<problem>& problems_;
    std::vector<std::string> locals_;
    std::vector<const type_shape*> local_shapes_;  ///< of locals_; null: nothing is known
};

/// `a.b.c` of a chain of plain selections from an identifier; empty for other nodes.
[[nodiscard]] std::string dotted_name(const node& at);

/// Finds `name` as the call of a namespaced or plain function, container applied; nullptr if
/// unknown.
[[nodiscard]] const function_declaration* function_of(const node& call, std::string_view container);

}  // namespace sluice::rules::expression
