#include "gateway/edge/event_intake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>

#include "config/uuid.hpp"
#include "datasets/log_error.hpp"
#include "gateway/edge/event_json.hpp"

namespace sluice::gateway {
namespace {

// boost leaves the destructor of the base non-virtual on purpose: categories are static
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class intake_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "sluice.intake"; }
    std::string message(int value) const override
    {
        switch (static_cast<intake_errc>(value)) {
            case intake_errc::unknown_datastream:
                return "unknown datastream";
            case intake_errc::overloaded:
                return "too much waits to be stored";
            case intake_errc::timed_out:
                return "the write was not confirmed in time";
        }
        return "unknown";
    }
};
#pragma GCC diagnostic pop

std::vector<std::string> split_path(std::string_view text)
{
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find('.'), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

/// A datastream with what is prepared once.
struct stream {
    intake_datastream settings;
    std::vector<std::string> id_path;
    std::vector<datasets::append_part> parts;  ///< one per partition; the spans are set per request
    std::uint32_t next_partition = 0;
};

/// Subtracts what it added when the request ends, however it ends.
class in_flight_share {
public:
    in_flight_share(counter& total, std::uint64_t bytes) : total_(total), bytes_(bytes)
    {
        add(total_, bytes_);
    }
    ~in_flight_share() { subtract(total_, bytes_); }
    in_flight_share(const in_flight_share&) = delete;
    in_flight_share& operator=(const in_flight_share&) = delete;

private:
    counter& total_;
    std::uint64_t bytes_;
};

class log_intake final : public event_intake {
public:
    log_intake(std::vector<intake_datastream> datastreams, const config::ingest_settings& settings,
               intake_tools tools)
        : settings_(settings),
          tools_(tools),
          scanner_(event_limits{.nesting_max = settings.nesting_max})
    {
        replace_datastreams(std::move(datastreams));
    }

    boost::asio::awaitable<result<intake_result>> accept(std::string_view datastream,
                                                         std::string_view source,
                                                         const std::vector<incoming_event>& events,
                                                         std::string_view request_id) override;

    const intake_datastream* find_datastream(std::string_view name) const override
    {
        const auto* found = find(name);
        return found == nullptr ? nullptr : &found->settings;
    }

    std::chrono::milliseconds retry_after() const override
    {
        return std::max(tools_.log.status().retry_after, std::chrono::milliseconds{1000});
    }

    void replace_datastreams(std::vector<intake_datastream> datastreams) override;

private:
    stream* find(std::string_view name) const;
    std::uint64_t collect(stream& to, std::string_view source,
                          const std::vector<incoming_event>& events, intake_result& out);
    void reject(intake_result& out, std::size_t index, const event_facts& facts);
    [[nodiscard]] failure on_write_failed(const failure& from, std::size_t events);

    config::ingest_settings settings_;
    intake_tools tools_;
    event_scanner scanner_;
    std::vector<std::unique_ptr<stream>> streams_;
    // scratch of one request between its arrival and the log's copy; nothing of it survives a
    // suspension
    text_arena texts_;
    std::vector<uuid_text> minted_;
    std::vector<std::vector<datasets::new_record>> by_partition_;
    std::vector<datasets::append_part> parts_;
};

void log_intake::replace_datastreams(std::vector<intake_datastream> datastreams)
{
    streams_.clear();
    std::uint32_t partitions_max = 1;
    for (auto& each : datastreams) {
        auto added = std::make_unique<stream>();
        const auto partitions = std::max<std::uint32_t>(each.partitions, 1);
        partitions_max = std::max(partitions_max, partitions);
        for (std::uint32_t i = 0; i < partitions; ++i) {
            added->parts.push_back({{each.dataset, partition_id{i}}, {}});
        }
        added->id_path = split_path(each.id_path);
        added->settings = std::move(each);
        streams_.push_back(std::move(added));
    }
    by_partition_.resize(partitions_max);
}

stream* log_intake::find(std::string_view name) const
{
    if (name.empty()) {
        return streams_.size() == 1 && streams_.front()->settings.is_enabled
                   ? streams_.front().get()
                   : nullptr;
    }
    for (const auto& each : streams_) {
        if (each->settings.name == name) return each->settings.is_enabled ? each.get() : nullptr;
    }
    return nullptr;
}

void log_intake::reject(intake_result& out, std::size_t index, const event_facts& facts)
{
    auto& stats = tools_.stats;
    switch (facts.defect) {
        case event_defect::syntax:
        case event_defect::encoding:
            add(stats.rejected_syntax);
            break;
        case event_defect::not_an_object:
            add(stats.rejected_not_an_object);
            break;
        case event_defect::duplicate_key:
            add(stats.rejected_duplicate_key);
            break;
        default:
            add(stats.rejected_limits);
            break;
    }
    out.rejected.push_back({index, std::string(title_of(facts.defect)),
                            fmt::format("{} (at byte {})", facts.detail, facts.position)});
}

/// Judges all events and sorts the good ones by partition. Returns their bytes.
std::uint64_t log_intake::collect(stream& to, std::string_view source,
                                  const std::vector<incoming_event>& events, intake_result& out)
{
    texts_.clear();
    minted_.clear();
    minted_.reserve(events.size());  // views into it must stay
    for (auto& records : by_partition_) records.clear();
    const auto now = tools_.clock.wall_now();
    const auto partitions = static_cast<std::uint32_t>(to.parts.size());
    const auto log_max = tools_.log.record_bytes_max(to.settings.dataset);
    // events without a key go together: one part to write, and the request keeps its order
    const auto shared_partition = partitions == 1 ? 0 : to.next_partition++ % partitions;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
        const auto& event = events[i];
        if (event.json.size() > settings_.event_bytes_max) {
            add(tools_.stats.rejected_limits);
            out.rejected.push_back(
                {i, "Event too large", "Send a smaller event or raise ingest.event_bytes_max."});
            continue;
        }
        if (event.json.size() > log_max) {
            add(tools_.stats.rejected_limits);
            out.rejected.push_back({i, "Event too large",
                                    fmt::format("The dataset takes events of at most {} bytes; for "
                                                "larger ones raise max.message.bytes of its topic.",
                                                log_max)});
            continue;
        }
        const auto facts = scanner_.scan(event.json, to.id_path, texts_);
        if (facts.defect != event_defect::none) {
            reject(out, i, facts);
            continue;
        }
        datasets::new_record record;
        record.id = event.id.empty() ? facts.id : event.id;
        if (record.id.empty())
            record.id = view(minted_.emplace_back(make_uuid_v7(now, tools_.random)));
        record.type = event.type.empty() ? facts.type : event.type;
        record.datastream = to.settings.name;
        record.source = source;
        record.received_at = now;
        record.content = event.json;
        auto partition = shared_partition;
        if (to.settings.key) {
            if (const auto key = to.settings.key(event.json)) {
                record.key = texts_.emplace_back(*key);
                partition = datasets::partition_of(*key, partitions).value();
            }
        }
        bytes += event.json.size();
        ++out.accepted;
        by_partition_[partition].push_back(record);
    }
    return bytes;
}

failure log_intake::on_write_failed(const failure& from, std::size_t events)
{
    auto& stats = tools_.stats;
    if (from.code == boost::asio::error::timed_out) {
        add(stats.unknown, events);
        return {make_error_code(intake_errc::timed_out),
                "the events were not confirmed in time; they may or may not be stored: send them "
                "again with the "
                "same ids"};
    }
    if (from.code == make_error_code(datasets::log_errc::overloaded)) {
        add(stats.refused_overloaded, events);
    } else if (from.code == make_error_code(datasets::log_errc::io)) {
        add(stats.unknown, events);
    } else {
        add(stats.refused_by_log, events);
    }
    return from;
}

boost::asio::awaitable<result<intake_result>> log_intake::accept(
    std::string_view datastream, std::string_view source, const std::vector<incoming_event>& events,
    std::string_view)
{
    add(tools_.stats.requests);
    auto* const to = find(datastream);
    if (to == nullptr) {
        co_return failure{make_error_code(intake_errc::unknown_datastream),
                          "there is no such datastream"};
    }
    intake_result out;
    const auto bytes = collect(*to, source, events, out);
    if (out.accepted == 0) co_return out;
    if (tools_.stats.in_flight_bytes.load(std::memory_order_relaxed) + bytes >
        settings_.in_flight_bytes_max) {
        add(tools_.stats.refused_overloaded, out.accepted);
        co_return failure{make_error_code(intake_errc::overloaded),
                          "too many bytes wait to be stored; send again later or raise "
                          "ingest.in_flight_bytes_max"};
    }
    parts_.clear();
    for (std::size_t i = 0; i < to->parts.size(); ++i) {
        if (by_partition_[i].empty()) continue;
        parts_.push_back(to->parts[i]);
        parts_.back().records = by_partition_[i];
    }
    const in_flight_share share(tools_.stats.in_flight_bytes, bytes);
    datasets::log_write write;
    write.appends = parts_;
    const auto written =
        co_await async_write(tools_.log, write, tools_.completions, settings_.append_timeout);
    if (!written) co_return on_write_failed(written.error(), out.accepted);
    add(tools_.stats.events_accepted, out.accepted);
    add(tools_.stats.bytes_accepted, bytes);
    co_return out;
}

}  // namespace

boost::system::error_code make_error_code(intake_errc e) noexcept
{
    static const intake_category category;
    return {static_cast<int>(e), category};
}

std::unique_ptr<event_intake> make_event_intake(std::vector<intake_datastream> datastreams,
                                                const config::ingest_settings& settings,
                                                intake_tools tools)
{
    return std::make_unique<log_intake>(std::move(datastreams), settings, tools);
}

}  // namespace sluice::gateway
