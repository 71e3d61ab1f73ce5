/* replay.h - the recordings that `plimsoll replay` runs the engine over, and who looks on. */
#pragma once

#include "collector/cli/history.h"
#include "collector/cli/simulate.h"
#include "collector/cli/story.h"

#include <stdio.h>

/* Who looks on while a recording is played. */
struct pl_replay_view {
    FILE *out;              // borrowed; NULL: events are not printed
    bool as_json;           // a line of JSON for each, else text
    bool explain;           // text only: the rule and its numbers under each alert
    struct pl_story *story; // borrowed; NULL: nobody remembers
};

/* Let a simulation be looked at by `view`, which outlives it. */
void pl_replay_watch(struct pl_simulation *s, struct pl_replay_view *view);

/* A time series on `in` ("timestamp,value" and its header), one row on `out` for each of its rows;
 * what is printed for a row depends on no later one. Both return an exit status; a line that cannot
 * be read ends the replay with its number on stderr. */

/* "timestamp,alert,forecast_seconds_to_capacity": alert is 1 while the rule `saturation` pages for
 * a pool of one host with this traffic and capacity; the forecast is that of judge/forecast: 0 at
 * or over capacity, empty while no crossing is foreseen. What `view` sees is the pool "series" with
 * its traffic in the unit of the values. */
int pl_replay_capacity(FILE *in, FILE *out, double capacity, const struct pl_rules *rules,
                       struct pl_replay_view *view);
/* "timestamp,value,anomaly_score": without a capacity the limit is the highest value seen so far,
 * and the score is how far the value is over it, 1 - highest / value; 0 up to it. */
int pl_replay_score(FILE *in, FILE *out);

/* A trace that a collector wrote (`collector.record`): alerts that open, change or resolve, hosts
 * that fall silent, jumps of the clock. An exit status. */
int pl_replay_trace(const char *path, const struct pl_simulation_setup *setup,
                    struct pl_replay_view *view);

/* Which part of a history. */
struct pl_replay_span {
    struct pl_name pool;
    int64_t from_unix_ms, to_unix_ms; // the last 15 s before now are never played
};

/* A pool's samples as Redis keeps them: each second for an hour, then 10 s for a day, then 5 min
 * for a month. What is stored of the day before is learned from first and not told. An exit
 * status. */
int pl_replay_history(struct pl_history *history, const struct pl_replay_span *span,
                      const struct pl_simulation_setup *setup, struct pl_replay_view *view);
