// All framing cases against the machine, without a socket: in one piece, byte by byte, cut
// everywhere.

#include "gateway/http/session_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "tests/unit/gateway/http/http_cases.hpp"
#include "tests/unit/gateway/http/probe_routes.hpp"

namespace sluice::gateway {
namespace {

using test::http_case;

/// Answers like the probe endpoint; `heard` is what the client got.
class machine_runner {
public:
    machine_runner()
        : tools_{limits_, routes_, stats_, request_id_source{1}, {}}, machine_(tools_, "127.0.0.1")
    {
    }

    /// True when the machine has finished with the connection.
    bool feed(std::string_view bytes)
    {
        for (;;) {
            switch (machine_.next()) {
                case session_step::read: {
                    if (bytes.empty()) return false;
                    const auto room = machine_.room();
                    const auto count = std::min(room.size(), bytes.size());
                    std::copy_n(bytes.data(), count, room.data());
                    machine_.on_read(count);
                    bytes.remove_prefix(count);
                    break;
                }
                case session_step::call: {
                    const auto& request = machine_.request();
                    http_response response;
                    response.body.append(request.method).append("\n").append(request.body);
                    head_only_.resize(answers_ + 1);
                    head_only_[answers_] = request.method == "HEAD";
                    machine_.on_response(std::move(response));
                    break;
                }
                case session_step::write:
                    heard_ += machine_.output();
                    if (!machine_.output().starts_with("HTTP/1.1 100")) ++answers_;
                    machine_.on_written();
                    break;
                case session_step::linger:
                case session_step::close:
                    return true;
            }
        }
    }
    bool end()
    {
        machine_.on_end_of_stream();
        return feed({});
    }
    session_machine& machine() { return machine_; }
    const std::string& heard() const { return heard_; }
    test::heard_answers answers() const { return test::parse_answers(heard_, head_only_); }

private:
    config::http_limits limits_ = test::case_limits();
    router routes_ = test::make_probe_routes();
    http_stats stats_;
    session_tools tools_;
    session_machine machine_;
    std::string heard_;
    std::vector<bool> head_only_;
    std::size_t answers_ = 0;
};

std::string run_in_pieces(const http_case& wanted, const std::vector<std::string_view>& pieces)
{
    machine_runner runner;
    bool closed = false;
    for (const auto piece : pieces) closed = closed || runner.feed(piece);
    if (!closed && !wanted.later.empty()) closed = runner.feed(wanted.later);
    if (!closed && wanted.half_closes) closed = runner.end();
    if (!closed && wanted.close != test::closing::closes) {
        const auto before = runner.answers().status.size();
        machine_runner& same = runner;
        closed = same.feed("GET /probe HTTP/1.1\r\nHost: t\r\n\r\n");
        auto heard = same.answers();
        if (heard.status.size() != before + 1 || heard.status.back() != 200)
            return "the canary was not served";
        heard.status.pop_back();
        if (heard.status.empty()) return "nothing but the canary was answered";
        if (wanted.body || !wanted.has.empty()) return {};
        return test::judge(wanted, heard, false);
    }
    return test::judge(wanted, runner.answers(), closed);
}

/// Body and fields are looked at without a canary behind the case.
std::string run_plain(const http_case& wanted)
{
    machine_runner runner;
    bool closed = runner.feed(wanted.send);
    if (!closed && !wanted.later.empty()) closed = runner.feed(wanted.later);
    if (!closed && wanted.half_closes) closed = runner.end();
    return test::judge(wanted, runner.answers(), closed);
}

class verdicts {
public:
    void add(const http_case& of, const std::string& how, const std::string& complaint)
    {
        all_.insert(of.id);
        if (complaint.empty()) return;
        if (bad_.insert(of.id).second)
            std::cout << of.id << " (" << of.level << ") " << how << ": " << complaint << '\n';
        if (of.level == "must") ADD_FAILURE() << of.id << ' ' << how << ": " << complaint;
    }
    [[nodiscard]] double share_of_good() const
    {
        return 1.0 - static_cast<double>(bad_.size()) / static_cast<double>(all_.size());
    }

private:
    std::set<std::string> all_;
    std::set<std::string> bad_;
};

TEST(SessionMachine, FramesEveryCaseInOnePiece)
{
    verdicts judged;
    for (const auto& each : test::load_http_cases()) {
        judged.add(each, "whole", run_plain(each));
        judged.add(each, "with canary", run_in_pieces(each, {each.send}));
    }
    EXPECT_GE(judged.share_of_good(), 0.97);
}

TEST(SessionMachine, FramesEveryCaseByteByByte)
{
    verdicts judged;
    for (const auto& each : test::load_http_cases()) {
        std::vector<std::string_view> pieces;
        const std::string_view bytes = each.send;
        // megabytes byte by byte say nothing that their first and last thousands do not
        const std::size_t middle = bytes.size() > 20'000 ? bytes.size() - 20'000 : 0;
        if (middle > 0) pieces.push_back(bytes.substr(0, middle));
        for (std::size_t i = middle; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
        judged.add(each, "byte by byte", run_in_pieces(each, pieces));
    }
    EXPECT_GE(judged.share_of_good(), 0.97);
}

TEST(SessionMachine, FramesEveryCaseCutInTwoAnywhere)
{
    verdicts judged;
    for (const auto& each : test::load_http_cases()) {
        const std::string_view bytes = each.send;
        const std::size_t step = each.has_fill ? std::max<std::size_t>(1, bytes.size() / 64) : 1;
        for (std::size_t cut = 1; cut < bytes.size(); cut += step) {
            const auto complaint = run_in_pieces(each, {bytes.substr(0, cut), bytes.substr(cut)});
            judged.add(each, "cut at " + std::to_string(cut), complaint);
            if (!complaint.empty()) break;
        }
    }
    EXPECT_GE(judged.share_of_good(), 0.97);
}

TEST(SessionMachine, AnswersASlowHeadWith408AndCloses)
{
    machine_runner runner;
    EXPECT_FALSE(runner.feed("POST /probe HTTP/1.1\r\nHo"));
    EXPECT_EQ(runner.machine().phase(), session_phase::head);
    runner.machine().on_deadline();
    EXPECT_TRUE(runner.feed({}));
    EXPECT_EQ(runner.answers().status, std::vector<int>{408});
}

TEST(SessionMachine, ClosesAnIdleConnectionSilently)
{
    machine_runner runner;
    EXPECT_FALSE(runner.feed("GET /probe HTTP/1.1\r\nHost: t\r\n\r\n"));
    EXPECT_EQ(runner.machine().phase(), session_phase::idle);
    runner.machine().on_deadline();
    EXPECT_TRUE(runner.feed({}));
    EXPECT_EQ(runner.answers().status, std::vector<int>{200});
}

TEST(SessionMachine, ADrainingConnectionEndsWithTheAnswerUnderWay)
{
    machine_runner runner;
    EXPECT_FALSE(runner.feed("POST /probe HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{"));
    EXPECT_FALSE(runner.machine().drain());
    EXPECT_TRUE(runner.feed("}"));
    EXPECT_EQ(runner.answers().status, std::vector<int>{200});
    EXPECT_NE(runner.heard().find("Connection: close\r\n"), std::string::npos);
}

TEST(SessionMachine, AnEndpointThatThrowsBecomesA500ThatNamesTheRequest)
{
    config::http_limits limits = test::case_limits();
    router routes = test::make_probe_routes();
    http_stats stats;
    session_tools tools{limits, routes, stats, request_id_source{1}, {}};
    session_machine machine(tools, "127.0.0.1");
    const std::string_view bytes = "GET /probe HTTP/1.1\r\nHost: t\r\nX-Request-Id: mine-7\r\n\r\n";
    static_cast<void>(machine.next());
    std::copy(bytes.begin(), bytes.end(), machine.room().begin());
    machine.on_read(bytes.size());
    ASSERT_EQ(machine.next(), session_step::call);
    machine.on_endpoint_failed();
    EXPECT_TRUE(machine.output().starts_with("HTTP/1.1 500 "));
    EXPECT_NE(machine.output().find("\"requestId\":\"mine-7\""), std::string_view::npos);
}

}  // namespace
}  // namespace sluice::gateway
