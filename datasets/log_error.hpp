#pragma once
// What can go wrong in a log, named by what the caller does next.

#include <boost/system/error_code.hpp>
#include <cstdint>

namespace sluice::datasets {

enum class log_errc : std::uint8_t {
    overloaded = 1,  ///< too much waits to be written: back off and try again
    refusing,        ///< disk full, quota reached or store reopening: 503 with Retry-After
    unknown_dataset,
    unknown_partition,
    not_owned,  ///< another gateway owns the partition now
    corrupt,    ///< stored bytes failed their checksum
    too_large,  ///< one record exceeds what the engine can store
    io,         ///< the write may or may not be there after recovery
    closed,
    newer_format,  ///< the data folder was written by a newer version
    locked,        ///< another process uses the data folder
    unsupported,   ///< the engine leaves this to tools of its own
    bad_request,   ///< what the caller asked for cannot be done; the text says why
};

[[nodiscard]] boost::system::error_code make_error_code(log_errc e) noexcept;

}  // namespace sluice::datasets

template <>
struct boost::system::is_error_code_enum<sluice::datasets::log_errc> : std::true_type {
};
