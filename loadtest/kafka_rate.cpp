// Durable appends of 1 KB events to a Kafka cluster: a plain librdkafka producer in a tight loop,
// or the engine through `event_log::write` in pieces as requests bring them. Both with the very
// same client settings, topic settings, keys and partitions. Prints one JSON object.

#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "datasets/kafka/client_settings.hpp"
#include "datasets/kafka/kafka_record.hpp"
#include "datasets/open_log.hpp"
#include "loadtest/shop_events.hpp"

namespace sluice::loadtest {
namespace {

using steady = std::chrono::steady_clock;
using namespace datasets;
constexpr std::size_t key_count = 10'000;

struct rate_options {
    std::string engine = "sluice";
    std::string brokers;
    std::string prefix = "rate.";
    std::uint64_t events = 400'000;
    std::uint32_t partitions = 12;
    std::size_t write_events = 20;
    int in_flight = 256;
};

struct report {
    std::uint64_t acknowledged = 0;
    double seconds = 0;
    double cpu_seconds = 0;
};

double cpu_seconds()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) { return double(t.tv_sec) + t.tv_usec * 1e-6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// What both engines send: event n has the same key, content and partition for each.
class event_source {
public:
    explicit event_source(std::uint32_t partitions)
    {
        for (std::size_t i = 0; i < key_count; ++i) {
            keys_.push_back(fmt::format("customer-{:06}", i));
            homes_.push_back(partition_of(keys_.back(), partitions).value());
        }
    }
    [[nodiscard]] std::size_t slot(std::uint64_t n) const { return n * 7'919 % key_count; }
    [[nodiscard]] const std::string& key(std::uint64_t n) const { return keys_[slot(n)]; }
    [[nodiscard]] std::uint32_t partition(std::uint64_t n) const { return homes_[slot(n)]; }
    [[nodiscard]] const std::string& content(std::uint64_t n) const
    {
        return contents_[n * 31 % contents_.size()];
    }

private:
    std::vector<std::string> contents_ = make_shop_events();
    std::vector<std::string> keys_;
    std::vector<std::uint32_t> homes_;
};

new_record record_of(const event_source& source, std::uint64_t n, const std::string& id)
{
    new_record record;
    record.id = id;
    record.key = source.key(n);
    record.datastream = "web";
    record.source = "native";
    record.received_at =
        std::chrono::time_point_cast<wall_time::duration>(std::chrono::system_clock::now());
    record.content = source.content(n);
    return record;
}

log_settings settings_of(const rate_options& options)
{
    log_settings settings;
    settings.kafka.emplace();
    settings.kafka->brokers = {options.brokers};
    settings.kafka->topic_prefix = options.prefix;
    settings.kafka->group = options.prefix + "group";
    settings.kafka->produce_timeout = std::chrono::seconds{30};  // of interest is the rate
    return settings;
}

std::unique_ptr<event_log> open(const rate_options& options)
{
    auto opened = open_log(settings_of(options));
    if (!opened) throw std::runtime_error(opened.error().message);
    (*opened)->let_spool_flow(true);  // no lanes
    dataset_spec spec;
    spec.name = dataset_name{"events"};
    spec.partitions = options.partitions;
    // a new topic has no leaders for a moment
    for (const auto until = steady::now() + std::chrono::seconds{20};;) {
        auto declared = (*opened)->open_dataset(spec);
        if (declared) {
            (*opened)->let_spool_flow(true);  // as a gateway does when its lanes have begun
            return std::move(*opened);
        }
        if (steady::now() > until) throw std::runtime_error(declared.error().message);
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
}

// --- the yardstick ----------------------------------------------------------------------------

struct plain_counts {
    std::uint64_t good = 0;
    std::uint64_t bad = 0;
};

void on_report(rd_kafka_t*, const rd_kafka_message_t* message, void* counts)
{
    auto& into = *static_cast<plain_counts*>(counts);
    ++(message->err ? into.bad : into.good);
}

/// With `has_headers` each record carries what the engine gives it; else key and value only.
report produce_plainly(const rate_options& options, bool has_headers)
{
    open(options)->close();  // makes the topic
    const auto settings = settings_of(options);
    auto conf = kafka::make_conf(*settings.kafka, kafka::client_role::producer);
    if (!conf) throw std::runtime_error(conf.error().message);
    plain_counts counts;
    rd_kafka_conf_set_opaque(conf->get(), &counts);
    rd_kafka_conf_set_dr_msg_cb(conf->get(), on_report);
    auto client = kafka::make_client(std::move(*conf), RD_KAFKA_PRODUCER);
    if (!client) throw std::runtime_error(client.error().message);
    auto* const producer = client->get();
    const kafka::topic_handle topic(
        rd_kafka_topic_new(producer, (options.prefix + "events").c_str(), nullptr));
    const event_source source(options.partitions);
    kafka::header_maker maker;

    const auto send = [&](std::uint64_t n, const kafka::headers_handle& headers) {
        auto* const value = const_cast<char*>(source.content(n).data());
        const auto& key = source.key(n);
        const auto partition = static_cast<std::int32_t>(source.partition(n));
        if (!headers) {
            return rd_kafka_produce(topic.get(), partition, RD_KAFKA_MSG_F_COPY, value,
                                    source.content(n).size(), key.data(), key.size(), nullptr) == 0;
        }
        return rd_kafka_producev(
                   producer, RD_KAFKA_V_RKT(topic.get()), RD_KAFKA_V_PARTITION(partition),
                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
                   RD_KAFKA_V_VALUE(value, source.content(n).size()),
                   RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR_NO_ERROR;
    };

    const auto cpu = cpu_seconds();
    const auto begin = steady::now();
    for (std::uint64_t n = 0; n < options.events; ++n) {
        kafka::headers_handle headers;
        if (has_headers) {
            headers = maker.make(record_of(source, n, fmt::format("{:036}", n)));
        }
        while (!send(n, headers)) rd_kafka_poll(producer, 10);  // the queue is full
        (void)headers.release();                                // the message owns them now
        if (n % 64 == 0) rd_kafka_poll(producer, 0);
    }
    rd_kafka_flush(producer, 60'000);
    report r{counts.good, std::chrono::duration<double>(steady::now() - begin).count(),
             cpu_seconds() - cpu};
    if (counts.bad > 0) throw std::runtime_error("a record was not acknowledged");
    return r;
}

// --- ours -------------------------------------------------------------------------------------

/// Lets so many writes be on their way; handlers run on the log's threads. Whoever waits is woken
/// for several at a time, as an event loop is.
class window {
public:
    explicit window(int width) : free_(width), width_(width), enough_(std::max(width / 8, 1)) {}
    void take()
    {
        std::unique_lock lock(mutex_);
        if (free_ == 0) changed_.wait(lock, [this] { return free_ >= enough_; });
        --free_;
    }
    void give(bool is_good)
    {
        std::lock_guard lock(mutex_);
        if (!is_good) is_failed_ = true;
        ++free_;
        if (free_ == enough_ || free_ == width_) changed_.notify_one();
    }
    void drain()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return free_ == width_; });
        if (is_failed_) throw std::runtime_error("a write failed");
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int free_;
    int width_;
    int enough_;
    bool is_failed_ = false;
};

report append_to_log(const rate_options& options)
{
    auto log = open(options);
    const event_source source(options.partitions);
    window free(options.in_flight);
    std::vector<std::vector<new_record>> by_partition(options.partitions);
    std::vector<std::string> ids(options.write_events);
    std::vector<append_part> parts;
    std::atomic<std::uint64_t> good{0};

    const auto cpu = cpu_seconds();
    const auto begin = steady::now();
    for (std::uint64_t n = 0; n < options.events;) {
        for (auto& each : by_partition) each.clear();
        const auto count = std::min<std::uint64_t>(options.write_events, options.events - n);
        for (std::size_t i = 0; i < count; ++i, ++n) {
            ids[i] = fmt::format("{:036}", n);
            by_partition[source.partition(n)].push_back(record_of(source, n, ids[i]));
        }
        parts.clear();
        for (std::uint32_t p = 0; p < options.partitions; ++p) {
            if (by_partition[p].empty()) continue;
            parts.push_back({{dataset_name{"events"}, partition_id{p}}, by_partition[p]});
        }
        log_write what;
        what.appends = parts;
        free.take();
        log->write(what, [&free, &good, count](const auto& done) {
            if (done) good += count;
            free.give(bool(done));
        });
    }
    free.drain();
    report r{good, std::chrono::duration<double>(steady::now() - begin).count(),
             cpu_seconds() - cpu};
    log->close();
    return r;
}

int run(const rate_options& options)
{
    try {
        const auto r = options.engine == "sluice"
                           ? append_to_log(options)
                           : produce_plainly(options, options.engine == "plain_with_headers");
        if (r.acknowledged != options.events) {
            throw std::runtime_error(
                fmt::format("{} of {} acknowledged", r.acknowledged, options.events));
        }
        fmt::print(R"({{"engine":"{}","events":{},"events_per_second":{:.0f},)"
                   R"("cpu_us_per_event":{:.2f}}})"
                   "\n",
                   options.engine, r.acknowledged, double(r.acknowledged) / r.seconds,
                   r.cpu_seconds * 1e6 / double(r.acknowledged));
        return 0;
    } catch (const std::exception& failed) {
        fmt::print(stderr, "kafka_rate: {}\n", failed.what());
        return 1;
    }
}

}  // namespace
}  // namespace sluice::loadtest

int main(int count, char** words)
{
    sluice::loadtest::rate_options options;
    CLI::App app("Durable appends of 1 KB events to a Kafka cluster");
    app.add_option("--engine", options.engine, "sluice, plain or plain_with_headers")
        ->check(CLI::IsMember({"sluice", "plain", "plain_with_headers"}));
    app.add_option("--brokers", options.brokers, "host:port")->required();
    app.add_option("--prefix", options.prefix, "Of the topic, which must be new");
    app.add_option("--events", options.events, "How many");
    app.add_option("--partitions", options.partitions, "Of the topic")->check(CLI::Range(1, 1000));
    app.add_option("--write-events", options.write_events, "Events in one write, for sluice")
        ->check(CLI::Range(1, 10'000));
    app.add_option("--in-flight", options.in_flight, "Writes on their way, for sluice")
        ->check(CLI::Range(1, 100'000));
    CLI11_PARSE(app, count, words);
    return sluice::loadtest::run(options);
}
