#include "datasets/kafka/cluster.hpp"

#include <thread>

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

namespace {

constexpr int request_timeout_ms = 5'000;
constexpr int answer_wait_ms = 7'000;  // the library's own timeout comes first

failure refused(std::string_view what, rd_kafka_resp_err_t error, const char* text = nullptr)
{
    return {make_error_code(log_errc::refusing),
            fmt::format("{}: {}", what, explain(error, text ? text : ""))};
}

/// Brokers that have just been given a partition contradict each other for a moment.
constexpr int settle_looks = 50;
constexpr auto settle_pause = std::chrono::milliseconds(100);

bool is_settling(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
           error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

/// The one topic result of a request about one topic.
std::optional<failure> topic_failure(const std::string& what, rd_kafka_event_t* event,
                                     const rd_kafka_topic_result_t** list, std::size_t count)
{
    if (const auto error = rd_kafka_event_error(event)) {
        return refused(what, error, rd_kafka_event_error_string(event));
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto error = rd_kafka_topic_result_error(list[i]);
        // another gateway was faster: what was wanted is there
        if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
            return refused(what, error, rd_kafka_topic_result_error_string(list[i]));
        }
    }
    return std::nullopt;
}

}  // namespace

cluster::cluster(const config::kafka_settings& settings, client_handle client)
    : settings_(settings), client_(std::move(client))
{
}

result<std::unique_ptr<cluster>> cluster::open(const config::kafka_settings& settings)
{
    auto conf = make_conf(settings, client_role::admin);
    if (!conf) return conf.error();
    // a consumer: producers ask brokers to create the topics they name
    auto client = make_client(std::move(*conf), RD_KAFKA_CONSUMER);
    if (!client) return client.error();
    return std::unique_ptr<cluster>(new cluster(settings, std::move(*client)));
}

options_handle cluster::admin_options(rd_kafka_admin_op_t what) const
{
    options_handle options(rd_kafka_AdminOptions_new(client_.get(), what));
    std::array<char, 128> text{};
    rd_kafka_AdminOptions_set_request_timeout(options.get(), request_timeout_ms, text.data(),
                                              text.size());
    return options;
}

event_handle cluster::wait_for(const queue_handle& queue) const
{
    return event_handle(rd_kafka_queue_poll(queue.get(), answer_wait_ms));
}

bool cluster::is_reachable(std::chrono::milliseconds timeout)
{
    const rd_kafka_metadata_t* found = nullptr;
    const auto error =
        rd_kafka_metadata(client_.get(), 0, nullptr, &found, static_cast<int>(timeout.count()));
    if (error) return false;
    const bool has_broker = found->broker_cnt > 0;
    rd_kafka_metadata_destroy(found);
    return has_broker;
}

result<std::map<std::string, topic_shape>> cluster::fetch_metadata(const char* topic)
{
    topic_handle handle;
    if (topic) handle.reset(rd_kafka_topic_new(client_.get(), topic, nullptr));
    const rd_kafka_metadata_t* found = nullptr;
    const auto error =
        rd_kafka_metadata(client_.get(), topic ? 0 : 1, handle.get(), &found, request_timeout_ms);
    if (error) return refused("the Kafka cluster does not tell its topics", error);
    std::map<std::string, topic_shape> out;
    std::optional<failure> bad;
    if (found->broker_cnt > 0) some_broker_ = found->brokers[0].id;
    for (int i = 0; i < found->topic_cnt; ++i) {
        const auto& t = found->topics[i];
        if (t.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
            t.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
            continue;
        }
        if (t.err) {
            if (topic) bad = refused(fmt::format("topic {}", t.topic), t.err);
            continue;
        }
        if (t.partition_cnt == 0) continue;
        topic_shape shape{static_cast<std::uint32_t>(t.partition_cnt), UINT32_MAX};
        for (int p = 0; p < t.partition_cnt; ++p) {
            shape.replication = std::min(shape.replication,
                                         static_cast<std::uint32_t>(t.partitions[p].replica_cnt));
        }
        out.emplace(t.topic, shape);
    }
    rd_kafka_metadata_destroy(found);
    if (bad) return std::move(*bad);
    return out;
}

result<std::optional<topic_shape>> cluster::describe(const std::string& topic)
{
    auto found = fetch_metadata(topic.c_str());
    if (!found) return found.error();
    const auto shape = found->find(topic);
    if (shape == found->end()) return std::optional<topic_shape>();
    return std::optional<topic_shape>(shape->second);
}

result<std::map<std::string, topic_shape>> cluster::list_topics()
{
    return fetch_metadata(nullptr);
}

std::optional<failure> cluster::create_topic(const std::string& topic, std::uint32_t partitions,
                                             const std::map<std::string, std::string>& options)
{
    const int replication = settings_.replication ? static_cast<int>(*settings_.replication) : -1;
    std::array<char, 512> text{};
    new_topic_handle request(rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(partitions),
                                                   replication, text.data(), text.size()));
    const auto what = fmt::format("topic {} can't be created", topic);
    if (!request) return refused(what, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, text.data());
    for (const auto& [name, value] : options) {
        rd_kafka_NewTopic_set_config(request.get(), name.c_str(), value.c_str());
    }
    queue_handle queue(rd_kafka_queue_new(client_.get()));
    const auto admin = admin_options(RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_AdminOptions_set_operation_timeout(admin.get(), request_timeout_ms, text.data(),
                                                text.size());
    auto* list = request.get();
    rd_kafka_CreateTopics(client_.get(), &list, 1, admin.get(), queue.get());
    const auto event = wait_for(queue);
    if (!event) return refused(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
    std::size_t count = 0;
    const auto* answer = rd_kafka_event_CreateTopics_result(event.get());
    const auto** results = answer ? rd_kafka_CreateTopics_result_topics(answer, &count) : nullptr;
    return topic_failure(what, event.get(), results, count);
}

std::optional<failure> cluster::add_partitions(const std::string& topic, std::uint32_t partitions)
{
    const auto what = fmt::format("topic {} can't get {} partitions", topic, partitions);
    std::array<char, 512> text{};
    new_partitions_handle request(
        rd_kafka_NewPartitions_new(topic.c_str(), partitions, text.data(), text.size()));
    if (!request) return refused(what, RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, text.data());
    queue_handle queue(rd_kafka_queue_new(client_.get()));
    const auto admin = admin_options(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
    auto* list = request.get();
    rd_kafka_CreatePartitions(client_.get(), &list, 1, admin.get(), queue.get());
    const auto event = wait_for(queue);
    if (!event) return refused(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
    std::size_t count = 0;
    const auto* answer = rd_kafka_event_CreatePartitions_result(event.get());
    const auto** results =
        answer ? rd_kafka_CreatePartitions_result_topics(answer, &count) : nullptr;
    return topic_failure(what, event.get(), results, count);
}

result<std::map<std::string, std::string>> cluster::topic_options(const std::string& topic)
{
    const auto what = fmt::format("the settings of topic {} can't be read", topic);
    resource_handle resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    queue_handle queue(rd_kafka_queue_new(client_.get()));
    const auto admin = admin_options(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    // any broker knows; the library would wait for the controller
    std::array<char, 128> text{};
    rd_kafka_AdminOptions_set_broker(admin.get(), some_broker_, text.data(), text.size());
    auto* list = resource.get();
    rd_kafka_DescribeConfigs(client_.get(), &list, 1, admin.get(), queue.get());
    const auto event = wait_for(queue);
    if (!event) return refused(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (const auto error = rd_kafka_event_error(event.get())) {
        return refused(what, error, rd_kafka_event_error_string(event.get()));
    }
    std::map<std::string, std::string> out;
    std::size_t count = 0;
    const auto* answer = rd_kafka_event_DescribeConfigs_result(event.get());
    const auto** found = rd_kafka_DescribeConfigs_result_resources(answer, &count);
    for (std::size_t i = 0; i < count; ++i) {
        if (const auto error = rd_kafka_ConfigResource_error(found[i])) {
            return refused(what, error, rd_kafka_ConfigResource_error_string(found[i]));
        }
        std::size_t entries = 0;
        const auto** entry = rd_kafka_ConfigResource_configs(found[i], &entries);
        for (std::size_t k = 0; k < entries; ++k) {
            const char* value = rd_kafka_ConfigEntry_value(entry[k]);
            if (value) out[rd_kafka_ConfigEntry_name(entry[k])] = value;
        }
    }
    return out;
}

std::optional<failure> cluster::delete_before(const std::string& topic, std::uint32_t partition,
                                              std::uint64_t position)
{
    const auto what = fmt::format("old records of topic {} can't be removed", topic);
    const auto list = make_partition_list(1);
    add_partition(list, topic, partition)->offset = static_cast<std::int64_t>(position);
    delete_records_handle request(rd_kafka_DeleteRecords_new(list.get()));
    queue_handle queue(rd_kafka_queue_new(client_.get()));
    const auto admin = admin_options(RD_KAFKA_ADMIN_OP_DELETERECORDS);
    auto* requests = request.get();
    rd_kafka_DeleteRecords(client_.get(), &requests, 1, admin.get(), queue.get());
    const auto event = wait_for(queue);
    if (!event) return refused(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (const auto error = rd_kafka_event_error(event.get())) {
        return refused(what, error, rd_kafka_event_error_string(event.get()));
    }
    const auto* answer = rd_kafka_event_DeleteRecords_result(event.get());
    const auto* offsets = rd_kafka_DeleteRecords_result_offsets(answer);
    if (offsets->cnt == 1 && offsets->elems[0].err) return refused(what, offsets->elems[0].err);
    return std::nullopt;
}

result<watermarks> cluster::find_watermarks(const std::string& topic, std::uint32_t partition)
{
    std::int64_t low = 0;
    std::int64_t high = 0;
    rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int look = 0; look < settle_looks; ++look) {
        error = rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(),
                                                 static_cast<std::int32_t>(partition), &low, &high,
                                                 request_timeout_ms);
        if (!is_settling(error)) break;
        std::this_thread::sleep_for(settle_pause);
        (void)fetch_metadata(topic.c_str());  // the library goes by what it was told last
    }
    if (error) return refused(fmt::format("topic {} does not tell its ends", topic), error);
    return watermarks{static_cast<std::uint64_t>(std::max<std::int64_t>(low, 0)),
                      static_cast<std::uint64_t>(std::max<std::int64_t>(high, 0))};
}

result<std::optional<std::uint64_t>> cluster::find_time(const std::string& topic,
                                                        std::uint32_t partition, std::int64_t ms)
{
    const auto list = make_partition_list(1);
    auto* wanted = add_partition(list, topic, partition);
    wanted->offset = std::max<std::int64_t>(ms, 0);
    auto error = rd_kafka_offsets_for_times(client_.get(), list.get(), request_timeout_ms);
    if (!error) error = wanted->err;
    if (error) return refused(fmt::format("topic {} does not find a time", topic), error);
    if (wanted->offset < 0) return std::optional<std::uint64_t>();
    return std::optional<std::uint64_t>(static_cast<std::uint64_t>(wanted->offset));
}

result<std::optional<std::vector<std::string>>> cluster::list_groups()
{
    constexpr std::string_view what = "the Kafka cluster does not list its groups";
    queue_handle queue(rd_kafka_queue_new(client_.get()));
    const auto admin = admin_options(RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS);
    rd_kafka_ListConsumerGroups(client_.get(), admin.get(), queue.get());
    const auto event = wait_for(queue);
    if (!event) return refused(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
    if (const auto error = rd_kafka_event_error(event.get())) {
        return refused(what, error, rd_kafka_event_error_string(event.get()));
    }
    const auto* answer = rd_kafka_event_ListConsumerGroups_result(event.get());
    std::size_t count = 0;
    const auto** errors = rd_kafka_ListConsumerGroups_result_errors(answer, &count);
    if (count != 0) {
        // brokers from before Kafka 2.6 can't list by state
        const auto error = rd_kafka_error_code(errors[0]);
        if (error == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
            return std::optional<std::vector<std::string>>();
        }
        return refused(what, error, rd_kafka_error_string(errors[0]));
    }
    std::vector<std::string> out;
    const auto** found = rd_kafka_ListConsumerGroups_result_valid(answer, &count);
    for (std::size_t i = 0; i < count; ++i) {
        out.emplace_back(rd_kafka_ConsumerGroupListing_group_id(found[i]));
    }
    return std::optional<std::vector<std::string>>(std::move(out));
}

}  // namespace sluice::datasets::kafka
