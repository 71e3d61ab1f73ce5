#include "collector/core/incident/telling.h"

#include "common/base/assert.h"
#include "common/base/text.h"

/* "update 3 to ops@example.org", and why not. */
static void log_telling(struct pl_case *c, const struct pl_case_subscriber *s, const char *why_not,
                        int64_t now_unix_ms)
{
    char line[PL_CASE_EVENT_BYTES];
    struct pl_text t = pl_text_init(line, sizeof line);
    pl_text_str(&t, "update ");
    pl_text_u64(&t, s->told);
    if (why_not) pl_text_str(&t, why_not);
    pl_text_str(&t, " to ");
    pl_text_str(&t, s->address); // a long one is cut
    pl_case_log(c, why_not ? PL_CASE_EVENT_NOT_TOLD : PL_CASE_EVENT_TOLD, (struct pl_span){0},
                pl_text_bytes(&t), now_unix_ms);
}

static void settle(struct pl_case_subscriber *s, uint32_t update)
{
    s->told = PL_MAX(s->told, update);
    s->busy = false;
    s->attempts = 0;
    s->due_mono_ms = 0;
    pl_backoff_reset(&s->backoff);
}

/* The oldest update that is owed and still worth telling; NULL: none. */
static const struct pl_case_update *owed(struct pl_case *c, struct pl_case_subscriber *s,
                                         struct pl_now now)
{
    for (uint32_t i = 0; i < c->update_count; i++) {
        const struct pl_case_update *u = &c->updates[i];
        if (!u->durable || u->number <= s->told) continue;
        if (now.unix_ms - u->at_unix_ms <= PL_CASE_TELL_TTL_MS) return u;
        settle(s, u->number);
        log_telling(c, s, " was not taken in a day", now.unix_ms);
    }
    return NULL;
}

const struct pl_case_subscriber *pl_case_tell(struct pl_case *c, struct pl_now now,
                                              const struct pl_case_update **update)
{
    for (uint32_t i = 0; i < c->subscriber_count; i++) {
        struct pl_case_subscriber *s = &c->subscribers[i];
        if (s->busy || now.mono_ms < s->due_mono_ms) continue;
        const struct pl_case_update *u = owed(c, s, now);
        if (!u) continue;
        s->busy = true;
        s->attempts++;
        *update = u;
        return s;
    }
    return NULL;
}

void pl_case_told(struct pl_case *c, const struct pl_case_telling *telling, struct pl_rng *rng,
                  struct pl_now now)
{
    struct pl_case_subscriber *s = pl_case_subscriber_find(c, telling->subscriber);
    const struct pl_page_result *result = &telling->result;
    if (!s || !s->busy) return;
    if (result->class != PL_RESULT_RETRY) {
        settle(s, telling->update);
        log_telling(c, s, result->class == PL_RESULT_SENT ? NULL : " was refused", now.unix_ms);
        return;
    }
    s->backoff.base_ms = PL_RETRY_BASE_MS;
    s->backoff.cap_ms = PL_RETRY_CAP_MS;
    int64_t wait_ms = pl_backoff_next_ms(&s->backoff, rng);
    if (result->wait_ms >= 0) wait_ms = PL_MIN(result->wait_ms, PL_RETRY_AFTER_MAX_MS);
    s->busy = false;
    s->due_mono_ms = now.mono_ms + wait_ms;
}

bool pl_case_remind(struct pl_case *c, struct pl_now now, uint32_t *nth)
{
    struct pl_case_reminder *r = &c->reminder;
    int64_t due_unix_ms = pl_case_next_due(c);
    bool is_due = due_unix_ms != 0 && now.unix_ms >= due_unix_ms && r->for_unix_ms != due_unix_ms;
    if (!is_due || r->busy || now.mono_ms < r->due_mono_ms) return false;
    r->busy = true;
    r->asked_unix_ms = due_unix_ms;
    *nth = r->tried++;
    return true;
}

void pl_case_reminded(struct pl_case *c, const struct pl_case_reminding *what, struct pl_now now)
{
    struct pl_case_reminder *r = &c->reminder;
    if (!r->busy) return;
    r->busy = false;
    bool gives_up = !what->sent && r->tried >= what->contact_count * PL_CASE_REMIND_ROUNDS;
    if (!what->sent && !gives_up) {
        bool round_is_over = r->tried % what->contact_count == 0;
        r->due_mono_ms = round_is_over ? now.mono_ms + PL_CASE_REMIND_WAIT_MS : now.mono_ms;
        return;
    }
    *r = (struct pl_case_reminder){.for_unix_ms = r->asked_unix_ms};
    char line[PL_CASE_EVENT_BYTES];
    struct pl_text t = pl_text_init(line, sizeof line);
    pl_text_str(&t, c->owner[0] != '\0' ? c->owner : "whoever is on call");
    pl_text_str(&t, what->sent                ? " by "
                    : what->contact_count > 0 ? " could not be reached by "
                                              : ": no way is known");
    if (what->contact_count > 0) pl_text_span(&t, what->contact);
    pl_case_log(c, what->sent ? PL_CASE_EVENT_REMINDED : PL_CASE_EVENT_NOT_REMINDED,
                (struct pl_span){0}, pl_text_bytes(&t), now.unix_ms);
}
