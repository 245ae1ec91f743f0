#include "config/schema/reference.hpp"

#include <algorithm>

#include "config/schema/declarations.hpp"

namespace sluice::config {
namespace {

constexpr const char* introduction =
    "# Configuration reference\n\n"
    "One or several YAML files or folders. Texts may hold `${env:NAME}` and `${file:PATH}`; `$${` "
    "stands for\n"
    "`${`. Durations are written as `500ms`, `10s`, `5m`, `1h`, `7d`, sizes as `4096`, `64KiB`, "
    "`10MB`.\n"
    "Unknown keys are errors. Names of datasets, destinations and the like have up to 100 letters, "
    "digits,\n"
    "`_`, `-` and `.`.\n";

/// A cell must neither end its column nor its row.
std::string cell(std::string text)
{
    for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
        text.insert(at, "\\");
    }
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

std::string describe_type(const value_shape& shape)
{
    if (shape.kind == value_kind::list) return "list of: " + describe(*shape.element);
    if (shape.kind == value_kind::map && shape.element->kind != value_kind::object) {
        return "name: " + describe(*shape.element);
    }
    if (shape.kind == value_kind::secret) return "secret text";
    return describe(shape);
}

/// The object behind a field: its own, or that of the elements of a list or map.
const object_shape* inner_object(const value_shape& shape)
{
    return shape.element ? inner_object(*shape.element) : shape.object;
}

std::string inner_path(const std::string& path, const field_shape& field)
{
    std::string inner = path.empty() ? field.name : path + '.' + field.name;
    if (field.shape.kind == value_kind::map) inner += ".NAME";
    if (field.shape.kind == value_kind::list) inner += "[]";
    return inner;
}

void write_object(std::string& out, const std::string& path, const object_shape& shape,
                  const void* defaults);

/// First the table of plain keys, then one part for each nested object.
void write_table(std::string& out, const object_shape& shape, const void* defaults)
{
    bool has_header = false;
    for (const auto& field : shape.fields) {
        if (inner_object(field.shape) != nullptr || field.shape.kind == value_kind::rules ||
            field.shape.kind == value_kind::reserved) {
            continue;
        }
        if (!has_header)
            out += "\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n";
        has_header = true;
        std::string standard = field.required ? "required" : field.print(defaults, field.shape);
        if (!standard.empty() && !field.required) standard = '`' + standard + '`';
        std::string help = field.help;
        if (!field.example.empty()) help += "; example: `" + field.example + '`';
        out += fmt::format("| `{}` | {} | {} | {} |\n", field.name,
                           cell(describe_type(field.shape)), cell(standard), cell(help));
    }
}

void write_object(std::string& out, const std::string& path, const object_shape& shape,
                  const void* defaults)
{
    write_table(out, shape, defaults);
    for (const auto& field : shape.fields) {
        const std::string inner = inner_path(path, field);
        const object_shape* object = inner_object(field.shape);
        const bool is_section = path.empty();
        if (object == nullptr && !is_section) continue;
        out += fmt::format("\n{} `{}`\n\n{}.\n", is_section ? "##" : "###", inner, field.help);
        if (object == nullptr) continue;
        const void* inner_defaults =
            field.address ? field.address(defaults) : object->defaults.get();
        write_object(out, inner, *object, inner_defaults);
    }
}

}  // namespace

std::string config_reference()
{
    std::string text = introduction;
    const object_shape& root = schema_of<settings>();
    write_object(text, "", root, root.defaults.get());
    return text;
}

}  // namespace sluice::config
