#pragma once
// Events to columns: one simdjson pass per event straight into the buffers, along a plan compiled
// from the schema. A value is in its column exactly, or as its JSON text in `_rescued` under its
// JSON pointer; so nothing is lost when types conflict, numbers are too large or members are new.
// One thread; memory is kept from group to group.

#include <memory>

#include "batch/formats/file_format.hpp"
#include "batch/rows/row_schema.hpp"

namespace sluice::batch {

class row_builder {
public:
    explicit row_builder(const row_schema& schema);
    ~row_builder();
    row_builder(const row_builder&) = delete;
    row_builder& operator=(const row_builder&) = delete;

    /// Replaces the columns by those of `group`. True when an event has something that the schema
    /// could learn.
    bool build(const row_group& group);

    /// System columns, the event's columns, the rescue column; all of the same length.
    [[nodiscard]] const std::vector<column_buffer>& columns() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace sluice::batch
