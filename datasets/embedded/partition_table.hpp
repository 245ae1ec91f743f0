#pragma once
// What the engine knows in memory of each dataset and partition. Filled at open; afterwards the
// appender moves ends, retention moves begins, anybody reads. Entries are never removed, so
// pointers stay valid.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <vector>

#include "datasets/embedded/key_layout.hpp"
#include "datasets/embedded/range_set.hpp"

namespace sluice::datasets::embedded {

struct dataset_state;

struct partition_state {
    partition_number number;
    dataset_state* dataset = nullptr;
    std::atomic<std::uint64_t> begin{0};
    std::atomic<std::uint64_t> end{0};
    std::atomic<std::uint64_t> synced{0};  ///< records below it survive a power cut
    std::atomic<std::uint64_t> bytes{0};

    /// Key of the partition in the cache.
    [[nodiscard]] std::uint64_t cache_id() const noexcept
    {
        return std::uint64_t{number.dataset} << 32 | number.partition;
    }
    /// Returns how many of them are news.
    std::uint64_t add_lost(std::uint64_t from, std::uint64_t to)
    {
        std::lock_guard lock(lost_mutex);
        return lost.add(from, to);
    }
    [[nodiscard]] std::uint64_t lost_total() const
    {
        std::lock_guard lock(lost_mutex);
        return lost.total();
    }

    mutable std::mutex lost_mutex;
    range_set lost;
    std::uint32_t uncounted = 0;  ///< the appender's: batches since the last stock entry
    int open_value = -1;  ///< the appender's: index of the value it is filling in the current group
};

struct dataset_state {
    std::uint32_t number = 0;
    dataset_spec spec;                 ///< guarded by the table's lock
    std::vector<cursor_name> readers;  ///< guarded by the table's lock
    bool has_readers_set = false;  ///< until then nothing is trimmed: the readers are not known yet
    std::vector<std::unique_ptr<partition_state>> partitions;
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> quota{UINT64_MAX};
};

class partition_table {
public:
    [[nodiscard]] result<partition_state*> find(const partition_ref& ref) const;
    [[nodiscard]] partition_state* find(partition_number number) const;
    [[nodiscard]] dataset_state* find(const dataset_name& name) const;
    /// Adds the dataset or changes its settings; partitions never go away.
    dataset_state& put(std::uint32_t number, const dataset_spec& spec);
    [[nodiscard]] std::uint32_t next_number() const;

    [[nodiscard]] std::vector<dataset_spec> specs() const;
    [[nodiscard]] std::vector<partition_state*> partitions() const;
    [[nodiscard]] std::optional<partition_ref> name_of(partition_number number) const;
    /// True when the cursor with this key had not been noted.
    bool note_cursor(const std::string& key);
    [[nodiscard]] bool has_cursor(const std::string& key) const;
    void set_readers(const dataset_name& name, std::vector<cursor_name> readers);

    struct trim_rule {
        dataset_spec spec;
        std::vector<cursor_name> readers;
        std::vector<partition_state*> partitions;
    };
    /// Datasets that retention may look at.
    [[nodiscard]] std::vector<trim_rule> trim_rules() const;

private:
    mutable std::shared_mutex mutex_;
    std::map<dataset_name, std::unique_ptr<dataset_state>> datasets_;
    std::map<std::uint32_t, dataset_state*> by_number_;
    std::set<std::string> cursors_;  ///< keys of all cursors that were ever stored
};

}  // namespace sluice::datasets::embedded
