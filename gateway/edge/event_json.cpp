#include "gateway/edge/event_json.hpp"

#include <simdjson.h>

#include <algorithm>

#include "gateway/edge/json_bytes.hpp"

namespace sluice::gateway {
namespace {

/// Beyond this many keys an object is checked by sorting when it closes.
constexpr std::size_t compared_keys_max = 32;

std::uint64_t hash_of(std::string_view text) noexcept
{
    std::uint64_t hash = 0xcbf29ce484222325 ^ text.size();
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return hash ^ (hash >> 29);
}

constexpr std::string_view bad_grammar =
    "The JSON is malformed here; check commas, quotes and brackets.";

}  // namespace

std::string_view title_of(event_defect defect) noexcept
{
    switch (defect) {
        case event_defect::none:
            return "Accepted";
        case event_defect::syntax:
            return "Malformed JSON";
        case event_defect::encoding:
            return "Invalid UTF-8";
        case event_defect::not_an_object:
            return "Not an object";
        case event_defect::duplicate_key:
            return "Duplicate key";
        case event_defect::too_deep:
            return "Nested too deeply";
        case event_defect::too_many_keys:
            return "Too many keys";
        case event_defect::key_too_long:
            return "Key too long";
        case event_defect::bad_id:
            return "Unusable event id";
    }
    return "Refused";
}

event_facts event_scanner::scan(std::string_view json, const std::vector<std::string>& id_path,
                                text_arena& decoded)
{
    begin_ = at_ = json.data();
    end_ = begin_ + json.size();
    id_path_ = &id_path;
    decoded_ = &decoded;
    frames_.clear();
    keys_.clear();
    key_texts_.clear();
    std::fill(std::begin(found_), std::end(found_), string_span{});
    next_use_ = use::none;
    facts_ = {};
    skip_blanks();
    if (at_ == end_) {
        fail(event_defect::syntax, "The event is empty; send a JSON object.");
    } else if (walk()) {
        skip_blanks();
        if (at_ != end_) {
            fail(event_defect::syntax,
                 "Something follows the event; for several events send an array or "
                 "application/x-ndjson.");
        } else if (!simdjson::validate_utf8(json.data(), json.size())) {
            fail(event_defect::encoding, "JSON is UTF-8; encode the text before sending it.");
        } else {
            choose_facts();
        }
    }
    return facts_;
}

bool event_scanner::fail(event_defect defect, std::string_view detail)
{
    facts_.defect = defect;
    facts_.detail = detail;
    facts_.position = static_cast<std::size_t>(at_ - begin_);
    return false;
}

void event_scanner::skip_blanks() noexcept
{
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

bool event_scanner::walk()
{
    if (*at_ != '{') {
        return fail(event_defect::not_an_object,
                    "An event must be a JSON object; wrap the value in one.");
    }
    bool opened = false;
    if (!read_value(opened)) return false;
    while (!frames_.empty()) {
        skip_blanks();
        if (at_ == end_) return fail(event_defect::syntax, "The event is cut off; send it whole.");
        const bool is_object = frames_.back().is_object;
        if (*at_ == (is_object ? '}' : ']')) {
            ++at_;
            if (!close()) return false;
            opened = false;
            continue;
        }
        if (!opened) {
            if (*at_ != ',') return fail(event_defect::syntax, bad_grammar);
            ++at_;
            skip_blanks();
        }
        if (is_object && !read_key()) return false;
        skip_blanks();
        if (at_ == end_) return fail(event_defect::syntax, "The event is cut off; send it whole.");
        if (!read_value(opened)) return false;
    }
    return true;
}

bool event_scanner::open(bool is_object)
{
    if (frames_.size() >= limits_.nesting_max) {
        return fail(event_defect::too_deep, "Flatten the event or raise ingest.nesting_max.");
    }
    frame added;
    added.is_object = is_object;
    added.first_key = static_cast<std::uint32_t>(keys_.size());
    if (frames_.empty()) {
        added.path_matched = 0;
    } else if (is_object && next_use_ == use::path) {
        added.path_matched = frames_.back().path_matched + 1;
    }
    frames_.push_back(added);
    next_use_ = use::none;
    return true;
}

bool event_scanner::close()
{
    const auto closed = frames_.back();
    if (closed.is_sorted_check && has_duplicates(closed)) return false;
    keys_.resize(closed.first_key);
    frames_.pop_back();
    return true;
}

bool event_scanner::read_value(bool& opened)
{
    opened = false;
    const auto wanted = next_use_;
    const char* const from = at_;
    switch (*at_) {
        case '{':
        case '[':
            opened = true;
            return open(*at_++ == '{');
        case '"': {
            string_span text;
            ++at_;
            if (!read_string(text)) return false;
            if (wanted > use::path) found_[static_cast<std::size_t>(wanted)] = text;
            break;
        }
        case 't':
            if (!read_literal("true")) return false;
            break;
        case 'f':
            if (!read_literal("false")) return false;
            break;
        case 'n':
            if (!read_literal("null")) return false;
            break;
        default:
            if (!read_number()) return false;
            // a configured place may hold a number: its text is a sound id
            if (wanted == use::id_path) {
                found_[static_cast<std::size_t>(wanted)] = {
                    {from, static_cast<std::size_t>(at_ - from)}, false};
            }
            break;
    }
    next_use_ = use::none;
    return true;
}

bool event_scanner::read_literal(std::string_view word)
{
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    if (!rest.starts_with(word)) return fail(event_defect::syntax, bad_grammar);
    at_ += word.size();
    return true;
}

bool event_scanner::read_number()
{
    const char* const stop = skip_number(at_, end_);
    if (stop == nullptr) return fail(event_defect::syntax, bad_grammar);
    at_ = stop;
    return true;
}

bool event_scanner::read_string(string_span& out)
{
    const char* const from = at_;
    for (;;) {
        at_ = find_string_stop(at_, end_);
        if (at_ == end_) return fail(event_defect::syntax, "The event is cut off inside a string.");
        if (*at_ == '"') break;
        if (*at_ != '\\') {
            return fail(event_defect::syntax,
                        "A control character stands in a string; write it as \\u00XX.");
        }
        out.has_escape = true;
        if (!read_escape()) return false;
    }
    out.raw = {from, static_cast<std::size_t>(at_ - from)};
    ++at_;
    return true;
}

bool event_scanner::read_escape()
{
    const char* const stop = skip_escape(at_, end_);
    if (stop == nullptr) {
        return fail(event_defect::syntax,
                    "A string holds a broken escape or half of a surrogate pair.");
    }
    at_ = stop;
    return true;
}

bool event_scanner::read_key()
{
    if (at_ == end_ || *at_ != '"') return fail(event_defect::syntax, bad_grammar);
    ++at_;
    string_span key;
    if (!read_string(key) || !add_key(key)) return false;
    skip_blanks();
    if (at_ == end_ || *at_ != ':') return fail(event_defect::syntax, bad_grammar);
    ++at_;
    next_use_ = use_of(keys_.back().text, frames_.back());
    return true;
}

/// Keys are compared as readers will see them: after unescaping.
bool event_scanner::add_key(string_span key)
{
    auto& object = frames_.back();
    auto text = key.raw;
    if (key.has_escape) {
        append_decoded(key.raw, key_texts_.emplace_back());
        text = key_texts_.back();
    }
    if (text.size() > limits_.key_bytes_max) {
        return fail(event_defect::key_too_long,
                    "Keys may have 1,024 bytes; move the text into a value.");
    }
    const auto count = keys_.size() - object.first_key;
    if (count >= limits_.keys_max) {
        return fail(event_defect::too_many_keys,
                    "One object may have 4,096 keys; use an array instead.");
    }
    const auto hash = hash_of(text);
    const auto bit = std::uint64_t{1} << (hash & 63);
    if (count >= compared_keys_max) {
        object.is_sorted_check = true;
    } else if ((object.key_bits & bit) != 0) {
        for (std::size_t i = object.first_key; i < keys_.size(); ++i) {
            if (keys_[i].hash == hash && keys_[i].text == text) {
                return fail(event_defect::duplicate_key,
                            "A key occurs twice in one object; send it once.");
            }
        }
    }
    object.key_bits |= bit;
    keys_.push_back({text, hash});
    return true;
}

/// Sorting does not care how well the hash spreads: chosen collisions cost no more than other keys.
bool event_scanner::has_duplicates(const frame& object)
{
    const auto first = keys_.begin() + object.first_key;
    std::sort(first, keys_.end(), [](const key_entry& a, const key_entry& b) {
        return a.hash != b.hash ? a.hash < b.hash : a.text < b.text;
    });
    const auto twin =
        std::adjacent_find(first, keys_.end(), [](const key_entry& a, const key_entry& b) {
            return a.hash == b.hash && a.text == b.text;
        });
    if (twin == keys_.end()) return false;
    fail(event_defect::duplicate_key, "A key occurs twice in one object; send it once.");
    return true;
}

event_scanner::use event_scanner::use_of(std::string_view key, const frame& object) const
{
    const auto& path = *id_path_;
    if (!path.empty() && object.path_matched >= 0) {
        const auto matched = static_cast<std::size_t>(object.path_matched);
        if (matched < path.size() && key == path[matched]) {
            return matched + 1 == path.size() ? use::id_path : use::path;
        }
    }
    if (frames_.size() != 1) return use::none;
    if (key == "_id") return use::id_;
    if (key == "messageId") return use::message_id;
    if (key == "id") return use::id;
    if (key == "eventType") return use::event_type;
    if (key == "type") return use::type;
    if (key == "event") return use::event;
    return use::none;
}

std::string_view event_scanner::decode(string_span text)
{
    if (!text.has_escape) return text.raw;
    append_decoded(text.raw, decoded_->emplace_back());
    return decoded_->back();
}

void event_scanner::choose_facts()
{
    const auto text_of = [this](use which) { return found_[static_cast<std::size_t>(which)]; };
    const auto first_of = [&](std::initializer_list<use> uses) {
        for (const auto which : uses) {
            if (!text_of(which).raw.empty()) return decode(text_of(which));
        }
        return std::string_view{};
    };
    facts_.id = id_path_->empty() ? first_of({use::id_, use::message_id, use::id})
                                  : first_of({use::id_path});
    facts_.type = first_of({use::event_type, use::type, use::event});
    // Segment's `type` only says which call it was; for track the name says what happened
    if (facts_.type == "track" && text_of(use::event_type).raw.empty() &&
        !text_of(use::event).raw.empty()) {
        facts_.type = decode(text_of(use::event));
    }
    const bool has_control = std::any_of(facts_.id.begin(), facts_.id.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (facts_.id.size() > limits_.id_bytes_max || has_control) {
        fail(event_defect::bad_id, "An event id has at most 512 bytes and no control characters.");
    }
}

}  // namespace sluice::gateway
