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
    std::size_t bytes = 0;
    for (const auto& p : parts) {
        expected += p.part->records.size();
        for (const auto& record : p.part->records) bytes += record.content.size();
    }
    // one piece of memory for all; a single record the library copies beside its own head
    keeps_contents_ = expected > 1;
    if (keeps_contents_) contents_.reserve(bytes);
    begin_stage(expected);
    std::size_t handed = 0;
    header_maker headers;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto count = produce_part(parts[i], slots_[i], headers);
        handed += count;
        if (count < parts[i].part->records.size()) break;
    }
    done(expected - handed + 1);
}

std::size_t write_operation::produce_part(const placed_part& part, slot& reports,
                                          header_maker& headers)
{
    reports.of = this;
    reports.to = part.to;
    const auto route = links_.records.route_to(part.to->dataset->topic);
    // nobody else's record comes between: a part's records have consecutive offsets
    std::lock_guard alone(part.to->produce_mutex);
    std::size_t handed = 0;
    for (const auto& record : part.part->records) {
        auto value = record.content;
        if (keeps_contents_) {
            const auto begin = contents_.size();
            contents_ += value;
            value = std::string_view(contents_).substr(begin);
        }
        auto bad = links_.records.produce(route, {.partition = part.to->at.partition,
                                                  .key = record.key,
                                                  .value = value,
                                                  .headers = headers.make(record),
                                                  .time_ms = kafka_time(record.received_at),
                                                  .to = &reports,
                                                  .keeps_value = keeps_contents_});
        if (bad) {
            fail(*bad);
            break;
        }
        ++handed;
    }
    return handed;
}

void write_operation::produce_documents()
{
    begin_stage(documents_.size());
    std::size_t handed = 0;
    const auto route = links_.records.route_to(links_.documents.topic());
    for (const auto& document : documents_) {
        const auto key = document_store::key_of(document);
        auto bad = links_.records.produce(route, {.partition = partition_id{0},
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
        for (const auto& s : slots_) receipt.bases.push_back(s.first());
        handler_(std::move(receipt));
    }
    handler_ = nullptr;
    links_.finished();
}

}  // namespace sluice::datasets::kafka
