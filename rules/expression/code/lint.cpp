#include "rules/expression/code/lint.hpp"

#include <algorithm>

#include "rules/expression/printer.hpp"

namespace sluice::rules::expression {

namespace {

class linter {
public:
    explicit linter(std::vector<problem>& problems) : problems_(problems) {}

    void visit(const node& at, bool negated)
    {
        if (at.is_operator(operator_kind::logical_not)) return visit(*at.children[0], true);
        if (at.is_operator(operator_kind::not_equal)) negated = true;
        if (at.kind == node_kind::path && negated) warn_absent(at);
        if (at.kind == node_kind::call) check_call(at);
        for (std::size_t i = 0; i < at.children.size(); ++i) {
            // default and coalesce take care of absence themselves.
            const bool guarded =
                at.kind == node_kind::macro && (at.macro == macro_kind::coalesce ||
                                                (at.macro == macro_kind::default_value && i == 0));
            visit(*at.children[i], negated && !guarded);
        }
    }

private:
    void warn(const node& at, std::string message, std::string hint)
    {
        problems_.push_back({at.position, std::move(message), std::move(hint), true});
    }

    void warn_absent(const node& at)
    {
        const bool optional =
            std::any_of(at.path.begin(), at.path.end(), [](const auto& s) { return s.optional; });
        if (at.presence || optional || at.path.empty()) return;
        // a step that ran has all fields of a result; only what the answer held may be absent
        if (at.root == "steps" && at.path.size() == 2) return;
        const auto text = to_text(at);
        warn(at, "where '" + text + "' is absent the negated condition is an error, not true",
             "write default(" + text + ", null) if absence should count");
    }

    void check_call(const node& at)
    {
        if (at.op != operator_kind::none) return;
        if (at.name == "time.parse" && at.children.size() == 1) {
            warn(at, "time.parse() without a pattern guesses the form of the date",
                 "give the pattern as second argument");
        }
        const bool rounds = at.name == "math.round" || at.name == "math.ceil" ||
                            at.name == "math.floor" || at.name == "math.trunc";
        if (rounds && at.children.size() == 1 && at.children[0]->kind == node_kind::path &&
            at.children[0]->type == value_kind::any) {
            warn(at, at.name + "() takes doubles only, and whole JSON numbers are ints",
                 "use number.round() or " + at.name + "(double(…))");
        }
    }

    std::vector<problem>& problems_;
};

}  // namespace

void lint(const node& checked, std::vector<problem>& problems)
{
    linter(problems).visit(checked, false);
}

}  // namespace sluice::rules::expression
