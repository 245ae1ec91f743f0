#pragma once
// Short words that the files of the spool share: logs asked and waited for, records handed on.

#include <future>

#include "datasets/event_log.hpp"

namespace sluice::datasets {

/// What the cluster has of each partition of the local log.
inline const cursor_name spool_cursor{"spool"};

inline std::future<result<write_receipt>> begin_write(event_log& log, const log_write& what)
{
    auto done = std::make_shared<std::promise<result<write_receipt>>>();
    auto answer = done->get_future();
    log.write(what, [done](result<write_receipt> r) { done->set_value(std::move(r)); });
    return answer;
}

inline result<std::shared_ptr<const record_batch>> read_and_wait(event_log& log,
                                                                 const partition_ref& at,
                                                                 offset from)
{
    using answer_type = result<std::shared_ptr<const record_batch>>;
    auto done = std::make_shared<std::promise<answer_type>>();
    auto answer = done->get_future();
    log.read(at, from, [done](answer_type r) { done->set_value(std::move(r)); });
    return answer.get();
}

/// Views into the batch that the record came from.
inline new_record again(const record_view& r)
{
    return {.id = r.id,
            .key = r.key,
            .type = r.type,
            .datastream = r.datastream,
            .source = r.source,
            .received_at = r.received_at,
            .content = r.content,
            .extra = r.extra};
}

}  // namespace sluice::datasets
