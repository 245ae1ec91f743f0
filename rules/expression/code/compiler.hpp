#pragma once
// Tree to code. Keeps the scope of local variables and the cost of what it has made; reports
// constant arguments that cannot work (patterns, zones, formats) when checks are on.

#include <string>
#include <vector>

#include "rules/expression/code/code.hpp"
#include "rules/expression/functions/registry.hpp"

namespace sluice::rules::expression {

struct call_candidate;

/// Of a call whose constant arguments `prepare` refused, where checks are off.
inline constexpr const char* bad_constant_text = "a constant argument is invalid";

class compiler {
public:
    compiler(const compile_environment& environment, std::vector<problem>& problems)
        : environment_(environment),
          problems_(problems),
          call_ordinal_(environment.first_call_ordinal)
    {
    }
    /// Names are resolved already. The result owns `syntax`.
    [[nodiscard]] compiled_expression compile(tree syntax);
    /// Code of a closed sub-tree, run at once; the result lives in `memory`. For folding.
    [[nodiscard]] value run_once(const node& closed, event_arena& memory);

private:
    struct local {
        std::string name;
        std::uint32_t index = 0;
        const code* initializer = nullptr;  // of a lazy one
    };
    struct made {
        code_ptr step;
        std::int64_t cost = 0;
    };

    made build(const node& at);
    made build_identifier(const node& at);
    made build_access(const node& at);
    made build_path(const node& at);
    made build_operator(const node& at);
    made build_logical(const node& at);
    made build_call(const node& at);
    made build_container(const node& at);
    made build_macro(const node& at);
    made build_loop(const node& at);
    made build_bind(const node& at);
    code_ptr build_special(const node& at);
    void prepare(const node& at, call_candidate& candidate);
    std::uint32_t add_local(const std::string& name);
    void note_path(const node& at);

    const compile_environment& environment_;
    std::vector<problem>& problems_;
    std::string_view source_;  ///< of positions; for problems
    std::vector<local> scope_;
    std::uint32_t local_count_ = 0;
    std::uint32_t call_ordinal_;
    std::uint32_t guards_ = 0;
    std::vector<path_use> paths_;
    std::vector<std::uint32_t> variables_;
};

}  // namespace sluice::rules::expression
