#pragma once
// One log_write on its way: records first, then documents, then cursors, each stage only when the
// one before is confirmed. Owns itself until its handler has been called.

#include "datasets/kafka/cursors/cursor_store.hpp"
#include "datasets/kafka/document_store.hpp"
#include "datasets/kafka/producer.hpp"

namespace sluice::datasets::kafka {

/// What a write works with; all of it outlives every write.
struct write_links {
    producer& records;
    document_store& documents;
    cursor_store& cursors;
    std::function<void()> finished;  ///< after the handler; may end the log
};

struct placed_part {
    const append_part* part;
    partition_state* to;
};

class write_operation {
public:
    /// Returns at once; `handler` is called on an engine's thread, or on this one after a failure
    /// to begin.
    static void start(const write_links& links, const log_write& what,
                      const std::vector<placed_part>& parts, write_handler handler);

private:
    /// The reports of the records of one part, or of all documents.
    struct slot final : delivery {
        write_operation* of = nullptr;
        partition_state* to = nullptr;
        std::uint64_t base = UINT64_MAX;
        void reported(const std::optional<failure>& error, offset at) override;
        /// Of a part without records: where the next record goes.
        [[nodiscard]] offset first() const
        {
            return offset{base != UINT64_MAX ? base : to->newest_end()};
        }
    };

    write_operation(const write_links& links, const log_write& what, write_handler handler);
    void produce_records(const std::vector<placed_part>& parts);
    /// How many records were handed over; fewer than the part has after a failure.
    std::size_t produce_part(const placed_part& part, slot& reports, header_maker& headers);
    void produce_documents();
    void store_cursors();
    void begin_stage(std::size_t expected) { left_ = expected + 1; }
    void done(std::size_t count);
    void advance();
    void fail(const failure& error);
    void finish();

    enum class stage : std::uint8_t { records, documents, cursors };

    const write_links& links_;
    write_handler handler_;
    std::vector<cursor_update> cursors_;
    std::vector<document_update> documents_;
    /// What several records carry, each a piece of it: the library reads it here until its report.
    std::string contents_;
    bool keeps_contents_ = false;
    std::vector<slot> slots_;
    slot document_slot_;
    stage stage_ = stage::records;
    /// Reports to come, and one for the thread that hands the records over.
    std::atomic<std::size_t> left_{0};
    std::mutex mutex_;
    std::optional<failure> error_;  ///< guarded by mutex_
};

}  // namespace sluice::datasets::kafka
