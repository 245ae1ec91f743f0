#include "datasets/kafka/head_follower.hpp"

#include <spdlog/spdlog.h>

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t batch_bytes_max = 256 * 1024;
constexpr std::uint32_t batch_records_max = 1'000;
constexpr int taken_at_once_max = 2'000;
constexpr auto wait_max = 100ms;
constexpr auto retry_delay = 300ms;

}  // namespace

head_follower::head_follower(std::unique_ptr<partition_consumer> consumer, follower_links links)
    : consumer_(std::move(consumer)), links_(links)
{
    thread_ = std::thread([this] { run(); });
}

result<std::unique_ptr<head_follower>> head_follower::open(const config::kafka_settings& settings,
                                                           follower_links links)
{
    auto consumer = partition_consumer::open(settings, client_role::follower);
    if (!consumer) return consumer.error();
    return std::unique_ptr<head_follower>(new head_follower(std::move(*consumer), links));
}

head_follower::~head_follower()
{
    stop();
}

void head_follower::stop()
{
    is_over_ = true;
    consumer_->interrupt();
    if (thread_.joinable()) thread_.join();
}

void head_follower::follow(partition_state& partition)
{
    if (partition.is_followed.load(std::memory_order_relaxed)) return;
    {
        std::lock_guard lock(mutex_);
        if (!wanted_.insert(&partition).second) return;
    }
    is_changed_ = true;
    consumer_->interrupt();
}

void head_follower::leave(partition_state& partition)
{
    {
        std::lock_guard lock(mutex_);
        if (wanted_.erase(&partition) == 0) return;
    }
    is_changed_ = true;
    consumer_->interrupt();
}

void head_follower::run()
{
    while (!is_over_) {
        const bool is_retry_due =
            retry_at_ != steady_time{} && std::chrono::steady_clock::now() >= retry_at_;
        if (is_changed_.exchange(false) || is_retry_due) obey();
        auto message = consumer_->next(wait_max);
        for (int taken = 0; message; ++taken) {
            take(*message);
            if (taken >= taken_at_once_max) break;
            message = consumer_->next(0ms);
        }
        message.reset();
        publish_all();
    }
}

void head_follower::obey()
{
    retry_at_ = {};
    std::set<partition_state*> wanted;
    {
        std::lock_guard lock(mutex_);
        wanted = wanted_;
    }
    for (auto it = followed_.begin(); it != followed_.end();) {
        auto& p = *it->second;
        if (wanted.contains(&p)) {
            ++it;
            continue;
        }
        p.is_followed = false;
        consumer_->stop(p.dataset->topic, p.at.partition.value());
        runs_.erase(&p);
        it = followed_.erase(it);
    }
    for (auto* p : wanted) {
        if (!followed_.contains(place_of(*p))) begin(*p);
    }
}

void head_follower::begin(partition_state& partition)
{
    auto ends =
        links_.asked.find_watermarks(partition.dataset->topic, partition.at.partition.value());
    if (!ends) {
        spdlog::debug("kafka: {}", ends.error().message);
        retry_at_ = std::chrono::steady_clock::now() + retry_delay;
        return;
    }
    partition.begin = ends->low;
    restart(partition, ends->high);
    followed_.emplace(place_of(partition), &partition);
}

void head_follower::restart(partition_state& partition, std::uint64_t at)
{
    auto bad = consumer_->start(partition.dataset->topic, partition.dataset,
                                partition.at.partition.value(), at);
    if (bad) spdlog::error("kafka: {}", bad->message);
    runs_.erase(&partition);
    partition.end.store(at, std::memory_order_release);
    partition.is_followed = !bad;
    links_.waits.wake(partition.end);
}

void head_follower::take(const rd_kafka_message_t& message)
{
    const auto found = followed_.find(
        {partition_consumer::tag_of(message), static_cast<std::uint32_t>(message.partition)});
    if (found == followed_.end()) return;
    auto& p = *found->second;
    if (message.err) return handle_error(p, message);
    auto& run = runs_[&p];
    const auto expected = run.empty() ? p.end.load(std::memory_order_relaxed) : run.end();
    if (static_cast<std::uint64_t>(message.offset) < expected) return;
    if (!run.fits(message) || run.bytes() >= batch_bytes_max || run.count() >= batch_records_max) {
        publish(p, run);
    }
    run.add(message);
    add(links_.stats.fetched);
    add(links_.stats.fetched_bytes, message.len);
    p.seen_records.fetch_add(1, std::memory_order_relaxed);
    p.seen_bytes.fetch_add(message.len, std::memory_order_relaxed);
}

void head_follower::handle_error(partition_state& partition, const rd_kafka_message_t& message)
{
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return;
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        auto& p = partition;
        publish(p, runs_[&p]);
        auto ends = links_.asked.find_watermarks(p.dataset->topic, p.at.partition.value());
        const auto end = p.end.load();
        if (ends && ends->high < end) {
            spdlog::critical(
                "kafka: topic {} partition {} ends at {}, but {} was read before: it was cut or "
                "made anew, records are lost; lanes go on from {}",
                p.dataset->topic, p.at.partition.value(), ends->high, end, ends->high);
        }
        if (ends) {
            p.begin = ends->low;
            return restart(p, std::clamp(end, ends->low, ends->high));
        }
        // nobody answers: begin again when somebody does
        p.is_followed = false;
        followed_.erase(place_of(p));
        retry_at_ = std::chrono::steady_clock::now() + retry_delay;
        return;
    }
    spdlog::warn("kafka: reading topic {}: {}", partition.dataset->topic,
                 explain(message.err, rd_kafka_message_errstr(&message)));
}

void head_follower::publish(partition_state& partition, run_builder& run)
{
    if (run.empty()) return;
    const auto end = run.end();
    auto batch = run.take();
    if (!batch) {
        // cannot be: we encoded it ourselves; whoever reads there asks the cluster again
        spdlog::error("kafka: {}", batch.error().message);
    } else {
        links_.cache.add_head(partition.cache_id, std::move(*batch));
    }
    partition.end.store(end, std::memory_order_release);
    links_.waits.wake(partition.end);
}

void head_follower::publish_all()
{
    for (auto& [partition, run] : runs_) publish(*partition, run);
}

}  // namespace sluice::datasets::kafka
