#pragma once
// The text of one YAML file while it is read: finds what the parser's events leave out, which is
// where a scalar's characters stand behind quotes, anchors and block headers. Views of the caller's
// text.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/node.hpp"

namespace sluice::config {

class source_text {
public:
    source_text(std::string_view text, const std::string& file_name);

    [[nodiscard]] source_location at(std::uint32_t line, std::uint32_t column) const
    {
        return {file_, line, column};
    }
    /// Without its line end; empty beyond the last line. Lines count from 1.
    [[nodiscard]] std::string_view line(std::uint32_t number) const;

    /// Reports invalid UTF-8 and control characters (yaml-cpp would end the text at some of them).
    [[nodiscard]] bool check_encoding(diagnostics& problems) const;

    /// Skips `&anchor` and `!tag` that stand before a value.
    [[nodiscard]] source_location behind_properties(source_location where) const;

    /// Fills `text_where` and `text_lines` of a scalar from its `where` and `text`.
    void place_text(node& scalar) const;

private:
    void place_block(node& scalar) const;
    void place_flow(node& scalar) const;

    std::shared_ptr<const std::string> file_;
    std::vector<std::string_view> lines_;
};

}  // namespace sluice::config
