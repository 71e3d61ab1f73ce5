#include "collector/core/observe/changes.h"

#include "common/base/assert.h"
#include "common/base/text.h"
#include "common/wire/sample.h"

#include <assert.h>

static_assert(PL_CHANGES_HOST_MAX <= 32, "places are bits");

static uint32_t index_of(const struct pl_changes *c, const struct pl_change_entry *entry)
{
    return (uint32_t)(entry - c->entries);
}

const struct pl_change_entry *pl_changes_next(const struct pl_changes *c,
                                              const struct pl_host *host,
                                              const struct pl_change_entry *entry)
{
    uint32_t next = entry ? entry->next : host->first_change;
    return next == 0 ? NULL : &c->entries[next - 1];
}

bool pl_change_is_shown(const struct pl_change *change, int64_t now_unix_ms)
{
    return change->count > 0 && now_unix_ms - change->unix_ms <= PL_CHANGES_KEEP_MS;
}

static void unlink_entry(struct pl_changes *c, struct pl_fleet *f, struct pl_change_entry *entry)
{
    uint32_t *link = &f->hosts[entry->host].first_change;
    while (*link != index_of(c, entry) + 1) link = &c->entries[*link - 1].next;
    *link = entry->next;
    entry->host = PL_NO_INDEX;
}

void pl_changes_drop(struct pl_changes *c, struct pl_fleet *f, uint32_t host)
{
    while (f->hosts[host].first_change != 0)
        unlink_entry(c, f, &c->entries[f->hosts[host].first_change - 1]);
}

/* A machine says when it, or a process, started a little differently each time: its clock is set
 * meanwhile. */
static bool is_same(const struct pl_change *a, const struct pl_change *b)
{
    int64_t apart_ms = a->unix_ms > b->unix_ms ? a->unix_ms - b->unix_ms : b->unix_ms - a->unix_ms;
    if (a->kind != b->kind) return false;
    if (a->kind == PL_CHANGE_BOOTED) return apart_ms <= PL_CHANGES_START_MS;
    if (a->kind == PL_CHANGE_RESTARTED)
        return apart_ms <= PL_CHANGES_RESTART_MS && strcmp(a->subject, b->subject) == 0;
    return pl_change_is_same(a, b);
}

/* An entry that is not in use, or the one that was taken first. */
static struct pl_change_entry *make_room(struct pl_changes *c, struct pl_fleet *f)
{
    struct pl_change_entry *entry = &c->entries[c->cursor];
    if (c->cursor < c->used_max && entry->host != PL_NO_INDEX) unlink_entry(c, f, entry);
    c->cursor = (c->cursor + 1) % PL_CHANGES_MAX;
    c->used_max = PL_MAX(c->used_max, index_of(c, entry) + 1);
    return entry;
}

static uint32_t add(struct pl_changes *c, struct pl_fleet *f, uint32_t host,
                    const struct pl_change *change)
{
    struct pl_change_entry *oldest = NULL;
    uint32_t places = 0, count = 0;
    for (uint32_t at = f->hosts[host].first_change; at != 0; at = c->entries[at - 1].next) {
        struct pl_change_entry *entry = &c->entries[at - 1];
        places |= 1u << entry->place;
        count++;
        if (!oldest || entry->change.unix_ms < oldest->change.unix_ms) oldest = entry;
    }
    if (count == PL_CHANGES_HOST_MAX) {
        if (oldest->change.unix_ms > change->unix_ms) return PL_NO_INDEX;
        oldest->change = *change;
        return index_of(c, oldest);
    }
    struct pl_change_entry *entry = make_room(c, f);
    uint8_t place = 0;
    while ((places >> place & 1) != 0) place++;
    *entry = (struct pl_change_entry){*change, host, f->hosts[host].first_change, place};
    f->hosts[host].first_change = index_of(c, entry) + 1;
    return index_of(c, entry);
}

uint32_t pl_changes_take(struct pl_changes *c, struct pl_fleet *f, uint32_t host,
                         const struct pl_change *change, int64_t now_unix_ms)
{
    PL_ASSERT(host < f->slot_count && f->hosts[host].used);
    int64_t age_ms = now_unix_ms - change->unix_ms;
    if (age_ms > PL_CHANGES_KEEP_MS || age_ms < -PL_CHANGES_AHEAD_MS) return PL_NO_INDEX;
    for (uint32_t at = f->hosts[host].first_change; at != 0; at = c->entries[at - 1].next) {
        struct pl_change *known = &c->entries[at - 1].change;
        if (!is_same(known, change)) continue;
        bool is_news = known->count != change->count ||
                       strcmp(known->before, change->before) != 0 ||
                       strcmp(known->after, change->after) != 0;
        if (is_news) *known = *change;
        return is_news ? at - 1 : PL_NO_INDEX;
    }
    return change->count == 0 ? PL_NO_INDEX : add(c, f, host, change);
}

void pl_changes_put(struct pl_changes *c, const struct pl_fleet *f, uint32_t entry, uint8_t place)
{
    PL_ASSERT(place < PL_CHANGES_HOST_MAX);
    uint32_t at = f->hosts[c->entries[entry].host].first_change;
    for (; at != 0; at = c->entries[at - 1].next)
        if (c->entries[at - 1].place == place) return; // it is there, or a newer one is
    c->entries[entry].place = place;
}

/* ---- of a pool ---- */

static bool is_alike(const struct pl_change *a, const struct pl_change *b)
{
    return a->kind == b->kind && strcmp(a->subject, b->subject) == 0 &&
           strcmp(a->before, b->before) == 0 && strcmp(a->after, b->after) == 0;
}

/* Bring the group at `i` to its place among the newer ones before it. */
static void sort_in(struct pl_change_digest *d, uint32_t i)
{
    struct pl_change_group group = d->groups[i];
    for (; i > 0 && d->groups[i - 1].change.unix_ms < group.change.unix_ms; i--)
        d->groups[i] = d->groups[i - 1];
    d->groups[i] = group;
}

static void join_group(struct pl_change_digest *d, uint32_t i, const struct pl_change_entry *entry)
{
    struct pl_change_group *group = &d->groups[i];
    bool is_known = group->named_count > 0 && group->hosts[group->named_count - 1] == entry->host;
    if (!is_known) {
        group->host_count++;
        if (group->named_count < PL_CHANGE_NAMED_MAX)
            group->hosts[group->named_count++] = entry->host;
    }
    if (entry->change.unix_ms <= group->change.unix_ms) return;
    group->change = entry->change;
    sort_in(d, i);
}

static void group_in(struct pl_change_digest *d, const struct pl_change_entry *entry)
{
    for (uint32_t i = 0; i < d->group_count; i++) {
        if (!is_alike(&d->groups[i].change, &entry->change)) continue;
        join_group(d, i, entry);
        return;
    }
    if (d->group_count == PL_CHANGE_GROUPS_MAX) {
        const struct pl_change_group *last = &d->groups[PL_CHANGE_GROUPS_MAX - 1];
        bool is_newer = entry->change.unix_ms > last->change.unix_ms;
        d->more_count += is_newer ? last->host_count : 1;
        if (!is_newer) return;
        d->group_count--;
    }
    d->groups[d->group_count] = (struct pl_change_group){entry->change, 1, 1, {entry->host}};
    sort_in(d, d->group_count++);
}

void pl_changes_digest(const struct pl_changes *c, const struct pl_fleet *f, uint32_t pool,
                       int64_t now_unix_ms, struct pl_change_digest *out)
{
    PL_ASSERT(pool < f->pool_count);
    out->group_count = out->more_count = 0;
    for (uint32_t i = f->pools[pool].first_host; i != PL_NO_INDEX; i = f->hosts[i].next_peer) {
        const struct pl_change_entry *entry = NULL;
        while ((entry = pl_changes_next(c, &f->hosts[i], entry)))
            if (pl_change_is_shown(&entry->change, now_unix_ms)) group_in(out, entry);
    }
}

/* ---- of facts ---- */

static void cores_write(int64_t millicores, char out[PL_CHANGE_VALUE_MAX + 1])
{
    struct pl_text t = pl_text_init(out, PL_CHANGE_VALUE_MAX + 1);
    pl_text_fixed(&t, millicores, 1000);
}

/* "512 MiB", "7.5 GiB" */
static void memory_write(int64_t kib, char out[PL_CHANGE_VALUE_MAX + 1])
{
    enum { MIB_KIB = 1024, GIB_KIB = 1024 * 1024 };
    struct pl_text t = pl_text_init(out, PL_CHANGE_VALUE_MAX + 1);
    if (kib < GIB_KIB)
        pl_text_i64(&t, kib / MIB_KIB);
    else
        pl_text_fixed(&t, kib / (GIB_KIB / 10), 10);
    pl_text_str(&t, kib < GIB_KIB ? " MiB" : " GiB");
}

/* What may be used: all of it, or what a control group allows. -1: not known. */
static int64_t cores_of(const struct pl_fact_value *facts)
{
    int64_t cores = facts[PL_FACT_CORES].value, limit = facts[PL_FACT_CPU_LIMIT].value;
    if (cores <= 0 || cores > INT64_MAX / 1000) return -1;
    return limit > 0 ? PL_MIN(limit, cores * 1000) : cores * 1000;
}

static int64_t memory_of(const struct pl_fact_value *facts)
{
    int64_t memory = facts[PL_FACT_MEMORY].value, limit = facts[PL_FACT_MEMORY_LIMIT].value;
    return memory > 0 && limit > 0 ? PL_MIN(limit, memory) : memory;
}

size_t pl_changes_of_facts(const struct pl_fact_value *before, const struct pl_fact_value *after,
                           int64_t at_unix_ms, struct pl_change out[PL_CHANGES_OF_FACTS])
{
    enum { KERNEL_SHARE = 32 }; // another kernel keeps a little more or less memory to itself
    int64_t started_s = after[PL_FACT_STARTED].value, was_s = before[PL_FACT_STARTED].value;
    int64_t cores = cores_of(after), old_cores = cores_of(before);
    int64_t memory = memory_of(after), old_memory = memory_of(before);
    size_t n = 0;
    bool is_sane = was_s > 0 && started_s > was_s && started_s <= PL_UNIX_MS_MAX / 1000;
    if (is_sane && started_s - was_s > PL_CHANGES_START_MS / 1000) {
        at_unix_ms = started_s * 1000;
        out[n++] = (struct pl_change){PL_CHANGE_BOOTED, at_unix_ms, 1, "", "", ""};
    }
    if (cores > 0 && old_cores > 0 && cores != old_cores) {
        out[n] = (struct pl_change){PL_CHANGE_CORES, at_unix_ms, 1, "", "", ""};
        cores_write(old_cores, out[n].before);
        cores_write(cores, out[n++].after);
    }
    int64_t apart = memory > old_memory ? memory - old_memory : old_memory - memory;
    if (memory > 0 && old_memory > 0 && apart > old_memory / KERNEL_SHARE) {
        out[n] = (struct pl_change){PL_CHANGE_MEMORY, at_unix_ms, 1, "", "", ""};
        memory_write(old_memory, out[n].before);
        memory_write(memory, out[n++].after);
    }
    return n;
}
