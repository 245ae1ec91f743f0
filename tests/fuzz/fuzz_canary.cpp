// Not a test of the product: a fault that the fuzzer must find, or its silence means nothing.

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (input.find("has(") != std::string_view::npos) std::abort();
    return 0;
}
