#include "datasets/kafka/producer.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

constexpr auto poll_wait_ms = 100;
constexpr auto reason_wait_ms = 20;
constexpr std::uint64_t batch_bytes_default = 1'000'000;  // librdkafka's batch.size
constexpr auto renewal_retry = 1s;
constexpr std::chrono::milliseconds refresh_wait = 5s;

failure closed()
{
    return {make_error_code(log_errc::closed), "the log is closed"};
}

/// "sasl_ssl://10.0.0.1:9093/bootstrap: SSL handshake failed: ..." -> what stands before the colon
std::string_view broker_of(std::string_view reason)
{
    return reason.substr(0, reason.find(": "));
}

}  // namespace

producer::producer(const config::kafka_settings& settings, cluster_health& health,
                   kafka_stats& stats)
    : settings_(settings),
      health_(health),
      stats_(stats),
      login_trouble_(known_trouble(settings, rd_kafka_version())),
      batch_bytes_max_(option_of(settings, "batch.size", batch_bytes_default))
{
}

result<std::unique_ptr<producer>> producer::open(const config::kafka_settings& settings,
                                                 cluster_health& health, kafka_stats& stats)
{
    std::unique_ptr<producer> made(new producer(settings, health, stats));
    auto life = made->make();
    if (!life) return life.error();
    made->life_ = std::move(*life);
    made->thread_ = std::thread([self = made.get()] { self->run(); });
    return made;
}

producer::~producer()
{
    close();
}

result<std::shared_ptr<producer::incarnation>> producer::make()
{
    auto settings = settings_;
    {
        std::lock_guard lock(mutex_);
        settings.options["batch.size"] = secret_string(std::to_string(batch_bytes_max_));
    }
    auto conf = make_conf(settings, client_role::producer);
    if (!conf) return conf.error();
    rd_kafka_conf_set_opaque(conf->get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf->get(), on_report);
    rd_kafka_conf_set_error_cb(conf->get(), on_error);
    rd_kafka_conf_set_ssl_cert_verify_cb(conf->get(), on_certificate);
    auto client = make_client(std::move(*conf), RD_KAFKA_PRODUCER);
    if (!client) return client.error();
    auto life = std::make_shared<incarnation>();
    life->client = std::move(*client);
    return life;
}

/// The one that was current and no longer is.
result<std::shared_ptr<producer::incarnation>> producer::replace()
{
    auto next = make();
    if (!next) return next.error();
    std::lock_guard lock(mutex_);
    return std::exchange(life_, std::move(*next));
}

void producer::limit_batches(std::uint64_t bytes)
{
    {
        std::lock_guard lock(mutex_);
        if (bytes >= batch_bytes_max_ || is_over_) return;
        batch_bytes_max_ = bytes;
    }
    auto old = replace();
    if (!old) {
        spdlog::warn("kafka: requests can't be kept below {} bytes: {}", bytes,
                     old.error().message);
        return;
    }
    spdlog::info("kafka: requests hold at most {} bytes, because a topic takes no more", bytes);
    std::lock_guard lock(mutex_);
    retired_.push_back(std::move(*old));
    has_retired_ = true;
}

/// Those without anything to report end. Their records time out by themselves.
void producer::hear_retired()
{
    if (!has_retired_) return;
    std::vector<std::shared_ptr<incarnation>> heard;
    {
        std::lock_guard lock(mutex_);
        heard = retired_;
    }
    for (auto& life : heard) rd_kafka_poll(life->client.get(), 0);
    std::vector<std::shared_ptr<incarnation>> ended;  // ends outside the lock: it takes a moment
    std::lock_guard lock(mutex_);
    heard.clear();
    std::erase_if(retired_, [&ended](const auto& life) {
        if (life.use_count() > 1 || rd_kafka_outq_len(life->client.get()) > 0) return false;
        ended.push_back(life);
        return true;
    });
    has_retired_ = !retired_.empty();
}

std::shared_ptr<producer::incarnation> producer::current() const
{
    std::lock_guard lock(mutex_);
    return life_;
}

rd_kafka_topic_t* producer::topic_of(incarnation& life, const std::string& topic)
{
    {
        std::shared_lock lock(life.topics_mutex);
        auto found = life.topics.find(topic);
        if (found != life.topics.end()) return found->second.get();
    }
    std::unique_lock lock(life.topics_mutex);
    auto& handle = life.topics[topic];
    if (!handle) handle.reset(rd_kafka_topic_new(life.client.get(), topic.c_str(), nullptr));
    return handle.get();
}

producer::route producer::route_to(const std::string& topic) const
{
    route found;
    found.life_ = current();
    if (found.life_) found.topic_ = topic_of(*found.life_, topic);
    return found;
}

void producer::refresh(const std::string& topic) const
{
    const auto by = route_to(topic);
    if (!by.life_) return;
    const struct rd_kafka_metadata* found = nullptr;
    const auto error = rd_kafka_metadata(by.life_->client.get(), 0, by.topic_, &found,
                                         static_cast<int>(refresh_wait.count()));
    if (error) {
        spdlog::warn("kafka: the new partitions of topic {} can't be used yet: {}", topic,
                     explain(error, {}));
    } else {
        rd_kafka_metadata_destroy(found);
    }
}

std::optional<failure> producer::produce(const route& by, outgoing record)
{
    if (!by.life_) return closed();
    std::array<rd_kafka_vu_t, 8> units;
    std::size_t count = 0;
    const auto next = [&units, &count](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
        units[count].vtype = type;
        return units[count++];
    };
    const auto bytes = [](std::string_view text, auto& into) {
        // a null pointer would mean "no key" and "tombstone"
        into.ptr = const_cast<char*>(text.empty() ? "" : text.data());
        into.size = text.size();
    };
    next(RD_KAFKA_VTYPE_RKT).u.rkt = by.topic_;
    next(RD_KAFKA_VTYPE_PARTITION).u.i32 = static_cast<std::int32_t>(record.partition.value());
    next(RD_KAFKA_VTYPE_MSGFLAGS).u.i = record.keeps_value ? 0 : RD_KAFKA_MSG_F_COPY;
    next(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = record.time_ms;
    next(RD_KAFKA_VTYPE_OPAQUE).u.ptr = record.to;
    if (record.key) bytes(*record.key, next(RD_KAFKA_VTYPE_KEY).u.mem);
    if (record.value) bytes(*record.value, next(RD_KAFKA_VTYPE_VALUE).u.mem);
    if (record.headers) next(RD_KAFKA_VTYPE_HEADERS).u.headers = record.headers.get();
    add(stats_.queued);
    const error_handle error(rd_kafka_produceva(by.life_->client.get(), units.data(), count));
    if (!error) {
        (void)record.headers.release();  // the message owns them now
        return std::nullopt;
    }
    stats_.queued.fetch_sub(1, std::memory_order_relaxed);
    add(stats_.failed);
    return failure_of(rd_kafka_error_code(error.get()), record.value ? record.value->size() : 0);
}

failure producer::failure_of(rd_kafka_resp_err_t error, std::size_t bytes) const
{
    switch (error) {
        case RD_KAFKA_RESP_ERR__QUEUE_FULL:
            return {make_error_code(log_errc::overloaded),
                    "too many events wait for Kafka's confirmation; raise `queue_bytes_max` of the "
                    "section `kafka` or slow the senders down"};
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
            return {make_error_code(log_errc::bad_request),
                    "Kafka does not take this event; check cleanup.policy and message.timestamp.* "
                    "of its topic: " +
                        explain(error, {})};
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
            return {make_error_code(log_errc::too_large),
                    fmt::format("an event of {} bytes is larger than Kafka takes: {}", bytes,
                                explain(error, {}))};
        case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
            return {make_error_code(log_errc::refusing),
                    fmt::format("Kafka did not confirm the event within {} ms; it may be stored "
                                "all the same: {}",
                                settings_.produce_timeout.count(), explain(error, {}))};
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
        case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
        case RD_KAFKA_RESP_ERR__FATAL:
            return {make_error_code(log_errc::refusing),
                    "the Kafka producer is being replaced; send the event again"};
        default:
            return {make_error_code(log_errc::refusing),
                    "Kafka refuses the event: " + explain(error, {})};
    }
}

void producer::on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque)
{
    auto& self = *static_cast<producer*>(opaque);
    self.stats_.queued.fetch_sub(1, std::memory_order_relaxed);
    auto& to = *static_cast<delivery*>(message->_private);
    if (!message->err) {
        add(self.stats_.produced);
        add(self.stats_.produced_bytes, message->len);
        self.health_.reached();
        return to.reported(std::nullopt, offset{static_cast<std::uint64_t>(message->offset)});
    }
    add(self.stats_.failed);
    auto what = self.failure_of(message->err, message->len);
    self.note_failure(message->err, what.message);
    to.reported(what, {});
}

/// A record that was given up says something about the cluster, unless the record is to blame.
void producer::note_failure(rd_kafka_resp_err_t error, const std::string& text)
{
    switch (error) {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
        case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
        case RD_KAFKA_RESP_ERR__FATAL:
            return;
        default:
            // what is known, or told in a moment, names the brokers and what became of them
            if (is_over_ || outage_ == outage::untold || health_.is_refusing()) return;
            outage_ = outage::none;  // this broker failed; others may not
            health_.unreachable(text);
    }
}

void producer::on_error(rd_kafka_t* client, int code, const char* reason, void* opaque)
{
    auto& self = *static_cast<producer*>(opaque);
    const auto error = static_cast<rd_kafka_resp_err_t>(code);
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
        // of one that was replaced only its records are left, and they are reported
        if (const auto life = self.current(); !life || life->client.get() != client) return;
        std::array<char, 512> text{};
        const auto cause = rd_kafka_fatal_error(client, text.data(), text.size());
        self.health_.broken(
            fmt::format("the Kafka producer had to be replaced: {}", explain(cause, text.data())));
        self.is_fatal_ = true;
    } else if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        self.outage_ = outage::untold;
        if (self.last_error_.empty()) self.last_error_ = explain(error, reason);
    } else {
        const int refused = error == RD_KAFKA_RESP_ERR__SSL ? self.x509_error_.load() : 0;
        self.last_error_ =
            refused != 0 ? fmt::format("{}: {}", broker_of(reason), explain_certificate(refused))
                         : explain(error, reason, self.login_trouble_);
        // newer libraries say only once that all are down; why may change
        if (self.outage_ == outage::told && self.health_.is_refusing()) self.tell_outage();
    }
}

void producer::tell_outage()
{
    outage_ = outage::told;
    if (!is_over_) health_.unreachable("no Kafka broker can be reached: " + last_error_);
}

/// Decides nothing; the library's own text does not say what is wrong with a certificate.
int producer::on_certificate(rd_kafka_t*, const char*, std::int32_t, int* x509_error, int,
                             const char*, std::size_t, char* text, std::size_t size, void* opaque)
{
    if (*x509_error == 0) return 1;
    static_cast<producer*>(opaque)->x509_error_ = *x509_error;
    const auto why = explain_certificate(*x509_error);
    text[why.copy(text, size - 1)] = '\0';
    return 0;
}

void producer::drain(incarnation& life)
{
    rd_kafka_purge(life.client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    // whoever was about to produce with it finishes first; its record is purged in a later round
    while (rd_kafka_outq_len(life.client.get()) > 0) {
        rd_kafka_poll(life.client.get(), 10);
        rd_kafka_purge(life.client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    }
}

void producer::renew()
{
    auto replaced = replace();
    if (!replaced) {
        health_.broken("the Kafka producer can't be replaced: " + replaced.error().message);
        std::this_thread::sleep_for(renewal_retry);
        return;
    }
    is_fatal_ = false;
    outage_ = outage::none;
    // a caller that still holds the old one may add a record: wait for it, then report it
    while (replaced->use_count() > 1) std::this_thread::yield();
    drain(**replaced);
    add(stats_.producers_renewed);
    health_.renewed();
    spdlog::warn("kafka: the producer has been replaced after a fatal error");
}

void producer::run()
{
    while (!is_over_) {
        auto life = current();
        rd_kafka_poll(life->client.get(), poll_wait_ms);
        if (outage_ == outage::untold) {
            // newer libraries say why a moment after they have said that all are down
            rd_kafka_poll(life->client.get(), reason_wait_ms);
            tell_outage();
        }
        life.reset();
        hear_retired();
        if (is_fatal_ && !is_over_) renew();
    }
    std::vector<std::shared_ptr<incarnation>> last;
    {
        std::lock_guard lock(mutex_);
        last = std::exchange(retired_, {});
        last.push_back(std::exchange(life_, nullptr));
    }
    const auto until = std::chrono::steady_clock::now() + settings_.produce_timeout;
    for (auto& life : last) {
        while (life.use_count() > 1) std::this_thread::yield();
        while (rd_kafka_outq_len(life->client.get()) > 0 &&
               std::chrono::steady_clock::now() < until && !is_fatal_) {
            rd_kafka_poll(life->client.get(), 10);
        }
        drain(*life);
    }
}

void producer::close()
{
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
}

void producer::break_for_test()
{
    if (auto life = current()) {
        rd_kafka_test_fatal_error(
            life->client.get(), RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "broken by a test");
    }
}

}  // namespace sluice::datasets::kafka
