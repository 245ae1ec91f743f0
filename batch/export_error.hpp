#pragma once
// What can go wrong in an export, named by what the operator has to look at.

#include <cstdint>
#include <string>

#include "config/result.hpp"

namespace sluice::batch {

enum class export_errc : std::uint8_t {
    bad_settings = 1,  ///< a template, time or limit of the configuration
    storage,           ///< the place that receives the files
    log,               ///< the dataset could not be read or written
    format,            ///< rows could not be encoded
    unavailable,       ///< a part of the installation is missing (Parquet without Arrow)
    stopped,           ///< asked to stop; the run goes on where it stopped
    bad_document,      ///< a stored run can't be read
    not_owner,         ///< another gateway exports this dataset
};

[[nodiscard]] boost::system::error_code make_error_code(export_errc e) noexcept;
[[nodiscard]] failure export_failure(export_errc code, std::string message);
/// The log could not be asked or did not answer: not the fault of the export or of its destination.
[[nodiscard]] bool is_of_log(const failure& trouble);

}  // namespace sluice::batch

template <>
struct boost::system::is_error_code_enum<sluice::batch::export_errc> : std::true_type {
};
