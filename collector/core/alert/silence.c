#include "collector/core/alert/silence.h"

#include "common/base/err.h"

bool pl_silence_can_raise(enum pl_rule rule)
{
    return rule == PL_RULE_LIMIT || rule == PL_RULE_STALL || rule == PL_RULE_SATURATION ||
           rule == PL_RULE_IMBALANCE;
}

static bool is_sane(const struct pl_silence *s, int64_t now_unix_ms)
{
    bool raises = s->raise_bp != 0;
    return s->ends_unix_ms > s->begins_unix_ms && s->ends_unix_ms > now_unix_ms &&
           s->ends_unix_ms - s->begins_unix_ms <= PL_SILENCE_MAX_S * INT64_C(1000) &&
           s->by[0] != '\0' && (s->any_rule || s->rule < PL_RULE_COUNT) && s->raise_bp >= 0 &&
           (!raises || (!s->any_rule && pl_silence_can_raise(s->rule)));
}

/* Its place, or `count`. */
static uint32_t place_of(const struct pl_silences *s, uint64_t number)
{
    uint32_t i = 0;
    while (i < s->count && s->items[i].number != number) i++;
    return i;
}

const struct pl_silence *pl_silences_find(const struct pl_silences *s, uint64_t number)
{
    uint32_t place = place_of(s, number);
    return place < s->count ? &s->items[place] : NULL;
}

int pl_silences_put(struct pl_silences *s, const struct pl_silence *silence, int64_t now_unix_ms,
                    uint64_t *number)
{
    if (!is_sane(silence, now_unix_ms)) return PL_E_RANGE;
    uint32_t place = silence->number == 0 ? s->count : place_of(s, silence->number);
    if (place == PL_SILENCES_MAX) return PL_E_FULL; // nothing of that number, and no room
    uint64_t last = 0;
    for (uint32_t i = 0; i < s->count; i++) last = PL_MAX(last, s->items[i].number);
    if (place == s->count) s->count++;
    struct pl_silence *kept = &s->items[place];
    *kept = *silence;
    /* Grows over restarts as long as the clock does. */
    if (kept->number == 0) kept->number = PL_MAX(last + 1, (uint64_t)PL_MAX(now_unix_ms, 1));
    *number = kept->number;
    return 0;
}

bool pl_silences_drop(struct pl_silences *s, uint64_t number)
{
    uint32_t place = place_of(s, number);
    if (place == s->count) return false;
    struct pl_silence *found = &s->items[place];
    memmove(found, found + 1, (s->count - 1 - place) * sizeof *found);
    s->count--;
    return true;
}

/* Does it concern this host of that alert (NULL: one that is not named)? */
static bool matches(const struct pl_silence *s, const struct pl_alert *a,
                    const struct pl_name *host, int64_t now_unix_ms)
{
    return now_unix_ms >= s->begins_unix_ms && now_unix_ms < s->ends_unix_ms &&
           (s->pool.len == 0 || pl_name_eq(&s->pool, &a->pool)) &&
           (s->any_rule || s->rule == a->rule) &&
           (s->host.len == 0 || (host && pl_name_eq(&s->host, host))) &&
           (s->raise_bp == 0 || a->finding.value_bp < s->raise_bp);
}

static struct pl_silence *longest(struct pl_silences *s, const struct pl_alert *a,
                                  const struct pl_name *host, int64_t now_unix_ms)
{
    struct pl_silence *best = NULL;
    for (uint32_t i = 0; i < s->count; i++) {
        struct pl_silence *one = &s->items[i];
        if (!matches(one, a, host, now_unix_ms)) continue;
        if (!best || one->ends_unix_ms > best->ends_unix_ms) best = one;
    }
    return best;
}

struct pl_silence *pl_silences_cover(struct pl_silences *s, const struct pl_alert *a,
                                     int64_t now_unix_ms)
{
    const struct pl_finding *f = &a->finding;
    struct pl_silence *last = s->count == 0 ? NULL : longest(s, a, NULL, now_unix_ms);
    if (s->count == 0 || last || f->host_count != f->named_count) return last;
    for (uint32_t i = 0; i < f->named_count; i++) {
        struct pl_silence *one = longest(s, a, &f->hosts[i], now_unix_ms);
        if (!one) return NULL;
        if (!last || one->ends_unix_ms > last->ends_unix_ms) last = one;
    }
    return last;
}

const struct pl_silence *pl_silences_over(const struct pl_silences *s, int64_t now_unix_ms)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (now_unix_ms >= s->items[i].ends_unix_ms) return &s->items[i];
    }
    return NULL;
}
