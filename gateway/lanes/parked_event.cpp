#include "gateway/lanes/parked_event.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "config/time_text.hpp"

namespace sluice::gateway {

namespace {

using nlohmann::json;

failure not_parked(std::string_view why)
{
    return {boost::system::errc::make_error_code(boost::system::errc::invalid_argument),
            fmt::format("not a parked event: {}", why)};
}

wall_time time_member(const json& from, const char* name)
{
    return parse_time(from.value(name, std::string{})).value_or(wall_time{});
}

bool is_header_safe(std::string_view id)
{
    return id.size() <= 200 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == ':';
           });
}

}  // namespace

std::string to_extra(const parked_event& p)
{
    json out{{"destination", p.destination.value()},
             {"rules", p.rules},
             {"dataset", p.origin.value()},
             {"partition", p.origin_partition.value()},
             {"offset", p.origin_offset.value()},
             {"received_at", format_time(p.received_at)},
             {"failed_at", format_time(p.failed_at)},
             {"rounds", p.rounds},
             {"attempts", p.attempts},
             {"reason", p.reason},
             {"detail", p.detail}};
    if (p.due_at != wall_time{}) out["due_at"] = format_time(p.due_at);
    if (p.status != 0) out["status"] = p.status;
    if (!p.response.empty()) out["response"] = p.response;
    if (!p.counts) out["counts"] = false;
    if (!p.step.empty()) {
        out["step"] = p.step;
        out["step_attempts"] = p.step_attempts;
        // as texts and in a list: numbers and the order stay as they were
        auto& results = out["results"] = json::array();
        for (const auto& [step, result] : p.results) results.push_back({step, result});
    }
    // a receiver's answer may hold any bytes: replace what is not UTF-8
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<parked_event> parse_extra(std::string_view extra)
{
    const auto in = json::parse(extra, nullptr, false);
    if (!in.is_object()) return not_parked("its headers are not a JSON object");
    try {
        parked_event p;
        p.destination = destination_name{in.at("destination").get<std::string>()};
        p.rules = in.at("rules").get<std::vector<std::string>>();
        p.origin = dataset_name{in.at("dataset").get<std::string>()};
        p.origin_partition = partition_id{in.at("partition").get<std::uint32_t>()};
        p.origin_offset = offset{in.at("offset").get<std::uint64_t>()};
        p.received_at = time_member(in, "received_at");
        p.due_at = time_member(in, "due_at");
        p.failed_at = time_member(in, "failed_at");
        p.rounds = in.value("rounds", 0u);
        p.attempts = in.value("attempts", 0u);
        p.counts = in.value("counts", true);
        p.reason = in.value("reason", std::string{});
        p.detail = in.value("detail", std::string{});
        p.status = in.value("status", 0);
        p.response = in.value("response", std::string{});
        p.step = in.value("step", std::string{});
        p.step_attempts = in.value("step_attempts", 0u);
        for (const auto& pair : in.value("results", json::array())) {
            p.results.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
        }
        return p;
    } catch (const json::exception& e) {
        return not_parked(e.what());
    }
}

dataset_name retry_dataset(const destination_name& destination)
{
    return dataset_name{"_retry." + destination.value()};
}

dataset_name dead_dataset(const destination_name& destination)
{
    return dataset_name{"_dead." + destination.value()};
}

cursor_name lane_cursor(const destination_name& destination)
{
    return cursor_name{"lane/" + destination.value()};
}

std::string make_webhook_id(std::string_view event_id, std::string_view rule)
{
    std::string id;
    id.reserve(event_id.size() + rule.size() + 1);
    if (is_header_safe(event_id)) {
        id = event_id;
    } else {
        unsigned char digest[SHA256_DIGEST_LENGTH];
        SHA256(reinterpret_cast<const unsigned char*>(event_id.data()), event_id.size(), digest);
        for (std::size_t i = 0; i < 16; ++i)
            fmt::format_to(std::back_inserter(id), "{:02x}", digest[i]);
    }
    id += '.';
    // rule names are letters, digits, `_` and `-`; the slash between set and rule becomes a colon
    for (const char c : rule) id += c == '/' ? ':' : c;
    return id;
}

}  // namespace sluice::gateway
