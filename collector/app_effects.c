/* Running the engine's effects: the one place where a decision turns into a write, a post or a
 * line in the log.
 *
 *     settle -> SAVE_PAGE -> store ---------- on_page_saved, or 100 ms --> engine_page_saved
 *            -> SEND_PAGE -> webhook -------- on_answer -----------------> engine_page_result
 *            -> SAVE_*, DROP_* -> store
 *
 * Answers that are known at once (Redis is away, every post slot is taken) go back into the engine
 * and may ask for more effects: settle takes them in batches until none are left. */
#include "collector/app_state.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/change_text.h"

enum { REFUSED_LOG_MS = 10000, PRESENCE_LOG_MS = 1000, CHANGE_LOG_MS = 1000 };

/* Redis did not confirm an intent in time: its page goes out all the same. */
static void on_save_wait(uv_timer_t *timer)
{
    struct pl_app *app = timer->data;
    struct pl_now now = pl_app_now();
    pl_engine_tick(app->engine, now);
    pl_app_settle(app, now);
}

/* Redis gets PL_PAGE_SAVE_WAIT_MS to take the intent; if it is known to be away, none. */
static void save_page(struct pl_app *app, struct pl_slot_id id, struct pl_now now)
{
    const struct pl_page *page = pl_engine_page(app->engine, id);
    if (!page) return;
    bool intent = page->state == PL_PAGE_INTENT;
    pl_store_put_page(app->store, page, now);
    if (!intent) return;
    if (pl_store_view(app->store).state != PL_REDIS_READY) {
        pl_engine_page_saved(app->engine, id, now);
    } else if (!uv_is_active((uv_handle_t *)&app->save_wait)) {
        (void)uv_timer_start(&app->save_wait, on_save_wait, PL_PAGE_SAVE_WAIT_MS, 0); // cannot fail
    }
}

static void log_alert(const struct pl_alert *alert, const char *event, struct pl_now now)
{
    char id[PL_ALERT_ID_MAX + 1], title[PL_ALERT_TEXT_BYTES];
    struct pl_text text = pl_text_init(title, sizeof title);
    pl_alert_id(alert, id);
    pl_alert_title_write(alert, now.unix_ms, &text);
    pl_log(PL_LOG_INFO, event, "alert=%s hosts=%u text=\"%s\"", id, alert->finding.host_count,
           title);
}

static void log_page_loss(struct pl_app *app, const struct pl_effect *effect, const char *event,
                          struct pl_now now)
{
    uint32_t held = 0;
    if (!pl_log_allow(&app->refused_log, now.mono_ms, REFUSED_LOG_MS, &held)) return;
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(pl_engine_alert(app->engine, effect->alert), id);
    pl_log(PL_LOG_ERROR, event, "alert=%s target=%s held_back=%u", id,
           app->target_names[effect->target].text, held);
}

static void save_change(struct pl_app *app, const struct pl_effect *effect, struct pl_now now)
{
    const struct pl_change_entry *entry = &pl_engine_changes(app->engine)->entries[effect->change];
    if (entry->host != effect->host) return; // a later one of the batch took its entry
    const struct pl_name *host = &pl_engine_fleet(app->engine)->hosts[entry->host].name;
    char words[PL_CHANGE_TEXT_BYTES];
    struct pl_text text = pl_text_init(words, sizeof words);
    uint32_t held = 0;
    pl_store_put_change(app->store, host, entry->place, &entry->change, now);
    const struct pl_fleet *fleet = pl_engine_fleet(app->engine);
    pl_app_news_change(app, &fleet->pools[fleet->hosts[entry->host].pool].name, host,
                       &entry->change, now);
    if (!pl_log_allow(&app->change_log, now.mono_ms, CHANGE_LOG_MS, &held)) return;
    pl_change_text_write(&entry->change, &text);
    pl_log(PL_LOG_INFO, entry->change.count > 0 ? "host_changed" : "change_over",
           "host=%s text=\"%s\" held_back=%u", host->text, words, held);
}

static void run_host_effect(struct pl_app *app, const struct pl_effect *effect, struct pl_now now)
{
    const struct pl_fleet *fleet = pl_engine_fleet(app->engine);
    const struct pl_host *host = &fleet->hosts[effect->host];
    if (effect->type == PL_EFFECT_DROP_HOST) {
        pl_store_drop_host(app->store, effect->host, &effect->name);
        pl_log(PL_LOG_INFO, "host_forgotten", "host=%s", effect->name.text);
        return;
    }
    if (!host->used) return; // forgotten by an effect earlier in the batch
    if (effect->type == PL_EFFECT_DIRECT_HOST) {
        pl_ingest_direct(app->ingest, effect->host,
                         &(struct pl_directive){effect->interval_ms, effect->for_ms});
        return;
    }
    const struct pl_name *pool = &fleet->pools[host->pool].name;
    if (effect->type == PL_EFFECT_SAVE_HOST) {
        pl_store_put_host(app->store, host, pool);
        return;
    }
    if (effect->type == PL_EFFECT_SAVE_LEARNED) {
        pl_store_put_learned(app->store, &host->name, &host->capacity, now);
        return;
    }
    uint32_t held = 0;
    if (!pl_log_allow(&app->presence_log, now.mono_ms, PRESENCE_LOG_MS, &held)) return;
    bool silent = effect->type == PL_EFFECT_HOST_SILENT;
    pl_log(silent ? PL_LOG_WARN : PL_LOG_INFO, silent ? "host_silent" : "host_back",
           "host=%s pool=%s held_back=%u", host->name.text, pool->text, held);
}

/* What is lost here is written with the next change: nobody waits for it. */
static void run_launch_effect(struct pl_app *app, const struct pl_effect *effect, struct pl_now now)
{
    if (effect->type == PL_EFFECT_DROP_LAUNCH) {
        pl_store_drop_launch(app->store, &effect->name);
        return;
    }
    const struct pl_launch_entry *entry = &pl_engine_launches(app->engine)->entries[effect->launch];
    const char *id = entry->launch.id.text;
    if (effect->type == PL_EFFECT_LAUNCH_STATE) {
        pl_log(PL_LOG_INFO, "launch_state", "launch=%s state=%s verdict=%s", id,
               pl_launch_state_word(entry->course.state), pl_verdict_word(entry->course.colour));
        pl_app_news_launch(app, entry, now);
        return;
    }
    int err = pl_store_put_launch(app->store, entry, PL_STORE_NO_TICKET);
    if (err != 0)
        pl_log(PL_LOG_ERROR, "launch_not_saved", "launch=%s err=\"%s\"", id, pl_err_text(err));
}

/* Notes and assignments come by the same effect, and are news to nobody outside. */
static void tell_if_acknowledged(struct pl_app *app, uint32_t alert, struct pl_now now)
{
    const struct pl_handling *handling = pl_engine_handling(app->engine, alert);
    bool is_new = handling->since_unix_ms == now.unix_ms;
    if (handling->hold == PL_HOLD_ACKNOWLEDGED && is_new) pl_app_tell_acknowledged(app, alert, now);
}

static void run_effect(struct pl_app *app, const struct pl_effect *effect, struct pl_now now)
{
    pl_app_case_hear(app, effect, now);
    switch (effect->type) {
    case PL_EFFECT_SAVE_HOST:
    case PL_EFFECT_SAVE_LEARNED:
    case PL_EFFECT_DROP_HOST:
    case PL_EFFECT_HOST_SILENT:
    case PL_EFFECT_HOST_BACK:
    case PL_EFFECT_DIRECT_HOST: run_host_effect(app, effect, now); return;
    case PL_EFFECT_SAVE_CHANGE: save_change(app, effect, now); return;
    case PL_EFFECT_SAVE_ALERT:
        pl_store_put_alert(app->store, pl_engine_alert(app->engine, effect->alert), now);
        return;
    case PL_EFFECT_ALERT_OPENED:
        log_alert(pl_engine_alert(app->engine, effect->alert), "alert_open", now);
        return;
    case PL_EFFECT_ALERT_RAISED:
        log_alert(pl_engine_alert(app->engine, effect->alert), "alert_raised", now);
        return;
    case PL_EFFECT_ALERT_LOWERED:
        log_alert(pl_engine_alert(app->engine, effect->alert), "alert_lowered", now);
        return;
    case PL_EFFECT_ALERT_RESOLVED:
        log_alert(pl_engine_alert(app->engine, effect->alert), "alert_resolved", now);
        return;
    case PL_EFFECT_ALERT_RESUMED:
        log_alert(pl_engine_alert(app->engine, effect->alert), "alert_resumed", now);
        return;
    case PL_EFFECT_SAVE_HANDLING:
        tell_if_acknowledged(app, effect->alert, now);
        pl_app_save_said(app, effect);
        return;
    case PL_EFFECT_SAVE_SILENCE:
    case PL_EFFECT_DROP_SILENCE:
    case PL_EFFECT_SAVE_EXTERNAL:
    case PL_EFFECT_SAVE_DELIVERY: pl_app_save_said(app, effect); return;
    case PL_EFFECT_SAVE_PAGE: save_page(app, effect->page, now); return;
    case PL_EFFECT_SEND_PAGE: pl_app_send_page(app, effect->page, now); return;
    case PL_EFFECT_DROP_PAGE: pl_store_drop_page(app->store, effect->number); return;
    case PL_EFFECT_PAGE_REFUSED: log_page_loss(app, effect, "page_refused", now); return;
    case PL_EFFECT_PAGE_FAILED: log_page_loss(app, effect, "page_failed", now); return;
    case PL_EFFECT_SAVE_LAUNCH:
    case PL_EFFECT_DROP_LAUNCH:
    case PL_EFFECT_LAUNCH_STATE: run_launch_effect(app, effect, now); return;
    case PL_EFFECT_TILT_ON: pl_log(PL_LOG_WARN, "tilt_on", "for_ms=%d", PL_TILT_MS); return;
    case PL_EFFECT_TILT_OFF: pl_log(PL_LOG_INFO, "tilt_off", "judging=again"); return;
    }
    PL_UNREACHABLE("effect");
}

void pl_app_settle(struct pl_app *app, struct pl_now now)
{
    if (app->settling) return; // the call further up goes on with what was added
    app->settling = true;
    for (;;) {
        size_t count = 0;
        const struct pl_effect *effects = pl_engine_effects(app->engine, &count);
        if (count == 0) break;
        PL_ASSERT(count <= PL_EFFECT_MAX);
        memcpy(app->effects, effects, count * sizeof *effects);
        pl_engine_effects_done(app->engine);
        for (size_t i = 0; i < count; i++) run_effect(app, &app->effects[i], now);
    }
    app->settling = false;
}
