#include "datasets/stored_batch.hpp"

#include <gtest/gtest.h>

#include "datasets/batch_cache.hpp"
#include "datasets/crc32c.hpp"
#include "datasets/embedded/range_set.hpp"
#include "datasets/embedded/store_health.hpp"
#include "datasets/log_error.hpp"
#include "datasets/record_encoder.hpp"

namespace sluice::datasets {

namespace {

new_record sample(std::string_view id)
{
    new_record r;
    r.id = id;
    r.key = std::string_view("customer-7");
    r.type = "purchase";
    r.datastream = "shop";
    r.source = "native";
    r.received_at = wall_time{std::chrono::nanoseconds{1'700'000'000'123'456'789}};
    r.content = R"({"price":99.79,"big":123456789012345678901234567890})";
    r.extra = R"({"ip":"1.2.3.4"})";
    return r;
}

std::string payload_of(int count)
{
    std::string payload;
    for (int i = 0; i < count; ++i) {
        auto id = "id-" + std::to_string(i);
        auto r = sample(id);
        auto before = payload.size();
        encode_record(payload, r);
        EXPECT_EQ(payload.size() - before, encoded_size(r));
    }
    return payload;
}

std::string value_of(batch_sealer& sealer, std::string_view key, int count, offset base)
{
    auto payload = payload_of(count);
    auto sealed =
        sealer.seal(key, {static_cast<std::uint32_t>(count), base, wall_time{}, base}, payload);
    return std::string(sealed.header.data(), sealed.header.size()) + std::string(sealed.body);
}

}  // namespace

TEST(RecordBatch, GivesBackEveryFieldByteForByte)
{
    auto batch = record_batch::from_payload(offset{5}, 3, payload_of(3));
    ASSERT_TRUE(batch);
    ASSERT_EQ((*batch)->size(), 3u);
    const auto& r = (*batch)->at(2);
    auto expected = sample("id-2");
    EXPECT_EQ(r.position, offset{7});
    EXPECT_EQ(r.id, expected.id);
    EXPECT_EQ(r.key, expected.key);
    EXPECT_EQ(r.type, expected.type);
    EXPECT_EQ(r.datastream, expected.datastream);
    EXPECT_EQ(r.source, expected.source);
    EXPECT_EQ(r.received_at, expected.received_at);
    EXPECT_EQ(r.content, expected.content);
    EXPECT_EQ(r.extra, expected.extra);
}

TEST(RecordBatch, AnEmptyKeyIsNotAnAbsentKey)
{
    std::string payload;
    auto r = sample("a");
    r.key = std::string_view();
    encode_record(payload, r);
    r.key.reset();
    encode_record(payload, r);
    auto batch = record_batch::from_payload(offset{0}, 2, payload);
    ASSERT_TRUE(batch);
    EXPECT_TRUE((*batch)->at(0).key.has_value());
    EXPECT_FALSE((*batch)->at(1).key.has_value());
}

TEST(RecordBatch, RefusesEveryTruncationAndEveryWrongCount)
{
    auto payload = payload_of(3);
    for (std::size_t length = 0; length < payload.size(); ++length) {
        EXPECT_FALSE(record_batch::from_payload(offset{0}, 3, payload.substr(0, length))) << length;
    }
    for (std::uint32_t count : {0u, 1u, 2u, 4u, 4'000'000'000u}) {
        EXPECT_FALSE(record_batch::from_payload(offset{0}, count, payload)) << count;
    }
    EXPECT_FALSE(record_batch::from_payload(offset{0}, 3, payload + "x"));
}

TEST(StoredBatch, DetectsEveryFlippedBit)
{
    for (std::uint32_t level : {0u, 1u}) {
        batch_sealer sealer(level);
        auto value = value_of(sealer, "some key", 10, offset{9});
        ASSERT_TRUE(open_batch("some key", value));
        for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
            auto damaged = value;
            damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
            ASSERT_FALSE(open_batch("some key", damaged)) << "level " << level << " bit " << bit;
        }
    }
}

TEST(StoredBatch, IsRefusedUnderAnotherKey)
{
    batch_sealer sealer(1);
    auto value = value_of(sealer, "some key", 10, offset{9});
    EXPECT_FALSE(open_batch("same kez", value));
}

TEST(StoredBatch, ShrinksWhatRepeatsItself)
{
    batch_sealer sealer(1);
    EXPECT_LT(value_of(sealer, "k", 200, offset{0}).size(), payload_of(200).size() / 4);
}

TEST(Crc32c, HasTheStandardCheckValueAndContinues)
{
    EXPECT_EQ(crc32c(0, "123456789"), 0xe3069283u);
    EXPECT_EQ(crc32c(crc32c(0, "1234"), "56789"), 0xe3069283u);
}

TEST(BatchCache, AReaderFarBehindCannotPushOutTheHead)
{
    auto batch_at = [](std::uint64_t base) {
        return *record_batch::from_payload(offset{base}, 10, payload_of(10));
    };
    const auto one = batch_at(0)->memory_bytes();
    batch_cache cache(one * 8);
    cache.add_head(1, batch_at(1000));
    for (std::uint64_t i = 0; i < 50; ++i) cache.add_old(1, batch_at(i * 10));
    EXPECT_TRUE(cache.find(1, offset{1009}));
    EXPECT_FALSE(cache.find(1, offset{1010}));
    EXPECT_FALSE(cache.find(2, offset{1005})) << "another partition";
    EXPECT_FALSE(cache.find(1, offset{5})) << "the oldest is gone";
    EXPECT_TRUE(cache.find(1, offset{495}));
    EXPECT_LE(cache.bytes(), one * 8);
}

TEST(RangeSet, CountsEveryRecordOnce)
{
    embedded::range_set set;
    EXPECT_EQ(set.add(10, 20), 10u);
    EXPECT_EQ(set.add(10, 20), 0u);
    EXPECT_EQ(set.add(15, 25), 5u);
    EXPECT_EQ(set.add(30, 40), 10u);
    EXPECT_EQ(set.add(5, 50), 20u);
    EXPECT_EQ(set.total(), 45u);
    EXPECT_EQ(set.ranges().size(), 1u);
    EXPECT_EQ(set.add(7, 7), 0u);
}

TEST(StoreHealth, ReopensAtOnceAfterAnErrorAndMoreAndMoreSeldomWhenThatFails)
{
    using namespace std::chrono_literals;
    embedded::store_health health(100);
    steady_time now{};
    EXPECT_FALSE(health.wants_reopen(1000, now));
    health.write_failed(embedded::write_fault::other, "EIO", now);
    EXPECT_EQ(health.state(), log_health::reopening);
    EXPECT_TRUE(health.wants_reopen(0, now));
    health.reopened(false, "still", now);
    EXPECT_FALSE(health.wants_reopen(0, now + 99ms));
    EXPECT_TRUE(health.wants_reopen(0, now + 100ms));
    health.reopened(false, "still", now);
    EXPECT_FALSE(health.wants_reopen(0, now + 199ms));
    health.reopened(true, "", now);
    EXPECT_EQ(health.state(), log_health::ok);
    EXPECT_TRUE(health.reason().empty());
}

TEST(StoreHealth, WaitsForSpaceBeforeItReopens)
{
    embedded::store_health health(100);
    steady_time now{};
    health.write_failed(embedded::write_fault::no_space, "ENOSPC", now);
    EXPECT_EQ(health.state(), log_health::refusing);
    EXPECT_FALSE(health.wants_reopen(99, now));
    EXPECT_TRUE(health.wants_reopen(100, now));
    EXPECT_EQ(health.state(), log_health::reopening);
}

TEST(PartitionOf, StaysTheSameForEver)
{
    EXPECT_EQ(partition_of("anything", 1), partition_id{0});
    std::array<int, 8> hits{};
    for (int i = 0; i < 8000; ++i) ++hits[partition_of("key-" + std::to_string(i), 8).value()];
    for (int n : hits) EXPECT_NEAR(n, 1000, 150);
}

}  // namespace sluice::datasets
