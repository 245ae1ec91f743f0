#include "tests/support/memory_log.hpp"

#include <algorithm>

#include "datasets/log_error.hpp"
#include "datasets/record_encoder.hpp"

namespace sluice::test {

using namespace datasets;

memory_log::memory_log() : thread_([this] { run(); }) {}
memory_log::~memory_log()
{
    close();
}

void memory_log::fail_writes(boost::system::error_code code)
{
    const std::lock_guard lock(mutex_);
    failing_ = code;
}

void memory_log::limit_writes(std::size_t record_bytes, std::size_t records)
{
    const std::lock_guard lock(mutex_);
    record_bytes_max_ = record_bytes;
    records_max_ = records;
}

void memory_log::hold_answers()
{
    const std::lock_guard lock(mutex_);
    holds_ = true;
}

void memory_log::release()
{
    const std::lock_guard lock(mutex_);
    holds_ = false;
    changed_.notify_all();
}

std::size_t memory_log::waiting() const
{
    const std::lock_guard lock(mutex_);
    return answers_.size();
}

std::vector<kept_record> memory_log::records(const std::string& dataset,
                                             std::uint32_t partition) const
{
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find({dataset_name{dataset}, partition_id{partition}});
    return found == partitions_.end() ? std::vector<kept_record>{} : found->second;
}

/// The engine's thread: answers in order, never under the lock.
void memory_log::run()
{
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return is_closed_ || (!holds_ && !answers_.empty()); });
        if (answers_.empty()) return;
        const auto answer = std::move(answers_.front());
        answers_.pop_front();
        lock.unlock();
        answer();
        lock.lock();
    }
}

void memory_log::post(std::function<void()> answer)
{
    answers_.push_back(std::move(answer));
    changed_.notify_all();
}

result<void> memory_log::open_dataset(const dataset_spec& spec)
{
    const std::lock_guard lock(mutex_);
    std::erase_if(datasets_, [&](const dataset_spec& known) { return known.name == spec.name; });
    datasets_.push_back(spec);
    for (std::uint32_t i = 0; i < spec.partitions; ++i) partitions_[{spec.name, partition_id{i}}];
    return {};
}

void memory_log::set_readers(const dataset_name&, std::vector<cursor_name>) {}

result<write_receipt> memory_log::apply(const log_write& what)
{
    if (failing_) return failure{failing_, "the log was told to fail"};
    for (const auto& part : what.appends) {
        if (part.records.size() > records_max_) {
            return failure{make_error_code(log_errc::overloaded), "too many at once"};
        }
        for (const auto& r : part.records) {
            if (r.content.size() <= record_bytes_max_) continue;
            return failure{make_error_code(log_errc::too_large), "an event is too large"};
        }
        if (!partitions_.contains(part.to)) {
            return failure{make_error_code(log_errc::unknown_dataset), "declare the dataset first"};
        }
    }
    for (const auto& cursor : what.cursors) {
        if (!what.ignores_ownership && !is_owned(cursor.at) && !leaving_.contains(cursor.at)) {
            return failure{make_error_code(log_errc::not_owned), "another member owns it"};
        }
    }
    write_receipt receipt;
    for (const auto& part : what.appends) {
        auto& to = partitions_[part.to];
        receipt.bases.emplace_back(to.size());
        for (const auto& r : part.records) {
            to.push_back({std::string(r.id),
                          r.key ? std::optional<std::string>(*r.key) : std::nullopt,
                          std::string(r.type), std::string(r.datastream), std::string(r.source),
                          r.received_at, std::string(r.content), std::string(r.extra)});
        }
    }
    for (const auto& cursor : what.cursors) cursors_[{cursor.name, cursor.at}] = cursor.state;
    for (const auto& document : what.documents) {
        auto& collection = documents_[document.collection];
        if (document.value) {
            collection[document.key] = *document.value;
        } else {
            collection.erase(document.key);
        }
    }
    return receipt;
}

void memory_log::write(const log_write& what, write_handler handler)
{
    const std::lock_guard lock(mutex_);
    auto outcome = is_closed_
                       ? result<write_receipt>(failure{make_error_code(log_errc::closed), "closed"})
                       : apply(what);
    if (is_closed_) return handler(std::move(outcome));
    post([handler = std::move(handler), outcome = std::move(outcome)] { handler(outcome); });
    wake_waiters();
}

void memory_log::read(const partition_ref& from_partition, offset from, read_handler handler)
{
    std::unique_lock lock(mutex_);
    const auto found = partitions_.find(from_partition);
    if (found == partitions_.end()) {
        lock.unlock();
        return handler(failure{make_error_code(log_errc::unknown_partition), "no such partition"});
    }
    const auto& all = found->second;
    const auto asked = std::max(from.value(), begins_[from_partition]);
    const auto first = std::min<std::size_t>(asked, all.size());
    std::string payload;
    for (std::size_t i = first; i < all.size(); ++i) {
        const auto& r = all[i];
        const new_record one{
            r.id,      r.key ? std::optional<std::string_view>(*r.key) : std::nullopt,
            r.type,    r.datastream,
            r.source,  r.received_at,
            r.content, r.extra};
        encode_record(payload, one);
    }
    const auto count = static_cast<std::uint32_t>(all.size() - first);
    lock.unlock();
    if (count == 0) return handler(std::shared_ptr<const record_batch>{});
    handler(record_batch::from_payload(offset{first}, count, std::move(payload)));
}

void memory_log::wake_waiters()
{
    for (auto at = waiters_.begin(); at != waiters_.end();) {
        if (partitions_[at->at].size() <= at->seen.value()) {
            ++at;
            continue;
        }
        post(std::move(at->handler));
        at = waiters_.erase(at);
    }
}

std::uint64_t memory_log::wait_beyond(const partition_ref& partition, offset seen,
                                      std::function<void()> handler)
{
    const std::lock_guard lock(mutex_);
    waiters_.push_back({next_waiter_, partition, seen, std::move(handler)});
    wake_waiters();
    return next_waiter_++;
}

void memory_log::cancel_wait(std::uint64_t id)
{
    const std::lock_guard lock(mutex_);
    std::erase_if(waiters_, [id](const waiter& each) { return each.id == id; });
}

result<partition_extent> memory_log::extent(const partition_ref& partition) const
{
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found == partitions_.end())
        return failure{make_error_code(log_errc::unknown_partition), "no such partition"};
    partition_extent out;
    if (const auto begin = begins_.find(partition); begin != begins_.end()) {
        out.begin = offset{begin->second};
    }
    out.end = offset{found->second.size()};
    for (const auto& record : found->second) out.bytes += record.content.size();
    return out;
}

std::vector<dataset_spec> memory_log::list_datasets() const
{
    const std::lock_guard lock(mutex_);
    return datasets_;
}

bool memory_log::is_shared() const
{
    const std::lock_guard lock(mutex_);
    return !owned_.empty();
}

std::vector<partition_id> memory_log::owned_partitions(const dataset_name& dataset) const
{
    const std::lock_guard lock(mutex_);
    std::vector<partition_id> out;
    for (const auto& [ref, records] : partitions_) {
        if (ref.dataset == dataset && is_owned(ref)) out.push_back(ref.partition);
    }
    return out;
}

void memory_log::watch_ownership(std::function<void(const dataset_name&)> handler)
{
    const std::lock_guard lock(mutex_);
    watcher_ = std::move(handler);
}

bool memory_log::is_owned(const partition_ref& at) const
{
    const auto found = owned_.find(at.dataset);
    return found == owned_.end() || std::find(found->second.begin(), found->second.end(),
                                              at.partition) != found->second.end();
}

void memory_log::lose_silently(const std::string& dataset, const std::vector<std::uint32_t>& kept)
{
    const std::lock_guard lock(mutex_);
    auto& owned = owned_[dataset_name{dataset}];
    owned.clear();
    for (const auto partition : kept) owned.emplace_back(partition);
}

void memory_log::own(const std::string& dataset, const std::vector<std::uint32_t>& partitions)
{
    const dataset_name name{dataset};
    std::function<void(const dataset_name&)> tell;
    {
        const std::lock_guard lock(mutex_);
        tell = watcher_;
        if (const auto before = owned_.find(name); before != owned_.end()) {
            for (const auto partition : before->second) leaving_.insert({name, partition});
        }
    }
    lose_silently(dataset, partitions);
    if (tell) tell(name);
    const std::lock_guard lock(mutex_);
    leaving_.clear();
}

result<std::optional<cursor_state>> memory_log::load_cursor(const cursor_name& name,
                                                            const partition_ref& at) const
{
    const std::lock_guard lock(mutex_);
    const auto found = cursors_.find({name, at});
    if (found == cursors_.end()) return std::optional<cursor_state>{};
    return std::optional<cursor_state>{found->second};
}

result<std::vector<cursor_update>> memory_log::list_cursors() const
{
    const std::lock_guard lock(mutex_);
    std::vector<cursor_update> out;
    for (const auto& [where, state] : cursors_) out.push_back({where.first, where.second, state});
    return out;
}

result<std::vector<std::pair<std::string, std::string>>> memory_log::list_documents(
    std::string_view collection) const
{
    const std::lock_guard lock(mutex_);
    const auto found = documents_.find(std::string(collection));
    if (found == documents_.end()) return std::vector<std::pair<std::string, std::string>>{};
    return std::vector<std::pair<std::string, std::string>>(found->second.begin(),
                                                            found->second.end());
}

result<offset> memory_log::offset_at(const partition_ref& partition, wall_time when) const
{
    const std::lock_guard lock(mutex_);
    const auto found = partitions_.find(partition);
    if (found == partitions_.end())
        return failure{make_error_code(log_errc::unknown_partition), "no such partition"};
    const auto& all = found->second;
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&](const kept_record& r) { return r.received_at >= when; });
    return offset{static_cast<std::uint64_t>(at - all.begin())};
}

result<trim_result> memory_log::trim(const partition_ref& partition, offset before, bool is_dry_run)
{
    const std::lock_guard lock(mutex_);
    const auto begin = begins_[partition];
    trim_result out{std::max(before, offset{begin}), 0, 0};
    for (auto at = begin; at < out.begin.value(); ++at) {
        ++out.records;
        out.bytes += partitions_[partition].at(at).content.size();
    }
    if (!is_dry_run) begins_[partition] = out.begin.value();
    return out;
}

log_status memory_log::status() const
{
    const std::lock_guard lock(mutex_);
    log_status out;
    if (is_closed_) out.health = log_health::closed;
    if (failing_) out = {log_health::refusing, failing_.message(), std::chrono::milliseconds{2000}};
    return out;
}

void memory_log::close()
{
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
        holds_ = false;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

}  // namespace sluice::test
