/* The real webhook module and a real HTTP receiver (tests/support/receiver.py, whose path is the
 * first argument): what comes back for every way a provider can answer, fail or stay silent. */
#include "collector/io/webhook.h"
#include "common/base/err.h"
#include "tests/check.h"

#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ANSWERS_MAX = 8, TIMEOUT_MS = 400, LOOKUP_MS = 1500 };

static char receiver_url[64]; // "http://127.0.0.1:PORT"
static const char page[] =
    "{\"version\":\"4\",\"groupKey\":\"g\",\"truncatedAlerts\":0,\"status\":\"firing\","
    "\"receiver\":\"r\",\"groupLabels\":{},\"commonLabels\":{\"alertname\":\"a\"},"
    "\"commonAnnotations\":{},\"externalURL\":\"\",\"alerts\":[{\"status\":\"firing\","
    "\"labels\":{\"alertname\":\"a\"},\"annotations\":{},\"startsAt\":\"2026-05-01T14:03:12Z\","
    "\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"\","
    "\"fingerprint\":\"0123456789abcdef\"}]}";

/* ---- a name lookup that hangs, in place of libc's ---- */

static uv_sem_t lookup_done;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    (void)service, (void)hints, (void)out;
    if (strcmp(name, "slow.test") == 0) {
        nanosleep(&(struct timespec){LOOKUP_MS / 1000, LOOKUP_MS % 1000 * 1000000}, NULL);
        uv_sem_post(&lookup_done);
    }
    return EAI_NONAME;
}

/* ---- one loop with one webhook ---- */

struct seen {
    uint64_t ticket;
    struct pl_notify_answer answer; // `body` points into `text`
    char text[256];
    int64_t after_ms; // since the world began
};

struct world {
    uv_loop_t loop;
    struct pl_webhook *hook;
    struct seen seen[ANSWERS_MAX];
    uint32_t seen_count;
    uint64_t began_ms;
    const char *post_next; // posted from within the first answer
    uv_timer_t timer;      // for tests that need one
    uint64_t last_tick_ms, longest_gap_ms;
};

static void on_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer);

static int post_with(struct world *w, const char *url, const char *header, uint64_t ticket)
{
    struct pl_webhook_request request = {
        .url = pl_span_of(url),
        .headers = {pl_span_of(header)},
        .header_count = header[0] != '\0',
        .body = pl_span_of(page),
        .on_answer = on_answer,
        .owner = w,
        .ticket = ticket,
    };
    return pl_webhook_submit(w->hook, &request);
}

static int post(struct world *w, const char *path, uint64_t ticket)
{
    char url[128];
    (void)snprintf(url, sizeof url, "%s%s", receiver_url, path);
    return post_with(w, url, "Idempotency-Key: k", ticket);
}

static void on_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct world *w = owner;
    if (w->seen_count == ANSWERS_MAX) {
        CHECK_INT(w->seen_count + 1, ANSWERS_MAX); // more answers than posts
        return;
    }
    struct seen *s = &w->seen[w->seen_count++];
    *s = (struct seen){.ticket = ticket, .answer = *answer};
    s->answer.body.ptr = (const uint8_t *)s->text;
    memcpy(s->text, answer->body.ptr, PL_MIN(answer->body.len, sizeof s->text - 1));
    s->after_ms = (int64_t)(uv_hrtime() / 1000000 - w->began_ms);
    if (w->post_next) {
        CHECK_INT(post(w, w->post_next, ticket + 1), 0);
        w->post_next = NULL;
    }
    if (uv_is_active((uv_handle_t *)&w->timer)) uv_timer_stop(&w->timer);
}

static void world_begin_with(struct world *w, uint32_t slot_count, int32_t timeout_ms)
{
    *w = (struct world){0};
    const struct pl_webhook_config config = {slot_count, timeout_ms, timeout_ms};
    CHECK_INT(uv_loop_init(&w->loop), 0);
    CHECK_INT(pl_webhook_start(&w->loop, &config, &w->hook), 0);
    CHECK_INT(uv_timer_init(&w->loop, &w->timer), 0);
    w->timer.data = w;
    w->began_ms = uv_hrtime() / 1000000;
}

static void world_begin(struct world *w, uint32_t slot_count)
{
    world_begin_with(w, slot_count, TIMEOUT_MS);
}

static void on_stopped(void *owner)
{
    *(bool *)owner = true;
}

/* Until nothing is under way. */
static void world_run(struct world *w)
{
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    CHECK_INT(pl_webhook_busy_count(w->hook), 0);
}

static void world_end(struct world *w)
{
    bool stopped = false;
    uv_close((uv_handle_t *)&w->timer, NULL);
    pl_webhook_stop(w->hook, on_stopped, &stopped);
    CHECK(!stopped); // asynchronous
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    CHECK(stopped);
    CHECK_INT(uv_loop_close(&w->loop), 0);
}

/* ---- tests ---- */

/* The paths have scripts of the same meaning; see main(). */
static void test_every_answer(void)
{
    static const struct {
        const char *path;
        int err, status;
        int64_t retry_after_ms;
    } cases[] = {
        {"/ok", 0, 200, -1},
        {"/moved", 0, 307, -1}, // not followed
        {"/400", 0, 400, -1},
        {"/404", 0, 404, -1},
        {"/410", 0, 410, -1},
        {"/413", 0, 413, -1},
        {"/429", 0, 429, 2000},
        {"/500", 0, 500, -1},
        {"/drop", PL_E_CLOSED, 0, -1},
        {"/cut", PL_E_CLOSED, 200, -1},
        {"/hang", PL_E_TIMEOUT, 0, -1},
        {"/slow", PL_E_TIMEOUT, 200, -1},
        {"/long", 0, 200, -1},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct world w;
        world_begin(&w, 1);
        CHECK_INT(post(&w, cases[i].path, 7), 0);
        world_run(&w);
        CHECK_INT(w.seen_count, 1);
        CHECK_INT(w.seen[0].ticket, 7);
        CHECK_INT(w.seen[0].answer.http_status, cases[i].status);
        CHECK_INT(w.seen[0].answer.err, cases[i].err);
        CHECK_INT(w.seen[0].answer.retry_after_ms, cases[i].retry_after_ms);
        CHECK(w.seen[0].answer.may_be_delivered);
        CHECK(w.seen[0].answer.body.len <= PL_WEBHOOK_ANSWER_LEN_MAX);
        world_end(&w);
    }
}

static void test_retry_after_as_a_date(void)
{
    struct world w;
    world_begin(&w, 1);
    CHECK_INT(post(&w, "/429date", 1), 0);
    world_run(&w);
    CHECK_INT(w.seen[0].answer.http_status, 429);
    CHECK_NEAR((double)w.seen[0].answer.retry_after_ms, 60000, 2000); // whole seconds on both sides
    world_end(&w);
}

static void test_long_answer_is_cut(void)
{
    struct world w;
    world_begin(&w, 1);
    CHECK_INT(post(&w, "/long", 1), 0);
    world_run(&w);
    CHECK_INT(w.seen[0].answer.body.len, PL_WEBHOOK_ANSWER_LEN_MAX);
    world_end(&w);
}

static void test_nobody_there(void)
{
    static const struct {
        const char *url;
        int want;
    } cases[] = {
        {"http://127.0.0.1:1/hook", UV_ECONNREFUSED},
        {"http://nohost.test/hook", PL_E_NO_HOST},
        {"file:///etc/hostname", PL_E_SYNTAX},
        {"http://127.0.0.1:99999/", PL_E_SYNTAX},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct world w;
        world_begin(&w, 1);
        CHECK_INT(post_with(&w, cases[i].url, "", 1), 0);
        world_run(&w);
        CHECK_INT(w.seen_count, 1);
        CHECK_INT(w.seen[0].answer.err, cases[i].want);
        CHECK_INT(w.seen[0].answer.http_status, 0);
        CHECK(!w.seen[0].answer.may_be_delivered);
        world_end(&w);
    }
}

static void test_refused_before_sending(void)
{
    static char long_url[PL_WEBHOOK_URL_LEN_MAX + 2];
    static const uint8_t long_body[PL_WEBHOOK_BODY_LEN_MAX + 1];
    struct world w;
    world_begin(&w, 1);
    memset(long_url, 'a', sizeof long_url - 1);
    CHECK_INT(post_with(&w, long_url, "", 1), PL_E_TOO_BIG);
    CHECK_INT(post_with(&w, "", "", 1), PL_E_SYNTAX);
    CHECK_INT(post_with(&w, "http://127.0.0.1/\r\nHost: x", "", 1), PL_E_SYNTAX);
    CHECK_INT(post_with(&w, receiver_url, "A: b\r\nHost: x", 1), PL_E_SYNTAX);
    struct pl_webhook_request big = {.url = pl_span_of(receiver_url),
                                     .body = {long_body, sizeof long_body},
                                     .on_answer = on_answer};
    CHECK_INT(pl_webhook_submit(w.hook, &big), PL_E_TOO_BIG);
    CHECK_INT(post(&w, "/ok", 1), 0);
    CHECK_INT(post(&w, "/ok", 2), PL_E_FULL); // one slot
    world_run(&w);
    CHECK_INT(w.seen_count, 1);
    world_end(&w);
}

static void test_connection_stays_warm(void)
{
    struct world w;
    world_begin(&w, 2);
    w.post_next = "/ok"; // a second slot: the first is busy until its callback returns
    CHECK_INT(post(&w, "/ok", 1), 0);
    world_run(&w);
    CHECK_INT(w.seen_count, 2);
    CHECK_INT(w.seen[1].ticket, 2);
    CHECK_TEXT(w.seen[1].text, w.seen[0].text); // holds the connection's number
    CHECK(strstr(w.seen[0].text, "\"connection\"") != NULL);
    world_end(&w);
}

/* Six posts to a provider that never answers, which gets four connections at most: the two that
 * wait for one end in time too, and report nothing of an earlier post of their slot. */
static void test_hanging_provider_ends_in_time(void)
{
    struct world w;
    world_begin(&w, 6);
    for (uint64_t i = 0; i < 6; i++) CHECK_INT(post(&w, "/ok", i), 0);
    world_run(&w);
    w.seen_count = 0;
    w.began_ms = uv_hrtime() / 1000000;
    for (uint64_t i = 0; i < 6; i++) CHECK_INT(post(&w, "/hang", i), 0);
    world_run(&w);
    CHECK_INT(w.seen_count, 6);
    for (uint32_t i = 0; i < w.seen_count; i++) {
        CHECK_INT(w.seen[i].answer.err, PL_E_TIMEOUT);
        CHECK_INT(w.seen[i].answer.http_status, 0);
        CHECK(w.seen[i].after_ms < 2 * TIMEOUT_MS + 500);
    }
    world_end(&w);
}

static void on_tick(uv_timer_t *timer)
{
    struct world *w = timer->data;
    uint64_t now_ms = uv_hrtime() / 1000000;
    w->longest_gap_ms = PL_MAX(w->longest_gap_ms, now_ms - w->last_tick_ms);
    w->last_tick_ms = now_ms;
}

/* A dead name server must not stop ingest: libcurl would wait for its resolver's thread. */
static void test_slow_lookup_does_not_block_the_loop(void)
{
    struct world w;
    world_begin(&w, 1);
    CHECK_INT(post_with(&w, "http://slow.test/hook", "", 1), 0);
    w.last_tick_ms = uv_hrtime() / 1000000;
    CHECK_INT(uv_timer_start(&w.timer, on_tick, 10, 10), 0);
    world_run(&w);
    CHECK_INT(w.seen[0].answer.err, PL_E_TIMEOUT);
    CHECK(!w.seen[0].answer.may_be_delivered);
    on_tick(&w.timer); // the gap up to the answer
    CHECK(w.longest_gap_ms < LOOKUP_MS / 2);
    CHECK(w.seen[0].after_ms < LOOKUP_MS);
    world_end(&w);
    uv_sem_wait(&lookup_done); // its thread frees what it holds
}

static void on_late(uv_timer_t *timer)
{
    uint64_t until_ns = uv_hrtime() + 100 * 1000000; // a callback that took long: loop time is old
    while (uv_hrtime() < until_ns) {
    }
    CHECK_INT(post(timer->data, "/hang", 1), 0);
}

static void test_post_from_a_late_callback_times_out(void)
{
    struct world w;
    world_begin(&w, 1);
    CHECK_INT(uv_timer_start(&w.timer, on_late, 0, 0), 0);
    world_run(&w);
    CHECK_INT(w.seen_count, 1);
    CHECK_INT(w.seen[0].answer.err, PL_E_TIMEOUT);
    CHECK(w.seen[0].after_ms >= TIMEOUT_MS);
    world_end(&w);
}

static void on_leave(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void test_stop_waits_for_answers(void)
{
    struct world w;
    world_begin(&w, 2);
    for (uint64_t i = 0; i < 2; i++) CHECK_INT(post(&w, "/ok", i), 0);
    world_end(&w);
    CHECK(uv_hrtime() / 1000000 - w.began_ms < PL_WEBHOOK_DRAIN_MS); // and not longer
    CHECK_INT(w.seen_count, 2);
    for (uint32_t i = 0; i < w.seen_count; i++) CHECK_INT(w.seen[i].answer.http_status, 200);
}

static void test_stop_does_not_wait_for_ever(void)
{
    struct world w;
    world_begin_with(&w, 3, 10 * PL_WEBHOOK_DRAIN_MS);
    for (uint64_t i = 0; i < 3; i++) CHECK_INT(post(&w, "/hang", i), 0);
    CHECK_INT(uv_timer_start(&w.timer, on_leave, TIMEOUT_MS / 4, 0), 0); // connected and sent
    (void)uv_run(&w.loop, UV_RUN_DEFAULT);
    CHECK_INT(pl_webhook_busy_count(w.hook), 3);
    world_end(&w);
    CHECK_INT(w.seen_count, 3);
    for (uint32_t i = 0; i < w.seen_count; i++) {
        CHECK_INT(w.seen[i].answer.err, UV_ECANCELED);
        CHECK(w.seen[i].answer.may_be_delivered);
        CHECK(w.seen[i].after_ms < 2 * PL_WEBHOOK_DRAIN_MS);
    }
}

static void on_answer_stop(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct world *w = owner;
    on_answer(owner, ticket, answer);
    pl_webhook_stop(w->hook, NULL, NULL);
    struct pl_webhook_request again = {.url = pl_span_of(receiver_url), .on_answer = on_answer};
    CHECK_INT(pl_webhook_submit(w->hook, &again), UV_ECANCELED);
}

static void test_stop_from_within_an_answer(void)
{
    struct world w;
    char url[128];
    world_begin(&w, 2);
    (void)snprintf(url, sizeof url, "%s/ok", receiver_url);
    struct pl_webhook_request request = {.url = pl_span_of(url),
                                         .body = pl_span_of(page),
                                         .on_answer = on_answer_stop,
                                         .owner = &w,
                                         .ticket = 1};
    CHECK_INT(pl_webhook_submit(w.hook, &request), 0);
    CHECK_INT(post(&w, "/hang", 2), 0);
    (void)uv_run(&w.loop, UV_RUN_DEFAULT);
    CHECK_INT(w.seen_count, 2);
    CHECK_INT(w.seen[0].answer.http_status, 200);
    CHECK_INT(w.seen[1].answer.err, PL_E_TIMEOUT);
    uv_close((uv_handle_t *)&w.timer, NULL);
    (void)uv_run(&w.loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&w.loop), 0);
}

static void test_config_is_checked(void)
{
    static const struct pl_webhook_config bad[] = {
        {0, 1, 1}, {PL_WEBHOOK_SLOTS_MAX + 1, 1, 1}, {1, 0, 1}, {1, 1, 0}};
    struct pl_webhook *hook = NULL;
    uv_loop_t loop; // not touched
    for (size_t i = 0; i < PL_LEN(bad); i++) {
        CHECK_INT(pl_webhook_start(&loop, &bad[i], &hook), PL_E_RANGE);
        CHECK(!hook);
    }
}

/* ---- the receiver ---- */

/* Its pid; fills receiver_url from the line "ready: URL/". */
static pid_t receiver_start(const char *program)
{
    static const char script[] =
        "/ok=200 /moved=redirect /400=400 /404=404 /410=410 /413=413 /429=429:2 "
        "/429date=429:date:60 /500=500 /drop=drop /cut=cut /hang=hang /slow=slow /long=long";
    int out[2];
    if (pipe(out) < 0) return -1;
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(out[1], STDOUT_FILENO);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)execl("/usr/bin/python3", "python3", program, "--script", script, (char *)NULL);
        _exit(127);
    }
    (void)close(out[1]);
    FILE *lines = fdopen(out[0], "r");
    char line[128];
    if (!lines || !fgets(line, sizeof line, lines) || strncmp(line, "ready: ", 7) != 0) return -1;
    (void)snprintf(receiver_url, sizeof receiver_url, "%.*s", (int)strcspn(line + 7, "\n") - 1,
                   line + 7);
    return pid; // `lines` stays open: the receiver writes a line per page
}

int main(int argc, char **argv)
{
    pid_t pid = argc == 2 ? receiver_start(argv[1]) : -1;
    if (pid < 0 || uv_sem_init(&lookup_done, 0) < 0) {
        printf("Bail out! cannot start the receiver: give its path\n");
        return 1;
    }
    RUN(test_every_answer);
    RUN(test_retry_after_as_a_date);
    RUN(test_long_answer_is_cut);
    RUN(test_nobody_there);
    RUN(test_refused_before_sending);
    RUN(test_connection_stays_warm);
    RUN(test_hanging_provider_ends_in_time);
    RUN(test_slow_lookup_does_not_block_the_loop);
    RUN(test_post_from_a_late_callback_times_out);
    RUN(test_stop_waits_for_answers);
    RUN(test_stop_does_not_wait_for_ever);
    RUN(test_stop_from_within_an_answer);
    RUN(test_config_is_checked);
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
    return check_finish();
}
