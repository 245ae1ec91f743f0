#include "gateway/commands/sink_recorder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace sluice::gateway {
namespace {

using json = nlohmann::json;
constexpr wall_time noon{std::chrono::hours{12} + std::chrono::microseconds{5}};

sink_request request_with(std::string_view target, std::string_view body)
{
    sink_request request;
    request.method = "POST";
    request.target = target;
    request.headers = {{"X-A", "1"}, {"x-a", "2"}, {"Host", "h"}};
    request.body = body;
    return request;
}

class scratch_file {
public:
    scratch_file()
    {
        std::string name = (std::filesystem::temp_directory_path() / "sink-XXXXXX").string();
        const int fd = ::mkstemp(name.data());
        if (fd >= 0) ::close(fd);
        path_ = name;
    }
    ~scratch_file() { std::filesystem::remove(path_); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

TEST(SinkRecorder, WritesARequestAsOneLineOfJson)
{
    const auto line = to_ndjson(request_with("/a", "{\"n\": 1.10,\n \"m\":2}"), 202, noon);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_NE(line.find(R"("body":{"n": 1.10,)"), std::string::npos)
        << "numbers keep their spelling";
    const auto record = json::parse(to_ndjson(request_with("/a", "{\"n\":1}"), 202, noon));
    EXPECT_EQ(record["time"], "1970-01-01T12:00:00.000005Z");
    EXPECT_EQ(record["method"], "POST");
    EXPECT_EQ(record["target"], "/a");
    EXPECT_EQ(record["headers"], (json{{"x-a", "1, 2"}, {"host", "h"}}));
    EXPECT_EQ(record["body"], (json{{"n", 1}}));
    EXPECT_EQ(record["status"], 202);
}

TEST(SinkRecorder, KeepsABodyThatIsNotJsonAsText)
{
    EXPECT_EQ(json::parse(to_ndjson(request_with("/", "a=b"), 200, noon))["body"], "a=b");
    EXPECT_EQ(json::parse(to_ndjson(request_with("/", "\xff\"\n"), 200, noon))["body"],
              "\xEF\xBF\xBD\"\n");
    EXPECT_TRUE(json::parse(to_ndjson(request_with("/", ""), 200, noon))["body"].is_null());
}

TEST(SinkRecorder, CountsByPathAndStatusAndKeepsTheLast)
{
    const scratch_file file;
    auto recorder = sink_recorder::open({.file = file.path(), .keep = 2});
    ASSERT_TRUE(recorder);
    (*recorder)->record(request_with("/a?x=1", "1"), 200, noon);
    (*recorder)->record(request_with("/a", "22"), 503, noon);
    (*recorder)->record(request_with("/b", "3"), 200, noon);
    const auto stats = json::parse((*recorder)->stats_json());
    EXPECT_EQ(stats["requests"], 3);
    EXPECT_EQ(stats["body_bytes"], 4);
    EXPECT_EQ(stats["by_path"], (json{{"/a", 2}, {"/b", 1}}));
    EXPECT_EQ(stats["by_status"], (json{{"200", 2}, {"503", 1}}));
    const auto last = json::parse((*recorder)->requests_json(10));
    ASSERT_EQ(last.size(), 2u);
    EXPECT_EQ(last[1]["target"], "/b");
    EXPECT_EQ(json::parse((*recorder)->requests_json(1)).size(), 1u);
}

TEST(SinkRecorder, AppendsEveryRequestToItsFile)
{
    const scratch_file file;
    for (int run = 0; run < 2; ++run) {
        auto recorder = sink_recorder::open({.file = file.path()});
        ASSERT_TRUE(recorder);
        (*recorder)->record(request_with("/a", "1"), 200, noon);
        (*recorder)->record(request_with("/a", "2"), 200, noon);
    }
    std::ifstream in(file.path());
    int lines = 0;
    for (std::string line; std::getline(in, line);) lines += json::accept(line) ? 1 : 0;
    EXPECT_EQ(lines, 4) << "a second receiver does not overwrite what the first one saw";
}

TEST(SinkRecorder, NamesTheFileItCanNotWrite)
{
    const auto recorder = sink_recorder::open({.file = "/proc/no/such/file"});
    ASSERT_FALSE(recorder);
    EXPECT_NE(recorder.error().message.find("/proc/no/such/file"), std::string::npos);
}

}  // namespace
}  // namespace sluice::gateway
