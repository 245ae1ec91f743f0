#pragma once
// Walks the members of a JSON object as text, so that they can be copied byte for byte. The text
// must be valid JSON; damaged text ends the walk early, never out of bounds. Stateless.

#include <string_view>

namespace sluice::rules {

struct json_member {
    std::string_view key;    ///< without quotes, escapes as written
    std::string_view value;  ///< without surrounding blanks
};

class json_members {
public:
    explicit json_members(std::string_view object);
    /// False at the end.
    bool next(json_member& member);

private:
    void skip_blank();

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace sluice::rules
