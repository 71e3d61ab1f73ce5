/* Cases: what people do with one, who is told of its updates, and all of them together. */
#include "collector/core/incident/cases.h"
#include "collector/core/incident/telling.h"
#include "common/base/err.h"
#include "tests/check.h"

#include <stdlib.h>

enum { MINUTE = 60 * 1000 };

static const int64_t start_ms = INT64_C(1750000000000);
static struct pl_cases cases;

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    CHECK_INT(pl_name_parse(pl_span_of(text), &name), 0);
    return name;
}

static struct pl_case *opened(void)
{
    static struct pl_name pool;
    pool = name_of("web");
    const struct pl_case_opening opening = {.id = name_of("c-1"),
                                            .link = name_of("0123456789abcdef"),
                                            .pools = &pool,
                                            .pool_count = 1,
                                            .title = pl_span_of("web is slow"),
                                            .owner = pl_span_of("alex"),
                                            .by = pl_span_of("kim")};
    struct pl_case_dropped dropped;
    uint32_t index;
    memset(&cases, 0, sizeof cases);
    CHECK_INT(pl_cases_open(&cases, &opening, start_ms, &index, &dropped), 0);
    return &cases.items[index];
}

static struct pl_case_words words_of(enum pl_case_phase phase, const char *text)
{
    struct pl_case_words words = {
        .phase = phase, .impact = PL_CASE_IMPACT_MAJOR, .title = "Slow pages"};
    pl_case_copy_lines(words.text, sizeof words.text, pl_span_of(text));
    return words;
}

static const struct pl_span kim = {(const uint8_t *)"kim", 3};

static int publish(struct pl_case *c, enum pl_case_phase phase, int64_t next_ms, int64_t now_ms)
{
    struct pl_case_words words = words_of(phase, "We look into it.");
    int err = pl_case_save_draft(c, kim, &words, next_ms, now_ms);
    return err != 0 ? err : pl_case_publish(c, kim, c->draft.revision, now_ms);
}

static uint32_t subscribe(struct pl_case *c, const char *address)
{
    struct pl_case_subscriber s = {.channel = PL_CASE_EMAIL};
    uint32_t number = 0;
    pl_said_copy(s.address, sizeof s.address, pl_span_of(address));
    CHECK_INT(pl_case_subscribe(c, &s, start_ms, &number), 0);
    return number;
}

static void test_from_draft_to_the_end(void)
{
    struct pl_case *c = opened();
    struct pl_case_words words = words_of(PL_CASE_IDENTIFIED, "Line one\nline\ttwo");
    CHECK_TEXT(words.text, "Line one\nline two");
    CHECK_TEXT(c->owner, "alex");
    CHECK_INT(pl_case_publish(c, kim, 0, start_ms), PL_E_NOT_FOUND);
    CHECK_INT(pl_case_save_draft(c, kim, &words, 0, start_ms), PL_E_RANGE); // not the end yet
    CHECK_INT(pl_case_save_draft(c, kim, &words, MINUTE, start_ms), PL_E_RANGE);
    CHECK_INT(pl_case_save_draft(c, kim, &words, 30 * MINUTE, start_ms), 0);
    CHECK_INT(pl_case_save_draft(c, kim, &words, 30 * MINUTE, start_ms), 0);
    CHECK_INT(pl_case_publish(c, kim, 1, start_ms), PL_E_DUPLICATE); // read by nobody
    CHECK_INT(pl_case_publish(c, kim, 2, start_ms), 0);
    CHECK(!pl_case_newest(c)); // not written down
    CHECK(c->unwritten && c->dirty);
    CHECK_INT(pl_case_publish(c, kim, 2, start_ms), PL_E_NOT_FOUND); // once only
    CHECK_INT(publish(c, PL_CASE_MONITORING, 30 * MINUTE, start_ms), PL_E_FULL);
    pl_case_written(c, 1);
    CHECK_TEXT(pl_case_newest(c)->words.text, "Line one\nline two");
    CHECK_INT(pl_case_next_due(c), start_ms + 30 * MINUTE);
    CHECK_INT(pl_case_close(c, kim, start_ms), PL_E_STATE); // customers believe it goes on
    CHECK_INT(publish(c, PL_CASE_RESOLVED, 0, start_ms), 0);
    CHECK_INT(pl_case_next_due(c), 0);
    CHECK_INT(pl_case_close(c, kim, start_ms), 0);
    CHECK_INT(pl_case_note(c, kim, pl_span_of("late"), start_ms), PL_E_STATE);
    CHECK_INT(publish(c, PL_CASE_RESOLVED, 0, start_ms), PL_E_STATE);
}

static void test_a_case_nobody_was_told_of_is_just_closed(void)
{
    struct pl_case *c = opened();
    CHECK_INT(pl_case_close(c, kim, start_ms + 1), 0);
    CHECK_INT(c->closed_unix_ms, start_ms + 1);
    CHECK_INT(pl_case_next_due(c), 0);
}

static void test_the_timeline_keeps_what_people_said(void)
{
    struct pl_case *c = opened();
    CHECK_INT(pl_case_note(c, kim, pl_span_of("first"), start_ms), 0);
    for (int i = 0; i < 200; i++)
        pl_case_log(c, PL_CASE_EVENT_ALERT, (struct pl_span){0}, pl_span_of("x"), start_ms);
    CHECK_INT(c->event_count, PL_CASE_EVENTS_MAX);
    CHECK_INT(c->dropped_events, 202 - PL_CASE_EVENTS_MAX);
    CHECK_INT(c->events[0].kind, PL_CASE_EVENT_OPENED);
    CHECK_TEXT(c->events[1].text, "first");
    for (int i = 0; i < 200; i++) CHECK_INT(pl_case_note(c, kim, pl_span_of("n"), start_ms), 0);
    CHECK_INT(c->event_count, PL_CASE_EVENTS_MAX);
    CHECK_INT(c->events[0].kind, PL_CASE_EVENT_OPENED);
}

static void test_subscribers_hear_of_each_update_once(void)
{
    struct pl_case *c = opened();
    struct pl_now now = {1000, start_ms};
    struct pl_rng rng = pl_rng_init(1);
    const struct pl_case_update *u = NULL;
    uint32_t one = subscribe(c, "a@example.org");
    CHECK_INT(publish(c, PL_CASE_INVESTIGATING, 30 * MINUTE, start_ms), 0);
    CHECK(!pl_case_tell(c, now, &u)); // not durable
    pl_case_written(c, 1);
    uint32_t late = subscribe(c, "b@example.org");
    const struct pl_case_subscriber *s = pl_case_tell(c, now, &u);
    REQUIRE(s);
    CHECK_INT(s->number, one);
    CHECK_INT(u->number, 1);
    CHECK(!pl_case_tell(c, now, &u)); // under way, and the other came after it
    struct pl_page_result later = {.class = PL_RESULT_RETRY, .wait_ms = 5000};
    pl_case_told(c, &(struct pl_case_telling){one, 1, later}, &rng, now);
    CHECK(!pl_case_tell(c, now, &u));
    now.mono_ms += 5000;
    CHECK(pl_case_tell(c, now, &u));
    struct pl_page_result sent = {.class = PL_RESULT_SENT, .wait_ms = -1};
    pl_case_told(c, &(struct pl_case_telling){one, 1, sent}, &rng, now);
    pl_case_told(c, &(struct pl_case_telling){one, 1, sent}, &rng, now); // an answer too many
    CHECK(!pl_case_tell(c, now, &u));
    CHECK_TEXT(c->events[c->event_count - 1].text, "update 1 to a@example.org");
    CHECK_INT(publish(c, PL_CASE_RESOLVED, 0, start_ms), 0);
    pl_case_written(c, 2);
    now.unix_ms += PL_CASE_TELL_TTL_MS + 1;
    CHECK(!pl_case_tell(c, now, &u)); // news of yesterday
    CHECK_INT(c->events[c->event_count - 1].kind, PL_CASE_EVENT_NOT_TOLD);
    CHECK_INT(pl_case_subscriber_find(c, late)->told, 2);
}

static void test_subscribing(void)
{
    struct pl_case *c = opened();
    struct pl_case_subscriber s = {.channel = PL_CASE_EMAIL};
    uint32_t number = subscribe(c, "a@example.org");
    CHECK_INT(pl_case_subscribe(c, &s, start_ms, &number), PL_E_RANGE);
    pl_said_copy(s.address, sizeof s.address, pl_span_of("a@example.org"));
    CHECK_INT(pl_case_subscribe(c, &s, start_ms, &number), PL_E_DUPLICATE);
    for (char i = 'b'; i < 'b' + PL_CASE_SUBSCRIBERS_MAX - 1; i++) {
        const char address[] = {i, '@', 'x', '\0'};
        subscribe(c, address);
    }
    pl_said_copy(s.address, sizeof s.address, pl_span_of("z@x"));
    CHECK_INT(pl_case_subscribe(c, &s, start_ms, &number), PL_E_FULL);
    CHECK_INT(pl_case_unsubscribe(c, kim, 99, start_ms), PL_E_NOT_FOUND);
    CHECK_INT(pl_case_unsubscribe(c, kim, 2, start_ms), 0);
    CHECK_INT(pl_case_subscribe(c, &s, start_ms, &number), 0);
    CHECK_INT(number, PL_CASE_SUBSCRIBERS_MAX + 1); // a number is never given twice
}

static void test_reminders(void)
{
    struct pl_case *c = opened();
    struct pl_now now = {0, start_ms + PL_CASE_FIRST_MS - 1};
    uint32_t nth = 9;
    struct pl_span ways[] = {pl_span_of("chat"), pl_span_of("mail")};
    CHECK(!pl_case_remind(c, now, &nth));
    now.unix_ms++;
    CHECK(pl_case_remind(c, now, &nth));
    CHECK_INT(nth, 0);
    CHECK(!pl_case_remind(c, now, &nth)); // under way
    pl_case_reminded(c, &(struct pl_case_reminding){false, ways[0], 2}, now);
    CHECK(pl_case_remind(c, now, &nth)); // the next contact at once
    CHECK_INT(nth, 1);
    pl_case_reminded(c, &(struct pl_case_reminding){true, ways[1], 2}, now);
    CHECK_TEXT(c->events[c->event_count - 1].text, "alex by mail");
    now.unix_ms += 1000 * MINUTE;
    CHECK(!pl_case_remind(c, now, &nth)); // once per due time
    CHECK_INT(publish(c, PL_CASE_MONITORING, 30 * MINUTE, now.unix_ms), 0);
    CHECK(!pl_case_remind(c, now, &nth));
    now.unix_ms += 30 * MINUTE;
    for (int i = 0; i < 2 * PL_CASE_REMIND_ROUNDS; i++) {
        CHECK(pl_case_remind(c, now, &nth));
        CHECK_INT(nth, i);
        pl_case_reminded(c, &(struct pl_case_reminding){false, ways[nth % 2], 2}, now);
        if (nth % 2 == 1 && i + 1 < 2 * PL_CASE_REMIND_ROUNDS) CHECK(!pl_case_remind(c, now, &nth));
        now.mono_ms += PL_CASE_REMIND_WAIT_MS;
    }
    CHECK(!pl_case_remind(c, now, &nth));
    CHECK_INT(c->events[c->event_count - 1].kind, PL_CASE_EVENT_NOT_REMINDED);
    CHECK_INT(publish(c, PL_CASE_RESOLVED, 0, now.unix_ms), PL_E_FULL); // the one before waits
    pl_case_written(c, 1);
    CHECK_INT(publish(c, PL_CASE_RESOLVED, 0, now.unix_ms), 0);
    now.unix_ms += 1000 * MINUTE;
    CHECK(!pl_case_remind(c, now, &nth));
}

static void test_a_reminder_without_any_way(void)
{
    struct pl_case *c = opened();
    struct pl_now now = {0, start_ms + PL_CASE_FIRST_MS};
    uint32_t nth;
    c->owner[0] = '\0';
    CHECK(pl_case_remind(c, now, &nth));
    pl_case_reminded(c, &(struct pl_case_reminding){false, (struct pl_span){0}, 0}, now);
    CHECK_TEXT(c->events[c->event_count - 1].text, "whoever is on call: no way is known");
    CHECK(!pl_case_remind(c, now, &nth));
}

/* ---- all of them ---- */

static int open_case(const char *id, int64_t at_ms, struct pl_case_dropped *dropped)
{
    struct pl_name pool = name_of("web");
    const struct pl_case_opening opening = {
        .id = name_of(id), .link = name_of(id), .pools = &pool, .pool_count = 1, .by = kim};
    uint32_t index;
    return pl_cases_open(&cases, &opening, at_ms, &index, dropped);
}

static void test_room_for_a_few(void)
{
    struct pl_case_dropped dropped;
    char id[] = "c-00";
    memset(&cases, 0, sizeof cases);
    for (int i = 0; i < PL_CASES_MAX; i++) {
        id[2] = (char)('a' + i / 10);
        id[3] = (char)('0' + i % 10);
        CHECK_INT(open_case(id, start_ms + i, &dropped), 0);
        CHECK_INT(dropped.id.len, 0);
    }
    CHECK_INT(open_case("c-more", start_ms, &dropped), PL_E_FULL);
    CHECK_INT(publish(&cases.items[3], PL_CASE_RESOLVED, 0, start_ms), 0);
    CHECK_INT(pl_case_close(&cases.items[7], kim, start_ms + 7), 0);
    CHECK_INT(pl_case_close(&cases.items[3], kim, start_ms + 3), 0);
    CHECK_INT(open_case("c-more", start_ms, &dropped), 0);
    CHECK_TEXT(dropped.id.text, "c-a3"); // closed first
    CHECK_INT(dropped.update_count, 1);
    struct pl_name more = name_of("c-more"), guess = name_of("c-mor");
    CHECK_INT(pl_cases_find(&cases, &more), 3);
    CHECK_INT(pl_cases_find_link(&cases, &more), 3);
    CHECK_INT(pl_cases_find_link(&cases, &guess), PL_NO_INDEX);
}

static void test_hearing(void)
{
    struct pl_case *c = opened();
    struct pl_name web = name_of("web"), shop = name_of("shop");
    pl_cases_hear(&cases, &shop, PL_CASE_EVENT_ALERT, pl_span_of("x"), start_ms + 1);
    pl_cases_hear(&cases, &web, PL_CASE_EVENT_ALERT, pl_span_of("x"), start_ms - 1); // before it
    CHECK_INT(c->event_count, 1);
    pl_cases_hear(&cases, &web, PL_CASE_EVENT_CHANGE, pl_span_of("nginx 1.22"), start_ms + 1);
    CHECK_INT(c->event_count, 2);
    CHECK_INT(pl_case_close(c, kim, start_ms + 2), 0);
    pl_cases_hear(&cases, &web, PL_CASE_EVENT_ALERT, pl_span_of("x"), start_ms + 3);
    CHECK_INT(c->event_count, 3);
}

static void test_opening_by_itself(void)
{
    struct pl_case *c = opened();
    struct pl_alert alert = {.rule = PL_RULE_LIMIT,
                             .pool = name_of("web"),
                             .state = PL_ALERT_FIRING,
                             .tier = PL_TIER_PAGE,
                             .opened_unix_ms = start_ms};
    const int64_t after = 5 * MINUTE;
    CHECK(!pl_cases_want(&cases, &alert, after, start_ms + after)); // one is open
    CHECK_INT(pl_case_close(c, kim, start_ms), 0);
    CHECK(pl_cases_want(&cases, &alert, after, start_ms + after));
    CHECK(!pl_cases_want(&cases, &alert, after, start_ms + after - 1));
    CHECK(!pl_cases_want(&cases, &alert, 0, start_ms + after)); // switched off
    c->rule = PL_RULE_LIMIT;
    c->alert_unix_ms = start_ms;
    CHECK(!pl_cases_want(&cases, &alert, after, start_ms + after)); // somebody closed that one
    alert.opened_unix_ms++;
    CHECK(pl_cases_want(&cases, &alert, after, start_ms + after + 1));
    alert.tier = PL_TIER_WARN;
    CHECK(!pl_cases_want(&cases, &alert, after, start_ms + after + 1));
}

static void test_restoring_keeps_the_order(void)
{
    struct pl_case *c = opened();
    struct pl_case copy = *c;
    struct pl_case_update u = {.number = 7};
    memset(&cases, 0, sizeof cases);
    CHECK_INT(pl_cases_restore_update(&cases, &copy.id, &u), PL_E_NOT_FOUND);
    CHECK_INT(pl_cases_restore(&cases, &copy), 0);
    CHECK_INT(pl_cases_restore(&cases, &copy), 0); // known
    CHECK_INT(cases.used_max, 1);
    for (uint32_t n = 3; n > 0; n--) {
        u.number = n == 2 ? 9 : n;
        CHECK_INT(pl_cases_restore_update(&cases, &copy.id, &u), 0);
        CHECK_INT(pl_cases_restore_update(&cases, &copy.id, &u), 0);
    }
    c = &cases.items[0];
    CHECK_INT(c->update_count, 3);
    CHECK_INT(c->updates[0].number, 1);
    CHECK_INT(c->updates[2].number, 9);
    CHECK_INT(c->last_update, 9);
    CHECK(pl_case_newest(c) == &c->updates[2]);
}

/* ---- any history ---- */

enum { SEEDS = 2000, STEPS = 120, MODEL_UPDATES = 200, MODEL_SUBSCRIBERS = 200 };

/* What must hold, kept apart from the code under test. */
struct model {
    uint32_t published;                               // updates, ever
    bool durable[MODEL_UPDATES];                      // by number
    uint32_t since[MODEL_SUBSCRIBERS];                // updates before they came
    uint8_t heard[MODEL_SUBSCRIBERS][MODEL_UPDATES];  // how often
    uint8_t unsure[MODEL_SUBSCRIBERS][MODEL_UPDATES]; // attempts that a crash forgot
    int64_t reminded_for;
    struct pl_case written; // what Redis holds
};

static void write_down(struct pl_case *c, struct model *m)
{
    pl_case_written(c, c->last_update);
    for (uint32_t n = 1; n <= c->last_update; n++) m->durable[n] = true;
    c->dirty = c->unwritten = false;
    m->written = *c;
}

/* What was not written down was not answered either. */
static void come_back(struct pl_case *c, struct model *m)
{
    *c = m->written;
    for (uint32_t i = 0; i < c->subscriber_count; i++) {
        c->subscribers[i].busy = false;
        c->subscribers[i].due_mono_ms = 0;
    }
    c->reminder.busy = false;
    m->published = c->last_update;
}

static bool tell_one(struct pl_case *c, struct model *m, struct pl_rng *rng, struct pl_now now)
{
    const struct pl_case_update *u;
    const struct pl_case_subscriber *s = pl_case_tell(c, now, &u);
    if (!s) return false;
    uint32_t who = s->number, number = u->number;
    CHECK(m->durable[number]);
    CHECK(number > m->since[who]);
    for (uint32_t n = m->since[who] + 1; n < number; n++) CHECK(m->heard[who][n] > 0); // in order
    struct pl_page_result result = {.class = PL_RESULT_SENT, .wait_ms = -1};
    if (pl_rng_below(rng, 3) == 0) result.class = PL_RESULT_RETRY;
    bool arrived = result.class == PL_RESULT_SENT;
    if (arrived) m->heard[who][number]++;
    if (arrived && pl_rng_below(rng, 8) == 0) { // killed before it could be noted
        m->unsure[who][number]++;
        come_back(c, m);
        return true;
    }
    pl_case_told(c, &(struct pl_case_telling){who, number, result}, rng, now);
    write_down(c, m);
    CHECK(m->heard[who][number] <= 1 + m->unsure[who][number]);
    return true;
}

static void remind_one(struct pl_case *c, struct model *m, struct pl_rng *rng, struct pl_now now)
{
    uint32_t nth;
    int64_t due = pl_case_next_due(c);
    if (!pl_case_remind(c, now, &nth)) return;
    CHECK(due != 0 && due <= now.unix_ms && due != m->reminded_for);
    bool sent = pl_rng_below(rng, 2) == 0;
    if (sent) m->reminded_for = due;
    pl_case_reminded(c, &(struct pl_case_reminding){sent, kim, 2}, now);
    write_down(c, m);
}

static void act(struct pl_case *c, struct model *m, struct pl_rng *rng, struct pl_now now)
{
    uint32_t what = pl_rng_below(rng, 12), before = c->last_update;
    bool was_open = c->open, waits = c->draft.waits;
    enum pl_case_phase phase = (enum pl_case_phase)pl_rng_below(rng, PL_CASE_PHASE_COUNT);
    struct pl_case_words words = words_of(phase, "x");
    if (what < 3) {
        int err = pl_case_save_draft(c, kim, &words, 30 * MINUTE, now.unix_ms);
        CHECK_INT(err, was_open ? 0 : PL_E_STATE);
    } else if (what < 6) {
        uint32_t revision = c->draft.revision - (pl_rng_below(rng, 4) == 0);
        int err = pl_case_publish(c, kim, revision, now.unix_ms);
        bool right = was_open && waits && revision == c->draft.revision;
        CHECK(err == 0 ? right : !right || err == PL_E_FULL);
        m->published += err == 0;
    } else if (what == 6 && c->last_subscriber < MODEL_SUBSCRIBERS - 1) {
        char address[] = "a@example.org";
        address[0] = (char)('a' + pl_rng_below(rng, 6));
        struct pl_case_subscriber s = {.channel = PL_CASE_EMAIL};
        uint32_t number;
        pl_said_copy(s.address, sizeof s.address, pl_span_of(address));
        if (pl_case_subscribe(c, &s, now.unix_ms, &number) == 0) m->since[number] = before;
    } else if (what == 7 && c->subscriber_count > 0) {
        uint32_t n = c->subscribers[pl_rng_below(rng, c->subscriber_count)].number;
        if (pl_rng_below(rng, 3) == 0)
            CHECK_INT(pl_case_unsubscribe(c, kim, n, now.unix_ms), was_open ? 0 : PL_E_STATE);
    } else if (what == 8 && pl_rng_below(rng, 6) == 0) {
        const struct pl_case_update *last =
            c->update_count > 0 ? &c->updates[c->update_count - 1] : NULL;
        bool may = was_open && (!last || last->words.phase == PL_CASE_RESOLVED);
        CHECK_INT(pl_case_close(c, kim, now.unix_ms), may ? 0 : PL_E_STATE);
    } else if (what == 9) {
        pl_case_log(c, PL_CASE_EVENT_ALERT, (struct pl_span){0}, pl_span_of("x"), now.unix_ms);
    }
    CHECK_INT(c->last_update, m->published);
    CHECK(was_open || c->last_update == before); // nothing is published once it is closed
}

static void run_history(uint64_t seed, struct model *m)
{
    struct pl_rng rng = pl_rng_init(seed);
    struct pl_case *c = opened();
    struct pl_now now = {0, start_ms};
    *m = (struct model){.written = *c};
    for (int i = 0; i < STEPS; i++) {
        now.mono_ms += pl_rng_below(&rng, 10 * MINUTE);
        now.unix_ms = start_ms + now.mono_ms;
        uint32_t restart = pl_rng_below(&rng, 20);
        act(c, m, &rng, now);
        if (restart == 0) come_back(c, m);
        if (restart > 1) write_down(c, m);
        (void)tell_one(c, m, &rng, now);
        remind_one(c, m, &rng, now);
    }
    write_down(c, m);
    for (int i = 0; i < 10000; i++) { // in the end everybody has heard everything
        if (!tell_one(c, m, &rng, now)) now.mono_ms += MINUTE;
        bool owed = false;
        for (uint32_t k = 0; k < c->subscriber_count; k++)
            owed |= c->subscribers[k].told < c->last_update;
        if (!owed) return;
    }
    CHECK(false);
}

static void test_any_history(void)
{
    struct model *m = calloc(1, sizeof *m);
    REQUIRE(m);
    for (uint64_t seed = 1; seed <= SEEDS && check_state.failed_checks == 0; seed++) {
        run_history(seed, m);
        if (check_state.failed_checks > 0) printf("# seed %d\n", (int)seed);
    }
    free(m);
}

int main(void)
{
    RUN(test_from_draft_to_the_end);
    RUN(test_a_case_nobody_was_told_of_is_just_closed);
    RUN(test_the_timeline_keeps_what_people_said);
    RUN(test_subscribers_hear_of_each_update_once);
    RUN(test_subscribing);
    RUN(test_reminders);
    RUN(test_a_reminder_without_any_way);
    RUN(test_room_for_a_few);
    RUN(test_hearing);
    RUN(test_opening_by_itself);
    RUN(test_restoring_keeps_the_order);
    RUN(test_any_history);
    return check_finish();
}
