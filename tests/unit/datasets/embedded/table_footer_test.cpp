#include "datasets/embedded/table_footer.hpp"

#include <fstream>

#include "tests/unit/datasets/log_fixture.hpp"

namespace sluice::datasets::embedded {

namespace {

namespace fs = std::filesystem;

struct TableFooter : log_test {
    /// A closed store whose records are in tables.
    void build()
    {
        open();
        declare();
        append_many(20, "a");
        open();  // what is replayed goes into tables
        log.reset();
    }
    std::vector<fs::path> tables() const
    {
        std::vector<fs::path> out;
        for (const auto& item : fs::recursive_directory_iterator(settings.data_dir)) {
            if (item.path().extension() == ".sst") out.push_back(item.path());
        }
        return out;
    }
    static unsigned char flip(const fs::path& path, std::uint64_t at, unsigned char bits)
    {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(at));
        const auto before = static_cast<unsigned char>(file.get());
        file.seekp(static_cast<std::streamoff>(at));
        file.put(static_cast<char>(before ^ bits));
        return before;
    }
};

}  // namespace

/// Without the check the process ends in an assertion of the packaged library.
TEST_F(TableFooter, TheBitThatEndsTheProcessIsMendedAndNothingIsLost)
{
    build();
    const auto all = tables();
    ASSERT_FALSE(all.empty());
    for (const auto& table : all) {
        const auto at = find_properties_end(table);
        ASSERT_TRUE(at) << table;
        EXPECT_EQ(flip(table, *at, 0x80), 0u) << "the number of restarts is small";
    }
    auto looking = settings;
    looking.is_read_only = true;
    const auto looked = embedded_log::open(looking);
    ASSERT_FALSE(looked) << "who only looks mends nothing";
    open();
    EXPECT_EQ(ids().size(), 20u);
    EXPECT_EQ(log->extent(at())->lost, 0u);
    log.reset();
    for (const auto& table : tables()) EXPECT_EQ(check_properties(table.parent_path(), false), 0u);
}

TEST_F(TableFooter, WhatIsNoTableIsLeftAlone)
{
    build();
    const auto table = tables().front();
    const auto size = fs::file_size(table);
    for (std::uint64_t cut : {std::uint64_t{1}, std::uint64_t{52}, size / 2, size}) {
        const fs::path copy = folder.path() + "/copy.sst";
        fs::copy_file(table, copy, fs::copy_options::overwrite_existing);
        fs::resize_file(copy, size - cut);
        EXPECT_FALSE(find_properties_end(copy)) << cut;
    }
    // every bit of the footer and of what stands before it: an answer within the file, or none
    const auto end = find_properties_end(table);
    for (auto at = *end; at < size; ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            flip(table, at, static_cast<unsigned char>(1u << bit));
            EXPECT_LT(find_properties_end(table).value_or(0), size);
            flip(table, at, static_cast<unsigned char>(1u << bit));
        }
    }
    EXPECT_EQ(find_properties_end(table), end);
}

}  // namespace sluice::datasets::embedded
