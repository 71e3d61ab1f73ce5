/* story.h - what happened in a replay, pool by pool: counts, crossings, near misses, a chart's
 * worth of traffic.
 *
 * A story looks at the engine once per recorded second and hears its effects; it decides nothing.
 * Everything is bounded: the series of a pool has PL_STORY_BUCKETS cells that grow wider as time
 * goes on, of marks, crossings and pools the first ones are kept and the others counted.
 *
 * A crossing is the moment when traffic reaches the capacity: that of the last eight seconds, or a
 * single sample that stands for longer. Traffic that comes back within PL_STORY_PAUSE_MS goes on
 * with the same crossing. Its lead is how long before it the pool's page opened. */
#pragma once

#include "collector/core/engine.h"

enum {
    PL_STORY_POOLS_MAX = 16,
    PL_STORY_BUCKETS = 1024,
    PL_STORY_MARKS_MAX = 256,
    PL_STORY_CROSSINGS_MAX = 64,
    PL_STORY_PAUSE_MS = 15 * 60 * 1000,
};

struct pl_story_bucket {
    double sum, max; // of traffic, per second
    uint32_t count;  // rounds of traffic in it; 0: a gap
};

/* An alert that opened (or was raised), and until when. */
struct pl_story_mark {
    int64_t opened_unix_ms;
    int64_t closed_unix_ms; // 0: not in this recording
    enum pl_tier tier;      // it opened at
    enum pl_rule rule;
    struct pl_alert alert; // as it opened
};

struct pl_story_crossing {
    int64_t unix_ms;
    int64_t paged_unix_ms; // when the page opened that somebody had by then, or got first while the
                           // traffic was over; 0: nobody was paged
};

/* What the rule `saturation` knew at one moment. */
struct pl_story_numbers {
    double capacity; // 0: not known
    double traffic;  // of the last half minute
    double used;     // u of judge/surge.h
    double growth;   // of the last half minute over the last half hour, per hour
    double known_s;  // for how long traffic is known
    double expected; // usual peak of the coming hour at today's level, of the capacity; 0:
                     // nothing is usual yet
    struct pl_surge_finding finding;
    struct pl_forecast forecast; // NONE without a finding
};

/* The nearest that a rule came to a page without making one. */
struct pl_story_miss {
    bool known;
    int64_t unix_ms;
    double nearness;                 // 1 would have paged
    struct pl_alert alert;           // host rules: it was pending or a warning
    struct pl_story_numbers numbers; // `saturation`
};

struct pl_story_peak {
    double value;
    int64_t unix_ms; // 0: none
};

struct pl_story_pool {
    struct pl_name name;
    struct pl_rules rules; // it was judged by
    const char *unit; // of traffic and capacity: "connections/s"; "" for a series, which has none
    double capacity;  // the newest; 0: not known
    uint32_t page_count, warn_count;
    uint32_t mark_count, marks_left_out;
    struct pl_story_mark marks[PL_STORY_MARKS_MAX]; // in order
    uint32_t crossing_count, crossings_left_out;
    struct pl_story_crossing crossings[PL_STORY_CROSSINGS_MAX];
    struct pl_story_peak traffic, resource; // highest; resource: share of its whole
    enum pl_resource resource_kind;
    struct pl_name resource_host;
    int64_t over_ms; // time over the capacity; a sample stands for the interval before it
    struct pl_story_miss misses[PL_RULE_COUNT], open_misses[PL_RULE_COUNT];

    int64_t begin_unix_ms, bucket_ms; // of the series
    uint32_t bucket_count;
    struct pl_story_bucket buckets[PL_STORY_BUCKETS];

    int64_t round_unix_ms; // newest round of traffic that was looked at
    bool is_over;
    int64_t over_unix_ms; // when it was last seen over; 0: never
};

struct pl_story {
    int64_t from_unix_ms; // what is before is only learned from
    int64_t begin_unix_ms, end_unix_ms;
    uint32_t pools_left_out;
    uint32_t pool_count;
    struct pl_story_pool pools[PL_STORY_POOLS_MAX]; // as the engine numbers them
};

/* 2 MB: on the heap. Nothing before `from_unix_ms` is told. */
void pl_story_init(struct pl_story *s, int64_t from_unix_ms);
/* After a tick. */
void pl_story_look(struct pl_story *s, const struct pl_engine *engine, struct pl_now now);
void pl_story_hear(struct pl_story *s, const struct pl_engine *engine,
                   const struct pl_effect *effect, struct pl_now now);
/* At the end of the recording: near misses that were still open count. */
void pl_story_end(struct pl_story *s);

/* NULL if there is none of that name. */
const struct pl_story_pool *pl_story_find(const struct pl_story *s, struct pl_span name);
/* The pool to draw when none was named: that with the most pages, then with traffic; NULL without
 * any pool. */
const struct pl_story_pool *pl_story_main(const struct pl_story *s);
/* Tell traffic and capacity of a pool in another unit that nobody named: `factor` of it is one of
 * before. */
void pl_story_rescale(struct pl_story_pool *p, double factor);
void pl_story_numbers_take(const struct pl_engine *engine, uint32_t pool,
                           struct pl_story_numbers *out);
