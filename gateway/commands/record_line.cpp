#include "gateway/commands/record_line.hpp"

namespace sluice::gateway {

std::optional<record_line> read_record_line(std::string_view line)
{
    constexpr std::string_view before = ",\"event\":";
    if (line.ends_with('\n')) line.remove_suffix(1);
    const auto at = line.find(before);
    if (at == std::string_view::npos || !line.ends_with('}')) return std::nullopt;
    record_line read;
    read.head = nlohmann::json::parse(std::string(line.substr(0, at)) + "}", nullptr, false);
    if (!read.head.is_object()) return std::nullopt;
    const auto begin = at + before.size();
    read.event = line.substr(begin, line.size() - begin - 1);
    return read;
}

}  // namespace sluice::gateway
