// Any bytes as a configuration file: reading and binding must end without a crash, and what could
// not be read must have been reported.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.hpp"
#include "config/yaml/yaml_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace sluice::config;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const environment no_variables = [](const std::string&) { return std::nullopt; };
    diagnostics problems;
    const auto root =
        read_yaml_text(text, "fuzz.yaml", problems, {.bytes_max = 64 * 1024, .nodes_max = 20'000});
    if (!root) {
        if (!problems.has_errors()) std::abort();
        return 0;
    }
    if (root->find("library") == nullptr) (void)bind_settings(*root, no_variables, problems);
    for (const auto& problem : problems.all()) {
        if (problem.message.empty()) std::abort();
    }
    return 0;
}
