/* Launches as JSON: what is refused and how that is said; records there and back; words. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "collector/codec/json_launch.h"
#include "collector/codec/launch_in.h"
#include "collector/codec/launch_record.h"
#include "collector/codec/launch_text.h"
#include "tests/support/zones.h"

static const int64_t now_ms = INT64_C(1770000000000);

static struct pl_launch_faults read_text(const char *text, struct pl_launch *l)
{
    struct pl_launch_faults faults = {0};
    *l = pl_launch_init();
    CHECK(pl_launch_in(pl_span_of(text), NULL, now_ms, l, &faults));
    return faults;
}

static void test_what_is_sent(void)
{
    struct pl_launch l;
    struct pl_launch_faults faults = read_text(
        "{\"title\":\"Giveaway\",\"kind\":\"giveaway\",\"pools\":[\"web\"],\"starts_in\":\"30m\","
        "\"duration\":\"2h\",\"channels\":[{\"type\":\"x\",\"audience\":400000},"
        "{\"type\":\"email\",\"audience\":5000,\"click_rate_percent\":2.5}],"
        "\"consents\":[\"queue_page\"],\"contacts\":[{\"name\":\"Alex\",\"email\":\"a@b.c\"}],"
        "\"expected_peak\":{\"unit\":\"unknown\"},\"limited_stock\":true,\"freeze\":false}",
        &l);
    CHECK_INT(faults.count, 0);
    CHECK_INT(l.kind, PL_LAUNCH_GIVEAWAY);
    CHECK_INT(l.starts_unix_ms, now_ms + 30 * 60000);
    CHECK_INT(l.ends_unix_ms, l.starts_unix_ms + 2 * 3600000);
    CHECK_INT(l.channel_count, 2);
    CHECK_INT(l.channels[0].audience, 400000);
    CHECK_INT(l.channels[0].click_ppm, -1);
    CHECK_INT(l.channels[1].click_ppm, 25000);
    CHECK_INT(l.consents, 1u << PL_CONSENT_QUEUE_PAGE);
    CHECK_INT(l.expect, PL_EXPECT_UNKNOWN);
    CHECK(l.limited_stock && !l.freeze);
}

static void test_what_is_refused(void)
{
    static const struct {
        const char *text, *field, *value;
    } rows[] = {
        {"{\"starts_in\":\"30m\",\"titel\":\"x\"}", "/title", "titel"},
        {"{\"starts_in\":\"30m\",\"kind\":\"givaway\"}", "/kind", "givaway"},
        {"{\"starts_in\":\"30\"}", "/starts_in", "30"},
        {"{}", "/starts_at", ""},
        {"{\"starts_at\":\"2026-05-01T14:00\"}", "/starts_at", "2026-05-01T14:00"},
        {"{\"starts_at\":\"tomorrow\"}", "/starts_at", "tomorrow"},
        {"{\"starts_in\":\"1h\",\"pools\":\"web\"}", "/pools", ""},
        {"{\"starts_in\":\"1h\",\"pools\":[\"a b\"]}", "/pools/0", "a b"},
        {"{\"starts_in\":\"1h\",\"channels\":[{\"type\":\"fax\"}]}", "/channels/0/type", "fax"},
        {"{\"starts_in\":\"1h\",\"channels\":[{\"audience\":1}]}", "/channels/0/type", ""},
        {"{\"starts_in\":\"1h\",\"channels\":[{\"type\":\"x\",\"audience\":1.5}]}",
         "/channels/0/audience", ""},
        {"{\"starts_in\":\"1h\",\"channels\":[7]}", "/channels/0/type", ""},
        {"{\"starts_in\":\"1h\",\"expected_peak\":5}", "/expected_peak", ""},
        {"{\"starts_in\":\"1h\",\"time_zone\":\"Europe/Berlin\"}", "/time_zone", "Europe/Berlin"},
        {"{\"starts_in\":\"1h\",\"freeze\":\"yes\"}", "/freeze", ""},
        {"{\"starts_in\":\"1h\",\"starts_at\":\"2026-05-01T14:00:00Z\"}", "/starts_in", ""},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_launch l;
        struct pl_launch_faults faults = read_text(rows[i].text, &l);
        CHECK_INT(faults.count, 1);
        CHECK_TEXT(faults.items[0].field, rows[i].field);
        CHECK_TEXT(faults.items[0].value, rows[i].value);
    }
    struct pl_launch l;
    struct pl_launch_faults faults = {0};
    CHECK(!pl_launch_in(pl_span_of("[1]"), NULL, now_ms, &l, &faults));
    CHECK(!pl_launch_in(pl_span_of("{\"a\":1,\"a\":2}"), NULL, now_ms, &l, &faults));
}

/* In ten zones: what the wall shows once is that moment; twice or never is put back with choices
 * that are good when they are sent again. */
static void test_local_times(void)
{
    static const struct {
        const char *zone, *wall, *rule;
    } rows[] = {
        {"Europe/Berlin", "2027-03-28T02:30", "never"},
        {"Europe/Berlin", "2027-10-31T02:30", "twice"},
        {"Europe/London", "2027-03-28T01:30", "never"},
        {"America/New_York", "2027-11-07T01:30", "twice"},
        {"America/Sao_Paulo", "2027-11-07T01:30", NULL},
        {"Australia/Lord_Howe", "2027-04-04T01:45", "twice"},
        {"Australia/Lord_Howe", "2027-10-03T02:15", "never"},
        {"Asia/Kolkata", "2027-03-28T02:30", NULL},
        {"Asia/Kathmandu", "2027-03-28T02:30", NULL},
        {"Pacific/Apia", "2027-03-28T02:30", NULL},
        {"Africa/Casablanca", "2027-03-28T12:00", NULL},
        {"America/St_Johns", "2027-03-14T02:15", "never"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        static struct pl_zone zone;
        REQUIRE(zone_read(rows[i].zone, &zone));
        char text[160];
        (void)snprintf(text, sizeof text, "{\"starts_at\":\"%s\",\"time_zone\":\"%s\"}",
                       rows[i].wall, rows[i].zone);
        struct pl_launch l = pl_launch_init();
        struct pl_launch_faults faults = {0};
        CHECK(pl_launch_in(pl_span_of(text), &zone, now_ms, &l, &faults));
        CHECK_INT(faults.count, rows[i].rule != NULL);
        if (!rows[i].rule) continue;
        CHECK(strstr(faults.items[0].rule, rows[i].rule) != NULL);
        REQUIRE(faults.items[0].has_choices);
        CHECK(faults.items[0].choices_unix_s[0] < faults.items[0].choices_unix_s[1]);
        char buf[2048];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_json_launch_problem(&out, &faults);
        char *choice = strstr(buf, "\"choices\":[\"");
        REQUIRE(choice != NULL);
        for (int k = 0; k < 2; k++) {
            choice = strchr(choice, 'T') - 10;
            (void)snprintf(text, sizeof text, "{\"starts_at\":\"%.25s\"}", choice);
            faults.count = 0;
            l = pl_launch_init();
            CHECK(pl_launch_in(pl_span_of(text), NULL, now_ms, &l, &faults));
            CHECK_INT(faults.count, 0);
            choice = strchr(choice, ',') + 1;
        }
    }
}

static struct pl_launch_entry entry_of(void)
{
    struct pl_launch_entry e = {.used = true, .idempotency_key = UINT64_MAX, .request_hash = 7};
    struct pl_launch l;
    struct pl_launch_faults faults = read_text(
        "{\"title\":\"Gr\xc3\xbc\xc3\x9f"
        "e\",\"customer\":\"acme\",\"kind\":\"sale\",\"pools\":[\"web\",\"shop\"],"
        "\"starts_at\":\"2026-05-01T14:00:00+02:00\",\"announce_at\":\"2026-05-01T10:00:00Z\","
        "\"channels\":[{\"type\":\"tv\",\"audience\":2000000000,\"send_at\":"
        "\"2026-05-01T11:00:00Z\",\"click_rate_percent\":0.1}],\"past_event\":\"l-1\","
        "\"past_factor\":1.5,\"cdn\":true,\"cacheable_percent\":80,\"pages_per_visit\":3,"
        "\"requests_per_page\":4,\"consents\":[\"read_only\",\"search_off\"],"
        "\"contacts\":[{\"name\":\"A\",\"role\":\"comms\",\"phone\":\"+491711234567\"}],"
        "\"notes\":\"two\\nlines\",\"reason\":\"first\"}",
        &l);
    CHECK_INT(faults.count, 0);
    CHECK(pl_name_parse(pl_span_of("l-00ff"), &l.id) == 0);
    strcpy(l.author, "alex");
    pl_launch_revise(&e, &l, now_ms);
    e.course.state = PL_LAUNCH_LIVE;
    e.course.onset_unix_ms = now_ms + 5;
    e.course.peak_per_s = 1234.5;
    e.course.least_headroom = -0.25;
    e.course.colour = PL_VERDICT_RED;
    e.course.foreseen = (struct pl_load){100, 300};
    e.course.guessed_per_s = 60;
    e.after.curve = (struct pl_launch_curve){.begin_unix_ms = now_ms, .step_ms = 60000, .count = 2};
    e.after.curve.points[0] = (struct pl_launch_point){12.5F, 13, 40};
    e.after.curve.points[1] = (struct pl_launch_point){.came = -1};
    e.after.page_count = 3;
    e.after.deed_count = 1;
    e.after.deeds[0] = (struct pl_launch_deed){.kind = PL_DEED_NOTE,
                                               .unix_ms = now_ms,
                                               .count = 1,
                                               .headroom = 0.25,
                                               .later_headroom = -2};
    strcpy(e.after.deeds[0].who, "alex");
    strcpy(e.after.deeds[0].text, "adding \"fe3\"");
    return e;
}

static void test_a_record_comes_back(void)
{
    struct pl_launch_entry e = entry_of(), back;
    char first[PL_LAUNCH_RECORD_BYTES], second[PL_LAUNCH_RECORD_BYTES];
    struct pl_text a = pl_text_init(first, sizeof first), b = pl_text_init(second, sizeof second);
    pl_record_launch_write(&a, &e);
    CHECK(!a.overflow);
    CHECK_INT(pl_record_launch_read(pl_text_bytes(&a), &back), 0);
    pl_record_launch_write(&b, &back);
    CHECK_TEXT(second, first);
    CHECK_TEXT(back.launch.notes, "two\nlines");
    CHECK_INT(back.course.state, PL_LAUNCH_LIVE);
    CHECK_NEAR(back.course.least_headroom, -0.25, 1e-9);
    CHECK(back.idempotency_key == UINT64_MAX);
    CHECK_INT(back.after.curve.count, 2);
    CHECK_NEAR((double)back.after.curve.points[0].came, 12.5, 0);
    CHECK(back.after.curve.points[1].came < 0);
    CHECK_INT(back.after.deeds[0].kind, PL_DEED_NOTE);
    CHECK_TEXT(back.after.deeds[0].text, "adding \"fe3\"");
    CHECK_NEAR(back.course.foreseen.p90, 300, 0);
    CHECK_INT(back.log_count, 1);
    for (size_t len = 0; len < a.len; len++)
        CHECK(pl_record_launch_read((struct pl_span){(uint8_t *)first, len}, &back) < 0);
}

/* The largest there can be fits, whatever must be escaped. */
static void test_the_largest_record_fits(void)
{
    struct pl_launch_entry e = entry_of();
    struct pl_launch *l = &e.launch;
    memset(l->notes, '"', sizeof l->notes - 1);
    memset(l->title, '"', sizeof l->title - 1);
    memset(l->reason, '\\', sizeof l->reason - 1);
    memset(l->author, '"', sizeof l->author - 1);
    for (l->contact_count = 0; l->contact_count < PL_LAUNCH_CONTACTS_MAX; l->contact_count++) {
        struct pl_launch_contact *c = &l->contacts[l->contact_count];
        memset(c->name, '"', sizeof c->name - 1);
        memset(c->role, '"', sizeof c->role - 1);
        memset(c->email, '"', sizeof c->email - 1);
    }
    for (l->channel_count = 0; l->channel_count < PL_LAUNCH_CHANNELS_MAX; l->channel_count++)
        l->channels[l->channel_count] = l->channels[0];
    for (int i = 0; i < 2 * PL_LAUNCH_LOG_MAX; i++) {
        struct pl_launch_note n = e.log[0];
        memset(n.author, '"', sizeof n.author - 1);
        memset(n.reason, '"', sizeof n.reason - 1);
        pl_launch_log(&e, &n);
    }
    struct pl_launch_after *a = &e.after;
    for (a->curve.count = 0; a->curve.count < PL_LAUNCH_POINTS_MAX; a->curve.count++)
        a->curve.points[a->curve.count] = (struct pl_launch_point){1e20F, 1e20F, 1e20F};
    for (a->deed_count = 0; a->deed_count < PL_LAUNCH_DEEDS_MAX; a->deed_count++) {
        struct pl_launch_deed *d = &a->deeds[a->deed_count];
        *d = (struct pl_launch_deed){.kind = PL_DEED_ACKNOWLEDGED, .unix_ms = now_ms, .count = ~0u};
        memset(d->who, '"', sizeof d->who - 1);
        memset(d->text, '\\', sizeof d->text - 1);
    }
    char buf[PL_LAUNCH_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_launch_write(&t, &e);
    CHECK(!t.overflow);
}

static void test_words(void)
{
    struct pl_launch_verdict v = {
        .colour = PL_VERDICT_BLACK,
        .unit = PL_SOURCE_REQUESTS,
        .expected = {273.3, 520},
        .ceiling = 250,
        .ratio = 2.08,
        .has_limit = true,
        .first_limit = PL_LEARNED_MEMORY,
        .begin_unix_ms = now_ms,
        .full_unix_ms = now_ms + 18000,
        .safe_start_unix_ms = now_ms + 25 * 60000,
        .missing = {
            .known = true, .more_hosts = 2, .resource = PL_LEARNED_MEMORY, .each_factor = 2.45}};
    char buf[PL_LAUNCH_SENTENCE_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_launch_sentence_write(&v, &t);
    CHECK_TEXT(buf,
               "We expect 273, perhaps 520 requests/s at the peak; the front ends take 250 with "
               "one of them lost. That will not hold: memory is full first, within 1 minute of "
               "the announcement.");
    t = pl_text_init(buf, sizeof buf);
    pl_launch_missing_write(&v, &t);
    CHECK_TEXT(buf, "2 more front ends, or 2.5 times the memory in each");
    static const struct {
        struct pl_remedy_option option;
        const char *text;
    } rows[] = {
        {{PL_REMEDY_QUEUE, 120000, 0, true, true, false, 0},
         "let a queue page admit what the pool takes; you have not agreed to it yet; decide within "
         "23 minutes"},
        {{PL_REMEDY_HOSTS, 360000, 0, false, true, true, 0},
         "add hosts to the pool: 2 more; it takes 6 minutes, so it comes after the start"},
        {{PL_REMEDY_MOVE, 0, 0, true, true, true, 0}, "start later: in 25 minutes at the earliest"},
        {{PL_REMEDY_SPREAD, 60000, 0, true, true, true, 3},
         "send the announcement in parts instead of all at once: 3 parts, an hour apart; decide "
         "within 23 minutes"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_remedy_option o = rows[i].option;
        o.deadline_unix_ms = now_ms + 23 * 60000;
        t = pl_text_init(buf, sizeof buf);
        pl_launch_advice_write(&v, &o, now_ms, &t);
        CHECK_TEXT(buf, rows[i].text);
    }
    v = (struct pl_launch_verdict){
        .colour = PL_VERDICT_UNKNOWN, .unit = PL_SOURCE_CONNECTIONS, .gap = PL_GAP_SPAN};
    t = pl_text_init(buf, sizeof buf);
    pl_launch_sentence_write(&v, &t);
    CHECK(strstr(buf, "load test") != NULL);
}

int main(void)
{
    RUN(test_what_is_sent);
    RUN(test_what_is_refused);
    RUN(test_local_times);
    RUN(test_a_record_comes_back);
    RUN(test_the_largest_record_fits);
    RUN(test_words);
    return check_finish();
}
