#include "collector/core/trust/throttle.h"

static bool is_forgotten(const struct pl_throttle_entry *e, int64_t now_mono_ms)
{
    return e->failures == 0 || now_mono_ms - e->last_mono_ms >= PL_THROTTLE_FORGET_MS;
}

static struct pl_throttle_entry *find(const struct pl_throttle *t, uint64_t key)
{
    for (size_t i = 0; i < PL_LEN(t->entries); i++)
        if (t->entries[i].failures > 0 && t->entries[i].key == key)
            return (struct pl_throttle_entry *)(uintptr_t)&t->entries[i];
    return NULL;
}

int64_t pl_throttle_wait_ms(const struct pl_throttle *t, uint64_t key, int64_t now_mono_ms)
{
    enum { FIRST_WAIT_MS = 1000 };
    const struct pl_throttle_entry *e = find(t, key);
    if (!e || is_forgotten(e, now_mono_ms) || e->failures < PL_THROTTLE_FREE) return 0;
    int64_t wait_ms = FIRST_WAIT_MS;
    for (uint32_t i = PL_THROTTLE_FREE; i < e->failures && wait_ms < t->wait_ms_max; i++)
        wait_ms *= 2;
    wait_ms = PL_MIN(wait_ms, t->wait_ms_max);
    return PL_MAX(e->last_mono_ms + wait_ms - now_mono_ms, 0);
}

void pl_throttle_attempt(struct pl_throttle *t, uint64_t key, int64_t now_mono_ms)
{
    struct pl_throttle_entry *e = find(t, key);
    if (!e) {
        e = &t->entries[0];
        for (size_t i = 1; i < PL_LEN(t->entries) && e->failures > 0; i++) {
            struct pl_throttle_entry *other = &t->entries[i];
            if (other->failures == 0 || other->last_mono_ms < e->last_mono_ms) e = other;
        }
        *e = (struct pl_throttle_entry){.key = key};
    }
    if (is_forgotten(e, now_mono_ms)) e->failures = 0;
    if (e->failures < UINT32_MAX) e->failures++;
    e->last_mono_ms = now_mono_ms;
}

void pl_throttle_clear(struct pl_throttle *t, uint64_t key)
{
    struct pl_throttle_entry *e = find(t, key);
    if (e) e->failures = 0;
}
