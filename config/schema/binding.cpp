#include "config/schema/binding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "config/schema/units.hpp"

namespace sluice::config {
namespace {

/// What stands there, for `found …`; long texts are cut.
std::string describe_found(const node& value)
{
    switch (value.kind) {
        case node_kind::null:
            return "nothing";
        case node_kind::list:
            return "a list";
        case node_kind::map:
            return "a map";
        case node_kind::scalar:
            break;
    }
    std::string text = value.text.substr(0, 40);
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    if (value.text.size() > 40) text += "…";
    return fmt::format("{}'{}'", value.is_quoted ? "the text " : "", text);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text)
{
    Number number{};
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

/// `10_000` and `1e6` are not numbers here, `-1` is one (and then out of range).
bool is_negative_number(std::string_view text)
{
    return text.size() > 1 && text[0] == '-' &&
           std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string type_hint(const node& value, const value_shape& shape)
{
    if (value.is_null()) return "give it a value or remove the key";
    if (!value.is_scalar()) return {};
    if (shape.kind == value_kind::boolean) return "write true or false, without quotes";
    if (shape.kind == value_kind::duration && parse_number<std::uint64_t>(value.text)) {
        return fmt::format("add the unit, for example {0}ms or {0}s", value.text);
    }
    if (value.is_quoted && value.text.find_first_not_of("0123456789") == std::string::npos) {
        return "remove the quotes";
    }
    return {};
}

}  // namespace

binding::step::step(binding& in, std::string name, bool is_secret)
    : in_(in), was_secret_(in.is_secret_)
{
    in_.path_.push_back(std::move(name));
    in_.is_secret_ = in_.is_secret_ || is_secret;
}

binding::step::~step()
{
    in_.path_.pop_back();
    in_.is_secret_ = was_secret_;
}

std::string binding::path() const
{
    std::string text;
    for (const auto& name : path_) {
        if (name.empty()) continue;  // a step that only marks what is inside as secret
        if (!text.empty() && !name.starts_with('[')) text += '.';
        text += name;
    }
    return text;
}

void binding::error(const source_location& where, const std::string& message, std::string hint)
{
    const std::string at = path();
    problems_.add({severity::error, where, at.empty() ? message : at + ' ' + message,
                   std::move(hint), is_secret_});
}

void binding::error_at(const node& object, std::string_view key, const std::string& message,
                       std::string hint)
{
    const step inside(*this, std::string(key));
    const node* value = object.find(key);
    error(value != nullptr ? value->where : object.where, message, std::move(hint));
}

void binding::read_object(const node& value, const object_shape& shape, void* into)
{
    if (!value.is_map() && !value.is_null()) {
        error(value.where, fmt::format("has to be a map, found {}", describe_found(value)),
              shape.fields.empty() ? std::string()
                                   : fmt::format("its keys are {} and others, see the reference",
                                                 shape.fields.front().name));
        return;
    }
    for (const auto& [key, member] : value.members) {
        const auto field =
            std::find_if(shape.fields.begin(), shape.fields.end(),
                         [&name = key.text](const auto& f) { return f.name == name; });
        if (field == shape.fields.end()) {
            unknown_key(key, shape);
            continue;
        }
        const step inside(*this, field->name, field->shape.kind == value_kind::secret);
        field->read(*this, member, field->shape, into);
    }
    for (const auto& field : shape.fields) {
        if (!field.required || value.find(field.name) != nullptr) continue;
        error(value.where, fmt::format("needs the key '{}'", field.name), field.help);
    }
    if (shape.check) shape.check(*this, value, into);
}

void binding::unknown_key(const node& key, const object_shape& shape)
{
    std::vector<std::string_view> names;
    std::string all;
    for (const auto& field : shape.fields) {
        names.push_back(field.name);
        all += (all.empty() ? "" : ", ") + field.name;
    }
    const std::string_view near = nearest_name(key.text, names);
    const std::string at = path();
    problems_.error(key.where,
                    at.empty() ? fmt::format("unknown section '{}'", key.text)
                               : fmt::format("unknown key '{}' in {}", key.text, at),
                    near.empty() ? "known are " + all : fmt::format("did you mean '{}'?", near));
}

void binding::check_name(const node& key)
{
    const std::string& name = key.text;
    const auto is_plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    const bool is_good = !name.empty() && name.size() <= 100 && is_plain(name[0]) &&
                         std::all_of(name.begin(), name.end(), [&](char c) {
                             return is_plain(c) || c == '_' || c == '-' || c == '.';
                         });
    if (is_good) return;
    error(key.where, fmt::format("can't contain the name '{}'", name.substr(0, 100)),
          "use up to 100 letters, digits, '_', '-' and '.', and begin with a letter or digit");
}

void binding::wrong_type(const node& value, const value_shape& shape)
{
    const std::string found =
        is_secret_ && value.is_scalar() ? "another text" : describe_found(value);
    error(value.where, fmt::format("has to be {}, found {}", describe(shape), found),
          type_hint(value, shape));
}

std::optional<binding::resolved_text> binding::scalar(const node& value, const value_shape& shape)
{
    if (value.is_scalar()) return resolve(value);
    wrong_type(value, shape);
    return std::nullopt;
}

std::optional<std::string> binding::bare_scalar(const node& value, const value_shape& shape)
{
    auto resolved = scalar(value, shape);
    if (!resolved) return std::nullopt;
    if (value.is_quoted && !resolved->has_reference) {
        wrong_type(value, shape);
        return std::nullopt;
    }
    return std::move(resolved->text);
}

bool binding::check_range(const node& value, const value_shape& shape, double number)
{
    const bool is_inside =
        (!shape.min || number >= *shape.min) && (!shape.max || number <= *shape.max);
    if (!is_inside) {
        error(value.where, fmt::format("is {}, allowed is {}", value.text, describe_range(shape)));
    }
    return is_inside;
}

std::optional<bool> binding::read_boolean(const node& value, const value_shape& shape)
{
    const auto text = bare_scalar(value, shape);
    if (!text) return std::nullopt;
    if (*text == "true" || *text == "True" || *text == "TRUE") return true;
    if (*text == "false" || *text == "False" || *text == "FALSE") return false;
    wrong_type(value, shape);
    return std::nullopt;
}

std::optional<std::uint64_t> binding::read_integer(const node& value, const value_shape& shape)
{
    const bool is_bytes = shape.kind == value_kind::bytes;
    const auto text = is_bytes ? read_text(value, shape) : bare_scalar(value, shape);
    if (!text) return std::nullopt;
    const auto number = is_bytes ? parse_bytes(*text) : parse_number<std::uint64_t>(*text);
    if (number) {
        if (!check_range(value, shape, static_cast<double>(*number))) return std::nullopt;
        return number;
    }
    if (is_negative_number(*text)) {
        error(value.where, fmt::format("is {}, allowed is {}", value.text,
                                       shape.min ? describe_range(shape) : "at least 0"));
    } else {
        wrong_type(value, shape);
    }
    return std::nullopt;
}

std::optional<double> binding::read_number(const node& value, const value_shape& shape)
{
    const auto text = bare_scalar(value, shape);
    if (!text) return std::nullopt;
    const auto number = parse_number<double>(*text);
    if (!number || !std::isfinite(*number)) {
        wrong_type(value, shape);
        return std::nullopt;
    }
    if (!check_range(value, shape, *number)) return std::nullopt;
    return number;
}

std::optional<std::string> binding::read_text(const node& value, const value_shape& shape)
{
    auto resolved = scalar(value, shape);
    if (!resolved) return std::nullopt;
    return std::move(resolved->text);
}

std::optional<std::chrono::milliseconds> binding::read_duration(const node& value,
                                                                const value_shape& shape)
{
    const auto text = read_text(value, shape);
    if (!text) return std::nullopt;
    const auto duration = parse_duration(*text);
    if (!duration) {
        wrong_type(value, shape);
        return std::nullopt;
    }
    if (!check_range(value, shape, static_cast<double>(duration->count()))) return std::nullopt;
    return duration;
}

std::optional<std::size_t> binding::read_choice(const node& value, const value_shape& shape)
{
    const auto text = read_text(value, shape);
    if (!text) return std::nullopt;
    const auto found = std::find(shape.names.begin(), shape.names.end(), *text);
    if (found != shape.names.end()) {
        return static_cast<std::size_t>(found - shape.names.begin());
    }
    const std::string_view near = nearest_name(*text, shape.names);
    error(value.where,
          fmt::format("has to be {}, found {}", describe(shape), describe_found(value)),
          near.empty() ? std::string() : fmt::format("did you mean '{}'?", near));
    return std::nullopt;
}

std::optional<secret_string> binding::read_secret(const node& value, const value_shape& shape)
{
    auto resolved = scalar(value, shape);
    if (!resolved) return std::nullopt;
    if (resolved->text.empty() && !shape.plain_secret) {
        error(value.where, "is empty", "set the variable or file that it refers to");
        return std::nullopt;
    }
    if (!resolved->has_reference && !shape.plain_secret) {
        problems_.add({severity::warning, value.where, path() + " is a secret written in clear",
                       "put it into the environment or a file: ${env:NAME} or ${file:PATH}", true});
    }
    return secret_string(std::move(resolved->text));
}

bool binding::expect_list(const node& value, const value_shape& shape)
{
    if (value.is_list() || value.is_null()) return true;
    error(value.where,
          fmt::format("has to be a list, found {}",
                      is_secret_ ? "another value" : describe_found(value)),
          value.is_scalar() && shape.element && !is_secret_ ? fmt::format("write [{}]", value.text)
                                                            : std::string());
    return false;
}

bool binding::expect_map(const node& value, const value_shape& shape)
{
    if (value.is_map() || value.is_null()) return true;
    wrong_type(value, shape);
    return false;
}

}  // namespace sluice::config
