#include "actions/outcome.hpp"

namespace sluice::actions {

std::string_view to_text(outcome_class c) noexcept
{
    switch (c) {
        case outcome_class::delivered:
            return "delivered";
        case outcome_class::retry:
            return "retry";
        case outcome_class::throttle:
            return "throttle";
        case outcome_class::setup:
            return "setup";
        case outcome_class::reject:
            return "reject";
        case outcome_class::disable:
            return "disable";
    }
    return "unknown";
}

}  // namespace sluice::actions
