#pragma once
// What `sluice check` prints: every problem of a configuration with its place and a hint, all at
// once.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

/// A place in a configuration file. Lines and columns (in bytes) count from 1; 0: the file as a
/// whole.
struct source_location {
    std::shared_ptr<const std::string> file;  ///< path as the user gave it; may be null in tests
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

enum class severity : std::uint8_t { error, warning };

struct diagnostic {
    severity level = severity::error;
    source_location where;
    std::string message;  ///< one sentence, no final stop
    std::string hint;     ///< what to do about it; may be empty
    /// The line holds a secret in clear: no diagnostic of this line shows its source text.
    bool hides_source = false;
};

/// Collects problems while a configuration is read, checked and compiled. One thread.
class diagnostics {
public:
    void error(source_location where, std::string message, std::string hint = {});
    void warning(source_location where, std::string message, std::string hint = {});
    void add(diagnostic problem);

    [[nodiscard]] bool has_errors() const noexcept { return error_count_ != 0; }
    [[nodiscard]] std::size_t error_count() const noexcept { return error_count_; }
    [[nodiscard]] const std::vector<diagnostic>& all() const noexcept { return all_; }

    /// `file:line:column: error: message`, the source line with a caret, `hint: …`; sorted by
    /// place.
    [[nodiscard]] std::string to_text() const;

private:
    std::vector<diagnostic> all_;
    std::size_t error_count_ = 0;
};

/// `file:line:column`, without what is unknown.
[[nodiscard]] std::string to_text(const source_location& where);

/// The candidate nearest to `name` by edit distance, or empty when none is near enough to suggest.
[[nodiscard]] std::string_view nearest_name(std::string_view name,
                                            const std::vector<std::string_view>& candidates);

}  // namespace sluice::config
