#include "rules/event/event_schema.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "config/yaml/yaml_reader.hpp"
#include "rules/event/shape_algebra.hpp"

namespace sluice::rules {

using expression::every_kind;
using expression::kind_mask;
using expression::mask_of;
using expression::type_shape;
using expression::value_kind;

namespace {

constexpr kind_mask whole_kinds =
    mask_of(value_kind::integer) | mask_of(value_kind::unsigned_integer);
constexpr std::array<std::pair<std::string_view, kind_mask>, 7> type_words{
    {{"string", mask_of(value_kind::string)},
     {"boolean", mask_of(value_kind::boolean)},
     {"integer", whole_kinds},
     {"number", whole_kinds | mask_of(value_kind::floating)},
     {"null", mask_of(value_kind::null)},
     {"array", mask_of(value_kind::list)},
     {"object", mask_of(value_kind::map)}}};

/// Keywords that say nothing to the checker.
constexpr std::array passed_over{
    "title",        "description",      "default",          "examples",
    "example",      "deprecated",       "readOnly",         "writeOnly",
    "format",       "pattern",          "minLength",        "maxLength",
    "minimum",      "maximum",          "exclusiveMinimum", "exclusiveMaximum",
    "multipleOf",   "minItems",         "maxItems",         "uniqueItems",
    "contains",     "minContains",      "maxContains",      "minProperties",
    "id",           "maxProperties",    "propertyNames",    "not",
    "definitions",  "contentEncoding",  "contentMediaType", "contentSchema",
    "dependencies", "dependentRequired"};
/// Keywords that may allow further members: what they stand beside becomes open.
constexpr std::array opening{"patternProperties",    "if", "then", "else", "dependentSchemas",
                             "unevaluatedProperties"};
constexpr std::array understood{"type",
                                "properties",
                                "required",
                                "additionalProperties",
                                "items",
                                "enum",
                                "const",
                                "nullable",
                                "$ref",
                                "allOf",
                                "anyOf",
                                "oneOf",
                                "prefixItems",
                                "additionalItems",
                                "unevaluatedItems"};

template <class List>
bool stands_in(const List& list, std::string_view word)
{
    return std::ranges::find(list, word) != list.end();
}

bool is_word(const config::node& scalar, std::string_view word)
{
    return scalar.is_scalar() && !scalar.is_quoted && scalar.text == word;
}

kind_mask kinds_of_value(const config::node& shown)
{
    if (shown.is_map()) return mask_of(value_kind::map);
    if (shown.is_list()) return mask_of(value_kind::list);
    if (shown.is_null() || is_word(shown, "null")) return mask_of(value_kind::null);
    if (shown.is_quoted) return mask_of(value_kind::string);
    if (shown.text == "true" || shown.text == "false") return mask_of(value_kind::boolean);
    const bool is_number = !shown.text.empty() &&
                           shown.text.find_first_not_of("+-.0123456789eE") == std::string::npos &&
                           shown.text.find_first_of("0123456789") != std::string::npos;
    return is_number ? whole_kinds | mask_of(value_kind::floating) : mask_of(value_kind::string);
}

}  // namespace

/// Reads one document; a node is read once, so that a schema may refer to itself.
class schema_reader {
public:
    schema_reader(const config::node& document, config::diagnostics& problems)
        : document_(document),
          problems_(problems),
          made_(std::make_shared<event_schema>()),
          algebra_(made_->shapes_)
    {
    }

    std::shared_ptr<const event_schema> read()
    {
        const auto before = problems_.error_count();
        made_->root_ = shape_of(document_);
        if (problems_.error_count() != before) return nullptr;
        return made_;
    }

private:
    const type_shape* shape_of(const config::node& at)
    {
        if (const auto known = known_.find(&at); known != known_.end()) return known->second;
        if (const auto* ref = at.is_map() ? at.find("$ref") : nullptr;
            ref && at.members.size() == 1) {
            return referred(*ref);
        }
        auto& shape = made_->shapes_.emplace_back();
        known_[&at] = &shape;
        unfinished_.insert(&shape);
        fill(shape, at);
        unfinished_.erase(&shape);
        return &shape;
    }

    const type_shape* referred(const config::node& ref)
    {
        const auto* target = target_of(ref);
        if (target == nullptr) return algebra_.anything();
        if (++references_ > 64) {
            if (references_ == 65) problems_.error(ref.where, "this `$ref` leads back to itself");
            return algebra_.anything();
        }
        const auto* shape = shape_of(*target);
        --references_;
        return shape;
    }

    /// The node that `#/$defs/x` names.
    const config::node* target_of(const config::node& ref)
    {
        if (!ref.is_scalar() || !ref.text.starts_with('#')) {
            problems_.warning(ref.where, "only references within the file (#/…) are followed",
                              "copy the definition into `$defs`; until then this may be anything");
            return nullptr;
        }
        const auto* at = &document_;
        std::size_t from = 1;
        while (from < ref.text.size()) {
            const auto slash = ref.text.find('/', from + 1);
            const auto name = ref.text.substr(from + 1, slash - from - 1);
            const auto* next = at->is_map() ? at->find(name) : nullptr;
            if (next == nullptr) {
                std::vector<std::string_view> names;
                for (const auto& [key, ignored] : at->members) names.emplace_back(key.text);
                const auto near = config::nearest_name(name, names);
                problems_.error(ref.where, "`$ref` names '" + ref.text + "', which is not there",
                                near.empty() ? "" : "did you mean '" + std::string(near) + "'?");
                return nullptr;
            }
            at = next;
            from = std::min(slash, ref.text.size());
        }
        return at;
    }

    void fill(type_shape& shape, const config::node& at)
    {
        if (is_word(at, "true")) return void(shape.is_open = true);
        if (is_word(at, "false")) return void(shape.is_forbidden = true);
        if (!at.is_map()) {
            problems_.error(at.where, "a schema must be an object, true or false");
            return;
        }
        check_keywords(shape, at);
        read_kinds(shape, at);
        read_members(shape, at);
        if (const auto* items = at.find("items"); items != nullptr && items->is_map()) {
            shape.element = shape_of(*items);
        }
        if (const auto* ref = at.find("$ref")) algebra_.narrow(shape, finished(referred(*ref)));
        if (const auto* parts = list_of(at, "allOf")) {
            for (const auto& part : parts->items) {
                algebra_.narrow(shape, finished(shape_of(part)));
            }
        }
        for (const auto* word : {"anyOf", "oneOf"}) {
            const auto* parts = list_of(at, word);
            if (parts == nullptr || parts->items.empty()) continue;
            std::vector<const type_shape*> choices;
            for (const auto& part : parts->items) choices.push_back(&finished(shape_of(part)));
            algebra_.narrow(shape, *algebra_.one_of(choices));
        }
        if (const auto* word = at.find("nullable"); word != nullptr && is_word(*word, "true")) {
            shape.kinds |= mask_of(value_kind::null);
        }
    }

    /// A shape that is still being read (the schema contains itself) can't be merged: anything.
    const type_shape& finished(const type_shape* shape)
    {
        return unfinished_.contains(shape) ? *algebra_.anything() : *shape;
    }

    void check_keywords(type_shape& shape, const config::node& at)
    {
        for (const auto& [key, ignored] : at.members) {
            const auto& word = key.text;
            if (stands_in(opening, word)) shape.is_open = true;
            const bool is_extension = word.starts_with('$') || word.starts_with("x-") ||
                                      word.find(':') != std::string::npos;
            if (is_extension || stands_in(opening, word) || stands_in(passed_over, word) ||
                stands_in(understood, word)) {
                continue;
            }
            std::vector<std::string_view> names(understood.begin(), understood.end());
            const auto near = config::nearest_name(word, names);
            problems_.warning(key.where,
                              "'" + word + "' is no keyword of JSON Schema; it is ignored",
                              near.empty() ? "keywords of your own begin with x-"
                                           : "did you mean '" + std::string(near) + "'?");
        }
    }

    const config::node* list_of(const config::node& at, std::string_view word)
    {
        const auto* list = at.find(word);
        if (list == nullptr || list->is_list()) return list;
        problems_.error(list->where, "`" + std::string(word) + "` must be a list of schemas");
        return nullptr;
    }

    void read_kinds(type_shape& shape, const config::node& at)
    {
        if (const auto* type = at.find("type")) {
            shape.kinds = 0;
            if (type->is_list()) {
                for (const auto& word : type->items) shape.kinds |= kinds_named(word);
            } else {
                shape.kinds = kinds_named(*type);
            }
        } else if (at.find("properties") != nullptr) {
            shape.kinds = mask_of(value_kind::map);
        } else if (at.find("items") != nullptr) {
            shape.kinds = mask_of(value_kind::list);
        }
        std::vector<const config::node*> allowed;
        if (const auto* list = list_of(at, "enum")) {
            for (const auto& item : list->items) allowed.push_back(&item);
        }
        if (const auto* one = at.find("const")) allowed.assign(1, one);
        if (allowed.empty()) return;
        kind_mask kinds = 0;
        bool is_all_text = true;
        for (const auto* item : allowed) {
            kinds |= kinds_of_value(*item);
            is_all_text = is_all_text && kinds_of_value(*item) == mask_of(value_kind::string);
            if (is_all_text) shape.texts.push_back(item->text);
        }
        if (!is_all_text) shape.texts.clear();
        shape.kinds &= kinds;
    }

    kind_mask kinds_named(const config::node& word)
    {
        std::vector<std::string_view> names;
        for (const auto& [name, kinds] : type_words) {
            if (word.is_scalar() && word.text == name) return kinds;
            names.push_back(name);
        }
        if (word.is_null()) return mask_of(value_kind::null);  // a bare null of YAML
        const auto near = config::nearest_name(word.text, names);
        problems_.error(word.where, "'" + word.text + "' is no type of JSON Schema",
                        near.empty() ? "use string, number, integer, boolean, object, array or null"
                                     : "did you mean '" + std::string(near) + "'?");
        return every_kind;
    }

    void read_members(type_shape& shape, const config::node& at)
    {
        if (const auto* members = at.find("properties")) {
            if (!members->is_map()) {
                problems_.error(members->where, "`properties` must map names to schemas");
            }
            for (const auto& [name, inner] : members->members) {
                shape.members[name.text] = shape_of(inner);
            }
        }
        if (const auto* names = list_of(at, "required")) {
            for (const auto& name : names->items) shape.required.insert(name.text);
        }
        if (const auto* other = at.find("additionalProperties")) {
            if (is_word(*other, "false")) return;
            shape.is_open = true;
            if (other->is_map()) shape.other = shape_of(*other);
        }
    }

    const config::node& document_;
    config::diagnostics& problems_;
    std::shared_ptr<event_schema> made_;
    shape_algebra algebra_;
    std::map<const config::node*, const type_shape*> known_;
    std::set<const type_shape*> unfinished_;
    int references_ = 0;
};

std::shared_ptr<const event_schema> read_event_schema(const config::node& document,
                                                      config::diagnostics& problems)
{
    return schema_reader(document, problems).read();
}

std::shared_ptr<const event_schema> read_event_schema_file(const std::string& path,
                                                           const config::source_location& from,
                                                           config::diagnostics& problems)
{
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        problems.error(from, "the schema '" + path + "' can't be read",
                       "give the path of a JSON Schema file, relative to this file");
        return nullptr;
    }
    std::string text{std::istreambuf_iterator<char>(in), {}};
    // JSON may be indented by tabs, YAML may not; a raw tab can't stand in a JSON string.
    std::ranges::replace(text, '\t', ' ');
    const auto before = problems.error_count();
    const auto document = config::read_yaml_text(text, path, problems);
    if (!document || problems.error_count() != before) {
        problems.error(from, "the schema '" + path + "' can't be used", "see its own errors");
        return nullptr;
    }
    auto made = read_event_schema(*document, problems);
    if (!made)
        problems.error(from, "the schema '" + path + "' can't be used", "see its own errors");
    return made;
}

}  // namespace sluice::rules
