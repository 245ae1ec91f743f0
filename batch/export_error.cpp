#include "batch/export_error.hpp"

#include <utility>

#include "datasets/log_error.hpp"

namespace sluice::batch {
namespace {

// Boost's base has a protected destructor on purpose: categories are never destroyed through it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class export_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "sluice.export"; }
    std::string message(int value) const override
    {
        switch (static_cast<export_errc>(value)) {
            case export_errc::bad_settings:
                return "export settings are wrong";
            case export_errc::storage:
                return "export storage failed";
            case export_errc::log:
                return "dataset could not be read or written";
            case export_errc::format:
                return "rows could not be encoded";
            case export_errc::unavailable:
                return "a part of the installation is missing";
            case export_errc::stopped:
                return "export was asked to stop";
            case export_errc::bad_document:
                return "stored export run is damaged";
            case export_errc::not_owner:
                return "another gateway exports this dataset";
        }
        return "unknown export error";
    }
};
#pragma GCC diagnostic pop

}  // namespace

boost::system::error_code make_error_code(export_errc e) noexcept
{
    static const export_category category;
    return {static_cast<int>(e), category};
}

failure export_failure(export_errc code, std::string message)
{
    return {make_error_code(code), std::move(message)};
}

bool is_of_log(const failure& trouble)
{
    const auto of_log = datasets::make_error_code(datasets::log_errc::refusing);
    return trouble.code.category() == of_log.category() ||
           trouble.code == make_error_code(export_errc::log);
}

}  // namespace sluice::batch
