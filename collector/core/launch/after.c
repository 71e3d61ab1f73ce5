#include "collector/core/launch/after.h"

#include "common/base/assert.h"

const char *pl_launch_deed_word(enum pl_launch_deed_kind kind)
{
    switch (kind) {
    case PL_DEED_PAGE: return "page";
    case PL_DEED_ACKNOWLEDGED: return "acknowledged";
    case PL_DEED_NOTE: return "note";
    case PL_DEED_UPGRADE: return "upgrade";
    case PL_DEED_CHANGE: return "change";
    case PL_DEED_KIND_COUNT: break;
    }
    PL_UNREACHABLE("deed");
}

static struct pl_launch_point most(struct pl_launch_point a, struct pl_launch_point b)
{
    return (struct pl_launch_point){PL_MAX(a.came, b.came), PL_MAX(a.p50, b.p50),
                                    PL_MAX(a.p90, b.p90)};
}

static void halve(struct pl_launch_curve *c)
{
    for (uint32_t i = 0; i < PL_LAUNCH_POINTS_MAX / 2; i++)
        c->points[i] = most(c->points[2 * i], c->points[2 * i + 1]);
    c->count = PL_LAUNCH_POINTS_MAX / 2;
    c->step_ms *= 2;
}

bool pl_launch_curve_add(struct pl_launch_curve *c, const struct pl_launch_point *now_seen,
                         int64_t now_unix_ms)
{
    if (c->count == 0) {
        *c = (struct pl_launch_curve){
            .begin_unix_ms = now_unix_ms, .step_ms = PL_LAUNCH_POINT_MS, .count = 1};
        c->points[0] = *now_seen;
        return true;
    }
    if (now_unix_ms < c->begin_unix_ms) return false;
    while ((now_unix_ms - c->begin_unix_ms) / c->step_ms >= PL_LAUNCH_POINTS_MAX) {
        struct pl_launch_point none = {.came = -1};
        while (c->count < PL_LAUNCH_POINTS_MAX) c->points[c->count++] = none;
        halve(c);
    }
    uint32_t at = (uint32_t)((now_unix_ms - c->begin_unix_ms) / c->step_ms);
    bool is_new = at >= c->count;
    while (c->count <= at) c->points[c->count++] = (struct pl_launch_point){.came = -1};
    c->points[at] = most(c->points[at], *now_seen);
    return is_new;
}

static bool is_same(const struct pl_launch_deed *a, const struct pl_launch_deed *b)
{
    return a->kind == b->kind && strcmp(a->who, b->who) == 0 && strcmp(a->text, b->text) == 0 &&
           b->unix_ms - a->unix_ms < PL_LAUNCH_LATER_MS;
}

void pl_launch_deed(struct pl_launch_after *a, const struct pl_launch_deed *deed)
{
    if (deed->kind == PL_DEED_PAGE) a->page_count++;
    for (uint32_t i = 0; i < a->deed_count; i++) {
        if (!is_same(&a->deeds[i], deed)) continue;
        a->deeds[i].count += deed->count;
        return;
    }
    if (a->deed_count == PL_LAUNCH_DEEDS_MAX) {
        a->more_count++;
        return;
    }
    a->deeds[a->deed_count++] = *deed;
}

void pl_launch_deeds_later(struct pl_launch_after *a, double headroom, int64_t now_unix_ms)
{
    for (uint32_t i = 0; i < a->deed_count; i++) {
        struct pl_launch_deed *d = &a->deeds[i];
        bool is_due = now_unix_ms - d->unix_ms >= PL_LAUNCH_LATER_MS;
        bool is_late = now_unix_ms - d->unix_ms >= 2 * PL_LAUNCH_LATER_MS;
        if (d->later_headroom < -1 && is_due && !is_late) d->later_headroom = headroom;
    }
}
