#include "tests/unit/datasets/contract/faulty_log.hpp"

#include <algorithm>
#include <array>
#include <future>

#include "config/result.hpp"

namespace sluice::datasets::contract {

partition_ref faulty_log::place(const partition_ref& asked) const
{
    if (has(planted::confuses_internal_datasets) && asked.dataset.value().starts_with("_")) {
        return {dataset_name{"orders"}, asked.partition};
    }
    return asked;
}

result<void> faulty_log::open_dataset(const dataset_spec& spec)
{
    if (has(planted::adds_no_partitions) && !good_->list_datasets().empty()) return {};
    return good_->open_dataset(spec);
}

void faulty_log::set_readers(const dataset_name& dataset, std::vector<cursor_name> readers)
{
    if (has(planted::ignores_readers)) readers.clear();
    good_->set_readers(dataset, std::move(readers));
}

write_handler faulty_log::spoiled(write_handler handler)
{
    return [this, handler = std::move(handler)](result<write_receipt> done) {
        ++answered_;
        if (has(planted::drops_an_answer) && answered_ == 100) return;
        if (has(planted::answers_twice) && answered_ == 100) handler(done);
        if (done && has(planted::tells_the_next_offset)) {
            for (auto& base : done->bases) base = base + 1;
        }
        handler(std::move(done));
    };
}

void faulty_log::write(const log_write& what, write_handler handler)
{
    if (is_closed_) return handler(write_receipt{std::vector<offset>(what.appends.size())});
    if (has(planted::acknowledges_before_it_writes) && !what.is_internal) {
        return handler(write_receipt{std::vector<offset>(what.appends.size())});
    }
    if (has(planted::takes_unknown_names)) {
        for (const auto& part : what.appends) {
            if (!good_->extent(part.to)) {
                return handler(write_receipt{std::vector<offset>(what.appends.size())});
            }
        }
    }
    if (has(planted::copies_too_late) && !late_) {
        // only the views are kept; whoever gave them has changed what they show
        auto shared = std::make_shared<write_handler>(std::move(handler));
        late_ = [this, what, shared] { pass_on(what, *shared); };
        return;
    }
    if (has(planted::splits_writes)) return write_split(what, handler);
    pass_on(what, spoiled(std::move(handler)));
}

void faulty_log::write_split(const log_write& what, const write_handler& handler)
{
    result<write_receipt> outcome{write_receipt{std::vector<offset>(what.appends.size())}};
    const auto write_alone = [&](const log_write& one) {
        std::promise<result<write_receipt>> done;
        good_->write(one, [&done](auto answer) { done.set_value(std::move(answer)); });
        auto answer = done.get_future().get();
        if (!answer) outcome = answer.error();
    };
    auto rest = what;
    rest.appends = {};
    write_alone(rest);
    for (const auto& part : what.appends) {
        for (const auto& record : part.records) {
            const std::array records{record};
            const std::array parts{append_part{part.to, records}};
            log_write single;
            single.appends = parts;
            single.is_internal = what.is_internal;
            write_alone(single);
        }
    }
    handler(std::move(outcome));
}

void faulty_log::pass_on(const log_write& what, write_handler handler)
{
    std::vector<std::vector<new_record>> records;
    std::vector<std::string> texts;
    std::size_t count = 0;
    for (const auto& part : what.appends) count += part.records.size();
    texts.reserve(count);  // views into it must stay
    std::vector<append_part> parts;
    for (const auto& part : what.appends) {
        auto& copies = records.emplace_back(part.records.begin(), part.records.end());
        for (auto& r : copies) {
            if (has(planted::changes_a_byte) && r.content.size() > 2) {
                texts.emplace_back(r.content).at(2) ^= 1;
                r.content = texts.back();
            }
            if (has(planted::forgets_empty_keys) && r.key && r.key->empty()) r.key.reset();
            if (has(planted::rounds_times)) {
                r.received_at = std::chrono::floor<std::chrono::milliseconds>(r.received_at);
            }
        }
        if (has(planted::reverses_a_part)) std::reverse(copies.begin(), copies.end());
        parts.push_back({place(part.to), copies});
    }
    std::vector<cursor_update> cursors(what.cursors.begin(), what.cursors.end());
    std::vector<document_update> documents(what.documents.begin(), what.documents.end());
    for (auto& cursor : cursors) {
        if (has(planted::forgets_counts)) cursor.state.counts = {};
    }
    for (auto& document : documents) {
        if (has(planted::keeps_erased_documents) && !document.value) document.value = "";
    }
    good_->write({parts, cursors, documents, what.is_internal, what.ignores_ownership},
                 std::move(handler));
}

void faulty_log::read(const partition_ref& from_partition, offset from, read_handler handler)
{
    if (late_) std::exchange(late_, nullptr)();
    if (has(planted::reads_from_the_next)) from = from + 1;
    good_->read(place(from_partition), from, std::move(handler));
}

std::uint64_t faulty_log::wait_beyond(const partition_ref& partition, offset seen,
                                      std::function<void()> handler)
{
    if (has(planted::wakes_too_early)) {
        handler();
        return 0;
    }
    if (has(planted::wakes_twice)) {
        return good_->wait_beyond(partition, seen, [handler] {
            handler();
            handler();
        });
    }
    return good_->wait_beyond(partition, seen, std::move(handler));
}

void faulty_log::cancel_wait(std::uint64_t id)
{
    if (!has(planted::ignores_cancelling)) good_->cancel_wait(id);
}

result<partition_extent> faulty_log::extent(const partition_ref& partition) const
{
    return good_->extent(place(partition));
}

std::vector<dataset_spec> faulty_log::list_datasets() const
{
    if (has(planted::forgets_datasets)) return {};
    auto all = good_->list_datasets();
    if (has(planted::takes_partitions_away)) {
        for (auto& spec : all) spec.partitions = 1;
    }
    return all;
}

std::vector<partition_id> faulty_log::owned_partitions(const dataset_name& dataset) const
{
    if (has(planted::owns_nothing)) return {};
    return good_->owned_partitions(dataset);
}

void faulty_log::watch_ownership(std::function<void(const dataset_name&)> handler)
{
    good_->watch_ownership(std::move(handler));
}

result<std::optional<cursor_state>> faulty_log::load_cursor(const cursor_name& name,
                                                            const partition_ref& at) const
{
    return good_->load_cursor(name, at);
}

result<std::vector<cursor_update>> faulty_log::list_cursors() const
{
    if (has(planted::lists_no_cursors)) return std::vector<cursor_update>{};
    return good_->list_cursors();
}

result<std::vector<std::pair<std::string, std::string>>> faulty_log::list_documents(
    std::string_view collection) const
{
    auto found = good_->list_documents(collection);
    if (!found || !has(planted::mixes_collections)) return found;
    auto more = good_->list_documents(std::string(collection) + "s");
    if (more) found->insert(found->end(), more->begin(), more->end());
    return found;
}

result<offset> faulty_log::offset_at(const partition_ref& partition, wall_time when) const
{
    auto found = good_->offset_at(partition, when);
    if (found && has(planted::finds_late_times)) return *found + 1;
    return found;
}

log_status faulty_log::status() const
{
    return good_->status();
}

std::uint64_t faulty_log::record_bytes_max(const dataset_name& dataset) const
{
    return good_->record_bytes_max(dataset);
}

result<trim_result> faulty_log::trim(const partition_ref& partition, offset before, bool is_dry_run)
{
    if (has(planted::trims_everything)) before = good_->extent(partition)->end;
    return good_->trim(partition, before, is_dry_run);
}

void faulty_log::close()
{
    if (has(planted::closes_in_name_only)) {
        is_closed_ = true;
        return;
    }
    good_->close();
}

}  // namespace sluice::datasets::contract
