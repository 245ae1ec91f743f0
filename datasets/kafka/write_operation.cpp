#include "datasets/kafka/write_operation.hpp"

namespace sluice::datasets::kafka {

void write_operation::slot::reported(const std::optional<failure>& error, offset at)
{
    if (error) {
        of->fail(*error);
    } else {
        base = std::min(base, at.value());
        if (to) {
            // reports come on one thread: no other writer of this mark
            const auto end = at.value() + 1;
            if (to->acked.load(std::memory_order_relaxed) < end) to->acked = end;
        }
    }
    of->done(1);
}

write_operation::write_operation(const write_links& links, const log_write& what,
                                 write_handler handler)
    : links_(links),
      handler_(std::move(handler)),
      cursors_(what.cursors.begin(), what.cursors.end()),
      documents_(what.documents.begin(), what.documents.end()),
      slots_(what.appends.size())
{
    document_slot_.of = this;
}

void write_operation::start(const write_links& links, const log_write& what,
                            const std::vector<placed_part>& parts, write_handler handler)
{
    auto* self = new write_operation(links, what, std::move(handler));  // finish() deletes it
    self->produce_records(parts);
}

void write_operation::produce_records(const std::vector<placed_part>& parts)
{
    std::size_t expected = 0;
    for (const auto& p : parts) expected += p.part->records.size();
    begin_stage(expected);
    std::size_t handed = 0;
    bool is_refused = false;
    for (std::size_t i = 0; i < parts.size() && !is_refused; ++i) {
        auto& at = slots_[i];
        at.of = this;
        at.to = parts[i].to;
        for (const auto& record : parts[i].part->records) {
            auto bad = links_.records.produce({.topic = at.to->dataset->topic,
                                               .partition = at.to->at.partition,
                                               .key = record.key,
                                               .value = record.content,
                                               .headers = make_headers(record),
                                               .time_ms = kafka_time(record.received_at),
                                               .to = &at});
            if (bad) {
                fail(*bad);
                is_refused = true;
                break;
            }
            ++handed;
        }
    }
    done(expected - handed + 1);
}

void write_operation::produce_documents()
{
    begin_stage(documents_.size());
    if (auto bad = documents_.empty() ? std::nullopt : links_.documents.prepare(true)) {
        fail(*bad);
        return done(documents_.size() + 1);
    }
    std::size_t handed = 0;
    for (const auto& document : documents_) {
        const auto key = document_store::key_of(document);
        auto bad = links_.records.produce({.topic = links_.documents.topic(),
                                           .partition = partition_id{0},
                                           .key = key,
                                           .value = document.value,
                                           .headers = nullptr,
                                           .to = &document_slot_});
        if (bad) {
            fail(*bad);
            break;
        }
        ++handed;
    }
    done(documents_.size() - handed + 1);
}

void write_operation::store_cursors()
{
    if (cursors_.empty()) return finish();
    links_.cursors.store(cursors_, [this](const std::optional<failure>& error) {
        if (error) fail(*error);
        finish();
    });
}

void write_operation::done(std::size_t count)
{
    if (left_.fetch_sub(count, std::memory_order_acq_rel) == count) advance();
}

/// All reports of a stage are in.
void write_operation::advance()
{
    {
        std::lock_guard lock(mutex_);
        if (error_) stage_ = stage::cursors;
    }
    if (stage_ == stage::records && !documents_.empty()) {
        stage_ = stage::documents;
        return produce_documents();
    }
    if (stage_ != stage::cursors) {
        stage_ = stage::cursors;
        return store_cursors();
    }
    finish();
}

void write_operation::fail(const failure& error)
{
    std::lock_guard lock(mutex_);
    if (!error_) error_ = error;
}

void write_operation::finish()
{
    const std::unique_ptr<write_operation> self(this);
    if (error_) {
        handler_(std::move(*error_));
    } else {
        write_receipt receipt;
        for (const auto& s : slots_) receipt.bases.push_back(offset{s.base});
        handler_(std::move(receipt));
    }
    handler_ = nullptr;
    links_.finished();
}

}  // namespace sluice::datasets::kafka
