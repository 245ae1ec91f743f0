#pragma once
// Declares settings: `object_schema<listener_settings>("listener").field("port",
// &listener_settings::port,
// {.help = "…", .min = 1, .max = 65535})`. Name, type, default (the member's own), range, unit and
// help stand once; binding, JSON Schema and reference follow from it. Built once, immutable
// afterwards.

#include <fmt/format.h>

#include <chrono>
#include <concepts>
#include <limits>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "config/schema/binding.hpp"
#include "config/schema/shape.hpp"
#include "config/schema/units.hpp"

namespace sluice::config {

/// The declaration of a struct; specialised where its fields are declared (settings_*.cpp).
template <class T>
const object_shape& schema_of();

/// The names of an enum's values in their order; specialised in schema/declarations.hpp.
template <class E>
const std::vector<std::string_view>& choices_of();

namespace detail {

template <class T>
struct unwrap {
    static constexpr bool is_optional = false, is_list = false, is_map = false;
    using element = T;
};
template <class T>
struct unwrap<std::optional<T>> : unwrap<void> {
    static constexpr bool is_optional = true;
    using element = T;
};
template <class T>
struct unwrap<std::vector<T>> : unwrap<void> {
    static constexpr bool is_list = true;
    using element = T;
};
template <class T>
struct unwrap<std::map<std::string, T>> : unwrap<void> {
    static constexpr bool is_map = true;
    using element = T;
};

template <class T>
constexpr bool is_object =
    std::is_class_v<T> && !unwrap<T>::is_optional && !unwrap<T>::is_list && !unwrap<T>::is_map &&
    !std::same_as<T, std::string> && !std::same_as<T, secret_string> &&
    !std::same_as<T, std::chrono::milliseconds>;

}  // namespace detail

/// Type plus options to shape.
template <class T>
value_shape shape_of(const field_options& options)
{
    using traits = detail::unwrap<T>;
    value_shape shape;
    if constexpr (traits::is_optional) {
        shape = shape_of<typename traits::element>(options);
        shape.is_optional = true;
        return shape;
    } else if constexpr (traits::is_list || traits::is_map) {
        shape.kind = traits::is_list ? value_kind::list : value_kind::map;
        shape.element =
            std::make_shared<const value_shape>(shape_of<typename traits::element>(options));
        return shape;
    }
    shape.min = options.min;
    shape.max = options.max;
    shape.plain_secret = options.plain_secret;
    if constexpr (std::same_as<T, bool>) {
        shape.kind = value_kind::boolean;
    } else if constexpr (std::is_enum_v<T>) {
        shape.kind = value_kind::choice;
        shape.names = choices_of<T>();
    } else if constexpr (std::unsigned_integral<T>) {
        shape.kind = options.is_bytes ? value_kind::bytes : value_kind::integer;
        if (!shape.max && sizeof(T) < 8) shape.max = std::numeric_limits<T>::max();
        if (!shape.min && shape.max) shape.min = 0;
    } else if constexpr (std::same_as<T, double>) {
        shape.kind = value_kind::number;
    } else if constexpr (std::same_as<T, std::chrono::milliseconds>) {
        shape.kind = value_kind::duration;
    } else if constexpr (std::same_as<T, secret_string>) {
        shape.kind = value_kind::secret;
    } else if constexpr (std::same_as<T, std::string>) {
        shape.kind = options.one_of.empty() ? value_kind::text : value_kind::choice;
        shape.names = options.one_of;
    } else {
        shape.kind = value_kind::object;
        shape.object = &schema_of<T>();
    }
    return shape;
}

/// Reads one value; `into` keeps its default after a reported problem.
template <class T>
void read_value(binding& in, const node& value, const value_shape& shape, T& into)
{
    using traits = detail::unwrap<T>;
    const auto assign = [&into](auto&& read) {
        if (read) into = static_cast<T>(std::move(*read));
    };
    if constexpr (traits::is_optional) {
        if (value.is_null()) return;
        typename traits::element element{};
        read_value(in, value, shape, element);
        into = std::move(element);
    } else if constexpr (traits::is_list) {
        const binding::step secret(in, "", shape.element->kind == value_kind::secret);
        if (!in.expect_list(value, shape)) return;
        into.clear();
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            const binding::step inside(in, fmt::format("[{}]", i));
            typename traits::element element{};
            read_value(in, value.items[i], *shape.element, element);
            into.push_back(std::move(element));
        }
    } else if constexpr (traits::is_map) {
        if (!in.expect_map(value, shape)) return;
        for (const auto& [key, member] : value.members) {
            if (shape.element->kind == value_kind::object) in.check_name(key);
            const binding::step inside(in, key.text, shape.element->kind == value_kind::secret);
            read_value(in, member, *shape.element, into[key.text]);
        }
    } else if constexpr (std::same_as<T, bool>) {
        assign(in.read_boolean(value, shape));
    } else if constexpr (std::is_enum_v<T>) {
        assign(in.read_choice(value, shape));
    } else if constexpr (std::unsigned_integral<T>) {
        assign(in.read_integer(value, shape));
    } else if constexpr (std::same_as<T, double>) {
        assign(in.read_number(value, shape));
    } else if constexpr (std::same_as<T, std::chrono::milliseconds>) {
        assign(in.read_duration(value, shape));
    } else if constexpr (std::same_as<T, secret_string>) {
        assign(in.read_secret(value, shape));
    } else if constexpr (std::same_as<T, std::string>) {
        if (shape.kind == value_kind::choice) {
            if (const auto index = in.read_choice(value, shape)) into = shape.names[*index];
        } else {
            assign(in.read_text(value, shape));
        }
    } else {
        in.read_object(value, schema_of<T>(), &into);
    }
}

/// A default as it would be written in YAML; empty when there is none.
template <class T>
std::string print_value(const T& value, const value_shape& shape)
{
    using traits = detail::unwrap<T>;
    if constexpr (traits::is_optional) {
        return value ? print_value(*value, shape) : std::string();
    } else if constexpr (traits::is_list) {
        std::string text;
        for (const auto& element : value) {
            text += (text.empty() ? "" : ", ") + print_value(element, *shape.element);
        }
        return "[" + text + "]";
    } else if constexpr (traits::is_map) {
        return "{}";
    } else if constexpr (std::same_as<T, bool>) {
        return value ? "true" : "false";
    } else if constexpr (std::is_enum_v<T>) {
        return std::string(shape.names[static_cast<std::size_t>(value)]);
    } else if constexpr (std::unsigned_integral<T>) {
        return shape.kind == value_kind::bytes ? format_bytes(value) : fmt::format("{}", value);
    } else if constexpr (std::same_as<T, double>) {
        return fmt::format("{}", value);
    } else if constexpr (std::same_as<T, std::chrono::milliseconds>) {
        return format_duration(value);
    } else if constexpr (std::same_as<T, std::string>) {
        return value;
    } else {
        return {};
    }
}

/// Collects the declaration of T. A field is a member pointer or any other accessor that
/// `std::invoke` takes.
template <class T>
class object_schema {
public:
    explicit object_schema(std::string name)
    {
        shape_.name = std::move(name);
        shape_.defaults = std::make_shared<const T>();
    }

    template <class Accessor>
    object_schema&& field(std::string name, Accessor accessor, const field_options& options) &&
    {
        using member = std::remove_cvref_t<std::invoke_result_t<Accessor, T&>>;
        field_shape added;
        added.name = std::move(name);
        added.shape = shape_of<member>(options);
        added.help = options.help;
        added.example = options.example;
        added.required = options.required;
        added.read = [accessor](binding& in, const node& value, const value_shape& shape,
                                void* object) {
            read_value(in, value, shape, std::invoke(accessor, *static_cast<T*>(object)));
        };
        added.print = [accessor](const void* object, const value_shape& shape) {
            return print_value<member>(std::invoke(accessor, *static_cast<const T*>(object)),
                                       shape);
        };
        if constexpr (detail::is_object<member>) {
            added.address = [accessor](const void* object) -> const void* {
                return &std::invoke(accessor, *static_cast<const T*>(object));
            };
        }
        shape_.fields.push_back(std::move(added));
        return std::move(*this);
    }

    object_schema&& custom_field(field_shape added) &&
    {
        shape_.fields.push_back(std::move(added));
        return std::move(*this);
    }

    /// `check(binding&, const node& object, const T&)`
    template <class Check>
    object_schema&& check(Check together) &&
    {
        shape_.check = [together](binding& in, const node& value, const void* object) {
            together(in, value, *static_cast<const T*>(object));
        };
        return std::move(*this);
    }

    [[nodiscard]] object_shape build() && { return std::move(shape_); }

private:
    object_shape shape_;
};

}  // namespace sluice::config
