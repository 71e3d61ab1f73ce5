/* What people read about each rule: while it comes, while it lasts, when it settles and when it is
 * over. Golden sentences; numbers and times of the older rules are in test_notify. */
#include "tests/check.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/notify/notify.h"

static const int64_t since_ms = 1777644192000; // 2026-05-01T14:03:12Z

/* An alert that pages since 12 s, about fe1 or about fe1 and two others. */
static struct pl_alert alert_of(enum pl_rule rule, enum pl_resource resource, uint32_t host_count)
{
    return (struct pl_alert){.rule = rule,
                             .pool = {3, "web"},
                             .state = PL_ALERT_FIRING,
                             .tier = PL_TIER_PAGE,
                             .revision = 1,
                             .since_unix_ms = since_ms,
                             .opened_unix_ms = since_ms + 10000,
                             .lower_mono_ms = PL_NEVER_MS,
                             .clear_mono_ms = PL_NEVER_MS,
                             .finding = {.tier = PL_TIER_PAGE,
                                         .resource = resource,
                                         .since_unix_ms = since_ms,
                                         .host_count = host_count,
                                         .named_count = host_count > 0,
                                         .hosts = {{3, "fe1"}}}};
}

static const char *text_of(const struct pl_alert *a)
{
    static char buf[PL_ALERT_TEXT_BYTES];
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_alert_text_write(a, since_ms + 12000, &out);
    CHECK(!out.overflow);
    return buf;
}

/* What the alert says in each of its states. */
static void check_texts(struct pl_alert a, const char *firing, const char *settling,
                        const char *over)
{
    CHECK_TEXT(text_of(&a), firing);
    a.clear_mono_ms = 1;
    CHECK_TEXT(text_of(&a), settling);
    a.state = PL_ALERT_RESOLVED;
    a.resolved_unix_ms = since_ms + 200000;
    CHECK_TEXT(text_of(&a), over);
}

static void test_stall(void)
{
    struct pl_alert a = alert_of(PL_RULE_STALL, PL_RESOURCE_MEMORY_STALL, 1);
    a.finding.value_bp = 3450;
    a.finding.level_bp = 2000;
    check_texts(a, "fe1 stalled, waiting for memory 34 % of the time (limit 20 %) for 12 s",
                "fe1 does not stall for memory any more, resolves when that lasts",
                "fe1 does not stall for memory any more after 3 min 20 s");
    a.finding.resource = PL_RESOURCE_IO_STALL;
    a.finding.host_count = 3;
    check_texts(a,
                "fe1 and 2 other hosts stalled, waiting for I/O up to 34 % of the time "
                "(limit 20 %) for 12 s",
                "fe1 and 2 other hosts do not stall for I/O any more, resolves when that lasts",
                "fe1 and 2 other hosts do not stall for I/O any more after 3 min 20 s");
}

static void test_imbalance(void)
{
    struct pl_alert a = alert_of(PL_RULE_IMBALANCE, PL_RESOURCE_SHARE, 1);
    a.tier = a.finding.tier = PL_TIER_WARN;
    a.finding.value_bp = 18999;
    a.finding.level_bp = 15000;
    check_texts(a, "fe1 takes 1.8 times its fair share of the traffic (limit 1.5) for 12 s",
                "fe1 takes its fair share of the traffic again, resolves when that lasts",
                "fe1 takes its fair share of the traffic again after 3 min 20 s");
    a.finding.host_count = 2;
    check_texts(a,
                "fe1 and 1 other host take up to 1.8 times their fair share of the traffic "
                "(limit 1.5) for 12 s",
                "fe1 and 1 other host take their fair share of the traffic again, resolves when "
                "that lasts",
                "fe1 and 1 other host take their fair share of the traffic again after "
                "3 min 20 s");
}

static void test_collapse(void)
{
    struct pl_alert a = alert_of(PL_RULE_COLLAPSE, PL_RESOURCE_CPU, 0);
    a.finding.value_bp = 499;
    a.finding.level_bp = 2000;
    a.finding.host_count = 2;
    check_texts(a,
                "traffic collapsed to 4 % of what is usual now, although 2 hosts are up for 12 s",
                "traffic back to what is usual now, resolves when that lasts",
                "traffic back to what is usual now after 3 min 20 s");
}

static void test_no_spare(void)
{
    struct pl_alert a = alert_of(PL_RULE_NO_SPARE, PL_RESOURCE_CPU, 1);
    a.tier = a.finding.tier = PL_TIER_WARN;
    a.finding.value_bp = 11299;
    a.finding.level_bp = 10000;
    check_texts(a,
                "no spare host: traffic at 112 % of what the pool could take without fe1 for 12 s",
                "the pool could do without a host again, resolves when that lasts",
                "the pool could do without a host again after 3 min 20 s");
}

static void test_what_is_frozen(void)
{
    struct pl_alert a = alert_of(PL_RULE_LIMIT, PL_RESOURCE_CPU, 1);
    char buf[PL_ALERT_TEXT_BYTES];
    a.finding.value_bp = 9743;
    a.finding.level_bp = 9000;
    a.unknown_unix_ms = since_ms + 11000;
    CHECK_TEXT(text_of(&a), "cpu of fe1 at 97 % (limit 90 %) for 11 s, nothing known since "
                            "14:03:23 UTC");
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_alert_text_write(&a, since_ms + 86400000, &out);
    CHECK_TEXT(buf, "cpu of fe1 at 97 % (limit 90 %) for 11 s, nothing known since "
                    "2026-05-01 14:03:23 UTC");
}

static void test_what_is_unstable(void)
{
    struct pl_alert a = alert_of(PL_RULE_LIMIT, PL_RESOURCE_CPU, 1);
    a.finding.value_bp = 9743;
    a.finding.level_bp = 9000;
    a.unstable = true;
    check_texts(a, "unstable, comes and goes: cpu of fe1 at 97 % (limit 90 %) for 12 s",
                "unstable, comes and goes: cpu of fe1 back under 90 %, resolves when that lasts",
                "cpu of fe1 back under 90 % after 3 min 20 s");
}

static void test_what_is_coming(void)
{
    struct pl_alert a = alert_of(PL_RULE_LIMIT, PL_RESOURCE_CPU, 1);
    a.state = PL_ALERT_PENDING;
    a.since_unix_ms = a.finding.since_unix_ms = since_ms + 8000;
    a.finding.value_bp = 9743;
    a.finding.level_bp = 9000;
    a.finding.hold_ms = 10000;
    CHECK_TEXT(text_of(&a), "cpu of fe1 at 97 % (limit 90 %) for 4 s, pages at 10 s");
    a.finding.tier = PL_TIER_WARN;
    a.finding.level_bp = 7500;
    CHECK_TEXT(text_of(&a), "cpu of fe1 at 97 % (limit 75 %) for 4 s, warns at 10 s");
    a = alert_of(PL_RULE_STALL, PL_RESOURCE_IO_STALL, 1);
    a.state = PL_ALERT_PENDING;
    a.since_unix_ms = a.finding.since_unix_ms = since_ms + 8000;
    a.finding.value_bp = 9743;
    a.finding.level_bp = 2000;
    a.finding.hold_ms = 10000;
    CHECK_TEXT(text_of(&a), "fe1 stalled, waiting for I/O 97 % of the time (limit 20 %) for 4 s, "
                            "pages at 10 s");
}

/* Who answers and what to do, as each provider names them; a resolve needs neither at PagerDuty. */
static void test_owner_and_runbook(void)
{
    static struct pl_notify_request request;
    const struct pl_page page = {.number = 1,
                                 .created_unix_ms = since_ms + 12000,
                                 .alert = alert_of(PL_RULE_STALL, PL_RESOURCE_IO_STALL, 1)};
    struct pl_notify_target target = {.type = PL_NOTIFY_ALERTMANAGER};
    const struct pl_notify_message message = {
        .page = &page,
        .contact = {.owner = pl_span_of("Web \"A\" team"),
                    .runbook = pl_span_of("https://wiki/web")},
        .helps = pl_span_of("1 more host like fe2")};
    CHECK_INT(pl_notify_write(&target, &message, &request), 0);
    CHECK(strstr(request.body.ptr,
                 ",\"runbook_url\":\"https://wiki/web\",\"owner\":\"Web \\\"A\\\" team\","
                 "\"helps\":\"1 more host like fe2\"}") != NULL);
    target.type = PL_NOTIFY_PAGERDUTY;
    CHECK_INT(pl_notify_write(&target, &message, &request), 0);
    CHECK(strstr(request.body.ptr, ",\"owner\":\"Web \\\"A\\\" team\",\"helps\":\"1 more host like "
                                   "fe2\"}") != NULL);
    CHECK(strstr(request.body.ptr, ",{\"href\":\"https://wiki/web\",\"text\":\"Runbook\"}]}") !=
          NULL);
}

static void test_launches(void)
{
    static const struct {
        enum pl_rule rule;
        const char *text;
    } rows[] = {
        {PL_RULE_LAUNCH_RISK, "launch 'Giveaway' (l-1) is not safe: up to 208 % of what the pool "
                              "takes without one of its hosts"},
        {PL_RULE_LAUNCH_OVER, "launch 'Giveaway' (l-1) brings more than announced: 208 % of the "
                              "most that was expected by now, and little is left"},
        {PL_RULE_LAUNCH_ABSENT,
         "launch 'Giveaway' (l-1) was announced 15 min ago, and nobody has come"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_alert a = alert_of(rows[i].rule, PL_RESOURCE_CPU, 0);
        a.finding.value_bp = 20800;
        a.finding.launch = (struct pl_finding_launch){{3, "l-1"}, "Giveaway"};
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_text t = pl_text_init(buf, sizeof buf);
        pl_alert_text_write(&a, a.since_unix_ms + 15 * 60000, &t);
        CHECK_TEXT(buf, rows[i].text);
    }
}

static void test_what_others_found(void)
{
    static const struct {
        uint32_t count, named, hosts;
        const char *summary, *firing, *over;
    } rows[] = {
        {1, 0, 0, "5xx at 12 %", "HighErrorRate: 5xx at 12 %",
         "HighErrorRate: it is over after 1 min"},
        {1, 1, 1, "", "HighErrorRate, on fe1", "HighErrorRate, on fe1: it is over after 1 min"},
        {4, 1, 3, "x", "HighErrorRate: x and 3 other alerts, on fe1 and 2 other hosts",
         "HighErrorRate and 3 other alerts, on fe1 and 2 other hosts: all of them are over after "
         "1 min"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_alert a = alert_of(PL_RULE_EXTERNAL, PL_RESOURCE_CPU, rows[i].hosts);
        a.finding.named_count = rows[i].named;
        a.finding.external =
            (struct pl_finding_external){.count = rows[i].count, .title = "HighErrorRate"};
        (void)snprintf(a.finding.external.summary, sizeof a.finding.external.summary, "%s",
                       rows[i].summary);
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_text t = pl_text_init(buf, sizeof buf);
        pl_alert_text_write(&a, a.since_unix_ms + 60000, &t);
        CHECK_TEXT(buf, rows[i].firing);
        a.state = PL_ALERT_RESOLVED;
        a.resolved_unix_ms = a.since_unix_ms + 60000;
        t = pl_text_init(buf, sizeof buf);
        pl_alert_text_write(&a, 0, &t);
        CHECK_TEXT(buf, rows[i].over);
    }
}

static void test_notifiers(void)
{
    static const struct {
        uint32_t count;
        bool is_over;
        const char *text;
    } rows[] = {
        {1, false, "notifier slack takes no pages for 5 min"},
        {2, false, "notifiers slack and desk take no pages for 5 min"},
        {4, false, "notifiers slack, desk and 2 others take no pages for 5 min"},
        {1, true, "notifier slack takes pages again after 5 min"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_alert a = alert_of(PL_RULE_NOTIFIER, PL_RESOURCE_CPU, 0);
        a.finding.hosts[0] = (struct pl_name){5, "slack"};
        a.finding.hosts[1] = (struct pl_name){4, "desk"};
        a.finding.named_count = a.finding.host_count = rows[i].count;
        a.finding.hold_ms = 0;
        if (rows[i].is_over) a.state = PL_ALERT_RESOLVED;
        a.resolved_unix_ms = a.since_unix_ms + 5 * 60000;
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_text t = pl_text_init(buf, sizeof buf);
        pl_alert_text_write(&a, a.since_unix_ms + 5 * 60000, &t);
        CHECK_TEXT(buf, rows[i].text);
    }
}

int main(void)
{
    RUN(test_what_others_found);
    RUN(test_owner_and_runbook);
    RUN(test_stall);
    RUN(test_imbalance);
    RUN(test_collapse);
    RUN(test_no_spare);
    RUN(test_what_is_frozen);
    RUN(test_what_is_unstable);
    RUN(test_what_is_coming);
    RUN(test_launches);
    RUN(test_notifiers);
    return check_finish();
}
