#include "rules/json_expression.hpp"

#include <fmt/format.h>

#include "rules/expression/json_reader.hpp"
#include "rules/expression/json_writer.hpp"

namespace sluice::rules {

namespace cel = expression;

namespace {

/// Hands the document to the expression, decoded when it is first used.
class document_variable final : public cel::variable_source {
public:
    explicit document_variable(std::string_view json) : json_(json) {}

    cel::value variable(std::uint32_t, cel::evaluation_context& context) override
    {
        if (!value_) {
            value_ = cel::read_json(json_, *context.arena)
                         .value_or(cel::value::error(cel::error_kind::invalid_argument,
                                                     "the document is not valid JSON"));
        }
        return *value_;
    }

private:
    std::string_view json_;
    std::optional<cel::value> value_;
};

}  // namespace

json_expression::json_expression(cel::compiled_expression program) : program_(std::move(program)) {}
json_expression::~json_expression() = default;

result<std::unique_ptr<json_expression>> json_expression::compile(std::string_view text,
                                                                  std::string_view variable,
                                                                  bool is_condition)
{
    cel::compile_environment environment;
    cel::declared_variable document;
    document.name = variable;
    environment.variables.push_back(std::move(document));
    if (is_condition) environment.expected = cel::value_kind::boolean;
    std::vector<cel::problem> problems;
    auto program = cel::compile(text, environment, problems);
    if (program) {
        return std::unique_ptr<json_expression>(new json_expression(std::move(*program)));
    }
    std::string message;
    for (const auto& p : problems) {
        if (p.warning) continue;
        if (!message.empty()) message += "; ";
        message += fmt::format("column {}: {}", p.position + 1, p.message);
        if (!p.hint.empty()) message += fmt::format(" ({})", p.hint);
    }
    return failure{boost::system::errc::make_error_code(boost::system::errc::invalid_argument),
                   std::move(message)};
}

cel::value json_expression::evaluate(std::string_view json)
{
    arena_.reset();
    document_variable document(json);
    cel::evaluation_context context(arena_, limits_);
    context.variables = &document;
    context.now = system_clock().wall_now();
    return program_.evaluate(context);
}

bool json_expression::holds(std::string_view json)
{
    return evaluate(json).is_true();
}

std::optional<std::string_view> json_expression::text(std::string_view json)
{
    const auto v = evaluate(json);
    if (v.is_error() || v.is_null() || v.is_none()) return std::nullopt;
    if (v.is(cel::value_kind::string)) {
        text_ = v.text();
    } else {
        text_.clear();
        if (!cel::write_json(v, text_)) return std::nullopt;
    }
    return text_;
}

}  // namespace sluice::rules
