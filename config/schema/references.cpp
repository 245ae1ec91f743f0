// `${env:NAME}` and `${file:PATH}` inside scalars of settings. `$${` stands for `${` itself.

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/schema/binding.hpp"

namespace sluice::config {
namespace {

constexpr std::size_t secret_file_bytes_max = 1u << 20;

/// The content without the line end that editors and `echo` add.
std::optional<std::string> read_secret_file(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::string text(secret_file_bytes_max + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || (file.gcount() == 0 && !file.eof())) return std::nullopt;
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > secret_file_bytes_max) return std::nullopt;
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

/// Files are named relative to the file that mentions them, so a configuration folder can be moved.
std::filesystem::path beside(const source_location& where, std::string_view name)
{
    std::filesystem::path path(name);
    if (path.is_relative() && where.file) {
        path = std::filesystem::path(*where.file).parent_path() / path;
    }
    return path;
}

}  // namespace

environment process_environment()
{
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return value;
    };
}

std::optional<std::string> binding::resolve_reference(const node& value, std::string_view reference)
{
    if (reference.starts_with("env:")) {
        const std::string name(reference.substr(4));
        if (auto text = env_ ? env_(name) : std::nullopt) return text;
        error(value.where,
              fmt::format("refers to the environment variable '{}', which is not set", name),
              "set it before the start, or use ${file:PATH}");
    } else if (reference.starts_with("file:")) {
        const auto path = beside(value.where, reference.substr(5));
        if (auto text = read_secret_file(path)) return text;
        error(value.where,
              fmt::format("refers to the file '{}', which can't be read", path.string()),
              "create it (at most 1 MiB) and allow this user to read it; paths are relative to the "
              "configuration file");
    } else {
        error(value.where,
              fmt::format("has the unknown reference '${{{}}}'", reference.substr(0, 60)),
              "known are ${env:NAME} and ${file:PATH}; write $${ for the characters themselves");
    }
    return std::nullopt;
}

std::optional<binding::resolved_text> binding::resolve(const node& value)
{
    resolved_text resolved;
    std::string_view rest = value.text;
    bool is_complete = true;
    while (true) {
        const auto start = rest.find("${");
        if (start == std::string_view::npos) break;
        if (start > 0 && rest[start - 1] == '$') {
            resolved.text += rest.substr(0, start - 1);
            resolved.text += "${";
            rest.remove_prefix(start + 2);
            continue;
        }
        const auto end = rest.find('}', start);
        if (end == std::string_view::npos) {
            error(value.where, "has a '${' without '}'",
                  "close it, or write $${ for the characters");
            return std::nullopt;
        }
        resolved.text += rest.substr(0, start);
        const auto text = resolve_reference(value, rest.substr(start + 2, end - start - 2));
        if (text) resolved.text += *text;
        is_complete = is_complete && text.has_value();
        resolved.has_reference = true;
        rest.remove_prefix(end + 1);
    }
    resolved.text += rest;
    if (!is_complete) return std::nullopt;
    return resolved;
}

}  // namespace sluice::config
