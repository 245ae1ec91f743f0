#include "rules/scope.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "rules/definition/variable_wrapping.hpp"
#include "rules/expression/json_reader.hpp"

namespace sluice::rules {

using expression::node_kind;
using expression::value;
using expression::value_kind;

/// Gives every path a slot of the dataset's path_set; refuses fields that `meta` does not have.
class scope::slot_resolver : public expression::path_resolver {
public:
    explicit slot_resolver(path_set& paths) : paths_(paths) {}
    slot_resolver(path_set& paths, std::vector<std::string> steps, std::size_t done)
        : paths_(paths), steps_(std::move(steps)), done_(done)
    {
    }

    void use_schema(const event_schema* schema) { schema_ = schema; }
    [[nodiscard]] const event_schema* schema() const { return schema_; }

    std::optional<expression::resolved_path> resolve(
        std::string_view root, std::span<const expression::path_step> steps) override
    {
        std::vector<std::string_view> names;
        names.reserve(steps.size());
        for (const auto& step : steps) names.emplace_back(step.name);
        if (root == "event") {
            auto found = slot(path_root::event, names);
            if (schema_ != nullptr) type_event(steps, *found);
            return found;
        }
        if (root == "request") return slot(path_root::request, names);
        return root == "steps" ? step(names) : meta(names);
    }

private:
    std::optional<expression::resolved_path> slot(path_root root,
                                                  std::span<const std::string_view> names)
    {
        return expression::resolved_path{.slot = paths_.add(root, names)};
    }

    /// Walks down the schema as far as it says something.
    void type_event(std::span<const expression::path_step> steps,
                    expression::resolved_path& found) const
    {
        const auto* shape = &schema_->root();
        std::string owner = "event";
        found.is_certain = true;
        for (std::size_t i = 0; i < steps.size() && shape != nullptr; ++i) {
            auto member = expression::member_of(*shape, steps[i].name, owner);
            if (!member.problem.empty()) {
                found.problem = std::move(member.problem);
                found.hint = std::move(member.hint);
                found.problem_step = i;
                return;
            }
            shape = member.shape;
            found.is_certain = found.is_certain && member.is_required;
            owner += "." + steps[i].name;
        }
        found.is_certain = found.is_certain && shape != nullptr;
        found.shape = shape;
    }

    std::optional<expression::resolved_path> meta(std::span<const std::string_view> names)
    {
        static const std::vector<std::string_view> fields{"id",         "type",      "dataset",
                                                          "datastream", "source",    "received_at",
                                                          "key",        "partition", "offset"};
        if (names.empty()) return slot(path_root::meta, names);
        if (std::ranges::find(fields, names[0]) == fields.end()) {
            const auto near = config::nearest_name(names[0], fields);
            expression::resolved_path wrong{.problem = "`meta` has no field '" +
                                                       std::string{names[0]} + "'"};
            if (!near.empty()) wrong.hint = "did you mean '" + std::string{near} + "'?";
            return wrong;
        }
        auto found = slot(path_root::meta, names.subspan(0, 1));
        if (names.size() > 1) return std::nullopt;
        found->is_certain = names[0] != "key";
        if (names[0] == "received_at") {
            found->type = value_kind::timestamp;
        } else if (names[0] == "partition" || names[0] == "offset") {
            found->type = value_kind::integer;
        } else if (names[0] != "key") {
            found->type = value_kind::string;
        }
        return found;
    }

    std::optional<expression::resolved_path> step(std::span<const std::string_view> names)
    {
        static const std::vector<std::pair<std::string_view, value_kind>> fields{
            {"status", value_kind::integer},   {"ok", value_kind::boolean},
            {"code", value_kind::string},      {"headers", value_kind::any},
            {"text", value_kind::string},      {"body", value_kind::any},
            {"attempts", value_kind::integer}, {"elapsed", value_kind::integer}};
        if (names.empty()) return slot(path_root::steps, names);
        const auto found = std::ranges::find(steps_, names[0]);
        if (found == steps_.end()) return unknown("there is no step '", names[0], steps_);
        if (static_cast<std::size_t>(found - steps_.begin()) >= done_) {
            return expression::resolved_path{
                .problem = "step '" + *found + "' has not run yet where its result is read; only " +
                           "steps further up can be read"};
        }
        if (names.size() == 1) return slot(path_root::steps, names);
        const auto field =
            std::ranges::find(fields, names[1], &std::pair<std::string_view, value_kind>::first);
        if (field == fields.end()) {
            std::vector<std::string_view> known;
            for (const auto& [name, kind] : fields) known.push_back(name);
            return unknown("the result of a step has no field '", names[1], known);
        }
        auto made = slot(path_root::steps, names);
        if (names.size() == 2) made->type = field->second;
        return made;
    }

    template <class Names>
    static std::optional<expression::resolved_path> unknown(std::string_view what,
                                                            std::string_view name,
                                                            const Names& known)
    {
        const auto near = config::nearest_name(name, {known.begin(), known.end()});
        auto text = std::string{what} + std::string{name} + "'";
        if (!near.empty()) text += ", did you mean '" + std::string{near} + "'?";
        return expression::resolved_path{.problem = std::move(text)};
    }

    path_set& paths_;
    const event_schema* schema_ = nullptr;
    std::vector<std::string> steps_;  ///< of the rule, when the scope is a step's
    std::size_t done_ = 0;            ///< so many of them have run
};

namespace {

std::uint32_t next_scope_id()
{
    static std::atomic<std::uint32_t> last{0};  // two reloads may compile at a time
    return ++last;
}

void put_at(expression::node& node, expression::source_offset position)
{
    node.position = position;
    for (auto& child : node.children) put_at(*child, position);
}

bool names_clock(const expression::node& node)
{
    if (node.name == "time.now" || node.name == "time.nowMillis" || node.name == "now" ||
        node.name == "nowMillis") {
        return true;
    }
    return std::ranges::any_of(node.children,
                               [](const auto& child) { return names_clock(*child); });
}

/// A name that no expression can write, so that nothing captures it.
std::string hidden(const std::string& name)
{
    return name + "'";
}

expression::tree identifier_tree(const std::string& name)
{
    expression::tree made;
    made.root = std::make_unique<expression::node>();
    made.root->kind = node_kind::identifier;
    made.root->name = name;
    made.text = std::make_shared<const std::string>(name);
    return made;
}

}  // namespace

scope::scope(program_parts& parts, std::string set, config::diagnostics& problems)
    : parts_(&parts),
      problems_(&problems),
      set_(std::move(set)),
      id_(next_scope_id()),
      resolver_(std::make_shared<slot_resolver>(parts.paths))
{
    for (const auto* root : {"event", "meta", "request"}) {
        names_.push_back(
            {.name = root,
             .type = std::string_view{root} == "event" ? value_kind::any : value_kind::map,
             .is_path_root = true});
    }
}

scope::scope(const scope& outer, std::string owner) : scope(outer)
{
    set_ = std::move(owner);
    id_ = next_scope_id();
}

void scope::use_schema(std::shared_ptr<const event_schema> schema)
{
    resolver_->use_schema(schema.get());
    for (auto& name : names_) {
        if (name.name == "event") name.shape = &schema->root();
    }
    parts_->schemas.push_back(std::move(schema));
}

void scope::announce(const std::vector<variable_source>& variables)
{
    later_names_.clear();
    for (const auto& variable : variables)
        later_names_.push_back("variables." + variable.name.name);
}

scope::scope(const scope& outer, std::vector<std::string> steps, std::size_t done) : scope(outer)
{
    id_ = next_scope_id();
    const auto* schema = resolver_->schema();
    resolver_ = std::make_shared<slot_resolver>(parts_->paths, std::move(steps), done);
    resolver_->use_schema(schema);
    names_.push_back({.name = "steps", .type = value_kind::map, .is_path_root = true});
}

void scope::declare_param(const std::string& name, const std::string& json)
{
    const auto text = parts_->constants.copy(json);
    auto read = expression::read_json(text, parts_->constants);
    std::erase_if(names_, [&](const auto& known) { return known.name == name; });
    names_.push_back({.name = name, .constant = read.value_or(value::null())});
}

void scope::declare(const std::string& name, const source_text& place, expression::tree syntax)
{
    auto code = finish(std::move(syntax), place, {}, 0);
    std::erase_if(names_, [&](const auto& known) { return known.name == name; });
    const auto index = static_cast<std::uint32_t>(parts_->variables.size());
    if (!code) {
        // Already reported; declared all the same, so that its users report nothing more.
        names_.push_back({.name = name, .constant = value::null()});
        return;
    }
    names_.push_back({.name = name,
                      .type = code->type(),
                      .index = index,
                      .shape = code->root().shape,
                      .may_be_absent = code->may_be_absent()});
    parts_->variables.push_back({name, set_ + "/" + name, place.where, std::move(*code)});
}

void scope::declare_variable(const std::string& prefix, const variable_source& variable)
{
    const auto name = prefix + "." + variable.name.name;
    auto syntax = parse(variable.expression);
    if (!syntax) {
        names_.push_back({.name = name, .constant = value::null()});
        return;
    }
    const auto wrapping = wrapping_of(variable);
    if (wrapping != "v") {
        std::vector<expression::problem> none;
        if (auto wrapped = expression::parse(wrapping, parts_->bounds, none)) {
            put_at(*wrapped->root, 0);
            expression::substitute(*wrapped, "v", *syntax);
            wrapped->text = syntax->text;
            syntax = std::move(*wrapped);
        }
    }
    declare(name, variable.expression, std::move(*syntax));
}

void scope::declare_library(const library_source& library)
{
    const auto& prefix = library.name.name;
    libraries_.insert(prefix);
    declaring_ = prefix;
    for (const auto& param : library.params) {
        declare_param(prefix + "." + param.name.name, param.json);
    }
    // Functions may use variables and the other way round: both see what stands above them.
    for (const auto& function : library.functions) declare_function(prefix, function);
    for (const auto& variable : library.variables) declare_variable(prefix, variable);
    for (const auto& [name, tree] : library.mappings) {
        mappings_[prefix + "." + name.name] = &tree;
    }
    declaring_.clear();
}

void scope::declare_function(const std::string& library, const function_source& function)
{
    auto body = parse(function.expression);
    if (!body) return;
    for (const auto& param : function.params) {
        expression::substitute(*body, param, identifier_tree(hidden(param)));
    }
    functions_[library + "." + function.name.name] = {
        function.params, std::make_shared<const expression::tree>(std::move(*body))};
}

std::optional<expression::tree> scope::parse(const source_text& source)
{
    std::vector<expression::problem> found;
    auto syntax = expression::parse(source.text, parts_->bounds, found);
    report(found, source);
    if (!syntax || !expand(*syntax, syntax->root, source)) return std::nullopt;
    return syntax;
}

bool scope::expand(expression::tree& syntax, expression::node_ptr& at, const source_text& source)
{
    bool is_good = true;
    for (auto& child : at->children) is_good = expand(syntax, child, source) && is_good;
    std::string name;
    std::size_t first = 0;
    if (at->kind == node_kind::method && at->children[0]->kind == node_kind::identifier) {
        name = at->children[0]->name + "." + at->name;
        first = 1;
    } else if (at->kind == node_kind::call) {
        name = at->name;
    }
    const auto found = functions_.find(name);
    if (name.empty() || found == functions_.end()) return is_good;
    if (declaring_.empty() || !name.starts_with(declaring_ + ".")) used_->insert(name);
    const auto& [params, body] = found->second;
    if (at->children.size() - first != params.size()) {
        problems_->error(place_in(source, at->position),
                         "`" + name + "` takes " + std::to_string(params.size()) +
                             " arguments, not " + std::to_string(at->children.size() - first));
        return false;
    }
    auto expanded = expression::clone(*body->root);
    put_at(*expanded, at->position);
    for (std::size_t i = params.size(); i-- > 0;) {
        auto bind = std::make_unique<expression::node>();
        bind->kind = node_kind::macro;
        bind->macro = expression::macro_kind::bind;
        bind->position = at->position;
        bind->variables = {hidden(params[i])};
        bind->height = std::max(at->children[first + i]->height, expanded->height) + 1;
        bind->children.push_back(std::move(at->children[first + i]));
        bind->children.push_back(std::move(expanded));
        expanded = std::move(bind);
    }
    syntax.memory.insert(syntax.memory.end(), body->memory.begin(), body->memory.end());
    at = std::move(expanded);
    return is_good;
}

std::optional<expression::compiled_expression> scope::compile(const source_text& source,
                                                              std::optional<value_kind> expected,
                                                              std::uint32_t ordinal)
{
    if (source.empty()) {
        problems_->error(source.where, "an empty expression");
        return std::nullopt;
    }
    auto syntax = parse(source);
    if (!syntax) return std::nullopt;
    return finish(std::move(*syntax), source, expected, ordinal);
}

std::optional<expression::compiled_expression> scope::finish(expression::tree syntax,
                                                             const source_text& source,
                                                             std::optional<value_kind> expected,
                                                             std::uint32_t ordinal)
{
    parts_->uses_clock = parts_->uses_clock || names_clock(*syntax.root);
    auto names = environment();
    names.expected = expected;
    names.first_call_ordinal = ordinal;
    names.lint = true;
    names.use = expected == value_kind::boolean ? use_ : expression::condition_use::none;
    std::set<std::string> used;
    names.used = &used;
    std::vector<expression::problem> found;
    auto code = expression::compile(std::move(syntax), names, found);
    report(found, source);
    for (const auto& name : used) {
        if (declaring_.empty() || !name.starts_with(declaring_ + ".")) used_->insert(name);
    }
    if (code) {
        parts_->used_variables.insert(code->variables().begin(), code->variables().end());
    }
    return code;
}

expression::compile_environment scope::environment()
{
    expression::compile_environment made{
        .variables = names_, .paths = resolver_.get(), .bounds = parts_->bounds};
    made.later_names = later_names_;
    for (const auto& [name, ignored] : functions_) made.other_functions.push_back(name);
    return made;
}

void scope::report(const std::vector<expression::problem>& found, const source_text& source)
{
    for (const auto& problem : found) {
        const auto where = place_in(source, problem.position);
        if (problem.warning) {
            problems_->warning(where, problem.message, problem.hint);
        } else {
            problems_->error(where, problem.message, problem.hint);
        }
    }
}

const map_source* scope::find_mapping(const std::string& name) const
{
    const auto found = mappings_.find(name);
    if (found != mappings_.end()) used_->insert(name);
    return found == mappings_.end() ? nullptr : found->second;
}

std::vector<std::string_view> scope::mapping_names() const
{
    std::vector<std::string_view> names;
    for (const auto& [name, tree] : mappings_) names.emplace_back(name);
    return names;
}

}  // namespace sluice::rules
