/* Pages as providers read them, byte by byte. With --payloads the program prints every body on a
 * line of its own, for tests/integration/test_payloads.py. */
#include "collector/codec/alert_text.h"
#include "collector/codec/change_text.h"
#include "collector/codec/notify/notify.h"
#include "tests/check.h"

static const int64_t since_ms = 1777644192000; // 2026-05-01T14:03:12Z

static struct pl_name name(const char *text)
{
    struct pl_name n = {0};
    if (pl_name_parse(pl_span_of(text), &n) < 0) printf("# not a name: %s\n", text);
    return n;
}

/* cpu of fe1 over its limit of 90 % at 97 %, paged after 10 s. */
static struct pl_page limit_page(void)
{
    return (struct pl_page){
        .number = 41,
        .created_unix_ms = since_ms + 10000,
        .alert = {.rule = PL_RULE_LIMIT,
                  .pool = name("web"),
                  .state = PL_ALERT_FIRING,
                  .tier = PL_TIER_PAGE,
                  .revision = 3,
                  .since_unix_ms = since_ms + 10000,
                  .opened_unix_ms = since_ms + 10000,
                  .clear_mono_ms = PL_NEVER_MS,
                  .finding = {.tier = PL_TIER_PAGE,
                              .resource = PL_RESOURCE_CPU,
                              .value_bp = 9743,
                              .level_bp = 9000,
                              .since_unix_ms = since_ms,
                              .host_count = 1,
                              .named_count = 1,
                              .hosts = {name("fe1")}}},
    };
}

static struct pl_page silent_page(void)
{
    struct pl_page page = limit_page();
    page.created_unix_ms = since_ms + 5000;
    page.alert.rule = PL_RULE_SILENT;
    page.alert.finding = (struct pl_finding){.tier = PL_TIER_PAGE,
                                             .value_bp = 5000,
                                             .load_rising = true,
                                             .since_unix_ms = since_ms,
                                             .host_count = 4,
                                             .named_count = 3,
                                             .hosts = {name("fe1"), name("fe2"), name("fe3")}};
    return page;
}

static struct pl_page resolved(struct pl_page page)
{
    page.resolved = true;
    page.alert.state = PL_ALERT_RESOLVED;
    page.alert.revision++;
    page.alert.resolved_unix_ms = since_ms + 200000;
    page.created_unix_ms = page.alert.resolved_unix_ms;
    return page;
}

static struct pl_notify_request request;

static struct pl_notify_target target(enum pl_notify_type type)
{
    return (struct pl_notify_target){
        .type = type,
        .name = pl_span_of("oncall"),
        .value = {[PL_NOTIFY_URL_KEY] = pl_span_of("https://pager.example/"),
                  [PL_NOTIFY_ROUTING_KEY_KEY] = pl_span_of("0123456789abcdef0123456789abcdef")},
    };
}

static struct pl_notify_message message(const struct pl_page *page)
{
    return (struct pl_notify_message){.page = page,
                                      .state =
                                          page->resolved ? PL_NOTIFY_RESOLVED : PL_NOTIFY_FIRING,
                                      .external_url = pl_span_of("http://127.0.0.1:7411/")};
}

/* The body that tells `m` to a target of that type. */
static const char *body_of(enum pl_notify_type type, const struct pl_notify_message *m)
{
    struct pl_notify_target to = target(type);
    CHECK_INT(pl_notify_write(&to, m, &request), 0);
    return request.body.ptr;
}

static const enum pl_notify_type types[] = {PL_NOTIFY_ALERTMANAGER, PL_NOTIFY_PAGERDUTY};

#define AM_HEAD(rule, status)                                                                      \
    "{\"version\":\"4\",\"groupKey\":\"{}:{alertname=\\\"plimsoll_" rule                           \
    "\\\", pool=\\\"web\\\"}\",\"truncatedAlerts\":0,\"status\":\"" status                         \
    "\",\"receiver\":\"oncall\",\"groupLabels\":{\"alertname\":\"plimsoll_" rule                   \
    "\",\"pool\":\"web\"},\"commonLabels\":" AM_LABELS(rule)
#define AM_LABELS(rule)                                                                            \
    "{\"alertname\":\"plimsoll_" rule "\",\"pool\":\"web\",\"severity\":\"critical\"}"
#define AM(rule, status, annotations, ends, fingerprint)                                           \
    AM_HEAD(rule, status)                                                                          \
    ",\"commonAnnotations\":" annotations                                                          \
    ",\"externalURL\":\"http://127.0.0.1:7411/\",\"alerts\":[{\"status\":\"" status                \
    "\",\"labels\":" AM_LABELS(                                                                    \
        rule) ",\"annotations\":" annotations                                                      \
              ",\"startsAt\":\"2026-05-01T14:03:22.000Z\",\"endsAt\":\"" ends                      \
              "\",\"generatorURL\":\"http://127.0.0.1:7411/\",\"fingerprint\":\"" fingerprint      \
              "\"}]}"
#define LIMIT_VALUES                                                                               \
    "\"hosts\":\"fe1\",\"value\":\"0.9743\",\"resource\":\"cpu\",\"level\":\"0.9\"}"
#define SILENT_VALUES "\"hosts\":\"fe1, fe2, fe3 and 1 other host\",\"value\":\"0.5\"}"
#define PD_KEY(action, rule)                                                                       \
    "{\"routing_key\":\"0123456789abcdef0123456789abcdef\",\"event_action\":\"" action             \
    "\",\"dedup_key\":\"" rule "/web\""
#define PD_TRIGGER(rule, summary, details)                                                         \
    PD_KEY("trigger", rule)                                                                        \
    ",\"client\":\"plimsoll\",\"client_url\":\"http://127.0.0.1:7411/\",\"payload\":{"             \
    "\"summary\":\"" summary "\",\"source\":\"web\",\"severity\":\"critical\",\"timestamp\":"      \
    "\"2026-05-01T14:03:22.000Z\",\"group\":\"web\",\"class\":\"" rule                             \
    "\",\"custom_details\":{" details                                                              \
    "}},\"links\":[{\"href\":\"http://127.0.0.1:7411/\",\"text\":\"Live view\"}]}"
#define LIMIT_TEXT "[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 10 s"
#define SILENT_TEXT                                                                                \
    "[PAGE] web: fe1, fe2 and 2 other hosts silent for 5 s (50 % of the pool), load was rising"

enum { GOLDEN_COUNT = 8 };

/* Both providers times limit and silent, firing and resolved. */
static const char *golden_write(size_t i)
{
    struct pl_page page = i & 2 ? silent_page() : limit_page();
    if (i & 1) page = resolved(page);
    struct pl_notify_message m = message(&page);
    return body_of(types[i / 4], &m);
}

static void test_golden_payloads(void)
{
    static const char *const want[GOLDEN_COUNT] = {
        AM("limit", "firing", "{\"summary\":\"" LIMIT_TEXT "\"," LIMIT_VALUES,
           "0001-01-01T00:00:00Z", "60904cf7a31fca85"),
        AM("limit", "resolved",
           "{\"summary\":\"[RESOLVED] web: cpu of fe1 back under 90 % after 3 min 20 "
           "s\"," LIMIT_VALUES,
           "2026-05-01T14:06:32.000Z", "60904cf7a31fca85"),
        AM("silent", "firing", "{\"summary\":\"" SILENT_TEXT "\"," SILENT_VALUES,
           "0001-01-01T00:00:00Z", "9d05b1c86e5ac5f5"),
        AM("silent", "resolved",
           "{\"summary\":\"[RESOLVED] web: fe1, fe2 and 2 other hosts heard again after "
           "3 min 20 s\"," SILENT_VALUES,
           "2026-05-01T14:06:32.000Z", "9d05b1c86e5ac5f5"),
        PD_TRIGGER("limit", LIMIT_TEXT,
                   "\"hosts\":[\"fe1\"],\"host_count\":1,\"resource\":\"cpu\",\"value\":0.9743,"
                   "\"level\":0.9"),
        PD_KEY("resolve", "limit") "}",
        PD_TRIGGER("silent", SILENT_TEXT,
                   "\"hosts\":[\"fe1\",\"fe2\",\"fe3\"],\"host_count\":4,\"silent_share\":0.5,"
                   "\"load_was_rising\":true"),
        PD_KEY("resolve", "silent") "}",
    };
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        CHECK_TEXT(golden_write(i), want[i]);
    }
}

/* The same page is the same bytes: to a provider, an attempt after a crash is a repetition. */
static void test_identity_holds_no_content(void)
{
    char first[PL_NOTIFY_HEADER_BYTES];
    struct pl_page page = limit_page();
    struct pl_notify_message m = message(&page);
    (void)body_of(PL_NOTIFY_ALERTMANAGER, &m);
    CHECK_TEXT(request.headers[0].ptr, "Idempotency-Key: limit/web/1777644202000/3");
    memcpy(first, request.headers[0].ptr, sizeof first);
    page.attempts = 5;
    page.alert.finding.value_bp = 9900;
    page.alert.finding.hosts[0] = name("fe2");
    (void)body_of(PL_NOTIFY_ALERTMANAGER, &m);
    CHECK_TEXT(request.headers[0].ptr, first);
    page = resolved(page);
    (void)body_of(PL_NOTIFY_ALERTMANAGER, &m);
    CHECK(strcmp(request.headers[0].ptr, first) != 0);
}

static void test_urls(void)
{
    static const struct {
        enum pl_notify_type type;
        const char *url, *want;
    } cases[] = {
        {PL_NOTIFY_ALERTMANAGER, "http://127.0.0.1:9099/hook", "http://127.0.0.1:9099/hook"},
        {PL_NOTIFY_ALERTMANAGER, "http://127.0.0.1:9099/hook/", "http://127.0.0.1:9099/hook/"},
        {PL_NOTIFY_PAGERDUTY, "https://events.pagerduty.com",
         "https://events.pagerduty.com/v2/enqueue"},
        {PL_NOTIFY_PAGERDUTY, "https://events.eu.pagerduty.com//",
         "https://events.eu.pagerduty.com/v2/enqueue"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_page page = limit_page();
        struct pl_notify_message m = message(&page);
        struct pl_notify_target to = target(cases[i].type);
        to.value[PL_NOTIFY_URL_KEY] = pl_span_of(cases[i].url);
        CHECK_INT(pl_notify_write(&to, &m, &request), 0);
        CHECK_TEXT(request.url.ptr, cases[i].want);
    }
}

/* The clock stepped back while the alert fired: it must not end before it began. */
static void test_what_changed_is_beside_it(void)
{
    for (size_t i = 0; i < PL_LEN(types); i++) {
        struct pl_page page = limit_page();
        struct pl_notify_message m = message(&page);
        CHECK(strstr(body_of(types[i], &m), "changes") == NULL);
        m.changes = pl_span_of("changed in 24 h: a \"b\"");
        CHECK(strstr(body_of(types[i], &m), ",\"changes\":\"changed in 24 h: a \\\"b\\\"\"}"));
    }
}

static void test_ends_after_it_starts(void)
{
    struct pl_page page = resolved(limit_page());
    page.alert.resolved_unix_ms = since_ms - 5000;
    struct pl_notify_message m = message(&page);
    const char *buf = body_of(PL_NOTIFY_ALERTMANAGER, &m);
    CHECK(strstr(buf, "\"endsAt\":\"2026-05-01T14:03:22.000Z\"") != NULL);
    CHECK(strstr(buf, "back under 90 % after 0 s") != NULL);
}

static void test_longest_page_fits(void)
{
    static char url[1024], changes[PL_CHANGES_TEXT_BYTES];
    memset(changes, '"', sizeof changes);
    char longest[PL_NAME_LEN_MAX + 1], text[PL_ALERT_TEXT_BYTES];
    memset(url, '"', sizeof url - 1);
    memset(longest, 'w', sizeof longest - 1);
    longest[PL_NAME_LEN_MAX] = '\0';
    for (int rule = 0; rule < PL_RULE_COUNT; rule++) {
        struct pl_page page = rule == PL_RULE_LIMIT ? limit_page() : silent_page();
        page.alert.rule = (enum pl_rule)rule;
        page.alert.unstable = true;
        struct pl_finding *f = &page.alert.finding;
        page.alert.pool = name(longest);
        page.created_unix_ms = since_ms + INT32_MAX;
        f->value_bp = f->level_bp = 9999;
        f->host_count = UINT32_MAX;
        f->named_count = PL_FINDING_HOSTS_MAX;
        for (int i = 0; i < PL_FINDING_HOSTS_MAX; i++) f->hosts[i] = name(longest);
        f->external.count = UINT32_MAX;
        memset(f->external.title, '"', sizeof f->external.title - 1);
        memset(f->external.summary, '"', sizeof f->external.summary - 1);
        struct pl_text title = pl_text_init(text, sizeof text);
        pl_notify_write_title(&page, &title);
        CHECK(!title.overflow);
        for (int type = PL_NOTIFY_NONE + 1; type < PL_NOTIFY_TYPE_COUNT; type++) {
            struct pl_notify_target to = target((enum pl_notify_type)type);
            struct pl_notify_message m = message(&page);
            to.name = pl_span_of(longest);
            m.changes = (struct pl_span){(const uint8_t *)changes, sizeof changes};
            m.external_url = pl_span_of(url);
            m.ack_url = (struct pl_span){(const uint8_t *)url, 309};
            m.ack_token = (struct pl_span){(const uint8_t *)url, 48};
            m.paged = (struct pl_span){(const uint8_t *)url, 194};
            m.contact.owner = (struct pl_span){(const uint8_t *)url, 127};
            m.contact.runbook = (struct pl_span){(const uint8_t *)url, 511};
            CHECK_INT(pl_notify_write(&to, &m, &request), 0);
        }
    }
}

static void test_titles(void)
{
    static const struct {
        enum pl_tier tier;
        int32_t value_bp, level_bp;
        uint32_t host_count;
        int64_t lasted_ms;
        const char *want;
    } cases[] = {
        {PL_TIER_PAGE, 9743, 9000, 1, 10000,
         "[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 10 s"},
        {PL_TIER_PAGE, 9000, 9000, 1, 999, "[PAGE] web: cpu of fe1 at 90 % (limit 90 %)"},
        {PL_TIER_WARN, 9999, 8550, 1, 60000,
         "[WARN] web: cpu of fe1 at 99.9 % (limit 85.5 %) for 1 min"},
        {PL_TIER_WARN, 10000, 8555, 1, 61000,
         "[WARN] web: cpu of fe1 at 100 % (limit 85.55 %) for 1 min 1 s"},
        {PL_TIER_PAGE, 9800, 9000, 2, 10000,
         "[PAGE] web: cpu of fe1 and 1 other host at up to 98 % (limit 90 %) for 10 s"},
        {PL_TIER_PAGE, 9800, 9000, 40, 7260000,
         "[PAGE] web: cpu of fe1 and 39 other hosts at up to 98 % (limit 90 %) for 2 h 1 min"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_alert a = limit_page().alert;
        a.tier = cases[i].tier;
        a.finding.value_bp = cases[i].value_bp;
        a.finding.level_bp = cases[i].level_bp;
        a.finding.host_count = cases[i].host_count;
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_alert_title_write(&a, since_ms + cases[i].lasted_ms, &out);
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_resolved_title(void)
{
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_alert a = resolved(limit_page()).alert;
    a.tier = PL_TIER_WARN;
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_alert_title_write(&a, since_ms + 3600000, &out);
    CHECK_TEXT(buf, "[RESOLVED] web: cpu of fe1 back under 90 % after 3 min 20 s");
}

/* Over for a moment, and not yet believed: nobody reads that it lasts. */
static void test_settling(void)
{
    static const char *const want[] = {
        "[PAGE] web: cpu of fe1 back under 90 %, resolves when that lasts",
        "[PAGE] web: fe1 heard again, resolves when that lasts",
    };
    for (size_t i = 0; i < PL_LEN(want); i++) {
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_alert a = (i == 0 ? limit_page() : silent_page()).alert;
        a.clear_mono_ms = 5000;
        a.finding.host_count = a.finding.named_count = 1;
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_alert_title_write(&a, since_ms + 60000, &out);
        CHECK_TEXT(buf, want[i]);
    }
}

static void test_an_overflowing_accept_queue(void)
{
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_page page = limit_page();
    page.alert.finding.resource = PL_RESOURCE_ACCEPT_OVERFLOW;
    page.alert.finding.host_count = page.alert.finding.named_count = 1;
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_alert_title_write(&page.alert, since_ms, &out);
    CHECK_TEXT(buf, "[PAGE] web: accept queue of fe1 overflows, connections are lost");
    struct pl_alert over = resolved(page).alert;
    out = pl_text_init(buf, sizeof buf);
    pl_alert_title_write(&over, since_ms + 3600000, &out);
    CHECK_TEXT(buf, "[RESOLVED] web: accept queue of fe1 overflows no more after 3 min 20 s");
}

static void test_an_oom_kill(void)
{
    char buf[PL_ALERT_TEXT_BYTES];
    struct pl_page page = limit_page();
    page.alert.finding.resource = PL_RESOURCE_OOM;
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_alert_title_write(&page.alert, since_ms, &out);
    CHECK_TEXT(buf, "[PAGE] web: memory of fe1 ran out, the kernel kills processes");
    struct pl_alert over = resolved(page).alert;
    out = pl_text_init(buf, sizeof buf);
    pl_alert_text_write(&over, since_ms + 3600000, &out);
    CHECK_TEXT(buf, "memory of fe1 suffices again, no more kills after 3 min 20 s");
}

static void test_a_full_accept_queue(void)
{
    static const struct {
        int32_t value_bp;
        struct pl_listener listener;
        const char *want;
    } cases[] = {
        {10000, {511, "*:443", "nginx"}, "nginx *:443 on fe1 full (511 of 511) for 10 s"},
        {10000, {8, "[::1]:80", ""}, "[::1]:80 on fe1 full (8 of 8) for 10 s"},
        {10000, {0}, "fe1 full for 10 s"},
        {8099, {511, "*:443", "nginx"}, "nginx *:443 on fe1 at 80 % of 511 (limit 70 %) for 10 s"},
        {8099, {0}, "fe1 at 80 % (limit 70 %) for 10 s"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_ALERT_TEXT_BYTES], want[128];
        struct pl_alert a = limit_page().alert;
        a.finding.resource = PL_RESOURCE_ACCEPT_QUEUE;
        a.finding.host_count = a.finding.named_count = 1;
        a.finding.value_bp = cases[i].value_bp;
        a.finding.level_bp = 7000;
        a.finding.listener = cases[i].listener;
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_alert_text_write(&a, since_ms + 10000, &out);
        (void)snprintf(want, sizeof want, "accept queue of %s", cases[i].want);
        CHECK_TEXT(buf, want);
    }
}

/* Withdrawn from the pager because it fell under the level that pages, but it still fires. */
static void test_lowered(void)
{
    static const char *const want[] = {
        "[RESOLVED] web: cpu of fe1 at 81 %, under the paging level again after 3 min 20 s",
        "[RESOLVED] web: fe1 still silent, no longer enough of the pool to page after 3 min 20 s",
    };
    for (size_t i = 0; i < PL_LEN(want); i++) {
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_page page = resolved(i == 0 ? limit_page() : silent_page());
        page.alert.state = PL_ALERT_FIRING;
        page.alert.tier = PL_TIER_WARN;
        page.alert.finding.value_bp = 8133;
        page.alert.finding.level_bp = 7500;
        page.alert.finding.host_count = page.alert.finding.named_count = 1;
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_notify_write_title(&page, &out);
        CHECK_TEXT(buf, want[i]);
    }
}

static void test_hosts(void)
{
    static const struct {
        uint32_t host_count, named_count, named_max;
        const char *want;
    } cases[] = {
        {1, 1, 2, "fe1"},
        {2, 2, 2, "fe1 and fe2"},
        {2, 2, 1, "fe1 and 1 other host"},
        {3, 3, 3, "fe1, fe2 and fe3"},
        {9, 3, 8, "fe1, fe2, fe3 and 6 other hosts"},
        {1, 0, 8, "1 host"},
        {5, 0, 8, "5 hosts"},
    };
    struct pl_finding f = silent_page().alert.finding;
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_ALERT_TEXT_BYTES];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        f.host_count = cases[i].host_count;
        f.named_count = cases[i].named_count;
        pl_alert_hosts_write(&f, cases[i].named_max, &out);
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_durations(void)
{
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {
        {-5, "0 s"},
        {999, "0 s"},
        {10000, "10 s"},
        {59999, "59 s"},
        {60000, "1 min"},
        {200000, "3 min 20 s"},
        {3599999, "59 min 59 s"},
        {3600000, "1 h"},
        {7500000, "2 h 5 min"},
        {86400000, "1 d"},
        {356400000, "4 d 3 h"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[64];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_duration_write(cases[i].ms, &out);
        CHECK_TEXT(buf, cases[i].want);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--payloads") == 0) {
        for (size_t i = 0; i < GOLDEN_COUNT; i++) {
            printf("%s\n", golden_write(i));
        }
        return 0;
    }
    RUN(test_golden_payloads);
    RUN(test_identity_holds_no_content);
    RUN(test_urls);
    RUN(test_what_changed_is_beside_it);
    RUN(test_ends_after_it_starts);
    RUN(test_longest_page_fits);
    RUN(test_titles);
    RUN(test_resolved_title);
    RUN(test_settling);
    RUN(test_an_overflowing_accept_queue);
    RUN(test_a_full_accept_queue);
    RUN(test_an_oom_kill);
    RUN(test_lowered);
    RUN(test_hosts);
    RUN(test_durations);
    return check_finish();
}
