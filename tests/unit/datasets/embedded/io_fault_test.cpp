// Every call to the file system fails once, then from there on, or is the last one before the power
// goes. Whatever happens: nothing is acknowledged that is not there, nothing acknowledged is lost,
// the log takes events again by itself. SLUICE_TEST_LONG=1 tries every call with every fault.

#include <spdlog/spdlog.h>

#include "tests/unit/datasets/embedded/fault_file_system.hpp"
#include "tests/unit/datasets/log_fixture.hpp"

namespace sluice::datasets::embedded {

namespace {

constexpr int groups = 50;
constexpr int group_writes = 10;
constexpr std::chrono::seconds again_after_max{5};
constexpr int sticky_tries = 3;
constexpr std::chrono::seconds answer_patience{30};

std::string content_of(const std::string& id)
{
    return R"({"id":")" + id + R"(","pad":")" + std::string(200, id.back()) + "\"}";
}

bool is_long()
{
    return std::getenv("SLUICE_TEST_LONG") != nullptr;
}

struct IoFaults : log_test {
    IoFaults() : disk(std::make_shared<fault_file_system>(folder.path() + "/graveyard"))
    {
        env = rocksdb::NewCompositeEnv(disk);
        spdlog::set_level(spdlog::level::off);
    }
    ~IoFaults() override
    {
        log.reset();
        spdlog::set_level(spdlog::level::info);
    }

    bool try_open()
    {
        log.reset();
        auto opened = embedded_log::open(settings, env.get());
        if (opened) log = std::move(*opened);
        return log != nullptr;
    }
    bool try_declare()
    {
        dataset_spec spec;
        spec.name = dataset_name{"orders"};
        return bool(log->open_dataset(spec));
    }

    /// How many of the group were acknowledged.
    int append_group()
    {
        std::vector<std::string> sent_now;
        std::vector<std::future<bool>> answers;
        for (int i = 0; i < group_writes; ++i) {
            auto id = "e-" + std::to_string(sequence++);
            auto content = content_of(id);
            std::array records{record(id, content)};
            std::array parts{append_part{at(), records}};
            log_write what;
            what.appends = parts;
            auto done = std::make_shared<std::promise<bool>>();
            answers.push_back(done->get_future());
            log->write(what, [done](auto result) { done->set_value(bool(result)); });
            sent_now.push_back(id);
        }
        int good = 0;
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (answers[i].wait_for(answer_patience) != std::future_status::ready) {
                ADD_FAILURE() << "a write was never answered";
                return good;
            }
            if (answers[i].get()) {
                acked.push_back(sent_now[i]);
                ++good;
            }
        }
        return good;
    }

    /// A group that was refused is followed by others until one is taken, at most five seconds
    /// after the fault has ended; the log's own clock runs ten times as fast. False: the power is
    /// gone.
    bool append_until_taken(bool has_power_cuts)
    {
        auto deadline = std::chrono::steady_clock::time_point::max();
        for (int tries = 0; std::chrono::steady_clock::now() < deadline; ++tries) {
            if (append_group() == group_writes) return true;
            if (has_power_cuts && disk->has_struck()) return false;
            if (tries == sticky_tries) {
                disk->disarm();
                deadline = std::chrono::steady_clock::now() + again_after_max;
            }
            clock.advance(std::chrono::milliseconds{100});
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        ADD_FAILURE() << "not accepted again within 5 s: " << log->status().reason;
        return false;
    }

    /// Start, append, retention and side file, restart (which fills tables), append, cursor, end.
    void run_workload(bool has_power_cuts = false)
    {
        for (int part = 0; part < 2; ++part) {
            if (!try_open()) return;
            if (!try_declare()) return;
            for (int i = 0; i < groups / 2; ++i) {
                if (!append_until_taken(has_power_cuts)) return;
            }
            cursor_update cursor{cursor_name{"lane"}, at(), {offset{5}, offset{}, {}}};
            log_write what;
            std::array cursors{cursor};
            what.cursors = cursors;
            what.is_internal = true;
            (void)write(what).has_value();
            log->maintain_now();
        }
        log.reset();
    }

    /// All that was acknowledged, in order, unchanged; besides it only what was sent.
    void expect_intact(const std::string& what)
    {
        SCOPED_TRACE(what);
        disk->disarm();
        ASSERT_TRUE(try_open());
        ASSERT_TRUE(try_declare());
        std::set<std::string> found;
        int last = -1;
        for (offset from{};;) {
            auto batch = read(from);
            ASSERT_TRUE(batch) << batch.error().message;
            if (!*batch) break;
            for (const auto& r : (*batch)->records()) {
                const std::string id(r.id);
                const auto number = std::stoi(id.substr(2));
                ASSERT_LT(number, sequence) << "never sent";
                ASSERT_GT(number, last) << "order";
                ASSERT_EQ(r.content, content_of(id));
                last = number;
                found.insert(id);
            }
            from = (*batch)->end();
        }
        lost = 0;
        for (const auto& id : acked) lost += found.contains(id) ? 0 : 1;
        EXPECT_TRUE(append("e-" + std::to_string(sequence++), content_of("e-0")) ||
                    !expects_nothing_lost);
        if (!expects_nothing_lost) return;
        EXPECT_EQ(lost, 0u) << "of " << acked.size() << " acknowledged";
        EXPECT_EQ(log->extent(at())->lost, 0u) << "nothing was lost, so nothing may be reported";
    }

    void start_anew()
    {
        log.reset();
        std::filesystem::remove_all(settings.data_dir);
        acked.clear();
        sequence = 0;
    }

    std::uint64_t count_calls()
    {
        disk->arm({});
        run_workload();
        const auto calls = disk->calls();
        start_anew();
        return calls;
    }

    std::shared_ptr<fault_file_system> disk;
    std::unique_ptr<rocksdb::Env> env;
    std::mt19937_64 random{20251125};
    std::vector<std::string> acked;
    int sequence = 0;
    std::uint64_t lost = 0;
    bool expects_nothing_lost = true;
};

const char* const fault_names[] = {"none", "EIO", "ENOSPC", "short write", "delay", "power cut"};

}  // namespace

TEST_F(IoFaults, AnyCallMayFailOnceOrForAWhile)
{
    const auto calls = count_calls();
    ASSERT_GT(calls, 200u) << "a hollow run";
    const io_fault faults[] = {io_fault::eio, io_fault::enospc, io_fault::short_write,
                               io_fault::delay};
    // coprime to the number of kinds, so that neighbouring calls meet different ones
    const std::uint64_t stride = is_long() ? 1 : 5;
    std::uint64_t runs = 0;
    std::uint64_t kind = 0;
    for (std::uint64_t at_call = 1; at_call <= calls; at_call += stride) {
        for (std::uint64_t k = 0; k < (is_long() ? 8 : 1); ++k, ++kind) {
            const auto fault = faults[kind % 4];
            const bool is_sticky = kind / 4 % 2 == 1;
            disk->arm({fault, at_call, is_sticky, {}});
            run_workload();
            expect_intact(fmt::format("{} {} at call {}", fault_names[int(fault)],
                                      is_sticky ? "from there on" : "once", at_call));
            if (HasFailure()) return;
            start_anew();
            ++runs;
        }
    }
    RecordProperty("runs", static_cast<int>(runs));
}

TEST_F(IoFaults, ThePowerMayGoAtAnyCall)
{
    const auto calls = count_calls();
    const std::uint64_t stride = is_long() ? 1 : 4;
    std::uint64_t kind = 0;
    for (std::uint64_t at_call = 1; at_call <= calls; at_call += stride) {
        for (int k = 0; k < (is_long() ? cut_damages : 1); ++k, ++kind) {
            const auto damage = static_cast<cut_damage>(kind % cut_damages);
            disk->arm({io_fault::power_cut, at_call, false, {}});
            run_workload(true);
            log.reset();
            disk->restore_power(damage, random);
            if (kind % 3 == 2) {
                // and again while it recovers
                disk->arm({io_fault::power_cut, 1 + random() % 40, false, {}});
                if (try_open()) log.reset();
                disk->cut_power();
                disk->restore_power(damage, random);
            }
            expect_intact(fmt::format("power cut at call {}, damage {}", at_call, int(damage)));
            if (HasFailure()) return;
            start_anew();
        }
    }
}

TEST_F(IoFaults, WithoutSyncsAPowerCutLosesWhichShowsThatTheTestWouldSeeIt)
{
    const auto calls = count_calls();
    disk->ignore_syncs();
    expects_nothing_lost = false;
    int losing = 0;
    for (std::uint64_t share : {4u, 5u, 9u}) {
        disk->arm({io_fault::power_cut, calls * share / 10, false, {}});
        run_workload(true);
        log.reset();
        disk->restore_power(cut_damage::dropped, random);
        expect_intact("control");
        losing += lost > 0 ? 1 : 0;
        start_anew();
    }
    EXPECT_EQ(losing, 3);
}

TEST_F(IoFaults, AFailedSideFileHoldsNothingUp)
{
    ASSERT_TRUE(try_open());
    ASSERT_TRUE(try_declare());
    ASSERT_EQ(append_group(), group_writes);
    disk->arm({io_fault::eio, 1, true, {io_call::rename}});
    log->maintain_now();
    EXPECT_TRUE(disk->has_struck());
    EXPECT_EQ(append_group(), group_writes);
    disk->disarm();
    log->maintain_now();
    expect_intact("side file");
}

}  // namespace sluice::datasets::embedded
