#include "rules/rule_compiler.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "rules/definition/literal.hpp"
#include "rules/definition/rule_set_reader.hpp"
#include "rules/definition/test_checks.hpp"
#include "rules/program_builder.hpp"

namespace sluice::rules {
namespace {

std::string sha256_hex(std::string_view text)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned length = 0;
    EVP_Digest(text.data(), text.size(), bytes.data(), &length, EVP_sha256(), nullptr);
    std::string out;
    for (unsigned i = 0; i < length; ++i) {
        out += digits[bytes[i] >> 4U];
        out += digits[bytes[i] & 15U];
    }
    return out;
}

/// `source` must name datasets that exist; gives them in order of appearance.
std::vector<std::string> datasets_of(const std::vector<rule_set_source>& sets,
                                     const rule_environment& names, config::diagnostics& problems)
{
    std::vector<std::string> found;
    for (const auto& set : sets) {
        for (const auto& dataset : set.datasets) {
            if (std::ranges::find(names.datasets, dataset.name) == names.datasets.end()) {
                const auto near = config::nearest_name(
                    dataset.name, {names.datasets.begin(), names.datasets.end()});
                problems.error(dataset.where, "unknown dataset '" + dataset.name + "'",
                               near.empty() ? "declare it under `datasets`"
                                            : "did you mean '" + std::string{near} + "'?");
            }
            if (std::ranges::find(found, dataset.name) == found.end())
                found.push_back(dataset.name);
        }
    }
    return found;
}

}  // namespace

std::shared_ptr<const dataset_program> compiled_catalog::program_for(std::string_view dataset) const
{
    const auto found = programs.find(dataset);
    return found == programs.end() ? nullptr : found->second;
}

const compiled_program* compiled_catalog::program_of(std::string_view dataset) const
{
    const auto found = programs.find(dataset);
    return found == programs.end() ? nullptr : found->second.get();
}

std::vector<rule_set_source> read_rule_sets(
    const std::map<std::string, config::rule_source>& sources, config::diagnostics& problems)
{
    const auto documents = file_documents();
    std::vector<rule_set_source> sets;
    sets.reserve(sources.size());
    for (const auto& [name, source] : sources) {
        auto named = source;
        if (named.name.empty()) named.name = name;
        sets.push_back(read_rule_set(named, documents, problems));
    }
    return sets;
}

std::shared_ptr<compiled_catalog> compile_rule_sets(const std::vector<rule_set_source>& sets,
                                                    const rule_environment& names,
                                                    config::diagnostics& problems)
{
    auto catalog = std::make_shared<compiled_catalog>();
    for (const auto& dataset : datasets_of(sets, names, problems)) {
        program_builder builder(dataset, names);
        for (const auto& set : sets) {
            const auto reads = [&](const named_source& source) { return source.name == dataset; };
            if (std::ranges::none_of(set.datasets, reads)) continue;
            // A set over several datasets is compiled for each, but its problems are told once.
            config::diagnostics silent;
            builder.add(set, set.datasets.front().name == dataset ? problems : silent);
        }
        catalog->programs[dataset] = builder.finish();
    }
    for (const auto& set : sets) {
        check_tests(set, names.lint_tests && !problems.has_errors(), problems);
    }
    // A set without a dataset has its problems too.
    for (const auto& set : sets) {
        if (!set.datasets.empty()) continue;
        program_builder builder({}, names);
        builder.add(set, problems);
    }
    if (problems.has_errors()) return nullptr;
    return catalog;
}

std::shared_ptr<const rule_catalog> compile_rules(
    const std::map<std::string, config::rule_source>& sources, const rule_environment& names,
    config::diagnostics& problems)
{
    const auto sets = read_rule_sets(sources, problems);
    auto catalog = compile_rule_sets(sets, names, problems);
    if (!catalog) return nullptr;
    std::string text;
    for (const auto& [name, source] : sources) text += name + '\0' + to_json(source.body) + '\0';
    catalog->set_hash(sha256_hex(text));
    return catalog;
}

}  // namespace sluice::rules
