#include "gateway/lanes/dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <map>

namespace sluice::gateway {

namespace {

constexpr std::size_t letters_per_write = 100;

std::string state_collection(const std::string& destination)
{
    return "dead." + destination;
}
std::string ledger_collection(const std::string& destination)
{
    return "ledger." + destination;
}
std::string state_key(offset at)
{
    return fmt::format("{:020}", at.value());
}

result<std::map<std::string, dead_state>> load_states(const datasets::event_log& log,
                                                      const std::string& destination)
{
    auto documents = log.list_documents(state_collection(destination));
    if (documents.has_error()) return documents.error();
    std::map<std::string, dead_state> states;
    for (const auto& [key, text] : *documents) {
        states[key] = text == "redriven" ? dead_state::redriven : dead_state::dropped;
    }
    return states;
}

bool matches(const dead_letter& letter, const dead_filter& filter)
{
    const auto& p = letter.parked;
    if (!filter.include_handled && letter.state != dead_state::dead) return false;
    if (filter.reason && p.reason != *filter.reason) return false;
    if (filter.rule && std::find(p.rules.begin(), p.rules.end(), *filter.rule) == p.rules.end()) {
        return false;
    }
    if (filter.event_id && letter.event_id != *filter.event_id) return false;
    if (filter.position && letter.position != *filter.position) return false;
    if (filter.since && p.failed_at < *filter.since) return false;
    if (filter.until && p.failed_at >= *filter.until) return false;
    return !filter.where || filter.where(letter);
}

}  // namespace

std::string_view to_text(dead_state s) noexcept
{
    switch (s) {
        case dead_state::dead:
            return "dead";
        case dead_state::redriven:
            return "redriven";
        case dead_state::dropped:
            return "dropped";
    }
    return "unknown";
}

result<void> write_now(datasets::event_log& log, const datasets::log_write& what)
{
    std::promise<result<datasets::write_receipt>> done;
    log.write(what, [&](result<datasets::write_receipt> r) { done.set_value(std::move(r)); });
    auto r = done.get_future().get();
    if (r.has_error()) return r.error();
    return {};
}

result<void> for_each_record(datasets::event_log& log, const datasets::partition_ref& partition,
                             offset from,
                             const std::function<bool(const datasets::record_view&)>& each)
{
    while (true) {
        std::promise<result<std::shared_ptr<const datasets::record_batch>>> done;
        log.read(partition, from, [&](auto r) { done.set_value(std::move(r)); });
        auto batch = done.get_future().get();
        if (batch.has_error()) return batch.error();
        if (!*batch) return {};
        for (const auto& record : (*batch)->records()) {
            if (record.position >= from && !each(record)) return {};
        }
        from = (*batch)->end();
    }
}

result<std::vector<dead_letter>> list_dead_letters(datasets::event_log& log,
                                                   const destination_name& destination,
                                                   const dead_filter& filter)
{
    const datasets::partition_ref at{dead_dataset(destination), partition_id{0}};
    auto extent = log.extent(at);
    if (extent.has_error()) return extent.error();
    auto states = load_states(log, destination.value());
    if (states.has_error()) return states.error();

    std::vector<dead_letter> found;
    auto read = for_each_record(log, at, extent->begin, [&](const datasets::record_view& r) {
        auto parked = parse_extra(r.extra);
        dead_letter letter;
        letter.position = r.position;
        letter.event_id = r.id;
        letter.type = r.type;
        letter.content = r.content;
        if (r.key) letter.key = std::string(*r.key);
        letter.datastream = r.datastream;
        letter.source = r.source;
        if (parked.has_value()) letter.parked = std::move(*parked);
        const auto state = states->find(state_key(r.position));
        if (state != states->end()) letter.state = state->second;
        if (matches(letter, filter)) found.push_back(std::move(letter));
        return found.size() < filter.limit;
    });
    if (read.has_error()) return read.error();
    return found;
}

namespace {

/// Marks letters with a state, and appends their retry records when there are any, in one write.
result<void> write_states(datasets::event_log& log, const destination_name& destination,
                          std::span<const dead_letter> letters, const char* state,
                          std::span<const datasets::new_record> retries, std::uint64_t redriven)
{
    std::vector<datasets::document_update> documents;
    for (const auto& letter : letters) {
        documents.push_back({state_collection(destination.value()), state_key(letter.position),
                             std::string(state)});
    }
    std::vector<datasets::append_part> appends;
    if (!retries.empty()) {
        appends.push_back({{retry_dataset(destination), partition_id{0}}, retries});
        documents.push_back(
            {ledger_collection(destination.value()), "redriven", std::to_string(redriven)});
    }
    return write_now(
        log, {.appends = appends, .cursors = {}, .documents = documents, .is_internal = true});
}

}  // namespace

result<std::uint64_t> redrive_dead_letters(datasets::event_log& log,
                                           const destination_name& destination,
                                           const std::vector<dead_letter>& letters, wall_time now)
{
    auto redriven = count_redriven(log, destination.value());
    std::uint64_t moved = 0;
    for (std::size_t first = 0; first < letters.size(); first += letters_per_write) {
        const auto count = std::min(letters_per_write, letters.size() - first);
        const std::span chunk(letters.data() + first, count);
        std::vector<std::string> extras;
        for (const auto& letter : chunk) {
            auto parked = letter.parked;
            parked.due_at = now;
            parked.rounds = 0;
            if (parked.counts) ++redriven;
            extras.push_back(to_extra(parked));
        }
        std::vector<datasets::new_record> records;
        for (std::size_t i = 0; i < chunk.size(); ++i) {
            const auto& letter = chunk[i];
            datasets::new_record record;
            record.id = letter.event_id;
            if (letter.key) record.key = *letter.key;
            record.type = letter.type;
            record.datastream = letter.datastream;
            record.source = letter.source;
            record.received_at = now;
            record.content = letter.content;
            record.extra = extras[i];
            records.push_back(record);
        }
        auto written = write_states(log, destination, chunk, "redriven", records, redriven);
        if (written.has_error()) return written.error();
        moved += chunk.size();
    }
    return moved;
}

result<std::uint64_t> drop_dead_letters(datasets::event_log& log,
                                        const destination_name& destination,
                                        const std::vector<dead_letter>& letters)
{
    if (letters.empty()) return std::uint64_t{0};
    auto written = write_states(log, destination, letters, "dropped", {}, 0);
    if (written.has_error()) return written.error();
    return static_cast<std::uint64_t>(letters.size());
}

std::uint64_t count_redriven(const datasets::event_log& log, const std::string& destination)
{
    const auto documents = log.list_documents(ledger_collection(destination));
    if (documents.has_error()) return 0;
    for (const auto& [key, text] : *documents) {
        if (key != "redriven") continue;
        std::uint64_t n = 0;
        std::from_chars(text.data(), text.data() + text.size(), n);
        return n;
    }
    return 0;
}

}  // namespace sluice::gateway
