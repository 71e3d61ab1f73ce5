#include "collector/io/write_queue.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/name.h"

#include <errno.h>
#include <stdlib.h>

enum { BLOCK_DATA = 252, BYTES_MIN = 1024 * 1024 };

struct pl_write_block {
    uint32_t next;
    uint8_t data[BLOCK_DATA];
};

struct pl_write_entry {
    struct pl_write write; // its spans have lengths only
    uint64_t key_hash;     // of key and field
    uint64_t serial;       // 0: free
    int64_t pushed_mono_ms, replied_mono_ms;
    uint32_t first_block;
    uint32_t prev, next; // in the list of its state, or the free list
    uint32_t owner_prev, owner_next;
    enum pl_write_state state;
    bool dropped; // SENT, and of no interest any more
};

int pl_write_queue_init(struct pl_write_queue *q, size_t bytes, uint32_t owner_max)
{
    PL_ASSERT(bytes >= BYTES_MIN);
    // Records take two or three blocks, chunks more: half as many entries as blocks never run out.
    size_t pair = 2 * sizeof(struct pl_write_block) + sizeof(struct pl_write_entry);
    size_t entry_max = PL_MIN(bytes / pair, UINT32_MAX / 4);
    *q = (struct pl_write_queue){.entry_max = (uint32_t)entry_max,
                                 .block_max = (uint32_t)(2 * entry_max),
                                 .entry_free = PL_WRITE_NONE,
                                 .block_free = PL_WRITE_NONE,
                                 .owner_max = owner_max};
    q->entries = calloc(q->entry_max, sizeof q->entries[0]);
    q->blocks = calloc(q->block_max, sizeof q->blocks[0]);
    q->owners = calloc(owner_max > 0 ? owner_max : 1, sizeof q->owners[0]);
    if (!q->entries || !q->blocks || !q->owners) {
        pl_write_queue_fini(q);
        return -ENOMEM;
    }
    for (size_t i = 0; i < PL_WRITE_STATES; i++) {
        q->list[i] = (struct pl_write_list){PL_WRITE_NONE, PL_WRITE_NONE, 0};
    }
    for (uint32_t i = 0; i < owner_max; i++) {
        q->owners[i] = (struct pl_write_list){PL_WRITE_NONE, PL_WRITE_NONE, 0};
    }
    return 0;
}

void pl_write_queue_fini(struct pl_write_queue *q)
{
    free(q->entries);
    free(q->blocks);
    free(q->owners);
    *q = (struct pl_write_queue){0};
}

/* ---- blocks ---- */

static size_t bytes_of(const struct pl_write *write)
{
    return write->key.len + write->field.len + write->value.len;
}

static uint32_t blocks_for(size_t len)
{
    return (uint32_t)((len + BLOCK_DATA - 1) / BLOCK_DATA);
}

static uint32_t take_block(struct pl_write_queue *q)
{
    uint32_t index = q->block_free;
    if (index != PL_WRITE_NONE)
        q->block_free = q->blocks[index].next;
    else
        index = q->block_top++;
    q->block_used++;
    q->blocks[index].next = PL_WRITE_NONE;
    return index;
}

static void give_blocks(struct pl_write_queue *q, uint32_t index)
{
    while (index != PL_WRITE_NONE) {
        uint32_t next = q->blocks[index].next;
        q->blocks[index].next = q->block_free;
        q->block_free = index;
        q->block_used--;
        index = next;
    }
}

/* Store the spans one after the other; the caller has checked that there is room. */
static uint32_t store_bytes(struct pl_write_queue *q, const struct pl_write *write)
{
    const struct pl_span spans[] = {write->key, write->field, write->value};
    uint32_t first = take_block(q), block = first;
    size_t used = 0;
    for (size_t i = 0; i < PL_LEN(spans); i++) {
        for (size_t at = 0; at < spans[i].len;) {
            if (used == BLOCK_DATA) {
                uint32_t next = take_block(q);
                q->blocks[block].next = next;
                block = next;
                used = 0;
            }
            size_t part = PL_MIN(spans[i].len - at, BLOCK_DATA - used);
            memcpy(q->blocks[block].data + used, spans[i].ptr + at, part);
            used += part;
            at += part;
        }
    }
    return first;
}

static void load_bytes(const struct pl_write_queue *q, uint32_t block, uint8_t *buf, size_t len)
{
    for (size_t at = 0; at < len; at += BLOCK_DATA) {
        memcpy(buf + at, q->blocks[block].data, PL_MIN(len - at, (size_t)BLOCK_DATA));
        block = q->blocks[block].next;
    }
}

static bool has_room(const struct pl_write_queue *q, size_t len)
{
    return q->entry_used < q->entry_max && blocks_for(len) <= q->block_max - q->block_used;
}

/* ---- lists ---- */

static void append(struct pl_write_queue *q, enum pl_write_state state, uint32_t index)
{
    struct pl_write_list *list = &q->list[state];
    struct pl_write_entry *e = &q->entries[index];
    e->state = state;
    e->prev = list->last;
    e->next = PL_WRITE_NONE;
    if (list->last == PL_WRITE_NONE)
        list->first = index;
    else
        q->entries[list->last].next = index;
    list->last = index;
    list->count++;
}

static void unlink_entry(struct pl_write_queue *q, uint32_t index)
{
    struct pl_write_entry *e = &q->entries[index];
    struct pl_write_list *list = &q->list[e->state];
    if (e->prev == PL_WRITE_NONE)
        list->first = e->next;
    else
        q->entries[e->prev].next = e->next;
    if (e->next == PL_WRITE_NONE)
        list->last = e->prev;
    else
        q->entries[e->next].prev = e->prev;
    list->count--;
}

static void owner_append(struct pl_write_queue *q, uint32_t index)
{
    struct pl_write_entry *e = &q->entries[index];
    e->owner_prev = e->owner_next = PL_WRITE_NONE;
    if (e->write.owner == PL_WRITE_NONE) return;
    struct pl_write_list *list = &q->owners[e->write.owner];
    e->owner_prev = list->last;
    if (list->last == PL_WRITE_NONE)
        list->first = index;
    else
        q->entries[list->last].owner_next = index;
    list->last = index;
    list->count++;
}

static void owner_unlink(struct pl_write_queue *q, uint32_t index)
{
    struct pl_write_entry *e = &q->entries[index];
    if (e->write.owner == PL_WRITE_NONE) return;
    struct pl_write_list *list = &q->owners[e->write.owner];
    if (e->owner_prev == PL_WRITE_NONE)
        list->first = e->owner_next;
    else
        q->entries[e->owner_prev].owner_next = e->owner_next;
    if (e->owner_next == PL_WRITE_NONE)
        list->last = e->owner_prev;
    else
        q->entries[e->owner_next].owner_prev = e->owner_prev;
    list->count--;
}

static void remove_entry(struct pl_write_queue *q, uint32_t index)
{
    struct pl_write_entry *e = &q->entries[index];
    unlink_entry(q, index);
    if (!e->dropped) owner_unlink(q, index);
    give_blocks(q, e->first_block);
    e->serial = 0;
    e->next = q->entry_free;
    q->entry_free = index;
    q->entry_used--;
}

/* ---- what users do ---- */

static uint64_t hash_of(const struct pl_write *write)
{
    return pl_hash_bytes(write->key) * 31 + pl_hash_bytes(write->field);
}

int pl_write_queue_push(struct pl_write_queue *q, const struct pl_write *write, int64_t now_mono_ms,
                        struct pl_write_id *id)
{
    PL_ASSERT(write->owner == PL_WRITE_NONE || write->owner < q->owner_max);
    PL_ASSERT(bytes_of(write) > 0 && bytes_of(write) <= PL_WRITE_BYTES_MAX);
    if (!has_room(q, bytes_of(write))) return PL_E_FULL;
    uint32_t index = q->entry_free;
    if (index != PL_WRITE_NONE)
        q->entry_free = q->entries[index].next;
    else
        index = q->entry_top++;
    q->entry_used++;
    struct pl_write_entry *e = &q->entries[index];
    *e = (struct pl_write_entry){.write = *write,
                                 .key_hash = hash_of(write),
                                 .serial = ++q->serial,
                                 .pushed_mono_ms = now_mono_ms,
                                 .first_block = store_bytes(q, write)};
    append(q, PL_WRITE_WAITING, index);
    owner_append(q, index);
    if (id) *id = (struct pl_write_id){index, e->serial};
    return 0;
}

bool pl_write_queue_cancel(struct pl_write_queue *q, struct pl_write_id id)
{
    if (id.serial == 0 || q->entries[id.index].serial != id.serial) return false;
    if (q->entries[id.index].state != PL_WRITE_WAITING) return false;
    remove_entry(q, id.index);
    return true;
}

int pl_write_queue_replace(struct pl_write_queue *q, const struct pl_write *write)
{
    uint64_t hash = hash_of(write);
    uint32_t index = q->list[PL_WRITE_WAITING].last;
    while (index != PL_WRITE_NONE && q->entries[index].key_hash != hash) {
        index = q->entries[index].prev;
    }
    if (index == PL_WRITE_NONE) return PL_E_NOT_FOUND;
    struct pl_write_entry *e = &q->entries[index];
    if (e->write.page.index != PL_WRITE_NONE || e->write.ticket != PL_WRITE_NONE)
        return PL_E_NOT_FOUND; // somebody waits for this one
    if (!has_room(q, bytes_of(write))) return PL_E_FULL;
    uint32_t old = e->first_block;
    e->first_block = store_bytes(q, write);
    e->write = *write;
    give_blocks(q, old);
    return 0;
}

int pl_write_queue_next(const struct pl_write_queue *q, uint8_t *buf, struct pl_write *out)
{
    uint32_t index = q->list[PL_WRITE_WAITING].first;
    if (index == PL_WRITE_NONE) return PL_E_NOT_FOUND;
    const struct pl_write_entry *e = &q->entries[index];
    struct pl_write write = e->write;
    load_bytes(q, e->first_block, buf, bytes_of(&write));
    write.key.ptr = buf;
    write.field.ptr = buf + write.key.len;
    write.value.ptr = buf + write.key.len + write.field.len;
    *out = write;
    return 0;
}

void pl_write_queue_sent(struct pl_write_queue *q)
{
    uint32_t index = q->list[PL_WRITE_WAITING].first;
    PL_ASSERT(index != PL_WRITE_NONE);
    unlink_entry(q, index);
    append(q, PL_WRITE_SENT, index);
}

bool pl_write_queue_replied(struct pl_write_queue *q, int64_t now_mono_ms, struct pl_write *out)
{
    uint32_t index = q->list[PL_WRITE_SENT].first;
    PL_ASSERT(index != PL_WRITE_NONE);
    struct pl_write_entry *e = &q->entries[index];
    if (e->dropped) {
        remove_entry(q, index);
        return false;
    }
    e->replied_mono_ms = now_mono_ms;
    *out = e->write;
    unlink_entry(q, index);
    append(q, PL_WRITE_REPLIED, index);
    return true;
}

bool pl_write_queue_settle(struct pl_write_queue *q, int64_t until_mono_ms, struct pl_write *out)
{
    uint32_t index = q->list[PL_WRITE_REPLIED].first;
    if (index == PL_WRITE_NONE || q->entries[index].replied_mono_ms > until_mono_ms) return false;
    *out = q->entries[index].write;
    remove_entry(q, index);
    return true;
}

/* Put the entries of `from` in front of the waiting ones, keeping their order. */
static void move_back(struct pl_write_queue *q, enum pl_write_state from)
{
    struct pl_write_list *list = &q->list[from], *waiting = &q->list[PL_WRITE_WAITING];
    for (uint32_t index = list->last, prev; index != PL_WRITE_NONE; index = prev) {
        struct pl_write_entry *e = &q->entries[index];
        prev = e->prev;
        if (e->dropped) {
            remove_entry(q, index);
            continue;
        }
        unlink_entry(q, index);
        e->state = PL_WRITE_WAITING;
        e->prev = PL_WRITE_NONE;
        e->next = waiting->first;
        if (waiting->first == PL_WRITE_NONE)
            waiting->last = index;
        else
            q->entries[waiting->first].prev = index;
        waiting->first = index;
        waiting->count++;
    }
}

void pl_write_queue_requeue_sent(struct pl_write_queue *q)
{
    move_back(q, PL_WRITE_SENT);
}

void pl_write_queue_requeue(struct pl_write_queue *q)
{
    move_back(q, PL_WRITE_SENT);
    move_back(q, PL_WRITE_REPLIED);
}

uint32_t pl_write_queue_oldest_owner(const struct pl_write_queue *q)
{
    static const enum pl_write_state order[] = {PL_WRITE_REPLIED, PL_WRITE_SENT, PL_WRITE_WAITING};
    for (size_t i = 0; i < PL_LEN(order); i++) {
        uint32_t index = q->list[order[i]].first;
        for (; index != PL_WRITE_NONE; index = q->entries[index].next) {
            const struct pl_write_entry *e = &q->entries[index];
            if (!e->dropped && e->write.owner != PL_WRITE_NONE) return e->write.owner;
        }
    }
    return PL_WRITE_NONE;
}

uint32_t pl_write_queue_drop(struct pl_write_queue *q, uint32_t owner)
{
    PL_ASSERT(owner < q->owner_max);
    uint32_t count = 0;
    for (uint32_t index; (index = q->owners[owner].first) != PL_WRITE_NONE; count++) {
        struct pl_write_entry *e = &q->entries[index];
        if (e->state != PL_WRITE_SENT) {
            remove_entry(q, index);
            continue;
        }
        owner_unlink(q, index); // its reply must still find it in its place
        e->dropped = true;
        give_blocks(q, e->first_block);
        e->first_block = PL_WRITE_NONE;
    }
    return count;
}

uint32_t pl_write_queue_count(const struct pl_write_queue *q, enum pl_write_state state)
{
    return q->list[state].count;
}

size_t pl_write_queue_bytes(const struct pl_write_queue *q)
{
    return q->block_used * sizeof(struct pl_write_block) +
           q->entry_used * sizeof(struct pl_write_entry);
}

size_t pl_write_queue_bytes_max(const struct pl_write_queue *q)
{
    return q->block_max * sizeof(struct pl_write_block) +
           q->entry_max * sizeof(struct pl_write_entry);
}

int64_t pl_write_queue_oldest_mono_ms(const struct pl_write_queue *q)
{
    int64_t oldest = -1;
    for (size_t i = 0; i < PL_WRITE_STATES; i++) {
        uint32_t index = q->list[i].first;
        if (index == PL_WRITE_NONE) continue;
        int64_t pushed = q->entries[index].pushed_mono_ms;
        if (oldest < 0 || pushed < oldest) oldest = pushed;
    }
    return oldest;
}
