#include "rules/expression/code/lint.hpp"

#include <algorithm>
#include <set>

#include "rules/expression/functions/support.hpp"
#include "rules/expression/printer.hpp"

namespace sluice::rules::expression {

namespace {

constexpr std::size_t fix_bytes_max = 100;

bool is_logical(const node& at)
{
    return at.is_operator(operator_kind::logical_and) ||
           at.is_operator(operator_kind::logical_or) ||
           at.is_operator(operator_kind::logical_not) || at.is_operator(operator_kind::conditional);
}

bool is_optional_path(const node& at)
{
    return std::any_of(at.path.begin(), at.path.end(), [](const auto& s) { return s.optional; });
}

// A field or a variable that is read without a guard of its own, and that some event lacks.
bool is_uncertain(const node& at)
{
    if (at.presence || at.is_certain) return false;
    switch (at.kind) {
        case node_kind::path:
            // A step that ran has all fields of a result; only what the answer held may be absent.
            if (at.root == "steps" && at.path.size() == 2) return false;
            return !at.path.empty() && !is_optional_path(at);
        case node_kind::select:
            return !at.optional && at.type != value_kind::optional;
        case node_kind::identifier:
            return at.variable.has_value();
        default:
            return false;
    }
}

bool is_guard(const node& at, std::size_t child)
{
    if (at.kind != node_kind::macro) return false;
    return at.macro == macro_kind::coalesce ||
           (at.macro == macro_kind::default_value && child == 0);
}

// What stands in for an absent value so that the relation around it still works.
std::string neutral_of(value_kind kind)
{
    switch (kind) {
        case value_kind::string:
            return "''";
        case value_kind::integer:
        case value_kind::unsigned_integer:
        case value_kind::floating:
            return "0";
        case value_kind::boolean:
            return "false";
        case value_kind::list:
            return "[]";
        default:
            return "null";
    }
}

class linter {
public:
    linter(condition_use use, std::vector<problem>& problems) : use_(use), problems_(problems) {}

    void visit(const node& at, bool is_negated, const node* relation)
    {
        const bool is_not = at.is_operator(operator_kind::logical_not);
        const bool is_denied = at.is_operator(operator_kind::not_equal);
        if (is_not || is_denied) is_negated = true;
        if (relation == nullptr && (!is_logical(at) || is_not)) relation = &at;
        if (is_uncertain(at)) {
            if (is_negated || use_ == condition_use::drops) warn_absent(at, is_negated, *relation);
            return;
        }
        if (at.kind == node_kind::call || at.kind == node_kind::method) check_call(at);
        for (std::size_t i = 0; i < at.children.size(); ++i) {
            if (is_guard(at, i)) {
                visit_guarded(*at.children[i]);
                continue;
            }
            const auto before = present_.size();
            note_siblings(at, i, is_negated);
            const bool is_body = at.kind == node_kind::macro && i > 0;
            visit(*at.children[i], is_negated,
                  is_logical(at) || is_body ? inner(at, relation) : relation);
            present_.resize(before);
        }
    }

private:
    // Under `!` the whole of it is the relation that the fix shows.
    static const node* inner(const node& at, const node* relation)
    {
        return at.is_operator(operator_kind::logical_not) ? relation : nullptr;
    }

    // Absence decides nothing here, but calls are looked at.
    void visit_guarded(const node& at)
    {
        if (at.kind == node_kind::call || at.kind == node_kind::method) check_call(at);
        for (const auto& child : at.children) visit_guarded(*child);
    }

    // In `a && b` and `a ? b : c`, b is only asked where a is true.
    void note_siblings(const node& at, std::size_t asked, bool is_negated)
    {
        if (at.is_operator(operator_kind::conditional) && asked == 1) {
            note_present(*at.children[0], true);
        }
        if (!at.is_operator(operator_kind::logical_and)) return;
        for (std::size_t i = 0; i < at.children.size(); ++i) {
            if (i == asked) continue;
            note_present(*at.children[i], is_negated || use_ == condition_use::drops);
        }
    }

    // Fields that are there when `at` is true: asked for by has(), or read without a guard.
    void note_present(const node& at, bool only_guards)
    {
        if (at.is_operator(operator_kind::logical_and)) {
            for (const auto& child : at.children) note_present(*child, only_guards);
            return;
        }
        if (at.presence) {
            auto text = to_text(at);  // has(event.a.b)
            present_.push_back(text.substr(4, text.size() - 5));
            return;
        }
        if (at.is_operator(operator_kind::not_equal)) {
            const bool asks_null = at.children[1]->is_literal() &&
                                   at.children[1]->constant.is_null() &&
                                   at.children[0]->macro == macro_kind::default_value;
            if (asks_null) present_.push_back(to_text(*at.children[0]->children[0]));
            return;
        }
        if (only_guards || is_logical(at)) return;
        note_read(at);
    }

    void note_read(const node& at)
    {
        if (is_uncertain(at)) present_.push_back(to_text(at));
        if (at.kind == node_kind::macro) return;
        for (const auto& child : at.children) note_read(*child);
    }

    [[nodiscard]] bool is_present(const std::string& text) const
    {
        return std::any_of(present_.begin(), present_.end(), [&](const auto& known) {
            return known == text || known.starts_with(text + ".");
        });
    }

    void warn(const node& at, std::string message, std::string hint)
    {
        problems_.push_back({at.position, std::move(message), std::move(hint), true});
    }

    void warn_absent(const node& at, bool is_negated, const node& relation)
    {
        const auto text = to_text(at);
        if (use_ == condition_use::none) return;
        if (is_present(text) || !told_.insert(text).second) return;
        const auto fix = fixed(relation, at);
        if (is_negated) {
            warn(at, "where '" + text + "' is absent the negated condition is an error, not true",
                 "write " + fix + " if absence should count");
            return;
        }
        warn(at, "where '" + text + "' is absent this is an error, and nothing is dropped",
             "write " + fix + ", or on_condition_error: match to drop such events too");
    }

    // The relation with `default(…)` around the path.
    static std::string fixed(const node& relation, const node& path)
    {
        auto changed = clone(relation);
        auto neutral = std::string("false");
        put_default(changed, to_text(path), neutral);
        auto text = to_text(*changed);
        if (text.size() <= fix_bytes_max) return text;
        return "default(" + to_text(path) + ", " + neutral + ")";
    }

    static bool put_default(node_ptr& at, const std::string& path, std::string& neutral)
    {
        if (is_uncertain(*at) && to_text(*at) == path) {
            auto made = std::make_unique<node>();
            made->kind = node_kind::identifier;
            made->name = "default(" + path + ", " + neutral + ")";
            at = std::move(made);
            return true;
        }
        for (std::size_t i = 0; i < at->children.size(); ++i) {
            if (is_guard(*at, i)) continue;
            neutral = neutral_for(*at, i);
            if (put_default(at->children[i], path, neutral)) return true;
        }
        return false;
    }

    static std::string neutral_for(const node& at, std::size_t child)
    {
        if (at.is_operator(operator_kind::logical_not)) return "false";
        if (at.kind == node_kind::macro) return "[]";
        if (at.kind == node_kind::method && child == 0 && at.children.size() > 1) {
            const auto other = neutral_of(at.children[1]->type);
            return other == "null" ? "''" : other;
        }
        if (at.kind == node_kind::method) return "''";
        if (at.kind != node_kind::call || at.op == operator_kind::none || at.children.size() != 2) {
            return at.name == "size" ? "[]" : "''";
        }
        const auto& other = *at.children[1 - child];
        if (at.op == operator_kind::in && child == 1) return "[]";
        if (at.op == operator_kind::in) {
            const bool has_item = other.kind == node_kind::list && !other.children.empty();
            return has_item && other.children[0]->type == value_kind::string ? "''" : "null";
        }
        const bool is_number = has_kind(mask_of(other.type), value_kind::integer) ||
                               has_kind(mask_of(other.type), value_kind::floating);
        const bool is_equality = at.op == operator_kind::equal || at.op == operator_kind::not_equal;
        if (is_equality && is_number) return "null";  // absent is no number
        return neutral_of(other.type);
    }

    void check_call(const node& at)
    {
        if (at.op != operator_kind::none) return;
        check_format(at);
        if (at.name == "time.parse" && at.children.size() == 1) {
            warn(at, "time.parse() without a pattern guesses the form of the date",
                 "give the pattern as second argument, for example time.parse(" +
                     to_text(*at.children[0]) + ", 'yyyy-MM-dd')");
        }
        const bool rounds = at.name == "math.round" || at.name == "math.ceil" ||
                            at.name == "math.floor" || at.name == "math.trunc";
        if (!rounds || at.children.size() != 1) return;
        if (!has_kind(at.children[0]->kinds(), value_kind::integer)) return;
        const auto operand = to_text(*at.children[0]);
        const auto other = at.name == "math.round" ? "number.round(" + operand + ")"
                                                   : at.name + "(double(" + operand + "))";
        warn(at, at.name + "() takes doubles only, and whole JSON numbers are ints",
             "write " + other);
    }

    // Values that no clause takes are ignored at run time, as cel-go does; as a rule's text they
    // are a mistake.
    void check_format(const node& at)
    {
        if (at.kind != node_kind::method || at.name != "format" || at.children.size() != 2) return;
        const auto& text = *at.children[0];
        const auto& values = *at.children[1];
        if (!text.is_literal() || !text.constant.is(value_kind::string)) return;
        if (values.kind != node_kind::list) return;
        const auto& optional = values.optional_entries;
        if (std::find(optional.begin(), optional.end(), true) != optional.end()) return;
        const auto clauses = count_format_clauses(text.constant.text());
        if (!clauses || *clauses == values.children.size()) return;
        problems_.push_back({text.position,
                             "the format has " + std::to_string(*clauses) + " clauses for " +
                                 std::to_string(values.children.size()) + " values",
                             "give one value for each clause; %% stands for a percent sign"});
    }

    condition_use use_;
    std::vector<problem>& problems_;
    std::vector<std::string> present_;  ///< texts of fields that are there where we look
    std::set<std::string> told_;
};

}  // namespace

void lint(const node& checked, condition_use use, std::vector<problem>& problems)
{
    linter(use, problems).visit(checked, use == condition_use::negated, nullptr);
}

bool may_be_absent(const node& checked)
{
    if (is_uncertain(checked)) return true;
    for (std::size_t i = 0; i < checked.children.size(); ++i) {
        if (!is_guard(checked, i) && may_be_absent(*checked.children[i])) return true;
    }
    return false;
}

}  // namespace sluice::rules::expression
