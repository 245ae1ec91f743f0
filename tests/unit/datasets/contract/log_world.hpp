#pragma once
// Where the laws of event_log are tried: storage that outlives the logs that are opened over it,
// and short words for what laws do with a log. One thread.

#include <gtest/gtest.h>

#include <condition_variable>

#include "tests/unit/datasets/log_fixture.hpp"

namespace sluice::datasets::contract {

using namespace std::chrono_literals;

/// What not every storage can do; laws that need it are not tried elsewhere.
enum class ability : std::uint8_t { nothing_special, trim, find_times, add_partitions };

/// How long a law waits for what has to come; each world says.
inline std::chrono::milliseconds patience = 10s;

/// A record with bytes of its own, for comparison.
struct kept {
    std::string id;
    std::optional<std::string> key;
    std::string type;
    std::string datastream;
    std::string source;
    wall_time received_at{};
    std::string content;
    std::string extra;
    std::uint64_t at = 0;
    friend bool operator==(const kept&, const kept&) = default;
    friend std::ostream& operator<<(std::ostream& out, const kept& r)
    {
        return out << r.at << ' ' << r.id << ' ' << r.content.substr(0, 60);
    }
};

inline new_record view_of(const kept& r)
{
    return {r.id,      r.key ? std::optional<std::string_view>(*r.key) : std::nullopt,
            r.type,    r.datastream,
            r.source,  r.received_at,
            r.content, r.extra};
}

class log_world {
public:
    using log_ptr = std::unique_ptr<event_log>;

    virtual ~log_world() = default;
    /// Content that is beyond what the log takes.
    [[nodiscard]] virtual std::size_t too_large() const = 0;
    /// The cluster in memory makes no topics by itself.
    virtual void make_room(const dataset_spec&) {}

    /// Opens the log anew, as after a restart; the one before is closed.
    event_log& open()
    {
        close();
        auto opened = open_log(settings(false));
        if (!opened) throw std::runtime_error(opened.error().message);
        (*opened)->let_spool_flow(true);  // there are no lanes that events would have to wait for
        log_ = wrap ? wrap(std::move(*opened)) : std::move(*opened);
        return *log_;
    }
    event_log& log() { return *log_; }
    void close() { log_.reset(); }
    /// Somebody else who looks at the storage, without help of the log that wrote it.
    log_ptr look_from_outside()
    {
        auto opened = open_log(settings(true));
        if (!opened) throw std::runtime_error(opened.error().message);
        return std::move(*opened);
    }

    test_clock clock;
    /// Retention has surely looked once after so long.
    static constexpr auto retention_round = 300ms;
    /// Puts something between the laws and the log: planted faults.
    std::function<log_ptr(log_ptr)> wrap;

protected:
    virtual log_settings settings(bool is_read_only) = 0;

private:
    log_ptr log_;
};

// --- short words --------------------------------------------------------------------------------

inline partition_ref at(std::uint32_t partition = 0, const std::string& name = "orders")
{
    return {dataset_name{name}, partition_id{partition}};
}

inline void declare(log_world& w, const dataset_spec& spec)
{
    w.make_room(spec);
    // new topics have no leaders for a moment
    for (int i = 0;; ++i) {
        auto declared = w.log().open_dataset(spec);
        if (declared && w.log().list_documents("none")) return;
        if (i == 200)
            throw std::runtime_error(declared ? "no documents" : declared.error().message);
        std::this_thread::sleep_for(50ms);
    }
}

inline void declare(log_world& w, const std::string& name = "orders", std::uint32_t partitions = 1)
{
    dataset_spec spec;
    spec.name = dataset_name{name};
    spec.partitions = partitions;
    declare(w, spec);
}

inline kept record(const log_world& w, std::string id, std::string content = "{}")
{
    kept r;
    r.id = std::move(id);
    r.content = std::move(content);
    r.source = "native";
    r.received_at = w.clock.wall_now();
    return r;
}

inline result<write_receipt> write(event_log& log, const log_write& what)
{
    auto done = std::make_shared<std::promise<result<write_receipt>>>();
    auto answer = done->get_future();
    log.write(what, [done](result<write_receipt> r) {
        try {
            done->set_value(std::move(r));
        } catch (const std::future_error&) {
            std::abort();  // the law that each write is answered once counts by itself
        }
    });
    if (answer.wait_for(2 * patience) != std::future_status::ready) {
        return failure{make_error_code(log_errc::io), "the write was never answered"};
    }
    return answer.get();
}

inline result<offset> append(event_log& log, const std::vector<kept>& records,
                             const partition_ref& to = at())
{
    std::vector<new_record> views;
    for (const auto& r : records) views.push_back(view_of(r));
    std::array parts{append_part{to, views}};
    log_write what;
    what.appends = parts;
    auto written = write(log, what);
    if (!written) return written.error();
    return written->bases.at(0);
}

inline result<offset> append(log_world& w, const std::string& id, const partition_ref& to = at())
{
    return append(w.log(), {record(w, id)}, to);
}

/// Stores cursors that may belong to partitions of others, so that no law waits for ownership.
inline result<write_receipt> commit(event_log& log, const std::string& name,
                                    const cursor_state& state, const partition_ref& of = at())
{
    std::array cursors{cursor_update{cursor_name{name}, of, state}};
    log_write what;
    what.cursors = cursors;
    what.is_internal = true;
    what.ignores_ownership = true;
    return write(log, what);
}

inline result<std::shared_ptr<const record_batch>> read(event_log& log, offset from,
                                                        const partition_ref& p = at())
{
    auto done = std::make_shared<std::promise<result<std::shared_ptr<const record_batch>>>>();
    auto answer = done->get_future();
    log.read(p, from, [done](auto r) { done->set_value(std::move(r)); });
    if (answer.wait_for(2 * patience) != std::future_status::ready) {
        return failure{make_error_code(log_errc::io), "the read was never answered"};
    }
    return answer.get();
}

/// Everything from `from` on, in order, until `count` records were found or patience is over: on
/// Kafka a record may become readable a moment after its write was confirmed.
inline std::vector<kept> records(event_log& log, std::size_t count, offset from = {},
                                 const partition_ref& p = at())
{
    std::vector<kept> out;
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        auto batch = read(log, from, p);
        if (!batch) {
            ADD_FAILURE() << batch.error().message;
            return out;
        }
        if (!*batch) {
            if (out.size() >= count || std::chrono::steady_clock::now() > until) return out;
            std::this_thread::sleep_for(2ms);
            continue;
        }
        for (const auto& r : (*batch)->records()) {
            if (r.position < from) continue;
            out.push_back(
                {std::string(r.id), r.key ? std::optional<std::string>(*r.key) : std::nullopt,
                 std::string(r.type), std::string(r.datastream), std::string(r.source),
                 r.received_at, std::string(r.content), std::string(r.extra), r.position.value()});
        }
        from = (*batch)->end();
    }
}

inline std::vector<std::string> ids(event_log& log, std::size_t count, offset from = {},
                                    const partition_ref& p = at())
{
    std::vector<std::string> out;
    for (auto& r : records(log, count, from, p)) out.push_back(std::move(r.id));
    return out;
}

inline std::vector<std::string> numbered(const std::string& prefix, int count)
{
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) out.push_back(prefix + std::to_string(i));
    return out;
}

template <class Predicate>
bool eventually(Predicate is_true, std::chrono::milliseconds within = patience)
{
    const auto until = std::chrono::steady_clock::now() + within;
    while (!is_true()) {
        if (std::chrono::steady_clock::now() > until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

}  // namespace sluice::datasets::contract
