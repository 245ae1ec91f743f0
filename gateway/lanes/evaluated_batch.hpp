#pragma once
// A batch of records decoded and decided once, for all lanes of its dataset. Whoever asks first
// does the work; the others find the result in a bounded cache. Batches are immutable and shared
// between threads.

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "datasets/record_batch.hpp"
#include "gateway/http/http_stats.hpp"
#include "rules/rule_engine.hpp"

namespace sluice::gateway {

class evaluated_batch {
public:
    /// Decodes every record of `records` and evaluates the program over it. `scratch` is the
    /// caller's.
    static std::shared_ptr<const evaluated_batch> evaluate(
        std::shared_ptr<const datasets::record_batch> records,
        std::shared_ptr<const rules::dataset_program> program, const datasets::partition_ref& from,
        rules::evaluation_scratch& scratch);

    [[nodiscard]] const datasets::record_batch& records() const noexcept { return *records_; }
    [[nodiscard]] const rules::dataset_program& program() const noexcept { return *program_; }
    [[nodiscard]] const rules::decided_event& decision(std::size_t i) const noexcept
    {
        return decisions_[i];
    }
    /// Records for which some condition was in error (not merely absent); for the log.
    [[nodiscard]] const std::vector<std::size_t>& in_error() const noexcept { return in_error_; }
    [[nodiscard]] std::size_t memory_bytes() const noexcept;

private:
    explicit evaluated_batch(std::size_t block_bytes) : arena_(block_bytes) {}

    std::shared_ptr<const datasets::record_batch> records_;
    std::shared_ptr<const rules::dataset_program> program_;
    rules::event_arena arena_;
    std::vector<rules::decided_event> decisions_;
    std::vector<std::size_t> in_error_;
};

/// The event as rules see it; views of `record`.
[[nodiscard]] rules::event_input to_event_input(const datasets::record_view& record,
                                                std::string_view dataset, std::uint32_t partition);

/// Thread-safe; one short lock per look-up. Forgets the least recently used batches beyond its
/// budget. Two lanes that miss at the same moment both evaluate; the later result is dropped.
class evaluated_batch_cache {
public:
    explicit evaluated_batch_cache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    /// The batch that holds `at` as evaluated by this very program, or null.
    std::shared_ptr<const evaluated_batch> find(const datasets::partition_ref& partition, offset at,
                                                const rules::dataset_program& program);
    void put(const datasets::partition_ref& partition,
             const std::shared_ptr<const evaluated_batch>& batch);
    /// After a reload: results of the old programs are of no more use.
    void clear();

    [[nodiscard]] std::size_t bytes() const;
    [[nodiscard]] std::uint64_t hits() const;
    [[nodiscard]] std::uint64_t misses() const;

private:
    struct entry {
        datasets::partition_ref partition;
        std::shared_ptr<const evaluated_batch> batch;
    };
    using lru = std::list<entry>;

    void evict();

    const std::size_t bytes_max_;
    mutable std::mutex mutex_;  ///< guards all below; never held while evaluating
    lru entries_;               ///< most recently used first
    std::map<std::pair<datasets::partition_ref, offset>, lru::iterator> by_base_;
    std::size_t bytes_ = 0;
    std::uint64_t hits_ = 0;
    std::uint64_t misses_ = 0;
};

}  // namespace sluice::gateway
