#include "collector/core/incident/case.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"

#include <assert.h>
#include <string.h>

#define WORD(id, word) word,
static const char *const phase_words[] = {PL_CASE_PHASE_LIST(WORD)};
static const char *const impact_words[] = {PL_CASE_IMPACT_LIST(WORD)};
static const char *const event_words[] = {PL_CASE_EVENT_LIST(WORD)};
#undef WORD
static const char *const channel_words[] = {"webhook", "email"};
static_assert(PL_LEN(channel_words) == PL_CASE_CHANNEL_COUNT, "a word each");

const char *pl_case_phase_word(enum pl_case_phase phase)
{
    PL_ASSERT(phase < PL_CASE_PHASE_COUNT);
    return phase_words[phase];
}

const char *pl_case_impact_word(enum pl_case_impact impact)
{
    PL_ASSERT(impact < PL_CASE_IMPACT_COUNT);
    return impact_words[impact];
}

const char *pl_case_event_word(enum pl_case_event_kind kind)
{
    PL_ASSERT(kind < PL_CASE_EVENT_COUNT);
    return event_words[kind];
}

const char *pl_case_channel_word(enum pl_case_channel channel)
{
    PL_ASSERT(channel < PL_CASE_CHANNEL_COUNT);
    return channel_words[channel];
}

void pl_case_copy_lines(char *out, size_t cap, struct pl_span said)
{
    pl_said_copy(out, cap, said);
    for (size_t i = 0; out[i] != '\0'; i++) {
        if (said.ptr[i] == '\n') out[i] = '\n';
    }
}

/* ---- the timeline ---- */

static bool is_collected(enum pl_case_event_kind kind)
{
    return kind == PL_CASE_EVENT_ALERT || kind == PL_CASE_EVENT_CHANGE ||
           kind == PL_CASE_EVENT_LAUNCH;
}

/* What people said, and who was told, is worth more than what can be looked up elsewhere. */
static void drop_event(struct pl_case *c)
{
    uint32_t n = 0;
    while (n < c->event_count && !is_collected(c->events[n].kind)) n++;
    if (n == c->event_count) n = 1; // the opening stays
    c->event_count--;
    c->dropped_events++;
    memmove(&c->events[n], &c->events[n + 1], (c->event_count - n) * sizeof c->events[0]);
}

void pl_case_log(struct pl_case *c, enum pl_case_event_kind kind, struct pl_span by,
                 struct pl_span text, int64_t now_unix_ms)
{
    if (c->event_count == PL_CASE_EVENTS_MAX) drop_event(c);
    struct pl_case_event *event = &c->events[c->event_count++];
    *event = (struct pl_case_event){.at_unix_ms = now_unix_ms, .kind = kind};
    pl_said_copy(event->by, sizeof event->by, by);
    pl_said_copy(event->text, sizeof event->text, text);
    c->dirty = true;
}

void pl_case_init(struct pl_case *c, const struct pl_case_opening *opening, int64_t now_unix_ms)
{
    PL_ASSERT(opening->pool_count >= 1 && opening->pool_count <= PL_CASE_POOLS_MAX);
    *c = (struct pl_case){.used = true,
                          .open = true,
                          .id = opening->id,
                          .link = opening->link,
                          .customer = opening->customer,
                          .pool_count = opening->pool_count,
                          .opened_unix_ms = now_unix_ms};
    memcpy(c->pools, opening->pools, opening->pool_count * sizeof c->pools[0]);
    pl_said_copy(c->title, sizeof c->title, opening->title);
    pl_said_copy(c->opened_by, sizeof c->opened_by, opening->by);
    pl_said_copy(c->owner, sizeof c->owner, opening->owner);
    if (opening->alert) {
        struct pl_text id = pl_text_init(c->alert, sizeof c->alert);
        pl_text_str(&id, pl_rule_name(opening->alert->rule));
        pl_text_char(&id, '/');
        pl_text_span(&id, pl_name_span(&opening->alert->pool));
        c->rule = opening->alert->rule;
        c->alert_unix_ms = opening->alert->opened_unix_ms;
    }
    pl_case_log(c, PL_CASE_EVENT_OPENED, opening->by, opening->title, now_unix_ms);
}

/* ---- what people do ---- */

int pl_case_note(struct pl_case *c, struct pl_span by, struct pl_span text, int64_t now_unix_ms)
{
    if (!c->open) return PL_E_STATE;
    pl_case_log(c, PL_CASE_EVENT_NOTE, by, text, now_unix_ms);
    return 0;
}

int pl_case_own(struct pl_case *c, struct pl_span by, struct pl_span owner, int64_t now_unix_ms)
{
    if (!c->open) return PL_E_STATE;
    pl_said_copy(c->owner, sizeof c->owner, owner);
    c->reminder.tried = 0; // whoever has it now is asked from the first contact on
    pl_case_log(c, PL_CASE_EVENT_OWNER, by, owner, now_unix_ms);
    return 0;
}

int pl_case_know(struct pl_case *c, struct pl_span by, struct pl_span text, int64_t now_unix_ms)
{
    if (!c->open) return PL_E_STATE;
    pl_case_copy_lines(c->known, sizeof c->known, text);
    pl_case_log(c, PL_CASE_EVENT_KNOWN, by, text, now_unix_ms);
    return 0;
}

int pl_case_save_draft(struct pl_case *c, struct pl_span by, const struct pl_case_words *words,
                       int64_t next_ms, int64_t now_unix_ms)
{
    bool may_end = next_ms == 0 && words->phase == PL_CASE_RESOLVED;
    bool in_range = next_ms >= PL_CASE_NEXT_MIN_MS && next_ms <= PL_CASE_NEXT_MAX_MS;
    if (!c->open) return PL_E_STATE;
    if (words->title[0] == '\0' || words->text[0] == '\0' || !(in_range || may_end))
        return PL_E_RANGE;
    c->draft = (struct pl_case_draft){.revision = c->draft.revision + 1,
                                      .waits = true,
                                      .words = *words,
                                      .next_ms = next_ms,
                                      .at_unix_ms = now_unix_ms};
    pl_said_copy(c->draft.by, sizeof c->draft.by, by);
    c->dirty = true;
    return 0;
}

int pl_case_publish(struct pl_case *c, struct pl_span by, uint32_t revision, int64_t now_unix_ms)
{
    if (!c->open) return PL_E_STATE;
    if (!c->draft.waits) return PL_E_NOT_FOUND;
    if (c->draft.revision != revision) return PL_E_DUPLICATE;
    if (c->update_count > 0 && !c->updates[c->update_count - 1].durable) return PL_E_FULL;
    if (c->update_count == PL_CASE_UPDATES_MAX) {
        c->update_count--;
        memmove(&c->updates[0], &c->updates[1], c->update_count * sizeof c->updates[0]);
    }
    struct pl_case_update *update = &c->updates[c->update_count++];
    *update = (struct pl_case_update){
        .number = ++c->last_update,
        .words = c->draft.words,
        .at_unix_ms = now_unix_ms,
        .next_unix_ms = c->draft.next_ms > 0 ? now_unix_ms + c->draft.next_ms : 0,
    };
    pl_said_copy(update->by, sizeof update->by, by);
    c->draft.waits = false;
    c->unwritten = true;
    c->reminder = (struct pl_case_reminder){.for_unix_ms = c->reminder.for_unix_ms,
                                            .busy = c->reminder.busy,
                                            .asked_unix_ms = c->reminder.asked_unix_ms};
    pl_case_log(c, PL_CASE_EVENT_PUBLISHED, by, pl_span_of(pl_case_phase_word(update->words.phase)),
                now_unix_ms);
    return 0;
}

void pl_case_written(struct pl_case *c, uint32_t update)
{
    for (uint32_t i = 0; i < c->update_count; i++)
        c->updates[i].durable |= c->updates[i].number <= update;
}

int pl_case_close(struct pl_case *c, struct pl_span by, int64_t now_unix_ms)
{
    if (!c->open) return PL_E_STATE;
    bool owes_end =
        c->update_count > 0 && c->updates[c->update_count - 1].words.phase != PL_CASE_RESOLVED;
    if (owes_end) return PL_E_STATE;
    c->open = false;
    c->closed_unix_ms = now_unix_ms;
    c->draft.waits = false;
    pl_case_log(c, PL_CASE_EVENT_CLOSED, by, (struct pl_span){0}, now_unix_ms);
    return 0;
}

int pl_case_subscribe(struct pl_case *c, const struct pl_case_subscriber *wanted,
                      int64_t now_unix_ms, uint32_t *number)
{
    if (!c->open) return PL_E_STATE;
    if (wanted->address[0] == '\0') return PL_E_RANGE;
    for (uint32_t i = 0; i < c->subscriber_count; i++) {
        const struct pl_case_subscriber *s = &c->subscribers[i];
        if (s->channel == wanted->channel && strcmp(s->address, wanted->address) == 0)
            return PL_E_DUPLICATE;
    }
    if (c->subscriber_count == PL_CASE_SUBSCRIBERS_MAX) return PL_E_FULL;
    struct pl_case_subscriber *s = &c->subscribers[c->subscriber_count++];
    *s = *wanted;
    s->number = ++c->last_subscriber;
    s->told = c->last_update;
    s->busy = false;
    s->attempts = 0;
    s->due_mono_ms = 0;
    *number = s->number;
    pl_case_log(c, PL_CASE_EVENT_SUBSCRIBED, pl_span_of(wanted->by), pl_span_of(s->address),
                now_unix_ms);
    return 0;
}

int pl_case_unsubscribe(struct pl_case *c, struct pl_span by, uint32_t number, int64_t now_unix_ms)
{
    if (!c->open) return PL_E_STATE;
    struct pl_case_subscriber *s = pl_case_subscriber_find(c, number);
    if (!s) return PL_E_NOT_FOUND;
    pl_case_log(c, PL_CASE_EVENT_UNSUBSCRIBED, by, pl_span_of(s->address), now_unix_ms);
    uint32_t n = (uint32_t)(s - c->subscribers);
    c->subscriber_count--;
    memmove(&c->subscribers[n], &c->subscribers[n + 1],
            (c->subscriber_count - n) * sizeof c->subscribers[0]);
    return 0;
}

/* ---- looking ---- */

const struct pl_case_update *pl_case_newest(const struct pl_case *c)
{
    for (uint32_t i = c->update_count; i > 0; i--) {
        if (c->updates[i - 1].durable) return &c->updates[i - 1];
    }
    return NULL;
}

const struct pl_case_update *pl_case_update_find(const struct pl_case *c, uint32_t number)
{
    for (uint32_t i = 0; i < c->update_count; i++) {
        if (c->updates[i].number == number) return &c->updates[i];
    }
    return NULL;
}

struct pl_case_subscriber *pl_case_subscriber_find(struct pl_case *c, uint32_t number)
{
    for (uint32_t i = 0; i < c->subscriber_count; i++) {
        if (c->subscribers[i].number == number) return &c->subscribers[i];
    }
    return NULL;
}

int64_t pl_case_next_due(const struct pl_case *c)
{
    if (!c->open) return 0;
    if (c->update_count == 0) return c->opened_unix_ms + PL_CASE_FIRST_MS;
    return c->updates[c->update_count - 1].next_unix_ms;
}

bool pl_case_concerns(const struct pl_case *c, const struct pl_name *pool)
{
    for (uint32_t i = 0; i < c->pool_count; i++) {
        if (pl_name_eq(&c->pools[i], pool)) return true;
    }
    return false;
}
