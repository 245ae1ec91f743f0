#pragma once
// The values behind a predicate's answer, in words: what explain shows beside it. Works in the
// scratch of one explanation; slow, for people.

#include "rules/explain.hpp"

namespace sluice::rules {

class seen_values {
public:
    seen_values(const compiled_program& program, rule_scratch& scratch)
        : program_(program), scratch_(scratch)
    {
    }

    /// Fills `seen`, `cause` and `values` of a predicate that gave `answer` for the current event.
    void look_at(const predicate& asked, const expression::value& answer,
                 explained_predicate& into) const;

private:
    [[nodiscard]] std::string words_of(const predicate& asked,
                                       const expression::value& answer) const;
    [[nodiscard]] std::string operand_text(const predicate& asked,
                                           const expression::node& operand) const;
    [[nodiscard]] std::string absent_words(const expression::compiled_expression& code,
                                           const expression::value& error) const;
    [[nodiscard]] std::string defaulted(const predicate& asked) const;
    [[nodiscard]] std::string list_of(const std::vector<seen_value>& values) const;
    void read(const expression::compiled_expression& code, std::vector<seen_value>& into) const;
    void read_params(const expression::node& at, std::vector<seen_value>& into) const;
    [[nodiscard]] expression::value readable(const expression::value& shown) const;

    const compiled_program& program_;
    rule_scratch& scratch_;
};

}  // namespace sluice::rules
