/* zones.h - the time zones of the system, by name: the only reader of /usr/share/zoneinfo.
 *
 * A file of a few KiB, which blocks for as long as the page cache takes. The configuration reads
 * each zone once at the start; whoever answers requests keeps a cache, so that the loop opens a
 * file at most once in PL_ZONES_KEEP_MS for each zone in use. */
#pragma once

#include "collector/core/oncall/zone.h"

#define PL_ZONES_PATH "/usr/share/zoneinfo/"

enum {
    PL_ZONES_CACHED_MAX = 16, // a further one takes the place of the one that was read first
    PL_ZONES_KEEP_MS = 60 * 60 * 1000, // then it is read again: tzdata may have been upgraded
};

struct pl_zones {
    uint32_t count, next;
    int64_t read_mono_ms[PL_ZONES_CACHED_MAX];
    struct pl_zone items[PL_ZONES_CACHED_MAX];
};

/* Read the zone called `name`, which pl_zone_name_ok(), into `*out` with its name. -errno, or what
 * pl_tzif_parse() says; `*out` is untouched then. */
PL_MUST_CHECK int pl_zone_read(const char *name, struct pl_zone *out);
/* The zone called `name`, from the cache if it may; NULL for a name that is none. Borrowed until
 * the next call. Zeroed memory is an empty cache. */
const struct pl_zone *pl_zones_find(struct pl_zones *z, const char *name, int64_t now_mono_ms);
