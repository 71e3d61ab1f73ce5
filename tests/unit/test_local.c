/* Several servers on one host: what they say together, second by second. */
#include "tests/check.h"

#include "agent/core/local.h"
#include "common/wire/metric.h"

enum { TRACKS = 3, X = PL_ABSENT, N = -1, SECOND = 1000000 };

static struct pl_local_track tracks[TRACKS];
static struct pl_local_track *pointers[TRACKS] = {&tracks[0], &tracks[1], &tracks[2]};
static int32_t values[PL_METRIC_COUNT];

static uint64_t raw(int64_t value)
{
    return value == N ? PL_RAW_ABSENT : (uint64_t)value;
}

static void ask(int t, int64_t now_us, const int64_t said[5])
{
    struct pl_status status = {raw(said[0]), raw(said[1]), raw(said[2]), raw(said[3]),
                               raw(said[4])};
    pl_local_asked(&tracks[t]);
    pl_local_answered(&tracks[t], &status, now_us);
}

/* One server alone: what it says each second, and what becomes of it. Negative requests: it was
 * asked and did not answer; -2: nobody was there. */
struct second {
    int64_t said[5]; // requests, active, waiting, busy, max
    int32_t requests, active, waiting, used, busy, max, missed;
};

enum { SILENT = -3, GONE = -2 };

static void play(enum pl_status_kind kind, uint32_t workers, const struct second *story, size_t n)
{
    pl_local_track_init(&tracks[0], kind, workers);
    for (size_t i = 0; i < n; i++) {
        const struct second *s = &story[i];
        printf("# second %zu\n", i);
        if (s->said[0] == SILENT)
            pl_local_asked(&tracks[0]);
        else if (s->said[0] == GONE)
            pl_local_lost(&tracks[0]);
        else
            ask(0, (int64_t)i * SECOND, s->said);
        pl_local_values(pointers, 1, values);
        CHECK_INT(values[PL_TRAFFIC_REQUESTS], s->requests);
        CHECK_INT(values[PL_TRAFFIC_ACTIVE], s->active);
        CHECK_INT(values[PL_TRAFFIC_WAITING], s->waiting);
        CHECK_INT(values[PL_WORKERS_USED], s->used);
        CHECK_INT(values[PL_WORKERS_BUSY], s->busy);
        CHECK_INT(values[PL_WORKERS_MAX], s->max);
        CHECK_INT(values[PL_LOCAL_MISSED], s->missed);
    }
}

static void test_nginx(void)
{
    static const struct second story[] = {
        {{100, 1, N, N, N}, X, 0, X, X, X, X, 0},   // nothing to compare with
        {{101, 1, N, N, N}, 0, 0, X, X, X, X, 0},   // only the question
        {{112, 4, N, N, N}, 100, 3, X, X, X, X, 0}, // 10/s and the question
        {{SILENT}, X, X, X, X, X, X, 1},            // skipped
        {{134, 1, N, N, N}, 100, 0, X, X, X, X, 0}, // 20 in two seconds, and two questions
        {{3, 1, N, N, N}, X, 0, X, X, X, X, 0},     // it began again
        {{9, 1, N, N, N}, 50, 0, X, X, X, X, 0},    //
        {{GONE}, X, X, X, X, X, X, 1},              // restarted, and has counted past the
        {{9000, 1, N, N, N}, X, 0, X, X, X, X, 0},  // old number since: not a rate
    };
    play(PL_STATUS_NGINX, 0, story, PL_LEN(story));
}

static void test_apache_gets_full(void)
{
    static const struct second story[] = {
        {{10, 1, N, 1, 5}, X, 0, X, 0, 0, 5, 0},
        {{11, 4, N, 4, 5}, 0, 3, X, 6000, 3, 5, 0},
        {{12, 5, N, 5, 5}, 0, 4, X, 10000, 5, 5, 0}, // the question took the last worker
        {{SILENT}, X, X, X, 10000, 5, 5, 1},         // and waits for one from now on
        {{14, 2, N, 2, 5}, 0, 1, X, 2000, 1, 5, 0},
        {{SILENT}, X, X, X, X, X, X, 1}, // it was not full, so why is not known
    };
    play(PL_STATUS_APACHE, 0, story, PL_LEN(story));
}

/* pm.status_listen: a process of its own answers, as soon as nobody is active that is plain. */
static void test_php_fpm_apart(void)
{
    static const struct second story[] = {
        {{10, 1, 0, 1, N}, X, 0, 0, 0, 0, 4, 0},
        {{10, 0, 0, 0, N}, 0, 0, 0, 0, 0, 4, 0},
        {{15, 4, 2, 4, N}, 50, 4, 2, 10000, 4, 4, 0},
        {{16, 1, 0, 1, N}, 10, 1, 0, 2500, 1, 4, 0},
    };
    play(PL_STATUS_PHP_FPM, 4, story, PL_LEN(story));
}

static void test_a_long_silence_is_no_rate(void)
{
    static const int64_t first[] = {100, 1, N, N, N}, later[] = {300, 1, N, N, N};
    pl_local_track_init(&tracks[0], PL_STATUS_NGINX, 0);
    ask(0, 0, first);
    ask(0, PL_LOCAL_APART_US + 1, later);
    pl_local_values(pointers, 1, values);
    CHECK_INT(values[PL_TRAFFIC_REQUESTS], PL_ABSENT);
}

/* haproxy before nginx before php-fpm: a request counts once. */
static void test_a_stack_counts_once(void)
{
    static const int64_t edge[] = {1000, 7, 5, 50, 100}, web[] = {500, 9, N, N, N},
                         php[] = {50, 4, 3, 4, 5};
    static const int64_t edge_next[] = {1100, 7, 5, 50, 100}, web_next[] = {701, 9, N, N, N},
                         php_next[] = {351, 4, 3, 4, 5};
    pl_local_track_init(&tracks[0], PL_STATUS_NGINX, 0);
    pl_local_track_init(&tracks[1], PL_STATUS_HAPROXY, 0);
    pl_local_track_init(&tracks[2], PL_STATUS_PHP_FPM, 0);
    ask(0, 0, web);
    ask(1, 0, edge);
    ask(2, 0, php);
    pl_local_values(pointers, TRACKS, values);
    ask(0, SECOND, web_next);
    ask(1, SECOND, edge_next);
    ask(2, SECOND, php_next);
    pl_local_values(pointers, TRACKS, values);
    CHECK_INT(values[PL_TRAFFIC_REQUESTS], 1000);
    CHECK_INT(values[PL_TRAFFIC_ACTIVE], 7);
    CHECK_INT(values[PL_TRAFFIC_WAITING], 8);
    CHECK_INT(values[PL_WORKERS_USED], 6000); // php-fpm's 3 of 5, the fullest pool
    CHECK_INT(values[PL_WORKERS_BUSY], 3);
    CHECK_INT(values[PL_WORKERS_MAX], 5);
    CHECK_INT(values[PL_LOCAL_MISSED], 0);

    ask(0, 2 * SECOND, web_next); // haproxy does not answer: nginx does not stand in for it
    pl_local_asked(&tracks[1]);
    pl_local_values(pointers, TRACKS, values);
    CHECK_INT(values[PL_TRAFFIC_REQUESTS], PL_ABSENT);
    CHECK_INT(values[PL_TRAFFIC_WAITING], PL_ABSENT);
    CHECK_INT(values[PL_LOCAL_MISSED], 2);
}

/* Two of one kind stand beside each other; a haproxy of TCP only counts no requests. */
static void test_neighbours_add_up(void)
{
    static const int64_t a[] = {100, 2, N, N, N}, a_next[] = {111, 3, N, N, N};
    static const int64_t tcp[] = {N, N, N, 5, 10};
    pl_local_track_init(&tracks[0], PL_STATUS_NGINX, 0);
    pl_local_track_init(&tracks[1], PL_STATUS_NGINX, 0);
    pl_local_track_init(&tracks[2], PL_STATUS_HAPROXY, 0);
    for (int t = 0; t < 2; t++) ask(t, 0, a);
    for (int t = 0; t < 2; t++) ask(t, SECOND, a_next);
    ask(2, SECOND, tcp);
    pl_local_values(pointers, TRACKS, values);
    CHECK_INT(values[PL_TRAFFIC_REQUESTS], 200);
    CHECK_INT(values[PL_TRAFFIC_ACTIVE], 4);
    CHECK_INT(values[PL_WORKERS_USED], 5000);
}

static void test_no_source(void)
{
    for (size_t m = 0; m < PL_METRIC_COUNT; m++) values[m] = 1;
    pl_local_values(pointers, 0, values);
    for (int m = PL_TRAFFIC_REQUESTS; m <= PL_LOCAL_MISSED; m++) CHECK_INT(values[m], PL_ABSENT);
}

int main(void)
{
    RUN(test_nginx);
    RUN(test_apache_gets_full);
    RUN(test_php_fpm_apart);
    RUN(test_a_long_silence_is_no_rate);
    RUN(test_a_stack_counts_once);
    RUN(test_neighbours_add_up);
    RUN(test_no_source);
    return check_finish();
}
