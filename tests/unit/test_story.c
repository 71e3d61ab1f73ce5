/* What a replay tells beside its rows: why, why not, the summary, the chart, other rules. */
#include "tests/check.h"

#include "collector/cli/chart_svg.h"
#include "collector/cli/cli.h"
#include "collector/cli/replay.h"
#include "collector/cli/story_text.h"

#include <stdio.h>
#include <stdlib.h>

void pl_cli_complain(const char *format, ...)
{
    (void)format;
}

/* Four hours of minutes at 40 of 100; then a crowd of forty minutes that grows to 130, one that
 * stops at 70, and a single minute at 90. */
static char *crowds(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) abort();
    (void)fputs("timestamp,value\n", out);
    for (int minute = 0; minute < 900; minute++) {
        int value = 40;
        if (minute >= 240 && minute < 280) value = PL_MIN(40 + 6 * (minute - 240), 130);
        if (minute >= 500 && minute < 540) value = PL_MIN(40 + 2 * (minute - 500), 70);
        if (minute == 800) value = 90;
        (void)fprintf(out, "%d,%d\n", 1777644000 + 60 * minute, value + minute % 3);
    }
    CHECK_INT(fclose(out), 0);
    return text;
}

struct run {
    struct pl_story *story;
    char *events;
};

static void run(struct run *r, double warn_share)
{
    struct pl_rules rules;
    size_t len = 0;
    char *csv = crowds();
    FILE *in = fmemopen(csv, strlen(csv), "r"), *events = open_memstream(&r->events, &len);
    FILE *rows = fopen("/dev/null", "we");
    struct pl_replay_view view = {.out = events, .explain = true};
    r->story = view.story = malloc(sizeof *r->story);
    if (!in || !events || !rows || !r->story) abort();
    pl_rules_default(&rules);
    rules.saturation.warn_share = warn_share;
    pl_story_init(r->story, INT64_MIN);
    CHECK_INT(pl_replay_capacity(in, rows, 100, &rules, &view), 0);
    pl_story_end(r->story);
    CHECK_INT(fclose(events), 0);
    (void)fclose(rows);
    (void)fclose(in);
    free(csv);
}

static void done(struct run *r)
{
    free(r->story);
    free(r->events);
}

/* What a writer prints, for the caller to free. */
#define PRINTED(text, call)                                                                        \
    do {                                                                                           \
        size_t printed_len = 0;                                                                    \
        FILE *out = open_memstream(&(text), &printed_len);                                         \
        if (!out) abort();                                                                         \
        call;                                                                                      \
        CHECK_INT(fclose(out), 0);                                                                 \
    } while (0)

/* One host of the pool "web": calm, seven seconds at 93 % of its CPU, calm, a minute at 97 %. */
static void play_host(struct run *r)
{
    struct pl_simulation_setup setup = {0};
    struct pl_simulation s;
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .interval_ms = 1000,
                             .first_seq = 1,
                             .unix_ms = 1777644000000};
    size_t len = 0;
    uint32_t host;
    struct pl_replay_view view = {.out = open_memstream(&r->events, &len), .explain = true};
    r->story = view.story = malloc(sizeof *r->story);
    if (!view.out || !r->story) abort();
    for (size_t i = 0; i < PL_FACT_COUNT; i++) hello.facts[i].value = -1;
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &hello.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of("web"), &hello.pool), 0);
    pl_rules_default(&setup.rules);
    pl_story_init(r->story, INT64_MIN);
    CHECK_INT(pl_simulation_init(&s, &setup, 4, hello.unix_ms), 0);
    pl_replay_watch(&s, &view);
    CHECK_INT(pl_engine_join(s.engine, &hello, s.now, &host), 0);
    for (int64_t second = 1; second <= 240; second++) {
        struct pl_sample sample = {.seq = (uint64_t)second,
                                   .unix_ms = hello.unix_ms + second * 1000};
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
        sample.values[PL_CPU_BUSY] = second >= 60 && second < 67     ? 9300
                                     : second >= 120 && second < 180 ? 9700
                                                                     : 2000;
        pl_simulation_advance(&s, sample.unix_ms);
        CHECK(pl_engine_sample(s.engine, host, &sample, s.now));
        pl_simulation_drain(&s);
    }
    pl_story_end(r->story);
    pl_simulation_fini(&s);
    CHECK_INT(fclose(view.out), 0);
}

static void test_a_host_is_explained_word_for_word(void)
{
    struct run r;
    char *text = NULL;
    play_host(&r);
    CHECK_TEXT(
        r.events,
        "2026-05-01T14:02:10.000Z opened limit/web page: cpu of fe1 at 97 % (limit 90 %) for 10 s\n"
        "      rule     limit, cpu\n"
        "      numbers  97.00 %, warns at 75.00 %, pages at 90.00 %, held for 10 s\n"
        "2026-05-01T14:03:15.000Z resolved limit/web page: cpu of fe1 back under 90 % after 1 "
        "min\n");
    PRINTED(text, pl_story_summary(r.story, out));
    CHECK_TEXT(text, "From 2026-05-01 14:00:01 UTC to 2026-05-01 14:04:00 UTC, 3 min 59 s\n"
                     "  pool web\n"
                     "    pages           1\n"
                     "    warnings        0\n"
                     "    highest use     cpu of fe1 97 %, at 2026-05-01 14:02:01 UTC\n");
    free(text);
    PRINTED(text, pl_story_misses(r.story, out));
    CHECK_TEXT(text, "Nearest to a page without one:\n"
                     "  2026-05-01 14:01:07 UTC limit/web: cpu of fe1 at 93 % (limit 90 %) for 7 "
                     "s, pages at 10 s\n"
                     "      rule     limit, cpu\n"
                     "      numbers  93.00 %, warns at 75.00 %, pages at 90.00 %, held for 10 s\n"
                     "      no page  it was over for less than 10 s\n");
    free(text);
    done(&r);
}

/* Which constants the surge rule has today is its own tests' business: here its reasons count. */
static void test_a_surge_is_explained(void)
{
    struct run r;
    run(&r, 0.85);
    const char *page = strstr(r.events, " raised saturation/series page: traffic at ");
    CHECK(page && strstr(page, "rule     saturation of the capacity, growth: an hour more"));
    CHECK(page && strstr(page, "% of the capacity, ") && strstr(page, "% beyond doubt; growth +"));
    CHECK(page && strstr(page, "traffic known for 4 h "));
    CHECK(page && strstr(page, "\n      crossing in "));
    CHECK(strstr(r.events, "rule     saturation of 85 % of the capacity, ") != NULL);
    done(&r);
}

static void test_the_summary_and_what_came_near(void)
{
    struct run r;
    char *text = NULL;
    run(&r, 0.85);
    PRINTED(text, pl_story_summary(r.story, out));
    CHECK(strstr(text, "  pool series\n    pages           1\n") != NULL);
    CHECK(strstr(text, "highest traffic 132.0, 132 % of the capacity of 100.0, at 2026-05-01 "
                       "18:17:00 UTC\n    over capacity   30 min\n") != NULL);
    CHECK(strstr(text, "    crossing        2026-05-01 18:10:00 UTC, paged ") != NULL);
    CHECK(strstr(text, " min before\n") != NULL);
    free(text);
    PRINTED(text, pl_story_misses(r.story, out));
    CHECK(strstr(text, "  2026-05-02 03:20:00 UTC saturation/series: traffic at 84 % of") != NULL);
    CHECK(strstr(text, "no page  for all of the capacity there was no reason") != NULL);
    free(text);
    done(&r);
}

static uint32_t count_of(const char *text, const char *word)
{
    uint32_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) count++;
    return count;
}

static void test_a_chart_has_every_mark(void)
{
    struct run r;
    char *text = NULL;
    run(&r, 0.85);
    const struct pl_story_pool *pool = pl_story_main(r.story);
    PRINTED(text, pl_chart_svg(r.story, pool, out));
    CHECK(pool->page_count > 0);
    CHECK_INT(count_of(text, "<g class=\"page\">"), pool->page_count);
    CHECK_INT(count_of(text, "<g class=\"warn\">"), pool->warn_count);
    CHECK_INT(count_of(text, "<line class=\"capacity\""), 1);
    CHECK_INT(count_of(text, " UTC"), pool->page_count + pool->warn_count + 4);
    CHECK(strstr(text, "prefers-color-scheme:dark") != NULL);
    free(text);
    PRINTED(text, pl_chart_svg(r.story, NULL, out)); // nothing was recorded
    CHECK_INT(count_of(text, "<line class=\"capacity\""), 0);
    free(text);
    done(&r);
}

static void test_other_rules_are_compared(void)
{
    struct run base, trial;
    char *text = NULL;
    run(&base, 0.85);
    run(&trial, 0.5);
    PRINTED(text, pl_story_compare(base.story, trial.story, "early.yaml", out));
    CHECK(strstr(text, "With early.yaml:\n                            without   with\n") == text);
    CHECK(strstr(text, "  pages                           1      1\n") != NULL);
    CHECK(strstr(text, "  crossings paged before       1 of 1   1 of 1\n") != NULL);
    CHECK(strstr(text, "  both   saturation/series: traffic at ") != NULL);
    free(text);
    const struct pl_story_pool *none = &trial.story->pools[0];
    trial.story->pools[0].mark_count = 0; // as if these rules had paged nobody
    PRINTED(text, pl_story_compare(base.story, trial.story, "late.yaml", out));
    CHECK(none->mark_count == 0 && strstr(text, "  gone   saturation/series: ") != NULL);
    free(text);
    PRINTED(text, pl_story_compare(trial.story, base.story, "early.yaml", out));
    CHECK(strstr(text, "  new    saturation/series: ") != NULL);
    free(text);
    done(&base);
    done(&trial);
}

/* Cells grow wider with time, and nothing falls out of them. */
static void test_a_long_series_fits(void)
{
    struct run r;
    run(&r, 0.85);
    const struct pl_story_pool *pool = &r.story->pools[0];
    double sum = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < pool->bucket_count; i++) {
        sum += pool->buckets[i].sum;
        count += pool->buckets[i].count;
    }
    CHECK_INT(count, 900);
    CHECK_INT(pool->bucket_ms, 64000);
    CHECK(sum / count > 40 && sum / count < 60);
    done(&r);
}

static void count_moment(void *context, const struct pl_engine *engine, struct pl_now now)
{
    (void)engine;
    (void)now;
    ++*(int *)context;
}

/* Many hosts report several times a second: time passes all the same. */
static void test_moments_closer_than_a_second_make_ticks(void)
{
    struct pl_simulation_setup setup = {0};
    struct pl_simulation s;
    int count = 0;
    pl_rules_default(&setup.rules);
    CHECK_INT(pl_simulation_init(&s, &setup, 1, 1777644000000), 0);
    s.on_moment = count_moment;
    s.context = &count;
    for (int64_t ms = 0; ms <= 60000; ms += 100) pl_simulation_advance(&s, 1777644000000 + ms);
    CHECK_INT(count, 60);
    pl_simulation_advance(&s, 1777644000000 + 70500);
    CHECK_INT(count, 70);
    pl_simulation_fini(&s);
}

int main(void)
{
    RUN(test_a_host_is_explained_word_for_word);
    RUN(test_a_surge_is_explained);
    RUN(test_the_summary_and_what_came_near);
    RUN(test_a_chart_has_every_mark);
    RUN(test_other_rules_are_compared);
    RUN(test_a_long_series_fits);
    RUN(test_moments_closer_than_a_second_make_ticks);
    return check_finish();
}
