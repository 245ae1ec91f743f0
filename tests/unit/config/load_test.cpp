#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/config/bind_text.hpp"

namespace sluice::config {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A folder of its own for each test, removed afterwards.
class Load : public testing::Test {
protected:
    Load()
    {
        std::string name = (fs::temp_directory_path() / "sluice-load-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~Load() override { fs::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text)
    {
        const fs::path path = folder_ / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
        return path.string();
    }
    settings load_paths(const std::vector<std::string>& paths)
    {
        return load(paths, test_environment(), problems_);
    }
    std::string in_folder(const std::string& name) const { return (folder_ / name).string(); }

    fs::path folder_;
    diagnostics problems_;
};

TEST_F(Load, SectionsOfSeveralFilesAreMerged)
{
    const auto a = write("a.yaml", "datasets: {one: {}}\ngateway: {edge: {port: 1}}");
    const auto b =
        write("b.yaml", "datasets: {two: {}}\ngateway: {edge: {address: '::1'}, threads: 2}");
    const settings read = load_paths({a, b});
    EXPECT_EQ(problems_.to_text(), "");
    EXPECT_EQ(read.datasets.size(), 2u);
    EXPECT_EQ(read.gateway.edge.port, 1);
    EXPECT_EQ(read.gateway.edge.address, "::1");
}

TEST_F(Load, AnotherFileOverridesParamsOfARuleSetWhicheverComesFirst)
{
    const auto set = write(
        "set.yaml",
        "datasets: {d: {}}\nrules:\n  s: {source: d, params: {min: 10, max: 20}, rules: []}");
    const auto production = write("production.yaml", "rules: {s: {params: {min: 50}}}");
    for (const auto& files : {std::vector{set, production}, std::vector{production, set}}) {
        problems_ = {};
        const settings read = load_paths(files);
        EXPECT_EQ(problems_.to_text(), "");
        const auto* params = read.rules.at("s").body.find("params");
        ASSERT_NE(params, nullptr);
        EXPECT_EQ(params->find("min")->text, "50");
        EXPECT_EQ(params->find("max")->text, "20");
        EXPECT_EQ(*read.rules.at("s").body.where.file, set) << "includes stay relative to the set";
    }
}

TEST_F(Load, AnOverrideOfWhatIsNotThereSaysWhatIsThere)
{
    const auto set = write(
        "set.yaml",
        "datasets: {d: {}}\nrules:\n  shop: {source: d, params: {minimum: 1}, rules: []}");
    const auto bad =
        write("bad.yaml", "rules:\n  shop: {params: {minimun: 2}}\n  shp: {params: {a: 1}}");
    (void)load_paths({set, bad});
    const auto text = problems_.to_text();
    EXPECT_THAT(text, HasSubstr(bad + ":2:19: error: rule set 'shop' has no param 'minimun'"));
    EXPECT_THAT(text, HasSubstr("did you mean 'minimum'?"));
    EXPECT_THAT(text, HasSubstr(bad + ":3:3: error: `params` for the rule set 'shp'"));
    EXPECT_THAT(text, HasSubstr("did you mean 'shop'?"));
}

TEST_F(Load, ANameInTwoFilesIsAnErrorThatNamesBothPlaces)
{
    const auto a = write("a.yaml", "datasets:\n  one: {}");
    const auto b = write("b.yaml", "datasets:\n\n  one: {}");
    (void)load_paths({a, b});
    EXPECT_EQ(problems_.error_count(), 1u);
    EXPECT_THAT(problems_.to_text(), HasSubstr(b + ":3:3: error: datasets.one is defined twice"));
    EXPECT_THAT(problems_.to_text(), HasSubstr(a + ":2:3"));
}

TEST_F(Load, AGatewayKeyInTwoFilesIsAnError)
{
    const auto a = write("a.yaml", "gateway: {edge: {port: 1}}");
    const auto b = write("b.yaml", "gateway: {edge: {port: 2}}");
    (void)load_paths({a, b});
    EXPECT_THAT(problems_.to_text(), HasSubstr("error: gateway.edge.port is defined twice"));
}

TEST_F(Load, AFolderIsReadWithItsSubFoldersAndWithoutLibrariesAndHiddenFiles)
{
    write("main.yaml", "datasets: {web: {}}");
    write("rules/shop.yml", "rules: {shop: {source: web}}");
    write("rules/lib/shop.yaml", "library: shop\nvariables: []");
    write(".hidden/x.yaml", "broken: [");
    write("events.json", "{");
    const settings read = load_paths({folder_.string()});
    EXPECT_EQ(problems_.to_text(), "");
    ASSERT_EQ(read.rules.count("shop"), 1u);
    EXPECT_EQ(read.rules.at("shop").folder, in_folder("rules"));
}

TEST_F(Load, AFileNamedTwiceIsReadOnce)
{
    const auto a = write("a.yaml", "datasets: {web: {}}");
    (void)load_paths({a, folder_.string(), folder_.string() + "/./a.yaml"});
    EXPECT_EQ(problems_.to_text(), "");
}

TEST_F(Load, SecretFilesAreFoundBesideTheConfigurationAndLoseTheirLineEnd)
{
    write("token.txt", "abc def\n");
    const auto a =
        write("a.yaml",
              "datasets: {d: {}}\ndatastreams: {s: {dataset: d, tokens: ['${file:token.txt}']}}");
    const settings read = load_paths({a});
    EXPECT_EQ(problems_.to_text(), "");
    EXPECT_EQ(read.datastreams.at("s").tokens.at(0).reveal(), "abc def");
}

TEST_F(Load, AFolderIsNoSecretFile)
{
    const auto a = write("a.yaml", "gateway: {data_dir: '${file:.}'}");
    (void)load_paths({a});
    EXPECT_THAT(problems_.to_text(), HasSubstr("which can't be read"));
}

TEST_F(Load, MissingPathsEmptyFoldersAndFoldersOfFilesAreReportedTogether)
{
    fs::create_directories(folder_ / "empty");
    const auto list = write("list.yaml", "- a");
    (void)load_paths({in_folder("none.yaml"), in_folder("empty"), list});
    const std::string text = problems_.to_text();
    EXPECT_EQ(problems_.error_count(), 3u) << text;
    EXPECT_THAT(text, HasSubstr("none.yaml: error: there is no such file or folder"));
    EXPECT_THAT(text, HasSubstr("empty: error: the folder holds no *.yaml"));
    EXPECT_THAT(text, HasSubstr("list.yaml:1:1: error: a configuration file has to be a map"));
}

TEST_F(Load, NoPathAtAllIsAnError)
{
    (void)load_paths({});
    EXPECT_THAT(problems_.to_text(), HasSubstr("error: no configuration is given"));
}

TEST_F(Load, ABrokenFileDoesNotHideTheProblemsOfTheOthers)
{
    const auto a = write("a.yaml", "datasets: [");
    const auto b = write("b.yaml", "gatway: {}");
    (void)load_paths({a, b});
    EXPECT_THAT(problems_.to_text(), HasSubstr("not valid YAML"));
    EXPECT_THAT(problems_.to_text(), HasSubstr("did you mean 'gateway'?"));
}

TEST_F(Load, AnErrorShowsItsLineWithACaret)
{
    const auto a = write("a.yaml", "gateway:\n  \xC3\xA4: 1\n  edge: {prot: 1}\n");
    (void)load_paths({a});
    EXPECT_THAT(problems_.to_text(), HasSubstr("    3 |   edge: {prot: 1}\n      |          ^\n"));
}

}  // namespace
}  // namespace sluice::config
