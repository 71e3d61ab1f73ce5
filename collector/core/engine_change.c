#include "collector/core/engine_state.h"

#include "common/base/assert.h"

static void keep(struct pl_engine *e, uint32_t host, const struct pl_change *change)
{
    uint32_t entry = pl_changes_take(&e->changes, &e->fleet, host, change, e->now.unix_ms);
    if (entry == PL_NO_INDEX) return;
    pl_engine_after_change(e, host, change);
    pl_engine_emit(e, &(struct pl_effect){.type = PL_EFFECT_SAVE_CHANGE,
                                          .host = host,
                                          .change = entry,
                                          .name = e->fleet.hosts[host].name});
}

void pl_engine_change(struct pl_engine *e, uint32_t host, const struct pl_change *change,
                      struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    if (host < e->fleet.slot_count && e->fleet.hosts[host].used) keep(e, host, change);
    pl_engine_end(e);
}

void pl_engine_restore_change(struct pl_engine *e, uint32_t host, uint8_t place,
                              const struct pl_change *change)
{
    if (host >= e->fleet.slot_count || !e->fleet.hosts[host].used) return;
    uint32_t entry = pl_changes_take(&e->changes, &e->fleet, host, change, e->now.unix_ms);
    if (entry != PL_NO_INDEX) pl_changes_put(&e->changes, &e->fleet, entry, place);
}

/* What the agent before told of outdated programs, this one looks for again. */
static void end_outdated(struct pl_engine *e, uint32_t host)
{
    const struct pl_change_entry *entry = NULL;
    while ((entry = pl_changes_next(&e->changes, &e->fleet.hosts[host], entry))) {
        if (entry->change.kind != PL_CHANGE_OUTDATED || entry->change.count == 0) continue;
        struct pl_change over = entry->change;
        over.count = 0;
        keep(e, host, &over);
    }
}

void pl_engine_compare(struct pl_engine *e, uint32_t host, const struct pl_hello *hello)
{
    const struct pl_host *h = &e->fleet.hosts[host];
    struct pl_change changes[PL_CHANGES_OF_FACTS];
    size_t count = pl_changes_of_facts(h->facts, hello->facts, hello->unix_ms, changes);
    for (size_t i = 0; i < count; i++) keep(e, host, &changes[i]);
    if (!pl_boot_id_eq(&h->boot_id, &hello->boot_id)) end_outdated(e, host);
}

const struct pl_changes *pl_engine_changes(const struct pl_engine *e)
{
    return &e->changes;
}
