/* The outbox: stories of one page, then many pages against a naive model. */
#include "tests/check.h"

#include "collector/core/alert/outbox.h"

enum { FIRING = 1, CLEAR = 0 };

static struct pl_outbox box; // too large for a stack frame
static struct pl_now now;

static const struct pl_page_result sent = {.class = PL_RESULT_SENT, .wait_ms = -1, .status = 202};
static const struct pl_page_result busy = {.class = PL_RESULT_RETRY, .wait_ms = -1, .status = 503};
static const struct pl_page_result lost = {
    .class = PL_RESULT_RETRY, .maybe_delivered = true, .wait_ms = -1};
static const struct pl_page_result reject = {
    .class = PL_RESULT_REJECT, .wait_ms = -1, .status = 400};

static struct pl_alert alert_of(const char *pool, bool firing, uint32_t revision)
{
    struct pl_alert a;
    struct pl_name name = {0};
    CHECK_INT(pl_name_parse(pl_span_of(pool), &name), 0);
    pl_alert_init(&a, PL_RULE_LIMIT, &name);
    a.state = firing ? PL_ALERT_FIRING : PL_ALERT_RESOLVED;
    a.tier = PL_TIER_PAGE;
    a.revision = revision;
    return a;
}

static void start(void)
{
    pl_outbox_init(&box, 1);
    now = (struct pl_now){1000000, INT64_C(1750000000000)};
}

static void pass(int64_t ms)
{
    now.mono_ms += ms;
    now.unix_ms += ms;
}

/* Tell target 0 and expect that answer; the page concerned. */
static struct pl_page *tell(const struct pl_alert *a, enum pl_tell want)
{
    struct pl_page *page = NULL;
    CHECK_INT(pl_outbox_tell(&box, 0, a, now, &page), want);
    return page;
}

/* A firing page of web that is being sent. */
static struct pl_page *send_firing(struct pl_alert *a)
{
    start();
    *a = alert_of("web", FIRING, 1);
    struct pl_page *page = tell(a, PL_TELL_ADDED);
    CHECK(pl_outbox_saved(&box, page, now));
    CHECK(pl_outbox_due(&box, now) == page);
    CHECK_INT(page->state, PL_PAGE_SENDING);
    return page;
}

static void test_written_down_then_sent(void)
{
    start();
    struct pl_alert a = alert_of("web", FIRING, 1);
    struct pl_page *page = tell(&a, PL_TELL_ADDED);
    CHECK_INT(page->state, PL_PAGE_INTENT);
    CHECK(page->number > 0 && !page->resolved);
    CHECK(pl_outbox_get(&box, page->id) == page);
    (void)tell(&a, PL_TELL_NOTHING); // it is on its way
    CHECK(pl_outbox_due(&box, now) == NULL);
    CHECK(pl_outbox_saved(&box, page, now));
    CHECK(!pl_outbox_saved(&box, page, now));
    CHECK(pl_outbox_due(&box, now) == page);
    CHECK_INT(page->attempts, 1);
    CHECK(pl_outbox_due(&box, now) == NULL);
    CHECK(pl_outbox_result(&box, page, &sent, now));
    CHECK(!pl_outbox_result(&box, page, &sent, now));
    CHECK_INT(page->state, PL_PAGE_SENT);
    CHECK(page->told);
    struct pl_slot_id id = page->id;
    pl_outbox_remove(&box, page);
    CHECK(pl_outbox_get(&box, id) == NULL);
    CHECK_INT(box.live_count, 0);
}

static void test_a_store_that_does_not_answer_delays_by_100_ms(void)
{
    start();
    struct pl_alert a = alert_of("web", FIRING, 1);
    struct pl_page *page = tell(&a, PL_TELL_ADDED);
    pass(PL_PAGE_SAVE_WAIT_MS - 1);
    CHECK(pl_outbox_due(&box, now) == NULL);
    pass(1);
    CHECK(pl_outbox_due(&box, now) == page);
    CHECK(!pl_outbox_saved(&box, page, now)); // too late, and harmless
    CHECK_INT(page->state, PL_PAGE_SENDING);
}

static void test_trouble_over_before_anybody_was_told(void)
{
    start();
    struct pl_alert a = alert_of("web", FIRING, 1);
    struct pl_page *page = tell(&a, PL_TELL_ADDED);
    struct pl_alert over = alert_of("web", CLEAR, 2);
    CHECK(tell(&over, PL_TELL_WITHDRAWN) == page);
    pl_outbox_remove(&box, page);
    (void)tell(&over, PL_TELL_NOTHING);
}

static void test_trouble_over_after_a_refused_attempt(void)
{
    struct pl_alert a;
    struct pl_page *page = send_firing(&a);
    struct pl_alert over = alert_of("web", CLEAR, 2);
    (void)tell(&over, PL_TELL_NOTHING); // an attempt is under way
    CHECK(pl_outbox_result(&box, page, &busy, now));
    CHECK_INT(page->state, PL_PAGE_READY);
    CHECK(tell(&over, PL_TELL_WITHDRAWN) == page);
}

static void test_trouble_over_after_an_unknown_outcome(void)
{
    struct pl_alert a;
    struct pl_page *page = send_firing(&a);
    CHECK(pl_outbox_result(&box, page, &lost, now));
    CHECK(page->told);
    struct pl_alert over = alert_of("web", CLEAR, 2);
    CHECK(tell(&over, PL_TELL_CHANGED) == page);
    CHECK(page->resolved);
    CHECK_INT(page->expires_mono_ms, now.mono_ms + PL_PAGE_TTL_RESOLVED_MS);
    struct pl_alert again = alert_of("web", FIRING, 3);
    CHECK(tell(&again, PL_TELL_CHANGED) == page);
    CHECK(!page->resolved);
}

static void test_whoever_was_told_hears_the_end(void)
{
    start();
    struct pl_alert over = alert_of("web", CLEAR, 2);
    over.paged = 1;
    struct pl_page *page = tell(&over, PL_TELL_ADDED);
    CHECK(page->resolved);
    struct pl_alert lowered = alert_of("web", FIRING, 4);
    lowered.paged = 1;
    lowered.tier = PL_TIER_WARN;
    CHECK(tell(&lowered, PL_TELL_CHANGED) == page);
    CHECK(page->resolved);
    CHECK_INT(page->alert.resolved_unix_ms, now.unix_ms);
}

static void test_waits_grow_and_stay_capped(void)
{
    struct pl_alert a;
    struct pl_page *page = send_firing(&a);
    int64_t longest_ms = 0;
    for (int attempt = 1; attempt < 200; attempt++) {
        CHECK(pl_outbox_result(&box, page, &busy, now));
        int64_t wait_ms = page->due_mono_ms - now.mono_ms;
        CHECK(wait_ms >= 0 && wait_ms <= PL_RETRY_CAP_MS);
        if (attempt == 1) CHECK(wait_ms <= PL_RETRY_BASE_MS);
        longest_ms = PL_MAX(longest_ms, wait_ms);
        pass(wait_ms - 1);
        CHECK(wait_ms == 0 || pl_outbox_due(&box, now) == NULL);
        pass(1);
        CHECK(pl_outbox_due(&box, now) == page);
        CHECK_INT(page->attempts, attempt + 1);
    }
    CHECK(longest_ms > PL_RETRY_CAP_MS / 2);
}

static void test_a_provider_that_asks_for_peace_gets_it(void)
{
    struct pl_alert a;
    struct pl_page *page = send_firing(&a);
    struct pl_page_result later = {.class = PL_RESULT_RETRY, .wait_ms = 90000, .status = 429};
    CHECK(pl_outbox_result(&box, page, &later, now));
    CHECK_INT(page->due_mono_ms, now.mono_ms + 90000);
    /* Another page to the same target waits as well; one to another target does not. */
    struct pl_alert other = alert_of("db", FIRING, 1);
    struct pl_page *same = tell(&other, PL_TELL_ADDED), *free_one = NULL;
    CHECK_INT(pl_outbox_tell(&box, 1, &other, now, &free_one), PL_TELL_ADDED);
    pass(PL_PAGE_SAVE_WAIT_MS);
    CHECK(pl_outbox_due(&box, now) == free_one);
    CHECK(pl_outbox_due(&box, now) == NULL);
    CHECK_INT(same->due_mono_ms, page->due_mono_ms);
    pass(90000);
    CHECK(pl_outbox_due(&box, now) == page);
    CHECK(pl_outbox_due(&box, now) == same);
    later.wait_ms = INT64_MAX / 2;
    CHECK(pl_outbox_result(&box, page, &later, now));
    CHECK_INT(page->due_mono_ms, now.mono_ms + PL_RETRY_AFTER_MAX_MS);
}

/* Three at once, then one every two seconds; the last of the three is for trouble. */
static void test_a_target_has_a_pace(void)
{
    static const char *const pools[] = {"p0", "p1", "p2", "p3", "p4", "p5"};
    static const int64_t at_ms[] = {0, 0, 0, 2000, 4000, 6000};
    start();
    pl_outbox_pace(&box, 0, &(struct pl_target_pace){30, 3});
    for (size_t i = 0; i < PL_LEN(pools); i++) {
        struct pl_alert a = alert_of(pools[i], FIRING, 1);
        CHECK(pl_outbox_saved(&box, tell(&a, PL_TELL_ADDED), now));
    }
    size_t sent_count = 0;
    for (int64_t ms = 0; ms <= 6000; ms += 100, pass(100)) {
        for (struct pl_page *page; (page = pl_outbox_due(&box, now)) != NULL;) {
            REQUIRE(sent_count < PL_LEN(at_ms));
            CHECK_INT(ms, at_ms[sent_count++]);
            CHECK(pl_outbox_result(&box, page, &sent, now));
        }
    }
    CHECK_INT(sent_count, PL_LEN(pools));
    start();
    pl_outbox_pace(&box, 0, &(struct pl_target_pace){30, 3});
    for (size_t i = 0; i < 3; i++) {
        struct pl_alert over = alert_of(pools[i], CLEAR, 2);
        over.paged = 1;
        CHECK(pl_outbox_saved(&box, tell(&over, PL_TELL_ADDED), now));
    }
    CHECK(pl_outbox_due(&box, now) && pl_outbox_due(&box, now) && !pl_outbox_due(&box, now));
    struct pl_alert a = alert_of("fires", FIRING, 1);
    struct pl_page *page = tell(&a, PL_TELL_ADDED);
    CHECK(pl_outbox_saved(&box, page, now));
    CHECK(pl_outbox_due(&box, now) == page);
}

static size_t hand_out(struct pl_page **pages)
{
    size_t count = 0;
    while (count < PL_OUTBOX_MAX && (pages[count] = pl_outbox_due(&box, now)) != NULL) count++;
    return count;
}

/* A target that hangs has a few requests of ours, and the others the rest. */
static void test_a_target_that_hangs_leaves_room_for_others(void)
{
    static const char *const pools[] = {"p0", "p1", "p2", "p3", "p4", "p5"};
    static struct pl_page *pages[PL_OUTBOX_MAX + 1], *page;
    start();
    for (size_t i = 0; i < PL_LEN(pools); i++) {
        struct pl_alert a = alert_of(pools[i], FIRING, 1);
        CHECK(pl_outbox_saved(&box, tell(&a, PL_TELL_ADDED), now));
    }
    CHECK_INT(hand_out(pages), PL_PAGES_SENDING_TARGET_MAX);
    struct pl_alert last = alert_of("last", FIRING, 1);
    for (uint8_t t = 1; t < PL_TARGET_MAX; t++) {
        CHECK_INT(pl_outbox_tell(&box, t, &last, now, &page), PL_TELL_ADDED);
        CHECK(pl_outbox_saved(&box, page, now));
    }
    CHECK_INT(hand_out(pages), PL_PAGES_SENDING_MAX - PL_PAGES_SENDING_TARGET_MAX);
    CHECK_INT(pages[0]->target, 1);
    CHECK(pl_outbox_result(&box, box.pages, &sent, now)); // the first that was taken
    pl_outbox_remove(&box, box.pages);
    CHECK(hand_out(pages) == 1 && pages[0]->target == 0); // the oldest that may go
    /* Nobody ever answers: after a minute the attempts are over, and it goes on. */
    pass(PL_PAGE_ANSWER_WAIT_MS);
    CHECK(hand_out(pages) >= PL_TARGET_MAX - PL_PAGES_SENDING_MAX);
}

static void test_the_end_of_a_page(void)
{
    struct pl_alert a;
    struct pl_page *page = send_firing(&a);
    CHECK(pl_outbox_result(&box, page, &reject, now));
    CHECK_INT(page->state, PL_PAGE_FAILED);
    CHECK(!page->told);
    page = send_firing(&a);
    CHECK(pl_outbox_result(&box, page, &busy, now));
    pass(PL_PAGE_TTL_FIRING_MS);
    CHECK(pl_outbox_due(&box, now) == page);
    CHECK_INT(page->state, PL_PAGE_FAILED);
    pl_outbox_remove(&box, page);
    CHECK(pl_outbox_due(&box, now) == NULL);
    CHECK_INT(box.next_due_mono_ms, INT64_MAX);
}

static void test_an_attempt_that_is_never_answered(void)
{
    struct pl_alert a;
    struct pl_page *page = send_firing(&a);
    pass(PL_PAGE_ANSWER_WAIT_MS);
    CHECK(pl_outbox_due(&box, now) == NULL);
    CHECK_INT(page->state, PL_PAGE_READY);
    CHECK(page->told);
    pass(PL_RETRY_BASE_MS);
    CHECK(pl_outbox_due(&box, now) == page);
}

static struct pl_alert nth_alert(uint32_t n)
{
    char pool[] = "p0000";
    for (uint32_t d = 4; d > 0; d--, n /= 10) pool[d] = (char)('0' + n % 10);
    return alert_of(pool, FIRING, 1);
}

static void test_a_full_table_refuses(void)
{
    start();
    struct pl_alert a = alert_of("web", FIRING, 1);
    struct pl_page *page;
    for (uint32_t i = 0; i < PL_OUTBOX_MAX; i++) {
        a = nth_alert(i);
        CHECK_INT(pl_outbox_tell(&box, 0, &a, now, &page), PL_TELL_ADDED);
    }
    CHECK_INT(pl_outbox_tell(&box, 1, &a, now, &page), PL_TELL_FULL);
    CHECK(pl_outbox_restore(&box, &(struct pl_page){.target = 2, .alert = a}, now) == NULL);
    /* Each is found, also when others have left. */
    for (uint32_t i = 0; i < PL_OUTBOX_MAX; i += 3) {
        a = nth_alert(i);
        pl_outbox_remove(&box, pl_outbox_find(&box, 0, &a));
    }
    for (uint32_t i = 0; i < PL_OUTBOX_MAX; i++) {
        a = nth_alert(i);
        page = pl_outbox_find(&box, 0, &a);
        CHECK_INT(page != NULL, i % 3 != 0);
        CHECK(!page || pl_name_eq(&page->alert.pool, &a.pool));
    }
    CHECK_INT(pl_outbox_tell(&box, 1, &a, now, &page), PL_TELL_ADDED);
}

/* While one after the other is handed out, some leave, some come, and one is refused at once. */
static void test_nobody_is_forgotten_while_others_leave(void)
{
    struct pl_page *pages[4];
    start();
    for (uint32_t i = 0; i < PL_LEN(pages); i++) {
        struct pl_alert a = nth_alert(i);
        pages[i] = tell(&a, PL_TELL_ADDED);
        CHECK(i == 2 || pl_outbox_saved(&box, pages[i], now));
    }
    CHECK(pl_outbox_due(&box, now) == pages[0]);
    CHECK(pl_outbox_result(&box, pages[0], &sent, now));
    pl_outbox_remove(&box, pages[0]);
    CHECK(pl_outbox_due(&box, now) == pages[1]);
    struct pl_page_result at_once = {.class = PL_RESULT_RETRY, .wait_ms = 0};
    CHECK(pl_outbox_result(&box, pages[1], &at_once, now)); // its turn is over in this look
    CHECK(pl_outbox_due(&box, now) == pages[3]);
    CHECK(pl_outbox_due(&box, now) == pages[1]);
    CHECK(pl_outbox_due(&box, now) == NULL);
    pass(PL_PAGE_SAVE_WAIT_MS);
    CHECK(pl_outbox_due(&box, now) == pages[2]);
}

static void test_restored_pages_go_on(void)
{
    start();
    struct pl_page record = {.number = UINT64_C(1) << 60,
                             .target = 3,
                             .attempts = 7,
                             .last_status = 503,
                             .created_unix_ms = 42,
                             .alert = alert_of("web", FIRING, 1)};
    struct pl_page *page = pl_outbox_restore(&box, &record, now);
    REQUIRE(page);
    CHECK(page->state == PL_PAGE_INTENT && page->attempts == 7 && page->told);
    CHECK(pl_outbox_restore(&box, &record, now) == NULL);
    CHECK(pl_outbox_due(&box, now) == page);
    struct pl_alert other = alert_of("db", FIRING, 1);
    CHECK(tell(&other, PL_TELL_ADDED)->number > record.number);
}

/* ---- against a naive model: what a target must hear about an alert, as simply as possible ---- */

enum { ALERTS = 4, TARGETS = 2, STEPS = 3000, SEEDS = 30 };

static struct model {
    bool there, sending, told, resolved;
    uint32_t revision;
} model[ALERTS][TARGETS];
static struct pl_alert alerts[ALERTS];

static void model_tell(int i, int t)
{
    struct model *m = &model[i][t];
    const struct pl_alert *a = &alerts[i];
    struct pl_page *page = NULL;
    enum pl_tell got = pl_outbox_tell(&box, (uint8_t)t, a, now, &page), want = PL_TELL_NOTHING;
    bool knows = (a->paged >> t & 1) != 0 || (m->there && m->told);
    bool needed = pl_alert_pages(a) || knows;
    if (!m->there && needed) want = PL_TELL_ADDED;
    if (m->there && !m->sending && !needed) want = PL_TELL_WITHDRAWN;
    if (m->there && !m->sending && needed && m->revision != a->revision) want = PL_TELL_CHANGED;
    CHECK_INT(got, want);
    if (want == PL_TELL_ADDED) *m = (struct model){.there = true};
    if (want == PL_TELL_ADDED || want == PL_TELL_CHANGED) {
        m->revision = a->revision;
        m->resolved = !pl_alert_pages(a);
    }
    if (want == PL_TELL_WITHDRAWN) {
        pl_outbox_remove(&box, page);
        m->there = false;
    }
}

static void model_answer(int i, int t, struct pl_rng *rng)
{
    struct model *m = &model[i][t];
    static const struct pl_page_result *const answers[] = {&sent, &busy, &lost, &reject};
    if (!m->there || !m->sending) return;
    const struct pl_page_result *answer = answers[pl_rng_below(rng, PL_LEN(answers))];
    struct pl_page *page = pl_outbox_find(&box, (uint8_t)t, &alerts[i]);
    REQUIRE(page != NULL);
    CHECK(pl_outbox_result(&box, page, answer, now));
    m->told = m->told || answer == &sent || answer == &lost;
    m->sending = false;
    CHECK_INT(page->told, m->told);
    if (answer == &busy || answer == &lost) return;
    if (m->told && !m->resolved) alerts[i].paged |= pl_target_bit((uint32_t)t);
    if (answer == &sent && m->resolved) alerts[i].paged &= ~pl_target_bit((uint32_t)t);
    pl_outbox_remove(&box, page);
    m->there = false;
}

static void model_due(void)
{
    struct pl_page *page;
    while ((page = pl_outbox_due(&box, now)) != NULL) {
        CHECK_INT(page->state, PL_PAGE_SENDING); // nothing lives long enough to expire
        for (int i = 0; i < ALERTS; i++) {
            if (!pl_name_eq(&page->alert.pool, &alerts[i].pool)) continue;
            CHECK(!model[i][page->target].sending);
            CHECK_INT(page->resolved, model[i][page->target].resolved);
            CHECK_INT(page->alert.revision, model[i][page->target].revision);
            model[i][page->target].sending = true;
        }
    }
}

static void model_check(void)
{
    uint32_t count = 0;
    for (int i = 0; i < ALERTS; i++) {
        for (int t = 0; t < TARGETS; t++) {
            struct pl_page *page = pl_outbox_find(&box, (uint8_t)t, &alerts[i]);
            CHECK_INT(page != NULL, model[i][t].there);
            count += model[i][t].there;
            if (!page) continue;
            CHECK_INT(page->state == PL_PAGE_SENDING, model[i][t].sending);
            if (page->state != PL_PAGE_SENDING) {
                CHECK(page->due_mono_ms >= box.next_due_mono_ms);
                CHECK(page->due_mono_ms <= now.mono_ms + PL_RETRY_CAP_MS);
            }
        }
    }
    CHECK_INT(box.live_count, count);
}

static void test_outbox_against_the_model(void)
{
    static const char *const pools[ALERTS] = {"a", "b", "c", "d"};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct pl_rng rng = pl_rng_init(seed);
        start();
        memset(model, 0, sizeof model);
        for (int i = 0; i < ALERTS; i++) alerts[i] = alert_of(pools[i], CLEAR, 0);
        for (int step = 0; step < STEPS; step++) {
            int i = (int)pl_rng_below(&rng, ALERTS), t = (int)pl_rng_below(&rng, TARGETS);
            switch (pl_rng_below(&rng, 5)) {
            case 0:
                alerts[i].state =
                    alerts[i].state == PL_ALERT_FIRING ? PL_ALERT_RESOLVED : PL_ALERT_FIRING;
                alerts[i].revision++;
                break;
            case 1: model_tell(i, t); break;
            case 2: model_answer(i, t, &rng); break;
            case 3: pass(pl_rng_below(&rng, 3000)); break;
            default: model_due();
            }
            /* An answer that never came is a case of its own: not here. */
            for (uint32_t n = 0; n < box.live_count; n++) {
                struct pl_page *page = &box.pages[box.live[n]];
                if (page->state == PL_PAGE_SENDING) page->due_mono_ms = INT64_MAX;
            }
            model_check();
        }
    }
}

int main(void)
{
    RUN(test_written_down_then_sent);
    RUN(test_a_store_that_does_not_answer_delays_by_100_ms);
    RUN(test_trouble_over_before_anybody_was_told);
    RUN(test_trouble_over_after_a_refused_attempt);
    RUN(test_trouble_over_after_an_unknown_outcome);
    RUN(test_whoever_was_told_hears_the_end);
    RUN(test_waits_grow_and_stay_capped);
    RUN(test_a_provider_that_asks_for_peace_gets_it);
    RUN(test_a_target_has_a_pace);
    RUN(test_a_target_that_hangs_leaves_room_for_others);
    RUN(test_the_end_of_a_page);
    RUN(test_an_attempt_that_is_never_answered);
    RUN(test_a_full_table_refuses);
    RUN(test_nobody_is_forgotten_while_others_leave);
    RUN(test_restored_pages_go_on);
    RUN(test_outbox_against_the_model);
    return check_finish();
}
