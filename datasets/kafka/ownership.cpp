#include "datasets/kafka/ownership.hpp"

#include <spdlog/spdlog.h>

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

/// Datasets are opened one after the other at start: one subscription serves them all.
constexpr auto subscribe_delay = 50ms;
constexpr int poll_ms = 50;

}  // namespace

ownership::ownership(const config::kafka_settings& settings, client_handle client,
                     partition_table& table, cluster_health& health, kafka_stats& stats)
    : settings_(settings), table_(table), health_(health), stats_(stats), client_(std::move(client))
{
}

result<std::unique_ptr<ownership>> ownership::open(const config::kafka_settings& settings,
                                                   partition_table& table, cluster_health& health,
                                                   kafka_stats& stats)
{
    auto conf = make_conf(settings, client_role::member);
    if (!conf) return conf.error();
    std::unique_ptr<ownership> made(new ownership(settings, nullptr, table, health, stats));
    rd_kafka_conf_set_opaque(conf->get(), made.get());
    rd_kafka_conf_set_rebalance_cb(conf->get(), on_rebalance);
    auto client = make_client(std::move(*conf), RD_KAFKA_CONSUMER);
    if (!client) return client.error();
    made->client_ = std::move(*client);
    rd_kafka_poll_set_consumer(made->client_.get());
    made->watcher_thread_ = std::thread([self = made.get()] { self->run_watcher(); });
    made->thread_ = std::thread([self = made.get()] { self->run(); });
    return made;
}

ownership::~ownership()
{
    close();
}

void ownership::share(const std::string& topic, const dataset_name& dataset)
{
    std::lock_guard lock(mutex_);
    // a known topic may have got partitions that are ours already
    is_grown_ = true;
    if (!topics_.emplace(topic, dataset).second) return;
    is_subscribed_ = false;
    subscribe_at_ = std::chrono::steady_clock::now() + subscribe_delay;
}

void ownership::watch(change_handler handler)
{
    std::lock_guard lock(mutex_);
    watcher_ = std::move(handler);
}

void ownership::on_released(std::function<void(partition_state&)> handler)
{
    std::lock_guard lock(mutex_);
    released_ = std::move(handler);
}

void ownership::subscribe_if_changed()
{
    const auto list = make_partition_list(16);
    {
        std::lock_guard lock(mutex_);
        if (is_subscribed_ || std::chrono::steady_clock::now() < subscribe_at_) return;
        is_subscribed_ = true;
        for (const auto& [topic, dataset] : topics_) {
            rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
        }
    }
    if (const auto error = rd_kafka_subscribe(client_.get(), list.get())) {
        spdlog::error("kafka: can't join group {}: {}", settings_.group, explain(error, {}));
        std::lock_guard lock(mutex_);
        is_subscribed_ = false;
        subscribe_at_ = std::chrono::steady_clock::now() + 1s;
    }
}

void ownership::claim_what_was_unknown()
{
    if (!is_grown_.exchange(false)) return;
    rd_kafka_topic_partition_list_t* raw = nullptr;
    if (rd_kafka_assignment(client_.get(), &raw)) return;
    const partition_list list(raw);
    std::set<dataset_name> news;
    for (int i = 0; i < list->cnt; ++i) {
        const auto& one = list->elems[i];
        std::lock_guard lock(mutex_);
        auto found = topics_.find(one.topic);
        if (found == topics_.end()) continue;
        const partition_ref at{found->second,
                               partition_id{static_cast<std::uint32_t>(one.partition)}};
        auto p = table_.find(at);
        if (p && !(*p)->is_owned) {
            (*p)->may_commit = true;
            (*p)->is_owned = true;
            news.insert(found->second);
        }
    }
    if (!news.empty()) tell(news);
}

void ownership::run()
{
    while (!is_over_) {
        subscribe_if_changed();
        claim_what_was_unknown();
        const message_handle message(rd_kafka_consumer_poll(client_.get(), poll_ms));
        // partitions are paused: a record that slipped through is read by those who need it
        if (message && message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            const auto why =
                fmt::format("group {}: {}", settings_.group,
                            explain(message->err, rd_kafka_message_errstr(message.get())));
            // rights do not come back by waiting; other troubles of the group pass or are told
            // by the producer
            if (message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
                message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
                health_.outside(settings_.group, "no partition can be worked on: " + why);
            } else {
                spdlog::warn("kafka: {}", why);
            }
        }
    }
    // revokes through the callback, on this thread, before the group hears that we left
    rd_kafka_consumer_close(client_.get());
}

void ownership::on_rebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                             rd_kafka_topic_partition_list_t* partitions, void* opaque)
{
    auto& self = *static_cast<ownership*>(opaque);
    add(self.stats_.rebalances);
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        self.assigned(partitions);
    } else {
        self.revoked(partitions);
    }
}

void ownership::assigned(rd_kafka_topic_partition_list_t* partitions)
{
    // an absolute offset: no position is asked of the cluster for what is never read
    for (int i = 0; i < partitions->cnt; ++i) partitions->elems[i].offset = 0;
    const error_handle bad(rd_kafka_incremental_assign(client_.get(), partitions));
    if (bad) {
        spdlog::error("kafka: group {}: {}", settings_.group, rd_kafka_error_string(bad.get()));
        return;
    }
    rd_kafka_pause_partitions(client_.get(), partitions);
    health_.outside(settings_.group, {});
    tell(mark(partitions, true));
}

void ownership::revoked(rd_kafka_topic_partition_list_t* partitions)
{
    const bool is_lost = rd_kafka_assignment_lost(client_.get()) != 0;
    if (is_lost) {
        add(stats_.partitions_lost, static_cast<std::uint64_t>(partitions->cnt));
        spdlog::warn(
            "kafka: group {} took {} partitions away: this gateway was not heard of for "
            "`session_timeout`",
            settings_.group, partitions->cnt);
    }
    const auto touched = mark(partitions, false);
    if (is_lost) end_commits();
    tell(touched);
    // the next owner may begin only after our lanes have stored their last cursors
    if (!is_lost) wait_until_told();
    end_commits();
    std::function<void(partition_state&)> released;
    {
        std::lock_guard lock(mutex_);
        released = released_;
    }
    for (auto* p : shared_partitions()) {
        if (!p->is_owned && released) released(*p);
    }
    const error_handle bad(rd_kafka_incremental_unassign(client_.get(), partitions));
    if (bad) {
        spdlog::error("kafka: group {}: {}", settings_.group, rd_kafka_error_string(bad.get()));
    }
}

/// Those that this group shares out; another group may share out others.
std::vector<partition_state*> ownership::shared_partitions()
{
    std::vector<dataset_name> datasets;
    {
        std::lock_guard lock(mutex_);
        for (const auto& [topic, dataset] : topics_) datasets.push_back(dataset);
    }
    std::vector<partition_state*> all;
    for (const auto& dataset : datasets) {
        const auto some = table_.partitions(dataset);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

void ownership::end_commits()
{
    for (auto* p : shared_partitions()) {
        if (!p->is_owned) p->may_commit = false;
    }
}

std::set<dataset_name> ownership::mark(const rd_kafka_topic_partition_list_t* partitions,
                                       bool owned)
{
    std::set<dataset_name> touched;
    for (int i = 0; i < partitions->cnt; ++i) {
        const auto& one = partitions->elems[i];
        dataset_name name;
        {
            std::lock_guard lock(mutex_);
            auto found = topics_.find(one.topic);
            if (found == topics_.end()) continue;
            name = found->second;
        }
        auto p = table_.find({name, partition_id{static_cast<std::uint32_t>(one.partition)}});
        // partitions that others have just added are ours once the dataset is opened again
        if (!p) continue;
        (*p)->is_owned = owned;
        if (owned) (*p)->may_commit = true;
        touched.insert(name);
    }
    return touched;
}

void ownership::tell(const std::set<dataset_name>& datasets)
{
    std::lock_guard lock(mutex_);
    untold_.insert(datasets.begin(), datasets.end());
    wake_.notify_all();
}

void ownership::wait_until_told()
{
    // below the session timeout, and leaving time to take part in the rebalance
    const auto wait_max = std::min<std::chrono::milliseconds>(settings_.session_timeout / 2, 5s);
    std::unique_lock lock(mutex_);
    const bool is_told = wake_.wait_for(
        lock, wait_max, [this] { return is_watcher_over_ || (untold_.empty() && !is_telling_); });
    if (!is_told) {
        spdlog::warn(
            "kafka: lanes did not let go of their partitions within {} ms; the next owner "
            "may deliver some events again",
            wait_max.count());
    }
}

void ownership::run_watcher()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return is_watcher_over_ || !untold_.empty(); });
        if (is_watcher_over_) return;
        auto told = std::exchange(untold_, {});
        auto handler = watcher_;
        is_telling_ = true;
        lock.unlock();
        if (handler) {
            for (const auto& dataset : told) handler(dataset);
        }
        lock.lock();
        is_telling_ = false;
        wake_.notify_all();
    }
}

void ownership::close()
{
    is_over_ = true;
    if (thread_.joinable()) thread_.join();
    {
        std::lock_guard lock(mutex_);
        is_watcher_over_ = true;
        wake_.notify_all();
    }
    if (watcher_thread_.joinable()) watcher_thread_.join();
    client_.reset();
}

}  // namespace sluice::datasets::kafka
