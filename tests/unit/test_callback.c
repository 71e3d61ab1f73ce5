/* What providers tell us when somebody acknowledges at theirs, and what a call answers. */
#include "tests/check.h"

#include "collector/codec/notify/pagerduty_event.h"
#include "collector/codec/notify/slack_action.h"
#include "collector/codec/notify/twiml.h"
#include "common/base/err.h"

#define EVENT(type, at, agent, data)                                                               \
    "{\"event\":{\"id\":\"5ac64822-4adc-4fda-ade0-410becf0de4f\",\"event_type\":\"" type           \
    "\",\"resource_type\":\"incident\",\"occurred_at\":\"" at "\",\"agent\":" agent                \
    ",\"client\":null,\"data\":" data "}}"
#define ACKNOWLEDGED "incident.acknowledged"
#define AT           "2026-05-01T14:05:00.169Z"
#define ALEX                                                                                       \
    "{\"html_url\":\"https://acme.pagerduty.com/users/PLH1HKV\",\"id\":\"PLH1HKV\","               \
    "\"summary\":\"Alex Meyer\",\"type\":\"user_reference\"}"
#define INCIDENT(key) "{\"id\":\"PGR0VU2\",\"type\":\"incident\",\"incident_key\":\"" key "\"}"
#define GOOD          EVENT(ACKNOWLEDGED, AT, ALEX, INCIDENT("limit/web"))

static void test_pagerduty(void)
{
    struct pl_pagerduty_event event;
    REQUIRE(pl_pagerduty_event_read(pl_span_of(GOOD), &event) == 0);
    CHECK_TEXT(event.who, "Alex Meyer");
    CHECK_TEXT(event.pool.text, "web");
    CHECK_INT(event.rule, PL_RULE_LIMIT);
    CHECK_INT(event.occurred_unix_ms, INT64_C(1777644300169));
    static const struct {
        const char *body;
        int err;
    } cases[] = {
        {EVENT("incident.resolved", AT, ALEX, INCIDENT("limit/web")), PL_E_NOT_FOUND},
        {EVENT(ACKNOWLEDGED, AT, ALEX, INCIDENT("another")), PL_E_NOT_FOUND},
        {EVENT(ACKNOWLEDGED, AT, ALEX, "{\"id\":\"PGR0VU2\",\"incident_key\":null}"),
         PL_E_NOT_FOUND},
        {EVENT(ACKNOWLEDGED, AT, "null", INCIDENT("limit/web")), PL_E_NOT_FOUND},
        {EVENT(ACKNOWLEDGED, AT,
               "{\"type\":\"inbound_integration_reference\",\"summary\":\"Events API V2\"}",
               INCIDENT("limit/web")),
         PL_E_NOT_FOUND}, // our own, coming back
        {EVENT(ACKNOWLEDGED, "yesterday", ALEX, INCIDENT("limit/web")), PL_E_SYNTAX},
        {EVENT(ACKNOWLEDGED, AT, ALEX, "[]"), PL_E_SYNTAX},
        {"{\"event\":[]}", PL_E_SYNTAX},
        {"[]", PL_E_SYNTAX},
        {"", PL_E_SYNTAX},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++)
        CHECK_INT(pl_pagerduty_event_read(pl_span_of(cases[i].body), &event), cases[i].err);
    for (size_t len = 0; len + 1 < sizeof GOOD - 1; len++)
        CHECK(pl_pagerduty_event_read((struct pl_span){(const uint8_t *)GOOD, len}, &event) < 0);
}

#define PRESS(type, user, action)                                                                  \
    "{\"type\":\"" type "\",\"user\":" user                                                        \
    ",\"api_app_id\":\"A02\",\"trigger_id\":\"1.2.3\",\"actions\":[" action "]}"
#define KIM   "{\"id\":\"U2CERLKJA\",\"username\":\"kim\",\"team_id\":\"T1DC2JH3J\"}"
#define TOKEN "0123456789abcdef0123456789abcdef0123456789abcdef"
#define BUTTON(id, value)                                                                          \
    "{\"type\":\"button\",\"block_id\":\"b\",\"action_id\":\"" id "\",\"value\":\"" value "\"}"

static void test_slack(void)
{
    struct pl_slack_action action;
    REQUIRE(
        pl_slack_action_read(pl_span_of(PRESS("block_actions", KIM, BUTTON("acknowledge", TOKEN))),
                             &action) == 0);
    CHECK_TEXT(action.who, "kim");
    CHECK_TEXT(action.token, TOKEN);
    static const struct {
        const char *payload;
        int err;
    } cases[] = {
        {PRESS("view_submission", KIM, BUTTON("acknowledge", TOKEN)), PL_E_NOT_FOUND},
        {PRESS("block_actions", KIM, BUTTON("another", TOKEN)), PL_E_NOT_FOUND},
        {PRESS("block_actions", KIM, ""), PL_E_NOT_FOUND},
        {PRESS("block_actions", KIM, BUTTON("acknowledge", TOKEN "0")), PL_E_SYNTAX},
        {PRESS("block_actions", "{}", BUTTON("acknowledge", TOKEN)), PL_E_SYNTAX},
        {PRESS("block_actions", "null", BUTTON("acknowledge", TOKEN)), PL_E_SYNTAX},
        {"{\"type\":\"block_actions\"}", PL_E_SYNTAX},
        {"[1]", PL_E_SYNTAX},
        {"", PL_E_SYNTAX},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++)
        CHECK_INT(pl_slack_action_read(pl_span_of(cases[i].payload), &action), cases[i].err);
}

static const char *answer(enum pl_link_state state)
{
    static char twiml[PL_TWIML_BYTES];
    struct pl_text out = pl_text_init(twiml, sizeof twiml);
    pl_twiml_answer(&out, state, pl_span_of("<kim>"));
    CHECK(!out.overflow);
    return twiml;
}

static void test_what_a_call_answers(void)
{
#define BEGIN "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>"
    CHECK_TEXT(answer(PL_LINK_MINE),
               BEGIN "<Say>You have it. Pages stop for 30 min.</Say></Response>\n");
    CHECK_TEXT(answer(PL_LINK_TAKEN),
               BEGIN "<Say>&lt;kim&gt; has it. Good night.</Say></Response>\n");
    CHECK_TEXT(answer(PL_LINK_GOOD),
               BEGIN "<Gather numDigits=\"1\" timeout=\"8\" method=\"POST\"><Say>Nothing is "
                     "acknowledged. Press 1 to acknowledge.</Say></Gather></Response>\n");
    CHECK(strstr(answer(PL_LINK_OVER), "This is over."));
    CHECK(strstr(answer(PL_LINK_USED), "fires on."));
    CHECK(strstr(answer(PL_LINK_EXPIRED), "too old."));
}

int main(void)
{
    RUN(test_pagerduty);
    RUN(test_slack);
    RUN(test_what_a_call_answers);
    return check_finish();
}
