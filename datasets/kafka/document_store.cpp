#include "datasets/kafka/document_store.hpp"

#include <spdlog/spdlog.h>

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

constexpr auto view_wait = 5s;

}  // namespace

document_store::document_store(std::unique_ptr<partition_consumer> consumer, cluster& asked,
                               std::string topic)
    : consumer_(std::move(consumer)), asked_(asked), topic_(std::move(topic))
{
    thread_ = std::thread([this] { run(); });
}

result<std::unique_ptr<document_store>> document_store::open(const config::kafka_settings& settings,
                                                             cluster& asked, std::string topic)
{
    auto consumer = partition_consumer::open(settings, client_role::follower);
    if (!consumer) return consumer.error();
    return std::unique_ptr<document_store>(
        new document_store(std::move(*consumer), asked, std::move(topic)));
}

document_store::~document_store()
{
    stop();
}

void document_store::stop()
{
    is_over_ = true;
    consumer_->interrupt();
    moved_.notify_all();
    if (thread_.joinable()) thread_.join();
}

std::optional<failure> document_store::prepare(bool may_create)
{
    if (is_prepared_) return std::nullopt;
    std::lock_guard only(prepare_mutex_);
    if (is_prepared_) return std::nullopt;
    auto shape = asked_.describe(topic_);
    if (!shape) return shape.error();
    if (!*shape) {
        if (!may_create) return std::nullopt;
        auto bad = asked_.create_topic(topic_, 1, {{"cleanup.policy", "compact"}});
        if (bad) return bad;
    } else if ((*shape)->partitions != 1) {
        return failure{make_error_code(log_errc::unknown_partition),
                       fmt::format("topic {} has {} partitions but must have 1: it keeps the "
                                   "gateways' documents; delete it or choose another "
                                   "`topic_prefix`",
                                   topic_, (*shape)->partitions)};
    }
    {
        std::lock_guard lock(mutex_);
        has_topic_ = true;
    }
    consumer_->interrupt();
    is_prepared_ = true;
    return std::nullopt;
}

std::string document_store::key_of(const document_update& update)
{
    auto key = update.collection;
    key += '\0';
    key += update.key;
    return key;
}

void document_store::run()
{
    bool is_started = false;
    while (!is_over_) {
        if (!is_started) {
            std::uint64_t from = 0;
            {
                std::lock_guard lock(mutex_);
                is_started = has_topic_;
                from = position_;
            }
            if (is_started && consumer_->start(topic_, nullptr, 0, from)) is_started = false;
        }
        const auto message = consumer_->next(100ms);
        if (!message) continue;
        if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
            // compaction or a new topic: what the cluster still has is all there is
            auto ends = asked_.find_watermarks(topic_, 0);
            is_started = false;
            if (!ends) continue;
            std::lock_guard lock(mutex_);
            if (position_ > ends->high) view_.clear();
            position_ = ends->low;
            continue;
        }
        take(*message);
    }
}

void document_store::take(const rd_kafka_message_t& message)
{
    std::lock_guard lock(mutex_);
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        position_ = std::max(position_, static_cast<std::uint64_t>(message.offset));
    } else if (message.err) {
        spdlog::warn("kafka: reading topic {}: {}", topic_,
                     explain(message.err, rd_kafka_message_errstr(&message)));
    } else {
        position_ = static_cast<std::uint64_t>(message.offset) + 1;
        if (message.key) {
            std::string key(static_cast<const char*>(message.key), message.key_len);
            if (message.payload) {
                view_[std::move(key)].assign(static_cast<const char*>(message.payload),
                                             message.len);
            } else {
                view_.erase(key);
            }
        }
    }
    moved_.notify_all();
}

result<std::vector<std::pair<std::string, std::string>>> document_store::list(
    std::string_view collection)
{
    std::vector<std::pair<std::string, std::string>> out;
    if (auto bad = prepare(false)) return std::move(*bad);
    if (!is_prepared_) return out;
    auto ends = asked_.find_watermarks(topic_, 0);
    if (!ends) return ends.error();
    std::unique_lock lock(mutex_);
    const bool is_fresh =
        moved_.wait_for(lock, view_wait, [&] { return is_over_ || position_ >= ends->high; });
    if (!is_fresh || is_over_) {
        return failure{make_error_code(log_errc::io),
                       fmt::format("the documents of topic {} could not be read within 5 s; check "
                                   "that the brokers are up",
                                   topic_)};
    }
    std::string prefix(collection);
    prefix += '\0';
    for (auto it = view_.lower_bound(prefix); it != view_.end() && it->first.starts_with(prefix);
         ++it) {
        out.emplace_back(it->first.substr(prefix.size()), it->second);
    }
    return out;
}

}  // namespace sluice::datasets::kafka
