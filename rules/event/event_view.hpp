#pragma once
// One pass over an event's JSON that fills the slots of all paths of a path_set. simdjson finds the
// tokens, we walk them along the trie; nothing else of the event is looked at. Values refer to the
// JSON itself or (strings with escapes) to the arena, never to the reader, so they may outlive it.
// One reader per thread.

#include <memory>
#include <span>
#include <string_view>

#include "rules/event/path_set.hpp"
#include "rules/event_arena.hpp"
#include "rules/expression/value.hpp"

namespace sluice::rules {

/// Where a slot's value stands in its document, so that it can be copied byte for byte. Empty:
/// nowhere.
struct json_range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

class event_reader {
public:
    event_reader();
    ~event_reader();
    event_reader(const event_reader&) = delete;
    event_reader& operator=(const event_reader&) = delete;

    /// Fills the slots of `root`; others are left alone. The JSON needs no padding. It must be
    /// valid: what is not fills slots with anything, but stays in bounds. Empty text: all slots of
    /// the root are absent. Duplicate keys: the first one counts. Numbers beyond 64 bits become the
    /// nearest double.
    void fill(const path_set& paths, path_root root, std::string_view json,
              std::span<expression::value> slots, std::span<json_range> ranges, event_arena& arena);

private:
    struct tokens;
    class walk;
    std::unique_ptr<tokens> tokens_;
};

}  // namespace sluice::rules
