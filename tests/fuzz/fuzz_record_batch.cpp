// Stored bytes are read from a disk that may have changed any of them: decoding must never crash,
// and what it accepts must be consistent.

#include <cstdlib>

#include "datasets/record_batch.hpp"
#include "datasets/stored_batch.hpp"

using namespace sluice;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    // the checksum would stop nearly every input, so the payload decoder is also fed directly
    if (datasets::open_batch("key", bytes) && size < 44) std::abort();
    if (size < 2) return 0;
    const std::uint32_t count = data[0] | (std::uint32_t{data[1]} << 8);
    auto batch =
        datasets::record_batch::from_payload(offset{7}, count, std::string(bytes.substr(2)));
    if (!batch) return 0;
    if ((*batch)->size() != count) std::abort();
    std::size_t total = 0;
    for (const auto& r : (*batch)->records()) {
        if (r.id.empty()) std::abort();
        total += r.id.size() + r.type.size() + r.datastream.size() + r.source.size() +
                 r.extra.size() + r.content.size() + r.key.value_or(std::string_view()).size();
    }
    if (total > size) std::abort();
    return 0;
}
