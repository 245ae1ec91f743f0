#pragma once
// A log in a folder of its own that disappears afterwards, and short words for what tests do with
// it.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <future>

#include "datasets/embedded/embedded_log.hpp"
#include "datasets/log_error.hpp"
#include "datasets/open_log.hpp"

namespace sluice::datasets {

class temporary_folder {
public:
    temporary_folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "sluice-log-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~temporary_folder()
    {
        std::error_code ec;
        std::filesystem::remove_all(path_, ec);
    }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

class test_clock final : public clock_source {
public:
    wall_time wall_now() const override { return wall_time{std::chrono::nanoseconds{now_.load()}}; }
    steady_time steady_now() const override
    {
        return steady_time{std::chrono::nanoseconds{now_.load()}};
    }
    void advance(std::chrono::nanoseconds by) { now_ += by.count(); }

private:
    std::atomic<std::int64_t> now_{1'700'000'000'000'000'000};
};

struct log_test : testing::Test {
    log_test()
    {
        settings.data_dir = folder.path() + "/data";
        settings.clock = &clock;
        settings.store.free_bytes_min = 0;
        settings.store.free_share_min = 0;
    }

    void open()
    {
        log.reset();
        auto opened = embedded::embedded_log::open(settings);
        ASSERT_TRUE(opened) << opened.error().message;
        log = std::move(*opened);
    }
    void declare(const std::string& name = "orders", std::uint32_t partitions = 1)
    {
        dataset_spec spec;
        spec.name = dataset_name{name};
        spec.partitions = partitions;
        auto declared = log->open_dataset(spec);
        ASSERT_TRUE(declared) << declared.error().message;
    }

    static partition_ref at(std::uint32_t partition = 0, const std::string& name = "orders")
    {
        return {dataset_name{name}, partition_id{partition}};
    }
    new_record record(std::string_view id, std::string_view content) const
    {
        new_record r;
        r.id = id;
        r.content = content;
        r.source = "native";
        r.received_at = clock.wall_now();
        return r;
    }
    result<write_receipt> write(const log_write& what)
    {
        std::promise<result<write_receipt>> done;
        log->write(what, [&done](result<write_receipt> r) { done.set_value(std::move(r)); });
        return done.get_future().get();
    }
    result<offset> append(std::string_view id, std::string_view content = "{}",
                          const partition_ref& to = at())
    {
        std::array records{record(id, content)};
        std::array parts{append_part{to, records}};
        log_write what;
        what.appends = parts;
        auto written = write(what);
        if (!written) return written.error();
        return written->bases[0];
    }
    /// Appends ids prefix0 .. prefix(n-1), each as a write of its own.
    void append_many(int count, const std::string& prefix, std::size_t content_bytes = 16)
    {
        for (int i = 0; i < count; ++i) {
            ASSERT_TRUE(append(prefix + std::to_string(i), std::string(content_bytes, 'x')));
        }
    }
    result<std::shared_ptr<const record_batch>> read(offset from, const partition_ref& p = at())
    {
        result<std::shared_ptr<const record_batch>> out{std::shared_ptr<const record_batch>()};
        log->read(p, from, [&out](auto r) { out = std::move(r); });
        return out;
    }
    /// All ids from `from` on, in order; a failure ends the list.
    std::vector<std::string> ids(offset from = {}, const partition_ref& p = at())
    {
        std::vector<std::string> out;
        for (;;) {
            auto batch = read(from, p);
            if (!batch || !*batch) return out;
            for (const auto& r : (*batch)->records()) {
                if (r.position >= from) out.emplace_back(r.id);
            }
            from = (*batch)->end();
        }
    }

    temporary_folder folder;
    test_clock clock;
    log_settings settings;
    std::unique_ptr<embedded::embedded_log> log;
};

}  // namespace sluice::datasets
