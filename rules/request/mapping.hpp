#pragma once
// The compiled tree of a request's body: writes JSON straight into a string, member by member, and
// decides what becomes of members that are in error, null or none. Immutable, any thread; what
// happens to an event's members is told to the render_state, which belongs to one rendering.

#include <optional>
#include <string>
#include <vector>

#include "rules/event/event_view.hpp"
#include "rules/rule_engine.hpp"
#include "rules/scope.hpp"

namespace sluice::rules {

/// A member that was left out or nulled, for explain, tests and counters.
struct omitted_member {
    std::string path;
    std::string reason;
    bool is_absent = false;  ///< the event's shape, no warning
    bool is_nulled = false;  ///< sent as null instead of left out
};

/// Counts per member of a mapping; per thread.
struct omission_counts {
    std::uint64_t absent = 0, error = 0;
};

struct render_state {
    expression::evaluation_context& context;
    std::span<const json_range> ranges;  ///< per slot
    const path_set& paths;
    std::string_view event_json, request_json, steps_json;
    std::span<omission_counts> counts;               ///< per leaf of all mappings of the program
    std::vector<omitted_member>* omitted = nullptr;  ///< filled when somebody wants to read it
    std::optional<render_failure> failure;

    /// The bytes of a path as they stand in the event; empty when it is none of the event's.
    [[nodiscard]] std::string_view raw_text(path_set::slot_index slot) const;
};

struct mapping_options {
    error_policy on_error = error_policy::omit;
    null_policy nulls = null_policy::keep;
};

/// What was made of a member.
enum class written : std::uint8_t { yes, omitted, failed };

/// One expression that becomes one JSON value, with its policy: a leaf of the tree, or an `output`.
class mapped_leaf {
public:
    [[nodiscard]] static std::optional<mapped_leaf> compile(const source_text& source, scope& names,
                                                            std::uint32_t& ordinal,
                                                            mapping_options options);
    [[nodiscard]] written write(render_state& state, std::string& into) const;

    std::string path;  ///< dotted, for reasons
    bool is_required = false;
    std::uint32_t count_index = 0;

private:
    [[nodiscard]] written leave_out(const expression::value& why, render_state& state,
                                    std::string& into) const;

    expression::compiled_expression code_;
    std::optional<path_set::slot_index> plain_;
    mapping_options options_;
};

class mapping {
public:
    /// Reports problems; nothing when there was an error. `leaf_count` numbers leaves over all
    /// mappings.
    [[nodiscard]] static std::optional<mapping> compile(const map_source& tree,
                                                        const std::vector<member_path>& require,
                                                        mapping_options options, scope& names,
                                                        std::uint32_t& ordinal,
                                                        std::uint32_t& leaf_count);

    /// False when the event fails; the reason stands in the state.
    [[nodiscard]] bool write(render_state& state, std::string& into) const;

private:
    enum class kind : std::uint8_t { literal, leaf, object, list };
    struct member;
    struct node {
        kind what = kind::literal;
        std::string path;
        std::string json;  ///< literal
        std::optional<mapped_leaf> leaf;
        std::vector<member> members;     ///< key as `"name":`
        std::vector<std::string> names;  ///< keys as they are
        std::vector<node> items;
        std::optional<expression::compiled_expression> copy;
        std::vector<member_path> remove;
        std::vector<std::string> required_of_copy;
        mapping_options options;
        bool drops_null = false;
    };
    struct member {
        std::string first;
        node second;
    };
    class builder;

    [[nodiscard]] static written write_node(const node& at, render_state& state, std::string& into);
    [[nodiscard]] static written write_object(const node& at, render_state& state,
                                              std::string& into);
    [[nodiscard]] static bool write_copy(const node& at, render_state& state, std::string& into);

    node root_;
};

}  // namespace sluice::rules
