#include "datasets/open_log.hpp"

#include "datasets/embedded/embedded_log.hpp"

namespace sluice::datasets {

result<std::unique_ptr<event_log>> open_log(const log_settings& settings)
{
    auto log = embedded::embedded_log::open(settings);
    if (!log) return log.error();
    return std::unique_ptr<event_log>(std::move(*log));
}

}  // namespace sluice::datasets
