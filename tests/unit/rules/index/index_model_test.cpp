// The index against plain evaluation: random rule sets over random events must give the same
// matches, failures and counters. About 3 s without optimisation.

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

/// Random rule sets and events over a few paths, so that everything meets everything.
class generator {
public:
    explicit generator(unsigned seed) : random_(seed) {}

    std::string rule_sets()
    {
        std::string yaml = "rules:\n";
        for (int set = 0, sets = number(1, 3); set < sets; ++set) {
            yaml += "  s" + std::to_string(set) + ":\n    source: web_events\n";
            if (number(0, 3) == 0) yaml += "    event_types: [" + event_types() + "]\n";
            yaml += group(4, 0);
        }
        return yaml;
    }

    std::string event()
    {
        std::string json = "{";
        for (const char* name : {"a", "b", "c", "d"}) {
            if (number(0, 4) == 0) continue;
            json += (json.size() > 1 ? ",\"" : "\"") + std::string{name} + "\":" + field();
        }
        if (number(0, 2) != 0) {
            const auto inside = number(0, 2) == 0 ? "{}" : "{\"v\":" + field() + "}";
            json += (json.size() > 1 ? ",\"o\":" : "\"o\":") + inside;
        }
        return json + "}";
    }

    std::string event_type() { return pick({"order", "order.paid", "cart", "view"}); }

private:
    int number(int low, int high)
    {
        return low + static_cast<int>(random_() % static_cast<unsigned>(high - low + 1));
    }
    std::string pick(std::initializer_list<const char*> from)
    {
        return from.begin()[random_() % from.size()];
    }

    std::string event_types() { return pick({"order", "order.*", "order, cart", "'*'", "view"}); }
    std::string path() { return pick({"event.a", "event.b", "event.c", "event.d", "event.o.v"}); }
    std::string text() { return pick({"'x'", "'xy'", "'xyz'", "'y'", "'yx'", "''", "'1'"}); }
    std::string count()
    {
        return pick({"0", "1", "1.0", "1u", "2", "2.5", "-1", "3", "9007199254740992",
                     "9007199254740993", "9007199254740992.0", "18446744073709551615u", "1e300"});
    }
    std::string constant()
    {
        const auto which = number(0, 9);
        if (which < 4) return text();
        return which < 8 ? count() : pick({"true", "false", "null"});
    }
    std::string field()
    {
        return pick({"\"x\"",
                     "\"xy\"",
                     "\"xyzx\"",
                     "\"\\u0078y\"",
                     "\"yx\"",
                     "\"\"",
                     "\"1\"",
                     "0",
                     "1",
                     "1.0",
                     "2",
                     "2.5",
                     "-1",
                     "9007199254740992",
                     "9007199254740993",
                     "1e300",
                     "18446744073709551615",
                     "true",
                     "false",
                     "null",
                     "[1]",
                     "{\"v\":1}"});
    }
    std::string operand()
    {
        if (number(0, 3) != 0) return path();
        return "default(" + path() + ", " + constant() + ")";
    }
    std::string list()
    {
        std::string out = "[";
        for (int i = 0, items = number(0, 4); i < items; ++i) {
            out += (i == 0 ? "" : ", ") + constant();
        }
        return out + "]";
    }

    std::string atom()
    {
        static constexpr std::initializer_list<const char*> orders = {" < ", " <= ", " > ", " >= "};
        switch (number(0, 15)) {
            case 0:
            case 1:
            case 2:
                return operand() + " == " + constant();
            case 3:
                return constant() + " == " + operand();
            case 4:
                return operand() + " != " + constant();
            case 5:
            case 6:
                return operand() + " in " + list();
            case 7:
            case 8:
                return operand() + pick(orders) + (number(0, 2) == 0 ? text() : count());
            case 9:
                return count() + pick(orders) + operand();
            case 10:
                return operand() + pick({".startsWith(", ".endsWith("}) + text() + ")";
            case 11:
                return operand() + pick({".contains(", ".matches("}) + text() + ")";
            case 12:
                return number(0, 1) == 0 ? "has(event.o.v)" : "has(event.a)";
            case 13:
                return operand();
            case 14:
                return path() + pick({" == ", " < ", " != "}) + path();
            default:
                return pick({"10 / event.a > 1", "size(event.b) > 1", "meta.type == 'order'",
                             "meta.type in ['cart', 'view']", "event.c + 1 > event.d"});
        }
    }
    std::string expression(int depth)
    {
        if (depth == 0 || number(0, 2) == 0) return atom();
        if (number(0, 5) == 0) return "!(" + expression(depth - 1) + ")";
        const std::string op = number(0, 2) == 0 ? " || " : " && ";
        std::string out = "(" + expression(depth - 1);
        for (int i = 0, more = number(1, 2); i < more; ++i) out += op + expression(depth - 1);
        return out + ")";
    }
    std::string condition()
    {
        switch (number(0, 7)) {
            case 0:
                return "{any: [\"" + expression(1) + "\", \"" + expression(1) + "\"]}";
            case 1:
                return "{none: [\"" + expression(1) + "\", {all: [\"" + expression(1) + "\", \"" +
                       expression(1) + "\"]}]}";
            case 2:
                return "{all: [\"" + expression(1) + "\", {compare: {left: " + path() +
                       ", op: " + pick({"equals", "starts-with", "less-than"}) +
                       ", right: " + pick({"x", "1", "2"}) + "}}]}";
            default:
                return "\"" + expression(2) + "\"";
        }
    }

    std::string group(std::size_t indent, int depth)
    {
        const std::string in(indent, ' ');
        std::string yaml;
        if (number(0, 1) == 0) yaml += in + "mode: first\n";
        yaml += in + "rules:\n";
        for (int i = 0, rules = number(2, depth == 0 ? 9 : 4); i < rules; ++i) {
            yaml += rule(indent + 2, depth);
        }
        if (number(0, 2) == 0) {
            yaml += in + "else: {name: r" + std::to_string(++names_) + ", to: crm}\n";
        }
        return yaml;
    }
    std::string rule(std::size_t indent, int depth)
    {
        const std::string in(indent, ' ');
        const bool is_simple = number(0, 3) == 0;
        std::string yaml =
            in + "- name: " + (is_simple ? "simple" : "r") + std::to_string(++names_) + "\n";
        if (is_simple) {
            yaml += in + "  when: \"" + atom() + "\"\n";
        } else if (number(0, 9) != 0) {
            yaml += in + "  when: " + condition() + "\n";
        }
        if (number(0, 5) == 0) {
            yaml += in + "  on_condition_error: " + pick({"match", "fail"}) + "\n";
        }
        if (number(0, 5) == 0) yaml += in + "  sample: {rate: 0.5, by: event.a}\n";
        if (depth < 2 && number(0, 6) == 0) return yaml + group(indent + 2, depth + 1);
        return yaml + in + (number(0, 3) == 0 ? "  drop: unwanted\n" : "  to: crm\n");
    }

    std::mt19937 random_;
    int names_ = 0;
};

/// One program, with or without index.
struct side {
    config::diagnostics problems;
    std::shared_ptr<compiled_catalog> catalog;
    const compiled_program* program = nullptr;
    std::unique_ptr<evaluation_scratch> scratch;
    event_arena arena;
    decided_event decided;
    std::vector<rule_counts> counts;

    side(const std::vector<rule_set_source>& sets, std::size_t indexed_rules_min)
    {
        auto names = test_names();
        names.indexed_rules_min = indexed_rules_min;
        catalog = compile_rule_sets(sets, names, problems);
        if (!catalog) return;
        program = catalog->program_of("web_events");
        scratch = program->make_scratch();
    }

    void decide(const event_input& event)
    {
        arena.reset();
        decided = program->decide(event, arena, *scratch);
        const auto all = scratch->counts();
        counts.assign(all.begin(), all.end());
    }
};

template <class Part>
std::uint64_t since(const side& now, const std::vector<rule_counts>& before, std::size_t rule,
                    Part part)
{
    return now.counts[rule].*part - before[rule].*part;
}

/// What happened to a rule, apart from how it failed.
void expect_same_counts(const side& plain, const std::vector<rule_counts>& plain_before,
                        const side& indexed, const std::vector<rule_counts>& indexed_before,
                        std::uint64_t events)
{
    for (std::size_t rule = 0; rule < plain.counts.size(); ++rule) {
        const auto of_plain = [&](auto part) { return since(plain, plain_before, rule, part); };
        const auto of_index = [&](auto part) { return since(indexed, indexed_before, rule, part); };
        const auto& name = plain.program->outcomes()[rule].rule;
        for (const auto part :
             {&rule_counts::matched, &rule_counts::dropped, &rule_counts::sampled_out}) {
            EXPECT_EQ(of_index(part), of_plain(part)) << name;
        }
        const auto plain_failed = of_plain(&rule_counts::absent) + of_plain(&rule_counts::error);
        const auto index_failed = of_index(&rule_counts::absent) + of_index(&rule_counts::error);
        // The index may miss that another part is false, never that a part is in error.
        EXPECT_GE(index_failed, plain_failed) << name;
        if (name.find("/simple") != std::string::npos) {
            EXPECT_EQ(of_index(&rule_counts::absent), of_plain(&rule_counts::absent)) << name;
            EXPECT_EQ(of_index(&rule_counts::error), of_plain(&rule_counts::error)) << name;
        }
        const auto& c = indexed.counts[rule];
        EXPECT_EQ(c.matched + c.no_match + c.absent + c.error + c.sampled_out + c.dropped, events)
            << name;
    }
}

void compare(unsigned seed, std::uint64_t& matches)
{
    generator random(seed);
    const auto yaml = random.rule_sets();
    config::diagnostics problems;
    const auto sets = read_rule_sets(sources_of(yaml, problems), problems);
    side plain(sets, 1'000'000), indexed(sets, 1);
    if (plain.catalog == nullptr) return;  // types that can never meet
    ASSERT_NE(indexed.catalog, nullptr);
    ASSERT_FALSE(indexed.program->indexes().empty());
    ASSERT_TRUE(plain.program->indexes().empty());
    plain.counts.resize(plain.program->outcomes().size());
    indexed.counts.resize(plain.counts.size());
    for (std::uint64_t i = 1; i <= 12; ++i) {
        const auto json = random.event();
        const auto type = random.event_type();
        const event_input event{.json = json, .id = "e", .type = type, .dataset = "web_events"};
        const auto plain_before = plain.counts, indexed_before = indexed.counts;
        plain.decide(event);
        indexed.decide(event);
        matches += plain.decided.matched.size();
        const std::vector<rule_index> wanted(plain.decided.matched.begin(),
                                             plain.decided.matched.end());
        const std::vector<rule_index> found(indexed.decided.matched.begin(),
                                            indexed.decided.matched.end());
        EXPECT_EQ(found, wanted);
        EXPECT_TRUE(std::ranges::equal(indexed.decided.failed, plain.decided.failed));
        expect_same_counts(plain, plain_before, indexed, indexed_before, i);
        if (::testing::Test::HasFailure()) {
            FAIL() << "seed " << seed << "\n" << type << ' ' << json << "\n" << yaml;
        }
    }
}

TEST(Index, DecidesRandomRuleSetsAsPlainEvaluationDoes)
{
    std::uint64_t matches = 0;
    for (unsigned seed = 0; seed < 1000; ++seed) {
        compare(seed, matches);
        if (HasFailure()) return;
    }
    EXPECT_GT(matches, 10'000U);
}

}  // namespace
}  // namespace sluice::rules::testing
