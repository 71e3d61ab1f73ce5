#include "collector/core/launch/collide.h"

#include "common/base/assert.h"

const char *pl_collision_word(enum pl_collision_kind kind)
{
    static const char *const words[] = {
#define X(kind, word) [kind] = (word),
        PL_COLLISION_LIST(X)
#undef X
    };
    PL_ASSERT(kind < PL_COLLISION_COUNT);
    return words[kind];
}

int64_t pl_launch_first_unix_ms(const struct pl_launch *l)
{
    int64_t first_ms = PL_MIN(pl_launch_begins_unix_ms(l), l->starts_unix_ms);
    for (uint32_t i = 0; i < l->channel_count; i++) {
        if (l->channels[i].send_unix_ms > 0)
            first_ms = PL_MIN(first_ms, l->channels[i].send_unix_ms);
    }
    return first_ms;
}

bool pl_launch_overlap(const struct pl_launch *a, const struct pl_launch *b, int64_t *from_unix_ms,
                       int64_t *until_unix_ms)
{
    int64_t from_ms = PL_MAX(pl_launch_first_unix_ms(a), pl_launch_first_unix_ms(b));
    int64_t until_ms = PL_MIN(a->ends_unix_ms, b->ends_unix_ms);
    if (from_ms >= until_ms) return false;
    *from_unix_ms = from_ms;
    *until_unix_ms = until_ms;
    return true;
}

const struct pl_name *pl_launch_shared_pool(const struct pl_launch *a, const struct pl_launch *b)
{
    for (uint32_t i = 0; i < a->pool_count; i++) {
        if (pl_launch_names_pool(b, &a->pools[i])) return &a->pools[i];
    }
    return NULL;
}

enum pl_collision_kind pl_launch_meeting(const struct pl_launch *a, const struct pl_launch *b)
{
    bool is_maintenance = a->kind == PL_LAUNCH_MAINTENANCE || b->kind == PL_LAUNCH_MAINTENANCE;
    return is_maintenance ? PL_COLLISION_MAINTENANCE : PL_COLLISION_LAUNCH;
}

void pl_collisions_add(struct pl_collisions *c, const struct pl_collision *item)
{
    if (c->count == PL_COLLISIONS_MAX)
        c->more_count++;
    else
        c->items[c->count++] = *item;
}
