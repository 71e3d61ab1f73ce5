/* source.h - which number counts as the traffic of a host, and when to change one's mind.
 *
 * Requests say what a host does; accepted connections say it where connections are short; inbound
 * segments are better than nothing. The best one a host has is settled on only after it has been
 * there for a minute, and left only after it has been missing for ten: whatever was learned in one
 * unit is worth nothing in another, so a status page that does not answer once must not cost it. */
#pragma once

#include "common/wire/sample.h"

/* Better is larger. Stable: written down with what was learned. */
enum pl_traffic_source {
    PL_SOURCE_NONE,
    PL_SOURCE_SEGMENTS,
    PL_SOURCE_CONNECTIONS,
    PL_SOURCE_REQUESTS,
    PL_SOURCE_COUNT,
};

enum {
    PL_SOURCE_BETTER_MS = 60 * 1000,     // a better one was there for so long: use it
    PL_SOURCE_WORSE_MS = 10 * 60 * 1000, // the one in use was missing for so long: do without
};

/* What a host has settled on, among any numbered choices of which larger is better. */
struct pl_settled {
    uint8_t choice;        // 0: none yet
    uint8_t other;         // what was seen since `since_unix_ms` instead
    int64_t since_unix_ms; // 0: nothing else was seen
};

/* What is `best` at this moment; times do not run backwards. True if the choice changed. */
bool pl_settled_step(struct pl_settled *s, uint8_t best, int64_t unix_ms);

/* "connections/s"; for PL_SOURCE_NONE "none". */
const char *pl_traffic_unit(enum pl_traffic_source source);
enum pl_traffic_source pl_traffic_best(const struct pl_sample *sample);
/* Per second; negative: the sample does not say. */
double pl_traffic_of(const struct pl_sample *sample, enum pl_traffic_source source);
