#pragma once
// The columns of an export, learnt from its events. Only ever grows: columns are added at the end
// of their parent, integers may widen to doubles, nothing is renamed, narrowed or removed, so old
// files still read. Stored as a document and carried from run to run. A value; one thread.

#include <string>
#include <string_view>

#include "batch/rows/column.hpp"
#include "config/result.hpp"

namespace sluice::batch {

/// Names of what Sluice adds to every row; members of events with these names go to the rescue
/// column.
inline constexpr std::string_view offset_column = "_sluice_offset";
inline constexpr std::string_view partition_column = "_sluice_partition";
inline constexpr std::string_view received_column = "_sluice_received_at";
inline constexpr std::string_view id_column = "_sluice_id";
inline constexpr std::string_view rescued_column = "_rescued";

/// Beyond these, new members go to the rescue column: events with random keys can't make a monster.
inline constexpr std::size_t columns_max = 2000;
inline constexpr std::size_t column_depth_max = 24;

class row_schema {
public:
    row_schema();

    /// From to_json(); empty text is an empty schema.
    static result<row_schema> from_json(const std::string& json);
    [[nodiscard]] std::string to_json() const;
    /// Short digest of to_json(): same columns, same id.
    [[nodiscard]] std::string id() const;

    /// Adds what an event has and the schema has not. False when nothing was added. What can't be a
    /// column (null, {}, [], numbers beyond 64 bits, a type that conflicts) adds nothing. Events
    /// that are no JSON object add nothing. `json` needs no padding.
    bool learn(std::string_view json);

    /// A structure whose members are the event's columns.
    [[nodiscard]] const column_type& root() const noexcept { return root_; }

    friend bool operator==(const row_schema& a, const row_schema& b) { return a.root_ == b.root_; }

private:
    column_type root_;
    std::size_t columns_ = 0;
};

/// True for names that rows have already.
[[nodiscard]] bool is_reserved_column(std::string_view name);

}  // namespace sluice::batch
