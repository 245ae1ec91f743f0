#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/commands/operate/table.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

struct backup_options {
    std::vector<std::string> config;
    std::string folder;
    bool as_json = false;
};

int run_backup(const backup_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    const auto folder = std::filesystem::absolute(o.folder).lexically_normal().string();
    const auto answer = run_anywhere(*loaded, "POST", "/api/v1/backup", {{"folder", folder}}, true);
    if (answer.has_error() || answer->status >= 400 || o.as_json) return print_result(answer);
    const auto body = json::parse(answer->body);
    const auto files = body.at("files").get<std::uint64_t>();
    const auto linked = body.at("linked").get<std::uint64_t>();
    fmt::print("{}: {} files, {}, verified\n", body.value("folder", ""), files,
               human_bytes(body.at("bytes").get<std::uint64_t>()));
    if (linked > 0) {
        fmt::print(
            "{} files are hard links to the data folder: they take no space until it drops "
            "them, and\nthey do not survive its disk. Copy the folder to another one.\n",
            linked);
    }
    text_table table({"dataset", "part", "begin", "end"});
    for (const auto& p : body.at("partitions")) {
        const auto begin = p.at("begin").get<std::uint64_t>();
        const auto end = p.at("end").get<std::uint64_t>();
        if (end == 0) continue;
        table.add({p.value("dataset", ""), std::to_string(p.at("partition").get<std::uint64_t>()),
                   std::to_string(begin), std::to_string(end)});
    }
    if (!table.is_empty()) fmt::print("\n{}", table.text());
    return exit_done;
}

}  // namespace

void add_backup_command(CLI::App& app, selected_command& selected)
{
    auto* command =
        app.add_subcommand("backup", "Copy the data folder, also while the gateway works");
    command->footer(
        "The copy is a whole data folder: events, cursors, retries, dead letters, export runs. "
        "All\n"
        "that was acknowledged before the command is in it. It is opened and compared before it\n"
        "gets its name; an interrupted backup leaves FOLDER.partial. Nothing is overwritten.\n"
        "On the same file system it is made of hard links (quick, no space), else of copies.\n"
        "To restore: stop the gateway, copy the folder (`cp -a`) and set `gateway.data_dir` to "
        "it.\n"
        "Lanes go on from their positions in it and deliver again what they delivered since.\n"
        "  sluice backup /backups/2026-01-31 -c sluice.yaml");
    auto o = std::make_shared<backup_options>();
    command->add_option("folder", o->folder, "New folder, on the gateway's machine")->required();
    add_config_option(*command, o->config, false);
    command->add_flag("--json", o->as_json, "JSON instead of sentences");
    command->callback([&selected, o] { selected = [o] { return run_backup(*o); }; });
}

}  // namespace sluice::gateway
