/* zones.h - time zones of this machine, for suites about schedules. */
#pragma once

#include "collector/io/zones.h"

#include <stdio.h>

/* Both hemispheres, clocks that change by half an hour or by a whole day, at midnight, every year,
 * not any more, and never; the half and the quarter hour. */
static const char *const zone_names[] = {
    "Europe/Berlin",    "America/New_York",   "America/Los_Angeles", "America/Sao_Paulo",
    "America/Santiago", "America/St_Johns",   "Africa/Casablanca",   "Asia/Kolkata",
    "Asia/Tehran",      "Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Chatham",
    "Pacific/Apia",     "Europe/Dublin",      "Antarctica/Troll",
};
enum { ZONES = sizeof zone_names / sizeof *zone_names };

/* False, and said why, when the machine has no such zone. */
__attribute__((unused)) static bool zone_read(const char *name, struct pl_zone *out)
{
    int err = pl_zone_read(name, out);
    if (err) printf("# %s%s: error %d\n", PL_ZONES_PATH, name, err);
    return err == 0;
}
