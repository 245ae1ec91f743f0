#include "datasets/embedded/appender.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "datasets/log_error.hpp"

namespace sluice::datasets::embedded {

namespace {

using config::fsync_mode;
constexpr std::chrono::milliseconds heal_poll{20};
constexpr std::chrono::microseconds gather_max{200};  // about one sync
constexpr std::uint64_t reopen_space = 64ull << 20;
constexpr std::uint32_t stock_batches = 4096;  // start-up counts at most so many and one group

failure refused(const std::string& why)
{
    return {make_error_code(log_errc::refusing), why};
}

}  // namespace

appender::appender(const config::embedded_settings& settings, test_faults faults,
                   appender_links links)
    : settings_(settings),
      faults_(faults),
      links_(std::move(links)),
      health_(reopen_space),
      sealer_(settings.compression_level),
      thread_([this] { run(); })
{
}

appender::~appender()
{
    stop();
}

result<void> appender::submit(std::unique_ptr<pending_write>& write)
{
    bool is_enough = false;
    {
        std::lock_guard lock(mutex_);
        if (is_stopping_) {
            return failure{make_error_code(log_errc::closed),
                           "the log is closed; nothing was written"};
        }
        if (health_.state() != log_health::ok) return refused(health_.reason());
        // cursors and retries may still queue up when ingest has filled its share
        const auto limit = settings_.queue_bytes_max * (write->is_internal ? 2 : 1);
        const auto bytes = write->bytes();
        if (queue_bytes_ + bytes > limit && queue_bytes_ > 0) {
            return failure{make_error_code(log_errc::overloaded),
                           "the disk is slower than the events come in; send slower or raise "
                           "`queue_bytes_max`"};
        }
        queue_bytes_ += bytes;
        queue_.push_back(std::move(write));
        is_enough = queue_.size() == wanted_;
    }
    if (is_enough) arrived_.notify_one();
    return {};
}

void appender::ask_reopen(const std::string& why)
{
    {
        std::lock_guard lock(mutex_);
        if (health_.state() != log_health::ok) return;
        health_.write_failed(write_fault::other, why, links_.clock.steady_now());
    }
    arrived_.notify_one();
}

void appender::stop()
{
    {
        std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    arrived_.notify_all();
    if (thread_.joinable()) thread_.join();
}

log_status appender::status() const
{
    std::lock_guard lock(mutex_);
    if (is_closed_)
        return {log_health::closed, "the log is closed", std::chrono::milliseconds{1000}};
    return {health_.state(), health_.reason(), std::chrono::milliseconds{1000}};
}

std::size_t appender::enough_for_sync(std::size_t group, std::size_t queued)
{
    return std::max<std::size_t>((group + queued) / 2, 1);
}

/// Those who were answered send their next events at once. Half of the writers are synced while the
/// other half is answered and heard: else nearly all of them come to wait for the same sync, and
/// the core with them.
void appender::gather(std::unique_lock<std::mutex>& lock)
{
    wanted_ = enough_for_sync(std::exchange(last_group_, 0), queue_.size());
    if (queue_.size() < wanted_ && wanted_ > 1) {
        arrived_.wait_for(lock, gather_max, [this] {
            return queue_.size() >= wanted_ || is_stopping_ || health_.state() != log_health::ok;
        });
    }
    wanted_ = 1;
}

void appender::run()
{
    pthread_setname_np(pthread_self(), "log-appender");
    group writes;
    while (take_group(writes)) {
        if (!writes.empty()) commit(writes);
        last_group_ = writes.size();
        writes.clear();
        // one core: the answers first
        if (settings_.fsync == fsync_mode::group) std::this_thread::yield();
        sync_if_due(false);
    }
    sync_if_due(true);
    std::lock_guard lock(mutex_);
    is_closed_ = true;
}

bool appender::take_group(group& into)
{
    if (queue_taken_ == taken_.size()) {
        taken_.clear();
        queue_taken_ = 0;
        std::unique_lock lock(mutex_);
        while (health_.state() != log_health::ok) {
            if (is_stopping_) {
                refuse_queue(lock);
                return false;
            }
            heal(lock);
        }
        auto is_ready = [this] {
            return !queue_.empty() || is_stopping_ || health_.state() != log_health::ok;
        };
        if (has_unsynced_ && settings_.fsync == fsync_mode::interval) {
            arrived_.wait_for(lock, settings_.fsync_interval, is_ready);
        } else {
            if (settings_.fsync == fsync_mode::group) gather(lock);
            arrived_.wait(lock, is_ready);
        }
        if (health_.state() != log_health::ok && !is_stopping_) return true;
        taken_.swap(queue_);
        queue_bytes_ = 0;
        if (taken_.empty()) return !is_stopping_;
    }
    const auto bytes_max = settings_.fsync == fsync_mode::each ? 1 : settings_.group_bytes_max;
    for (std::size_t bytes = 0; queue_taken_ < taken_.size() && bytes < bytes_max; ++queue_taken_) {
        bytes += taken_[queue_taken_]->bytes();
        into.push_back(std::move(taken_[queue_taken_]));
    }
    return true;
}

void appender::commit(group& writes)
{
    values_.clear();
    for (auto& write : writes) place(*write);
    build_batch(writes);
    if (faults_.acks_before_write) {
        for (auto& write : writes) {
            if (write->handler) write->handler(write->receipt);
            write->handler = nullptr;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    const bool has_cursors = std::any_of(writes.begin(), writes.end(), [](const auto& write) {
        return std::any_of(write->puts.begin(), write->puts.end(),
                           [](const auto& put) { return put.in == family::cursors; });
    });
    if (!values_.empty()) crash_here(crash_place::append_before_write);
    if (has_cursors) crash_here(crash_place::cursor_before_write);
    auto status = write_batch();
    if (!values_.empty()) crash_here(crash_place::append_before_ack);
    if (has_cursors) crash_here(crash_place::cursor_after_write);
    for (auto& value : values_) value.to->open_value = -1;
    if (status.ok()) {
        publish(writes);
    } else {
        fail(writes, status);
    }
}

appender::group_value& appender::value_for(const pending_write::chunk& chunk)
{
    auto& p = *chunk.to;
    if (p.open_value >= 0) {
        auto& open = values_[static_cast<std::size_t>(p.open_value)];
        if (open.payload.size() + (chunk.end - chunk.begin) <= settings_.value_bytes_max)
            return open;
        values_.push_back({&p, open.base + open.count, 0, {}});
    } else {
        values_.push_back({&p, p.end.load(std::memory_order_relaxed), 0, {}});
    }
    p.open_value = static_cast<int>(values_.size()) - 1;
    return values_.back();
}

void appender::place(pending_write& write)
{
    std::uint32_t part_seen = UINT32_MAX;
    for (const auto& chunk : write.chunks) {
        auto& value = value_for(chunk);
        if (chunk.part != part_seen) {
            part_seen = chunk.part;
            write.receipt.bases[chunk.part] = offset{value.base + value.count};
        }
        if (value.payload.empty() && write.chunks.size() == 1) {
            value.payload = std::move(write.payload);
        } else {
            value.payload.append(write.payload, chunk.begin, chunk.end - chunk.begin);
        }
        value.count += chunk.count;
        value.content_bytes += chunk.content_bytes;
        value.received_at_max = std::max(value.received_at_max, chunk.received_at_max);
    }
}

void appender::build_batch(const group& writes)
{
    batch_.Clear();
    const auto& store = *links_.slot.store;  // only this thread ever replaces it
    const auto now = links_.clock.wall_now();
    for (auto& value : values_) {
        batch_key key(value.to->number, offset{value.base});
        const offset durable{value.to->synced.load()};
        auto sealed = sealer_.seal(key.bytes(), {value.count, offset{value.base}, now, durable},
                                   value.payload);
        rocksdb::Slice key_slice = slice(key.bytes());
        std::array<rocksdb::Slice, 2> parts{
            rocksdb::Slice(sealed.header.data(), sealed.header.size()), slice(sealed.body)};
        batch_.Put(store.at(family::records), rocksdb::SliceParts(&key_slice, 1),
                   rocksdb::SliceParts(parts.data(), 2));
        value.stored_bytes = static_cast<std::uint32_t>(sealed.header.size() + sealed.body.size());
        auto entry = encode_index({value.count, static_cast<std::uint32_t>(value.content_bytes),
                                   value.stored_bytes, now, value.received_at_max, durable});
        batch_.Put(store.at(family::index), key_slice, slice({entry.data(), entry.size()}));
    }
    put_stock(writes);
    for (const auto& write : writes) {
        for (const auto& put : write->puts) {
            if (put.value) {
                batch_.Put(store.at(put.in), put.key, *put.value);
            } else {
                batch_.Delete(store.at(put.in), put.key);
            }
        }
        for (const auto& trim : write->trims) {
            batch_key from(trim.of->number, offset{0});
            batch_key to(trim.of->number, offset{trim.to});
            for (auto f : {family::records, family::index}) {
                batch_.DeleteRange(store.at(f), slice(from.bytes()), slice(to.bytes()));
            }
            const auto key = trim_key(trim.of->number);
            batch_.Put(store.at(family::meta), key, encode_offset(offset{trim.to}));
            batch_.Put(store.at(family::documents), document_key(trim_collection, key),
                       encode_offset(offset{trim.to}));
        }
    }
}

/// Tells what a partition held before this group, after its trims: consistent whatever happens to
/// the group, because both are one write.
void appender::put_stock(const group& writes)
{
    const auto& store = *links_.slot.store;
    auto put = [&](const partition_state& p, std::uint64_t begin, std::uint64_t bytes) {
        batch_.Put(store.at(family::meta), stock_key(p.number),
                   encode_stock({begin, p.end.load(), bytes}));
    };
    for (auto& value : values_) {
        auto& p = *value.to;
        if (++p.uncounted < stock_batches) continue;
        p.uncounted = 0;
        put(p, p.begin.load(), p.bytes.load());
    }
    for (const auto& write : writes) {
        for (const auto& trim : write->trims) {
            const auto& p = *trim.of;
            put(p, std::max(p.begin.load(), trim.to),
                p.bytes.load() - std::min(p.bytes.load(), trim.content_bytes));
        }
    }
}

rocksdb::Status appender::write_batch()
{
    rocksdb::WriteOptions options;
    options.sync = !faults_.skips_sync &&
                   (settings_.fsync == fsync_mode::group || settings_.fsync == fsync_mode::each);
    if (batch_.Count() == 0) return {};
    return links_.slot.store->db().Write(options, &batch_);
}

void appender::publish(group& writes)
{
    const bool is_synced =
        settings_.fsync == fsync_mode::group || settings_.fsync == fsync_mode::each;
    for (auto& value : values_) {
        auto& p = *value.to;
        stats_.records += value.count;
        stats_.payload_bytes += value.payload.size();
        stats_.stored_bytes += value.stored_bytes;
        p.bytes += value.content_bytes;
        p.dataset->bytes += value.content_bytes;
        auto batch =
            record_batch::from_payload(offset{value.base}, value.count, std::move(value.payload));
        if (batch) links_.cache.add_head(p.cache_id(), std::move(*batch));
        p.end.store(value.base + value.count, std::memory_order_release);
        if (is_synced) {
            p.synced = p.end.load();
        } else {
            unsynced_.push_back(&p);
        }
    }
    if (!is_synced && !has_unsynced_) {
        has_unsynced_ = true;
        last_sync_ = links_.clock.steady_now();
    }
    stats_.groups += 1;
    stats_.writes += writes.size();
    for (auto& write : writes) {
        for (const auto& trim : write->trims) {
            trim.of->begin = std::max(trim.of->begin.load(), trim.to);
            trim.of->bytes -= std::min(trim.of->bytes.load(), trim.content_bytes);
            trim.of->dataset->bytes -= std::min(trim.of->dataset->bytes.load(), trim.content_bytes);
        }
        if (write->handler) write->handler(std::move(write->receipt));
    }
    for (auto& value : values_) links_.waits.wake(value.to->end);
}

void appender::fail(group& writes, const rocksdb::Status& status)
{
    const auto fault = status.IsNoSpace() ? write_fault::no_space : write_fault::other;
    if (status.IsCorruption()) links_.note_damage();
    spdlog::error("store: a write failed: {}", status.ToString());
    stats_.failed_writes += writes.size();
    {
        std::lock_guard lock(mutex_);
        health_.write_failed(fault, status.ToString(), links_.clock.steady_now());
    }
    failure f{make_error_code(log_errc::io),
              "the write failed (" + status.ToString() +
                  "); the events may or may not be stored: send them again with the same ids"};
    for (auto& write : writes) {
        if (write->handler) write->handler(f);
    }
    std::unique_lock lock(mutex_);
    while (queue_taken_ < taken_.size()) queue_.push_back(std::move(taken_[queue_taken_++]));
    refuse_queue(lock);
}

void appender::refuse_queue(std::unique_lock<std::mutex>& lock)
{
    group refused_writes;
    refused_writes.swap(queue_);
    queue_bytes_ = 0;
    auto why = health_.reason();
    lock.unlock();
    for (auto& write : refused_writes) {
        if (write && write->handler) write->handler(refused(why));
    }
    lock.lock();
}

void appender::heal(std::unique_lock<std::mutex>& lock)
{
    lock.unlock();
    const auto free = links_.free_bytes();
    lock.lock();
    if (!health_.wants_reopen(free, links_.clock.steady_now())) {
        arrived_.wait_for(lock, heal_poll, [this] { return is_stopping_; });
        return;
    }
    lock.unlock();
    auto reopened = links_.reopen();
    lock.lock();
    health_.reopened(bool(reopened), reopened ? "" : reopened.error().message,
                     links_.clock.steady_now());
    if (reopened) {
        stats_.reopened += 1;
        has_unsynced_ = false;
        unsynced_.clear();
        spdlog::info("store: reopened, events are accepted again");
    }
}

void appender::sync_if_due(bool is_last)
{
    if (!has_unsynced_ || faults_.skips_sync || !links_.slot.store) return;
    const bool is_interval = settings_.fsync == fsync_mode::interval;
    const auto now = links_.clock.steady_now();
    if (!is_last && (!is_interval || now - last_sync_ < settings_.fsync_interval)) return;
    auto status = links_.slot.store->db().FlushWAL(true);
    if (!status.ok()) {
        group none;
        if (!is_last) fail(none, status);
        return;
    }
    for (auto* p : unsynced_) p->synced = p->end.load();
    unsynced_.clear();
    has_unsynced_ = false;
}

}  // namespace sluice::datasets::embedded
