// Damage to any byte of any file: the start is never refused, no wrong payload is ever read, and
// what is missing is counted exactly. SLUICE_TEST_LONG=1 flips 10,000 random bits and cuts at every
// byte.

#include <spdlog/spdlog.h>

#include <random>

#include "datasets/crc32c.hpp"
#include "datasets/record_encoder.hpp"
#include "datasets/stored_batch.hpp"
#include "tests/unit/datasets/log_fixture.hpp"
#include "tests/unit/datasets/trial_note.hpp"

namespace sluice::datasets::embedded {

namespace {

namespace fs = std::filesystem;

constexpr int batches = 60;
constexpr std::size_t pad_bytes = 1500;

enum class layout : std::uint8_t { log_only, tables_only, both };
constexpr std::array layouts{layout::log_only, layout::tables_only, layout::both};
constexpr std::array layout_names{"log only", "tables only", "both"};

bool is_long()
{
    return std::getenv("SLUICE_TEST_LONG") != nullptr;
}

/// Told from the number alone, and nowhere the same.
std::string content_of(int number)
{
    std::mt19937_64 random(static_cast<std::uint64_t>(number) + 1);
    std::string out = R"({"n":)" + std::to_string(number) + R"(,"pad":")";
    while (out.size() < pad_bytes) out += static_cast<char>('a' + random() % 26);
    return out + "\"}";
}

std::string read_all(const fs::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write_all(const fs::path& path, const std::string& content)
{
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

struct Corruption : log_test {
    Corruption()
    {
        settings.store.compression_level = 0;
        spdlog::set_level(spdlog::level::off);
    }
    ~Corruption() override
    {
        log.reset();
        spdlog::set_level(spdlog::level::info);
    }

    void append_numbers(int from, int to)
    {
        for (int n = from; n < to; ++n) {
            ASSERT_TRUE(append("e-" + std::to_string(n), content_of(n)));
        }
        cursor_update cursor{cursor_name{"lane"}, at(), {offset{10}, offset{}, {}}};
        std::array cursors{cursor};
        log_write what;
        what.cursors = cursors;
        what.is_internal = true;
        ASSERT_TRUE(write(what));
    }

    /// A closed store of 60 batches, kept as `master`; each trial damages a copy.
    void build(layout wanted)
    {
        log.reset();
        fs::remove_all(settings.data_dir);
        open();
        declare();
        const int in_tables = wanted == layout::tables_only ? batches
                              : wanted == layout::both      ? batches / 2
                                                            : 0;
        append_numbers(0, in_tables);
        if (in_tables > 0) open();  // what is replayed goes into tables
        append_numbers(in_tables, batches);
        if (wanted == layout::tables_only) open();
        log->close();
        log.reset();
        master = folder.path() + "/master";
        fs::remove_all(master);
        fs::rename(settings.data_dir, master);
    }

    void fresh_copy()
    {
        log.reset();
        fs::remove_all(settings.data_dir);
        fs::copy(master, settings.data_dir, fs::copy_options::recursive);
    }

    /// Files of the copy, largest last; with the two beside the store.
    std::vector<fs::path> all_files() const
    {
        std::vector<fs::path> out;
        for (const auto& item : fs::recursive_directory_iterator(settings.data_dir)) {
            const auto name = item.path().filename().string();
            if (item.is_regular_file() && name != "lock" && name != "LOCK") out.push_back(item);
        }
        std::sort(out.begin(), out.end());
        return out;
    }

    struct findings {
        std::set<int> found;
        std::uint64_t lost = 0;
    };

    /// A reader that meets a damaged index makes the log mend it, and is refused meanwhile.
    template <typename Ask>
    auto when_open(Ask&& ask)
    {
        auto answer = ask();
        const auto refusing = make_error_code(log_errc::refusing);
        for (int i = 0; i < 500 && !answer && answer.error().code == refusing; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
            answer = ask();
        }
        return answer;
    }

    /// Starts, reads everything and appends one more. `is_counted`: what is missing must be known.
    void judge(const std::string& trial, bool is_counted = true)
    {
        SCOPED_TRACE(trial);
        note_trial(trial);
        const auto began = std::chrono::steady_clock::now();
        auto opened = embedded_log::open(settings);
        ASSERT_TRUE(opened) << "the start is never refused: " << opened.error().message;
        log = std::move(*opened);
        declare();
        result = {};
        for (offset from{};;) {
            auto batch = when_open([&] { return read(from); });
            ASSERT_TRUE(batch) << batch.error().message;
            if (!*batch) break;
            for (const auto& r : (*batch)->records()) {
                ASSERT_TRUE(r.id.starts_with("e-")) << r.id;
                const auto number = std::stoi(std::string(r.id.substr(2)));
                ASSERT_EQ(r.content, content_of(number)) << "a wrong payload";
                ASSERT_EQ(r.position.value(), static_cast<std::uint64_t>(number)) << "its place";
                ASSERT_TRUE(result.found.insert(number).second) << "twice";
            }
            ASSERT_GT((*batch)->end(), from);
            from = (*batch)->end();
        }
        result.lost = log->extent(at())->lost;
        auto next =
            when_open([&] { return append("e-" + std::to_string(batches), content_of(batches)); });
        ASSERT_TRUE(next) << next.error().message;
        if (is_counted) {
            EXPECT_EQ(result.found.size() + result.lost, static_cast<std::size_t>(batches));
            EXPECT_EQ(next->value(), static_cast<std::uint64_t>(batches));
        } else {
            EXPECT_LE(result.found.size() + result.lost, static_cast<std::size_t>(batches));
        }
        EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{10});
    }

    std::string master;
    findings result;
    std::mt19937_64 random{6};
};

}  // namespace

TEST_F(Corruption, AnyFlippedBitOfABatchIsFound)
{
    batch_sealer sealer(1);
    for (int number : {1, 2, 3}) {
        const std::string key(16, static_cast<char>(number));
        std::string payload;
        new_record r;
        const auto id = "e-" + std::to_string(number);
        const auto content = content_of(number);
        r.id = id;
        r.content = content;
        encode_record(payload, r);
        auto sealed = sealer.seal(key, {1, offset{}, {}, {}}, payload);
        std::string value(sealed.header.data(), sealed.header.size());
        value += sealed.body;
        ASSERT_TRUE(open_batch(key, value)) << open_batch(key, value).error().message;
        for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
            value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << bit % 8));
            ASSERT_FALSE(open_batch(key, value)) << "bit " << bit;
            value[bit / 8] = static_cast<char>(value[bit / 8] ^ (1 << bit % 8));
        }
    }
}

TEST_F(Corruption, RandomBitsOfAnyFile)
{
    const int flips = is_long() ? 3400 : 90;
    for (auto wanted : layouts) {
        build(wanted);
        for (int i = 0; i < flips; ++i) {
            fresh_copy();
            const auto files = all_files();
            std::uint64_t total = 0;
            for (const auto& path : files) total += fs::file_size(path);
            // every fourth one goes to a file at random, else small files would hardly be hit
            auto place = random() % total;
            std::size_t f = i % 4 == 0 ? random() % files.size() : 0;
            if (i % 4 == 0) {
                place = random() % std::max<std::uint64_t>(fs::file_size(files[f]), 1);
            } else {
                while (place >= fs::file_size(files[f])) place -= fs::file_size(files[f++]);
            }
            auto content = read_all(files[f]);
            if (content.empty()) continue;
            const auto bit = random() % 8;
            content[place] = static_cast<char>(content[place] ^ (1 << bit));
            write_all(files[f], content);
            judge(fmt::format("{}: bit {} of byte {} of {} ({} bytes)",
                              layout_names[static_cast<std::size_t>(wanted)], bit, place,
                              files[f].filename().string(), content.size()));
            if (HasFailure()) return;
        }
    }
}

TEST_F(Corruption, ABitInAStoredBatchCostsExactlyThisBatch)
{
    build(layout::tables_only);
    int hits = 0;
    for (int number = 0; number < batches; number += is_long() ? 1 : 6) {
        fresh_copy();
        for (const auto& path : all_files()) {
            auto content = read_all(path);
            const auto place = content.find(content_of(number));
            if (path.extension() != ".blob" || place == std::string::npos) continue;
            content[place + random() % pad_bytes] ^= 4;
            write_all(path, content);
            ++hits;
        }
        judge(fmt::format("batch {}", number));
        EXPECT_EQ(result.lost, 1u);
        EXPECT_FALSE(result.found.contains(number));
        open();
        EXPECT_EQ(log->extent(at())->lost, 1u) << "remembered, and counted once";
        if (HasFailure()) return;
    }
    EXPECT_GE(hits, 10) << "a hollow run";
}

TEST_F(Corruption, ABitInTheWriteAheadLogCostsAtMostTheRestOfItsBlock)
{
    constexpr std::size_t block_bytes = 32 * 1024;
    build(layout::log_only);
    for (int number = 0; number < batches; number += is_long() ? 1 : 7) {
        fresh_copy();
        std::size_t batches_touched = 0;
        for (const auto& path : all_files()) {
            auto content = read_all(path);
            const auto place = content.find(content_of(number).substr(0, 40));
            if (path.extension() != ".log" || place == std::string::npos) continue;
            const auto block_end = (place / block_bytes + 1) * block_bytes;
            // every batch that begins in the rest of the block, and the one that was hit
            batches_touched = (block_end - place) / pad_bytes + 2;
            content[place + 20] ^= 1;
            write_all(path, content);
        }
        ASSERT_GT(batches_touched, 0u);
        judge(fmt::format("batch {}", number));
        EXPECT_GE(result.lost, 1u);
        EXPECT_LE(result.lost, batches_touched);
        if (HasFailure()) return;
    }
}

TEST_F(Corruption, ACutAtAnyByteOfTheLastRecord)
{
    build(layout::log_only);
    fresh_copy();
    std::string last_log;
    for (const auto& path : all_files()) {
        if (path.extension() == ".log" && fs::file_size(path) > 0) last_log = path;
    }
    const auto size = fs::file_size(last_log);
    const std::uint64_t step = is_long() ? 1 : 23;
    for (std::uint64_t cut = 1; cut < pad_bytes + 400; cut += step) {
        fresh_copy();
        fs::resize_file(last_log, size - cut);
        judge(fmt::format("cut {} bytes off", cut));
        EXPECT_LE(result.lost, 3u);
        if (HasFailure()) return;
    }
}

TEST_F(Corruption, WhateverHappensToAWholeFile)
{
    using damage = std::function<void(const fs::path&)>;
    const std::vector<std::pair<std::string, damage>> damages{
        {"deleted", [](const auto& path) { fs::remove(path); }},
        {"empty", [](const auto& path) { fs::resize_file(path, 0); }},
        {"half", [](const auto& path) { fs::resize_file(path, fs::file_size(path) / 2); }},
        {"zero tail",
         [](const auto& path) {
             const auto size = fs::file_size(path);
             fs::resize_file(path, size - std::min<std::uint64_t>(size, 300));
             fs::resize_file(path, size);
         }},
        {"garbage behind",
         [this](const auto& path) {
             auto content = read_all(path);
             for (int i = 0; i < 1000; ++i) content += static_cast<char>(random());
             write_all(path, content);
         }},
        {"rubbish",
         [this](const auto& path) {
             auto content = read_all(path);
             for (auto& c : content) c = static_cast<char>(random());
             write_all(path, content);
         }},
        {"twice",
         [](const auto& path) {
             auto copy = path;
             const auto stem = path.stem().string();
             if (stem.find_first_not_of("0123456789") != std::string::npos) return;
             copy.replace_filename(
                 fmt::format("{:06}{}", std::stoi(stem) + 1, path.extension().string()));
             if (!fs::exists(copy)) fs::copy_file(path, copy);
         }},
    };
    for (auto wanted : layouts) {
        build(wanted);
        fresh_copy();
        for (const auto& path : all_files()) {
            for (const auto& [name, hurt] : damages) {
                fresh_copy();
                hurt(path);
                judge(fmt::format("{}: {} {}", layout_names[static_cast<std::size_t>(wanted)],
                                  path.filename().string(), name));
                if (HasFailure()) return;
            }
        }
    }
}

TEST_F(Corruption, FilesOfOneKindMixedUp)
{
    for (auto wanted : layouts) {
        build(wanted);
        fresh_copy();
        const auto files = all_files();
        for (const auto* kind : {".log", ".sst", ".blob"}) {
            std::vector<fs::path> same;
            std::copy_if(files.begin(), files.end(), std::back_inserter(same),
                         [&](const auto& path) { return path.extension() == kind; });
            for (std::size_t i = 1; i < same.size(); ++i) {
                fresh_copy();
                fs::rename(same[i - 1], same[i].string() + ".aside");
                fs::rename(same[i], same[i - 1]);
                fs::rename(same[i].string() + ".aside", same[i]);
                judge(fmt::format("{}: {} and {} swapped",
                                  layout_names[static_cast<std::size_t>(wanted)],
                                  same[i - 1].filename().string(), same[i].filename().string()));
                if (HasFailure()) return;
            }
        }
    }
}

TEST_F(Corruption, YesterdaysStoreUnderTodaysSideFileIsNoticed)
{
    build(layout::both);
    fresh_copy();
    open();
    append_numbers(batches, batches + 5);
    log->close();
    log.reset();
    fs::remove_all(settings.data_dir + "/store");
    fs::copy(master + "/store", settings.data_dir + "/store");
    open();
    EXPECT_EQ(log->extent(at())->lost, 5u);
    EXPECT_EQ(append("next")->value(), static_cast<std::uint64_t>(batches + 5));
}

namespace {

/// Replaces the value of one batch inside the store, so that all of RocksDB's checksums are right.
void rewrite_batch(const std::string& data_dir, int number,
                   const std::function<void(std::string& key, std::string& value)>& change)
{
    std::unique_ptr<rocks_store> store;
    ASSERT_TRUE(rocks_store::open(data_dir + "/store", {}, store).ok());
    auto it = store->iterate(family::records);
    it->SeekToFirst();
    for (int i = 0; i < number; ++i) it->Next();
    ASSERT_TRUE(it->Valid());
    std::string key(view(it->key()));
    std::string value(view(it->value()));
    change(key, value);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    ASSERT_TRUE(store->db().Put(synced, store->at(family::records), key, value).ok());
}

}  // namespace

TEST_F(Corruption, WhatWasDamagedBeforeItWasWrittenIsCaughtByOurOwnSum)
{
    build(layout::tables_only);
    for (int i = 0; i < (is_long() ? 200 : 12); ++i) {
        fresh_copy();
        const int number = static_cast<int>(random() % batches);
        rewrite_batch(settings.data_dir, number, [this](auto&, auto& value) {
            value[random() % value.size()] ^= static_cast<char>(1 << random() % 8);
        });
        judge(fmt::format("batch {}", number));
        EXPECT_EQ(result.lost, 1u);
        if (HasFailure()) return;
    }
}

TEST_F(Corruption, WithoutOurSumTheWrongPayloadWouldAppear)
{
    build(layout::tables_only);
    fresh_copy();
    rewrite_batch(settings.data_dir, 7, [](auto& key, auto& value) {
        value[value.size() - 20] ^= 1;
        const std::uint32_t zero = 0;
        std::memcpy(value.data() + 8, &zero, 4);
        auto sum = crc32c(0, key);
        sum = crc32c(sum, std::string_view(value).substr(0, 8));
        sum = crc32c(sum, std::string_view(value).substr(12));
        std::memcpy(value.data() + 8, &sum, 4);
    });
    open();
    auto batch = read(offset{7});
    ASSERT_TRUE(batch && *batch);
    EXPECT_NE((*batch)->records().front().content, content_of(7))
        << "the control found nothing: the tests above prove nothing";
}

}  // namespace sluice::datasets::embedded
