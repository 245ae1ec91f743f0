#pragma once
// Reads nodes into settings along their shapes and reports every problem with its place and path.
// Lives for one load; one thread.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "config/schema/shape.hpp"
#include "config/secret_string.hpp"

namespace sluice::config {

class binding {
public:
    binding(const environment& env, diagnostics& problems) : env_(env), problems_(problems) {}

    /// A map into an object: known keys, unknown keys, missing keys, then the object's own check.
    void read_object(const node& value, const object_shape& shape, void* into);

    // Scalars; nothing after a reported problem.
    [[nodiscard]] std::optional<bool> read_boolean(const node& value, const value_shape& shape);
    [[nodiscard]] std::optional<std::uint64_t> read_integer(const node& value,
                                                            const value_shape& shape);
    [[nodiscard]] std::optional<double> read_number(const node& value, const value_shape& shape);
    [[nodiscard]] std::optional<std::string> read_text(const node& value, const value_shape& shape);
    [[nodiscard]] std::optional<std::chrono::milliseconds> read_duration(const node& value,
                                                                         const value_shape& shape);
    [[nodiscard]] std::optional<std::size_t> read_choice(const node& value,
                                                         const value_shape& shape);
    [[nodiscard]] std::optional<secret_string> read_secret(const node& value,
                                                           const value_shape& shape);
    /// False after a report when the value is of another kind; an empty value counts as empty.
    [[nodiscard]] bool expect_list(const node& value, const value_shape& shape);
    [[nodiscard]] bool expect_map(const node& value, const value_shape& shape);

    /// Reports a key that can't name a dataset, destination or the like.
    void check_name(const node& key);

    /// Reports at `where` about the setting that is being read, `path() + message`.
    void error(const source_location& where, const std::string& message, std::string hint = {});
    /// The same for the member `key` of `object`, at its value.
    void error_at(const node& object, std::string_view key, const std::string& message,
                  std::string hint = {});

    /// Dotted path of what is being read: `gateway.edge.port`.
    [[nodiscard]] std::string path() const;

    /// Adds one step to the path while it lives. `is_secret`: diagnostics inside don't show source
    /// text.
    class step {
    public:
        step(binding& in, std::string name, bool is_secret = false);
        ~step();
        step(const step&) = delete;
        step& operator=(const step&) = delete;

    private:
        binding& in_;
        bool was_secret_;
    };

private:
    struct resolved_text {
        std::string text;
        bool has_reference = false;
    };

    [[nodiscard]] std::optional<resolved_text> scalar(const node& value, const value_shape& shape);
    /// Numbers, sizes and booleans: quoted text is refused unless it came from a reference.
    [[nodiscard]] std::optional<std::string> bare_scalar(const node& value,
                                                         const value_shape& shape);
    [[nodiscard]] std::optional<std::string> resolve_reference(const node& value,
                                                               std::string_view reference);
    [[nodiscard]] std::optional<resolved_text> resolve(const node& value);
    void wrong_type(const node& value, const value_shape& shape);
    [[nodiscard]] bool check_range(const node& value, const value_shape& shape, double number);
    void unknown_key(const node& key, const object_shape& shape);

    const environment& env_;
    diagnostics& problems_;
    std::vector<std::string> path_;
    bool is_secret_ = false;
};

}  // namespace sluice::config
