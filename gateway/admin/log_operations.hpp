#pragma once
// The operations themselves, one family a file; operations.cpp finds the right one. Each answers
// as the HTTP API does. Blocking.

#include <string>
#include <string_view>

#include "gateway/admin/operations.hpp"

namespace sluice::gateway {

// dataset_operations.cpp
/// `GET datasets`, `GET datasets/<name>`: extents, sizes, ages, readers, what holds retention back.
operation_result list_datasets(const operation_context& in);
operation_result describe_dataset(const operation_context& in, const std::string& name);
/// `POST datasets/<name>/trim?before=|before_time=&partition=&past_unread=&dry_run=`
operation_result trim_dataset(const operation_context& in, const std::string& name,
                              const query_parameters& query);
/// `POST backup?folder=`
operation_result back_up(const operation_context& in, const query_parameters& query);

// cursor_operations.cpp
/// `GET cursors?dataset=&reader=`
operation_result list_cursors(const operation_context& in, const query_parameters& query);
/// `POST cursors/<reader>?dataset=&partition=&to=&dry_run=`
operation_result set_cursor(const operation_context& in, std::string_view reader,
                            const query_parameters& query);

// record_operations.cpp
/// `GET datasets/<name>/records?partition=&from=&to=&last=&since=&until=&id=&where=&limit=`
operation_result read_records(const operation_context& in, const std::string& name,
                              const query_parameters& query);
/// `POST replay/<dataset>?destination=&partition=&from=&to=&since=&until=&where=&limit=&dry_run=`
operation_result replay(const operation_context& in, const std::string& dataset,
                        const query_parameters& query);
/// `dead/<destination>`, `…/redrive`, `…/drop`
operation_result handle_dead(const operation_context& in, std::string_view method,
                             std::string_view rest, const query_parameters& query);

}  // namespace sluice::gateway
