#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "config/load.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "rules/rule_tests.hpp"

namespace sluice::gateway {

namespace {

struct test_options {
    std::vector<std::string> config;
    rules::rule_test_options chosen;
    bool as_json = false;
};

int run_test(const test_options& o)
{
    config::diagnostics problems;
    const auto settings = config::load(o.config, config::process_environment(), problems);
    const auto names = rule_environment_of(settings);
    const auto report = rules::run_rule_tests(settings.rules, names, problems, o.chosen);
    std::fputs(problems.to_text().c_str(), stderr);
    if (problems.has_errors()) return exit_no;
    if (report.results.empty() && !o.chosen.only.empty()) {
        fmt::print(stderr, "sluice: no test's `set: name` contains '{}'\n", o.chosen.only);
        return exit_no;
    }
    fmt::print("{}", o.as_json ? report.to_json() : report.to_text());
    return report.failed() == 0 ? exit_done : exit_no;
}

}  // namespace

void add_test_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand("test", "Run the tests written inside rule files");
    command->footer(
        "Each entry of `tests:` gives an event and what the rules shall make of it; nothing is "
        "sent.\n"
        "A failure shows the difference and the explanation of the event, rule by rule. Then "
        "follow "
        "how\n"
        "many rules the tests cover, and as the last line: N passed, N failed.\n"
        "  sluice test sluice.yaml --only 'purchases: without consent'\n"
        "Exit status: 0 all passed, 1 one failed or the rules have errors.");
    auto o = std::make_shared<test_options>();
    add_config_option(*command, o->config, true);
    command->add_option("--only", o->chosen.only,
                        "Run the tests whose `set: name` contains this text");
    command->add_flag("--json", o->as_json, "JSON instead of text");
    command->callback([&selected, o] { selected = [o] { return run_test(*o); }; });
}

}  // namespace sluice::gateway
