#pragma once
// Reads a configuration text the way `load` reads a file, with an environment of two variables.

#include <string>

#include "config/load.hpp"
#include "config/yaml/yaml_reader.hpp"

namespace sluice::config {

inline environment test_environment()
{
    return [](const std::string& name) -> std::optional<std::string> {
        if (name == "TOKEN") return "s3cr3t-from-env";
        if (name == "PORT") return "9090";
        if (name == "EMPTY") return "";
        return std::nullopt;
    };
}

inline settings bind_text(const std::string& text, diagnostics& problems)
{
    const auto root = read_yaml_text(text, "test.yaml", problems);
    return bind_settings(root ? *root : node{}, test_environment(), problems);
}

}  // namespace sluice::config
