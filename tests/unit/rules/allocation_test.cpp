// Counts every operator new of the program while events are decided: filters must not allocate.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/unit/rules/rules_support.hpp"

namespace {

thread_local std::size_t allocations = 0;

void* counted(std::size_t bytes)
{
    ++allocations;
    if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) return memory;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes)
{
    return counted(bytes);
}
void* operator new[](std::size_t bytes)
{
    return counted(bytes);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept
{
    ++allocations;
    return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& tag) noexcept
{
    return operator new(bytes, tag);
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept
{
    std::free(memory);
}

namespace sluice::rules::testing {
namespace {

TEST(Allocation, FiltersAllocateNothingOnceWarm)
{
    engine e(R"yaml(
rules:
  s:
    source: web_events
    variables: [{name: mail, expression: "default(event.user.email, '')"}]
    rules:
      - {name: a, when: event.order.total > 100 && event.order.currency == 'EUR', to: crm}
      - {name: b, when: "variables.mail.endsWith('@shop.test')", to: crm}
      - {name: c, when: "event.items.exists(i, i.price > 10)", to: crm}
      - {name: d, when: "event.order.currency in ['USD', 'GBP'] || event.text.startsWith('a')", to: crm}
      - {name: e, when: "event.text.matches('^a.*z$')", to: crm}
      - {name: f, when: "event.missing.deep == 1", to: crm}
      - {name: g, sample: {rate: 0.5, by: event.user.email}, to: crm}
)yaml");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    const std::string json =
        R"({"order":{"total":128.8,"currency":"EUR"},"user":{"email":"a\u0040shop.test"},)"
        R"("items":[{"price":5},{"price":20}],"text":"abcz"})";
    const event_input event{.json = json, .id = "e", .type = "t", .dataset = "web_events"};
    event_arena arena(64 * 1024);
    std::size_t matched = 0;
    for (int i = 0; i < 3; ++i) {
        arena.reset();
        matched = e.program->decide(event, arena, *e.scratch).matched.size();
    }
    const auto before = allocations;
    for (int i = 0; i < 10; ++i) {
        arena.reset();
        matched += e.program->decide(event, arena, *e.scratch).matched.size();
    }
    EXPECT_EQ(allocations - before, 0U);
    EXPECT_GE(matched, 44U);
}

}  // namespace
}  // namespace sluice::rules::testing
