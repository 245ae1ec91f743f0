#include "config/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "config/schema/declarations.hpp"
#include "config/yaml/yaml_reader.hpp"

namespace sluice::config {
namespace {

namespace fs = std::filesystem;

source_location whole_file(const std::string& path)
{
    return {std::make_shared<const std::string>(path), 0, 0};
}

bool is_yaml_name(const fs::path& path)
{
    const std::string name = path.filename().string();
    return !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"));
}

/// All YAML files below a folder in the order of their names, without hidden files and folders.
std::vector<std::string> files_below(const std::string& folder, diagnostics& problems)
{
    std::vector<std::string> found;
    std::error_code failed;
    fs::recursive_directory_iterator entry(folder, failed);
    const fs::recursive_directory_iterator end;
    while (!failed && entry != end) {
        std::error_code unknown;
        const bool is_folder = entry->is_directory(unknown);
        if (is_folder && entry->path().filename().string().starts_with('.')) {
            entry.disable_recursion_pending();
        } else if (!is_folder && is_yaml_name(entry->path())) {
            found.push_back(entry->path().string());
        }
        entry.increment(failed);
    }
    if (failed) {
        problems.error(whole_file(folder),
                       fmt::format("the folder can't be read: {}", failed.message()),
                       "check that its permissions allow reading");
    } else if (found.empty()) {
        problems.error(whole_file(folder), "the folder holds no *.yaml or *.yml file",
                       "name the configuration file or put one there");
    }
    std::sort(found.begin(), found.end());
    return found;
}

/// The files to read, each once, although a path may name a folder that also holds another path.
std::vector<std::string> expand_paths(const std::vector<std::string>& paths, diagnostics& problems)
{
    std::vector<std::string> files;
    std::set<std::string> known;
    for (const std::string& path : paths) {
        std::error_code failed;
        if (!fs::exists(path, failed)) {
            problems.error(whole_file(path), "there is no such file or folder",
                           "check the path; it is relative to the current folder");
            continue;
        }
        std::vector<std::string> found{path};
        if (fs::is_directory(path, failed)) found = files_below(path, problems);
        for (std::string& file : found) {
            std::error_code unknown;
            const fs::path canonical = fs::weakly_canonical(file, unknown);
            if (known.insert(unknown ? file : canonical.string()).second) {
                files.push_back(std::move(file));
            }
        }
    }
    if (paths.empty()) {
        problems.error({}, "no configuration is given",
                       "name a YAML file or a folder with such files");
    }
    return files;
}

/// Merges `from` into `into`. Maps merge down to `depth` levels, below that a key may stand in one
/// file only.
void merge(node& into, node&& from, std::size_t depth, const std::string& path,
           diagnostics& problems)
{
    for (auto& [key, value] : from.members) {
        const std::string inner_path = path.empty() ? key.text : path + '.' + key.text;
        const auto existing =
            std::find_if(into.members.begin(), into.members.end(),
                         [&key = key](const auto& m) { return m.first.text == key.text; });
        if (existing == into.members.end()) {
            into.members.push_back({std::move(key), std::move(value)});
        } else if (value.is_null() && depth > 0) {
            continue;
        } else if (existing->second.is_null() && depth > 0) {
            existing->second = std::move(value);
        } else if (depth > 0 && existing->second.is_map() && value.is_map()) {
            merge(existing->second, std::move(value), depth - 1, inner_path, problems);
        } else {
            problems.error(key.where, fmt::format("{} is defined twice", inner_path),
                           fmt::format("the first one is at {}; remove or rename one of them",
                                       to_text(existing->first.where)));
        }
    }
}

/// Named sections merge item by item; `gateway` merges key by key at every level.
void merge_file(node& root, node&& file, diagnostics& problems)
{
    for (auto& member : file.members) {
        node section;
        section.kind = node_kind::map;
        const std::size_t depth = member.first.text == "gateway" ? 10 : 1;
        section.members.push_back(std::move(member));
        merge(root, std::move(section), depth, "", problems);
    }
}

/// A rule set of which a file holds nothing but `params`: it changes those of the set, which stands
/// in another file (one file per environment). The last file on the command line wins.
struct params_override {
    node name;
    node params;
};

void take_overrides(node& file, std::vector<params_override>& into)
{
    const auto rules = std::ranges::find_if(
        file.members, [](const auto& member) { return member.first.text == "rules"; });
    if (rules == file.members.end() || !rules->second.is_map()) return;
    std::erase_if(rules->second.members, [&](auto& item) {
        auto& [name, set] = item;
        const bool is_override = set.is_map() && set.members.size() == 1 &&
                                 set.members[0].first.text == "params" &&
                                 set.members[0].second.is_map();
        if (is_override) into.push_back({name, std::move(set.members[0].second)});
        return is_override;
    });
}

node* find_member(node& map, std::string_view key)
{
    for (auto& [name, value] : map.members) {
        if (name.text == key) return &value;
    }
    return nullptr;
}

void apply_override(node& root, const params_override& change, diagnostics& problems)
{
    const auto names_of = [](const node* map) {
        std::vector<std::string_view> names;
        for (std::size_t i = 0; map != nullptr && i < map->members.size(); ++i) {
            names.emplace_back(map->members[i].first.text);
        }
        return names;
    };
    const auto hint_of = [](std::string_view near, std::string otherwise) {
        return near.empty() ? otherwise : fmt::format("did you mean '{}'?", near);
    };
    auto* rules = find_member(root, "rules");
    auto* set = rules == nullptr ? nullptr : find_member(*rules, change.name.text);
    if (set == nullptr || !set->is_map()) {
        problems.error(change.name.where,
                       fmt::format("`params` for the rule set '{}', which is nowhere defined",
                                   change.name.text),
                       hint_of(nearest_name(change.name.text, names_of(rules)),
                               "give the file with its `source` and `rules` too"));
        return;
    }
    auto* params = find_member(*set, "params");
    for (const auto& [name, value] : change.params.members) {
        auto* known = params == nullptr ? nullptr : find_member(*params, name.text);
        if (known != nullptr) {
            *known = value;
            continue;
        }
        problems.error(name.where,
                       fmt::format("rule set '{}' has no param '{}' to override", change.name.text,
                                   name.text),
                       hint_of(nearest_name(name.text, names_of(params)),
                               "declare it under `params` of the rule set"));
    }
}

node read_files(const std::vector<std::string>& files, diagnostics& problems)
{
    std::vector<params_override> overrides;
    node root;
    root.kind = node_kind::map;
    for (const std::string& path : files) {
        auto file = read_yaml_file(path, problems);
        if (!file || file->is_null()) continue;
        if (!file->is_map()) {
            problems.error(file->where, "a configuration file has to be a map of sections",
                           "begin it with a section such as 'gateway:' or 'datasets:'");
            continue;
        }
        // rule libraries are read where a rule set includes them
        if (file->find("library") != nullptr) continue;
        if (!root.where.file) root.where = file->where;
        take_overrides(*file, overrides);
        merge_file(root, std::move(*file), problems);
    }
    for (const auto& change : overrides) apply_override(root, change, problems);
    return root;
}

void record_places(const node& root, std::map<std::string, source_location>& places)
{
    for (const auto& [section, items] : root.members) {
        places.emplace(section.text, section.where);
        for (const auto& [name, item] : items.members) {
            places.emplace(section.text + '.' + name.text, name.where);
        }
    }
}

/// Every item of `section` names a dataset that exists.
template <class Items>
void check_dataset_names(const node& root, std::string_view section, const Items& items,
                         const settings& loaded, diagnostics& problems)
{
    std::vector<std::string_view> names;
    for (const auto& [name, dataset] : loaded.datasets) names.push_back(name);
    const node* written = root.find(section);
    for (const auto& [name, item] : items) {
        const node* body = written == nullptr ? nullptr : written->find(name);
        const node* value = body == nullptr ? nullptr : body->find("dataset");
        if (value == nullptr || !value->is_scalar() || loaded.datasets.contains(item.dataset))
            continue;
        const std::string_view near = nearest_name(item.dataset, names);
        problems.error(value->where,
                       fmt::format("{}.{}.dataset names the unknown dataset '{}'", section, name,
                                   item.dataset),
                       near.empty() ? "declare it in the section 'datasets'"
                                    : fmt::format("did you mean '{}'?", near));
    }
}

/// All datasets use one engine, and Kafka needs a cluster.
void check_engines(const node& root, const settings& loaded, diagnostics& problems)
{
    const node* datasets = root.find("datasets");
    if (datasets == nullptr || !uses_kafka(loaded)) return;
    for (const auto& [name, dataset] : loaded.datasets) {
        const node* body = datasets->find(name.c_str());
        if (body == nullptr) continue;
        if (dataset.engine != "kafka") {
            problems.error(body->where,
                           fmt::format("datasets.{} has the engine {} and others have kafka: a "
                                       "gateway uses one engine for all",
                                       name, dataset.engine),
                           "give it 'engine: kafka', or run a second gateway for it");
        } else if (const node* quota = body->find("quota_bytes"); quota != nullptr) {
            problems.error(quota->where,
                           fmt::format("datasets.{}.quota_bytes does not work with Kafka", name),
                           "use retention.bytes_max, or a quota of the cluster");
        }
    }
    if (!loaded.kafka.brokers.empty()) return;
    problems.error(datasets->where, "datasets use the engine kafka, but there is no cluster",
                   "name its brokers: gateway: {kafka: {brokers: [\"host:9092\"]}}");
}

}  // namespace

settings bind_settings(const node& root, const environment& env, diagnostics& problems)
{
    settings loaded;
    binding in(env, problems);
    in.read_object(root, schema_of<settings>(), &loaded);
    record_places(root, loaded.places);
    check_dataset_names(root, "datastreams", loaded.datastreams, loaded, problems);
    check_dataset_names(root, "exports", loaded.exports, loaded, problems);
    check_engines(root, loaded, problems);
    return loaded;
}

settings load(const std::vector<std::string>& paths, const environment& env, diagnostics& problems)
{
    return bind_settings(read_files(expand_paths(paths, problems), problems), env, problems);
}

}  // namespace sluice::config
