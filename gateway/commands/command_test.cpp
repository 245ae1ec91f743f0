#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "config/load.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "rules/rule_tests.hpp"

namespace sluice::gateway {

void add_test_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("test", "Run the tests written inside rule files");
    command->footer(
        "Each entry of `tests:` gives an event and what the rules shall make of it; nothing is "
        "sent.\n"
        "A failure shows the difference and the explanation. Closing line: N passed, N failed.");
    auto paths = std::make_shared<std::vector<std::string>>();
    add_config_option(*command, *paths, true);
    command->callback([&selected, paths] {
        selected = [paths]() -> int {
            config::diagnostics problems;
            const auto settings = config::load(*paths, config::process_environment(), problems);
            rules::rule_environment names;
            for (const auto& [name, ignored] : settings.datasets) names.datasets.push_back(name);
            for (const auto& [name, ignored] : settings.destinations) {
                names.destinations.push_back(name);
            }
            const auto report = rules::run_rule_tests(settings.rules, names, problems);
            std::fputs(problems.to_text().c_str(), stderr);
            if (problems.has_errors()) return exit_no;
            fmt::print("{}", report.to_text());
            return report.failed() == 0 ? exit_done : exit_no;
        };
    });
}

}  // namespace sluice::gateway
