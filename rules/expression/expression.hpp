#pragma once
// The front door of the language: parse text, compile it against the names of an environment,
// evaluate it per event. A compiled_expression is immutable and shared by all threads; an
// evaluation_context belongs to one thread and one event. No function here throws for bad input:
// load problems are listed, run-time failures are error values.

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/clock.hpp"
#include "rules/event_arena.hpp"
#include "rules/expression/ast.hpp"
#include "rules/expression/limits.hpp"
#include "rules/expression/value.hpp"

namespace sluice::rules::expression {

class code;
class evaluation_context;

/// Something wrong with an expression at load. `warning` problems do not stop the load.
struct problem {
    source_offset position = 0;
    std::string message;  ///< one sentence, no final stop
    std::string hint;
    bool warning = false;
};

/// A name expressions may use. Names may be dotted; the longest declared prefix of `a.b.c` wins.
struct declared_variable {
    std::string name;
    value_kind type = value_kind::any;
    std::uint32_t index = 0;    ///< what variable_source::variable receives
    bool is_path_root = false;  ///< chains of fields below it are offered to the path_resolver
    std::optional<value> constant =
        {};  ///< a param: folded in; its memory must outlive the programs
    const type_shape* shape = nullptr;
    bool may_be_absent = false;  ///< for the lint
};

struct resolved_path {
    slot_index slot = 0;
    value_kind type = value_kind::any;  ///< known from a schema
    std::string problem = {};  ///< not empty: the schema forbids this path; reported at load
    std::string hint = {};
    std::size_t problem_step = 0;  ///< the step that is wrong
    const type_shape* shape = nullptr;
    bool is_certain = false;  ///< every valid event has it
};

/// Turns `event.a.b.c` into slots at compile time. Offered are the longest chain of fields with
/// constant string names below a path root (empty for the root itself); nullopt leaves it to the
/// generic nodes, which then read the root's own slot, so resolving the empty chain must succeed.
class path_resolver {
public:
    virtual ~path_resolver() = default;
    virtual std::optional<resolved_path> resolve(std::string_view root,
                                                 std::span<const path_step> steps) = 0;
};

/// Where the truth of a condition leads, for the lint.
enum class condition_use : std::uint8_t {
    none,     ///< not a condition
    matches,  ///< true: the rule acts
    negated,  ///< stands under `none`
    drops,    ///< true: the event is dropped
};

struct compile_environment {
    std::vector<declared_variable> variables;
    path_resolver* paths = nullptr;
    std::string container;
    limits bounds;
    bool check = true;     ///< false: unknown names and overloads are run-time errors
    bool optimize = true;  ///< false: no folding, no special nodes (tests compare both)
    bool lint = false;     ///< adds warnings, refuses constant calls that always fail
    condition_use use = condition_use::none;
    /// Names declared further down, and names of functions that are expanded already: for hints.
    std::vector<std::string> later_names, other_functions;
    std::set<std::string>* used = nullptr;    ///< takes the declared names that occur
    std::optional<value_kind> expected = {};  ///< for example boolean for conditions
    std::uint32_t first_call_ordinal =
        0;  ///< of uuid.v4() calls, when a rule has several expressions
};

/// Values of declared variables that are not slots, asked for when (and as often as) they are used;
/// the source keeps what must be evaluated once. Lives on the context's thread.
class variable_source {
public:
    virtual ~variable_source() = default;
    virtual value variable(std::uint32_t index, evaluation_context& context) = 0;
};

/// What one event's evaluation works with. Cheap to make; reused by resetting the members that
/// change.
class evaluation_context {
public:
    evaluation_context(event_arena& memory, const limits& limit_values)
        : arena(&memory), bounds(&limit_values)
    {
    }

    event_arena* arena;  ///< everything built lands here
    const limits* bounds;
    std::span<const value> slots;  ///< one per slot_index the resolver gave out
    variable_source* variables = nullptr;
    wall_time now{};                  ///< read from the clock once per event
    std::uint64_t seed = 0;           ///< of uuid.v4()
    std::string_view event_id, rule;  ///< of uuid.v4(): `set/rule`

    // Counters of this evaluation.
    std::int64_t cost_tenths = 0;
    std::uint32_t loop_steps = 0;
    std::vector<std::uint32_t> call_runs;  ///< runs of each uuid.v4() call

    /// Forgets the counters; the arena is the caller's to reset.
    void begin()
    {
        cost_tenths = 0;
        loop_steps = 0;
        call_runs.clear();
    }
    /// False when the budget is used up: answer limit_exceeded.
    bool charge(std::int64_t tenths)
    {
        cost_tenths += tenths;
        return cost_tenths <= bounds->cost_units_max * 10;
    }
    /// False when a string or list of that many bytes may not be built any more.
    [[nodiscard]] bool may_build(std::size_t bytes) const
    {
        return arena->bytes_used() + bytes <= bounds->arena_bytes_max;
    }

    value* locals = nullptr;  ///< loop variables of the running expression; internal
};

/// A path as an expression uses it, for explain and lint.
struct path_use {
    source_offset position = 0;
    slot_index slot = 0;
    std::string root;
    std::vector<path_step> steps;
    bool guarded = false;  ///< stands under default, coalesce, has or an optional select
};

class compiled_expression {
public:
    compiled_expression();
    compiled_expression(compiled_expression&&) noexcept;
    compiled_expression& operator=(compiled_expression&&) noexcept;
    ~compiled_expression();

    /// Allocates nothing but from the context's arena.
    [[nodiscard]] value evaluate(evaluation_context& context) const;

    [[nodiscard]] const node& root() const { return *tree_.root; }  ///< checked, folded
    [[nodiscard]] const tree& syntax() const { return tree_; }
    [[nodiscard]] const std::string& text() const { return *tree_.text; }
    [[nodiscard]] value_kind type() const { return tree_.root->type; }
    [[nodiscard]] bool is_constant() const { return tree_.root->is_literal(); }
    [[nodiscard]] const value& constant() const { return tree_.root->constant; }
    /// Units of one evaluation, loops and bytes not counted: what explain prints per predicate.
    [[nodiscard]] std::int64_t static_cost() const { return cost_; }
    [[nodiscard]] std::span<const path_use> paths() const { return paths_; }
    [[nodiscard]] std::span<const std::uint32_t> variables() const { return variables_; }
    /// uuid.v4() calls inside; the next expression of the rule starts counting behind them.
    [[nodiscard]] std::uint32_t call_ordinals() const { return call_ordinals_; }
    /// The slot when the whole expression is one plain path (copied unchanged into bodies).
    [[nodiscard]] std::optional<slot_index> as_plain_path() const;
    /// Some event gives an error with the absent bit, as far as the checker knows.
    [[nodiscard]] bool may_be_absent() const { return may_be_absent_; }
    /// An error of this expression in words: "event.xdm.commerce is absent", "division by zero".
    [[nodiscard]] std::string describe(const value& error) const;

private:
    friend class compiler;
    tree tree_;
    std::unique_ptr<const code> code_;
    std::uint32_t local_count_ = 0;
    std::int64_t cost_ = 0;
    std::uint32_t call_ordinals_ = 0;
    std::vector<path_use> paths_;
    std::vector<std::uint32_t> variables_;
    bool may_be_absent_ = false;

    friend std::optional<compiled_expression> compile(tree syntax,
                                                      const compile_environment& environment,
                                                      std::vector<problem>& problems);
};

/// Text to tree; nullopt when there were problems (all syntax errors that could be found).
[[nodiscard]] std::optional<tree> parse(std::string_view text, const limits& bounds,
                                        std::vector<problem>& problems);

/// Tree to program: names, check, fold, code. nullopt when a problem that is no warning was found.
[[nodiscard]] std::optional<compiled_expression> compile(tree syntax,
                                                         const compile_environment& environment,
                                                         std::vector<problem>& problems);

/// Both.
[[nodiscard]] std::optional<compiled_expression> compile(std::string_view text,
                                                         const compile_environment& environment,
                                                         std::vector<problem>& problems);

/// A compiled program for a sub-tree (a conjunct) of a compiled expression; no checks, no problems.
[[nodiscard]] compiled_expression compile_part(const compiled_expression& whole, const node& part,
                                               const compile_environment& environment);

}  // namespace sluice::rules::expression
