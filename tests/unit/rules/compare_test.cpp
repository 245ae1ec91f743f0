#include "rules/conditions/compare.hpp"

#include <gtest/gtest.h>

#include "rules/expression/json_reader.hpp"

namespace sluice::rules {
namespace {

struct comparison_case {
    const char* left;
    const char* op;
    const char* right;
    bool holds;
};

class Compare : public ::testing::TestWithParam<comparison_case> {};

bool holds(const comparison_case& tested, bool ignore_case = false)
{
    event_arena arena;
    const auto left = expression::read_json(tested.left, arena).value_or(expression::value::null());
    const auto right =
        expression::read_json(tested.right, arena).value_or(expression::value::null());
    comparison compared(*compare_operator_named(tested.op), ignore_case);
    if (compared.needs_pattern()) {
        EXPECT_EQ(compared.set_pattern(right.text()), std::nullopt);
    }
    return compared.holds(left, right);
}

TEST_P(Compare, FollowsTheTruthTableOfJavaScript)
{
    const auto& tested = GetParam();
    EXPECT_EQ(holds(tested), tested.holds)
        << tested.left << ' ' << tested.op << ' ' << tested.right;
}

INSTANTIATE_TEST_SUITE_P(Equality, Compare,
                         ::testing::Values(comparison_case{"5", "equals", "\"5\"", true},
                                           comparison_case{"0", "equals", "\"\"", true},
                                           comparison_case{"false", "equals", "\"\"", true},
                                           comparison_case{"true", "equals", "\"1\"", true},
                                           comparison_case{"true", "equals", "1", true},
                                           comparison_case{"false", "equals", "\"0\"", true},
                                           comparison_case{"\" 5 \"", "equals", "5", true},
                                           comparison_case{"null", "equals", "null", true},
                                           comparison_case{"[1]", "equals", "\"1\"", true},
                                           comparison_case{"[1,2]", "equals", "\"1,2\"", true},
                                           comparison_case{"{}", "equals", "\"[object Object]\"",
                                                           true},
                                           comparison_case{"null", "equals", "\"\"", false},
                                           comparison_case{"null", "equals", "0", false},
                                           comparison_case{"true", "equals", "\"true\"", false},
                                           comparison_case{"5", "doesNotEqual", "\"6\"", true}));

INSTANTIATE_TEST_SUITE_P(
    Texts, Compare,
    ::testing::Values(comparison_case{"12345", "contains", "\"34\"", true},
                      comparison_case{"1.50", "startsWith", "\"1.5\"", true},
                      comparison_case{"1e21", "contains", "\"e+\"", true},
                      comparison_case{"null", "doesNotContain", "\"a\"", true},
                      comparison_case{"[\"a\"]", "doesNotContain", "\"a\"", true},
                      comparison_case{"true", "contains", "\"ru\"", false},
                      comparison_case{"[\"a\"]", "contains", "\"a\"", false},
                      comparison_case{"\"a\"", "endsWith", "\"xxa\"", false},
                      comparison_case{"\"xaby\"", "matchesRegex", "\"ab\"", true},
                      comparison_case{"null", "matchesRegex", "\"a\"", false},
                      comparison_case{"null", "doesNotMatchRegex", "\"x\"", true}));

INSTANTIATE_TEST_SUITE_P(Orders, Compare,
                         ::testing::Values(comparison_case{"\"\"", "lessThan", "1", true},
                                           comparison_case{"\" \"", "lessThan", "1", true},
                                           comparison_case{"\"0x10\"", "greaterThan", "15", true},
                                           comparison_case{"\"1e3\"", "greaterThan", "999", true},
                                           comparison_case{"\"12px\"", "lessThan", "13", false},
                                           comparison_case{"null", "lessThan", "1", false},
                                           comparison_case{"true", "lessThan", "2", false},
                                           comparison_case{"\"10\"", "lessThan", "\"9\"", false},
                                           comparison_case{"3", "lessThanOrEqual", "3", true},
                                           comparison_case{"3", "greaterThanOrEqual", "3.5",
                                                           false}));

INSTANTIATE_TEST_SUITE_P(Truth, Compare,
                         ::testing::Values(comparison_case{"\"false\"", "isTruthy", "null", true},
                                           comparison_case{"[]", "isTruthy", "null", true},
                                           comparison_case{"\"\"", "isFalsy", "null", true},
                                           comparison_case{"0", "isFalsy", "null", true},
                                           comparison_case{"\"true\"", "isTrue", "null", false},
                                           comparison_case{"null", "isFalse", "null", false},
                                           comparison_case{"\"0\"", "isFalsy", "null", false},
                                           comparison_case{"false", "isFalse", "null", true}));

TEST(CompareIgnoringCase, LowersTextsOnly)
{
    EXPECT_TRUE(holds({"\"GoogleBOT\"", "contains", "\"bot\"", true}, true));
    EXPECT_TRUE(holds({"\"ÀB\"", "equals", "\"àb\"", true}, true));
    EXPECT_TRUE(holds({"\"XAB\"", "matchesRegex", "\"ab$\"", true}, true));
    EXPECT_FALSE(holds({"\"GoogleBOT\"", "contains", "\"bot\"", true}, false));
}

TEST(ComparePattern, SaysWhatIsWrongWithABadPattern)
{
    comparison compared(compare_operator::matches_regex, false);
    EXPECT_TRUE(compared.set_pattern("(").has_value());
}

}  // namespace
}  // namespace sluice::rules
