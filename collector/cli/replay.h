/* replay.h - the two kinds of recordings that `plimsoll replay` runs the engine over. */
#pragma once

#include "collector/core/judge/rule.h"

#include <stdio.h>

/* A time series on `in` ("timestamp,value" and its header), one row on `out` for each of its rows;
 * what is printed for a row depends on no later one. Both return an exit status; a line that cannot
 * be read ends the replay with its number on stderr. */

/* "timestamp,alert,forecast_seconds_to_capacity": alert is 1 while the rule `saturation` pages for
 * a pool of one host with this traffic and capacity; the forecast is that of judge/forecast: 0 at
 * or over capacity, empty while no crossing is foreseen. */
int pl_replay_capacity(FILE *in, FILE *out, double capacity, const struct pl_rules *rules);
/* "timestamp,value,anomaly_score": without a capacity the limit is the highest value seen so far,
 * and the score is how far the value is over it, 1 - highest / value; 0 up to it. */
int pl_replay_score(FILE *in, FILE *out);

/* A trace that a collector wrote (`collector.record`): prints every alert that opens, is raised or
 * resolves, and hosts that fall silent, as text or as JSON lines. */
int pl_replay_trace(const char *path, FILE *out, const struct pl_rules *rules, bool as_json);
