#pragma once
// A value of the language in 16 bytes: scalars inline, everything else a view of memory owned by an
// event_arena, by the constants of a program or by the event's JSON; it lives as long as that
// memory. Trivially copyable, no thread of its own. Errors are values too: making one allocates and
// throws nothing.

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "rules/event_arena.hpp"

namespace sluice::rules::expression {

enum class value_kind : std::uint8_t {
    any,  ///< no value: "not evaluated yet" in slots, `dyn` as a static type
    error,
    null,
    boolean,
    integer,
    unsigned_integer,
    floating,
    string,
    bytes,
    list,
    map,
    timestamp,
    duration,
    type,
    optional,
    ip,
    cidr,
};

enum class error_kind : std::uint8_t {
    no_such_key,
    index_out_of_bounds,
    no_matching_overload,
    unknown_variable,
    unknown_function,
    division_by_zero,
    overflow,
    out_of_range,
    invalid_argument,
    duplicate_key,
    invalid_key_type,
    invalid_utf8,
    none_dereference,
    limit_exceeded,
};

/// Offset of a byte in the text of the expression.
using source_offset = std::uint32_t;

struct map_entry;

/// 16 bytes of an address, IPv4 in the first four; `prefix` is used by net.CIDR only.
struct network_address {
    std::uint8_t bytes[16];
    std::uint8_t family;  ///< 4 or 6
    std::uint8_t prefix;
};

class value {
public:
    constexpr value() = default;

    static constexpr value null() { return value(value_kind::null); }
    static constexpr value from_bool(bool b)
    {
        value v(value_kind::boolean);
        v.payload_.integer = b ? 1 : 0;
        return v;
    }
    static constexpr value from_int(std::int64_t i)
    {
        value v(value_kind::integer);
        v.payload_.integer = i;
        return v;
    }
    static constexpr value from_uint(std::uint64_t u)
    {
        value v(value_kind::unsigned_integer);
        v.payload_.unsigned_integer = u;
        return v;
    }
    static constexpr value from_double(double d)
    {
        value v(value_kind::floating);
        v.payload_.floating = d;
        return v;
    }
    /// `text` must be valid UTF-8 and outlive the value.
    static constexpr value from_string(std::string_view text)
    {
        return view(value_kind::string, text);
    }
    static constexpr value from_bytes(std::string_view octets)
    {
        return view(value_kind::bytes, octets);
    }
    static constexpr value from_list(std::span<const value> items)
    {
        value v(value_kind::list);
        v.payload_.items = items.data();
        v.size_ = static_cast<std::uint32_t>(items.size());
        return v;
    }
    /// Entries keep their order; of equal keys the first one is found.
    static constexpr value from_map(std::span<const map_entry> entries)
    {
        value v(value_kind::map);
        v.payload_.entries = entries.data();
        v.size_ = static_cast<std::uint32_t>(entries.size());
        return v;
    }
    /// A JSON array or object that nobody has looked into yet; decode_json() gives the real value.
    static constexpr value raw_list(std::string_view json) { return raw(value_kind::list, json); }
    static constexpr value raw_map(std::string_view json) { return raw(value_kind::map, json); }
    /// Seconds since 1970 rounded down, and 0 to 999,999,999 nanoseconds.
    static constexpr value from_timestamp(std::int64_t seconds, std::uint32_t nanoseconds)
    {
        value v(value_kind::timestamp);
        v.payload_.integer = seconds;
        v.size_ = nanoseconds;
        return v;
    }
    static constexpr value from_duration(std::int64_t nanoseconds)
    {
        value v(value_kind::duration);
        v.payload_.integer = nanoseconds;
        return v;
    }
    static constexpr value from_type(value_kind named)
    {
        value v(value_kind::type);
        v.detail_ = static_cast<std::uint8_t>(named);
        return v;
    }
    static constexpr value none() { return value(value_kind::optional); }
    /// An optional that holds `*inner`, which must outlive it.
    static constexpr value some(const value* inner)
    {
        value v(value_kind::optional);
        v.payload_.items = inner;
        return v;
    }
    static constexpr value from_ip(const network_address* address)
    {
        value v(value_kind::ip);
        v.payload_.address = address;
        return v;
    }
    static constexpr value from_cidr(const network_address* address)
    {
        value v(value_kind::cidr);
        v.payload_.address = address;
        return v;
    }
    /// `text` must be static.
    static constexpr value error(error_kind kind, const char* text)
    {
        value v(value_kind::error);
        v.detail_ = static_cast<std::uint8_t>(kind);
        v.payload_.text = text;
        return v;
    }
    /// An error caused by the shape of the event.
    static constexpr value absent_error(error_kind kind, const char* text)
    {
        auto v = error(kind, text);
        v.extra_ = absent_bit;
        return v;
    }
    /// What a path slot answers when the path ends early: `steps_found` steps were there; the next
    /// one is missing from an object, or (`on_scalar`) the value reached is null, a scalar or a
    /// list.
    static constexpr value absent_path(std::uint32_t steps_found, bool on_scalar)
    {
        auto v =
            error(error_kind::no_such_key, on_scalar ? "the value has no fields" : "no such key");
        v.extra_ = static_cast<std::uint16_t>(absent_bit | path_bit | (on_scalar ? scalar_bit : 0) |
                                              (steps_found & depth_mask));
        return v;
    }

    [[nodiscard]] constexpr value_kind kind() const { return kind_; }
    [[nodiscard]] constexpr bool is(value_kind k) const { return kind_ == k; }
    [[nodiscard]] constexpr bool is_error() const { return kind_ == value_kind::error; }
    [[nodiscard]] constexpr bool is_null() const { return kind_ == value_kind::null; }
    [[nodiscard]] constexpr bool is_true() const
    {
        return is(value_kind::boolean) && payload_.integer != 0;
    }
    [[nodiscard]] constexpr bool is_false() const
    {
        return is(value_kind::boolean) && payload_.integer == 0;
    }
    [[nodiscard]] constexpr bool is_number() const
    {
        return kind_ >= value_kind::integer && kind_ <= value_kind::floating;
    }
    [[nodiscard]] constexpr bool is_none() const
    {
        return is(value_kind::optional) && payload_.items == nullptr;
    }

    // Accessors: the caller has tested kind().
    [[nodiscard]] constexpr bool as_bool() const { return payload_.integer != 0; }
    [[nodiscard]] constexpr std::int64_t as_int() const { return payload_.integer; }
    [[nodiscard]] constexpr std::uint64_t as_uint() const { return payload_.unsigned_integer; }
    [[nodiscard]] constexpr double as_double() const { return payload_.floating; }
    /// string, bytes, and the JSON of a raw list or map.
    [[nodiscard]] constexpr std::string_view text() const { return {payload_.text, size_}; }
    [[nodiscard]] constexpr bool is_raw() const
    {
        return detail_ == raw_detail && (is(value_kind::list) || is(value_kind::map));
    }
    [[nodiscard]] constexpr std::span<const value> items() const { return {payload_.items, size_}; }
    [[nodiscard]] inline std::span<const map_entry> entries() const;
    [[nodiscard]] constexpr std::int64_t seconds() const { return payload_.integer; }
    [[nodiscard]] constexpr std::uint32_t nanoseconds() const { return size_; }
    [[nodiscard]] constexpr std::int64_t duration_nanoseconds() const { return payload_.integer; }
    [[nodiscard]] constexpr value_kind named_type() const
    {
        return static_cast<value_kind>(detail_);
    }
    [[nodiscard]] constexpr const value& inner() const { return *payload_.items; }
    [[nodiscard]] constexpr const network_address& address() const { return *payload_.address; }

    // Errors. The position counts once somebody has set it with at().
    [[nodiscard]] constexpr error_kind error_code() const
    {
        return static_cast<error_kind>(detail_);
    }
    [[nodiscard]] constexpr const char* error_text() const { return payload_.text; }
    [[nodiscard]] constexpr source_offset error_position() const
    {
        return size_ == 0 ? 0 : size_ - 1;
    }
    [[nodiscard]] constexpr bool is_absent() const
    {
        return is_error() && (extra_ & absent_bit) != 0;
    }
    [[nodiscard]] constexpr bool is_absent_path() const
    {
        return is_error() && (extra_ & path_bit) != 0;
    }
    [[nodiscard]] constexpr bool absent_on_scalar() const { return (extra_ & scalar_bit) != 0; }
    [[nodiscard]] constexpr std::uint32_t absent_steps_found() const { return extra_ & depth_mask; }
    /// The same error at a place; an error that has one already keeps it.
    [[nodiscard]] constexpr value at(source_offset where) const
    {
        auto v = *this;
        if (v.size_ == 0) v.size_ = where + 1;
        return v;
    }
    /// The same error at another place: where a variable is used, not where it was computed.
    [[nodiscard]] constexpr value moved_to(source_offset where) const
    {
        auto v = *this;
        v.size_ = where + 1;
        return v;
    }
    [[nodiscard]] constexpr value as_absent() const
    {
        auto v = *this;
        v.extra_ = static_cast<std::uint16_t>(v.extra_ | absent_bit);
        return v;
    }

private:
    static constexpr std::uint16_t absent_bit = 0x8000, scalar_bit = 0x4000, path_bit = 0x2000;
    static constexpr std::uint16_t depth_mask = 0x0fff;
    static constexpr std::uint8_t raw_detail = 1;

    constexpr explicit value(value_kind kind) : kind_(kind) {}
    static constexpr value view(value_kind kind, std::string_view text)
    {
        value v(kind);
        v.payload_.text = text.data();
        v.size_ = static_cast<std::uint32_t>(text.size());
        return v;
    }
    static constexpr value raw(value_kind kind, std::string_view json)
    {
        auto v = view(kind, json);
        v.detail_ = raw_detail;
        return v;
    }

    union payload {
        std::int64_t integer = 0;
        std::uint64_t unsigned_integer;
        double floating;
        const char* text;
        const value* items;
        const map_entry* entries;
        const network_address* address;
    } payload_{};
    std::uint32_t size_ = 0;
    std::uint16_t extra_ = 0;
    value_kind kind_ = value_kind::any;
    std::uint8_t detail_ = 0;
};

struct map_entry {
    value key;
    value item;
};

inline std::span<const map_entry> value::entries() const
{
    return {payload_.entries, size_};
}

static_assert(sizeof(value) == 16 && std::is_trivially_copyable_v<value>);

/// `int`, `google.protobuf.Timestamp`, …: the name that `type(x)` prints.
[[nodiscard]] std::string_view type_name(value_kind kind);
/// The reverse, for type identifiers in expressions; `any` when the name is no type.
[[nodiscard]] value_kind type_named(std::string_view name);
[[nodiscard]] std::string_view error_kind_name(error_kind kind);

}  // namespace sluice::rules::expression
