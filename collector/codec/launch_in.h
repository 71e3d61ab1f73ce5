/* launch_in.h - a launch as somebody sends it, from JSON: strict, and every fault told at once.
 *
 * The same reader serves the API and the records in Redis, so that what was accepted once can be
 * read for ever. A member that is not known is a fault (a misspelt one would silently be its
 * default), with the name that was perhaps meant.
 *
 * Times are RFC 3339 with their offset, or local ("2026-03-29T02:30") with an IANA `time_zone`. A
 * local time that shows twice or never is put back with the two moments it may mean. */
#pragma once

#include "collector/core/launch/launch.h"
#include "collector/core/oncall/zone.h"

struct cJSON;

/* Member "time_zone" of the object in `text` if it is there and may name a zone; else empty. */
void pl_launch_zone_wanted(struct pl_span text, char out[PL_LAUNCH_ZONE_BYTES]);

/* Read `text` over `*l`, which holds the defaults. `zone`: that of "time_zone", or NULL: none was
 * given, or nobody knows it. False: it is no JSON object. What else is wrong is in `faults`; `*l`
 * is then of no use. */
PL_MUST_CHECK bool pl_launch_in(struct pl_span text, const struct pl_zone *zone,
                                int64_t now_unix_ms, struct pl_launch *l,
                                struct pl_launch_faults *faults);
/* The same of an object inside another. */
void pl_launch_in_object(const struct cJSON *object, const struct pl_zone *zone,
                         int64_t now_unix_ms, struct pl_launch *l, struct pl_launch_faults *faults);
