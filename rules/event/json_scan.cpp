#include "rules/event/json_scan.hpp"

namespace sluice::rules {
namespace {

/// Position behind the string that starts at `at`.
std::size_t skip_string(std::string_view text, std::size_t at)
{
    for (++at; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return text.size();
}

/// Position behind the value that starts at `at`.
std::size_t skip_value(std::string_view text, std::size_t at)
{
    std::size_t depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = skip_string(text, at);
            if (depth == 0) return at;
            continue;
        }
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') {
            if (depth == 0) return at;
            if (--depth == 0) return at + 1;
        }
        if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) return at;
        ++at;
    }
    return at;
}

}  // namespace

json_members::json_members(std::string_view object) : text_(object)
{
    skip_blank();
    if (at_ < text_.size() && text_[at_] == '{') {
        ++at_;
    } else {
        at_ = text_.size();
    }
}

void json_members::skip_blank()
{
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' ||
                                  text_[at_] == '\t' || text_[at_] == ',')) {
        ++at_;
    }
}

bool json_members::next(json_member& member)
{
    skip_blank();
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    const auto key = at_;
    at_ = skip_string(text_, at_);
    if (at_ < key + 2) return false;
    member.key = text_.substr(key + 1, at_ - key - 2);
    skip_blank();
    if (at_ >= text_.size() || text_[at_] != ':') return false;
    ++at_;
    skip_blank();
    const auto value = at_;
    at_ = skip_value(text_, at_);
    member.value = text_.substr(value, at_ - value);
    return !member.value.empty();
}

}  // namespace sluice::rules
