#pragma once
// A secret from `${env:NAME}` or `${file:PATH}`: prints as ***, zeroes itself, never converts by
// accident.

#include <iosfwd>
#include <string>
#include <string_view>

namespace sluice {

class secret_string {
public:
    secret_string() = default;
    explicit secret_string(std::string text);
    secret_string(const secret_string&);
    secret_string(secret_string&&) noexcept;
    secret_string& operator=(secret_string) noexcept;
    ~secret_string();

    /// The text itself, for the one place that sends it. Valid as long as this object.
    [[nodiscard]] std::string_view reveal() const noexcept { return text_; }
    [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

    friend std::ostream& operator<<(std::ostream&, const secret_string&);
    /// Compares in a time that depends only on the lengths.
    [[nodiscard]] bool equals(std::string_view other) const noexcept;

private:
    std::string text_;
};

}  // namespace sluice
