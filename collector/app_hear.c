/* Hearing who has it: providers that can tell of an acknowledgement are asked while a message of
 * theirs says that an alert fires, and the others are told once somebody has it.
 *
 *     tick -> ask -> webhook -> on_news -> pl_notify_hear -> engine_handle -> SAVE_HANDLING
 *                                       -> thank -> webhook
 *     SAVE_HANDLING -> tell_acknowledged -> webhook -> on_told
 *
 * An acknowledgement has the name of the person whose notifier it is; where several share one, the
 * name the provider gives. That somebody has it is told once and not tried again: it stops a
 * telephone or colours a message, and wakes nobody. */
#include "collector/app_state.h"

#include "collector/codec/notify/reference.h"

enum { RETRY_MS = 15 * 1000, RETRY_MAX_MS = 5 * 60 * 1000 };

/* ---- who ---- */

static struct pl_span who_of(const struct pl_app *app, uint32_t target,
                             const struct pl_notify_heard *heard)
{
    uint16_t person = pl_oncall_owner(app->oncall, target);
    if (person != PL_NOBODY) return pl_name_span(&app->oncall->people[person].name);
    if (heard->who[0] != '\0') return pl_span_of(heard->who);
    return pl_name_span(&app->target_names[target]);
}

/* ---- what was heard ---- */

/* Index of the alert, or PL_NO_INDEX if it is over. */
static uint32_t find_alert(const struct pl_app *app, uint64_t hash, int64_t opened_unix_ms)
{
    for (uint32_t i = 0; i < pl_engine_alert_count(app->engine); i++) {
        const struct pl_alert *alert = pl_engine_alert(app->engine, i);
        if (alert->opened_unix_ms == opened_unix_ms && opened_unix_ms != 0 &&
            pl_notify_alert_hash(alert) == hash)
            return i;
    }
    return PL_NO_INDEX;
}

/* True if somebody has it now. */
static bool acknowledge(struct pl_app *app, uint32_t target, const struct pl_notify_heard *heard)
{
    const struct pl_app_ear *ear = &app->ears[target];
    struct pl_now now = pl_app_now();
    bool named = heard->alert_hash != 0;
    uint32_t alert = named ? find_alert(app, heard->alert_hash, heard->opened_unix_ms)
                           : find_alert(app, ear->alert_hash, ear->opened_unix_ms);
    const struct pl_handle_request request = {.act = PL_HANDLE_ACKNOWLEDGE,
                                              .by = who_of(app, target, heard)};
    if (alert == PL_NO_INDEX || pl_engine_handle(app->engine, alert, &request, now) != 0)
        return false;
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(pl_engine_alert(app->engine, alert), id);
    pl_log(PL_LOG_INFO, "alert_acknowledged", "alert=%s by=\"%.*s\" target=%s", id,
           (int)request.by.len, (const char *)request.by.ptr, app->target_names[target].text);
    pl_app_settle(app, now);
    return true;
}

static void on_thanked(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    const struct pl_app *app = owner;
    if (answer->http_status == 200) return;
    pl_log(PL_LOG_INFO, "thanks_lost", "target=%s", app->target_names[ticket].text);
}

static void thank(struct pl_app *app, uint32_t target, const struct pl_notify_heard *heard,
                  const char *words)
{
    const struct pl_notify_provider *provider = pl_notify_provider(app->targets[target].type);
    if (!provider->thank || heard->query[0] == '\0') return;
    pl_notify_request_init(&app->request);
    provider->thank(&app->targets[target], heard, words, &app->request);
    (void)!pl_app_submit(app, 0, on_thanked, target); // the message itself will tell
}

static void on_news(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct pl_app *app = owner;
    uint32_t target = (uint32_t)ticket;
    struct pl_app_ear *ear = &app->ears[target];
    struct pl_notify_heard heard;
    int64_t now_ms = pl_app_now().mono_ms;
    ear->asking = false;
    ear->due_mono_ms = now_ms + pl_notify_provider(app->targets[target].type)->ask_ms;
    if (pl_notify_hear(&app->targets[target], ear->cursor, answer, &heard) != 0) {
        int64_t wait_ms = PL_MIN(PL_MAX(answer->retry_after_ms, RETRY_MS), RETRY_MAX_MS);
        char reason[PL_NOTIFY_REASON_BYTES];
        struct pl_text text = pl_text_init(reason, sizeof reason);
        pl_notify_words_write(&app->targets[target], answer, &text);
        ear->due_mono_ms = now_ms + wait_ms;
        if (answer->err != UV_ECANCELED)
            pl_log(PL_LOG_WARN, "notifier_silent", "target=%s answer=\"%s\" wait_ms=%lld",
                   app->target_names[target].text, reason, (long long)wait_ms);
        return;
    }
    ear->cursor = heard.cursor;
    bool has_it = heard.acknowledged && acknowledge(app, target, &heard);
    thank(app, target, &heard, has_it ? "You have it." : "This is over, or somebody has it.");
}

/* ---- asking ---- */

static bool same_token(const struct pl_app *app, uint32_t a, uint32_t b)
{
    const struct pl_notify_target *x = &app->targets[a], *y = &app->targets[b];
    return x->type == y->type &&
           pl_span_eq(x->value[PL_NOTIFY_TOKEN_KEY], y->value[PL_NOTIFY_TOKEN_KEY]) &&
           pl_span_eq(x->value[PL_NOTIFY_URL_KEY], y->value[PL_NOTIFY_URL_KEY]);
}

/* The first of those who share a token asks for all of them. */
static bool is_asked_by_another(const struct pl_app *app, uint32_t target)
{
    if (!pl_notify_provider(app->targets[target].type)->asks_once) return false;
    for (uint32_t t = 0; t < target; t++) {
        if (same_token(app, t, target)) return true;
    }
    return false;
}

/* The next message, after the one asked about last, that says that something fires; NULL: none. */
static const struct pl_reference *next_firing(const struct pl_app *app, uint32_t target)
{
    bool shared = pl_notify_provider(app->targets[target].type)->asks_once;
    for (uint32_t i = 1; i <= PL_REFERENCES_MAX; i++) {
        uint32_t at = (app->ears[target].last + i) % PL_REFERENCES_MAX;
        const struct pl_reference *ref = &app->references.items[at];
        if (!ref->used || ref->told != PL_NOTIFY_FIRING) continue;
        if (ref->target == target || (shared && same_token(app, ref->target, target))) return ref;
    }
    return NULL;
}

static void ask(struct pl_app *app, uint32_t target, const struct pl_reference *ref)
{
    struct pl_app_ear *ear = &app->ears[target];
    const struct pl_alert alert = {.rule = ref->rule, .pool = ref->pool};
    const struct pl_notify_question question = {pl_span_of(ref->text), ear->cursor};
    bool waits = pl_notify_provider(app->targets[target].type)->ask_ms == 0;
    ear->last = (uint32_t)(ref - app->references.items);
    ear->alert_hash = pl_notify_alert_hash(&alert);
    ear->opened_unix_ms = ref->opened_unix_ms;
    if (pl_notify_ask(&app->targets[target], &question, &app->request) != 0) return;
    ear->asking = pl_app_submit(app, waits ? PL_NOTIFY_ASK_WAIT_MS : 0, on_news, target) == 0;
}

void pl_app_hear_tick(struct pl_app *app, struct pl_now now)
{
    for (uint32_t t = 0; t < app->target_count; t++) {
        const struct pl_app_ear *ear = &app->ears[t];
        if (!pl_notify_provider(app->targets[t].type)->ask) continue;
        if (ear->asking || now.mono_ms < ear->due_mono_ms || is_asked_by_another(app, t)) continue;
        const struct pl_reference *ref = next_firing(app, t);
        if (ref) ask(app, t, ref);
    }
}
