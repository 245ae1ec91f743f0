#pragma once
// The log under everything: datasets, retries and dead letters are partitions of it. Two engines
// implement it (embedded/ over RocksDB, kafka/ over a Kafka cluster). Thread-safe. Handlers run on
// a thread of the engine and must only hand the result over to their own thread; none is called
// after close() has returned.

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/result.hpp"
#include "datasets/event_record.hpp"
#include "datasets/log_counters.hpp"
#include "datasets/record_batch.hpp"

namespace sluice::datasets {

/// Records for one partition; they get consecutive offsets.
struct append_part {
    partition_ref to;
    std::span<const new_record> records;
};

/// What has become of the records a cursor has passed; stored with it, so it survives a crash.
/// accepted = delivered + filtered + dead + pending, where pending is always computed.
struct ledger_counts {
    std::uint64_t delivered = 0;
    std::uint64_t filtered = 0;
    std::uint64_t dead = 0;
    std::uint64_t retrying = 0;  ///< moved to the retry log and still there: part of pending
    std::uint64_t expired = 0;   ///< trimmed or lost before they were read
    friend bool operator==(const ledger_counts&, const ledger_counts&) = default;
};

struct cursor_state {
    offset next;   ///< the lowest offset not yet finished
    offset start;  ///< where the cursor began; accepted counts from here
    ledger_counts counts;
};

struct cursor_update {
    cursor_name name;
    partition_ref at;
    cursor_state state;
};

/// A small document of a named collection (export runs, schedules); absent `value` erases.
struct document_update {
    std::string collection;
    std::string key;
    std::optional<std::string> value;
};

/// Embedded: everything in one write becomes durable together or not at all. Kafka: first the
/// records, then the documents, then the cursors, each only after the ones before; a failure in
/// between leaves the earlier ones, and whoever repeats the write stores them again.
struct log_write {
    std::span<const append_part> appends;
    std::span<const cursor_update> cursors;
    std::span<const document_update> documents;
    /// Internal writes (cursors, retries, dead letters) use the reserve that ingest may not touch.
    bool is_internal = false;
    /// The cursors may belong to partitions that another gateway owns (exports that one gateway
    /// runs for all, tools). Without it such a write is refused with `not_owned`.
    bool ignores_ownership = false;
};

struct write_receipt {
    std::vector<offset> bases;  ///< base offset of each append part, in order
};

using write_handler = std::function<void(result<write_receipt>)>;

/// Null: nothing at or after the asked position yet. A batch may begin before the asked offset
/// (skip the records below it) or after it: then the records between were trimmed or lost.
using read_handler = std::function<void(result<std::shared_ptr<const record_batch>>)>;

struct partition_extent {
    offset begin;             ///< the oldest record kept
    offset end;               ///< one past the newest
    std::uint64_t bytes = 0;  ///< uncompressed content kept, approximately
    std::uint64_t lost = 0;   ///< records that damage has taken, counted exactly
};

struct dataset_spec {
    dataset_name name;
    std::uint32_t partitions = 1;
    std::optional<std::chrono::milliseconds> age_max;
    std::optional<std::uint64_t> bytes_max;
    bool trim_unread = false;
    std::optional<std::uint64_t> quota_bytes;
};

enum class log_health : std::uint8_t { ok, refusing, reopening, closed };

struct log_status {
    log_health health = log_health::ok;
    std::string reason;  ///< a sentence when not ok
    std::chrono::milliseconds retry_after{1000};
};

/// Half open: [begin, end).
struct offset_range {
    offset begin;
    offset end;
    friend bool operator==(const offset_range&, const offset_range&) = default;
};

/// What a trim takes (or would take): everything of the partition below `begin`.
struct trim_result {
    offset begin;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;  ///< of content, before compression
};

struct backup_part {
    partition_ref at;
    offset begin;
    offset end;
};

/// A copy of the log that was opened and compared after it was made.
struct backup_report {
    std::string folder;
    wall_time taken_at{};
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t linked = 0;  ///< files that share their bytes with the log (hard links)
    std::vector<backup_part> parts;
};

/// A figure of an engine for /metrics and status: `kafka_produced`, `spool_events`.
struct log_figure {
    std::string_view name;
    std::uint64_t value = 0;
    bool is_gauge = false;  ///< else it only grows
};

class event_log {
public:
    virtual ~event_log() = default;

    /// Makes what is on this machine ready for a dataset: with a spool events are taken from here
    /// on, although the cluster can't be asked. Called for all datasets before the first is opened.
    virtual result<void> prepare_dataset(const dataset_spec&) { return {}; }
    /// Declares a dataset; existing ones may gain partitions, never lose them. Blocking.
    virtual result<void> open_dataset(const dataset_spec& spec) = 0;
    /// Which cursors retention has to wait for, per dataset. Replaces the previous list.
    virtual void set_readers(const dataset_name& dataset, std::vector<cursor_name> readers) = 0;

    /// Copies everything, returns at once; `handler` learns when it is durable (or why not).
    /// `log_errc::overloaded` (queue full), `refusing` (disk, quota, no broker, no confirmation in
    /// time), `unknown_dataset`, `not_owned` (a cursor of a partition that went to another
    /// gateway), `too_large`.
    virtual void write(const log_write& what, write_handler handler) = 0;

    /// The batch that holds `from`, or the next one after a hole. The embedded engine answers from
    /// the calling thread before it returns; Kafka does so at the head and otherwise later, from
    /// one of its threads. Any partition may be read, owned or not. On Kafka a record may become
    /// readable a moment after its write was confirmed.
    virtual void read(const partition_ref& from_partition, offset from, read_handler handler) = 0;

    /// Calls `handler` once, as soon as the partition's end is beyond `seen`. Returns an id for
    /// cancel_wait.
    virtual std::uint64_t wait_beyond(const partition_ref& partition, offset seen,
                                      std::function<void()> handler) = 0;
    virtual void cancel_wait(std::uint64_t id) = 0;

    /// Does not block. Of a partition that another process owns it tells what was known when this
    /// one last looked: some seconds ago, or at a load_cursor that found one.
    [[nodiscard]] virtual result<partition_extent> extent(const partition_ref& partition) const = 0;
    [[nodiscard]] virtual std::vector<dataset_spec> list_datasets() const = 0;
    /// Whether other processes may own partitions of this log, now or later.
    [[nodiscard]] virtual bool is_shared() const { return false; }
    /// Partitions this process may deliver now; `watch_ownership` tells of changes. Empty at first
    /// on Kafka: gateways share partitions out within moments after the datasets were opened.
    [[nodiscard]] virtual std::vector<partition_id> owned_partitions(const dataset_name&) const = 0;
    /// Calls `handler` with a dataset, on a thread of the engine that serves nothing else, each
    /// time after what owned_partitions(dataset) returns has changed. Replaces the previous
    /// handler.
    /// - Partitions gained: begin with load_cursor; the previous owner has stored its last one.
    /// - Partitions given up to another gateway: they are no longer in owned_partitions, but their
    ///   cursors may still be stored until the handler returns. So the handler stops what works on
    ///   them, lets it store its cursors, and returns only then; the next owner begins after that.
    ///   The engine waits half the session timeout, at most 5 s; after that, and for partitions
    ///   that were lost because the group did not hear of us, cursors are refused with `not_owned`
    ///   and the next owner may deliver some events again.
    /// The handler must not call close(). Two datasets may change at the same time, on two threads.
    virtual void watch_ownership(std::function<void(const dataset_name&)> handler) = 0;

    /// Blocking; for start-up and tools.
    [[nodiscard]] virtual result<std::optional<cursor_state>> load_cursor(
        const cursor_name& name, const partition_ref& at) const = 0;
    [[nodiscard]] virtual result<std::vector<cursor_update>> list_cursors() const = 0;
    [[nodiscard]] virtual result<std::vector<std::pair<std::string, std::string>>> list_documents(
        std::string_view collection) const = 0;

    /// The first offset whose receive time is at or after `when`, or the end.
    [[nodiscard]] virtual result<offset> offset_at(const partition_ref& partition,
                                                   wall_time when) const = 0;

    // A spool holds events that were accepted and that no lane can read yet.

    /// When the oldest of them was received: a lane that begins now begins there at the latest.
    [[nodiscard]] virtual std::optional<wall_time> oldest_spooled() const { return std::nullopt; }
    /// Whether every lane has stored where it begins; not at first. One that does so later would
    /// begin behind events that were accepted for it: so a spool keeps all events until then, and
    /// Kafka without a spool refuses them until it was so for the first time.
    virtual void let_spool_flow(bool) {}

    [[nodiscard]] virtual log_status status() const = 0;
    /// What only this engine counts.
    [[nodiscard]] virtual std::vector<log_figure> figures() const { return {}; }
    /// The largest content of one event that the dataset takes; larger ones are refused one by one
    /// before they are written.
    [[nodiscard]] virtual std::uint64_t record_bytes_max(const dataset_name&) const
    {
        return std::numeric_limits<std::uint64_t>::max();
    }

    // What operators ask for. An engine that leaves it to its own tools says so.

    /// Removes what is below `before`, in whole stored batches: up to one batch below it stays.
    /// Does not look at readers; the caller does. A dry run only tells. Blocking.
    [[nodiscard]] virtual result<trim_result> trim(const partition_ref& partition, offset before,
                                                   bool is_dry_run);
    /// Ranges that damage took, oldest first.
    [[nodiscard]] virtual std::vector<offset_range> lost_ranges(const partition_ref&) const
    {
        return {};
    }
    /// Copies the whole log into `folder`, which must not exist or be empty, while it goes on
    /// working, and verifies the copy. All that was acknowledged before is in it. Blocking.
    [[nodiscard]] virtual result<backup_report> backup(const std::string& folder);
    /// What was refused and removed since the log was opened, by reason.
    [[nodiscard]] virtual log_counts counts() const { return {}; }

    /// Finishes queued writes, then closes. Blocking. Handlers of later writes get
    /// `log_errc::closed`.
    virtual void close() = 0;
};

/// The partition of `count` that records with this key belong to; records without key go round
/// robin.
[[nodiscard]] partition_id partition_of(std::string_view key, std::uint32_t count) noexcept;

}  // namespace sluice::datasets
