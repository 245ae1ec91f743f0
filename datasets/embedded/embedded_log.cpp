#include "datasets/embedded/embedded_log.hpp"

#include <rocksdb/version.h>
#include <spdlog/spdlog.h>

#include <future>

#include "datasets/embedded/log_inventory.hpp"
#include "datasets/embedded/store_backup.hpp"
#include "datasets/log_error.hpp"

namespace sluice::datasets::embedded {

namespace {

failure closed()
{
    return {make_error_code(log_errc::closed), "the log is closed"};
}

}  // namespace

embedded_log::embedded_log(const log_settings& settings, data_folder folder)
    : settings_(settings),
      clock_(settings.clock ? *settings.clock : system_clock()),
      folder_(std::move(folder)),
      cache_(settings.cache_bytes_max),
      test_free_bytes_(UINT64_MAX)
{
}

result<std::unique_ptr<embedded_log>> embedded_log::open(const log_settings& settings,
                                                         rocksdb::Env* env)
{
    auto folder = data_folder::open(settings.data_dir, settings.is_read_only, env);
    if (!folder) return folder.error();
    std::unique_ptr<embedded_log> log(new embedded_log(settings, std::move(*folder)));
    auto opened = log->open_store();
    if (!opened) return opened.error();
    log->check_space();
    if (!settings.is_read_only) {
        if (const auto note = begin_restore(settings.data_dir)) {
            spdlog::warn(
                "store: this data folder is a backup ({}): what was accepted after it is not in "
                "it, lanes go on from their positions of that time and deliver again what they "
                "delivered since, and exports may write files of the same names again",
                *note);
        }
        auto* self = log.get();
        appender_links links{self->slot_,
                             self->cache_,
                             self->waits_,
                             self->clock_,
                             [self] { return self->open_store(); },
                             [self] { return self->free_bytes(); },
                             [self] { self->is_damage_seen_ = true; }};
        log->appender_ =
            std::make_unique<appender>(settings.store, read_test_faults(), std::move(links));
    }
    log->maintenance_ = std::thread([self = log.get()] { self->run_maintenance(); });
    return log;
}

std::string embedded_log::library_version()
{
    return rocksdb::GetRocksVersionAsString();
}

embedded_log::~embedded_log()
{
    close();
}

result<void> embedded_log::open_store()
{
    std::unique_lock lock(slot_.mutex);
    slot_.store.reset();
    auto recovered = open_recovered(folder_, clock_.wall_now(),
                                    {settings_.is_read_only, is_damage_seen_.load()});
    if (!recovered) return recovered.error();
    inventory_options options;
    options.is_read_only = settings_.is_read_only;
    options.verifies_batches = recovered->step != recovery_step::clean || folder_.is_mending();
    if (!settings_.is_read_only) options.high_marks = folder_.read_high_marks();
    crash_here(crash_place::recovery_open);
    auto missing = count_stock(*recovered->store, options);
    if (!missing) return missing.error();
    missing_at_open_ += *missing;
    if (recovered->step > opened_by_) opened_by_ = recovered->step;
    marks_at_open_ = std::move(options.high_marks);
    is_damage_seen_ = false;
    slot_.store = std::move(recovered->store);
    crash_here(crash_place::recovery_end);
    return {};
}

/// The mark stays until everything has been counted: a crash in between begins anew.
result<std::uint64_t> embedded_log::count_stock(rocks_store& store, inventory_options& options)
{
    const bool may_write = !settings_.is_read_only;
    if (options.verifies_batches && may_write) {
        auto marked = folder_.set_mending(true);
        if (!marked) return marked.error();
    }
    auto missing = take_inventory(store, options, table_);
    const auto corrupt = make_error_code(log_errc::corrupt);
    if (!missing && missing.error().code == corrupt && !options.verifies_batches) {
        spdlog::error("store: {}; it is made anew", missing.error().message);
        options.verifies_batches = true;
        return count_stock(store, options);
    }
    if (missing && may_write) {
        auto cleared = folder_.set_mending(false);
        if (!cleared) return cleared.error();
    }
    return missing;
}

result<void> embedded_log::open_dataset(const dataset_spec& spec)
{
    std::lock_guard lock(open_dataset_mutex_);
    if (settings_.is_read_only) {
        return failure{make_error_code(log_errc::refusing), "the log was opened for reading only"};
    }
    if (spec.partitions == 0 || spec.name.value().empty()) {
        return failure{make_error_code(log_errc::unknown_partition),
                       "a dataset needs a name and at least one partition"};
    }
    auto wanted = spec;
    auto number = table_.next_number();
    if (auto* known = table_.find(spec.name)) {
        number = known->number;
        const auto present = static_cast<std::uint32_t>(known->partitions.size());
        if (spec.partitions < present) {
            spdlog::warn("dataset {} keeps its {} partitions: partitions cannot be taken away",
                         spec.name.value(), present);
            wanted.partitions = present;
        }
    }
    auto write = std::make_unique<pending_write>();
    write->is_internal = true;
    write->puts.push_back({family::meta, std::string(dataset_prefix) + spec.name.value(),
                           encode_spec(number, wanted)});
    write->puts.push_back({family::documents, document_key(dataset_collection, spec.name.value()),
                           encode_spec(number, wanted)});
    auto written = write_blocking(std::move(write));
    if (!written) return written.error();
    auto& dataset = table_.put(number, wanted);
    std::shared_lock store_lock(slot_.mutex);
    for (auto& p : dataset.partitions) {
        // settings lost by damage: offsets that were given out once stay taken
        auto mark = marks_at_open_.find(p->number);
        if (mark == marks_at_open_.end() || p->end.load() >= mark->second) continue;
        if (slot_.store) missing_at_open_ += adopt_partition(*slot_.store, mark->second, *p);
    }
    // out of the write-ahead log at once: its loss must not take the meaning of everything else
    if (slot_.store) {
        for (auto f : {family::meta, family::documents}) {
            slot_.store->db().Flush({}, slot_.store->at(f)).PermitUncheckedError();
        }
    }
    return {};
}

void embedded_log::set_readers(const dataset_name& dataset, std::vector<cursor_name> readers)
{
    table_.set_readers(dataset, std::move(readers));
}

std::optional<failure> embedded_log::refusal(const pending_write& write) const
{
    if (write.is_internal || write.chunks.empty()) return std::nullopt;
    if (is_space_low_) {
        count_refused(write, "space");
        return failure{make_error_code(log_errc::refusing), status().reason};
    }
    for (const auto& chunk : write.chunks) {
        const auto& dataset = *chunk.to->dataset;
        if (dataset.bytes.load() >= dataset.quota.load()) {
            count_refused(write, "quota");
            return failure{
                make_error_code(log_errc::refusing),
                "the dataset has reached its quota; it takes events again when retention has "
                "trimmed it, or raise `quota_bytes`"};
        }
    }
    return std::nullopt;
}

void embedded_log::write(const log_write& what, write_handler handler)
{
    if (is_closed_) return handler(closed());
    if (!appender_) {
        return handler(
            failure{make_error_code(log_errc::refusing), "the log was opened for reading only"});
    }
    auto write = encode_write(what, table_, settings_.store.value_bytes_max);
    if (!write) return handler(write.error());
    if (auto refused = refusal(**write)) return handler(std::move(*refused));
    if (!(*write)->new_cursors.empty()) handler = noting_cursors(**write, std::move(handler));
    (*write)->handler = std::move(handler);
    auto submitted = appender_->submit(*write);
    if (submitted) return;
    const bool is_queue_full = submitted.error().code == make_error_code(log_errc::overloaded);
    count_refused(**write, is_queue_full ? "queue" : "store");
    (*write)->handler(submitted.error());
}

void embedded_log::count_refused(const pending_write& write, std::string_view reason) const
{
    if (write.is_internal) return;
    std::uint64_t events = 0;
    for (const auto& chunk : write.chunks) events += chunk.count;
    counters_.count_refused(reason, events);
}

/// Only what is stored is noted: a write that failed stores the names again next time.
write_handler embedded_log::noting_cursors(const pending_write& write, write_handler handler)
{
    return [this, keys = write.new_cursors, handler = std::move(handler)](auto written) {
        if (written) {
            for (const auto& key : keys) table_.note_cursor(key);
        }
        handler(std::move(written));
    };
}

result<void> embedded_log::write_blocking(std::unique_ptr<pending_write> write)
{
    if (!appender_ || is_closed_) return closed();
    std::promise<result<write_receipt>> done;
    write->handler = [&done](result<write_receipt> r) { done.set_value(std::move(r)); };
    auto submitted = appender_->submit(write);
    if (!submitted) return submitted.error();
    auto answer = done.get_future().get();
    if (!answer) return answer.error();
    return {};
}

void embedded_log::read(const partition_ref& from_partition, offset from, read_handler handler)
{
    if (is_closed_) return handler(closed());
    auto p = table_.find(from_partition);
    if (!p) return handler(p.error());
    handler(read_batch(**p, from));
}

result<std::shared_ptr<const record_batch>> embedded_log::read_batch(partition_state& p,
                                                                     offset from)
{
    if (from.value() >= p.end.load(std::memory_order_acquire)) {
        return std::shared_ptr<const record_batch>();
    }
    if (auto cached = cache_.find(p.cache_id(), from)) return cached;
    return read_stored(p, from);
}

result<std::shared_ptr<const record_batch>> embedded_log::read_stored(partition_state& p,
                                                                      offset from)
{
    std::shared_lock lock(slot_.mutex);
    if (!slot_.store)
        return is_closed_
                   ? closed()
                   : failure{make_error_code(log_errc::refusing), "the store is being reopened"};
    const auto& store = *slot_.store;
    for (;;) {
        rocksdb::Status status;
        auto entry = find_entry(store, p.number, from, status);
        if (!entry) {
            if (status.ok()) return std::shared_ptr<const record_batch>();
            is_damage_seen_ = true;
            if (appender_) appender_->ask_reopen("the index is damaged and made anew");
            return failure{make_error_code(log_errc::refusing),
                           "the index of the log is damaged (" + status.ToString() +
                               "); it is made anew now, try again"};
        }
        batch_key key(p.number, entry->first);
        rocksdb::PinnableSlice value;
        status = store.db().Get({}, store.at(family::records), slice(key.bytes()), &value);
        const bool is_gone = status.IsNotFound() || status.IsCorruption() ||
                             status.IsPathNotFound() ||
                             status.ToString().find("No such file") != std::string::npos;
        if (!status.ok() && !is_gone) {
            return failure{make_error_code(log_errc::io),
                           "reading the log failed: " + status.ToString()};
        }
        if (status.ok()) {
            auto batch = open_batch(key.bytes(), view(value));
            if (batch) {
                cache_.add_old(p.cache_id(), *batch);
                return *batch;
            }
            if (batch.error().code == make_error_code(log_errc::newer_format)) return batch.error();
            note_damage(p, entry->first, entry->second.count, batch.error().message);
        } else if (entry->first.value() >= p.begin.load()) {
            note_damage(p, entry->first, entry->second.count, status.ToString());
        }
        from = entry->first + entry->second.count;
    }
}

void embedded_log::note_damage(partition_state& p, offset base, std::uint32_t count,
                               const std::string& what)
{
    const auto news = p.add_lost(base.value(), base.value() + count);
    if (news == 0) return;
    spdlog::error("store: {} records from offset {} on are damaged and skipped: {}", news,
                  base.value(), what);
    if (!appender_) return;
    auto write = std::make_unique<pending_write>();
    write->is_internal = true;
    write->puts.push_back({family::meta, lost_key(p.number, base), encode_offset(base + count)});
    // if it cannot be written now, the next reader finds the damage again
    (void)appender_->submit(write).has_value();
}

std::uint64_t embedded_log::wait_beyond(const partition_ref& partition, offset seen,
                                        std::function<void()> handler)
{
    auto p = table_.find(partition);
    if (!p || is_closed_) return 0;
    return waits_.add((*p)->end, seen, std::move(handler));
}

void embedded_log::cancel_wait(std::uint64_t id)
{
    waits_.cancel(id);
}

std::vector<partition_id> embedded_log::owned_partitions(const dataset_name& dataset) const
{
    std::vector<partition_id> out;
    for (const auto& spec : table_.specs()) {
        if (spec.name != dataset) continue;
        for (std::uint32_t i = 0; i < spec.partitions; ++i) out.push_back(partition_id{i});
    }
    return out;
}

// One process owns the whole folder, for as long as it runs.
void embedded_log::watch_ownership(std::function<void(const dataset_name&)>) {}

log_status embedded_log::status() const
{
    if (is_closed_)
        return {log_health::closed, "the log is closed", std::chrono::milliseconds{1000}};
    if (!appender_) return {};
    auto out = appender_->status();
    if (out.health == log_health::ok && is_space_low_) {
        out.health = log_health::refusing;
        out.reason =
            "the disk of the data folder is nearly full; free some space (or lower "
            "`free_bytes_min`), events are then accepted by themselves";
        out.retry_after = std::chrono::milliseconds{5000};
    }
    return out;
}

void embedded_log::close()
{
    if (is_closed_.exchange(true)) return;
    {
        std::lock_guard lock(maintenance_mutex_);
        is_maintenance_over_ = true;
    }
    maintenance_wake_.notify_all();
    if (maintenance_.joinable()) maintenance_.join();
    if (appender_) appender_->stop();
    waits_.clear();
    if (appender_) save_high_marks();
    std::unique_lock lock(slot_.mutex);
    slot_.store.reset();
    cache_.clear();
}

}  // namespace sluice::datasets::embedded
