#pragma once
// What a setting looks like: the one declaration from which reading, JSON Schema and reference are
// made. Immutable after start-up; shared by all threads.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/node.hpp"

namespace sluice::config {

class binding;
struct object_shape;

enum class value_kind : std::uint8_t {
    boolean,
    integer,
    number,
    text,
    duration,
    bytes,
    choice,  ///< one of a few names
    secret,
    list,
    map,  ///< name -> value
    object,
    rules,    ///< rule sets, passed through to rules/
    reserved  ///< a section that this version does not offer
};

/// What a declaration says beyond name and member.
struct field_options {
    std::string_view help;
    bool required = false;
    std::optional<double> min;  ///< durations in milliseconds, sizes in bytes
    std::optional<double> max;
    bool is_bytes = false;                 ///< an integer that counts bytes: `64KiB`
    std::vector<std::string_view> one_of;  ///< texts: the allowed ones
    bool plain_secret = false;             ///< secrets: no warning when written in clear
    std::string_view example;
};

struct value_shape {
    value_kind kind = value_kind::text;
    std::optional<double> min;
    std::optional<double> max;
    std::vector<std::string_view> names;  ///< choices
    bool is_optional = false;
    bool plain_secret = false;
    std::shared_ptr<const value_shape> element;  ///< of lists and maps
    const object_shape* object = nullptr;
};

/// One key of an object.
struct field_shape {
    std::string name;
    value_shape shape;
    std::string help;
    std::string example;
    bool required = false;
    std::function<void(binding&, const node&, const value_shape&, void* object)> read;
    std::function<std::string(const void* object, const value_shape&)> print;
    /// The nested object inside its owner, for defaults that depend on the owner.
    std::function<const void*(const void* object)> address;
};

struct object_shape {
    std::string name;
    std::vector<field_shape> fields;
    /// Checks that concern several fields; the node is the object's.
    std::function<void(binding&, const node&, const void* object)> check;
    std::shared_ptr<const void> defaults;  ///< a default-made object
};

/// `a whole number from 1 to 65535`, for messages and the reference.
[[nodiscard]] std::string describe(const value_shape& shape);
/// `1 to 65535`, `at least 1s`, or empty.
[[nodiscard]] std::string describe_range(const value_shape& shape);

}  // namespace sluice::config
