// The laws of the contract must be able to fail: each is tried on a log with a planted fault and
// has to find it. A law without a fault here proves nothing.

#include <gtest/gtest-spi.h>

#include "tests/unit/datasets/contract/faulty_log.hpp"
#include "tests/unit/datasets/contract/laws.hpp"
#include "tests/unit/datasets/kafka/contract_worlds.hpp"

namespace sluice::datasets::contract {

namespace {

struct control {
    const char* law;
    planted fault;
};

// tabular: law, fault
constexpr std::array controls{
    control{"EveryFieldAndByteComesBack", planted::changes_a_byte},
    control{"EveryFieldAndByteComesBack", planted::forgets_empty_keys},
    control{"EveryFieldAndByteComesBack", planted::rounds_times},
    control{"ReceiptsTellTheFirstOffsetOfEachPart", planted::tells_the_next_offset},
    control{"RecordsOfOneWriteStayTogetherAndInOrder", planted::reverses_a_part},
    control{"RecordsOfOneWriteStayTogetherAndInOrder", planted::splits_writes},
    control{"WhatIsAcknowledgedIsStored", planted::acknowledges_before_it_writes},
    control{"AWriteIsCopiedBeforeItReturns", planted::copies_too_late},
    control{"ReadingBeginsAnywhere", planted::reads_from_the_next},
    control{"AnOversizedRecordIsRefusedAndNothingOfItsWrite", planted::splits_writes},
    control{"TheLargestRecordThatIsPromisedIsTaken", planted::changes_a_byte},
    control{"UnknownNamesAreRefusedAndNothingIsWritten", planted::takes_unknown_names},
    control{"RetriesAndDeadLettersAreDatasetsLikeAnyOther", planted::confuses_internal_datasets},
    control{"CursorsAreFoundAsTheyWereStored", planted::forgets_counts},
    control{"CursorsAreListedWithNamePlaceAndCounts", planted::lists_no_cursors},
    control{"ACursorNeverStandsWithoutTheRecordsOfItsWrite", planted::splits_writes},
    control{"DocumentsArePutReplacedListedAndErased", planted::keeps_erased_documents},
    control{"DocumentsArePutReplacedListedAndErased", planted::mixes_collections},
    control{"ATimeFindsItsOffset", planted::finds_late_times},
    control{"RetentionNeverPassesAReader", planted::ignores_readers},
    control{"ATrimTakesWhatIsBelowAndNothingElse", planted::trims_everything},
    control{"AWaitIsOverOnceWhenTheEndMoves", planted::wakes_twice},
    control{"AWaitIsOverOnceWhenTheEndMoves", planted::ignores_cancelling},
    control{"AWaitIsOverOnceWhenTheEndMoves", planted::wakes_too_early},
    control{"WhoeverWaitsCanReadWhatWokeHim", planted::wakes_too_early},
    control{"EveryWriteIsAnsweredOnceAndNoneAfterClosing", planted::drops_an_answer},
    control{"EveryWriteIsAnsweredOnceAndNoneAfterClosing", planted::answers_twice},
    control{"AClosedLogRefuses", planted::closes_in_name_only},
    control{"ReopeningFindsEverythingAndGoesOn", planted::forgets_datasets},
    control{"PartitionsAreNeverTakenAway", planted::takes_partitions_away},
    control{"PartitionsCanBeAdded", planted::adds_no_partitions},
    control{"EveryPartitionIsOwnedByTheOnlyOne", planted::owns_nothing},
};

/// How many expectations of the law the log with this fault fails.
int failures(const law& tried, planted fault)
{
    testing::TestPartResultArray results;
    {
        testing::ScopedFakeTestPartResultReporter reporter(
            testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
        folder_world world;
        world.wrap = [fault](log_world::log_ptr good) -> log_world::log_ptr {
            return std::make_unique<faulty_log>(std::move(good), fault);
        };
        tried.hold(world);
    }
    int failed = 0;
    for (int i = 0; i < results.size(); ++i) {
        failed += results.GetTestPartResult(i).failed() ? 1 : 0;
    }
    return failed;
}

}  // namespace

TEST(LogContractControls, EachLawFindsTheFaultThatIsPlantedForIt)
{
    std::set<std::string> tried;
    for (const auto& one : all_laws()) {
        for (const auto& planted_one : controls) {
            if (std::string_view(planted_one.law) != one.name) continue;
            tried.insert(one.name);
            EXPECT_GT(failures(one, planted_one.fault), 0)
                << one.name << " overlooks fault " << static_cast<int>(planted_one.fault);
        }
        EXPECT_TRUE(tried.contains(one.name)) << one.name << " has no control";
    }
}

}  // namespace sluice::datasets::contract
