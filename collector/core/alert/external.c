#include "collector/core/alert/external.h"

#include "common/base/assert.h"

uint32_t pl_externals_find(const struct pl_externals *x, uint64_t fingerprint)
{
    for (uint32_t i = 0; i < PL_EXTERNALS_MAX; i++) {
        if (x->fingerprints[i] == fingerprint) return i;
    }
    return PL_NO_INDEX;
}

static void join_group(struct pl_externals *x, uint32_t place, uint32_t pool)
{
    struct pl_external_entry *entry = &x->entries[place];
    entry->pool = pool;
    entry->previous = PL_NO_INDEX;
    entry->next = x->first[pool] == 0 ? PL_NO_INDEX : x->first[pool] - 1;
    if (entry->next != PL_NO_INDEX) x->entries[entry->next].previous = place;
    x->first[pool] = place + 1;
    x->tier_count[pool][entry->alert.tier]++;
}

static void leave_group(struct pl_externals *x, uint32_t place)
{
    const struct pl_external_entry *entry = &x->entries[place];
    if (entry->next != PL_NO_INDEX) x->entries[entry->next].previous = entry->previous;
    if (entry->previous != PL_NO_INDEX)
        x->entries[entry->previous].next = entry->next;
    else
        x->first[entry->pool] = entry->next == PL_NO_INDEX ? 0 : entry->next + 1;
    x->tier_count[entry->pool][entry->alert.tier]--;
}

uint32_t pl_externals_put(struct pl_externals *x, uint32_t pool, const struct pl_external *alert,
                          int64_t ends_mono_ms)
{
    PL_ASSERT(alert->fingerprint != 0 && pool < PL_POOL_MAX && alert->tier < PL_TIER_COUNT);
    uint32_t place = pl_externals_find(x, alert->fingerprint);
    if (place != PL_NO_INDEX) {
        leave_group(x, place);
    } else {
        place = pl_externals_find(x, 0);
        if (place == PL_NO_INDEX) return PL_NO_INDEX;
        x->count++;
        x->fingerprints[place] = alert->fingerprint;
        x->entries[place].saved_ends_unix_ms = 0;
    }
    x->entries[place].alert = *alert;
    x->ends_mono_ms[place] = ends_mono_ms;
    join_group(x, place, pool);
    return place;
}

void pl_externals_drop(struct pl_externals *x, uint32_t place)
{
    PL_ASSERT(place < PL_EXTERNALS_MAX && x->fingerprints[place] != 0);
    leave_group(x, place);
    x->fingerprints[place] = 0;
    x->count--;
}

uint32_t pl_externals_over(const struct pl_externals *x, uint32_t place, int64_t now_mono_ms)
{
    for (; x->count > 0 && place < PL_EXTERNALS_MAX; place++) {
        if (x->fingerprints[place] != 0 && x->ends_mono_ms[place] <= now_mono_ms) return place;
    }
    return PL_NO_INDEX;
}

uint32_t pl_externals_lower(const struct pl_externals *x, enum pl_tier tier)
{
    uint32_t lowest = PL_NO_INDEX;
    for (uint32_t i = 0; i < PL_EXTERNALS_MAX; i++) {
        if (x->fingerprints[i] == 0 || x->entries[i].alert.tier >= tier) continue;
        tier = x->entries[i].alert.tier;
        lowest = i;
    }
    return lowest;
}

bool pl_externals_has(const struct pl_externals *x, uint32_t pool, const struct pl_external *like)
{
    uint32_t at = x->first[pool] == 0 ? PL_NO_INDEX : x->first[pool] - 1;
    for (; at != PL_NO_INDEX; at = x->entries[at].next) {
        const struct pl_external *a = &x->entries[at].alert;
        if (a->tier == like->tier && strcmp(a->title, like->title) == 0) return true;
    }
    return false;
}

struct pl_verdict pl_externals_judge(const struct pl_externals *x, uint32_t pool)
{
    const uint32_t *count = x->tier_count[pool];
    return (struct pl_verdict){.tier = count[PL_TIER_PAGE] > 0   ? PL_TIER_PAGE
                                       : count[PL_TIER_WARN] > 0 ? PL_TIER_WARN
                                                                 : PL_TIER_NONE};
}

/* True if it is named, now or before. */
static bool name_host(struct pl_finding *f, const struct pl_name *host)
{
    if (host->len == 0) return false;
    for (uint32_t i = 0; i < f->named_count; i++) {
        if (pl_name_eq(&f->hosts[i], host)) return true;
    }
    if (f->named_count == PL_FINDING_HOSTS_MAX) return false;
    f->hosts[f->named_count++] = *host;
    return true;
}

static bool is_before(const struct pl_external *a, const struct pl_external *b)
{
    if (a->tier != b->tier) return a->tier > b->tier;
    if (a->begins_unix_ms != b->begins_unix_ms) return a->begins_unix_ms < b->begins_unix_ms;
    return a->fingerprint < b->fingerprint;
}

void pl_externals_describe(const struct pl_externals *x, uint32_t pool, struct pl_finding *f)
{
    const struct pl_external *first = NULL;
    uint32_t elsewhere = 0; // those that no named host stands for
    *f = (struct pl_finding){.tier = pl_externals_judge(x, pool).tier};
    for (uint32_t at = x->first[pool]; at != 0; at = x->entries[at - 1].next + 1) {
        const struct pl_external *a = &x->entries[at - 1].alert;
        if (a->tier == PL_TIER_NONE) continue;
        f->external.count++;
        elsewhere += !name_host(f, &a->host);
        if (!first || is_before(a, first)) first = a;
        bool is_earlier = f->since_unix_ms == 0 || a->begins_unix_ms < f->since_unix_ms;
        if (is_earlier) f->since_unix_ms = a->begins_unix_ms;
    }
    f->host_count = f->named_count + elsewhere;
    if (!first) return;
    memcpy(f->external.title, first->title, sizeof f->external.title);
    memcpy(f->external.summary, first->summary, sizeof f->external.summary);
}
