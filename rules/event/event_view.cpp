#include "rules/event/event_view.hpp"

#include <simdjson.h>

#include <bit>
#include <cstring>

#include "rules/expression/json_reader.hpp"

namespace sluice::rules {

using expression::value;

/// simdjson's first stage: the places of all brackets, colons, commas, and starts of strings and
/// scalars.
struct event_reader::tokens {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
    std::vector<std::uint32_t> stamps;  ///< per trie node: the pass that saw its key
    std::uint32_t pass = 0;

    /// False when the text is no JSON (bad UTF-8, open string, empty).
    bool find(std::string_view json)
    {
        if (json.empty()) return false;
        if (!parser) {
            const auto made =
                simdjson::get_active_implementation()->create_dom_parser_implementation(
                    std::bit_ceil(json.size() + 4096), 8, parser);
            if (made != simdjson::SUCCESS) return false;
        } else if (parser->capacity() < json.size()) {
            if (parser->set_capacity(std::bit_ceil(json.size())) != simdjson::SUCCESS) return false;
        }
        return parser->stage1(reinterpret_cast<const std::uint8_t*>(json.data()), json.size(),
                              simdjson::stage1_mode::regular) == simdjson::SUCCESS;
    }
};

namespace {

bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// Integers of up to 18 digits at once; everything else by the careful reader.
value read_number(std::string_view text)
{
    const bool is_negative = text.front() == '-';
    const auto digits = text.substr(is_negative ? 1 : 0);
    if (digits.size() <= 18 && !digits.empty()) {
        std::int64_t number = 0;
        for (const char c : digits) {
            const auto digit = static_cast<unsigned>(c - '0');
            if (digit > 9) return expression::read_json_number(text);
            number = number * 10 + static_cast<std::int64_t>(digit);
        }
        return value::from_int(is_negative ? -number : number);
    }
    return expression::read_json_number(text);
}

}  // namespace

class event_reader::walk {
public:
    walk(const path_set& paths, tokens& found, std::string_view json, std::span<value> slots,
         std::span<json_range> ranges, event_arena& arena)
        : paths_(paths),
          found_(found),
          json_(json),
          slots_(slots),
          ranges_(ranges),
          arena_(arena),
          index_(found.parser ? found.parser->structural_indexes.get() : nullptr),
          count_(json.empty() || !found.parser ? 0 : found.parser->n_structural_indexes)
    {
    }

    /// The value at `token` belongs to `node`. Returns the token behind it.
    std::size_t read_value(const path_set::trie_node& node, std::size_t token)
    {
        const char first = at(token);
        if (first == '{' && !node.children.empty()) {
            mark_below(node, value::absent_path(node.depth, false));
            const auto end = read_object(node, token);
            set(node, token, end);
            return end;
        }
        if (!node.children.empty()) mark_below(node, value::absent_path(node.depth, true));
        const auto end = skip(token);
        set(node, token, end);
        return end;
    }

    void mark_below(const path_set::trie_node& node, const value& absent)
    {
        for (const auto slot : node.slots_below) {
            slots_[slot] = absent;
            ranges_[slot] = {};
        }
    }

private:
    [[nodiscard]] char at(std::size_t token) const
    {
        return token < count_ ? json_[index_[token]] : '\0';
    }
    [[nodiscard]] std::size_t position(std::size_t token) const
    {
        return token < count_ ? index_[token] : json_.size();
    }

    /// Token behind the value that starts at `token`.
    [[nodiscard]] std::size_t skip(std::size_t token) const
    {
        const char first = at(token);
        if (first != '{' && first != '[') return token + 1;
        std::size_t depth = 0;
        for (; token < count_; ++token) {
            const char c = json_[index_[token]];
            if (c == '{' || c == '[') {
                ++depth;
            } else if ((c == '}' || c == ']') && --depth == 0) {
                return token + 1;
            }
        }
        return token;
    }

    /// The root's last token closes it, whatever was skipped.
    [[nodiscard]] std::size_t root_end() const { return position(count_ - 1) + 1; }

    /// Text of the scalar at `token`, up to the next token, without blanks.
    [[nodiscard]] std::string_view scalar_text(std::size_t token) const
    {
        const auto begin = position(token);
        auto end = position(token + 1);
        while (end > begin && is_blank(json_[end - 1])) --end;
        return json_.substr(begin, end - begin);
    }

    std::size_t read_object(const path_set::trie_node& node, std::size_t token)
    {
        auto missing = node.children.size();
        const auto open = token++;
        while (token + 2 < count_ && at(token) == '"' && at(token + 1) == ':') {
            const auto child = find_child(node, scalar_text(token));
            if (child == path_set::no_node || found_.stamps[child] == found_.pass) {
                token = skip(token + 2);
            } else {
                found_.stamps[child] = found_.pass;
                token = read_value(paths_.node(child), token + 2);
                if (--missing == 0) return skip_rest(node, open, token);
            }
            if (at(token) != ',') break;
            ++token;
        }
        return token + 1;
    }

    /// All members were found: the way out of the object. The root's end nobody needs.
    [[nodiscard]] std::size_t skip_rest(const path_set::trie_node& node, std::size_t open,
                                        std::size_t token) const
    {
        if (node.depth == 0) return count_;
        if (at(token) == '}') return token + 1;
        return skip(open);
    }

    [[nodiscard]] std::uint32_t find_child(const path_set::trie_node& node, std::string_view quoted)
    {
        if (quoted.size() < 2) return path_set::no_node;
        const auto key = quoted.substr(1, quoted.size() - 2);
        if (key.find('\\') == std::string_view::npos) return paths_.find(node, key);
        const auto plain = expression::unescape_json(key, arena_);
        return plain ? paths_.find(node, *plain) : path_set::no_node;
    }

    void set(const path_set::trie_node& node, std::size_t token, std::size_t end)
    {
        if (node.slot == path_set::no_slot) return;
        const auto begin = position(token);
        const char first = at(token);
        if (first == '{' || first == '[') {
            const auto last = node.depth == 0 ? root_end() : position(end - 1) + 1;
            const auto text = json_.substr(begin, std::max(last, begin) - begin);
            slots_[node.slot] = first == '{' ? value::raw_map(text) : value::raw_list(text);
            ranges_[node.slot] = {static_cast<std::uint32_t>(begin),
                                  static_cast<std::uint32_t>(begin + text.size())};
            return;
        }
        const auto text = scalar_text(token);
        ranges_[node.slot] = {static_cast<std::uint32_t>(begin),
                              static_cast<std::uint32_t>(begin + text.size())};
        slots_[node.slot] = scalar(text);
    }

    [[nodiscard]] value scalar(std::string_view text)
    {
        if (text.empty()) return value::null();
        switch (text.front()) {
            case '"': {
                const auto inner = text.substr(1, text.size() < 2 ? 0 : text.size() - 2);
                if (std::memchr(inner.data(), '\\', inner.size()) == nullptr) {
                    return value::from_string(inner);
                }
                const auto plain = expression::unescape_json(inner, arena_);
                return plain ? value::from_string(*plain)
                             : value::error(expression::error_kind::invalid_utf8,
                                            "a string of the event has a bad escape");
            }
            case 't':
                return value::from_bool(true);
            case 'f':
                return value::from_bool(false);
            case 'n':
                return value::null();
            default:
                return read_number(text);
        }
    }

    const path_set& paths_;
    tokens& found_;
    std::string_view json_;
    std::span<value> slots_;
    std::span<json_range> ranges_;
    event_arena& arena_;
    const std::uint32_t* index_;
    std::size_t count_;
};

event_reader::event_reader() : tokens_(std::make_unique<tokens>()) {}
event_reader::~event_reader() = default;

void event_reader::fill(const path_set& paths, path_root root, std::string_view json,
                        std::span<value> slots, std::span<json_range> ranges, event_arena& arena)
{
    const auto& top = paths.node(path_set::root_node(root));
    const bool is_used = top.slot != path_set::no_slot || !top.children.empty();
    if (!is_used) return;
    const bool is_json = tokens_->find(json);
    if (tokens_->stamps.size() < paths.node_count()) tokens_->stamps.assign(paths.node_count(), 0);
    if (++tokens_->pass == 0) {
        tokens_->stamps.assign(tokens_->stamps.size(), 0);
        tokens_->pass = 1;
    }
    walk walker(paths, *tokens_, is_json ? json : std::string_view{}, slots, ranges, arena);
    if (is_json) {
        walker.read_value(top, 0);
        return;
    }
    walker.mark_below(top, value::absent_path(0, false));
    if (top.slot != path_set::no_slot) {
        slots[top.slot] = value::absent_path(0, false);
        ranges[top.slot] = {};
    }
}

}  // namespace sluice::rules
