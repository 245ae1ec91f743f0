#include "rules/expression/code/access.hpp"

#include "rules/expression/compare.hpp"
#include "rules/expression/json_reader.hpp"

namespace sluice::rules::expression {

namespace {

value no_fields()
{
    return value::absent_error(error_kind::no_such_key, "the value has no fields");
}

value missing_key()
{
    return value::absent_error(error_kind::no_such_key, "no such key");
}

// Lists by whole numbers, maps by keys; nullptr when there is no such element, `failed` for misuse.
const value* find_element(const value& container, const value& key, value& failed)
{
    if (container.is(value_kind::map)) {
        if (is_key_kind(key.kind()) || key.is(value_kind::floating))
            return find_key(container, key);
        failed = no_overload(key);
        return nullptr;
    }
    if (!container.is(value_kind::list)) {
        failed = no_fields();
        return nullptr;
    }
    if (!key.is_number()) {
        failed = no_overload(key);
        return nullptr;
    }
    const auto index = as_index(key);
    if (!index) {
        failed = value::error(error_kind::invalid_argument, "a list index must be a whole number");
        return nullptr;
    }
    if (*index < 0 || *index >= static_cast<std::int64_t>(container.items().size())) return nullptr;
    return &container.items()[static_cast<std::size_t>(*index)];
}

class constant_code final : public code {
public:
    explicit constant_code(const value& constant) : constant_(constant) {}
    value run(evaluation_context&) const override { return constant_; }

private:
    value constant_;
};

class local_code final : public code {
public:
    explicit local_code(std::uint32_t index) : index_(index) {}
    value run(evaluation_context& context) const override { return context.locals[index_]; }

private:
    std::uint32_t index_;
};

class lazy_local_code final : public code {
public:
    lazy_local_code(std::uint32_t index, const code* initializer)
        : index_(index), initializer_(initializer)
    {
    }
    value run(evaluation_context& context) const override
    {
        auto& local = context.locals[index_];
        if (local.is(value_kind::any)) local = initializer_->run(context);
        return local;
    }

private:
    std::uint32_t index_;
    const code* initializer_;
};

class variable_code final : public code {
public:
    variable_code(std::uint32_t index, source_offset position) : index_(index), position_(position)
    {
    }
    value run(evaluation_context& context) const override
    {
        if (context.variables == nullptr) {
            return value::error(error_kind::unknown_variable, "the variable has no value")
                .at(position_);
        }
        const auto v = context.variables->variable(index_, context);
        if (v.is_error()) return v.moved_to(position_);
        return v.is_raw() ? decode_json(v, *context.arena) : v;
    }

private:
    std::uint32_t index_;
    source_offset position_;
};

class select_code final : public code {
public:
    select_code(source_offset position, code_ptr container, std::string name, bool optional)
        : position_(position),
          container_(std::move(container)),
          name_(std::move(name)),
          optional_(optional)
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto container = container_->run(context);
        if (container.is_error()) return container;
        const auto made = optional_ ? select_optional(container, value::from_string(name_))
                                    : select_field(container, name_, context);
        return made.is_error() ? made.at(position_) : made;
    }

private:
    source_offset position_;
    code_ptr container_;
    std::string name_;
    bool optional_;
};

class index_code final : public code {
public:
    index_code(source_offset position, code_ptr container, code_ptr key, bool optional)
        : position_(position),
          container_(std::move(container)),
          key_(std::move(key)),
          optional_(optional)
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto container = container_->run(context);
        if (container.is_error()) return container;
        const auto key = key_->run(context);
        if (key.is_error()) return key;
        const bool optional = optional_ || container.is(value_kind::optional);
        const auto made = optional ? select_optional(container, key) : index_into(container, key);
        return made.is_error() ? made.at(position_) : made;
    }

private:
    source_offset position_;
    code_ptr container_, key_;
    bool optional_;
};

class presence_code final : public code {
public:
    presence_code(source_offset position, code_ptr container, std::string name)
        : position_(position), container_(std::move(container)), name_(std::move(name))
    {
    }
    value run(evaluation_context& context) const override
    {
        auto container = container_->run(context);
        if (container.is_error()) return container;
        if (container.is_none()) return value::from_bool(false);
        if (container.is(value_kind::optional)) container = container.inner();
        if (!container.is(value_kind::map)) return no_fields().at(position_);
        return value::from_bool(find_field(container, name_) != nullptr);
    }

private:
    source_offset position_;
    code_ptr container_;
    std::string name_;
};

class slot_code final : public code {
public:
    slot_code(source_offset position, slot_index slot) : position_(position), slot_(slot) {}
    value run(evaluation_context& context) const override
    {
        const auto& v = context.slots[slot_];
        if (v.is_error()) return v.at(position_);
        return v.is_raw() ? decode_json(v, *context.arena) : v;
    }

private:
    source_offset position_;
    slot_index slot_;
};

class optional_slot_code final : public code {
public:
    optional_slot_code(source_offset position, slot_index slot, std::uint32_t first_optional)
        : position_(position), slot_(slot), first_optional_(first_optional)
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto& v = context.slots[slot_];
        if (v.is_absent_path() && !v.absent_on_scalar() &&
            v.absent_steps_found() >= first_optional_) {
            return value::none();
        }
        if (v.is_error()) return v.at(position_);
        return build_some(context, v.is_raw() ? decode_json(v, *context.arena) : v);
    }

private:
    source_offset position_;
    slot_index slot_;
    std::uint32_t first_optional_;
};

class slot_presence_code final : public code {
public:
    slot_presence_code(source_offset position, slot_index slot, std::uint32_t steps)
        : position_(position), slot_(slot), steps_(steps)
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto& v = context.slots[slot_];
        if (!v.is_error() || !v.is_absent_path()) return value::from_bool(true);
        // Only the last step may be missing, and only from an object.
        if (v.absent_on_scalar() || v.absent_steps_found() + 1 != steps_) return v.at(position_);
        return value::from_bool(false);
    }

private:
    source_offset position_;
    slot_index slot_;
    std::uint32_t steps_;
};

}  // namespace

char* build_text(evaluation_context& context, std::size_t bytes)
{
    if (bytes > context.bounds->value_bytes_max || !context.may_build(bytes) ||
        !context.charge(static_cast<std::int64_t>(bytes))) {
        return nullptr;
    }
    return static_cast<char*>(context.arena->allocate(bytes + 1, 1));
}

value build_string(evaluation_context& context, std::string_view text)
{
    auto* copy = build_text(context, text.size());
    if (copy == nullptr) return limit_error(text_limit_text);
    text.copy(copy, text.size());
    return value::from_string({copy, text.size()});
}

bool may_build_list(evaluation_context& context, std::size_t elements)
{
    return elements <= context.bounds->value_elements_max &&
           context.may_build(elements * sizeof(value)) &&
           context.charge(100 + static_cast<std::int64_t>(elements));
}

value build_some(evaluation_context& context, const value& inner)
{
    const auto held = context.arena->allocate_array<value>(1);
    held[0] = inner;
    return value::some(held.data());
}

value select_field(const value& container, std::string_view name, evaluation_context&)
{
    if (container.is(value_kind::optional))
        return select_optional(container, value::from_string(name));
    if (!container.is(value_kind::map)) return no_fields();
    const auto* found = find_field(container, name);
    return found != nullptr ? *found : missing_key();
}

value select_optional(const value& container, const value& key)
{
    if (container.is_none()) return container;
    value failed;
    const auto* found = find_element(
        container.is(value_kind::optional) ? container.inner() : container, key, failed);
    if (failed.is_error()) return failed;
    if (found == nullptr) return value::none();
    // The element outlives the optional: both live in the arena, the constants or the event.
    return found->is_error() ? *found : value::some(found);
}

value index_into(const value& container, const value& key)
{
    value failed;
    const auto* found = find_element(container, key, failed);
    if (found != nullptr) return *found;
    if (failed.is_error()) return failed;
    if (container.is(value_kind::map)) return missing_key();
    return value::absent_error(error_kind::index_out_of_bounds, "the list index is out of bounds");
}

code_ptr make_constant(const value& constant)
{
    return std::make_unique<constant_code>(constant);
}

code_ptr make_failure(value error, source_offset position)
{
    return std::make_unique<constant_code>(error.at(position));
}

code_ptr make_local(std::uint32_t index)
{
    return std::make_unique<local_code>(index);
}

code_ptr make_lazy_local(std::uint32_t index, const code* initializer)
{
    return std::make_unique<lazy_local_code>(index, initializer);
}

code_ptr make_variable(std::uint32_t index, source_offset position)
{
    return std::make_unique<variable_code>(index, position);
}

code_ptr make_select(source_offset position, code_ptr container, std::string name, bool optional)
{
    return std::make_unique<select_code>(position, std::move(container), std::move(name), optional);
}

code_ptr make_index(source_offset position, code_ptr container, code_ptr key, bool optional)
{
    return std::make_unique<index_code>(position, std::move(container), std::move(key), optional);
}

code_ptr make_presence(source_offset position, code_ptr container, std::string name)
{
    return std::make_unique<presence_code>(position, std::move(container), std::move(name));
}

code_ptr make_slot(source_offset position, slot_index slot)
{
    return std::make_unique<slot_code>(position, slot);
}

code_ptr make_optional_slot(source_offset position, slot_index slot, std::uint32_t first_optional)
{
    return std::make_unique<optional_slot_code>(position, slot, first_optional);
}

code_ptr make_slot_presence(source_offset position, slot_index slot, std::uint32_t steps)
{
    return std::make_unique<slot_presence_code>(position, slot, steps);
}

}  // namespace sluice::rules::expression
