#include "gateway/lanes/dataset_readers.hpp"

#include "tests/unit/gateway/lanes/lane_fixture.hpp"

namespace sluice::gateway {

namespace {

using names = std::vector<cursor_name>;

TEST(DatasetReaders, LanesExportsAndRetryLogsAreWhatRetentionWaitsFor)
{
    config::settings settings;
    settings.datasets["web"] = {};
    settings.destinations["crm"] = {};
    settings.destinations["unused"] = {};
    settings.exports["files"].dataset = "web";
    const one_program catalog;
    const auto readers = dataset_readers(settings, &catalog);
    EXPECT_EQ(readers.at(dataset_name{"web"}),
              (names{cursor_name{"lane/crm"}, cursor_name{"export/files"}}));
    EXPECT_EQ(readers.at(dataset_name{"_retry.crm"}), names{cursor_name{"lane/crm"}});
    EXPECT_EQ(readers.at(dataset_name{"_retry.unused"}), names{cursor_name{"lane/unused"}});
    EXPECT_FALSE(readers.contains(dataset_name{"_dead.crm"})) << "nobody reads dead letters";
}

TEST(DatasetReaders, ADatasetThatNobodyReadsHasAnEmptyEntry)
{
    config::settings settings;
    settings.datasets["web"] = {};
    const auto readers = dataset_readers(settings, nullptr);
    EXPECT_TRUE(readers.at(dataset_name{"web"}).empty());
}

}  // namespace

}  // namespace sluice::gateway
