#include "datasets/log_error.hpp"

#include <string>

namespace sluice::datasets {

namespace {

// Boost's base has no virtual destructor on purpose: a category is never deleted through it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class log_error_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "sluice.log"; }

    std::string message(int code) const override
    {
        switch (static_cast<log_errc>(code)) {
            case log_errc::overloaded:
                return "too many events wait to be written";
            case log_errc::refusing:
                return "the log takes no events at the moment";
            case log_errc::unknown_dataset:
                return "unknown dataset";
            case log_errc::unknown_partition:
                return "unknown partition";
            case log_errc::not_owned:
                return "another gateway owns the partition";
            case log_errc::corrupt:
                return "stored bytes are damaged";
            case log_errc::too_large:
                return "the record is too large to be stored";
            case log_errc::io:
                return "the write failed; the events may or may not have been stored";
            case log_errc::closed:
                return "the log is closed";
            case log_errc::newer_format:
                return "the data folder was written by a newer version";
            case log_errc::locked:
                return "another process uses the data folder";
            case log_errc::unsupported:
                return "the engine does not do this";
            case log_errc::bad_request:
                return "this cannot be done";
        }
        return "unknown log error";
    }
};
#pragma GCC diagnostic pop

}  // namespace

boost::system::error_code make_error_code(log_errc e) noexcept
{
    static const log_error_category category;
    return {static_cast<int>(e), category};
}

}  // namespace sluice::datasets
