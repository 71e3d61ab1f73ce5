/* Consented actions: nothing without both sides, once per arming, undone afterwards; whatever
 * happens in between, a restart too. And what others see of them. */
#include "collector/codec/action_text.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include "tests/check.h"

#define HOUR_MS INT64_C(3600000)

static const struct pl_hook on_tight = {.name = {5, "queue"},
                                        .pool = {3, "web"},
                                        .kind = PL_HOOK_QUEUE,
                                        .on = PL_HOOK_ON_TIGHT,
                                        .headroom_ppm = 150000,
                                        .has_undo = true,
                                        .budget = {HOUR_MS / 2, 2}};
static struct pl_allowance budget;
static struct pl_action action;

static struct pl_now at(int64_t ms)
{
    return (struct pl_now){.mono_ms = ms, .unix_ms = ms};
}

static const char *act(enum pl_action_deed deed, int64_t ms)
{
    const struct pl_action_order order = {deed, "somebody"};
    return pl_action_do(&action, &on_tight, &order, &budget, at(ms));
}

static bool step(enum pl_launch_state state, double headroom, int64_t ms)
{
    const struct pl_action_sight sight = {state, true, headroom};
    return pl_action_step(&action, &on_tight, &sight, &budget, at(ms));
}

static void begin(void)
{
    budget = (struct pl_allowance){0};
    action = (struct pl_action){.launch = {3, "l-1"}, .hook = {5, "queue"}};
}

static void test_both_sides_have_to_say_yes(void)
{
    for (int mask = 0; mask < 4; mask++) {
        begin();
        if ((mask & 1) != 0) CHECK(!act(PL_ACTION_CONSENT, 0));
        if ((mask & 2) != 0) CHECK(!act(PL_ACTION_ARM, 0));
        CHECK_INT(step(PL_LAUNCH_LIVE, 0.1, 1000), mask == 3);
        begin();
        if ((mask & 1) != 0) CHECK(!act(PL_ACTION_CONSENT, 0));
        if ((mask & 2) != 0) CHECK(!act(PL_ACTION_ARM, 0));
        CHECK_INT(act(PL_ACTION_FIRE, 0) == NULL, mask == 3); // by hand, too
    }
    begin();
    CHECK(!act(PL_ACTION_CONSENT, 0) && !act(PL_ACTION_ARM, 0) && !act(PL_ACTION_WITHDRAW, 0));
    CHECK_INT(action.state, PL_ACTION_OFF); // taken back: disarmed
    CHECK(!act(PL_ACTION_CONSENT, 0));
    CHECK(!step(PL_LAUNCH_LIVE, 0.1, 1000));
}

static void test_one_call_per_arming_and_its_undoing(void)
{
    begin();
    CHECK(!act(PL_ACTION_CONSENT, 0) && !act(PL_ACTION_ARM, 0));
    CHECK(!step(PL_LAUNCH_PREPARING, 0.1, 1000)); // not watched yet
    CHECK(!step(PL_LAUNCH_LIVE, 0.16, 1000));     // not tight
    CHECK(step(PL_LAUNCH_LIVE, 0.15, 2000));
    CHECK_INT(action.state, PL_ACTION_INTENT);
    CHECK(!step(PL_LAUNCH_LIVE, 0.1, 2500)); // not before it is durable
    CHECK(act(PL_ACTION_ARM, 2600) && act(PL_ACTION_UNDO, 2600));
    CHECK(pl_action_saved(&action, 3000));
    CHECK(!pl_action_saved(&action, 3000)); // once
    pl_action_answered(&action, PL_ACTION_ACCEPTED, 202, 4000);
    CHECK_INT(action.state, PL_ACTION_DONE);
    CHECK(!step(PL_LAUNCH_LIVE, 0.0, 5000) && act(PL_ACTION_ARM, 5000) != NULL);
    CHECK(step(PL_LAUNCH_DONE, 0.9, 6000)); // over: undone by itself
    CHECK(pl_action_is_undo(&action) && pl_action_saved(&action, 7000));
    pl_action_answered(&action, PL_ACTION_ACCEPTED, 200, 8000);
    CHECK_INT(action.state, PL_ACTION_UNDONE);
    CHECK(!step(PL_LAUNCH_DONE, 0.9, 9000));
}

static void test_the_budget_and_what_is_too_late(void)
{
    begin();
    CHECK(!act(PL_ACTION_CONSENT, 0));
    for (int i = 0; i < 2; i++) {
        CHECK(!act(PL_ACTION_ARM, 0) && !act(PL_ACTION_FIRE, 0) && pl_action_saved(&action, 0));
        pl_action_answered(&action, PL_ACTION_REFUSED, 500, 0);
    }
    CHECK(!act(PL_ACTION_ARM, 0));
    CHECK_TEXT(act(PL_ACTION_FIRE, 0), "as many calls as this hook may make in an hour were made");
    CHECK(!step(PL_LAUNCH_LIVE, 0.1, 1000));
    CHECK(step(PL_LAUNCH_LIVE, 0.1, HOUR_MS / 2)); // it stays armed, and goes on
    CHECK(!pl_action_saved(&action, HOUR_MS));     // Redis was away for too long
    CHECK_INT(action.state, PL_ACTION_FAILED);
    CHECK(!act(PL_ACTION_ARM, HOUR_MS));
    CHECK(step(PL_LAUNCH_CANCELLED, 0.1, HOUR_MS));
    CHECK_INT(action.state, PL_ACTION_OFF);
}

/* Anything in any order, and crashes, against what counts: calls were agreed to by both sides when
 * they were decided, were durable, and there was one per arming at most. */
static void test_any_story(void)
{
    uint32_t call_count = 0;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct pl_rng rng = pl_rng_init(seed);
        struct pl_action durable;
        uint32_t called_for = 0; // the arming of the last call
        bool is_agreed = false;
        begin();
        durable = action;
        for (int64_t now = 0; now < 400; now++) {
            uint32_t dice = (uint32_t)pl_rng_below(&rng, 12);
            enum pl_action_state before = action.state;
            bool both = action.consented && action.state == PL_ACTION_ARMED;
            if (dice < PL_ACTION_DEED_COUNT) {
                (void)!act((enum pl_action_deed)dice, now * 20000);
            } else if (dice < 9) {
                (void)step(dice == 8 ? PL_LAUNCH_DONE : PL_LAUNCH_LIVE, dice == 7 ? 0.1 : 0.5,
                           now * 20000);
            } else if (dice == 9) {
                durable = action;
                if (pl_action_saved(&action, now * 20000) && !pl_action_is_undo(&action)) {
                    CHECK(is_agreed && durable.state == PL_ACTION_INTENT);
                    CHECK(action.arming > called_for);
                    called_for = action.arming;
                    call_count++;
                }
            } else if (dice == 10) {
                pl_action_answered(&action, (enum pl_action_outcome)pl_rng_below(&rng, 3), 200,
                                   now * 20000);
            } else {
                action = durable; // what was not durable never was
                pl_action_restored(&action);
                CHECK(action.state != PL_ACTION_INTENT && action.state != PL_ACTION_SENDING);
                durable = action;
            }
            if (action.state == PL_ACTION_INTENT && before != PL_ACTION_INTENT && dice != 11)
                is_agreed = both;
        }
    }
    CHECK(call_count > 100); // the stories were about something
}

/* ---- what others see ---- */

static void test_the_body_of_a_call(void)
{
    char body[256];
    struct pl_text t = pl_text_init(body, sizeof body);
    begin();
    CHECK(!pl_hook_template_fault("{\"min\": 4}") && !pl_hook_template_fault("$$launch"));
    CHECK(pl_hook_template_fault("$title") && pl_hook_template_fault("a$"));
    struct pl_hook_call call = {"{\"id\":\"$launch\",\"$pool\":\"$action\",\"$$\":\"$time\"}",
                                &action.launch, &on_tight.pool, true, 0};
    CHECK_INT(pl_hook_body_write(&t, &call), 0);
    CHECK_TEXT(body, "{\"id\":\"l-1\",\"web\":\"undo\",\"$\":\"1970-01-01T00:00:00.000Z\"}");
    struct pl_text small = pl_text_init(body, 8);
    call.template = "0123456789";
    CHECK_INT(pl_hook_body_write(&small, &call), PL_E_TOO_BIG);
}

static void test_a_record_comes_back(void)
{
    char buf[PL_ACTION_RECORD_BYTES], field[PL_ACTION_FIELD_BYTES];
    struct pl_action got;
    begin();
    CHECK(!act(PL_ACTION_CONSENT, 5) && !act(PL_ACTION_ARM, 7));
    memset(action.armed_by, '\\', sizeof action.armed_by - 1);
    action.status = -28;
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_action_write(&t, &action);
    CHECK(!t.overflow);
    CHECK_INT(pl_record_action_read(pl_text_bytes(&t), &got), 0);
    CHECK(pl_name_eq(&got.launch, &action.launch) && pl_name_eq(&got.hook, &action.hook));
    CHECK(got.consented == action.consented && got.state == action.state);
    CHECK(got.arming == action.arming && got.status == action.status);
    CHECK(got.since_unix_ms == action.since_unix_ms);
    CHECK_TEXT(got.consented_by, action.consented_by);
    CHECK_TEXT(got.armed_by, action.armed_by);
    for (size_t len = 0; len < t.len; len++)
        CHECK(pl_record_action_read((struct pl_span){(uint8_t *)buf, len}, &got) < 0);
    pl_action_field_write(field, &action);
    CHECK_TEXT(field, "l-1/queue");
}

static void test_requests(void)
{
    static const struct {
        const char *body, *member, *problem;
    } cases[] = {
        {"{\"hook\":\"queue\",\"do\":\"arm\"}", NULL, NULL},
        {"{\"hook\":\"queue\",\"do\":\"fire\",\"dry_run\":true}", NULL, NULL},
        {"[]", NULL, "the body is not a JSON object"},
        {"{\"do\":\"arm\"}", "hook", "this is missing"},
        {"{\"hook\":\"queue\"}", "do", "this is missing"},
        {"{\"hook\":\"queue\",\"do\":\"run\"}", "do",
         "this is consent, withdraw, arm, disarm, fire or undo"},
        {"{\"hook\":\"a b\",\"do\":\"arm\"}", "hook", "this is the name of a hook"},
        {"{\"hook\":\"queue\",\"do\":1}", "do",
         "this is consent, withdraw, arm, disarm, fire or undo"},
        {"{\"hook\":\"queue\",\"do\":\"arm\",\"dry_run\":1}", "dry_run", "this is true or false"},
        {"{\"hook\":\"queue\",\"do\":\"arm\",\"url\":\"x\"}", NULL,
         "this route does not take such a member"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_action_request got = {0};
        const char *member = NULL;
        const char *problem = pl_action_request_read(pl_span_of(cases[i].body), &got, &member);
        CHECK_TEXT(problem ? problem : "-", cases[i].problem ? cases[i].problem : "-");
        CHECK_TEXT(member ? member : "-", cases[i].member ? cases[i].member : "-");
    }
}

int main(void)
{
    RUN(test_both_sides_have_to_say_yes);
    RUN(test_one_call_per_arming_and_its_undoing);
    RUN(test_the_budget_and_what_is_too_late);
    RUN(test_any_story);
    RUN(test_the_body_of_a_call);
    RUN(test_a_record_comes_back);
    RUN(test_requests);
    return check_finish();
}
