#include "rules/expression/code/predicates.hpp"

#include <bit>

#include "rules/expression/code/operators.hpp"
#include "rules/expression/compare.hpp"
#include "rules/expression/json_reader.hpp"

namespace sluice::rules::expression {

namespace {

// Scalars by hash, open addressing; lists, maps and the rest in a plain list.
class constant_set {
public:
    explicit constant_set(std::span<const value> items)
    {
        table_.resize(std::bit_ceil(items.size() * 2 + 2));
        for (const auto& item : items) {
            if (!is_scalar(item)) {
                others_.push_back(item);
                continue;
            }
            auto at = place(item);
            while (!table_[at].is(value_kind::any)) at = next(at);
            table_[at] = item;
        }
    }
    [[nodiscard]] bool contains(const value& wanted) const
    {
        if (is_scalar(wanted)) {
            for (auto at = place(wanted); !table_[at].is(value_kind::any); at = next(at)) {
                if (equal(table_[at], wanted)) return true;
            }
            return false;
        }
        for (const auto& other : others_) {
            if (equal(other, wanted)) return true;
        }
        return false;
    }

private:
    static bool is_scalar(const value& v)
    {
        return v.is_number() || v.is(value_kind::string) || v.is(value_kind::boolean);
    }
    [[nodiscard]] std::size_t place(const value& v) const
    {
        return (hash_of(v) * 0x9e3779b97f4a7c15ull >> 24) & (table_.size() - 1);
    }
    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (table_.size() - 1); }

    std::vector<value> table_;
    std::vector<value> others_;
};

class in_constants_code final : public code {
public:
    in_constants_code(code_ptr item, const value& constants)
        : item_(std::move(item)), set_(constants.items())
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto item = item_->run(context);
        return item.is_error() ? item : value::from_bool(set_.contains(item));
    }

private:
    code_ptr item_;
    constant_set set_;
};

// What stands in the slot, with the fallback of default(path, fallback) applied.
class predicate_base : public code {
public:
    predicate_base(const simple_predicate& predicate, source_offset position)
        : slot_(predicate.slot),
          position_(position),
          path_position_(predicate.path != nullptr ? predicate.path->position : position),
          has_fallback_(predicate.fallback.has_value()),
          fallback_(predicate.fallback.value_or(value{}))
    {
    }

protected:
    [[nodiscard]] const value& read(const evaluation_context& context) const
    {
        const auto& v = context.slots[slot_];
        return has_fallback_ && (v.is_null() || v.is_absent()) ? fallback_ : v;
    }

    slot_index slot_;
    source_offset position_, path_position_;
    bool has_fallback_;
    value fallback_;
};

class string_equal_code final : public predicate_base {
public:
    string_equal_code(const simple_predicate& predicate, source_offset position)
        : predicate_base(predicate, position),
          text_(predicate.constant.text()),
          wanted_(predicate.op == predicate_operator::equal)
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto& v = read(context);
        if (v.is(value_kind::string)) return value::from_bool((v.text() == text_) == wanted_);
        return v.is_error() ? v.at(path_position_) : value::from_bool(!wanted_);
    }

private:
    std::string_view text_;
    bool wanted_;
};

class in_set_code final : public predicate_base {
public:
    in_set_code(const simple_predicate& predicate, source_offset position)
        : predicate_base(predicate, position), set_(predicate.constant.items())
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto& v = read(context);
        if (v.is_error()) return v.at(path_position_);
        return value::from_bool(set_.contains(v.is_raw() ? decode_json(v, *context.arena) : v));
    }

private:
    constant_set set_;
};

class general_predicate_code final : public predicate_base {
public:
    general_predicate_code(const simple_predicate& predicate, source_offset position)
        : predicate_base(predicate, position), predicate_(predicate)
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto& v = context.slots[slot_];
        const auto made = apply(predicate_, v.is_raw() ? decode_json(v, *context.arena) : v);
        if (!made.is_error()) return made;
        return v.is_error() ? made.at(path_position_) : made.at(position_);
    }

private:
    simple_predicate predicate_;
};

}  // namespace

code_ptr make_predicate(const simple_predicate& predicate, source_offset position)
{
    const bool equality =
        predicate.op == predicate_operator::equal || predicate.op == predicate_operator::not_equal;
    if (equality && predicate.constant.is(value_kind::string)) {
        return std::make_unique<string_equal_code>(predicate, position);
    }
    if (predicate.op == predicate_operator::in && predicate.constant.is(value_kind::list)) {
        return std::make_unique<in_set_code>(predicate, position);
    }
    if (predicate.op == predicate_operator::matches || predicate.op == predicate_operator::is_true)
        return nullptr;
    return std::make_unique<general_predicate_code>(predicate, position);
}

code_ptr make_in_constants(code_ptr item, const value& constants)
{
    return std::make_unique<in_constants_code>(std::move(item), constants);
}

}  // namespace sluice::rules::expression
