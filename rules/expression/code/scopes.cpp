#include "rules/expression/code/scopes.hpp"

namespace sluice::rules::expression {

namespace {

class bind_code final : public code {
public:
    bind_code(std::uint32_t local, code_ptr initializer, code_ptr body)
        : local_(local), initializer_(std::move(initializer)), body_(std::move(body))
    {
    }
    value run(evaluation_context& context) const override
    {
        context.locals[local_] = value{};
        return body_->run(context);
    }

private:
    std::uint32_t local_;
    code_ptr initializer_;
    code_ptr body_;
};

class optional_map_code final : public code {
public:
    optional_map_code(source_offset position, std::uint32_t local, bool flat, code_ptr operand,
                      code_ptr body)
        : position_(position),
          local_(local),
          flat_(flat),
          operand_(std::move(operand)),
          body_(std::move(body))
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto held = operand_->run(context);
        if (held.is_error()) return held;
        if (!held.is(value_kind::optional)) return no_overload(held).at(position_);
        if (held.is_none()) return held;
        context.locals[local_] = held.inner();
        const auto made = body_->run(context);
        if (made.is_error()) return made;
        if (!flat_) return build_some(context, made);
        return made.is(value_kind::optional) ? made : no_overload(made).at(position_);
    }

private:
    source_offset position_;
    std::uint32_t local_;
    bool flat_;
    code_ptr operand_, body_;
};

// Null, none and errors caused by the event's shape give way to the next operand.
bool gives_way(const value& v)
{
    return v.is_null() || v.is_none() || v.is_absent();
}

value unwrapped(const value& v)
{
    return v.is(value_kind::optional) ? v.inner() : v;
}

class default_code final : public code {
public:
    default_code(code_ptr operand, code_ptr fallback)
        : operand_(std::move(operand)), fallback_(std::move(fallback))
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto v = operand_->run(context);
        return gives_way(v) ? fallback_->run(context) : unwrapped(v);
    }

private:
    code_ptr operand_, fallback_;
};

class optional_or_code final : public code {
public:
    optional_or_code(source_offset position, bool takes_value, code_ptr operand,
                     code_ptr alternative)
        : position_(position),
          takes_value_(takes_value),
          operand_(std::move(operand)),
          alternative_(std::move(alternative))
    {
    }
    value run(evaluation_context& context) const override
    {
        const auto held = operand_->run(context);
        if (held.is_error()) return held;
        if (!held.is(value_kind::optional)) return no_overload(held).at(position_);
        if (!held.is_none()) return takes_value_ ? held.inner() : held;
        const auto other = alternative_->run(context);
        if (takes_value_ || other.is_error() || other.is(value_kind::optional)) return other;
        return no_overload(other).at(position_);
    }

private:
    source_offset position_;
    bool takes_value_;
    code_ptr operand_, alternative_;
};

class coalesce_code final : public code {
public:
    explicit coalesce_code(std::vector<code_ptr> operands) : operands_(std::move(operands)) {}
    value run(evaluation_context& context) const override
    {
        for (const auto& operand : operands_) {
            const auto v = operand->run(context);
            if (!gives_way(v)) return unwrapped(v);
        }
        return value::null();
    }

private:
    std::vector<code_ptr> operands_;
};

}  // namespace

code_ptr make_bind(std::uint32_t local, code_ptr initializer, code_ptr body)
{
    return std::make_unique<bind_code>(local, std::move(initializer), std::move(body));
}

code_ptr make_optional_map(source_offset position, std::uint32_t local, bool flat, code_ptr operand,
                           code_ptr body)
{
    return std::make_unique<optional_map_code>(position, local, flat, std::move(operand),
                                               std::move(body));
}

code_ptr make_default(code_ptr operand, code_ptr fallback)
{
    return std::make_unique<default_code>(std::move(operand), std::move(fallback));
}

code_ptr make_optional_or(source_offset position, bool takes_value, code_ptr operand,
                          code_ptr alternative)
{
    return std::make_unique<optional_or_code>(position, takes_value, std::move(operand),
                                              std::move(alternative));
}

code_ptr make_coalesce(std::vector<code_ptr> operands)
{
    return std::make_unique<coalesce_code>(std::move(operands));
}

}  // namespace sluice::rules::expression
