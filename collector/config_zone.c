/* The time zones of the system, as /usr/share/zoneinfo holds them. */
#include "collector/config_oncall.h"
#include "collector/io/zones.h"
#include "common/base/err.h"
#include "common/base/suggest.h"
#include "common/sys/file.h"

#include <errno.h>
#include <stdio.h>

enum { ZONE_TABLE_BYTES_MAX = 256 * 1024 };

const char *pl_config_check_zone(const void *value)
{
    struct pl_span name = pl_span_of(value);
    if (name.len == 0 || pl_zone_name_ok(name)) return NULL;
    return "is not the name of a time zone such as Europe/Berlin or UTC";
}

/* What is called similarly in zone.tab, whose third column is the name (tzfile's zone.tab(5));
 * borrows from `table`. */
static struct pl_span similar_zone(const struct pl_file *table, struct pl_span name)
{
    struct pl_suggest similar = pl_suggest_init(name);
    const uint8_t *at = table->bytes, *end = at + table->len;
    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *line_end = newline ? newline : end;
        const uint8_t *tab = memchr(at, '\t', (size_t)(line_end - at));
        if (tab) tab = memchr(tab + 1, '\t', (size_t)(line_end - tab - 1));
        if (tab && *at != '#') {
            struct pl_span word = {tab + 1, (size_t)(line_end - tab - 1)};
            const uint8_t *comment = memchr(word.ptr, '\t', word.len);
            if (comment) word.len = (size_t)(comment - word.ptr);
            pl_suggest_consider(&similar, word);
        }
        at = line_end + 1;
    }
    return similar.best;
}

static void refuse_zone(struct pl_option_loader *l, struct pl_config_place place, const char *name,
                        int err)
{
    char problem[PL_OPTION_ERROR_BYTES], text[PL_CONFIG_ZONE_BYTES] = "";
    struct pl_file table = {0};
    if (err == -ENOENT &&
        pl_file_read(PL_ZONES_PATH "zone.tab", ZONE_TABLE_BYTES_MAX, &table) == 0) {
        struct pl_span similar = similar_zone(&table, pl_span_of(name));
        (void)snprintf(text, sizeof text, "%.*s", (int)similar.len, (const char *)similar.ptr);
        pl_file_free(&table);
    }
    (void)snprintf(problem, sizeof problem, "'%s' in " PL_ZONES_PATH ": %s%s%s%s", name,
                   pl_err_text(err), text[0] ? "; did you mean '" : "", text, text[0] ? "'?" : "");
    pl_config_refuse_item(l, place, NULL, problem);
}

uint16_t pl_config_zone(struct pl_option_loader *l, struct pl_oncall *roster,
                        struct pl_config_place place, const char *name)
{
    for (uint16_t i = 0; i < roster->zone_count; i++) {
        if (strcmp(roster->zones[i].name, name) == 0) return i;
    }
    if (pl_config_check_zone(name)) return 0; // was refused at its place
    if (roster->zone_count == PL_ZONES_MAX) {
        pl_config_refuse_item(l, place, NULL, "one zone more than a configuration may have");
        return 0;
    }
    int err = pl_zone_read(name, &roster->zones[roster->zone_count]);
    if (!err) return (uint16_t)roster->zone_count++;
    refuse_zone(l, place, name, err);
    return 0;
}
