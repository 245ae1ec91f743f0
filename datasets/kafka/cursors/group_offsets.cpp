#include "datasets/kafka/cursors/group_offsets.hpp"

#include "datasets/log_error.hpp"

namespace sluice::datasets::kafka {

using namespace std::chrono_literals;

namespace {

constexpr auto idle_max = 60s;
constexpr auto look_period = 100ms;  // for deadlines, while somebody waits
constexpr auto idle_look = 5s;       // for clients that nobody uses
constexpr auto ask_again = 100ms;
/// A question is asked in slices, because a right that is missing shows elsewhere than in its
/// answer.
constexpr auto slice = 500ms;

steady_time now()
{
    return std::chrono::steady_clock::now();
}

/// An unused group has nothing to leave: the client ends without asking the cluster.
void close_client(rd_kafka_t* client)
{
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

using offsets_client_handle = handle<rd_kafka_t, close_client>;

partition_list to_list(const std::vector<committed_offset>& offsets)
{
    auto list = make_partition_list(offsets.size());
    for (const auto& one : offsets) {
        auto* p = add_partition(list, one.topic, one.partition);
        p->offset = static_cast<std::int64_t>(one.position);
        if (one.metadata.empty()) continue;
        // the library frees it with free()
        p->metadata = std::malloc(one.metadata.size());
        p->metadata_size = one.metadata.size();
        std::copy(one.metadata.begin(), one.metadata.end(), static_cast<char*>(p->metadata));
    }
    return list;
}

failure cannot(const char* what, const std::string& group, const std::string& why)
{
    return {make_error_code(log_errc::refusing),
            fmt::format("cursors of group {} can't be {}: {}", group, what, why)};
}

bool is_passing(rd_kafka_resp_err_t error)
{
    switch (error) {
        case RD_KAFKA_RESP_ERR__TIMED_OUT:
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__WAIT_COORD:
        case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
        case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
        case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
        case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            return true;
        default:
            return false;
    }
}

}  // namespace

struct group_offsets::group_client {
    std::string group;
    offsets_client_handle client;
    queue_handle answers;
    steady_time used_at = now();  ///< by clients_mutex_
    // of the thread: one commit at a time, so that an old one can't overtake a new one
    bool is_busy = false;
    std::deque<std::uint64_t> waiting;

    ~group_client()
    {
        // ends the callback, which may be running
        if (answers) rd_kafka_queue_cb_event_enable(answers.get(), nullptr, nullptr);
        answers.reset();
    }

    /// Why the coordinator can't be asked, when that is not the answer to a question.
    void listen()
    {
        while (const message_handle message{rd_kafka_consumer_poll(client.get(), 0)}) {
            if (!message->err) continue;
            std::lock_guard lock(mutex_);
            trouble_ = message->err;
            trouble_text_ = rd_kafka_message_errstr(message.get());
        }
    }
    void forget_trouble()
    {
        std::lock_guard lock(mutex_);
        trouble_ = RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    bool is_denied()
    {
        std::lock_guard lock(mutex_);
        return trouble_ && !is_passing(trouble_);
    }
    std::string reason(rd_kafka_resp_err_t error)
    {
        std::lock_guard lock(mutex_);
        if (is_passing(error) && trouble_) return explain(trouble_, trouble_text_);
        // "waiting for coordinator" says nothing to an operator
        return explain(is_passing(error) ? RD_KAFKA_RESP_ERR__TIMED_OUT : error, {});
    }

private:
    std::mutex mutex_;
    rd_kafka_resp_err_t trouble_ = RD_KAFKA_RESP_ERR_NO_ERROR;
    std::string trouble_text_;
};

group_offsets::group_offsets(const config::kafka_settings& settings)
    : settings_(settings), thread_([this] { run(); })
{
}

group_offsets::~group_offsets()
{
    {
        std::lock_guard lock(mutex_);
        is_over_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void group_offsets::wake()
{
    {
        std::lock_guard lock(mutex_);
        is_woken_ = true;
    }
    changed_.notify_all();
}

void group_offsets::commit(const std::string& group, std::vector<committed_offset> offsets,
                           done_handler done)
{
    {
        std::lock_guard lock(mutex_);
        asked_.push_back(
            {group, std::move(offsets), std::move(done), now() + answer_wait, nullptr});
    }
    changed_.notify_all();
}

result<group_offsets::client_ptr> group_offsets::make(const std::string& group)
{
    auto conf = make_conf(settings_, client_role::offsets);
    if (!conf) return conf.error();
    std::array<char, 256> text{};
    if (rd_kafka_conf_set(conf->get(), "group.id", group.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK) {
        return cannot("kept", group, text.data());
    }
    auto client = make_client(std::move(*conf), RD_KAFKA_CONSUMER);
    if (!client) return client.error();
    auto made = std::make_shared<group_client>();
    made->group = group;
    made->client.reset(client->release());
    rd_kafka_poll_set_consumer(made->client.get());
    made->answers.reset(rd_kafka_queue_new(made->client.get()));
    rd_kafka_queue_cb_event_enable(
        made->answers.get(),
        [](rd_kafka_t*, void* self) { static_cast<group_offsets*>(self)->wake(); }, this);
    return made;
}

result<group_offsets::client_ptr> group_offsets::client_of(const std::string& group, client_use use)
{
    std::lock_guard lock(clients_mutex_);
    const auto found = clients_.find(group);
    if (found != clients_.end()) {
        found->second->used_at = now();
        return found->second;
    }
    auto made = make(group);
    if (made && use == client_use::again) clients_.emplace(group, *made);
    return made;
}

result<std::vector<committed_offset>> group_offsets::find(
    const std::string& group, const std::vector<committed_offset>& wanted, client_use use)
{
    std::vector<committed_offset> out;
    if (wanted.empty()) return out;
    auto client = client_of(group, use);
    if (!client) return client.error();
    auto& from = **client;
    const auto deadline = now() + answer_wait;
    const auto list = to_list(wanted);
    for (;;) {
        const auto error =
            rd_kafka_committed(from.client.get(), list.get(), static_cast<int>(slice.count()));
        if (!error) break;
        from.listen();
        if (!is_passing(error) || from.is_denied() || now() >= deadline) {
            return cannot("read", group, from.reason(error));
        }
        std::this_thread::sleep_for(ask_again);
    }
    from.forget_trouble();
    for (int i = 0; i < list->cnt; ++i) {
        const auto& one = list->elems[i];
        if (one.err) return cannot("read", group, explain(one.err, {}));
        if (one.offset < 0) continue;
        out.push_back({one.topic, static_cast<std::uint32_t>(one.partition),
                       static_cast<std::uint64_t>(one.offset),
                       one.metadata
                           ? std::string(static_cast<const char*>(one.metadata), one.metadata_size)
                           : std::string()});
    }
    return out;
}

void group_offsets::finish(std::uint64_t id, std::optional<failure> outcome)
{
    // given up before: nobody waits any more
    auto asked = open_.extract(id);
    if (!asked.empty()) asked.mapped().done(std::move(outcome));
}

void group_offsets::begin(request asked)
{
    auto client = client_of(asked.group, client_use::again);
    const auto id = next_id_++;
    if (client) asked.client = *client;
    open_.emplace(id, std::move(asked));
    if (!client) return finish(id, client.error());
    (*client)->waiting.push_back(id);
    go_on(*client);
}

/// Hands the next commit that somebody still waits for to the library.
void group_offsets::go_on(const client_ptr& with)
{
    while (!with->is_busy && !with->waiting.empty()) {
        const auto id = with->waiting.front();
        with->waiting.pop_front();
        const auto asked = open_.find(id);
        if (asked == open_.end()) continue;
        const auto list = to_list(asked->second.offsets);
        const auto error =
            rd_kafka_commit_queue(with->client.get(), list.get(), with->answers.get(), nullptr,
                                  reinterpret_cast<void*>(static_cast<std::uintptr_t>(id)));
        with->is_busy = !error;
        if (error) finish(id, cannot("stored", with->group, explain(error, {})));
    }
}

void group_offsets::take_answers(const client_ptr& from)
{
    while (const event_handle event{rd_kafka_queue_poll(from->answers.get(), 0)}) {
        if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_OFFSET_COMMIT) continue;
        const auto id = reinterpret_cast<std::uintptr_t>(rd_kafka_event_opaque(event.get()));
        auto error = rd_kafka_event_error(event.get());
        const auto* list = rd_kafka_event_topic_partition_list(event.get());
        for (int i = 0; list && i < list->cnt && !error; ++i) error = list->elems[i].err;
        std::optional<failure> bad;
        if (error) {
            from->listen();
            bad = cannot("stored", from->group, from->reason(error));
        } else {
            from->forget_trouble();
        }
        from->is_busy = false;
        finish(id, std::move(bad));
    }
    go_on(from);
}

void group_offsets::give_up_late()
{
    std::vector<std::uint64_t> late;
    for (const auto& [id, asked] : open_) {
        if (now() >= asked.deadline) late.push_back(id);
    }
    for (const auto id : late) {
        const auto client = open_.at(id).client;
        client->listen();
        finish(id, cannot("stored", client->group, client->reason(RD_KAFKA_RESP_ERR__TIMED_OUT)));
    }
}

void group_offsets::close_idle()
{
    std::vector<client_ptr> idle;
    {
        std::lock_guard lock(clients_mutex_);
        std::erase_if(clients_, [&idle](const auto& entry) {
            const auto& client = entry.second;
            const bool is_idle = !client->is_busy && client->waiting.empty() &&
                                 client.use_count() == 1 && now() - client->used_at > idle_max;
            if (is_idle) idle.push_back(client);
            return is_idle;
        });
    }
    // closing takes a moment: not under the lock
}

void group_offsets::run()
{
    for (;;) {
        std::deque<request> asked;
        bool is_over = false;
        {
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, open_.empty() ? idle_look : look_period,
                              [this] { return !asked_.empty() || is_woken_ || is_over_; });
            asked.swap(asked_);
            is_woken_ = false;
            is_over = is_over_;
        }
        // who hears an answer may ask again: over is when nothing is left
        if (is_over && asked.empty() && open_.empty()) break;
        for (auto& one : asked) begin(std::move(one));
        std::vector<client_ptr> all;
        {
            std::lock_guard lock(clients_mutex_);
            for (const auto& [group, client] : clients_) all.push_back(client);
        }
        for (const auto& client : all) {
            if (client->is_busy) take_answers(client);
        }
        all.clear();
        give_up_late();
        close_idle();
        if (is_over) std::this_thread::sleep_for(1ms);  // the wait above returns at once
    }
    std::lock_guard lock(clients_mutex_);
    clients_.clear();
}

}  // namespace sluice::datasets::kafka
