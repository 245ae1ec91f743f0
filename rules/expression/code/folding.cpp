#include "rules/expression/code/folding.hpp"

#include <algorithm>

#include "rules/expression/code/checker.hpp"
#include "rules/expression/code/compiler.hpp"

namespace sluice::rules::expression {

namespace {

class folder {
public:
    folder(const compile_environment& environment, event_arena& memory,
           std::vector<problem>* problems)
        : environment_(environment), memory_(memory), problems_(problems)
    {
        environment_.check = false;
    }

    // Answers whether the node depends on nothing but the given free names, which are returned.
    struct dependence {
        bool dynamic = false;
        std::vector<std::string> free;
    };

    dependence visit(node_ptr& at)
    {
        dependence found;
        found.dynamic = at->kind == node_kind::path || at->variable.has_value() || is_impure(*at);
        if (at->kind == node_kind::identifier && !at->variable) found.free.push_back(at->name);
        for (std::size_t i = 0; i < at->children.size(); ++i) {
            auto inner = visit(at->children[i]);
            found.dynamic = found.dynamic || inner.dynamic;
            for (auto& name : inner.free) {
                const bool bound = i > 0 && std::find(at->variables.begin(), at->variables.end(),
                                                      name) != at->variables.end();
                if (!bound) found.free.push_back(std::move(name));
            }
        }
        if (!found.dynamic && found.free.empty()) {
            fold_constant(at);
        } else {
            shorten(at);
        }
        return found;
    }

private:
    [[nodiscard]] bool is_impure(const node& at) const
    {
        if (at.kind != node_kind::method && at.kind != node_kind::call) return false;
        if (at.op != operator_kind::none) return false;
        const auto* function = function_of(at, environment_.container);
        return function != nullptr && !function->pure;
    }

    void fold_constant(node_ptr& at)
    {
        if (at->is_literal()) return;
        std::vector<problem> ignored;
        const auto result = compiler(environment_, ignored).run_once(*at, memory_);
        if (result.is_error()) report(*at, result);
        if (result.is_error() || !ignored.empty()) return;
        auto made = std::make_unique<node>();
        made->position = at->position;
        made->constant = result;
        made->type = result.kind();
        at = std::move(made);
    }

    // int('abc'), ip('10.0.0'): not the operators, whose errors `&&` and `||` may absorb on
    // purpose.
    void report(const node& at, const value& error)
    {
        const bool is_call = at.kind == node_kind::method ||
                             (at.kind == node_kind::call && at.op == operator_kind::none);
        if (problems_ == nullptr || !is_call) return;
        if (error.error_text() == bad_constant_text) return;  // the compiler tells it better
        auto position = at.position;
        for (const auto& child : at.children) {
            if (!child->is_literal()) return;  // reported there
            if (child->constant.is(value_kind::string)) position = child->position;
        }
        const auto is_told = [&](const problem& p) { return !p.warning && p.position == position; };
        if (std::any_of(problems_->begin(), problems_->end(), is_told)) return;  // by the lint
        problems_->push_back({position, std::string(error.error_text()),
                              "'" + at.name + "' fails for every event with this constant"});
    }

    // A constant false decides `&&`, a constant true `||`; a constant condition chooses its branch.
    static void shorten(node_ptr& at)
    {
        if (at->kind != node_kind::call) return;
        if (at->op == operator_kind::logical_and || at->op == operator_kind::logical_or) {
            const bool decisive = at->op == operator_kind::logical_or;
            auto& operands = at->children;
            for (auto& operand : operands) {
                if (!operand->is_literal() || !operand->constant.is(value_kind::boolean) ||
                    operand->constant.as_bool() != decisive) {
                    continue;
                }
                auto decided = std::move(operand);
                at = std::move(decided);
                return;
            }
            std::erase_if(operands, [&](const node_ptr& operand) {
                return operands.size() > 2 && operand && operand->is_literal() &&
                       operand->constant.is(value_kind::boolean);
            });
            return;
        }
        if (at->op != operator_kind::conditional) return;
        const auto& condition = *at->children[0];
        if (!condition.is_literal() || !condition.constant.is(value_kind::boolean)) return;
        auto taken = std::move(at->children[condition.constant.as_bool() ? 1 : 2]);
        at = std::move(taken);
    }

    compile_environment environment_;
    event_arena& memory_;
    std::vector<problem>* problems_;
};

}  // namespace

void fold(tree& shortened, const compile_environment& environment, std::vector<problem>* problems)
{
    folder(environment, *shortened.memory[0], problems).visit(shortened.root);
}

}  // namespace sluice::rules::expression
