/* What a page about a surge says: how full, how long, between which bounds. */
#include "tests/check.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/notify/notify.h"

static const int64_t since_ms = 1777644202000; // 2026-05-01T14:03:22Z

static struct pl_alert surge(void)
{
    return (struct pl_alert){.rule = PL_RULE_SATURATION,
                             .pool = {3, "web"},
                             .state = PL_ALERT_FIRING,
                             .tier = PL_TIER_PAGE,
                             .revision = 1,
                             .since_unix_ms = since_ms,
                             .opened_unix_ms = since_ms,
                             .lower_mono_ms = PL_NEVER_MS,
                             .clear_mono_ms = PL_NEVER_MS,
                             .finding = {.tier = PL_TIER_PAGE,
                                         .value_bp = 6749,
                                         .level_bp = 10000,
                                         .since_unix_ms = since_ms,
                                         .surge = {PL_SURGE_GROWTH, 725, 290, 1812, 540}}};
}

static void test_surges_tell_the_time_left(void)
{
    static const struct {
        struct pl_surge_outlook outlook;
        int32_t value_bp;
        const char *want;
    } cases[] = {
        {{PL_SURGE_GROWTH, 725, 290, 1812, 540},
         6749,
         "traffic at 67 % of the pool's capacity, full in about 12 min (4 min 50 s to 30 min), "
         "doubles in 9 min"},
        {{PL_SURGE_SEASON, 3600, 600, 5400, 0},
         7000,
         "traffic at 70 % of the pool's capacity, full in about 1 h (10 min to 1 h 30 min)"},
        {{PL_SURGE_OVER, 0, 0, 0, 0}, 11240, "traffic at 112 % of the pool's capacity"},
        {{PL_SURGE_SEASON, -1, -1, -1, 86400}, 9000, "traffic at 90 % of the pool's capacity"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        struct pl_alert a = surge();
        a.finding.surge = cases[i].outlook;
        a.finding.value_bp = cases[i].value_bp;
        pl_alert_text_write(&a, since_ms + 10000, &out);
        buf[out.len] = '\0';
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_surges_as_the_providers_hear_them(void)
{
    static struct pl_notify_request request;
    const struct pl_page page = {
        .alert = surge(), .number = 1, .told = true, .created_unix_ms = since_ms};
    const enum pl_notify_type types[] = {PL_NOTIFY_ALERTMANAGER, PL_NOTIFY_PAGERDUTY};
    const char *const want[] = {
        "\"value\":\"0.6749\",\"reason\":\"growth\",\"seconds_left\":\"725\"}",
        "\"value\":0.6749,\"reason\":\"growth\",\"seconds_left\":725}"};
    for (size_t i = 0; i < PL_LEN(types); i++) {
        const struct pl_notify_target to = {
            .type = types[i],
            .name = pl_span_of("oncall"),
            .value = {[PL_NOTIFY_URL_KEY] = pl_span_of("https://pager.example/")},
        };
        const struct pl_notify_message message = {.page = &page};
        CHECK_INT(pl_notify_write(&to, &message, &request), 0);
        const char *body = request.body.ptr;
        CHECK_TEXT(strstr(body, want[i]) ? want[i] : body, want[i]);
    }
}

static void test_a_surge_that_is_over(void)
{
    static const struct {
        enum pl_alert_state state;
        const char *want;
    } cases[] = {
        {PL_ALERT_RESOLVED, "surge over, traffic last at 67 % of the pool's capacity after 25 min"},
        {PL_ALERT_FIRING, "traffic at 67 % of the pool's capacity, no page any more after 25 min"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        struct pl_alert a = surge();
        a.state = cases[i].state;
        a.resolved_unix_ms = since_ms + 25 * 60000;
        pl_alert_over_write(&a, &out);
        buf[out.len] = '\0';
        CHECK_TEXT(buf, cases[i].want);
    }
}

int main(void)
{
    RUN(test_surges_tell_the_time_left);
    RUN(test_surges_as_the_providers_hear_them);
    RUN(test_a_surge_that_is_over);
    return check_finish();
}
