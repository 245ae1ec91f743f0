#include "gateway/lanes/lane_stats.hpp"

#include <algorithm>

namespace sluice::gateway {

lane_ledger make_ledger(const std::vector<source_snapshot>& sources, const ledger_notes& notes)
{
    lane_ledger sum;
    sum.accepted = notes.repeated;
    for (const auto& s : sources) {
        // events enter through datasets only; what the retry log finishes was accepted there before
        if (!s.is_retry && s.extent.end > s.cursor.start)
            sum.accepted += s.extent.end - s.cursor.start;
        sum.delivered += s.cursor.counts.delivered;
        sum.filtered += s.cursor.counts.filtered;
        sum.dead += s.cursor.counts.dead;
        sum.expired += s.cursor.counts.expired;
    }
    sum.dead -= std::min(notes.redriven, sum.dead);
    const auto finished = sum.delivered + sum.filtered + sum.dead + sum.expired;
    sum.pending = sum.accepted > finished ? sum.accepted - finished : 0;
    return sum;
}

lane_ledger make_shared_ledger(const std::vector<source_snapshot>& sources)
{
    lane_ledger sum;
    for (const auto& s : sources) {
        const auto& c = s.cursor.counts;
        sum.delivered += c.delivered;
        sum.filtered += c.filtered;
        sum.dead += c.dead;
        sum.expired += c.expired;
        sum.pending += s.lag();
    }
    sum.accepted = sum.delivered + sum.filtered + sum.dead + sum.expired + sum.pending;
    return sum;
}

}  // namespace sluice::gateway
