// Every law of event_log on every engine. Each instantiation has the laws that its storage can
// serve; the real cluster is there when SLUICE_TEST_KAFKA says where.

#include "tests/unit/datasets/contract/laws.hpp"
#include "tests/unit/datasets/kafka/contract_worlds.hpp"

namespace sluice::datasets::contract {

namespace {

using world_maker = std::unique_ptr<log_world> (*)();

template <class World>
std::unique_ptr<log_world> make()
{
    return std::make_unique<World>();
}

struct trial {
    law what;
    world_maker where;
};

/// gtest shows it in lists.
void PrintTo(const trial& t, std::ostream* out)
{
    *out << t.what.name;
}

template <class World>
std::vector<trial> trials(bool is_there = true)
{
    std::vector<trial> out;
    if (!is_there) return out;
    for (const auto& one : all_laws()) {
        if (World::can(one.needs)) out.push_back({one, make<World>});
    }
    return out;
}

class LogContract : public testing::TestWithParam<trial> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LogContract);

std::string name_of(const testing::TestParamInfo<trial>& info)
{
    return info.param.what.name;
}

TEST_P(LogContract, Holds)
{
    const auto world = GetParam().where();
    GetParam().what.hold(*world);
}

INSTANTIATE_TEST_SUITE_P(Embedded, LogContract, testing::ValuesIn(trials<folder_world>()), name_of);
INSTANTIATE_TEST_SUITE_P(KafkaInMemory, LogContract,
                         testing::ValuesIn(trials<memory_cluster_world>()), name_of);
INSTANTIATE_TEST_SUITE_P(
    KafkaCluster, LogContract,
    testing::ValuesIn(trials<real_cluster_world>(real_cluster_world::brokers() != nullptr)),
    name_of);

}  // namespace

}  // namespace sluice::datasets::contract
