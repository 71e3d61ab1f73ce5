/* People, schedules and escalations, from the configuration to the route of a page: who is told
 * now, who later, and what is wrong with the coming days. */
#include "tests/check.h"

#include "collector/codec/ics_out.h"
#include "collector/codec/oncall_record.h"
#include "collector/codec/oncall_text.h"
#include "collector/config.h"
#include "collector/core/oncall/gaps.h"
#include "collector/core/oncall/policy.h"
#include "common/base/err.h"

#include <stdlib.h>
#include <unistd.h>

enum { HOUR = 3600, DAY = 86400 };

static char path[] = "/tmp/plimsoll-test-XXXXXX";
static struct pl_collector_config config;
static struct pl_option_errors errors;

static int load(const char *yaml)
{
    FILE *f = fopen(path, "we");
    if (!f || fputs(yaml, f) < 0 || fclose(f) != 0) abort();
    const char *paths[] = {path};
    return pl_collector_config_load(paths, 1, &config, &errors);
}

#define NOTIFIERS                                                                                  \
    "notifiers: {a-push: {type: alertmanager, url: http://h/1}, a-sms: {type: alertmanager, url: " \
    "http://h/2},\n"                                                                               \
    "  sam-push: {type: alertmanager, url: http://h/3}, kim-push: {type: alertmanager, url: "      \
    "http://h/4},\n"                                                                               \
    "  chat: {type: alertmanager, url: http://h/5}}\n"
#define PEOPLE                                                                                     \
    "people:\n"                                                                                    \
    "  alex: {contact: [a-push, a-sms], zone: Europe/Berlin, quiet: [22:00-07:00]}\n"              \
    "  sam: {contact: [sam-push]}\n"                                                               \
    "  kim: {contact: [kim-push]}\n"

static const char house[] = NOTIFIERS PEOPLE
    "teams: {ops: {members: [alex, sam]}, night: {members: [alex]}}\n"
    "schedules:\n"
    "  duty: {zone: Europe/Berlin, layers: [office, rest]}\n"
    "  second: {zone: UTC, layers: [other]}\n"
    "layers:\n"
    "  office: {people: [alex], only: [mon-fri 09:00-17:00]}\n"
    "  rest: {people: [sam, kim], turn: weekly, handover: mon 09:00, start: 2026-01-01, only: "
    "[mon-sat]}\n"
    "  other: {people: [kim], turn: daily}\n"
    "escalations:\n"
    "  steps: {zone: Europe/Berlin, steps: [\"duty, chat\", \"5m ops\", \"10m kim at sat-sun, "
    "22:00-06:00\"],\n"
    "    repeat: 2, repeat_after: 3m}\n"
    "pools:\n"
    "  escalated: {escalation: steps}\n"
    "  scheduled: {notify: [duty, chat]}\n"
    "  plain: {notify: [chat]}\n"
    "  silent:\n";

static int64_t at(int32_t month, int32_t day, int32_t hour)
{
    return pl_civil_day_s(2026, month, day) + hour * HOUR;
}

/* "0: 2 | 0>1 / 300: ..." : the receivers of each step, targets in order. */
static const char *route_text(uint32_t policy, int64_t unix_s)
{
    static char text[512];
    struct pl_text t = pl_text_init(text, sizeof text);
    struct pl_route route = {0};
    pl_policy_route(&config.roster, policy, unix_s * 1000, &route);
    for (uint32_t s = 0; s < route.step_count; s++) {
        pl_text_str(&t, s > 0 ? " / " : "");
        pl_text_i64(&t, route.steps[s].after_ms / 1000);
        pl_text_str(&t, ":");
        for (uint32_t r = 0; r < route.steps[s].receiver_count; r++) {
            const struct pl_receiver *receiver = &route.steps[s].receivers[r];
            pl_text_str(&t, r > 0 ? " | " : " ");
            for (uint32_t i = 0; i < receiver->count; i++) {
                pl_text_str(&t, i > 0 ? ">" : "");
                pl_text_u64(&t, receiver->targets[i]);
            }
        }
    }
    if (route.repeat > 0) {
        pl_text_str(&t, " x");
        pl_text_u64(&t, route.repeat);
        pl_text_str(&t, " every ");
        pl_text_i64(&t, route.round_ms / 1000);
    }
    return text;
}

static void test_routes_follow_the_clock(void)
{
    REQUIRE(load(house) == 0);
    const struct pl_config_pool *pools = config.pools;
    // Wednesday noon: the office; the team is awake
    CHECK_TEXT(route_text(pools[0].policy, at(5, 6, 10)), "0: 0>1 | 4 / 300: 0>1 | 2 x2 every 780");
    // Wednesday 23:00 in Berlin: the rest of the day; alex sleeps, kim's hours are open
    CHECK_TEXT(route_text(pools[0].policy, at(5, 6, 21)),
               "0: 3 | 4 / 300: 2 / 600: 3 x2 every 780");
    // Sunday: nobody is on call, the chat is told
    CHECK_TEXT(route_text(pools[0].policy, at(5, 10, 10)),
               "0: 4 / 300: 0>1 | 2 / 600: 3 x2 every 780");
    CHECK_TEXT(route_text(pools[1].policy, at(5, 6, 10)), "0: 0>1 | 4");
    CHECK_INT(pools[2].policy, 0);
    CHECK_INT(pools[2].notifier_mask, 16);
    // who says nothing tells what is nobody's, and everybody once
    CHECK_TEXT(route_text(pools[3].policy, at(5, 6, 10)), "0: 4 | 0>1 | 2 | 3");
    CHECK_INT(config.default_policy, pools[3].policy);
}

static const char *told_text(uint32_t policy, uint32_t target, int64_t unix_s)
{
    static char text[PL_TOLD_TEXT_BYTES];
    struct pl_text t = pl_text_init(text, sizeof text);
    struct pl_told told = pl_policy_told(&config.roster, policy, target, unix_s * 1000);
    pl_told_write(&t, &config.roster, &told);
    CHECK(!t.overflow);
    return text;
}

static void test_why_that_one(void)
{
    enum { A_PUSH, A_SMS, SAM_PUSH, KIM_PUSH, CHAT };
    REQUIRE(load(house) == 0);
    const struct pl_config_pool *pools = config.pools;
    // Wednesday noon: alex is on call, by either contact; sam is of the team of the next step
    CHECK_TEXT(told_text(pools[0].policy, A_PUSH, at(5, 6, 10)), "alex (duty, steps)");
    CHECK_TEXT(told_text(pools[0].policy, A_SMS, at(5, 6, 10)), "alex (duty, steps)");
    CHECK_TEXT(told_text(pools[0].policy, SAM_PUSH, at(5, 6, 10)), "sam (ops, steps)");
    CHECK_TEXT(told_text(pools[0].policy, CHAT, at(5, 6, 10)), "");
    CHECK_TEXT(told_text(pools[0].policy, KIM_PUSH, at(5, 6, 10)), ""); // that step is closed
    // Wednesday 23:00 in Berlin: kim is on call; Sunday: by name
    CHECK_TEXT(told_text(pools[0].policy, KIM_PUSH, at(5, 6, 21)), "kim (duty, steps)");
    CHECK_TEXT(told_text(pools[0].policy, KIM_PUSH, at(5, 10, 10)), "kim (steps)");
    CHECK_TEXT(told_text(pools[1].policy, A_PUSH, at(5, 6, 10)), "alex (duty, scheduled)");
    CHECK_TEXT(told_text(0, A_PUSH, at(5, 6, 10)), "");
    CHECK_TEXT(told_text(config.default_policy, SAM_PUSH, at(5, 6, 10)), "sam (everybody)");
    CHECK_INT(pl_oncall_owner(&config.roster, A_SMS),
              pl_oncall_person(&config.roster, pl_span_of("alex")));
    CHECK_INT(pl_oncall_owner(&config.roster, CHAT), PL_NOBODY);
}

static void test_a_page_always_reaches_somebody(void)
{
    REQUIRE(load(NOTIFIERS PEOPLE
                 "teams: {night: {members: [alex]}}\n"
                 "schedules: {duty: {layers: [l]}}\n"
                 "layers: {l: {people: [alex, sam], start: 2026-01-05, only: [sat]}}\n"
                 "escalations: {e: {steps: [\"duty at mon\", \"5m kim at mon\"]}}\n"
                 "pools: {gap: {notify: [duty]}, quiet: {notify: [night]}, closed: {escalation: "
                 "e}}\n") == 0);
    // a gap: everybody of the schedule
    CHECK_TEXT(route_text(config.pools[0].policy, at(5, 6, 10)), "0: 0>1 | 2");
    // a team of which everybody sleeps: everybody of the team
    CHECK_TEXT(route_text(config.pools[1].policy, at(5, 6, 23)), "0: 0>1");
    // no step counts now: all of them
    CHECK_TEXT(route_text(config.pools[2].policy, at(5, 6, 10)), "0: 0>1 | 2 | 3");
}

static void test_an_override_is_engaged_at_once(void)
{
    REQUIRE(load(house) == 0);
    struct pl_oncall *o = &config.roster;
    struct pl_override kim = {.number = 1,
                              .schedule = pl_oncall_schedule(o, pl_span_of("duty")),
                              .person = pl_oncall_person(o, pl_span_of("kim")),
                              .from_unix_s = at(5, 6, 9),
                              .until_unix_s = at(5, 6, 11)};
    CHECK_INT(pl_oncall_override(o, &kim, at(5, 1, 0)), 0);
    CHECK_TEXT(route_text(config.pools[1].policy, at(5, 6, 10)), "0: 3 | 4");
    CHECK_TEXT(route_text(config.pools[1].policy, at(5, 6, 11)), "0: 0>1 | 4");
    CHECK(pl_oncall_override_drop(o, 1));
    CHECK(!pl_oncall_override_drop(o, 1));
    CHECK_TEXT(route_text(config.pools[1].policy, at(5, 6, 10)), "0: 0>1 | 4");
}

static void test_overrides_make_room_for_new_ones(void)
{
    REQUIRE(load(house) == 0);
    struct pl_oncall *o = &config.roster;
    struct pl_override one = {.from_unix_s = 0, .until_unix_s = 2000};
    for (one.number = 1; one.number <= PL_OVERRIDES_MAX; one.number++)
        CHECK_INT(pl_oncall_override(o, &one, 1000), 0);
    CHECK_INT(pl_oncall_override(o, &one, 1999), PL_E_FULL);
    CHECK_INT(pl_oncall_override(o, &one, 2000), 0);
    CHECK_INT(o->overrides.count, 1);
    one.person = 1;
    CHECK_INT(pl_oncall_override(o, &one, 2000), 0);
    CHECK_INT(o->overrides.count, 1);
    CHECK_INT(o->overrides.item[0].person, 1);
}

/* ---- gaps ---- */

static void test_gaps_and_double_bookings(void)
{
    static struct pl_gaps gaps;
    REQUIRE(load(house) == 0);
    struct pl_oncall *o = &config.roster;
    uint16_t sam = pl_oncall_person(o, pl_span_of("sam")),
             kim = pl_oncall_person(o, pl_span_of("kim"));
    const struct pl_override two[] = {
        {.number = 1, .person = sam, .from_unix_s = at(5, 10, 0), .until_unix_s = at(5, 10, 12)},
        {.number = 2, .person = kim, .from_unix_s = at(5, 10, 10), .until_unix_s = at(5, 10, 14)},
    };
    for (size_t i = 0; i < PL_LEN(two); i++) CHECK_INT(pl_oncall_override(o, &two[i], 0), 0);
    pl_gaps_find(o, at(5, 4, 12), &gaps); // a Monday
    REQUIRE(gaps.count == 3);
    // kim is on call for `second` always, and for `duty` in her week and by the override
    CHECK_INT(gaps.item[0].kind, PL_GAP_DOUBLE);
    CHECK_INT(gaps.item[0].person, kim);
    CHECK_INT(gaps.item[0].other, 1);
    // Sundays, in Berlin: from 22:00 UTC on, but for the overrides
    CHECK_INT(gaps.item[1].kind, PL_GAP);
    CHECK_INT(gaps.item[1].schedule, 0);
    CHECK_INT(gaps.item[1].from_unix_s, at(5, 9, 22));
    CHECK_INT(gaps.item[1].until_unix_s, at(5, 10, 0));
    CHECK_INT(gaps.item[1].times, 3);
    CHECK_INT(gaps.item[1].last_unix_s, at(5, 17, 22));
    CHECK_INT(gaps.item[1].lasts_s, (2 + 8 + 24) * HOUR);
    CHECK_INT(gaps.item[2].kind, PL_GAP_OVERLAP);
    CHECK_INT(gaps.item[2].person, sam);
    CHECK_INT(gaps.item[2].from_unix_s, at(5, 10, 10));
    CHECK_INT(gaps.item[2].until_unix_s, at(5, 10, 12));
}

static void test_no_schedules_have_no_gaps(void)
{
    static struct pl_gaps gaps;
    REQUIRE(load(NOTIFIERS) == 0);
    pl_gaps_find(&config.roster, at(5, 4, 12), &gaps);
    CHECK_INT(gaps.count, 0);
}

/* ---- mistakes ---- */

#define LAYER(text)                                                                                \
    NOTIFIERS PEOPLE "layers: {l: {people: [sam, kim], start: 2026-01-05, " text "}}\n"
#define STEPS(text) NOTIFIERS PEOPLE "escalations: {e: {steps: [" text "]}}\n"
static const struct {
    const char *yaml, *want; // held by the first message
} mistakes[] = {
    {PEOPLE, ":2:20: people.alex.contact.a-push: there is no notifier of this name"},
    {NOTIFIERS "people: {al: {zone: UTC}}\n",
     ":4:10: people.al.contact: is missing: the notifiers"},
    {NOTIFIERS "people: {chat: {contact: [chat]}}\n",
     ":4:10: people.chat: is the name of a notifier, too: whom would `notify` mean?"},
    {NOTIFIERS "people: {al: {contact: [chat], zone: Europe/Berln}}\n",
     "people.al.zone: 'Europe/Berln' in /usr/share/zoneinfo/: No such file or directory; did you "
     "mean "
     "'Europe/Berlin'?"},
    {NOTIFIERS "people: {al: {contact: [chat], zone: ../../../etc/passwd}}\n",
     "people.al.zone: '../../../etc/passwd' is not the name of a time zone such as Europe/Berlin "
     "or UTC"},
    {NOTIFIERS "people: {al: {contact: [chat], zone: Europe}}\n",
     "people.al.zone: 'Europe' in /usr/share/zoneinfo/: "},
    {NOTIFIERS "people: {al: {contact: [chat], quiet: [22-7]}}\n",
     "people.al.quiet: '22-7' is not hours such as mon-fri 09:00-17:30, sat or 22:00-07:00"},
    {NOTIFIERS PEOPLE "teams: {t: {members: [alx]}}\n",
     "teams.t.members.alx: there is no person of this name; did you mean 'alex'?"},
    {NOTIFIERS PEOPLE "schedules: {s: {layers: [l]}}\n",
     "schedules.s.layers.l: there is no layer of this name"},
    {NOTIFIERS PEOPLE "layers: {l: {people: [sam, kim]}}\n",
     "layers.l.start: is missing: the day of the first person's turn"},
    {LAYER("turn: 30m"), "layers.l.turn: '30m' is not daily, weekly or a duration from 1h to 366d"},
    {LAYER("handover: 25:00"),
     "layers.l.handover: '25:00' is not a time such as 09:00 or mon 09:00"},
    {LAYER("turn: daily, handover: mon 09:00"),
     "layers.l.handover: names a day of the week, but turns are not whole weeks"},
    {NOTIFIERS PEOPLE "layers: {l: {people: [sam], start: 2026-02-30}}\n",
     "layers.l.start: '2026-02-30' is not a day such as 2026-01-05"},
    {NOTIFIERS PEOPLE "layers: {l: {people: [sam]}}\n"
                      "schedules: {s: {layers: [l]}, t: {zone: Asia/Tokyo, layers: [l]}}\n",
     "schedules.t.layers.l: is a layer of schedules in several zones: it needs a zone of its own"},
    {STEPS("sam, 5x kim"),
     "escalations.e.steps.5x kim: begins with what is no duration such as 5m"},
    {STEPS("\"5m sam, kjm\""),
     "there is no notifier, person, team or schedule 'kjm' of this name; did you "
     "mean 'kim'?"},
    {STEPS("\"5m sam\", kim"), "escalations.e.steps.kim: is earlier than the step before it"},
    {STEPS("sam at noon"), "has behind `at` what are no hours such as mon-fri 09:00-17:30"},
    {STEPS("\" at mon\""), "names nobody"},
    {STEPS("a-push, a-sms, chat, sam, kim, alex, sam-push, kim-push, 1m chat"),
     "has more than 8 steps"},
    {NOTIFIERS "pools: {web: {escalation: stps}}\nescalations: {steps: {steps: [chat]}}\n",
     ":4:15: pools.web.escalation: there is no escalation of this name; did you mean 'steps'?"},
    {NOTIFIERS "pools: {web: {escalation: steps, notify: [chat]}}\nescalations: {steps: {steps: "
               "[chat]}}\n",
     "pools.web.notify: stands beside escalation: one of them is enough"},
};

static void test_every_mistake_in_its_words(void)
{
    for (size_t i = 0; i < PL_LEN(mistakes); i++) {
        CHECK_INT(load(mistakes[i].yaml), PL_E_SYNTAX);
        bool found = strstr(errors.text[0], mistakes[i].want) != NULL;
        CHECK_TEXT(found ? mistakes[i].want : errors.text[0], mistakes[i].want);
    }
}

/* ---- overrides as records and as people send them ---- */

static void test_override_records(void)
{
    REQUIRE(load(house) == 0);
    struct pl_override override = {.number = UINT64_C(1) << 60,
                                   .schedule = 1,
                                   .person = 2,
                                   .from_unix_s = at(5, 6, 9),
                                   .until_unix_s = at(5, 6, 11),
                                   .made_unix_s = at(5, 1, 0),
                                   .by = "al \"the\" ex"};
    struct pl_override_record record;
    char text[PL_OVERRIDE_RECORD_BYTES];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_record_override_write(&t, &config.roster, &override);
    CHECK(!t.overflow);
    REQUIRE(pl_record_override_read(pl_text_bytes(&t), &record) == 0);
    CHECK(record.override.number == override.number);
    CHECK_INT(record.override.from_unix_s, override.from_unix_s);
    CHECK_INT(record.override.until_unix_s, override.until_unix_s);
    CHECK_INT(record.override.made_unix_s, override.made_unix_s);
    CHECK_TEXT(record.override.by, override.by);
    CHECK_TEXT(record.schedule.text, "second");
    CHECK_TEXT(record.person.text, "kim");
    for (size_t len = 0; len < t.len; len++)
        CHECK(pl_record_override_read((struct pl_span){(uint8_t *)text, len}, &record) < 0);
}

static void test_overrides_people_send(void)
{
    static const struct {
        const char *body, *culprit; // NULL: fine
    } rows[] = {
        {"{\"person\":\"kim\",\"from\":\"2026-05-06T11:00\",\"until\":\"2026-05-06T10:00:00Z\"}",
         NULL},
        {"{\"person\":\"kimm\",\"from\":\"2026-05-06T11:00\",\"until\":\"2026-05-06T12:00\"}",
         "person"},
        {"{\"person\":\"kim\",\"from\":\"06.05.2026\",\"until\":\"2026-05-06T12:00\"}", "from"},
        {"{\"person\":\"kim\",\"from\":\"2026-05-06T11:00\",\"until\":\"2026-05-06T11:00\"}",
         "until"},
        {"{\"person\":\"kim\",\"from\":\"2026-05-06T11:00\",\"until\":\"2027-05-08T11:00\"}",
         "until"},
        {"[]", "person"},
        {"{", ""},
    };
    REQUIRE(load(house) == 0);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        const char *culprit = NULL;
        struct pl_override override = {.number = 5};
        const char *problem =
            pl_override_in(pl_span_of(rows[i].body), &config.roster, 0, &override, &culprit);
        CHECK_INT(problem != NULL, rows[i].culprit != NULL);
        if (rows[i].culprit) CHECK_TEXT(culprit, rows[i].culprit);
        CHECK_INT(override.from_unix_s, problem ? 0 : at(5, 6, 9)); // 11:00 in Berlin
        CHECK_INT(override.until_unix_s, problem ? 0 : at(5, 6, 10));
    }
}

static void test_a_calendar_is_folded_and_stays_whole(void)
{
    static char text[400000];
    char name[PL_NAME_LEN_MAX + 1], yaml[1024];
    memset(name, 'x', PL_NAME_LEN_MAX);
    name[PL_NAME_LEN_MAX] = '\0';
    (void)snprintf(yaml, sizeof yaml,
                   NOTIFIERS "people: {%s: {contact: [chat]}, sam: {contact: [chat]}}\n"
                             "layers: {l: {people: [%s, sam], turn: 1h, start: 2026-01-05}}\n"
                             "schedules: {%sy: {layers: [l]}}\n",
                   name, name, name + 1);
    REQUIRE(load(yaml) == 0);
    static const size_t rooms[] = {1024, 2048, 5000, 400000};
    for (size_t i = 0; i < PL_LEN(rooms); i++) {
        struct pl_text t = pl_text_init(text, rooms[i]);
        pl_ics_write(&t, &config.roster, PL_NOBODY, PL_NOBODY, at(5, 6, 9));
        CHECK(!t.overflow);
        CHECK(t.len > 17 && strcmp(text + t.len - 17, "\r\nEND:VCALENDAR\r\n") == 0);
        uint32_t begun = 0, ended = 0;
        for (char *line = text; *line; line = strstr(line, "\r\n") + 2) {
            CHECK(strcspn(line, "\r\n") <= 75);
            begun += strncmp(line, "BEGIN:VEVENT", 12) == 0;
            ended += strncmp(line, "END:VEVENT", 10) == 0;
        }
        CHECK_INT(begun, ended);
    }
}

static void test_warnings_in_words(void)
{
    static struct pl_gaps gaps;
    char text[PL_GAP_TEXT_BYTES];
    struct pl_text t = pl_text_init(text, sizeof text);
    REQUIRE(load(house) == 0);
    pl_gaps_find(&config.roster, at(5, 4, 12), &gaps);
    REQUIRE(gaps.count == 2);
    pl_gap_write(&t, &config.roster, &gaps.item[0], at(5, 4, 12));
    CHECK_TEXT(
        text, "duty: kim is on call for second, too, from Mon 17:00 until Tue 09:00, 16 h; 6 times "
              "until 2026-05-11 Mon 09:00, 104 h together");
    t = pl_text_init(text, sizeof text);
    pl_gap_write(&t, &config.roster, &gaps.item[1], at(5, 4, 12));
    CHECK_TEXT(
        text,
        "duty: nobody is on call from Sun 00:00 until 2026-05-11 Mon 00:00, 24 h; 2 times until "
        "2026-05-18 Mon 00:00, 48 h together");
}

/* ---- words ---- */

static void test_hours(void)
{
    static const struct {
        const char *text;
        int days, from, until; // days -1: refused
    } rows[] = {
        {"mon-fri 09:00-17:30", 0x1f, 540, 1050},
        {"Sat", 0x20, 0, 1440},
        {"fri-mon 22:00-06:00", 0x71, 1320, 360},
        {"22:00-07:00", 0x7f, 1320, 420},
        {"sun 00:00-24:00", 0x40, 0, 1440},
        {"", -1, 0, 0},
        {"mon-", -1, 0, 0},
        {"mon 9:00-17:00", -1, 0, 0},
        {"mon 09:00", -1, 0, 0},
        {"24:00-06:00", -1, 0, 0},
        {"09:00-24:30", -1, 0, 0},
        {"09:60-10:00", -1, 0, 0},
        {"mon 09:00-10:00x", -1, 0, 0},
        {"montag", -1, 0, 0},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_hours hours = {0};
        int err = pl_hours_parse(pl_span_of(rows[i].text), &hours);
        CHECK_INT(err, rows[i].days < 0 ? PL_E_SYNTAX : 0);
        CHECK_INT(hours.weekdays, rows[i].days < 0 ? 0 : rows[i].days);
        CHECK_INT(hours.from_minute, rows[i].from);
        CHECK_INT(hours.until_minute, rows[i].until);
    }
}

static void test_moments(void)
{
    REQUIRE(load(house) == 0);
    const struct pl_zone *berlin = config.roster.schedules[0].zone;
    static const struct {
        const char *in;
        int err;
        const char *out; // seen from 2026-12-20
    } rows[] = {
        {"2026-12-24T18:00", 0, "Thu 18:00"},
        {"2026-12-24 18:00", 0, "Thu 18:00"},
        {"2026-12-24T17:00:00Z", 0, "Thu 18:00"},
        {"2026-12-24T12:00:00-05:00", 0, "Thu 18:00"},
        {"2027-03-28T02:30", 0, "2027-03-28 Sun 03:30"}, // skipped
        {"2026-12-24", PL_E_SYNTAX, NULL},
        {"2026-12-24T18", PL_E_SYNTAX, NULL},
        {"2026-13-24T18:00", PL_E_RANGE, NULL},
        {"tomorrow", PL_E_SYNTAX, NULL},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        char text[64];
        struct pl_text t = pl_text_init(text, sizeof text);
        int64_t unix_s = 0;
        CHECK_INT(pl_moment_parse(pl_span_of(rows[i].in), berlin, &unix_s), rows[i].err);
        if (rows[i].err) continue;
        pl_moment_write(&t, berlin, unix_s, at(12, 20, 0));
        CHECK_TEXT(text, rows[i].out);
    }
}

int main(void)
{
    int fd = mkstemp(path);
    if (fd < 0) return 1;
    (void)close(fd);
    RUN(test_routes_follow_the_clock);
    RUN(test_why_that_one);
    RUN(test_a_page_always_reaches_somebody);
    RUN(test_an_override_is_engaged_at_once);
    RUN(test_overrides_make_room_for_new_ones);
    RUN(test_gaps_and_double_bookings);
    RUN(test_no_schedules_have_no_gaps);
    RUN(test_every_mistake_in_its_words);
    RUN(test_override_records);
    RUN(test_overrides_people_send);
    RUN(test_a_calendar_is_folded_and_stays_whole);
    RUN(test_warnings_in_words);
    RUN(test_hours);
    RUN(test_moments);
    (void)unlink(path);
    return check_finish();
}
