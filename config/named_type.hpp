#pragma once
// Distinct types for ids that would otherwise all be `std::string` or `std::uint64_t`.

#include <compare>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <utility>

namespace sluice {

/// A value of type T that only converts on demand: `offset{7}`, `offset.value()`.
template <class T, class Tag>
class named_type {
public:
    using value_type = T;

    constexpr named_type() = default;
    constexpr explicit named_type(T value) : value_(std::move(value)) {}

    [[nodiscard]] constexpr const T& value() const noexcept { return value_; }

    friend constexpr auto operator<=>(const named_type&, const named_type&) = default;
    friend std::ostream& operator<<(std::ostream& out, const named_type& v)
    {
        return out << v.value_;
    }

private:
    T value_{};
};

using dataset_name = named_type<std::string, struct dataset_name_tag>;
using destination_name = named_type<std::string, struct destination_name_tag>;
/// Names a reader of a dataset: `lane/<destination>` or `export/<name>`.
using cursor_name = named_type<std::string, struct cursor_name_tag>;
/// Number of a partition within its dataset, from 0.
using partition_id = named_type<std::uint32_t, struct partition_id_tag>;
/// Position of a record within its partition, from 0, without holes unless data was lost or
/// trimmed.
using offset = named_type<std::uint64_t, struct offset_tag>;

[[nodiscard]] constexpr offset operator+(offset o, std::uint64_t n)
{
    return offset{o.value() + n};
}
[[nodiscard]] constexpr std::uint64_t operator-(offset a, offset b)
{
    return a.value() - b.value();
}

}  // namespace sluice

template <class T, class Tag>
struct std::hash<sluice::named_type<T, Tag>> {
    std::size_t operator()(const sluice::named_type<T, Tag>& v) const noexcept
    {
        return std::hash<T>{}(v.value());
    }
};
