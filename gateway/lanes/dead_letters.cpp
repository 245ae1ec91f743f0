#include "gateway/lanes/dead_letters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <map>
#include <set>
#include <span>
#include <tuple>

namespace sluice::gateway {

namespace {

constexpr std::size_t events_per_write = 200;
constexpr std::size_t documents_per_write = 5'000;

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

/// What the document beside a dead letter says; "counts" when a redriven letter of the same event
/// has left it the event's count.
result<std::map<std::string, std::string>> load_states(const datasets::event_log& log,
                                                       const std::string& destination)
{
    auto documents = log.list_documents(state_collection(destination));
    if (documents.has_error()) return documents.error();
    return std::map<std::string, std::string>(documents->begin(), documents->end());
}

void apply_state(dead_letter& letter, const std::string& text)
{
    if (text == "redriven") letter.state = dead_state::redriven;
    if (text == "dropped") letter.state = dead_state::dropped;
    if (text == "counts") letter.parked.counts = true;
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

namespace {

/// Every dead letter of a destination, oldest first; false stops.
result<void> for_each_letter(datasets::event_log& log, const destination_name& destination,
                             const std::function<bool(dead_letter&&)>& each)
{
    const datasets::partition_ref at{dead_dataset(destination), partition_id{0}};
    auto extent = log.extent(at);
    if (extent.has_error()) return extent.error();
    auto states = load_states(log, destination.value());
    if (states.has_error()) return states.error();
    return for_each_record(log, at, extent->begin, [&](const datasets::record_view& r) {
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
        if (state != states->end()) apply_state(letter, state->second);
        return each(std::move(letter));
    });
}

}  // namespace

result<std::vector<dead_letter>> list_dead_letters(datasets::event_log& log,
                                                   const destination_name& destination,
                                                   const dead_filter& filter)
{
    std::vector<dead_letter> found;
    auto read = for_each_letter(log, destination, [&](dead_letter&& letter) {
        if (found.size() < filter.limit && matches(letter, filter)) {
            found.push_back(std::move(letter));
        }
        return found.size() < filter.limit;
    });
    if (read.has_error()) return read.error();
    return found;
}

namespace {

/// Where an event stands in its dataset: its dead letters share it.
using event_place = std::tuple<dataset_name, partition_id, offset>;

event_place place_of(const dead_letter& letter)
{
    const auto& p = letter.parked;
    return {p.origin, p.origin_partition, p.origin_offset};
}

/// The dead letters of one event that are redriven together, as one retry.
struct redriven_event {
    std::vector<const dead_letter*> letters;
    std::optional<offset> left;  ///< another dead letter of the event, which stays

    [[nodiscard]] bool has_count() const
    {
        return std::any_of(letters.begin(), letters.end(),
                           [](const dead_letter* l) { return l->parked.counts; });
    }
};

result<std::vector<redriven_event>> group_by_event(datasets::event_log& log,
                                                   const destination_name& destination,
                                                   const std::vector<dead_letter>& letters)
{
    std::vector<redriven_event> events;
    std::map<event_place, std::size_t> known;
    std::set<offset> chosen;
    for (const auto& letter : letters) {
        if (letter.state != dead_state::dead) continue;  // a letter is redriven once
        const auto [at, is_new] = known.emplace(place_of(letter), events.size());
        if (is_new) events.emplace_back();
        events[at->second].letters.push_back(&letter);
        chosen.insert(letter.position);
    }
    auto read = for_each_letter(log, destination, [&](dead_letter&& letter) {
        if (letter.state != dead_state::dead || chosen.contains(letter.position)) return true;
        const auto found = known.find(place_of(letter));
        if (found != known.end()) events[found->second].left = letter.position;
        return true;
    });
    if (read.has_error()) return read.error();
    return events;
}

/// One write: the retries of some events, what has become of their letters, the ledger's share.
class redrive_write {
public:
    redrive_write(const destination_name& destination, wall_time now, std::uint64_t redriven)
        : destination_(destination), now_(now), redriven_(redriven)
    {
    }

    void add(const redriven_event& event)
    {
        const auto& first = *event.letters.front();
        auto parked = first.parked;
        parked.due_at = now_;
        parked.rounds = 0;
        // as long as another request of the event stays dead, the event counts as dead
        const bool has_count = event.has_count();
        parked.counts = has_count && !event.left;
        if (parked.counts) ++redriven_;
        if (has_count && event.left) mark(*event.left, "counts");
        for (const auto* letter : event.letters) {
            mark(letter->position, "redriven");
            for (const auto& rule : letter->parked.rules) {
                auto& rules = parked.rules;
                if (std::find(rules.begin(), rules.end(), rule) == rules.end()) {
                    rules.push_back(rule);
                }
            }
        }
        events_.push_back(&first);
        extras_.push_back(to_extra(parked));
    }

    result<std::uint64_t> write(datasets::event_log& log)
    {
        std::vector<datasets::new_record> records;
        for (std::size_t i = 0; i < events_.size(); ++i) {
            const auto& letter = *events_[i];
            datasets::new_record record;
            record.id = letter.event_id;
            if (letter.key) record.key = *letter.key;
            record.type = letter.type;
            record.datastream = letter.datastream;
            record.source = letter.source;
            record.received_at = now_;
            record.content = letter.content;
            record.extra = extras_[i];
            records.push_back(record);
        }
        documents_.push_back(
            {ledger_collection(destination_.value()), "redriven", std::to_string(redriven_)});
        const datasets::append_part part{{retry_dataset(destination_), partition_id{0}}, records};
        auto written = write_now(
            log,
            {.appends = {&part, 1}, .cursors = {}, .documents = documents_, .is_internal = true});
        if (written.has_error()) return written.error();
        return redriven_;
    }

private:
    void mark(offset position, const char* state)
    {
        documents_.push_back(
            {state_collection(destination_.value()), state_key(position), std::string(state)});
    }

    const destination_name& destination_;
    wall_time now_;
    std::uint64_t redriven_;
    std::vector<const dead_letter*> events_;
    std::vector<std::string> extras_;
    std::vector<datasets::document_update> documents_;
};

}  // namespace

result<std::uint64_t> redrive_dead_letters(datasets::event_log& log,
                                           const destination_name& destination,
                                           const std::vector<dead_letter>& letters, wall_time now)
{
    auto events = group_by_event(log, destination, letters);
    if (events.has_error()) return events.error();
    auto redriven = load_ledger_notes(log, destination.value()).redriven;
    std::uint64_t moved = 0;
    for (std::size_t first = 0; first < events->size(); first += events_per_write) {
        const auto count = std::min(events_per_write, events->size() - first);
        redrive_write write(destination, now, redriven);
        std::uint64_t letters_here = 0;
        for (const auto& event : std::span(events->data() + first, count)) {
            write.add(event);
            letters_here += event.letters.size();
        }
        auto written = write.write(log);
        if (written.has_error()) return written.error();
        redriven = *written;
        moved += letters_here;
    }
    return moved;
}

result<std::uint64_t> drop_dead_letters(datasets::event_log& log,
                                        const destination_name& destination,
                                        const std::vector<dead_letter>& letters)
{
    std::vector<datasets::document_update> documents;
    for (const auto& letter : letters) {
        if (letter.state != dead_state::dead) continue;
        documents.push_back({state_collection(destination.value()), state_key(letter.position),
                             std::string("dropped")});
    }
    for (std::size_t first = 0; first < documents.size(); first += documents_per_write) {
        const auto count = std::min(documents_per_write, documents.size() - first);
        auto written = write_now(log, {.appends = {},
                                       .cursors = {},
                                       .documents = std::span(documents.data() + first, count),
                                       .is_internal = true});
        if (written.has_error()) return written.error();
    }
    return static_cast<std::uint64_t>(documents.size());
}

ledger_notes load_ledger_notes(const datasets::event_log& log, const std::string& destination)
{
    ledger_notes notes;
    const auto documents = log.list_documents(ledger_collection(destination));
    if (documents.has_error()) return notes;
    for (const auto& [key, text] : *documents) {
        std::uint64_t n = 0;
        std::from_chars(text.data(), text.data() + text.size(), n);
        if (key == "redriven") notes.redriven = n;
        if (key == "repeated") notes.repeated = n;
    }
    return notes;
}

datasets::document_update repeated_note(const std::string& destination, std::uint64_t repeated)
{
    return {ledger_collection(destination), "repeated", std::to_string(repeated)};
}

}  // namespace sluice::gateway
