#pragma once
// A piece of text out of a YAML file (an expression, a template) that can say where each of its
// characters stands. Plain value; used while rule sets are read and compiled.

#include <string>
#include <string_view>

#include "config/diagnostic.hpp"
#include "config/node.hpp"

namespace sluice::rules {

struct source_text {
    std::string text;
    config::source_location where;  ///< of the first character

    [[nodiscard]] bool empty() const noexcept { return text.empty(); }
};

/// The text of a scalar with its place.
[[nodiscard]] source_text text_of(const config::node& scalar);

/// A part of `whole`, keeping the place.
[[nodiscard]] source_text part_of(const source_text& whole, std::size_t first, std::size_t count);

/// Line and column of the byte at `offset`. Reads the file again where it can, because folded and
/// escaped YAML text does not stand in the file as it reads; only errors pay for that.
[[nodiscard]] config::source_location place_in(const source_text& text, std::size_t offset);

/// The same alignment over given file content: for tests and for the reader above.
[[nodiscard]] config::source_location align_place(std::string_view file, const source_text& text,
                                                  std::size_t offset);

}  // namespace sluice::rules
