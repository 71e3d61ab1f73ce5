#include "collector/core/incident/cases.h"

#include "common/base/err.h"

/* A place for one more: empty, or of the one that was closed longest ago; PL_NO_INDEX. */
static uint32_t find_place(const struct pl_cases *cases)
{
    uint32_t best = PL_NO_INDEX;
    for (uint32_t i = 0; i < PL_CASES_MAX; i++) {
        const struct pl_case *c = &cases->items[i];
        if (!c->used) return i;
        if (c->open) continue;
        if (best == PL_NO_INDEX || c->closed_unix_ms < cases->items[best].closed_unix_ms) best = i;
    }
    return best;
}

int pl_cases_open(struct pl_cases *cases, const struct pl_case_opening *opening,
                  int64_t now_unix_ms, uint32_t *index, struct pl_case_dropped *dropped)
{
    uint32_t place = find_place(cases);
    *dropped = (struct pl_case_dropped){0};
    if (place == PL_NO_INDEX) return PL_E_FULL;
    struct pl_case *c = &cases->items[place];
    if (c->used) {
        dropped->id = c->id;
        dropped->update_count = c->update_count;
        for (uint32_t i = 0; i < c->update_count; i++) dropped->updates[i] = c->updates[i].number;
    }
    pl_case_init(c, opening, now_unix_ms);
    cases->used_max = PL_MAX(cases->used_max, place + 1);
    *index = place;
    return 0;
}

uint32_t pl_cases_find(const struct pl_cases *cases, const struct pl_name *id)
{
    for (uint32_t i = 0; i < cases->used_max; i++) {
        if (cases->items[i].used && pl_name_eq(&cases->items[i].id, id)) return i;
    }
    return PL_NO_INDEX;
}

/* Nobody may learn from the time that it takes how much of a guess was right. */
static bool is_link(const struct pl_name *link, const struct pl_name *guess)
{
    unsigned differs = link->len ^ guess->len;
    for (size_t i = 0; i < PL_NAME_LEN_MAX; i++) {
        char a = i < link->len ? link->text[i] : '\0', b = i < guess->len ? guess->text[i] : '\0';
        differs |= (unsigned)(uint8_t)(a ^ b);
    }
    return differs == 0;
}

uint32_t pl_cases_find_link(const struct pl_cases *cases, const struct pl_name *link)
{
    uint32_t found = PL_NO_INDEX;
    for (uint32_t i = 0; i < cases->used_max; i++) {
        bool is_it = cases->items[i].used && is_link(&cases->items[i].link, link);
        if (is_it) found = i;
    }
    return found;
}

/* A launch on two pools of a case is one piece of news. */
static bool is_repeated(const struct pl_case *c, enum pl_case_event_kind kind, struct pl_span text,
                        int64_t at_unix_ms)
{
    const struct pl_case_event *last =
        &c->events[c->event_count - 1]; // there is one: it was opened
    return last->kind == kind && last->at_unix_ms == at_unix_ms && pl_span_is(text, last->text);
}

void pl_cases_hear(struct pl_cases *cases, const struct pl_name *pool, enum pl_case_event_kind kind,
                   struct pl_span text, int64_t at_unix_ms)
{
    for (uint32_t i = 0; i < cases->used_max; i++) {
        struct pl_case *c = &cases->items[i];
        if (!c->used || !c->open || !pl_case_concerns(c, pool)) continue;
        if (at_unix_ms < c->opened_unix_ms) continue;
        if (!is_repeated(c, kind, text, at_unix_ms))
            pl_case_log(c, kind, (struct pl_span){0}, text, at_unix_ms);
    }
}

bool pl_cases_want(const struct pl_cases *cases, const struct pl_alert *alert, int64_t after_ms,
                   int64_t now_unix_ms)
{
    if (after_ms == 0 || !pl_alert_pages(alert)) return false;
    if (now_unix_ms - alert->opened_unix_ms < after_ms) return false;
    for (uint32_t i = 0; i < cases->used_max; i++) {
        const struct pl_case *c = &cases->items[i];
        if (!c->used || !pl_case_concerns(c, &alert->pool)) continue;
        bool is_same = c->alert_unix_ms == alert->opened_unix_ms && c->rule == alert->rule;
        if (c->open || is_same) return false;
    }
    return true;
}

int pl_cases_restore(struct pl_cases *cases, const struct pl_case *c)
{
    if (pl_cases_find(cases, &c->id) != PL_NO_INDEX) return 0;
    uint32_t place = find_place(cases);
    if (place == PL_NO_INDEX || cases->items[place].used) return PL_E_FULL;
    cases->items[place] = *c;
    cases->used_max = PL_MAX(cases->used_max, place + 1);
    return 0;
}

int pl_cases_restore_update(struct pl_cases *cases, const struct pl_name *id,
                            const struct pl_case_update *update)
{
    uint32_t index = pl_cases_find(cases, id);
    if (index == PL_NO_INDEX) return PL_E_NOT_FOUND;
    struct pl_case *c = &cases->items[index];
    if (pl_case_update_find(c, update->number)) return 0;
    if (c->update_count == PL_CASE_UPDATES_MAX) return PL_E_FULL;
    uint32_t at = c->update_count;
    while (at > 0 && c->updates[at - 1].number > update->number) at--;
    memmove(&c->updates[at + 1], &c->updates[at], (c->update_count - at) * sizeof c->updates[0]);
    c->updates[at] = *update;
    c->updates[at].durable = true;
    c->update_count++;
    c->last_update = PL_MAX(c->last_update, update->number);
    return 0;
}
