#include "batch/file_layout.hpp"

#include <gtest/gtest.h>

#include "config/time_text.hpp"

namespace sluice::batch {
namespace {

config::export_settings templates(std::string folder, std::string name)
{
    config::export_settings out;
    out.dataset = "shop";
    out.directory = "/out";
    out.folder = std::move(folder);
    out.file_name = std::move(name);
    return out;
}

layout_values values()
{
    return {.dataset = "shop",
            .export_name = "nightly",
            .run_id = "nightly-1",
            .boundary = parse_time("2026-11-22T20:59:49Z").value(),
            .partition = partition_id{3},
            .first = offset{17},
            .last = offset{99},
            .part = 2};
}

std::string path_of(std::string folder, std::string name)
{
    return file_layout::make("nightly", templates(std::move(folder), std::move(name)))
        .value()
        .data_path(values())
        .value();
}

TEST(FileLayout, ExpandsEveryMacro)
{
    EXPECT_EQ(
        path_of(
            "%DATASET_NAME%/%DATASET_ID%/%DESTINATION%/%EXPORT_TIME%",
            "%DATETIME(YYYYMMdd_HHmmss)%-%RUN_ID%-%PART%-%PARTITION%-%FIRST_OFFSET%-%LAST_OFFSET%"),
        "shop/shop/nightly/exportTime=202611222059/20261122_205949-nightly-1-00002-00003-"
        "00000000000000000017-00000000000000000099.parquet");
}

TEST(FileLayout, ASlashAloneMeansTheBaseFolder)
{
    EXPECT_EQ(path_of("/", "%PARTITION%-%FIRST_OFFSET%"), "00003-00000000000000000017.parquet");
}

TEST(FileLayout, NamesThatCouldCollideAreRefused)
{
    for (const char* name :
         {"events", "%DATASET_NAME%", "%PARTITION%", "%FIRST_OFFSET%", "%PART%",
          "%EXPORT_TIME%-%PART%", "%RUN_ID%", "%DATETIME(HHmmss)%-%PARTITION%"}) {
        const auto made = file_layout::make("nightly", templates("%EXPORT_TIME%", name));
        ASSERT_TRUE(made.has_error()) << name;
        EXPECT_NE(made.error().message.find("same name"), std::string::npos)
            << made.error().message;
    }
    for (const char* name :
         {"%PARTITION%-%FIRST_OFFSET%", "%LAST_OFFSET%_%PARTITION%", "%RUN_ID%.%PART%"}) {
        EXPECT_TRUE(file_layout::make("nightly", templates("x", name)).has_value()) << name;
    }
}

TEST(FileLayout, BadTemplatesAreRefused)
{
    const std::string name = "%PARTITION%-%FIRST_OFFSET%";
    for (const auto& folder :
         {std::string("../x"), std::string("a/../../b"), std::string("."), std::string("a\0b", 3),
          std::string(300, 'n'), std::string("%NOPE%"), std::string("%DATASET_NAME"),
          std::string("%DATETIME%"), std::string("%DATETIME(YYYY/MM)%")}) {
        EXPECT_TRUE(file_layout::make("nightly", templates(folder, name)).has_error()) << folder;
    }
    EXPECT_TRUE(file_layout::make("nightly", templates("x", "a/" + name)).has_error());
    EXPECT_TRUE(
        file_layout::make("nightly", templates("x", std::string(250, 'n') + name)).has_error());
}

TEST(FileLayout, ValuesCannotLeaveTheDirectory)
{
    auto hostile = values();
    const auto layout =
        file_layout::make("nightly", templates("%DATASET_NAME%", "%PARTITION%-%FIRST_OFFSET%"))
            .value();
    hostile.dataset = "../../etc";
    EXPECT_EQ(layout.data_path(hostile).value().substr(0, 18), "%2E.%2F..%2Fetc/00");
    hostile.dataset = std::string(300, 'd');
    EXPECT_TRUE(layout.data_path(hostile).has_error());
}

TEST(FileLayout, TheManifestLiesBesideTheDataOrWhereItIsToldTo)
{
    auto settings = templates("%DATASET_NAME%/%EXPORT_TIME%", "%PARTITION%-%FIRST_OFFSET%");
    EXPECT_EQ(file_layout::make("nightly", settings).value().manifest_path(values()).value(),
              "shop/exportTime=202611222059/manifest-nightly-1.json");
    settings.manifest.path = "manifests/%DATASET_NAME%";
    EXPECT_EQ(file_layout::make("nightly", settings).value().manifest_path(values()).value(),
              "manifests/shop/manifest-nightly-1.json");
    settings.manifest.path = "manifests/%PARTITION%";
    EXPECT_TRUE(file_layout::make("nightly", settings).has_error());
    settings.manifest.path.reset();
    settings.folder = "base/p%PARTITION%/x";
    EXPECT_EQ(file_layout::make("nightly", settings).value().manifest_path(values()).value(),
              "base/manifest-nightly-1.json");
}

TEST(FileLayout, TwoExportsMayNotShareAFile)
{
    auto a = templates("all", "%PARTITION%-%FIRST_OFFSET%");
    auto b = a;
    b.dataset = "clicks";
    EXPECT_TRUE(check_layouts({{"a", a}, {"b", b}}).has_error());
    b.folder = "clicks";
    EXPECT_TRUE(check_layouts({{"a", a}, {"b", b}}).has_value());
    b = a;
    b.format = config::export_format::ndjson;
    EXPECT_TRUE(check_layouts({{"a", a}, {"b", b}}).has_value());
}

TEST(FileLayout, ExtensionsFollowTheFormat)
{
    using config::export_compression;
    using config::export_format;
    EXPECT_EQ(file_extension(export_format::ndjson, export_compression::automatic), ".json.gz");
    EXPECT_EQ(file_extension(export_format::ndjson, export_compression::none), ".json");
    EXPECT_EQ(file_extension(export_format::ndjson, export_compression::zstd), ".json.zst");
    EXPECT_EQ(file_extension(export_format::parquet, export_compression::gzip), ".parquet");
}

}  // namespace
}  // namespace sluice::batch
