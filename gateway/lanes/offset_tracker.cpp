#include "gateway/lanes/offset_tracker.hpp"

#include "config/assert_always.hpp"

namespace sluice::gateway {

void offset_tracker::begin(offset at)
{
    skip_to(at);
    entries_.push_back({});
    next_ = at + 1;
    ++unfinished_;
}

void offset_tracker::skip_to(offset to)
{
    assert_always(to >= next_, "records begin in order");
    for (; next_ < to; next_ = next_ + 1) entries_.push_back({true, record_fate::expired});
    advance();
}

void offset_tracker::finish(offset at, record_fate fate)
{
    assert_always(at >= state_.next && at < next_, "only a begun record can finish");
    auto& e = entries_[at - state_.next];
    assert_always(!e.is_finished, "a record finishes once");
    e = {true, fate};
    --unfinished_;
    advance();
}

void offset_tracker::advance()
{
    while (!entries_.empty() && entries_.front().is_finished) {
        switch (entries_.front().fate) {
            case record_fate::filtered:
                ++state_.counts.filtered;
                break;
            case record_fate::delivered:
                ++state_.counts.delivered;
                break;
            case record_fate::retrying:
                ++state_.counts.retrying;
                break;
            case record_fate::dead:
                ++state_.counts.dead;
                break;
            case record_fate::expired:
                ++state_.counts.expired;
                break;
        }
        entries_.pop_front();
        state_.next = state_.next + 1;
    }
}

}  // namespace sluice::gateway
