#include "collector/core/alert/news.h"

#include "common/base/assert.h"

/* The one of that pool that still gathers, else a free one, else NULL. */
static struct pl_news_item *place_for(struct pl_news *n, const struct pl_name *pool,
                                      int64_t now_mono_ms)
{
    struct pl_news_item *empty = NULL;
    for (uint32_t i = 0; i < PL_NEWS_MAX; i++) {
        struct pl_news_item *item = &n->items[i];
        bool gathers = item->waiting != 0 && item->attempts == 0 && now_mono_ms < item->due_mono_ms;
        if (gathers && pl_name_eq(&item->pool, pool)) return item;
        if (item->waiting == 0 && !empty) empty = item;
    }
    return empty;
}

void pl_news_add(struct pl_news *n, const struct pl_name *pool, struct pl_span text,
                 int64_t happened_unix_ms, struct pl_now now)
{
    if (n->targets == 0 || now.unix_ms - happened_unix_ms > PL_NEWS_OLD_MS) return;
    struct pl_news_item *item = place_for(n, pool, now.mono_ms);
    if (!item) {
        n->lost++;
        return;
    }
    if (item->waiting == 0)
        *item = (struct pl_news_item){.waiting = n->targets,
                                      .pool = *pool,
                                      .first_unix_ms = happened_unix_ms,
                                      .due_mono_ms = now.mono_ms + PL_NEWS_GATHER_MS};
    item->first_unix_ms = PL_MIN(item->first_unix_ms, happened_unix_ms);
    item->count++;
    size_t len = strlen(item->text);
    struct pl_text t = {.ptr = item->text, .cap = sizeof item->text, .len = len};
    if (len > 0) pl_text_str(&t, "; ");
    pl_text_span(&t, text);
    if (t.overflow)
        item->text[len] = '\0'; // it is only counted
    else
        item->told_count++;
}

const struct pl_news_item *pl_news_due(struct pl_news *n, int64_t now_mono_ms, uint32_t *target)
{
    for (uint32_t i = 0; i < PL_NEWS_MAX; i++) {
        struct pl_news_item *item = &n->items[i];
        if (item->waiting == 0 || now_mono_ms < item->due_mono_ms) continue;
        for (uint32_t t = 0; t < PL_TARGET_MAX; t++) {
            bool wants = (item->waiting & pl_target_bit(t)) != 0;
            if (!wants || n->flying[t] != 0 || now_mono_ms < n->free_mono_ms[t]) continue;
            n->flying[t] = i + 1;
            n->free_mono_ms[t] = now_mono_ms + PL_NEWS_PACE_MS;
            *target = t;
            return item;
        }
    }
    return NULL;
}

bool pl_news_answered(struct pl_news *n, uint32_t target, const struct pl_page_result *result,
                      int64_t now_mono_ms)
{
    PL_ASSERT(target < PL_TARGET_MAX);
    if (n->flying[target] == 0) return false;
    struct pl_news_item *item = &n->items[n->flying[target] - 1];
    n->flying[target] = 0;
    if (result->class == PL_RESULT_SENT) {
        item->waiting &= ~pl_target_bit(target);
        return false;
    }
    bool again = result->class == PL_RESULT_RETRY && ++item->attempts < PL_NEWS_ATTEMPTS_MAX;
    if (!again) {
        item->waiting &= ~pl_target_bit(target);
        n->lost++;
        return true;
    }
    int64_t wait_ms = result->wait_ms >= 0 ? PL_MIN(result->wait_ms, PL_RETRY_AFTER_MAX_MS) : 0;
    n->free_mono_ms[target] = now_mono_ms + PL_MAX(wait_ms, PL_NEWS_RETRY_MS);
    return false;
}
