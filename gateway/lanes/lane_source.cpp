#include "gateway/lanes/lane_source.hpp"

namespace sluice::gateway {

lane_source::commit lane_source::next_commit() const
{
    commit next{tracker_.committable(), {}};
    for (const auto& record : parked_) {
        if (record.from < next.state.next) next.parked.push_back(&record);
    }
    return next;
}

void lane_source::committed(const datasets::cursor_state& state)
{
    committed_ = state;
    std::erase_if(parked_, [&](const parked_record& r) { return r.from < state.next; });
}

}  // namespace sluice::gateway
