#pragma once
// What the gateway sees of the rules: compile all rule sets once, then per event decode, decide,
// render. Compiled programs are immutable and shared by all threads; scratch belongs to one thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/clock.hpp"
#include "config/diagnostic.hpp"
#include "config/settings.hpp"
#include "rules/event_arena.hpp"
#include "rules/expression/limits.hpp"
#include "rules/steps/status_range.hpp"

namespace sluice::rules {

/// An event and its metadata as rules see them (`event`, `meta`, `request`). Views of the caller.
struct event_input {
    std::string_view json;  ///< the event, valid JSON
    std::string_view id;
    std::string_view type;
    std::string_view dataset;
    std::string_view datastream;
    std::string_view source;
    std::optional<std::string_view> key;
    wall_time received_at{};
    std::uint32_t partition = 0;
    std::uint64_t offset = 0;
    std::string_view request_json;      ///< `request` as JSON object, or empty: absent
    std::optional<wall_time> now;       ///< what time.now() gives; nothing: the catalog's clock
    std::optional<std::uint64_t> seed;  ///< of uuid.v4(); nothing: the catalog's
};

/// Index of a rule within its dataset_program; stable for the life of the program.
using rule_index = std::uint32_t;

enum class rule_action : std::uint8_t { send, dataset, drop, steps };

/// One request of a rule with `steps`, as far as delivering it goes.
struct rule_step {
    std::string name;
    std::string target;  ///< destination
    std::vector<status_range> accept;
    std::optional<std::chrono::milliseconds> timeout;  ///< instead of the destination's
    std::uint64_t response_bytes_max = 64 * 1024;
    bool continues = false;      ///< its final failure does not stop the rule
    bool is_event_path = false;  ///< the event makes the path: a 404 is about the event
};

/// What a rule does with the events it matches.
struct rule_outcome {
    rule_action action = rule_action::send;
    std::string rule;  ///< "set/rule", as in metrics, dead letters and explain
    std::string set;
    std::string target;  ///< destination or dataset name; drop: the reason; steps: `steps.SET.RULE`
    std::vector<rule_step> steps;  ///< of rules with `steps`
    config::source_location where;
};

/// An event decoded once for all rules: filled slots and the rules that matched. It refers to the
/// event's JSON and to the arena it was decoded into; immutable afterwards, so lanes of several
/// threads share it.
struct decided_event {
    const void* slots = nullptr;          ///< internal: slot table in the arena
    std::span<const rule_index> matched;  ///< in rule order; in the arena
    /// Rules whose condition failed with `on_condition_error: fail`: the event goes to dead
    /// letters.
    std::span<const rule_index> failed;
};

/// A request as a rule describes it; the destination adds host, credentials and signature.
struct rendered_request {
    std::string method;
    std::string path;  ///< appended to the destination's path; with query
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string content_type;        ///< empty: no body
    std::optional<std::string> key;  ///< ordering key when the rule sets its own
    std::string explanation;
};

/// Why a request could not be built: dead letter reason `mapping`, with the place.
struct render_failure {
    std::string path;  ///< member of the body, or `path`, `headers.x`, …
    std::string message;
};

/// Plain counters per rule, per thread; summed when metrics are read.
struct rule_counts {
    std::uint64_t matched = 0, no_match = 0, absent = 0, error = 0, sampled_out = 0, dropped = 0;
};

/// Per-thread working memory of one program. Not thread-safe.
class evaluation_scratch {
public:
    virtual ~evaluation_scratch() = default;
    [[nodiscard]] virtual std::span<const rule_counts> counts() const = 0;
    /// Grows with every event for which some condition was in error for another reason than what
    /// the event lacks; cheap to ask after each event.
    [[nodiscard]] virtual std::uint64_t errors() const { return 0; }
};

class step_program;

/// All rules that read one dataset.
class dataset_program {
public:
    virtual ~dataset_program() = default;
    [[nodiscard]] virtual std::span<const rule_outcome> outcomes() const = 0;
    [[nodiscard]] virtual std::unique_ptr<evaluation_scratch> make_scratch() const = 0;
    /// What decides and renders the steps of rules; null when no rule has any.
    [[nodiscard]] virtual const step_program* steps() const { return nullptr; }

    /// Decodes and decides. `arena` must outlive the result; so must the event's JSON.
    [[nodiscard]] virtual decided_event decide(const event_input& event, event_arena& arena,
                                               evaluation_scratch& scratch) const = 0;

    /// Builds the request of a matched rule. `into` is reused by the caller.
    /// Returns nothing on success.
    [[nodiscard]] virtual std::optional<render_failure> render(rule_index rule,
                                                               const event_input& event,
                                                               const decided_event& decided,
                                                               evaluation_scratch& scratch,
                                                               rendered_request& into) const = 0;
};

/// Names that rules may refer to.
struct rule_environment {
    std::vector<std::string> datasets;
    std::vector<std::string> destinations;
    const clock_source* clock = nullptr;  ///< null: the system's; must outlive the catalog
    std::uint64_t seed = 0;               ///< of uuid.v4()
    /// Fewer rules are scanned, and then count exactly what was absent.
    std::size_t indexed_rules_min = 32;
    expression::limits bounds;  ///< of loading and evaluating expressions
    /// JSON Schema files of datasets (`datasets.x.schema`); a rule set's own `schema` wins.
    struct schema_file {
        std::string path;
        config::source_location where;
    };
    std::map<std::string, schema_file, std::less<>> schemas;
    bool lint_tests = false;  ///< warns of rules without a test
};

/// The compiled rules of a whole configuration.
class rule_catalog {
public:
    virtual ~rule_catalog() = default;
    /// Null when no rule reads this dataset.
    [[nodiscard]] virtual std::shared_ptr<const dataset_program> program_for(
        std::string_view dataset) const = 0;
    /// SHA-256 over the sources, hexadecimal; recorded with deliveries.
    [[nodiscard]] virtual std::string_view content_hash() const = 0;
};

/// Compiles every rule set; reports all problems. Null when there are errors.
[[nodiscard]] std::shared_ptr<const rule_catalog> compile_rules(
    const std::map<std::string, config::rule_source>& sources, const rule_environment& names,
    config::diagnostics& problems);

}  // namespace sluice::rules
