// Rules with steps: what later steps read, what is skipped, what is wrong at load, and how tests
// and explain run them.

#include "rules/steps/step_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "rules/definition/step_reader.hpp"
#include "rules/steps/step_responses.hpp"
#include "tests/unit/rules/rules_support.hpp"

namespace sluice::rules::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* upsert = R"yaml(
rules:
  s:
    source: web_events
    rules:
      - name: contact
        when: event.mail != ''
        explanation: "'lead ' + event.mail"
        steps:
          - {name: find, to: crm, request: {method: GET, path: /c, query: {email: event.mail}}, accept: [2xx, 404], timeout: 2s}
          - name: update
            when: steps.find.ok
            to: crm
            request:
              method: PATCH
              path: /c/{{ steps.find.body.id }}
              body: {map: {score: "default(steps.find.body.score, 0) + 1", raw: steps.find.body, n: steps.find.attempts}}
          - {name: create, when: steps.find.status == 404, to: ads, request: {path: /c, body: {map: {mail: event.mail, type: "steps.find.headers.`content-type`"}}}, on_failure: continue, max_response: 1KiB}
          - {name: last, to: crm, request: {path: /l, body: {map: {score: "default(steps.update.body.score, -1)", code: steps.find.code}}}}
)yaml";

/// The steps of the one rule, run with answers of the test.
struct steps_run {
    explicit steps_run(const std::string& yaml) : e(yaml) {}

    void decide(const std::string& event) { ASSERT_EQ(e.decide(event).size(), 1U); }
    decided_event seen()
    {
        json = results.to_json();
        return e.program->steps()->with_results(e.decided, json, arena, *e.scratch);
    }
    bool runs(std::size_t step)
    {
        return e.program->steps()->runs(e.decided.matched[0], step, e.event, seen(), *e.scratch);
    }
    rendered_request render(std::size_t step)
    {
        rendered_request request;
        const auto failed = e.program->steps()->render(e.decided.matched[0], step, e.event, seen(),
                                                       *e.scratch, request);
        if (failed) request.explanation = failed->path + ": " + failed->message;
        return request;
    }

    engine e;
    step_results results;
    std::string json;
    event_arena arena;
};

step_answer answer_of(int status, std::string text)
{
    return {.status = status,
            .reason = "http_" + std::to_string(status),
            .headers = {{"content-type", "text/x"}},
            .text = std::move(text),
            .attempts = 2};
}

TEST(Steps, LaterStepsReadTheAnswersOfEarlierOnes)
{
    steps_run run(upsert);
    ASSERT_NE(run.e.program, nullptr) << run.e.problems.to_text();
    run.decide(R"({"mail":"a@b.c"})");
    EXPECT_TRUE(run.runs(0));
    EXPECT_EQ(run.render(0).path, "/c?email=a%40b.c");
    run.results.add("find", answer_of(200, R"({"id":"c/9","score":15,"big":12345678901234567890123})"));
    EXPECT_TRUE(run.runs(1));
    EXPECT_FALSE(run.runs(2));
    const auto update = run.render(1);
    EXPECT_EQ(update.path, "/c/c%2F9");
    // numbers of the answer that no parser can hold go out as they came in
    EXPECT_EQ(update.body,
              R"({"score":16,"raw":{"id":"c/9","score":15,"big":12345678901234567890123},"n":2})");
}

TEST(Steps, ResultsOfSkippedStepsAreAbsent)
{
    steps_run run(upsert);
    ASSERT_NE(run.e.program, nullptr);
    run.decide(R"({"mail":"a@b.c"})");
    EXPECT_FALSE(run.runs(1));  // no result at all: the condition is in error, the step is skipped
    run.results.add("find", answer_of(404, "not here"));
    EXPECT_FALSE(run.runs(1));
    EXPECT_TRUE(run.runs(2));
    EXPECT_EQ(run.render(2).body, R"({"mail":"a@b.c","type":"text/x"})");
    EXPECT_EQ(run.render(3).body, R"({"score":-1,"code":"http_404"})");
}

TEST(Steps, AStepKnowsWhereItGoesAndWhatItAccepts)
{
    engine e(upsert);
    ASSERT_NE(e.program, nullptr);
    const auto& rule = e.program->outcomes()[0];
    EXPECT_EQ(rule.action, rule_action::steps);
    EXPECT_EQ(rule.target, "steps.s.contact");
    ASSERT_EQ(rule.steps.size(), 4U);
    EXPECT_EQ(rule.steps[0].timeout, std::chrono::seconds{2});
    EXPECT_TRUE(holds_status(rule.steps[0].accept, 404));
    EXPECT_FALSE(holds_status(rule.steps[0].accept, 302));
    EXPECT_TRUE(rule.steps[1].is_event_path);
    EXPECT_FALSE(rule.steps[1].continues);
    EXPECT_TRUE(rule.steps[2].continues);
    EXPECT_EQ(rule.steps[2].response_bytes_max, 1024U);
    EXPECT_EQ(rule.steps[2].target, "ads");
    EXPECT_FALSE(rule.steps[3].is_event_path);
    EXPECT_EQ(holds_status(rule.steps[3].accept, 204), true);
}

TEST(Steps, StatusesAreWrittenAsClassStatusOrRange)
{
    EXPECT_EQ(parse_status_range("2xx"), (status_range{200, 299}));
    EXPECT_EQ(parse_status_range("404"), (status_range{404, 404}));
    EXPECT_EQ(parse_status_range("200-204"), (status_range{200, 204}));
    for (const auto* bad : {"", "2x", "9xx", "20", "2000", "ok", "204-200", "0xx", "600"}) {
        EXPECT_EQ(parse_status_range(bad), std::nullopt) << bad;
    }
}

TEST(Steps, MistakesAreToldWithPlaceAndRemedy)
{
    engine e(R"yaml(
rules:
  s:
    source: web_events
    rules:
      - name: r
        steps:
          - {name: find, to: crmm, accept: [2xx, 4x4], retries: 3}
          - {name: find, to: crm, when: steps.fnid.ok, timeout: 2}
          - {name: a b, to: crm, when: steps.find.status, max_response: 4GiB}
          - {name: early, to: crm, when: steps.late.ok}
          - {name: late, to: crm, request: {path: "/{{ steps.find.bdy.id }}", key: event.id}}
          - {request: {path: "/"}}
      - {name: plain, when: steps.find.ok, to: crm}
      - {name: none, steps: []}
      - {name: both, to: crm, steps: [{name: x, to: crm}]}
)yaml");
    EXPECT_EQ(e.catalog, nullptr);
    const auto text = e.problems.to_text();
    for (const auto* part :
         {"rules.yaml:8:30: error: unknown destination 'crmm'", "did you mean 'crm'?",
          "rules.yaml:8:50: error: '4x4' is no status to accept",
          "rules.yaml:8:56: error: unknown key 'retries' in a step",
          "rules.yaml:9:20: error: step 'find' stands twice in rule 'r'",
          "there is no step 'fnid', did you mean 'find'?", "'2' is no `timeout`",
          "'a b' is no name for a step", "`max_response` must be a size from 1 to 1MiB",
          "step 'late' has not run yet where its result is read",
          "the result of a step has no field 'bdy', did you mean 'body'?",
          "`key` has no meaning in a step", "a step needs a `name`", "has no `to`",
          "unknown variable 'steps.find'", "rule 'none' has no steps",
          "rule 'both' has two outcomes"}) {
        EXPECT_THAT(text, HasSubstr(part));
    }
    EXPECT_THAT(text, HasSubstr("rules.yaml:10:51: error: the expression gives int"));
    EXPECT_THAT(text, Not(HasSubstr("unknown destination ''")));
}

TEST(Steps, TestsGiveAnswersAndExpectRequestsPerStep)
{
    const std::string tests = R"yaml(
    tests:
      - name: known
        event: {mail: a@b.c}
        responses: {contact.find: {body: {id: 7}}}
        expect: {matched: [contact], explanation: {contact: lead a@b.c}, requests: {contact.update: {path: /c/7, body_has: {score: 1}}, contact.last: {body: {score: -1, code: http_200}}}}
      - name: unknown
        event: {mail: a@b.c}
        responses: {contact.find: {status: 404, headers: {Content-Type: a/b}}, contact.create: {timeout: true}}
        expect: {requests: {contact.create: {body: {mail: a@b.c, type: a/b}}, contact.last: {body_has: {code: http_404}}}}
      - name: the rule stops
        event: {mail: a@b.c}
        responses: {contact.find: {status: 500}}
        expect: {requests: {contact.last: {path: /l}}}
      - name: not run
        event: {mail: a@b.c}
        responses: {contact.find: {body: {id: 1}}}
        expect: {requests: {contact.create: {path: /c}}}
      - name: needs a step
        event: {mail: a@b.c}
        expect: {requests: {contact: {path: /c}}}
      - name: no path without an id
        event: {mail: a@b.c}
        expect: {requests: {contact.update: {error: path}}}
)yaml";
    config::diagnostics problems;
    const auto report =
        run_rule_tests(sources_of(upsert + tests, problems), test_names(), problems);
    EXPECT_FALSE(problems.has_errors()) << problems.to_text();
    const auto text = report.to_text();
    EXPECT_THAT(text, ::testing::EndsWith("3 passed, 3 failed\n")) << text;
    EXPECT_THAT(text, HasSubstr("request of contact.last: the step was not reached: step 'find'"));
    EXPECT_THAT(text, HasSubstr("failed: status 500 is not accepted"));
    EXPECT_THAT(text, HasSubstr("request of contact.create: the step was skipped: "
                                "steps.find.status == 404  is false"));
    EXPECT_THAT(text, HasSubstr("the rule has steps; name one, as in contact.find"));
}

TEST(Steps, TestsMayOnlyNameStepsThatExist)
{
    config::diagnostics problems;
    (void)run_rule_tests(sources_of(std::string{upsert} + R"yaml(
    tests:
      - name: t
        event: {mail: x}
        responses: {contact.fnd: {status: 200}, contact.find: {status: 9}}
        expect: {requests: {contact.lst: {path: /}}}
)yaml",
                                    problems),
                         test_names(), problems);
    const auto text = problems.to_text();
    EXPECT_THAT(text, HasSubstr("there is no step 'contact.fnd'"));
    EXPECT_THAT(text, HasSubstr("did you mean 'contact.find'?"));
    EXPECT_THAT(text, HasSubstr("there is no step 'contact.lst'"));
    EXPECT_THAT(text, HasSubstr("`status` must be an HTTP status"));
}

TEST(Steps, ExplainShowsConditionsRequestsAndAssumedAnswers)
{
    engine e(upsert);
    ASSERT_NE(e.program, nullptr);
    const event_input event{
        .json = R"({"mail":"a@b.c"})", .id = "e-1", .type = "t", .dataset = "web_events"};
    const auto assumed = explain_event(*e.catalog, event);
    const auto text = to_text(assumed);
    EXPECT_THAT(text, HasSubstr("because: lead a@b.c"));
    EXPECT_THAT(text, HasSubstr("1. find   ran"));
    EXPECT_THAT(text, HasSubstr("-> crm      GET /c?email=a%40b.c"));
    EXPECT_THAT(text, HasSubstr("<- http_200 (assumed)  {}"));
    EXPECT_THAT(text, HasSubstr("2. update   failed: path: "));
    EXPECT_THAT(text, HasSubstr("3. create   not reached: step 'update' failed"));

    const response_source given{.step = {"contact.find", {}}, .status = 404};
    const auto told = to_text(explain_event(*e.catalog, event, respond_with({given})));
    EXPECT_THAT(told, HasSubstr("2. update   skipped: steps.find.ok  is false"));
    EXPECT_THAT(told, HasSubstr("<- http_404\n"));
    EXPECT_THAT(told, Not(HasSubstr("http_404 (assumed)")));
    EXPECT_THAT(to_json(assumed), HasSubstr(R"("step":"find","result":"ran")"));
}

TEST(Steps, RulesAroundThemAreExplainedWithTheEventAsItIs)
{
    engine e(R"yaml(
rules:
  s:
    source: web_events
    variables: [{name: m, expression: event.mail.lower()}]
    rules:
      - {name: a, steps: [{name: x, to: crm, request: {path: "/{{ variables.m }}"}}]}
      - {name: b, when: variables.m == 'q', to: crm}
)yaml");
    ASSERT_NE(e.program, nullptr) << e.problems.to_text();
    const event_input event{
        .json = R"({"mail":"Q"})", .id = "e-1", .type = "t", .dataset = "web_events"};
    EXPECT_THAT(explain_event(*e.catalog, event).matched, ElementsAre("s/a", "s/b"));
    EXPECT_THAT(to_text(explain_event(*e.catalog, event)),
                ::testing::ContainsRegex("variables.m == 'q' +'q'"));
}

TEST(StepResponses, AreReadFromAFileWithItsMistakes)
{
    const auto read = [](const std::string& text, config::diagnostics& problems) {
        const auto path = ::testing::TempDir() + "step_responses.yaml";
        std::ofstream(path) << text;
        return read_response_file(path, problems);
    };
    config::diagnostics none;
    const auto good = read(R"({"a.b": {"status": 201, "body": {"n": 1.10}}, "a.c": {"timeout": true},
                               "a.d": {"body": "plain"}})",
                           none);
    ASSERT_TRUE(good) << none.to_text();
    const auto respond = respond_with(*good);
    const auto answer = [&](const char* step) { return respond("s/a", {.name = step}, {}); };
    EXPECT_EQ(answer("b")->status, 201);
    EXPECT_EQ(answer("b")->text, R"({"n":1.10})");
    EXPECT_EQ(step_code(*answer("c")), "timedout");
    EXPECT_EQ(answer("d")->text, "plain");
    EXPECT_FALSE(answer("e"));
    config::diagnostics problems;
    EXPECT_FALSE(read("a.b: {state: 200}", problems));
    EXPECT_THAT(problems.to_text(), HasSubstr("unknown key 'state' in a response"));
}

TEST(StepResults, KeepTextsThatAreNoJsonAndBytesThatAreNoText)
{
    step_results results;
    results.add("a", {.status = 0, .reason = "timeout", .headers = {}, .text = {}, .attempts = 3});
    results.add(
        "b",
        {.status = 200, .reason = {}, .headers = {{"x", "1"}, {"x", "2"}}, .text = "\xff{"});
    results.add("a", {.status = 0, .reason = "tls", .headers = {}, .text = {}});
    EXPECT_EQ(results.to_json(),
              R"({"b":{"status":200,"ok":true,"code":"http_200","headers":{"x":"1, 2"},"text":"?{",)"
              R"("attempts":0,"elapsed":0},)"
              R"("a":{"status":0,"ok":false,"code":"internalError","headers":{},"text":"",)"
              R"("attempts":0,"elapsed":0}})");
    EXPECT_TRUE(results.has("a"));
    EXPECT_FALSE(results.has("c"));
}

}  // namespace
}  // namespace sluice::rules::testing
