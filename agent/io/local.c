/* The sources and the timer live in struct pl_local, which belongs to the caller.
 *
 *     pl_local_sample -> arm -> on_timer -> pl_local_source_ask -> on_answer | on_failure
 *                  \-> forget, try_next: what was found */
#include "agent/io/local.h"

#include "common/base/assert.h"
#include "common/base/err.h"

static int64_t now_ms(const struct pl_local *l)
{
    return (int64_t)uv_now(l->loop);
}

static bool is_source(const struct pl_local_slot *slot)
{
    return slot->role == PL_LOCAL_CONFIGURED || slot->role == PL_LOCAL_FOUND;
}

static void on_answer(struct pl_local_source *source, const struct pl_status *status)
{
    struct pl_local_slot *slot = source->owner;
    pl_local_answered(&source->track, status, (int64_t)(uv_hrtime() / 1000));
    slot->heard_mono_ms = (int64_t)uv_now(source->loop);
    slot->err = 0;
    if (slot->role == PL_LOCAL_TRIAL) {
        slot->role = PL_LOCAL_FOUND;
        pl_log(PL_LOG_INFO, "local_found", "source=%s", source->target.name);
    }
    if (!slot->is_missing) return;
    slot->is_missing = false;
    pl_log(PL_LOG_INFO, "local_answers", "source=%s", source->target.name);
}

static void on_failure(struct pl_local_source *source, int err)
{
    struct pl_local_slot *slot = source->owner;
    slot->err = err;
    if (slot->role == PL_LOCAL_TRIAL) slot->role = PL_LOCAL_FREE;
}

static void take(struct pl_local *l, struct pl_local_slot *slot, enum pl_local_role role,
                 const struct pl_local_target *target)
{
    pl_local_source_init(&slot->source, l->loop, target);
    slot->source.on_answer = on_answer;
    slot->source.on_failure = on_failure;
    slot->source.owner = slot;
    slot->role = role;
    slot->owner_pid = 0;
    slot->was_asked = slot->is_missing = false;
    slot->err = 0;
    slot->heard_mono_ms = now_ms(l);
}

/* ---- what can be found ---- */

static bool is_same_place(const struct pl_local_target *a, const struct pl_local_target *b)
{
    if (a->socket[0] != '\0' || b->socket[0] != '\0') return strcmp(a->socket, b->socket) == 0;
    return memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

/* One process counts once, whatever its ports; but each port of php-fpm is a pool of its own. */
static bool is_known(const struct pl_local *l, const struct pl_local_target *target, uint32_t pid)
{
    for (int i = 0; i < PL_LOCAL_SOURCES_MAX; i++) {
        const struct pl_local_slot *slot = &l->slots[i];
        if (!is_source(slot) || slot->source.target.kind != target->kind) continue;
        if (slot->role == PL_LOCAL_CONFIGURED) return true;
        if (is_same_place(&slot->source.target, target)) return true;
        if (target->kind != PL_STATUS_PHP_FPM && pid != 0 && slot->owner_pid == pid) return true;
    }
    return false;
}

static struct pl_local_slot *free_slot(struct pl_local *l)
{
    for (int i = 0; i < PL_LOCAL_SOURCES_MAX; i++) {
        struct pl_local_slot *slot = &l->slots[i];
        if (slot->role == PL_LOCAL_FREE && slot->source.state == PL_LOCAL_CLOSED) return slot;
    }
    return NULL;
}

/* Places are tried one at a time, so that a search never costs more than one question a sample. */
static void try_next(struct pl_local *l)
{
    struct pl_local_target target;
    uint32_t pid;
    for (int i = 0; i < PL_LOCAL_SOURCES_MAX; i++) {
        if (l->slots[i].role == PL_LOCAL_TRIAL) return;
    }
    struct pl_local_slot *slot = free_slot(l);
    if (!slot) return;
    while (pl_local_find_next(&l->find, &target, &pid)) {
        if (is_known(l, &target, pid)) continue;
        take(l, slot, PL_LOCAL_TRIAL, &target);
        slot->owner_pid = pid;
        return;
    }
}

static void forget_silent(struct pl_local *l)
{
    for (int i = 0; i < PL_LOCAL_SOURCES_MAX; i++) {
        struct pl_local_slot *slot = &l->slots[i];
        if (slot->role != PL_LOCAL_FOUND) continue;
        if (now_ms(l) - slot->heard_mono_ms < PL_LOCAL_FORGET_MS) continue;
        pl_local_source_close(&slot->source);
        slot->role = PL_LOCAL_FREE;
        pl_log(PL_LOG_INFO, "local_gone", "source=%s", slot->source.target.name);
    }
}

/* ---- every sample ---- */

static void log_missed(struct pl_local *l, struct pl_local_slot *slot)
{
    uint32_t held;
    if (slot->is_missing) return;
    if (!pl_log_allow(&l->log_limit, now_ms(l), PL_LOCAL_LOG_MS, &held)) return;
    slot->is_missing = true;
    int err = slot->err < 0 ? slot->err : PL_E_TIMEOUT;
    pl_log(PL_LOG_WARN, "local_missed", "source=%s err=\"%s\" held=%u", slot->source.target.name,
           pl_err_text(err), held);
}

static void on_timer(uv_timer_t *timer)
{
    struct pl_local *l = timer->data;
    for (int i = 0; i < PL_LOCAL_SOURCES_MAX; i++) {
        struct pl_local_slot *slot = &l->slots[i];
        if (slot->role == PL_LOCAL_FREE) continue;
        slot->was_asked = true;
        pl_local_source_ask(&slot->source);
    }
}

static void arm(struct pl_local *l, int64_t next_mono_ms)
{
    bool any = false;
    for (int i = 0; i < PL_LOCAL_SOURCES_MAX; i++) any = any || l->slots[i].role != PL_LOCAL_FREE;
    if (!any) return;
    int64_t wait_ms = PL_MAX(next_mono_ms - now_ms(l), 0);
    wait_ms -= PL_MIN(wait_ms / 2, PL_LOCAL_LEAD_MS);
    int err = uv_timer_start(&l->timer, on_timer, (uint64_t)wait_ms, 0);
    PL_ASSERT(err == 0); // fails only for a timer that is being closed
}

static void take_values(struct pl_local *l)
{
    struct pl_local_track *tracks[PL_LOCAL_SOURCES_MAX];
    size_t count = 0;
    for (int i = 0; i < PL_LOCAL_SOURCES_MAX; i++) {
        struct pl_local_slot *slot = &l->slots[i];
        if (!is_source(slot) || !slot->was_asked) continue;
        if (!slot->source.track.is_fresh) log_missed(l, slot);
        tracks[count++] = &slot->source.track;
    }
    pl_local_values(tracks, count, l->before.values);
}

void pl_local_sample(struct pl_local *l, int32_t *values, int64_t next_mono_ms)
{
    static const enum pl_metric ours[] = {
        PL_TRAFFIC_REQUESTS, PL_TRAFFIC_ACTIVE, PL_TRAFFIC_WAITING, PL_WORKERS_USED,
        PL_WORKERS_BUSY,     PL_WORKERS_MAX,    PL_LOCAL_MISSED};
    bool is_early = uv_is_active((uv_handle_t *)&l->timer) != 0;
    if (!is_early) take_values(l);
    for (size_t i = 0; i < PL_LEN(ours); i++) values[ours[i]] = l->before.values[ours[i]];
    forget_silent(l);
    if (l->finds) {
        pl_local_find_step(&l->find, now_ms(l));
        try_next(l);
    }
    arm(l, next_mono_ms);
}

int pl_local_init(struct pl_local *l, uv_loop_t *loop, const struct pl_local_config *config)
{
    PL_ASSERT(config->count <= PL_LOCAL_SOURCES_MAX);
    l->loop = loop;
    l->finds = config->finds;
    pl_local_values(NULL, 0, l->before.values);
    for (size_t i = 0; i < config->count; i++)
        take(l, &l->slots[i], PL_LOCAL_CONFIGURED, &config->targets[i]);
    pl_local_find_init(&l->find, config->queues, config->proc_root, config->run_root, now_ms(l));
    l->timer.data = l;
    return uv_timer_init(loop, &l->timer);
}

void pl_local_stop(struct pl_local *l)
{
    for (int i = 0; i < PL_LOCAL_SOURCES_MAX; i++) {
        pl_local_source_close(&l->slots[i].source);
        l->slots[i].role = PL_LOCAL_FREE;
    }
    pl_local_find_stop(&l->find);
    if (!uv_is_closing((uv_handle_t *)&l->timer)) uv_close((uv_handle_t *)&l->timer, NULL);
}
