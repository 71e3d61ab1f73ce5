/* write_queue.h - writes on their way to Redis, in order, until they are durable.
 *
 *     push -> WAITING --sent--> SENT --replied--> REPLIED --settle--> (durable, gone)
 *                ^               |                   |
 *                +--- requeue ---+-------------------+      the connection was lost: all again
 *
 * Entries keep their order through all of this, so what is written last wins in Redis too. An entry
 * belongs to an owner (a host); when memory is full the owner of the oldest entry loses all of its
 * entries, since keeping later ones would acknowledge what is missing.
 *
 * Memory is one block of fixed size; its pages are touched only as they are first used. No I/O. */
#pragma once

#include "collector/codec/keys.h"
#include "common/base/base.h"
#include "common/base/slots.h"
#include "common/base/span.h"
#include "common/wire/hello.h"

#define PL_WRITE_NONE UINT32_MAX

enum { PL_WRITE_BYTES_MAX = 160 * 1024 };

enum pl_write_kind {
    PL_WRITE_CHUNK,  // samples
    PL_WRITE_ROLLUP, // rows
    PL_WRITE_RECORD, // host, alert or page
    PL_WRITE_CHANGE, // what changed on a host, or was learned of it
};

struct pl_write {
    enum pl_write_kind kind;
    uint32_t owner;                // below owner_max, or PL_WRITE_NONE: can never be dropped
    uint32_t host;                 // whose it is
    uint32_t ttl_s;                // of the key; 0: lives until deleted
    enum pl_resolution resolution; // of a chunk or rows
    int64_t first_unix_ms;         // likewise
    struct pl_boot_id boot_id;     // of a chunk
    uint64_t last_seq;             // likewise
    struct pl_slot_id page;        // a page's intent; index PL_WRITE_NONE: none
    uint32_t ticket;               // somebody waits for this record; PL_WRITE_NONE: nobody
    struct pl_span key, field;     // together with the value at most PL_WRITE_BYTES_MAX
    struct pl_span value;          // empty: delete the field
};

/* Names an entry; of no use once the entry is gone. */
struct pl_write_id {
    uint32_t index;
    uint64_t serial;
};

enum pl_write_state { PL_WRITE_WAITING, PL_WRITE_SENT, PL_WRITE_REPLIED, PL_WRITE_STATES };

struct pl_write_list {
    uint32_t first, last, count;
};

struct pl_write_queue {
    struct pl_write_entry *entries;
    struct pl_write_block *blocks;
    uint32_t entry_max, block_max;
    uint32_t entry_used, block_used; // in use now
    uint32_t entry_top, block_top;   // ever used: what lies beyond is untouched
    uint32_t entry_free, block_free; // lists of given back ones
    uint64_t serial;
    struct pl_write_list list[PL_WRITE_STATES];
    struct pl_write_list *owners; // owner_max lists, through the entries
    uint32_t owner_max;
};

/* 0 or -ENOMEM. `bytes` is at least 1 MiB. */
PL_MUST_CHECK int pl_write_queue_init(struct pl_write_queue *q, size_t bytes, uint32_t owner_max);
void pl_write_queue_fini(struct pl_write_queue *q);

/* Copy `write` to the end. PL_E_FULL, and nothing has changed; `id` may be NULL. */
PL_MUST_CHECK int pl_write_queue_push(struct pl_write_queue *q, const struct pl_write *write,
                                      int64_t now_mono_ms, struct pl_write_id *id);
/* Replace an entry that still waits: take it out. False if it is gone or under way already. */
bool pl_write_queue_cancel(struct pl_write_queue *q, struct pl_write_id id);
/* Change the value of the waiting entry with that key and field, if there is one. A waiting intent
 * of a page is left alone: somebody waits for it. PL_E_NOT_FOUND, PL_E_FULL. */
PL_MUST_CHECK int pl_write_queue_replace(struct pl_write_queue *q, const struct pl_write *write);

/* The first waiting entry: 0 and `*out`, whose spans are copied into `buf` (PL_WRITE_BYTES_MAX);
 * PL_E_NOT_FOUND. It then counts as sent only after _sent(). */
PL_MUST_CHECK int pl_write_queue_next(const struct pl_write_queue *q, uint8_t *buf,
                                      struct pl_write *out);
void pl_write_queue_sent(struct pl_write_queue *q);
/* Redis confirmed the oldest sent entry. True and `*out` (without its spans), or false if it was
 * dropped meanwhile. */
bool pl_write_queue_replied(struct pl_write_queue *q, int64_t now_mono_ms, struct pl_write *out);
/* Take out the oldest entry if it was confirmed at or before `until_mono_ms`. */
bool pl_write_queue_settle(struct pl_write_queue *q, int64_t until_mono_ms, struct pl_write *out);

/* Sent entries wait again, before the others: Redis refused one of them. */
void pl_write_queue_requeue_sent(struct pl_write_queue *q);
/* Everything waits again: the connection is gone. */
void pl_write_queue_requeue(struct pl_write_queue *q);

/* Owner of the oldest entry that has one, or PL_WRITE_NONE. */
uint32_t pl_write_queue_oldest_owner(const struct pl_write_queue *q);
/* Drop all entries of an owner; how many. What is under way is dropped when its reply comes. */
uint32_t pl_write_queue_drop(struct pl_write_queue *q, uint32_t owner);

uint32_t pl_write_queue_count(const struct pl_write_queue *q, enum pl_write_state state);
size_t pl_write_queue_bytes(const struct pl_write_queue *q);
size_t pl_write_queue_bytes_max(const struct pl_write_queue *q);
/* When the oldest entry was pushed; -1 if there is none. */
int64_t pl_write_queue_oldest_mono_ms(const struct pl_write_queue *q);
