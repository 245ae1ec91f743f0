// The part of spooling_log that is the cluster's: everything but writes and the state of the spool.
#include "datasets/spooling_log.hpp"

namespace sluice::datasets {

void spooling_log::set_readers(const dataset_name& dataset, std::vector<cursor_name> readers)
{
    cluster_->set_readers(dataset, std::move(readers));
}
void spooling_log::read(const partition_ref& from_partition, offset from, read_handler handler)
{
    cluster_->read(from_partition, from, std::move(handler));
}
std::uint64_t spooling_log::wait_beyond(const partition_ref& partition, offset seen,
                                        std::function<void()> handler)
{
    return cluster_->wait_beyond(partition, seen, std::move(handler));
}
void spooling_log::cancel_wait(std::uint64_t id)
{
    cluster_->cancel_wait(id);
}
result<partition_extent> spooling_log::extent(const partition_ref& partition) const
{
    return cluster_->extent(partition);
}
std::vector<dataset_spec> spooling_log::list_datasets() const
{
    return cluster_->list_datasets();
}
std::vector<partition_id> spooling_log::owned_partitions(const dataset_name& dataset) const
{
    return cluster_->owned_partitions(dataset);
}
void spooling_log::watch_ownership(std::function<void(const dataset_name&)> handler)
{
    cluster_->watch_ownership(std::move(handler));
}
result<std::optional<cursor_state>> spooling_log::load_cursor(const cursor_name& name,
                                                              const partition_ref& at) const
{
    return cluster_->load_cursor(name, at);
}
result<std::vector<cursor_update>> spooling_log::list_cursors() const
{
    return cluster_->list_cursors();
}
result<std::vector<std::pair<std::string, std::string>>> spooling_log::list_documents(
    std::string_view collection) const
{
    return cluster_->list_documents(collection);
}
result<offset> spooling_log::offset_at(const partition_ref& partition, wall_time when) const
{
    return cluster_->offset_at(partition, when);
}

result<trim_result> spooling_log::trim(const partition_ref& partition, offset before,
                                       bool is_dry_run)
{
    return cluster_->trim(partition, before, is_dry_run);
}
std::vector<offset_range> spooling_log::lost_ranges(const partition_ref& partition) const
{
    return cluster_->lost_ranges(partition);
}
log_counts spooling_log::counts() const
{
    return cluster_->counts();
}

}  // namespace sluice::datasets
