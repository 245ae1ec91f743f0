#include "datasets/kafka/cursors/cursor_store.hpp"

#include <spdlog/spdlog.h>

#include <charconv>

namespace sluice::datasets::kafka {

namespace {

struct field {
    std::string_view name;
    std::uint64_t* value;
};

std::array<field, 6> fields_of(std::uint64_t& start, ledger_counts& counts)
{
    return {field{"start", &start},
            field{"delivered", &counts.delivered},
            field{"filtered", &counts.filtered},
            field{"dead", &counts.dead},
            field{"retrying", &counts.retrying},
            field{"expired", &counts.expired}};
}

/// Calls `done` when the last of several writes is over, with the first failure.
class all_done {
public:
    all_done(std::size_t count, group_offsets::done_handler done)
        : left_(count), done_(std::move(done))
    {
    }
    void one(const std::optional<failure>& error)
    {
        {
            std::lock_guard lock(mutex_);
            if (error && !error_) error_ = error;
            if (--left_ != 0) return;
        }
        done_(error_);
    }

private:
    std::mutex mutex_;
    std::size_t left_;
    std::optional<failure> error_;
    group_offsets::done_handler done_;
};

}  // namespace

std::string encode_cursor(const cursor_state& state)
{
    auto start = state.start.value();
    auto counts = state.counts;
    std::string out;
    for (const auto& f : fields_of(start, counts)) {
        out += fmt::format("{}{}={}", out.empty() ? "" : " ", f.name, *f.value);
    }
    return out;
}

cursor_state decode_cursor(offset next, std::string_view metadata)
{
    std::uint64_t start = next.value();
    ledger_counts counts;
    const auto fields = fields_of(start, counts);
    while (!metadata.empty()) {
        const auto word = metadata.substr(0, metadata.find(' '));
        metadata.remove_prefix(std::min(word.size() + 1, metadata.size()));
        const auto mark = word.find('=');
        if (mark == std::string_view::npos) continue;
        for (const auto& f : fields) {
            if (f.name != word.substr(0, mark)) continue;
            const auto text = word.substr(mark + 1);
            std::uint64_t value = 0;
            const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
            if (read.ec == std::errc() && read.ptr == text.data() + text.size()) *f.value = value;
        }
    }
    if (start > next.value()) return {next, next, {}};
    return {next, offset{start}, counts};
}

void cursor_store::store(const std::vector<cursor_update>& updates, done_handler done)
{
    std::map<cursor_name, std::map<partition_ref, cursor_state>> by_name;
    for (const auto& u : updates) by_name[u.name][u.at] = u.state;
    auto all = std::make_shared<all_done>(by_name.size(), std::move(done));
    for (const auto& [name, states] : by_name) {
        enqueue(name, states, [all](const std::optional<failure>& error) { all->one(error); });
    }
}

void cursor_store::enqueue(const cursor_name& name,
                           const std::map<partition_ref, cursor_state>& states, done_handler done)
{
    waiting now;
    {
        std::lock_guard lock(mutex_);
        auto& group = groups_[name];
        for (const auto& [at, state] : states) group.next.states[at] = state;
        group.next.done.push_back(std::move(done));
        if (group.is_busy) return;
        group.is_busy = true;
        now = std::exchange(group.next, {});
    }
    send(name, std::move(now));
}

void cursor_store::send(const cursor_name& name, waiting batch)
{
    std::vector<committed_offset> offsets;
    for (const auto& [at, state] : batch.states) {
        const auto* dataset = table_.find(at.dataset);
        if (!dataset) continue;
        offsets.push_back(
            {dataset->topic, at.partition.value(), state.next.value(), encode_cursor(state)});
    }
    auto shared = std::make_shared<waiting>(std::move(batch));
    offsets_.commit(called_.group_of(name), offsets,
                    [this, name, shared](const std::optional<failure>& error) {
                        sent(name, std::move(*shared), error);
                    });
}

void cursor_store::sent(const cursor_name& name, waiting batch, const std::optional<failure>& error)
{
    add(error ? stats_.commit_failures : stats_.commits, batch.states.size());
    waiting next;
    {
        std::lock_guard lock(mutex_);
        auto& group = groups_[name];
        if (!error) {
            for (const auto& [at, state] : batch.states) group.stored[at] = state;
        }
        next = std::exchange(group.next, {});
        group.is_busy = !next.states.empty();
    }
    for (auto& done : batch.done) done(error);
    if (!next.states.empty()) send(name, std::move(next));
}

result<std::optional<cursor_state>> cursor_store::load(const cursor_name& name,
                                                       const partition_state& at)
{
    auto found = offsets_.find(called_.group_of(name),
                               {{at.dataset->topic, at.at.partition.value(), 0, {}}});
    if (!found) return found.error();
    if (found->empty()) return std::optional<cursor_state>();
    const auto& one = found->front();
    return std::optional(decode_cursor(offset{one.position}, one.metadata));
}

std::vector<committed_offset> cursor_store::all_partitions() const
{
    std::vector<committed_offset> out;
    for (const auto* p : table_.partitions()) {
        out.push_back({p->dataset->topic, p->at.partition.value(), 0, {}});
    }
    return out;
}

result<std::vector<cursor_update>> cursor_store::list()
{
    std::set<cursor_name> wanted;
    {
        std::lock_guard lock(mutex_);
        for (const auto& [name, group] : groups_) wanted.insert(name);
    }
    auto groups = asked_.list_groups();
    if (!groups) return groups.error();
    if (*groups) {
        for (const auto& group : **groups) {
            if (auto name = called_.cursor_of(group)) wanted.insert(*name);
        }
    }
    const auto partitions = all_partitions();
    std::vector<cursor_update> out;
    for (const auto& name : wanted) {
        auto found =
            offsets_.find(called_.group_of(name), partitions, group_offsets::client_use::once);
        if (!found) return found.error();
        for (const auto& one : *found) {
            auto dataset = called_.dataset_of(one.topic);
            if (!dataset) continue;
            out.push_back({name,
                           {std::move(*dataset), partition_id{one.partition}},
                           decode_cursor(offset{one.position}, one.metadata)});
        }
    }
    return out;
}

void cursor_store::remember(const std::vector<cursor_name>& names)
{
    std::lock_guard lock(mutex_);
    for (const auto& name : names) groups_.try_emplace(name);
}

void cursor_store::refresh(const std::function<bool(const partition_ref&)>& keep)
{
    std::vector<std::pair<cursor_name, std::map<partition_ref, cursor_state>>> again;
    {
        std::lock_guard lock(mutex_);
        for (auto& [name, group] : groups_) {
            std::erase_if(group.stored, [&](const auto& one) { return !keep(one.first); });
            // a write that is on its way is fresher than what we would repeat
            if (!group.is_busy && !group.stored.empty()) again.emplace_back(name, group.stored);
        }
    }
    for (const auto& [name, states] : again) {
        enqueue(name, states, [](const std::optional<failure>& error) {
            if (error) spdlog::warn("kafka: {}", error->message);
        });
    }
}

}  // namespace sluice::datasets::kafka
