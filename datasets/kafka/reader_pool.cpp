#include "datasets/kafka/reader_pool.hpp"

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t batch_bytes_max = 512 * 1024;
constexpr std::uint32_t batch_records_max = 1'000;
constexpr auto first_record_wait = 10s;
constexpr auto doubt_after = 1s;  // then a cluster that is known to be away ends the read
constexpr auto probe_timeout = 1'000ms;
constexpr auto step = 100ms;
/// A reader that nobody asked for so long gives its prefetch back.
constexpr auto idle_max = 20s;
constexpr int restarts_max = 3;

failure closed()
{
    return {make_error_code(log_errc::closed), "the log is closed"};
}

}  // namespace

result<std::unique_ptr<reader_pool>> reader_pool::open(const config::kafka_settings& settings,
                                                       reader_links links)
{
    std::unique_ptr<reader_pool> pool(new reader_pool(links));
    for (std::uint32_t i = 0; i < std::max(settings.readers, 1u); ++i) {
        auto consumer = partition_consumer::open(settings, client_role::reader);
        if (!consumer) return consumer.error();
        pool->readers_.push_back(std::make_unique<reader>());
        pool->readers_.back()->consumer = std::move(*consumer);
    }
    for (auto& r : pool->readers_) {
        r->thread = std::thread([self = pool.get(), one = r.get()] { self->run(*one); });
    }
    return pool;
}

reader_pool::~reader_pool()
{
    stop();
}

void reader_pool::stop()
{
    {
        std::lock_guard lock(mutex_);
        is_over_ = true;
        for (auto& r : readers_) {
            r->wake.notify_all();
            r->consumer->interrupt();
        }
    }
    for (auto& r : readers_) {
        if (r->thread.joinable()) r->thread.join();
    }
}

void reader_pool::read(partition_state& partition, offset from, read_handler handler)
{
    std::unique_lock lock(mutex_);
    if (is_over_) {
        lock.unlock();
        return handler(closed());
    }
    reader* chosen = nullptr;
    for (auto& r : readers_) {
        if (r->at == &partition && r->next == from.value()) {
            chosen = r.get();
            break;
        }
        const auto load = [](const reader& one) {
            return std::make_pair(one.queue.size() + (one.is_busy ? 1 : 0), one.last_used);
        };
        if (!chosen || load(*r) < load(*chosen)) chosen = r.get();
    }
    chosen->queue.push_back({&partition, from.value(), std::move(handler)});
    chosen->last_used = ++clock_;
    chosen->wake.notify_one();
}

void reader_pool::run(reader& self)
{
    std::unique_lock lock(mutex_);
    while (!is_over_) {
        const bool has_work = self.wake.wait_for(
            lock, idle_max, [this, &self] { return is_over_ || !self.queue.empty(); });
        if (is_over_) break;
        if (!has_work) {
            lock.unlock();
            rest(self);
            lock.lock();
            continue;
        }
        auto wanted = std::move(self.queue.front());
        self.queue.pop_front();
        self.is_busy = true;
        lock.unlock();
        std::uint64_t next = wanted.from;
        auto found = serve(self, wanted, next);
        lock.lock();
        self.is_busy = false;
        self.next = next;
        lock.unlock();
        wanted.handler(std::move(found));
        wanted.handler = nullptr;
        lock.lock();
    }
    auto dropped = std::move(self.queue);
    lock.unlock();
    for (auto& one : dropped) one.handler(closed());
    self.kept.reset();
}

reader_pool::answer reader_pool::serve(reader& self, const request& wanted, std::uint64_t& next)
{
    auto& p = *wanted.partition;
    bool is_there = false;
    {
        std::lock_guard lock(mutex_);
        is_there = self.at == &p && self.next == wanted.from;
        next = self.next;
    }
    // another reader may have brought it while this request waited; the client stays where it is
    if (auto cached = links_.cache.find(p.cache_id, offset{wanted.from})) return cached;
    if (!is_there) {
        next = UINT64_MAX;
        if (auto bad = seek(self, p, wanted.from)) return std::move(*bad);
    }
    auto found = gather(self, p, wanted.from);
    if (found && *found) {
        links_.cache.add_old(p.cache_id, *found);
        next = (*found)->end().value();
    } else {
        next = found ? wanted.from : UINT64_MAX;
    }
    return found;
}

std::optional<failure> reader_pool::seek(reader& self, partition_state& partition, std::uint64_t to)
{
    rest(self);
    {
        std::lock_guard lock(mutex_);
        self.at = &partition;
    }
    add(links_.stats.seeks);
    return self.consumer->start(partition.dataset->topic, partition.dataset,
                                partition.at.partition.value(), to);
}

reader_pool::answer reader_pool::gather(reader& self, partition_state& partition,
                                        std::uint64_t from)
{
    run_builder run;
    const auto until = std::chrono::steady_clock::now() + first_record_wait;
    const auto doubtful = std::chrono::steady_clock::now() + doubt_after;
    for (int restarts = 0; restarts <= restarts_max;) {
        auto message =
            self.kept ? std::move(self.kept) : self.consumer->next(run.empty() ? step : 0ms);
        if (is_over_) return closed();
        if (!message) {
            if (!run.empty()) return run.take();
            const auto now = std::chrono::steady_clock::now();
            // the end was met before, and nothing is known to have come since, or it does not come
            if (self.end_at == from &&
                (partition.beyond_hole(from) >= partition.newest_end() || now > doubtful)) {
                return answer{std::shared_ptr<const record_batch>()};
            }
            if (now > doubtful && links_.health.is_refusing() &&
                !links_.asked.is_reachable(probe_timeout)) {
                return failure{make_error_code(log_errc::refusing), links_.health.status().reason};
            }
            if (now < until) continue;
            return failure{make_error_code(log_errc::io),
                           fmt::format("Kafka did not answer a read of topic {} within 10 s; check "
                                       "that the brokers are up",
                                       partition.dataset->topic)};
        }
        if (partition_consumer::tag_of(*message) != partition.dataset ||
            static_cast<std::uint32_t>(message->partition) != partition.at.partition.value()) {
            continue;
        }
        if (message->err) {
            if (!run.empty()) {
                self.kept = std::move(message);
                return run.take();
            }
            if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) ++restarts;
            if (auto found = handle_error(self, partition, from, *message)) return *found;
            continue;
        }
        if (static_cast<std::uint64_t>(message->offset) < from) continue;
        if (!run.fits(*message) || run.bytes() >= batch_bytes_max ||
            run.count() >= batch_records_max) {
            self.kept = std::move(message);
            return run.take();
        }
        run.add(*message);
        add(links_.stats.fetched);
        add(links_.stats.fetched_bytes, message->len);
        partition.seen_records.fetch_add(1, std::memory_order_relaxed);
        partition.seen_bytes.fetch_add(message->len, std::memory_order_relaxed);
    }
    return failure{make_error_code(log_errc::io),
                   fmt::format("topic {} is trimmed faster than it can be read; keep it longer",
                               partition.dataset->topic)};
}

/// An answer when the read is over, nothing when it goes on.
std::optional<reader_pool::answer> reader_pool::handle_error(reader& self,
                                                             partition_state& partition,
                                                             std::uint64_t from,
                                                             const rd_kafka_message_t& message)
{
    const auto& topic = partition.dataset->topic;
    const auto number = partition.at.partition.value();
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        const auto end = static_cast<std::uint64_t>(message.offset);
        if (end < from) return std::nullopt;
        self.end_at = from;
        if (end > from) partition.set_hole(from, end);
        return answer{std::shared_ptr<const record_batch>()};
    }
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        auto ends = links_.asked.find_watermarks(topic, number);
        if (!ends) return answer{ends.error()};
        partition.begin = ends->low;
        if (from > ends->high) return answer{std::shared_ptr<const record_batch>()};
        if (auto bad = seek(self, partition, std::max(from, ends->low))) return answer{*bad};
        return std::nullopt;
    }
    // a broker in trouble: the library asks again, and the whole read has its time limit
    if (message.err == RD_KAFKA_RESP_ERR_UNKNOWN ||
        message.err == RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR) {
        return std::nullopt;
    }
    return answer{failure{make_error_code(log_errc::io),
                          fmt::format("topic {} can't be read: {}", topic,
                                      explain(message.err, rd_kafka_message_errstr(&message)))}};
}

void reader_pool::rest(reader& self)
{
    {
        std::lock_guard lock(mutex_);
        self.next = UINT64_MAX;
    }
    self.end_at = UINT64_MAX;
    self.kept.reset();
    self.consumer->stop_all();
}

}  // namespace sluice::datasets::kafka
