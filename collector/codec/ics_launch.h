/* ics_launch.h - launches as a calendar (RFC 5545): what a customer's phone, or a pool's,
 * subscribes to.
 *
 * One VEVENT per launch, in UTC. Its UID is the launch's id for ever, SEQUENCE counts its
 * revisions, and one that was called off stays with STATUS:CANCELLED, so that phones take it away.
 * No host is named. What does not fit the buffer is left out; the calendar stays whole. */
#pragma once

#include "collector/core/launch/book.h"

/* Whose launches: `wants` of each. */
struct pl_ics_filter {
    bool (*wants)(const void *arg, const struct pl_launch *l);
    const void *arg;       // borrowed
    const char *name;      // of the calendar
    const char *pages_url; // how people reach the pages, with its final '/'
};
/* `out` has room for 1 KiB at least. */
void pl_ics_launches(struct pl_text *out, const struct pl_launch_book *book,
                     const struct pl_ics_filter *filter);
