#pragma once
// One event as a Kafka record: key, value and headers, so that any consumer can read it, and back,
// whoever wrote it. The table of headers is in README.md. Stateless.

#include <string>

#include "datasets/event_record.hpp"
#include "datasets/kafka/handles.hpp"
#include "datasets/record_batch.hpp"

namespace sluice::datasets::kafka {

/// Makes the headers that a record gets besides key and value. Records of one write mostly came at
/// one time: its text is made once.
class header_maker {
public:
    [[nodiscard]] headers_handle make(const new_record& record);

private:
    wall_time time_{};
    std::string time_text_;
};

/// Milliseconds since 1970, as Kafka keeps times.
[[nodiscard]] std::int64_t kafka_time(wall_time time);

/// A run of consecutive records of one partition, gathered until somebody takes it as a batch.
class run_builder {
public:
    /// False if the record does not follow the last one: take the batch first.
    [[nodiscard]] bool fits(const rd_kafka_message_t& message) const noexcept;
    void add(const rd_kafka_message_t& message);

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::size_t bytes() const noexcept { return payload_.size(); }
    [[nodiscard]] std::uint32_t count() const noexcept { return count_; }
    /// One past the last record.
    [[nodiscard]] std::uint64_t end() const noexcept { return base_ + count_; }
    /// Begins anew.
    [[nodiscard]] result<std::shared_ptr<const record_batch>> take();

private:
    std::uint64_t base_ = 0;
    std::uint32_t count_ = 0;
    std::string payload_;
};

}  // namespace sluice::datasets::kafka
