#pragma once
// Lines of the records endpoint, read by commands: `{"partition":…,"offset":…,…,"event":EVENT}`.
// The event stands last, byte for byte as it was accepted, and may hold what a JSON library refuses
// (1e400), so that only what stands before it is parsed.

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

namespace sluice::gateway {

struct record_line {
    nlohmann::json head;     ///< an object: all members but the event
    std::string_view event;  ///< into the line
};

/// A line with or without its line end; nullopt: not such a line.
[[nodiscard]] std::optional<record_line> read_record_line(std::string_view line);

}  // namespace sluice::gateway
