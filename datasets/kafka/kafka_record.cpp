#include "datasets/kafka/kafka_record.hpp"

#include "config/time_text.hpp"
#include "datasets/record_encoder.hpp"

namespace sluice::datasets::kafka {

namespace {

constexpr const char* header_id = "sluice-event-id";
constexpr const char* header_received_at = "sluice-received-at";
constexpr const char* header_datastream = "sluice-datastream";
constexpr const char* header_source = "sluice-source";
constexpr const char* header_type = "sluice-type";
constexpr const char* header_extra = "sluice-extra";
constexpr const char* header_content_type = "content-type";

void add(rd_kafka_headers_t* to, const char* name, std::string_view value)
{
    // fails only for transactions' own limits; a null value would read as "absent"
    rd_kafka_header_add(to, name, -1, value.empty() ? "" : value.data(),
                        static_cast<ssize_t>(value.size()));
}

void add_if_any(rd_kafka_headers_t* to, const char* name, std::string_view value)
{
    if (!value.empty()) add(to, name, value);
}

std::string_view view_of(const void* data, std::size_t size)
{
    return data ? std::string_view(static_cast<const char*>(data), size) : std::string_view();
}

/// Headers of anybody: what is not ours or unreadable is passed over.
void read_headers(const rd_kafka_message_t& message, new_record& into, bool& has_time)
{
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    const char* name = nullptr;
    const void* data = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &data, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
        const std::string_view key(name);
        const auto value = view_of(data, size);
        if (key == header_id) {
            into.id = value;
        } else if (key == header_received_at) {
            if (auto time = parse_time(value)) {
                into.received_at = *time;
                has_time = true;
            }
        } else if (key == header_datastream) {
            into.datastream = value;
        } else if (key == header_source) {
            into.source = value;
        } else if (key == header_type) {
            into.type = value;
        } else if (key == header_extra) {
            into.extra = value;
        }
    }
}

}  // namespace

headers_handle header_maker::make(const new_record& record)
{
    if (time_text_.empty() || record.received_at != time_) {
        time_ = record.received_at;
        time_text_ = format_time(time_);
    }
    headers_handle headers(rd_kafka_headers_new(7));
    add(headers.get(), header_id, record.id);
    add(headers.get(), header_received_at, time_text_);
    add_if_any(headers.get(), header_datastream, record.datastream);
    add_if_any(headers.get(), header_source, record.source);
    add_if_any(headers.get(), header_type, record.type);
    add_if_any(headers.get(), header_extra, record.extra);
    add(headers.get(), header_content_type, "application/json");
    return headers;
}

std::int64_t kafka_time(wall_time time)
{
    using std::chrono::milliseconds;
    return std::chrono::floor<milliseconds>(time.time_since_epoch()).count();
}

bool run_builder::fits(const rd_kafka_message_t& message) const noexcept
{
    return empty() || static_cast<std::uint64_t>(message.offset) == end();
}

void run_builder::add(const rd_kafka_message_t& message)
{
    new_record record;
    bool has_time = false;
    read_headers(message, record, has_time);
    if (!has_time) {
        rd_kafka_timestamp_type_t type{};
        const auto at = rd_kafka_message_timestamp(&message, &type);
        if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) {
            record.received_at = wall_time{std::chrono::milliseconds{at}};
        }
    }
    std::string minted;
    if (record.id.empty()) {
        // the same at every reading, so that receivers recognise what comes twice
        minted = fmt::format("{}-{}-{}", rd_kafka_topic_name(message.rkt), message.partition,
                             message.offset);
        record.id = minted;
        if (record.source.empty()) record.source = "kafka";
    }
    if (message.key) record.key = view_of(message.key, message.key_len);
    // a tombstone is no event, but it has an offset that somebody must pass
    record.content = message.payload ? view_of(message.payload, message.len) : "null";
    if (empty()) base_ = static_cast<std::uint64_t>(message.offset);
    ++count_;
    encode_record(payload_, record);
}

result<std::shared_ptr<const record_batch>> run_builder::take()
{
    auto batch = record_batch::from_payload(offset{base_}, count_, std::move(payload_));
    payload_ = {};
    count_ = 0;
    return batch;
}

}  // namespace sluice::datasets::kafka
