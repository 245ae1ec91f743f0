#include "tests/unit/actions/delivery_fixture.hpp"

namespace sluice::actions {
namespace {

using test::http_imposter;
using test::imposter_step;
using RestDestination = delivery_fixture;

TEST_F(RestDestination, SendsMethodTargetHeadersAndBody)
{
    http_imposter peer;
    auto settings = settings_for(peer, "/hooks/?tenant=7");
    settings.headers["x-shop"] = secret_string("north");
    make(settings);
    const std::vector<std::pair<std::string, std::string>> headers{{"x-kind", "purchase"}};
    outgoing_request what = request("{\"price\":99.79}");
    what.method = "PUT";
    what.path = "/orders?id=5";
    what.headers = &headers;
    const auto outcome = deliver(what);
    EXPECT_EQ(outcome.next, outcome_class::delivered) << outcome.detail;
    EXPECT_EQ(outcome.reason, "http_200");
    EXPECT_EQ(outcome.attempts, 1U);
    const auto got = peer.requests().at(0);
    EXPECT_EQ(got.method, "PUT");
    EXPECT_EQ(got.target, "/hooks/orders?tenant=7&id=5");
    EXPECT_EQ(got.body, "{\"price\":99.79}");
    EXPECT_EQ(got.header("host"), "127.0.0.1:" + std::to_string(peer.port()));
    EXPECT_EQ(got.header("user-agent"), "sluice/" SLUICE_VERSION);
    EXPECT_EQ(got.header("content-type"), "application/json");
    EXPECT_EQ(got.header("content-length"), "15");
    EXPECT_EQ(got.header("webhook-id"), "event-1");
    EXPECT_EQ(got.header("webhook-timestamp").size(), 10U);
    EXPECT_EQ(got.header("x-shop"), "north");
    EXPECT_EQ(got.header("x-kind"), "purchase");
}

TEST_F(RestDestination, UsesOneConnectionForRequestsInTurn)
{
    http_imposter peer;
    make(settings_for(peer));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_EQ(peer.connections(), 1U);
    EXPECT_EQ(destination_->stats().connections_opened, 1U);
    EXPECT_EQ(destination_->stats().connections_reused, 4U);
    EXPECT_EQ(destination_->stats().connections_open, 1U);
}

TEST_F(RestDestination, NeverOpensMoreConnectionsThanAllowed)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.connections_max = 3;
    make(settings);
    peer.script(std::vector<imposter_step>(3, imposter_step{.hold = true}));
    for (int i = 0; i < 12; ++i) start(request());
    run_until([&] { return peer.requests().size() == 3; });
    EXPECT_EQ(peer.connections(), 3U);
    peer.release();
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(finish(i).next, outcome_class::delivered);
    EXPECT_EQ(peer.connections(), 3U);
}

TEST_F(RestDestination, RepeatsARequestThatMetAStaleConnectionWithoutCountingIt)
{
    http_imposter peer;
    make(settings_for(peer));
    ASSERT_EQ(deliver().next, outcome_class::delivered);
    // The second request is read, then the connection ends without a byte of answer.
    peer.script({imposter_step{.raw = "", .after = imposter_step::afterwards::reset}});
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::delivered) << outcome.reason;
    EXPECT_EQ(outcome.attempts, 1U);
    EXPECT_EQ(peer.connections(), 2U);
    EXPECT_EQ(peer.requests().size(), 3U);
}

TEST_F(RestDestination, DoesNotRepeatAtOnceOnAFreshConnection)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script({imposter_step{.raw = "", .after = imposter_step::afterwards::reset}});
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::retry);
    EXPECT_EQ(outcome.reason, "reset_waiting");
    EXPECT_EQ(peer.requests().size(), 1U);
}

TEST_F(RestDestination, ForgetsAConnectionThatThePeerClosedWhileIdle)
{
    http_imposter peer;
    make(settings_for(peer));
    ASSERT_EQ(deliver().next, outcome_class::delivered);
    peer.close_connections();
    run_until([&] { return destination_->stats().connections_open == 0; });
    EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_EQ(peer.connections(), 2U);
}

TEST_F(RestDestination, TriesAgainInlineUntilItIsDelivered)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.retry.inline_attempts_max = 3;
    make(settings);
    peer.script({imposter_step{.status = 500}, imposter_step{.status = 503}});
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::delivered);
    EXPECT_EQ(outcome.attempts, 3U);
    const auto got = peer.requests();
    ASSERT_EQ(got.size(), 3U);
    EXPECT_EQ(got[0].header("webhook-id"), got[2].header("webhook-id"));
}

TEST_F(RestDestination, KeepsTheStartOfAnAnswerThatRefuses)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script({imposter_step{.status = 400, .body = std::string(3000, 'x')}});
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::reject);
    EXPECT_EQ(outcome.status, 400);
    EXPECT_EQ(outcome.response_body.size(), 1024U);
}

TEST_F(RestDestination, GivesRetryAfterToTheLane)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script({imposter_step{.status = 429, .headers = {{"Retry-After", "120"}}}});
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::throttle);
    EXPECT_EQ(outcome.retry_after, std::chrono::milliseconds(120'000));
}

TEST_F(RestDestination, TimesOutWhenNoStatusComes)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.timeout = 60ms;
    make(settings);
    peer.script({imposter_step{.hold = true}});
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::retry);
    EXPECT_EQ(outcome.reason, "timeout");
    EXPECT_GE(outcome.elapsed, 60ms);
    EXPECT_EQ(destination_->stats().connections_open, 0U);
    peer.release();
}

TEST_F(RestDestination, LetsTheStatusDecideWhenTheBodyNeverEnds)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.timeout = 100ms;
    make(settings);
    peer.script({imposter_step{.raw = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nab"}});
    EXPECT_EQ(deliver().next, outcome_class::delivered);
}

TEST_F(RestDestination, LetsTheStatusDecideWhenTheBodyIsCut)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script({imposter_step{.raw = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nab",
                               .after = imposter_step::afterwards::close}});
    EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_EQ(peer.connections(), 2U);
}

TEST_F(RestDestination, StopsReadingAnEndlessBodyAtItsLimit)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script(
        {imposter_step{.raw = "HTTP/1.1 200 OK\r\n\r\n", .endless = std::string(4096, 'x')}});
    EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_LT(destination_->stats().bytes_received, 200'000U);
}

TEST_F(RestDestination, StopsReadingAnEndlessHeaderAtItsLimit)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script(
        {imposter_step{.raw = "HTTP/1.1 200 OK\r\n", .endless = "x-filler: aaaaaaaaaaaa\r\n"}});
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::retry);
    EXPECT_EQ(outcome.reason, "malformed_answer");
    EXPECT_LT(destination_->stats().bytes_received, 40'000U);
}

TEST_F(RestDestination, ReadsInterimAnswersAsNone)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script(
        {imposter_step{.raw = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: a\r\n\r\n"
                              "HTTP/1.1 204 None\r\n\r\n"}});
    const auto outcome = deliver();
    EXPECT_EQ(outcome.status, 204);
    EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(RestDestination, DoesNotBelieveAYesBeforeTheRequestWasSent)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script({imposter_step{.before_body = true, .after = imposter_step::afterwards::close}});
    const std::string large(16 * 1024 * 1024, 'x');
    const auto outcome = deliver(request(large));
    EXPECT_EQ(outcome.next, outcome_class::retry);
}

TEST_F(RestDestination, SendsABodyLargerThanTheSocketTakesAtOnce)
{
    http_imposter peer;
    make(settings_for(peer));
    const std::string large(8 * 1024 * 1024, 'x');
    EXPECT_EQ(deliver(request(large)).next, outcome_class::delivered);
    EXPECT_EQ(peer.requests().at(0).body.size(), large.size());
    EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_EQ(peer.connections(), 1U);
}

TEST_F(RestDestination, SaysThatAConnectionWasRefused)
{
    config::destination_settings settings;
    {
        http_imposter gone;
        settings = settings_for(gone);
    }
    make(settings);
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::retry);
    EXPECT_EQ(outcome.reason, "connect_refused");
}

TEST_F(RestDestination, RejectsARequestWithAnInjectedHeaderWithoutSending)
{
    http_imposter peer;
    make(settings_for(peer));
    const std::vector<std::pair<std::string, std::string>> headers{{"x-a", "1\r\nx-evil: 2"}};
    outgoing_request what = request();
    what.headers = &headers;
    const auto outcome = deliver(what);
    EXPECT_EQ(outcome.next, outcome_class::reject);
    EXPECT_EQ(outcome.reason, "bad_request");
    EXPECT_EQ(outcome.attempts, 0U);
    EXPECT_EQ(peer.connections(), 0U);
}

TEST_F(RestDestination, WaitsWhileTheBreakerIsOpenAndProbesAfterwards)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.circuit.failures_to_open = 2;
    settings.circuit.open_for = 40ms;
    make(settings);
    peer.script({imposter_step{.status = 500}, imposter_step{.status = 500}});
    (void)deliver();
    (void)deliver();
    EXPECT_EQ(destination_->breaker(), breaker_state::open);
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < 3; ++i) start(request());
    for (std::size_t i = 2; i < 5; ++i) EXPECT_EQ(finish(i).next, outcome_class::delivered);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 30ms);
    EXPECT_EQ(destination_->breaker(), breaker_state::closed);
    EXPECT_EQ(destination_->stats().breaker_opened, 1U);
}

TEST_F(RestDestination, HoldsToTheRateItWasGiven)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.requests_per_second = 100;
    make(settings);
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < 6; ++i) start(request());
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(finish(i).next, outcome_class::delivered);
    EXPECT_GE(std::chrono::steady_clock::now() - before, 45ms);
}

TEST_F(RestDestination, StopEndsEveryWaitAndEveryAttempt)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.connections_max = 1;
    make(settings);
    peer.script({imposter_step{.hold = true}});
    start(request());
    start(request());
    run_until([&] { return peer.requests().size() == 1; });
    destination_->stop(20ms);
    const auto waiting = finish(1);
    EXPECT_EQ(waiting.next, outcome_class::retry);
    EXPECT_EQ(waiting.reason, "stopping");
    EXPECT_EQ(waiting.attempts, 0U);
    const auto cut = finish(0);
    EXPECT_EQ(cut.next, outcome_class::retry);
    EXPECT_EQ(cut.reason, "stopping");
    EXPECT_EQ(cut.attempts, 0U);
    const auto after = deliver();
    EXPECT_EQ(after.reason, "stopping");
    peer.release();
}

TEST_F(RestDestination, StopLetsAnAttemptFinishWithinItsGrace)
{
    http_imposter peer;
    make(settings_for(peer));
    peer.script({imposter_step{.hold = true}});
    start(request());
    run_until([&] { return peer.requests().size() == 1; });
    destination_->stop(5s);
    peer.release();
    EXPECT_EQ(finish(0).next, outcome_class::delivered);
}

TEST_F(RestDestination, DescribesARequestWithoutItsSecrets)
{
    http_imposter peer;
    auto settings = settings_for(peer, "/in?key=hidden0");
    settings.headers["x-key"] = secret_string("hidden1");
    settings.auth.kind = config::auth_kind::bearer;
    settings.auth.token = secret_string("hidden2");
    settings.signing.secrets = {secret_string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
    make(settings);
    const std::string text = destination_->describe(request());
    EXPECT_EQ(text.find("hidden"), std::string::npos) << text;
    EXPECT_NE(text.find("authorization: Bearer ***"), std::string::npos) << text;
    EXPECT_NE(text.find("webhook-signature: ***"), std::string::npos) << text;
    EXPECT_NE(text.find("{\"a\":1}"), std::string::npos) << text;
}

TEST(MakeRestDestination, RefusesALoopbackAddressThatIsNotAllowed)
{
    boost::asio::io_context io;
    config::destination_settings settings;
    settings.url = "http://127.0.0.1:9000/";
    const auto made =
        make_rest_destination("crm", settings, io.get_executor(), system_clock(), thread_random());
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("allow_private"), std::string::npos);
    EXPECT_NE(made.error().message.find("crm"), std::string::npos);
}

TEST_F(RestDestination, RejectsAnEventWhoseAnswerFailWhenFindsBad)
{
    http_imposter peer;
    imposter_step no;
    no.body = R"({"ok":false})";
    imposter_step yes;
    yes.body = R"({"ok":true})";
    imposter_step text;
    text.body = "fine";
    peer.script({no, yes, text});
    auto settings = settings_for(peer);
    settings.fail_when = "response.body.ok == false";
    make(settings);
    const auto bad = deliver();
    EXPECT_EQ(bad.next, outcome_class::reject);
    EXPECT_EQ(bad.reason, "fail_when");
    EXPECT_EQ(bad.status, 200);
    EXPECT_EQ(deliver().next, outcome_class::delivered);
    EXPECT_EQ(deliver().next, outcome_class::delivered) << "a condition in error does not hold";
}

TEST_F(RestDestination, TriesAgainWhenRetryWhenSaysSo)
{
    http_imposter peer;
    imposter_step busy;
    busy.status = 422;
    peer.script({busy, imposter_step{}});
    auto settings = settings_for(peer);
    settings.retry.inline_attempts_max = 2;
    settings.retry_when = "response.status == 422";
    make(settings);
    const auto outcome = deliver();
    EXPECT_EQ(outcome.next, outcome_class::delivered) << outcome.detail;
    EXPECT_EQ(outcome.attempts, 2U);
}

TEST_F(RestDestination, RefusesAConditionThatDoesNotCompile)
{
    http_imposter peer;
    auto settings = settings_for(peer);
    settings.fail_when = "response.body.ok ==";
    EXPECT_THROW(make(settings), std::runtime_error);
}

}  // namespace
}  // namespace sluice::actions
