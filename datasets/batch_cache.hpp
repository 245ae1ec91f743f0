#pragma once
// Decoded batches, bounded by bytes: lanes at the head of a log read what the committer has just
// written without disk and decompression, and readers of the same older part share one decoding. A
// reader far behind can only push out other old batches, never the head. Thread-safe.

#include <list>
#include <map>
#include <mutex>

#include "datasets/record_batch.hpp"

namespace sluice::datasets {

class batch_cache {
public:
    explicit batch_cache(std::uint64_t bytes_max);

    /// `partition` is any number that is unique per partition.
    void add_head(std::uint64_t partition, std::shared_ptr<const record_batch> batch);
    void add_old(std::uint64_t partition, std::shared_ptr<const record_batch> batch);
    /// The batch that holds `at`, or null.
    [[nodiscard]] std::shared_ptr<const record_batch> find(std::uint64_t partition, offset at);
    void clear();
    [[nodiscard]] std::uint64_t bytes() const;

private:
    using key = std::pair<std::uint64_t, std::uint64_t>;
    struct entry;
    struct segment {
        std::list<key> order;  // least recently used first
        std::uint64_t bytes = 0;
        std::uint64_t bytes_max = 0;
    };
    struct entry {
        std::shared_ptr<const record_batch> batch;
        segment* in;
        std::list<key>::iterator place;
        std::uint64_t bytes;
    };

    void add(segment& to, std::uint64_t partition, std::shared_ptr<const record_batch> batch,
             std::vector<std::shared_ptr<const record_batch>>& evicted);

    mutable std::mutex mutex_;
    segment head_;
    segment old_;
    std::map<key, entry> entries_;
};

}  // namespace sluice::datasets
