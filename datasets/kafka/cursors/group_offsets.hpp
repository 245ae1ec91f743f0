#pragma once
// Committed offsets of groups without members: where cursors are kept. One client per group, made
// when it is needed and closed when idle. The library could do it with a single client, by admin
// requests to the group's coordinator, but these end the process (a failed assertion) when a broker
// goes away or comes back at the wrong moment: librdkafka issue 3663, in all versions so far.
// Thread-safe; has one thread, which the destructor ends.

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "config/clock.hpp"
#include "datasets/kafka/client_settings.hpp"

namespace sluice::datasets::kafka {

struct committed_offset {
    std::string topic;
    std::uint32_t partition = 0;
    std::uint64_t position = 0;
    std::string metadata;
};

class group_offsets {
public:
    using done_handler = std::function<void(std::optional<failure>)>;
    /// How long anybody waits for an answer.
    static constexpr std::chrono::milliseconds answer_wait{7'000};
    /// Whether the group's client is kept for the next question.
    enum class client_use : std::uint8_t { again, once };

    explicit group_offsets(const config::kafka_settings& settings);
    /// Answers what is under way, at the latest when its time is over.
    ~group_offsets();
    group_offsets(const group_offsets&) = delete;
    group_offsets& operator=(const group_offsets&) = delete;

    /// Does not block; `done` is called once, on this object's thread, within `answer_wait`. What
    /// was given up may be stored all the same, but before anything that comes later for the group.
    void commit(const std::string& group, std::vector<committed_offset> offsets, done_handler done);
    /// Of the partitions named in `wanted`, those that have one. Blocking, within `answer_wait`.
    [[nodiscard]] result<std::vector<committed_offset>> find(
        const std::string& group, const std::vector<committed_offset>& wanted,
        client_use use = client_use::again);

private:
    struct group_client;
    using client_ptr = std::shared_ptr<group_client>;
    struct request {
        std::string group;
        std::vector<committed_offset> offsets;
        done_handler done;
        steady_time deadline;
        client_ptr client;
    };

    result<client_ptr> make(const std::string& group);
    result<client_ptr> client_of(const std::string& group, client_use use);
    void begin(request asked);
    void go_on(const client_ptr& with);
    void take_answers(const client_ptr& from);
    void give_up_late();
    void close_idle();
    void finish(std::uint64_t id, std::optional<failure> outcome);
    void wake();
    void run();

    const config::kafka_settings settings_;
    std::mutex clients_mutex_;
    std::map<std::string, client_ptr> clients_;

    std::mutex mutex_;  ///< guards the three below; taken alone
    std::condition_variable changed_;
    std::deque<request> asked_;
    bool is_woken_ = false;
    bool is_over_ = false;
    // of the thread
    std::map<std::uint64_t, request> open_;  ///< not answered yet
    std::uint64_t next_id_ = 1;
    std::thread thread_;
};

}  // namespace sluice::datasets::kafka
