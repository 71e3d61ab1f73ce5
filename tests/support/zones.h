/* zones.h - time zones of this machine, for suites about schedules. */
#pragma once

#include "collector/codec/tzif.h"
#include "common/sys/file.h"

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
    char path[128];
    struct pl_file file = {0};
    (void)snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    int err = pl_file_read(path, PL_TZIF_BYTES_MAX, &file);
    if (!err) err = pl_tzif_parse((struct pl_span){file.bytes, file.len}, out);
    pl_file_free(&file);
    if (err) printf("# %s: error %d\n", path, err);
    return err == 0;
}
