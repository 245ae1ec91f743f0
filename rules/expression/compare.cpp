#include "rules/expression/compare.hpp"

#include <cmath>
#include <cstring>
#include <functional>
#include <utility>

namespace sluice::rules::expression {

namespace {

constexpr double two_to_63 = 9223372036854775808.0, two_to_64 = 18446744073709551616.0;

std::partial_ordering integer_with_double(std::int64_t i, double d)
{
    if (d > two_to_63) return std::partial_ordering::less;
    if (d < -two_to_63) return std::partial_ordering::greater;
    return static_cast<double>(i) <=> d;
}

std::partial_ordering unsigned_with_double(std::uint64_t u, double d)
{
    if (d < 0) return std::partial_ordering::greater;
    if (d > two_to_64) return std::partial_ordering::less;
    return static_cast<double>(u) <=> d;
}

std::partial_ordering reversed(std::partial_ordering order)
{
    return 0 <=> order;
}

bool equal_lists(const value& left, const value& right)
{
    const auto a = left.items(), b = right.items();
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!equal(a[i], b[i])) return false;
    }
    return true;
}

bool equal_maps(const value& left, const value& right)
{
    if (left.entries().size() != right.entries().size()) return false;
    for (const auto& entry : left.entries()) {
        const auto* other = find_key(right, entry.key);
        if (other == nullptr || !equal(entry.item, *other)) return false;
    }
    return true;
}

bool equal_addresses(const value& left, const value& right)
{
    const auto &a = left.address(), &b = right.address();
    return a.family == b.family && std::memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0 &&
           (left.is(value_kind::ip) || a.prefix == b.prefix);
}

}  // namespace

std::partial_ordering compare_numbers(const value& left, const value& right)
{
    const auto a = left.kind(), b = right.kind();
    if (a == value_kind::integer) {
        if (b == value_kind::integer) return left.as_int() <=> right.as_int();
        if (b == value_kind::floating) return integer_with_double(left.as_int(), right.as_double());
        if (left.as_int() < 0) return std::partial_ordering::less;
        return static_cast<std::uint64_t>(left.as_int()) <=> right.as_uint();
    }
    if (a == value_kind::unsigned_integer) {
        if (b == value_kind::unsigned_integer) return left.as_uint() <=> right.as_uint();
        if (b == value_kind::floating)
            return unsigned_with_double(left.as_uint(), right.as_double());
        return reversed(compare_numbers(right, left));
    }
    if (b == value_kind::floating) return left.as_double() <=> right.as_double();
    return reversed(compare_numbers(right, left));
}

bool equal(const value& left, const value& right)
{
    if (left.is_number() && right.is_number()) {
        return compare_numbers(left, right) == std::partial_ordering::equivalent;
    }
    if (left.kind() != right.kind()) return false;
    switch (left.kind()) {
        case value_kind::null:
            return true;
        case value_kind::boolean:
            return left.as_bool() == right.as_bool();
        case value_kind::string:
        case value_kind::bytes:
            return left.text() == right.text();
        case value_kind::list:
            return equal_lists(left, right);
        case value_kind::map:
            return equal_maps(left, right);
        case value_kind::timestamp:
            return left.seconds() == right.seconds() && left.nanoseconds() == right.nanoseconds();
        case value_kind::duration:
            return left.duration_nanoseconds() == right.duration_nanoseconds();
        case value_kind::type:
            return left.named_type() == right.named_type();
        case value_kind::optional:
            if (left.is_none() || right.is_none()) return left.is_none() == right.is_none();
            return equal(left.inner(), right.inner());
        case value_kind::ip:
        case value_kind::cidr:
            return equal_addresses(left, right);
        default:
            return false;
    }
}

std::optional<std::partial_ordering> compare(const value& left, const value& right)
{
    if (left.is_number() && right.is_number()) return compare_numbers(left, right);
    if (left.kind() != right.kind()) return std::nullopt;
    switch (left.kind()) {
        case value_kind::boolean:
            return static_cast<int>(left.as_bool()) <=> static_cast<int>(right.as_bool());
        case value_kind::string:
        case value_kind::bytes: {
            // string_view compares as unsigned char, which is code point order for UTF-8
            return left.text().compare(right.text()) <=> 0;
        }
        case value_kind::timestamp:
            if (left.seconds() != right.seconds()) return left.seconds() <=> right.seconds();
            return left.nanoseconds() <=> right.nanoseconds();
        case value_kind::duration:
            return left.duration_nanoseconds() <=> right.duration_nanoseconds();
        default:
            return std::nullopt;
    }
}

const value* find_field(const value& map, std::string_view name)
{
    for (const auto& entry : map.entries()) {
        if (entry.key.is(value_kind::string) && entry.key.text() == name) return &entry.item;
    }
    return nullptr;
}

const value* find_key(const value& map, const value& key)
{
    if (key.is(value_kind::string)) return find_field(map, key.text());
    for (const auto& entry : map.entries()) {
        if (equal(entry.key, key)) return &entry.item;
    }
    return nullptr;
}

bool is_key_kind(value_kind kind)
{
    return kind == value_kind::boolean || kind == value_kind::integer ||
           kind == value_kind::unsigned_integer || kind == value_kind::string;
}

std::optional<std::int64_t> as_index(const value& number)
{
    switch (number.kind()) {
        case value_kind::integer:
            return number.as_int();
        case value_kind::unsigned_integer:
            if (number.as_uint() > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
            return static_cast<std::int64_t>(number.as_uint());
        case value_kind::floating: {
            const auto d = number.as_double();
            if (!(d >= -two_to_63 && d < two_to_63) || d != std::trunc(d)) return std::nullopt;
            return static_cast<std::int64_t>(d);
        }
        default:
            return std::nullopt;
    }
}

std::size_t hash_of(const value& scalar)
{
    switch (scalar.kind()) {
        case value_kind::integer:
            return std::hash<double>{}(static_cast<double>(scalar.as_int()));
        case value_kind::unsigned_integer:
            return std::hash<double>{}(static_cast<double>(scalar.as_uint()));
        case value_kind::floating:
            return std::hash<double>{}(scalar.as_double());
        case value_kind::string:
            return std::hash<std::string_view>{}(scalar.text());
        case value_kind::boolean:
            return scalar.as_bool() ? 3 : 5;
        default:
            return 7 + static_cast<std::size_t>(scalar.kind());
    }
}

}  // namespace sluice::rules::expression
