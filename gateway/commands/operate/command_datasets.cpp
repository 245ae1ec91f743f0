#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/commands/admin_client.hpp"
#include "gateway/commands/commands.hpp"
#include "gateway/commands/configuration.hpp"
#include "gateway/commands/operate/table.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

struct datasets_options {
    std::vector<std::string> config;
    std::string name;
    query_parameters query;
    bool is_certain = false;
    bool as_json = false;
    bool with_internal = false;
};

std::uint64_t number(const json& from, const char* name)
{
    const auto found = from.find(name);
    return found != from.end() && found->is_number() ? found->get<std::uint64_t>() : 0;
}

std::string quota_text(const json& dataset)
{
    if (!dataset.contains("quota_bytes")) return "-";
    return fmt::format("{:.0f}%", 100 * dataset.value("quota_used", 0.0));
}

/// The reader that is furthest behind, with its lag, over all partitions.
std::string slowest_text(const json& dataset)
{
    std::map<std::string, std::uint64_t> lags;
    for (const auto& p : dataset.at("partitions")) {
        for (const auto& r : p.at("readers")) {
            if (r.value("configured", false)) lags[r.value("cursor", "")] += number(r, "lag");
        }
    }
    const auto most = std::max_element(
        lags.begin(), lags.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == lags.end()) return "-";
    const auto others =
        lags.size() > 1 ? fmt::format(", {} others", lags.size() - 1) : std::string{};
    return fmt::format("{} lag {}{}", most->first, with_commas(most->second), others);
}

void print_list(const json& answer, bool with_internal)
{
    text_table table({"dataset", "parts", "begin", "end", "bytes", "quota", "oldest", "newest",
                      "slowest reader"});
    std::uint64_t lost = 0, left_out = 0;
    for (const auto& d : answer.at("datasets")) {
        const auto name = d.value("name", "");
        // the lanes' own datasets only matter once something is in them
        if (name.starts_with('_') && number(d, "records") == 0 && !with_internal) {
            ++left_out;
            continue;
        }
        std::string oldest = "-", newest = "-";
        std::uint64_t begin = UINT64_MAX, end = 0;
        for (const auto& p : d.at("partitions")) {
            lost += number(p, "lost");
            begin = std::min(begin, number(p, "begin"));
            end = std::max(end, number(p, "end"));
            const auto first = p.value("oldest", ""), last = p.value("newest", "");
            if (!first.empty() && (oldest == "-" || first < oldest)) oldest = first;
            if (!last.empty() && (newest == "-" || last > newest)) newest = last;
        }
        const auto count = d.at("partitions").size();
        table.add({name, std::to_string(count), count == 0 ? "-" : std::to_string(begin),
                   std::to_string(end), human_bytes(number(d, "bytes")), quota_text(d), oldest,
                   newest, slowest_text(d)});
    }
    fmt::print("{}", table.text());
    if (left_out > 0)
        fmt::print("{} empty datasets of lanes left out; --all shows them\n", left_out);
    if (lost > 0) {
        fmt::print("{} records were lost to damage; `sluice datasets describe` names the ranges\n",
                   with_commas(lost));
    }
}

std::string retention_text(const json& dataset)
{
    const auto& r = dataset.at("retention");
    std::string text;
    if (r.contains("age_max_ms")) text += "age " + human_span(number(r, "age_max_ms"));
    if (r.contains("bytes_max")) {
        text += (text.empty() ? "" : ", ") + human_bytes(number(r, "bytes_max"));
    }
    if (text.empty()) return "keeps everything";
    return text + (r.value("past_unread", false) ? ", also what nobody has read"
                                                 : ", never what a reader has not read");
}

void print_dataset(const json& d)
{
    fmt::print("{}{}\n", d.value("name", ""),
               d.value("configured", true) ? "" : "  (not in the configuration)");
    fmt::print("  records    {}\n  bytes      {}\n", with_commas(number(d, "records")),
               human_bytes(number(d, "bytes")));
    if (d.contains("quota_bytes")) {
        fmt::print("  quota      {} of {}\n", quota_text(d), human_bytes(number(d, "quota_bytes")));
    }
    fmt::print("  retention  {}\n\n", retention_text(d));
    text_table parts({"part", "begin", "end", "bytes", "oldest", "newest", "lost"});
    text_table readers({"part", "reader", "next", "lag", "note"});
    std::string notes;
    for (const auto& p : d.at("partitions")) {
        const auto id = std::to_string(number(p, "partition"));
        parts.add({id, std::to_string(number(p, "begin")), std::to_string(number(p, "end")),
                   human_bytes(number(p, "bytes")), p.value("oldest", "-"), p.value("newest", "-"),
                   std::to_string(number(p, "lost"))});
        for (const auto& r : p.at("readers")) {
            const bool has_begun = !r.at("next").is_null();
            std::string note;
            if (!r.value("configured", false)) note = "not configured: holds nothing back";
            if (!has_begun) note = "not begun: holds everything";
            if (has_begun && number(r, "next") < number(p, "begin")) {
                note = fmt::format("{} trimmed or lost unread",
                                   number(p, "begin") - number(r, "next"));
            }
            readers.add({id, r.value("cursor", ""),
                         has_begun ? std::to_string(number(r, "next")) : "-",
                         std::to_string(number(r, "lag")), note});
        }
        for (const auto& range : p.at("lost_ranges")) {
            notes += fmt::format("partition {}: damage took offsets {} to {}\n", id,
                                 number(range, "begin"), number(range, "end") - 1);
        }
        if (number(p, "begin") > 0) {
            notes += fmt::format("partition {}: trimmed below {}\n", id, number(p, "begin"));
        }
        if (p.contains("held_back")) {
            notes +=
                fmt::format("partition {}: retention waits: {}\n", id, p.value("held_back", ""));
        }
    }
    fmt::print("{}", parts.text());
    if (!readers.is_empty()) fmt::print("\n{}", readers.text());
    if (!notes.empty()) fmt::print("\n{}", notes);
}

int run_look(const datasets_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    const auto path = "/api/v1/datasets" + (o.name.empty() ? "" : "/" + o.name);
    const auto answer = run_anywhere(*loaded, "GET", path, {}, false);
    if (answer.has_error() || answer->status >= 400 || o.as_json) return print_result(answer);
    const auto body = json::parse(answer->body);
    o.name.empty() ? print_list(body, o.with_internal) : print_dataset(body);
    return exit_done;
}

void print_trim(const json& answer)
{
    const bool is_dry_run = answer.value("dry_run", false);
    std::uint64_t records = 0;
    for (const auto& p : answer.at("partitions")) {
        const auto n = number(p, "records");
        records += n;
        fmt::print("partition {}: {} {} records ({}), offsets {} to {}\n", number(p, "partition"),
                   is_dry_run ? "would remove" : "removed", with_commas(n),
                   human_bytes(number(p, "bytes")), number(p, "begin"), number(p, "new_begin"));
        for (const auto& [reader, unread] : p.at("unread").items()) {
            fmt::print("  {} {} not read {} of them: they count as expired in its ledger\n", reader,
                       is_dry_run ? "has" : "had", with_commas(unread.get<std::uint64_t>()));
        }
        if (p.contains("held_back_by")) {
            fmt::print("  stops at {}: {} has not read further; --past-unread goes on\n",
                       number(p, "held_back_at"), p.value("held_back_by", ""));
        }
    }
    if (records == 0) {
        fmt::print("Nothing goes: only whole stored batches below the offset are removed.\n");
    } else if (is_dry_run) {
        fmt::print("Nothing was changed; --yes does it.\n");
    }
}

int run_trim(const datasets_options& o)
{
    const auto loaded = load_or_complain(o.config);
    if (!loaded) return exit_no;
    auto query = o.query;
    if (!o.is_certain) query["dry_run"] = "1";
    const auto answer =
        run_anywhere(*loaded, "POST", "/api/v1/datasets/" + o.name + "/trim", query, o.is_certain);
    if (answer.has_error() || answer->status >= 400 || o.as_json) return print_result(answer);
    print_trim(json::parse(answer->body));
    return exit_done;
}

void add_trim(CLI::App& datasets, selected_command& selected)
{
    auto o = std::make_shared<datasets_options>();
    auto* trim = datasets.add_subcommand("trim", "Remove the oldest records of a dataset");
    trim->footer(
        "Only says what would go; --yes does it. Whole stored batches go, so up to one batch "
        "below\n"
        "the offset stays. Stops where a lane or export has not read yet, unless --past-unread:\n"
        "then what was unread counts as expired in the ledger, and exports lack those rows.\n"
        "  sluice datasets trim web_events -c sluice.yaml --before-time 2026-01-31T00:00:00Z\n"
        "  sluice datasets trim _dead.crm -c sluice.yaml --before 1200 --yes");
    trim->add_option("dataset", o->name, "Name of the dataset")->required();
    add_config_option(*trim, o->config, false);
    const auto text = [&](const char* option, const char* name, const char* help) {
        return trim->add_option_function<std::string>(
            option, [o, name](const std::string& v) { o->query[name] = v; }, help);
    };
    auto* before = text("--before", "before", "Records below this offset");
    text("--before-time", "before_time", "Records received before this time (RFC 3339)")
        ->excludes(before);
    text("--partition", "partition", "Only this partition");
    trim->add_flag_callback(
        "--past-unread", [o] { o->query["past_unread"] = "1"; },
        "Also what lanes and exports have not read");
    auto* yes = trim->add_flag("--yes", o->is_certain, "Do it");
    trim->add_flag_callback(
            "--dry-run", [] {}, "Only say what would go (the default)")
        ->excludes(yes);
    trim->add_flag("--json", o->as_json, "JSON instead of sentences");
    trim->callback([&selected, o] { selected = [o] { return run_trim(*o); }; });
}

}  // namespace

void add_datasets_command(CLI::App& app, selected_command& selected)
{
    auto* command = app.add_subcommand(
        "datasets", "Datasets: what is kept, who has read how far; trim the oldest");
    command->require_subcommand(1);
    command->footer(
        "Works beside a running gateway (through its admin listener) and without one (opens the\n"
        "data folder; list and describe only read it).");

    auto o = std::make_shared<datasets_options>();
    auto* list = command->add_subcommand("list", "One line per dataset");
    list->footer(
        "parts: partitions; begin, end: offsets kept (the lowest and highest of all partitions);\n"
        "bytes: of event content before compression; quota: share of quota_bytes in use.");
    add_config_option(*list, o->config, false);
    list->add_flag("--json", o->as_json, "JSON instead of a table: per partition, all readers");
    list->add_flag("--all", o->with_internal, "Also empty retry logs and dead letters");
    list->callback([&selected, o] { selected = [o] { return run_look(*o); }; });

    auto d = std::make_shared<datasets_options>();
    auto* describe = command->add_subcommand(
        "describe", "One dataset: partitions, readers, retention and what holds it back");
    describe->footer(
        "next: the lowest offset a reader has not finished; lag: from there to the end. Damage is\n"
        "named by the offsets it took. Retries and dead letters are datasets, too:\n"
        "  sluice datasets describe _dead.crm -c sluice.yaml");
    describe->add_option("dataset", d->name, "Name of the dataset")->required();
    add_config_option(*describe, d->config, false);
    describe->add_flag("--json", d->as_json, "JSON instead of tables");
    describe->callback([&selected, d] { selected = [d] { return run_look(*d); }; });
    add_trim(*command, selected);
}

}  // namespace sluice::gateway
