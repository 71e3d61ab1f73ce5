#include "collector/core/alert/outbox.h"

#include "common/base/assert.h"

#include <assert.h>

void pl_outbox_init(struct pl_outbox *o, uint64_t seed)
{
    pl_slots_init(&o->slots, o->generation, o->next_free, PL_OUTBOX_MAX);
    o->live_count = 0;
    memset(o->buckets, 0, sizeof o->buckets);
    o->sending_count = 0;
    memset(o->sending, 0, sizeof o->sending);
    o->crowded = 0;
    o->looking = false;
    o->look_from = 0;
    o->last_number = 0;
    o->next_due_mono_ms = INT64_MAX;
    for (size_t t = 0; t < PL_TARGET_MAX; t++) {
        o->target_wait_mono_ms[t] = o->full_mono_ms[t] = PL_NEVER_MS;
        o->pace[t] = (struct pl_target_pace){0};
    }
    o->rng = pl_rng_init(seed);
}

void pl_outbox_pace(struct pl_outbox *o, uint8_t target, const struct pl_target_pace *pace)
{
    PL_ASSERT(target < PL_TARGET_MAX && (pace->per_minute == 0 || pace->burst > 0));
    o->pace[target] = *pace;
}

static void wake_at(struct pl_outbox *o, int64_t mono_ms)
{
    o->next_due_mono_ms = PL_MIN(o->next_due_mono_ms, mono_ms);
}

/* ---- the index ---- */

static_assert((PL_OUTBOX_BUCKETS & (PL_OUTBOX_BUCKETS - 1)) == 0, "a mask chooses the bucket");
static_assert(PL_OUTBOX_MAX < UINT16_MAX, "a slot and one more fit");

static uint16_t *bucket_of(struct pl_outbox *o, uint8_t target, const struct pl_alert *alert)
{
    uint64_t hash =
        pl_hash_bytes(pl_name_span(&alert->pool)) ^ ((uint64_t)target << 8 | alert->rule);
    hash *= UINT64_C(0x9e3779b97f4a7c15); // Knuth, TAOCP 6.4: multiplicative hashing
    return &o->buckets[hash >> 32 & (PL_OUTBOX_BUCKETS - 1)];
}

static bool is_about(const struct pl_page *page, uint8_t target, const struct pl_alert *alert)
{
    return page->target == target && page->alert.rule == alert->rule &&
           pl_name_eq(&page->alert.pool, &alert->pool);
}

struct pl_page *pl_outbox_find(struct pl_outbox *o, uint8_t target, const struct pl_alert *alert)
{
    for (uint32_t n = *bucket_of(o, target, alert); n != 0; n = o->next_in_bucket[n - 1]) {
        if (is_about(&o->pages[n - 1], target, alert)) return &o->pages[n - 1];
    }
    return NULL;
}

static void index_add(struct pl_outbox *o, const struct pl_page *page)
{
    uint16_t *bucket = bucket_of(o, page->target, &page->alert);
    o->next_in_bucket[page->id.index] = *bucket;
    *bucket = (uint16_t)(page->id.index + 1);
}

static void index_remove(struct pl_outbox *o, const struct pl_page *page)
{
    uint16_t *at = bucket_of(o, page->target, &page->alert);
    while (*at != page->id.index + 1) {
        PL_ASSERT(*at != 0);
        at = &o->next_in_bucket[*at - 1];
    }
    *at = o->next_in_bucket[page->id.index];
}

struct pl_page *pl_outbox_get(struct pl_outbox *o, struct pl_slot_id id)
{
    return pl_slots_live(&o->slots, id) ? &o->pages[id.index] : NULL;
}

static void set_content(struct pl_page *page, const struct pl_alert *alert, struct pl_now now)
{
    page->alert = *alert;
    page->resolved = !pl_alert_pages(alert);
    if (page->resolved && page->alert.state == PL_ALERT_FIRING) {
        page->alert.resolved_unix_ms = now.unix_ms; // lowered: over as far as the pager goes
    }
    page->expires_mono_ms =
        now.mono_ms + (page->resolved ? PL_PAGE_TTL_RESOLVED_MS : PL_PAGE_TTL_FIRING_MS);
}

/* A page in state INTENT that tells of `alert`, last in the list of live ones; the rest is the
 * caller's. NULL when the table is full. */
static struct pl_page *take(struct pl_outbox *o, uint8_t target, const struct pl_alert *alert,
                            struct pl_now now)
{
    struct pl_slot_id id;
    if (!pl_slots_take(&o->slots, &id)) return NULL;
    struct pl_page *page = &o->pages[id.index];
    *page = (struct pl_page){
        .id = id,
        .target = target,
        .state = PL_PAGE_INTENT,
        .backoff = {.base_ms = PL_RETRY_BASE_MS, .cap_ms = PL_RETRY_CAP_MS},
    };
    set_content(page, alert, now);
    o->live[o->live_count++] = id.index;
    index_add(o, page);
    return page;
}

enum pl_tell pl_outbox_tell(struct pl_outbox *o, uint8_t target, const struct pl_alert *alert,
                            struct pl_now now, struct pl_page **page)
{
    PL_ASSERT(target < PL_TARGET_MAX);
    struct pl_page *found = pl_outbox_find(o, target, alert);
    bool knows = (alert->paged >> target & 1) != 0 || (found && found->told);
    bool needed = knows || pl_alert_pages(alert);
    if (found) {
        if (found->state > PL_PAGE_READY) return PL_TELL_NOTHING;
        if (needed && found->alert.revision == alert->revision) return PL_TELL_NOTHING;
        if (needed) set_content(found, alert, now);
        *page = found;
        return needed ? PL_TELL_CHANGED : PL_TELL_WITHDRAWN;
    }
    if (!needed) return PL_TELL_NOTHING;
    found = take(o, target, alert, now);
    if (!found) return PL_TELL_FULL;
    /* Grows over restarts as long as the clock does not lose more than it gained since. */
    uint64_t by_clock = (uint64_t)PL_MAX(now.unix_ms, 0) * PL_OUTBOX_MAX;
    o->last_number = PL_MAX(o->last_number + 1, by_clock);
    found->number = o->last_number;
    found->created_unix_ms = now.unix_ms;
    found->due_mono_ms = now.mono_ms + PL_PAGE_SAVE_WAIT_MS;
    wake_at(o, found->due_mono_ms);
    *page = found;
    return PL_TELL_ADDED;
}

struct pl_page *pl_outbox_unwanted(struct pl_outbox *o, uint8_t target,
                                   const struct pl_alert *alert)
{
    struct pl_page *found = pl_outbox_find(o, target, alert);
    return found && found->state <= PL_PAGE_READY ? found : NULL;
}

struct pl_page *pl_outbox_restore(struct pl_outbox *o, const struct pl_page *page,
                                  struct pl_now now)
{
    PL_ASSERT(page->target < PL_TARGET_MAX);
    if (pl_outbox_find(o, page->target, &page->alert)) return NULL;
    struct pl_page *restored = take(o, page->target, &page->alert, now);
    if (!restored) return NULL;
    restored->number = page->number;
    o->last_number = PL_MAX(o->last_number, page->number);
    restored->created_unix_ms = page->created_unix_ms;
    restored->attempts = page->attempts;
    restored->last_status = page->last_status;
    restored->told = true; // an attempt may have been under way when the record was last written
    restored->due_mono_ms = now.mono_ms;
    wake_at(o, restored->due_mono_ms);
    return restored;
}

bool pl_outbox_saved(struct pl_outbox *o, struct pl_page *page, struct pl_now now)
{
    if (page->state != PL_PAGE_INTENT) return false;
    page->state = PL_PAGE_READY;
    page->due_mono_ms = now.mono_ms;
    wake_at(o, page->due_mono_ms);
    return true;
}

static int64_t apart_ms(const struct pl_target_pace *pace)
{
    return (60 * 1000 + pace->per_minute - 1) / pace->per_minute;
}

/* When the bucket of its target has something for the page. */
static int64_t paced_mono_ms(const struct pl_outbox *o, const struct pl_page *page)
{
    const struct pl_target_pace *pace = &o->pace[page->target];
    if (pace->per_minute == 0 || o->full_mono_ms[page->target] == PL_NEVER_MS) return PL_NEVER_MS;
    uint32_t ahead = pace->burst - 1;
    if (page->resolved && ahead > 0) ahead--;
    return o->full_mono_ms[page->target] - ahead * apart_ms(pace);
}

static void take_from_bucket(struct pl_outbox *o, uint8_t target, struct pl_now now)
{
    const struct pl_target_pace *pace = &o->pace[target];
    if (pace->per_minute == 0) return;
    o->full_mono_ms[target] = PL_MAX(o->full_mono_ms[target], now.mono_ms) + apart_ms(pace);
}

/* An attempt is over: whoever waited for that may go. */
static void end_sending(struct pl_outbox *o, const struct pl_page *page, struct pl_now now)
{
    PL_ASSERT(o->sending[page->target] > 0 && o->sending_count > 0);
    bool was_full = o->sending_count == PL_PAGES_SENDING_MAX;
    o->sending[page->target]--;
    o->sending_count--;
    uint64_t freed = was_full ? UINT64_MAX : pl_target_bit(page->target);
    if ((o->crowded & freed) != 0) wake_at(o, now.mono_ms);
}

/* True if the page is the caller's now: SENDING or FAILED. */
static bool step_due(struct pl_outbox *o, struct pl_page *page, struct pl_now now)
{
    if (page->state == PL_PAGE_SENDING) {
        static const struct pl_page_result no_answer = {
            .class = PL_RESULT_RETRY, .maybe_delivered = true, .wait_ms = -1};
        (void)pl_outbox_result(o, page, &no_answer, now); // it is SENDING
        return false;
    }
    if (now.mono_ms >= page->expires_mono_ms) {
        page->state = PL_PAGE_FAILED;
        return true;
    }
    int64_t free_mono_ms = PL_MAX(o->target_wait_mono_ms[page->target], paced_mono_ms(o, page));
    if (now.mono_ms < free_mono_ms) {
        page->due_mono_ms = free_mono_ms;
        return false;
    }
    if (o->sending_count == PL_PAGES_SENDING_MAX ||
        o->sending[page->target] == PL_PAGES_SENDING_TARGET_MAX) {
        o->crowded |= pl_target_bit(page->target);
        return false;
    }
    take_from_bucket(o, page->target, now);
    page->state = PL_PAGE_SENDING;
    o->sending[page->target]++;
    o->sending_count++;
    page->attempts++;
    page->due_mono_ms = now.mono_ms + PL_PAGE_ANSWER_WAIT_MS;
    return true;
}

/* The next of this look through all pages. NULL at its end. */
static struct pl_page *look_on(struct pl_outbox *o, struct pl_now now)
{
    while (o->look_from < o->live_count) {
        struct pl_page *page = &o->pages[o->live[o->look_from++]];
        if (page->state == PL_PAGE_SENT || page->state == PL_PAGE_FAILED) continue;
        bool is_callers = page->due_mono_ms <= now.mono_ms && step_due(o, page, now);
        bool waits = page->state < PL_PAGE_SENDING && (o->crowded >> page->target & 1) != 0;
        if (page->state != PL_PAGE_FAILED && !waits)
            o->look_later_mono_ms = PL_MIN(o->look_later_mono_ms, page->due_mono_ms);
        if (is_callers) return page;
    }
    return NULL;
}

struct pl_page *pl_outbox_due(struct pl_outbox *o, struct pl_now now)
{
    while (o->looking || now.mono_ms >= o->next_due_mono_ms) {
        if (!o->looking) {
            o->looking = true;
            o->crowded = 0;
            o->look_from = 0;
            o->next_due_mono_ms = o->look_later_mono_ms = INT64_MAX;
        }
        struct pl_page *page = look_on(o, now);
        if (page) return page;
        o->looking = false;
        wake_at(o, o->look_later_mono_ms);
    }
    return NULL;
}

bool pl_outbox_result(struct pl_outbox *o, struct pl_page *page,
                      const struct pl_page_result *result, struct pl_now now)
{
    if (page->state != PL_PAGE_SENDING) return false;
    end_sending(o, page, now);
    page->last_status = result->status;
    page->last_class = result->class;
    if (result->class == PL_RESULT_SENT || result->maybe_delivered) page->told = true;
    switch (result->class) {
    case PL_RESULT_SENT: page->state = PL_PAGE_SENT; return true;
    case PL_RESULT_REJECT:
    case PL_RESULT_BROKEN: page->state = PL_PAGE_FAILED; return true;
    case PL_RESULT_RETRY: break;
    }
    int64_t wait_ms = pl_backoff_next_ms(&page->backoff, &o->rng);
    if (result->wait_ms >= 0) {
        wait_ms = PL_MIN(result->wait_ms, PL_RETRY_AFTER_MAX_MS);
        o->target_wait_mono_ms[page->target] = now.mono_ms + wait_ms;
    }
    page->state = PL_PAGE_READY;
    page->due_mono_ms = now.mono_ms + wait_ms;
    wake_at(o, page->due_mono_ms);
    return true;
}

void pl_outbox_remove(struct pl_outbox *o, struct pl_page *page)
{
    PL_ASSERT(page->state != PL_PAGE_SENDING);
    uint32_t n = 0;
    while (n < o->live_count && o->live[n] != page->id.index) n++;
    PL_ASSERT(n < o->live_count);
    memmove(&o->live[n], &o->live[n + 1], (o->live_count - n - 1) * sizeof o->live[0]);
    o->live_count--;
    if (n < o->look_from) o->look_from--; // the one that follows it comes next
    index_remove(o, page);
    pl_slots_give(&o->slots, page->id);
}
