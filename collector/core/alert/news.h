/* news.h - what changed and what was launched, on its way to those who show it beside incidents:
 * context that wakes nobody.
 *
 * What happens in one pool within PL_NEWS_GATHER_MS is one piece of news: an upgrade of forty hosts
 * is. It is tried for each target that wants news, one piece at a time, at most one every
 * PL_NEWS_PACE_MS, so that it never takes the rate that pages need; a few times, as the provider
 * asks, and then it is dropped: nobody waits for it, and a restart forgets it. */
#pragma once

#include "collector/core/alert/outbox.h"
#include "common/base/text.h"

enum {
    PL_NEWS_MAX = 32, // pools with news that waits; of a further one it is dropped and counted
    PL_NEWS_TEXT_BYTES = 640,
    PL_NEWS_GATHER_MS = 10 * 1000,
    PL_NEWS_PACE_MS = 10 * 1000,
    PL_NEWS_RETRY_MS = 30 * 1000, // unless the provider says how long
    PL_NEWS_ATTEMPTS_MAX = 4,
    PL_NEWS_OLD_MS = 15 * 60 * 1000, // what happened before is none
};

struct pl_news_item {
    uint64_t waiting; // bit t: target t is to be told; 0: a free place
    struct pl_name pool;
    int64_t first_unix_ms;
    int64_t due_mono_ms;
    uint32_t count, told_count; // what happened; of it, what is in the text
    uint32_t attempts;          // that failed, of all targets together
    char text[PL_NEWS_TEXT_BYTES];
};

struct pl_news {
    uint64_t targets;               // that want news
    uint64_t lost;                  // pieces of news dropped
    uint32_t flying[PL_TARGET_MAX]; // by target: the item it is being told, from 1 on; 0: none
    int64_t free_mono_ms[PL_TARGET_MAX];
    struct pl_news_item items[PL_NEWS_MAX];
};

/* Zeroed memory with `targets` is an empty one. */

/* Something happened in that pool. */
void pl_news_add(struct pl_news *n, const struct pl_name *pool, struct pl_span text,
                 int64_t happened_unix_ms, struct pl_now now);
/* Something to tell now, and whom: an item that stays until it is answered. NULL: nothing. */
const struct pl_news_item *pl_news_due(struct pl_news *n, int64_t now_mono_ms, uint32_t *target);
/* What became of telling that target. True if it is over with an item that was not told. */
bool pl_news_answered(struct pl_news *n, uint32_t target, const struct pl_page_result *result,
                      int64_t now_mono_ms);
