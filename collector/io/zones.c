#include "collector/io/zones.h"

#include "collector/codec/tzif.h"
#include "common/base/err.h"
#include "common/sys/file.h"

#include <stdio.h>

int pl_zone_read(const char *name, struct pl_zone *out)
{
    char path[sizeof PL_ZONES_PATH + PL_ZONE_NAME_LEN_MAX];
    struct pl_file file = {0};
    struct pl_zone zone = {0};
    if (!pl_zone_name_ok(pl_span_of(name))) return PL_E_SYNTAX;
    (void)snprintf(path, sizeof path, PL_ZONES_PATH "%s", name); // it fits: the name was checked
    (void)snprintf(zone.name, sizeof zone.name, "%s", name);
    int err = pl_file_read(path, PL_TZIF_BYTES_MAX, &file);
    if (err == 0) err = pl_tzif_parse((struct pl_span){file.bytes, file.len}, &zone);
    pl_file_free(&file);
    if (err == 0) *out = zone;
    return err;
}

const struct pl_zone *pl_zones_find(struct pl_zones *z, const char *name, int64_t now_mono_ms)
{
    uint32_t at = 0;
    while (at < z->count && strcmp(z->items[at].name, name) != 0) at++;
    bool is_new = at == z->count;
    if (!is_new && now_mono_ms - z->read_mono_ms[at] < PL_ZONES_KEEP_MS) return &z->items[at];
    if (is_new && at == PL_ZONES_CACHED_MAX) at = z->next;
    if (pl_zone_read(name, &z->items[at]) != 0) return is_new ? NULL : &z->items[at];
    z->read_mono_ms[at] = now_mono_ms;
    if (!is_new) return &z->items[at];
    z->next = (at + 1) % PL_ZONES_CACHED_MAX;
    z->count = PL_MAX(z->count, at + 1);
    return &z->items[at];
}
