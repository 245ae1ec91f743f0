#include "batch/log_access.hpp"

#include <future>
#include <thread>

#include "batch/export_error.hpp"

namespace sluice::batch {

namespace {

constexpr int late_looks = 20;
constexpr auto late_pause = std::chrono::milliseconds{200};

}  // namespace

result<datasets::write_receipt> write_blocking(datasets::event_log& log,
                                               const datasets::log_write& what)
{
    auto promise = std::make_shared<std::promise<result<datasets::write_receipt>>>();
    auto answer = promise->get_future();
    log.write(what,
              [promise](result<datasets::write_receipt> r) { promise->set_value(std::move(r)); });
    return answer.get();
}

result<std::shared_ptr<const datasets::record_batch>> read_blocking(
    datasets::event_log& log, const datasets::partition_ref& partition, offset from)
{
    using answer_type = result<std::shared_ptr<const datasets::record_batch>>;
    auto promise = std::make_shared<std::promise<answer_type>>();
    auto answer = promise->get_future();
    log.read(partition, from, [promise](answer_type r) { promise->set_value(std::move(r)); });
    return answer.get();
}

record_reader::record_reader(datasets::event_log& log, datasets::partition_ref partition,
                             offset from, offset end)
    : log_(log), partition_(std::move(partition)), position_(from), end_(end)
{
}

result<const datasets::record_view*> record_reader::peek()
{
    while (position_ < end_) {
        if (!batch_ || index_ >= batch_->size()) {
            if (auto loaded = load(); !loaded) return loaded.error();
            if (!batch_) break;
        }
        const auto& record = batch_->at(index_);
        if (record.position < position_) {
            ++index_;
            continue;
        }
        const auto reached = std::min(record.position, end_);
        lost_ += reached - position_;
        position_ = reached;
        if (position_ < end_) return &record;
    }
    return nullptr;
}

void record_reader::advance()
{
    position_ = position_ + 1;
    ++index_;
}

result<void> record_reader::load()
{
    batch_.reset();
    index_ = 0;
    for (int look = 0;; ++look) {
        auto read = read_blocking(log_, partition_, position_);
        if (!read) return read.error();
        batch_ = std::move(*read);
        if (batch_ && batch_->size() != 0) return {};
        batch_.reset();
        // Planned records are not there. Only when the log itself says that it ends earlier are
        // they lost; else a cluster is late with them.
        auto extent = log_.extent(partition_);
        if (!extent) return extent.error();
        if (extent->end <= position_) break;
        if (look < late_looks) {
            std::this_thread::sleep_for(late_pause);
            continue;
        }
        return export_failure(
            export_errc::log,
            fmt::format("dataset '{}' partition {} gave no record at offset {}, though it "
                        "reaches to {}: the run is tried again",
                        partition_.dataset.value(), partition_.partition.value(), position_.value(),
                        extent->end.value()));
    }
    lost_ += end_ - position_;
    position_ = end_;
    return {};
}

}  // namespace sluice::batch
