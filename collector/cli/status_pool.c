/* The pools of `plimsoll status`: what is left of each after losing a host, until when, and which
 * resource ends it. */
#include "collector/cli/status_print.h"

#include "common/base/base.h"

#include <math.h>
#include <stdlib.h>

enum { STATE_COLUMNS = 17, MINUTE_S = 60, HOUR_S = 3600 };

static double headroom_of(const cJSON *pool)
{
    return pl_status_number(pl_status_list(pool, "capacity"), "headroom");
}

/* By state, then by what is left; those of which that is not known come behind. */
static int worse_first(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    size_t left_rank = pl_status_rank(pl_status_text(*left, "state"));
    size_t right_rank = pl_status_rank(pl_status_text(*right, "state"));
    if (left_rank != right_rank) return left_rank < right_rank ? -1 : 1;
    double left_room = headroom_of(*left), right_room = headroom_of(*right);
    if (isnan(left_room) || isnan(right_room)) return isnan(left_room) - isnan(right_room);
    return (left_room > right_room) - (left_room < right_room);
}

/* "50 s", "14 min", "2.5 h" */
static void put_about(FILE *out, double seconds)
{
    if (seconds < 1.5 * MINUTE_S)
        (void)fprintf(out, "%.0f s", seconds);
    else if (seconds < 1.5 * HOUR_S)
        (void)fprintf(out, "%.0f min", seconds / MINUTE_S);
    else
        (void)fprintf(out, "%.1f h", seconds / HOUR_S);
}

static void put_time_left(FILE *out, const cJSON *outlook, bool has_room)
{
    double left_s = pl_status_number(outlook, "left_s");
    double growth_in_s = pl_status_number(outlook, "growth_in_s");
    if (isnan(left_s) && has_room && !isnan(growth_in_s)) {
        (void)fputs(", growth can be told in about ", out);
        put_about(out, growth_in_s);
    } else if (isnan(left_s)) {
        (void)fputs(has_room ? ", not filling up" : ", would not survive a loss", out);
    } else if (left_s <= 0) {
        (void)fputs(", full now", out);
    } else {
        (void)fputs(", full in about ", out);
        put_about(out, left_s);
        (void)fputs(" (", out);
        put_about(out, pl_status_number(outlook, "early_s"));
        (void)fputs(" to ", out);
        put_about(out, pl_status_number(outlook, "late_s"));
        (void)fputc(')', out);
    }
}

static void put_headroom(FILE *out, const cJSON *capacity, const cJSON *outlook)
{
    const cJSON *missing = pl_status_list(capacity, "missing");
    (void)fputs("headroom ", out);
    pl_status_put_percent(out, pl_status_number(capacity, "headroom"), 0);
    if (cJSON_IsObject(pl_status_list(capacity, "spare"))) (void)fputs(" (N-1)", out);
    bool has_room = pl_status_number(capacity, "headroom") >= 0;
    if (cJSON_IsObject(outlook)) put_time_left(out, outlook, has_room);
    if (cJSON_IsString(pl_status_list(capacity, "first_limit"))) {
        (void)fputs(", first limit: ", out);
        pl_status_put_text(out, pl_status_text(capacity, "first_limit"), 0);
        (void)fputs(" of ", out);
        pl_status_put_text(out, pl_status_text(capacity, "first_host"), 0);
    }
    if (cJSON_IsObject(missing)) {
        (void)fprintf(out, ", what helps: +%.0f like ", pl_status_number(missing, "hosts"));
        pl_status_put_text(out, pl_status_text(missing, "like"), 0);
    }
}

static void put_first_line(FILE *out, const cJSON *pool)
{
    const cJSON *capacity = pl_status_list(pool, "capacity");
    const cJSON *unknown = pl_status_list(capacity, "unknown");
    if (!isnan(headroom_of(pool))) {
        put_headroom(out, capacity, pl_status_list(pool, "outlook"));
    } else {
        (void)fputs("capacity not known yet", out);
        if (cJSON_IsObject(unknown)) (void)fputs(", ", out);
        if (cJSON_IsObject(unknown)) pl_status_put_text(out, pl_status_text(unknown, "text"), 0);
    }
}

static void put_facts(FILE *out, const cJSON *pool)
{
    const cJSON *hosts = pl_status_list(pool, "hosts");
    const cJSON *worst = pl_status_list(pool, "worst");
    const cJSON *traffic = pl_status_list(pool, "traffic");
    (void)fprintf(out, "%.0f of %.0f hosts up", pl_status_number(hosts, "up"),
                  pl_status_number(hosts, "total"));
    if (cJSON_IsObject(worst)) {
        (void)fputs(", ", out);
        pl_status_put_percent(out, pl_status_number(worst, "utilisation"), 0);
        (void)fputs(" of ", out);
        pl_status_put_text(out, pl_status_text(worst, "resource"), 0);
        (void)fputs(" at ", out);
        pl_status_put_text(out, pl_status_text(worst, "host"), 0);
        (void)fputs(", page at ", out);
        pl_status_put_percent(out, pl_status_number(worst, "limit"), 0);
    }
    if (!isnan(pl_status_number(traffic, "value"))) {
        (void)fprintf(out, ", %.0f ", pl_status_number(traffic, "value"));
        pl_status_put_text(out, pl_status_text(traffic, "unit"), 0);
    }
}

static void put_pool(FILE *out, const cJSON *pool, size_t width, bool colour)
{
    pl_status_put_state(out, pl_status_text(pool, "state"), colour);
    pl_status_put_text(out, pl_status_text(pool, "name"), width);
    (void)fputs("  ", out);
    put_first_line(out, pool);
    (void)fputc('\n', out);
    pl_status_put_text(out, "", STATE_COLUMNS + width + 2);
    put_facts(out, pool);
    (void)fputc('\n', out);
}

void pl_status_pools(FILE *out, const cJSON *list, bool colour)
{
    size_t width = pl_status_width(list, "name"), count = 0;
    size_t total = (size_t)cJSON_GetArraySize(list);
    (void)fputs("\nPools\n", out);
    if (total == 0) (void)fputs("  none yet: no agent has connected\n", out);
    const cJSON **sorted = calloc(total + 1, sizeof(cJSON *));
    if (!sorted) return; // of a few pointers: nothing could be printed either
    const cJSON *pool = NULL;
    cJSON_ArrayForEach(pool, list) sorted[count++] = pool;
    qsort(sorted, count, sizeof(cJSON *), worse_first);
    for (size_t i = 0; i < count; i++) put_pool(out, sorted[i], width, colour);
    free(sorted);
}
