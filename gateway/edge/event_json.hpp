#pragma once
// Judges one event in a single walk over its bytes and finds its id and type on the way. Everything
// is checked here once (grammar, UTF-8, duplicate keys, limits), so that no later reader can see
// another event than the one that was accepted. Numbers are only checked for grammar: their text is
// what is kept. No I/O. One scanner per thread; it keeps its memory between events.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::gateway {

/// Decoded strings of a request at addresses that stay.
using text_arena = std::deque<std::string>;

struct event_limits {
    std::size_t nesting_max = 64;
    std::size_t keys_max = 4096;  ///< in one object
    std::size_t key_bytes_max = 1024;
    std::size_t id_bytes_max = 512;
};

enum class event_defect : std::uint8_t {
    none,
    syntax,
    encoding,
    not_an_object,
    duplicate_key,
    too_deep,
    too_many_keys,
    key_too_long,
    bad_id
};

/// A title and what to do about it, for people.
[[nodiscard]] std::string_view title_of(event_defect defect) noexcept;

struct event_facts {
    event_defect defect = event_defect::none;
    std::string_view detail;   ///< a sentence with the remedy
    std::size_t position = 0;  ///< byte of the event where it was noticed
    std::string_view id;       ///< empty: mint one
    std::string_view type;
};

class event_scanner {
public:
    explicit event_scanner(event_limits limits = {}) : limits_(limits) {}

    /// The whole of `json` must be one event. `id_path` (may be empty) names the place of the id
    /// instead of
    /// `_id`, `messageId`, `id`. The facts view `json` or `decoded`.
    [[nodiscard]] event_facts scan(std::string_view json, const std::vector<std::string>& id_path,
                                   text_arena& decoded);

private:
    struct key_entry {
        std::string_view text;
        std::uint64_t hash = 0;
    };
    struct frame {
        bool is_object = false;
        bool is_sorted_check = false;    ///< too many keys to compare each with each
        std::int32_t path_matched = -1;  ///< parts of id_path that lead here; -1: off the path
        std::uint32_t first_key = 0;
        std::uint64_t key_bits = 0;  ///< a small Bloom filter of the keys so far
    };
    struct string_span {
        std::string_view raw;
        bool has_escape = false;
    };
    /// What the value that follows a key would be used for.
    enum class use : std::uint8_t {
        none,
        path,
        id_path,
        id_,
        message_id,
        id,
        event_type,
        type,
        event,
        uses
    };

    bool fail(event_defect defect, std::string_view detail);
    void skip_blanks() noexcept;
    bool walk();
    bool open(bool is_object);
    bool close();
    bool read_value(bool& opened);
    bool read_key();
    bool add_key(string_span key);
    bool has_duplicates(const frame& object);
    bool read_string(string_span& out);
    bool read_escape();
    bool read_number();
    bool read_literal(std::string_view word);
    use use_of(std::string_view key, const frame& object) const;
    void choose_facts();
    [[nodiscard]] std::string_view decode(string_span text);

    event_limits limits_;
    const char* begin_ = nullptr;
    const char* at_ = nullptr;
    const char* end_ = nullptr;
    const std::vector<std::string>* id_path_ = nullptr;
    text_arena* decoded_ = nullptr;
    std::vector<frame> frames_;
    std::vector<key_entry> keys_;
    std::deque<std::string> key_texts_;  ///< keys with escapes, decoded
    string_span found_[static_cast<std::size_t>(use::uses)];
    use next_use_ = use::none;
    event_facts facts_;
};

/// Appends the characters of a valid JSON string body (without quotes) to `out`.
void append_decoded(std::string_view raw, std::string& out);

}  // namespace sluice::gateway
