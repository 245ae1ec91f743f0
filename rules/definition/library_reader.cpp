#include "rules/definition/library_reader.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "config/yaml/yaml_reader.hpp"
#include "rules/definition/literal.hpp"
#include "rules/definition/request_reader.hpp"

namespace sluice::rules {
namespace {

bool check_identifier(const named_source& name, std::string_view what, diagnostics& problems)
{
    if (is_identifier(name.name)) return true;
    problems.error(name.where, "'" + name.name + "' is no name for a " + std::string{what},
                   "use letters, digits and _, no digit first");
    return false;
}

std::vector<function_source> read_functions(const config::node& library, diagnostics& problems)
{
    std::vector<function_source> out;
    const auto* list = library.find("functions");
    if (list == nullptr || !expect_list(*list, "`functions`", problems)) return out;
    std::set<std::string> seen;
    for (const auto& item : list->items) {
        if (!expect_map(item, "a function", problems)) continue;
        refuse_unknown_keys(item, {"name", "params", "expression", "description"}, "a function",
                            problems);
        const auto name = read_text(item, "name", problems);
        auto expression = read_expression(item, "expression", "`expression`", problems);
        if (!name || !expression) {
            problems.error(item.where, "a function needs `name`, `params` and `expression`");
            continue;
        }
        function_source function{
            .name = {name->text, name->where}, .params = {}, .expression = std::move(*expression)};
        if (!check_identifier(function.name, "function", problems)) continue;
        if (!seen.insert(function.name.name).second) {
            problems.error(name->where, "function '" + name->text + "' is defined twice");
        }
        for (const auto& param : read_names(item, "params", problems)) {
            if (check_identifier(param, "parameter", problems)) {
                function.params.push_back(param.name);
            }
        }
        out.push_back(std::move(function));
    }
    return out;
}

/// Walks the include graph depth first.
class library_walk {
public:
    library_walk(const document_reader& documents, diagnostics& problems)
        : documents_(documents), problems_(problems)
    {
    }

    void visit(const std::vector<named_source>& includes, const std::filesystem::path& folder)
    {
        for (const auto& include : includes) visit_file(include, folder / include.name);
    }

    std::vector<library_source> take() { return std::move(found_); }

private:
    void visit_file(const named_source& include, const std::filesystem::path& file)
    {
        const auto path = file.lexically_normal().string();
        if (std::ranges::find(open_, path) != open_.end()) {
            problems_.error(include.where, "library '" + include.name + "' includes itself",
                            "remove one `include` of the cycle");
            return;
        }
        if (!done_.insert(path).second) return;
        const auto document = documents_(path, include.where, problems_);
        if (!document || !expect_map(*document, "a library", problems_)) return;
        open_.push_back(path);
        visit(read_names(*document, "include", problems_), file.parent_path());
        open_.pop_back();
        read(*document, open_.empty() ? include.where : config::source_location{});
    }

    void read(const config::node& document, const config::source_location& included)
    {
        refuse_unknown_keys(
            document,
            {"library", "description", "include", "params", "variables", "functions", "mappings"},
            "a library", problems_);
        const auto name = read_text(document, "library", problems_);
        if (!name) {
            problems_.error(document.where, "a library file needs `library: NAME`");
            return;
        }
        library_source library{.name = {name->text, name->where}};
        static constexpr std::array taken{"event",     "meta",   "request",
                                          "variables", "params", "steps"};
        if (!check_identifier(library.name, "library", problems_)) return;
        if (std::ranges::find(taken, name->text) != taken.end()) {
            problems_.error(name->where, "'" + name->text + "' is a name of the rule set itself",
                            "choose another library name");
            return;
        }
        if (std::ranges::any_of(found_, [&](const auto& l) { return l.name.name == name->text; })) {
            problems_.error(name->where, "two libraries are called '" + name->text + "'");
            return;
        }
        library.params = read_params(document, problems_);
        library.variables = read_variables(document, problems_);
        library.functions = read_functions(document, problems_);
        if (const auto* mappings = document.find("mappings");
            mappings != nullptr && expect_map(*mappings, "`mappings`", problems_)) {
            for (const auto& [key, tree] : mappings->members) {
                const named_source mapping{key.text, key.where};
                if (!check_identifier(mapping, "mapping", problems_)) continue;
                library.mappings.emplace_back(mapping, read_map_tree(tree, problems_));
            }
        }
        library.included = included;
        found_.push_back(std::move(library));
    }

    const document_reader& documents_;
    diagnostics& problems_;
    std::vector<library_source> found_;
    std::vector<std::string> open_;
    std::set<std::string> done_;
};

}  // namespace

document_reader file_documents()
{
    return [](const std::string& path, const config::source_location& from,
              diagnostics& problems) -> std::optional<config::node> {
        config::diagnostics found;
        auto document = config::read_yaml_file(path, found);
        for (const auto& problem : found.all()) {
            if (problem.level == config::severity::warning) {
                problems.warning(problem.where, problem.message, problem.hint);
            } else {
                problems.error(problem.where, problem.message, problem.hint);
            }
        }
        if (!document) problems.error(from, "'" + path + "' can't be used", "see its own errors");
        return document;
    };
}

std::vector<library_source> read_libraries(const std::vector<named_source>& includes,
                                           const std::string& folder,
                                           const document_reader& documents, diagnostics& problems)
{
    library_walk walk(documents, problems);
    walk.visit(includes, folder);
    return walk.take();
}

std::vector<variable_source> read_variables(const config::node& owner, diagnostics& problems)
{
    std::vector<variable_source> out;
    const auto* list = owner.find("variables");
    if (list == nullptr || !expect_list(*list, "`variables`", problems)) return out;
    std::set<std::string> seen;
    for (const auto& item : list->items) {
        if (!expect_map(item, "a variable", problems)) continue;
        refuse_unknown_keys(
            item, {"name", "expression", "default", "clean_text", "lower_case", "description"},
            "a variable", problems);
        const auto name = read_text(item, "name", problems);
        auto expression = read_expression(item, "expression", "`expression`", problems);
        if (!name || !expression) {
            problems.error(item.where, "a variable needs `name` and `expression`");
            continue;
        }
        variable_source variable{.name = {name->text, name->where},
                                 .expression = std::move(*expression)};
        if (!check_identifier(variable.name, "variable", problems)) continue;
        if (!seen.insert(name->text).second) {
            problems.error(name->where, "variable '" + name->text + "' is defined twice");
            continue;
        }
        if (const auto* fallback = item.find("default"))
            variable.fallback_json = to_json(*fallback);
        variable.clean_text = read_bool(item, "clean_text", false, problems);
        variable.lower_case = read_bool(item, "lower_case", false, problems);
        out.push_back(std::move(variable));
    }
    return out;
}

std::vector<param_source> read_params(const config::node& owner, diagnostics& problems)
{
    std::vector<param_source> out;
    const auto* map = owner.find("params");
    if (map == nullptr || !expect_map(*map, "`params`", problems)) return out;
    for (const auto& [key, value] : map->members) {
        const named_source name{key.text, key.where};
        if (check_identifier(name, "param", problems)) out.push_back({name, to_json(value)});
    }
    return out;
}

}  // namespace sluice::rules
