#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"

namespace sluice::gateway {

void add_check_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("check", "Print every problem of a configuration at once");
    command->footer(
        "Each problem is one line `file:line:column: error: message`, the line of the file with a\n"
        "caret, and a hint. Exit status 1 if there is any error; warnings alone are fine.\n"
        "Warnings are about what is legal but seldom meant: a field that may be missing under `!`, "
        "a "
        "rule\n"
        "that is never reached or has no test, a param that nobody uses; the hint says what to "
        "write.\n"
        "With `schema: FILE` in a rule set or dataset, misspelt fields of events are errors.\n"
        "All checks are listed in docs/rules.md.\n"
        "  sluice check sluice.yaml rules/\n"
        "`sluice run` makes the same checks and refuses to start on errors.");
    auto paths = std::make_shared<std::vector<std::string>>();
    add_config_option(*command, *paths, true);
    command->callback([&selected, paths] {
        selected = [paths]() -> int {
            config::diagnostics problems;
            const auto loaded = load_configuration(*paths, problems, true);
            fmt::print("{}", problems.to_text());
            const auto& s = loaded.settings;
            const auto warnings = problems.all().size() - problems.error_count();
            fmt::print(
                "{} datastreams, {} datasets, {} destinations, {} rule sets, {} exports: "
                "{} errors, {} warnings\n",
                s.datastreams.size(), s.datasets.size(), s.destinations.size(), s.rules.size(),
                s.exports.size(), problems.error_count(), warnings);
            return problems.has_errors() ? exit_no : exit_done;
        };
    });
}

}  // namespace sluice::gateway
