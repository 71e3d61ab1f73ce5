#include "agent/core/local.h"

#include "agent/core/rate.h"
#include "common/wire/metric.h"

void pl_local_track_init(struct pl_local_track *t, enum pl_status_kind kind, uint32_t workers)
{
    *t = (struct pl_local_track){.kind = kind, .workers = workers, .rate = PL_ABSENT};
    memset(&t->last, 0xff, sizeof t->last); // PL_RAW_ABSENT
}

void pl_local_asked(struct pl_local_track *t)
{
    if (t->asked < UINT32_MAX) t->asked++;
}

/* Is the question itself in what that server counts? */
static bool counts_itself(const struct pl_local_track *t)
{
    return t->kind != PL_STATUS_HAPROXY && !t->answers_apart;
}

static int32_t rate_of(const struct pl_local_track *t, const struct pl_status *now, int64_t now_us)
{
    if (!t->has_last || now_us - t->last_us > PL_LOCAL_APART_US) return PL_ABSENT;
    uint64_t grown = pl_rate_grown(t->last.requests, now->requests);
    if (grown == PL_RAW_ABSENT) return PL_ABSENT;
    if (counts_itself(t)) grown -= PL_MIN(grown, t->asked);
    return pl_rate_per_second(grown, now_us - t->last_us,
                              pl_metric_info(PL_TRAFFIC_REQUESTS)->scale);
}

void pl_local_answered(struct pl_local_track *t, const struct pl_status *status, int64_t now_us)
{
    if (t->kind == PL_STATUS_PHP_FPM && status->active == 0) t->answers_apart = true;
    t->rate = rate_of(t, status, now_us);
    t->last = *status;
    t->last_us = now_us;
    t->asked = 0;
    t->has_last = t->is_fresh = true;
}

void pl_local_lost(struct pl_local_track *t)
{
    t->has_last = t->is_fresh = false;
    t->asked = 0;
}

/* Whose requests are the host's; PL_STATUS_KIND_COUNT: nobody counts any. */
static enum pl_status_kind outermost(struct pl_local_track *const *tracks, size_t count)
{
    enum pl_status_kind found = PL_STATUS_KIND_COUNT;
    for (size_t i = 0; i < count; i++) {
        if (tracks[i]->last.requests != PL_RAW_ABSENT) found = PL_MIN(found, tracks[i]->kind);
    }
    return found;
}

/* A sum of values one of which may be absent: then all is. */
static int32_t add(int32_t sum, int32_t value)
{
    if (sum == PL_ABSENT || value == PL_ABSENT) return PL_ABSENT;
    return sum > INT32_MAX - value ? INT32_MAX : sum + value;
}

static uint64_t without_question(const struct pl_local_track *t, uint64_t level)
{
    return level != PL_RAW_ABSENT && level > 0 && counts_itself(t) ? level - 1 : level;
}

static void put_traffic(struct pl_local_track *const *tracks, size_t count, int32_t *values)
{
    enum pl_status_kind kind = outermost(tracks, count);
    int32_t requests = 0, active = 0, waiting = 0;
    bool any = false, any_waiting = false;
    for (size_t i = 0; i < count; i++) {
        const struct pl_local_track *t = tracks[i];
        bool fresh = t->is_fresh;
        if (t->last.waiting != PL_RAW_ABSENT) {
            any_waiting = true;
            waiting = add(waiting, fresh ? pl_rate_level(t->last.waiting) : PL_ABSENT);
        }
        if (t->kind != kind || t->last.requests == PL_RAW_ABSENT) continue;
        any = true;
        requests = add(requests, fresh ? t->rate : PL_ABSENT);
        active =
            add(active, fresh ? pl_rate_level(without_question(t, t->last.active)) : PL_ABSENT);
    }
    values[PL_TRAFFIC_REQUESTS] = any ? requests : PL_ABSENT;
    values[PL_TRAFFIC_ACTIVE] = any ? active : PL_ABSENT;
    values[PL_TRAFFIC_WAITING] = any_waiting ? waiting : PL_ABSENT;
}

/* The question takes a worker like any request. If that was the last one, nobody else gets in: the
 * pool is full, and stays so while the next question waits for a worker in vain. Otherwise the
 * question must not make a small pool look busy. */
static void put_workers(const struct pl_local_track *t, int32_t *values)
{
    uint64_t max = t->workers > 0 ? t->workers : t->last.max;
    uint64_t busy = t->last.busy;
    if (busy == PL_RAW_ABSENT || max == PL_RAW_ABSENT) return;
    bool was_full = t->has_last && counts_itself(t) && busy >= max;
    if (!t->is_fresh && !was_full) return;
    if (busy < max) busy = without_question(t, busy);
    int32_t used = pl_rate_share(busy, max);
    if (used <= values[PL_WORKERS_USED]) return; // PL_ABSENT is less than any share
    values[PL_WORKERS_USED] = used;
    values[PL_WORKERS_BUSY] = pl_rate_level(busy);
    values[PL_WORKERS_MAX] = pl_rate_level(max);
}

void pl_local_values(struct pl_local_track *const *tracks, size_t count, int32_t *values)
{
    int32_t missed = 0;
    values[PL_WORKERS_USED] = values[PL_WORKERS_BUSY] = values[PL_WORKERS_MAX] = PL_ABSENT;
    put_traffic(tracks, count, values);
    for (size_t i = 0; i < count; i++) {
        put_workers(tracks[i], values);
        missed += tracks[i]->is_fresh ? 0 : 1;
        tracks[i]->is_fresh = false;
    }
    values[PL_LOCAL_MISSED] = count > 0 ? missed : PL_ABSENT;
}
