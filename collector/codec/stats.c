#include "collector/codec/stats.h"

#include "common/base/assert.h"
#include "common/base/base.h"

struct path {
    struct pl_span parts[PL_STAT_DEPTH_MAX];
    size_t count;
};

static struct path split(const char *text)
{
    struct path path = {.count = 0};
    for (;;) {
        PL_ASSERT(path.count < PL_STAT_DEPTH_MAX);
        const char *dot = strchr(text, '.');
        size_t len = dot ? (size_t)(dot - text) : strlen(text);
        path.parts[path.count++] = (struct pl_span){(const uint8_t *)text, len};
        if (!dot) return path;
        text = dot + 1;
    }
}

static size_t common_parts(const struct path *a, const struct path *b)
{
    size_t n = 0, limit = PL_MIN(a->count, b->count);
    while (n < limit && pl_span_eq(a->parts[n], b->parts[n])) n++;
    return n;
}

static void put_key(struct pl_text *out, struct pl_span name, bool first)
{
    if (!first) pl_text_char(out, ',');
    pl_text_json(out, name);
    pl_text_char(out, ':');
}

void pl_stats_json(struct pl_text *out, const struct pl_stat *stats, size_t count)
{
    struct path open = {.count = 0}; // the objects that are open: all parts but the last
    pl_text_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        struct path path = split(stats[i].path);
        struct path parents = path;
        parents.count--;
        size_t shared = common_parts(&open, &parents);
        for (size_t n = open.count; n > shared; n--) pl_text_char(out, '}');
        bool first = i == 0;
        for (size_t n = shared; n < parents.count; n++) {
            put_key(out, parents.parts[n], first);
            pl_text_char(out, '{');
            first = true;
        }
        put_key(out, path.parts[path.count - 1], first);
        if (stats[i].kind == PL_STAT_TEXT)
            pl_text_json(out, pl_span_of(stats[i].text));
        else
            pl_text_fixed(out, stats[i].value, stats[i].scale);
        open = parents;
    }
    for (size_t n = open.count; n > 0; n--) pl_text_char(out, '}');
    pl_text_str(out, "}\n");
}

void pl_stats_metrics(struct pl_text *out, const struct pl_stat *stats, size_t count)
{
    const char *family = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct pl_stat *stat = &stats[i];
        if (!stat->family) continue;
        if (!family || strcmp(family, stat->family) != 0) {
            family = stat->family;
            pl_text_str(out, "# HELP ");
            pl_text_str(out, family);
            pl_text_char(out, ' ');
            pl_text_str(out, stat->help);
            pl_text_str(out, "\n# TYPE ");
            pl_text_str(out, family);
            pl_text_str(out, stat->kind == PL_STAT_COUNTER ? " counter\n" : " gauge\n");
        }
        pl_text_str(out, family);
        if (stat->label) {
            struct path path = split(stat->path);
            pl_text_char(out, '{');
            pl_text_str(out, stat->label);
            pl_text_str(out, "=\"");
            pl_text_span(out, path.parts[path.count - 1]);
            pl_text_str(out, "\"}");
        }
        pl_text_char(out, ' ');
        pl_text_fixed(out, stat->value, stat->scale);
        pl_text_char(out, '\n');
    }
}
