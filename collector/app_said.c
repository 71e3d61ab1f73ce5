/* What people say about alerts, on its way into the engine and into Redis. It holds at once;
 * whoever said it is told so when it is recorded.
 *
 *     api -> handle, silence, unsilence -> engine -> SAVE_* effect -> store, with a ticket
 *                                       ... pl_app_said_saved(ticket) -> pl_api_said */
#include "collector/app_state.h"

#include "collector/codec/external_record.h"
#include "collector/codec/said_records.h"

static struct pl_app_said_waiting *free_place(struct pl_app *app)
{
    for (size_t i = 0; i < PL_LEN(app->said.waiting); i++) {
        if (!app->said.waiting[i].used) return &app->said.waiting[i];
    }
    return NULL;
}

static void wait_for_next(struct pl_app *app, struct pl_app_said_waiting *w,
                          struct pl_slot_id client, struct pl_now now)
{
    app->said.last_ticket =
        (app->said.last_ticket + 1) % PL_APP_ACTION_TICKETS; // those of actions and cases are above
    *w = (struct pl_app_said_waiting){.used = true,
                                      .ticket = app->said.last_ticket,
                                      .client = client,
                                      .since_mono_ms = now.mono_ms};
}

/* What the engine asks for next is what this client waits for. */
static void record(struct pl_app *app, struct pl_app_said_waiting *w, struct pl_slot_id client,
                   struct pl_now now)
{
    wait_for_next(app, w, client, now);
    app->said.ticket = w->ticket;
    pl_app_settle(app, now);
    app->said.ticket = PL_STORE_NO_TICKET;
}

static int handle(void *arg, struct pl_slot_id client, uint32_t alert,
                  const struct pl_handle_request *request)
{
    static const char *const events[PL_HANDLE_COUNT] = {
        "alert_acknowledged", "alert_snoozed", "alert_released", "alert_assigned", "alert_noted"};
    struct pl_app *app = arg;
    struct pl_now now = pl_app_now();
    struct pl_app_said_waiting *w = free_place(app);
    if (!w) return PL_E_FULL;
    int err = pl_engine_handle(app->engine, alert, request, now);
    if (err < 0) return err;
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(pl_engine_alert(app->engine, alert), id);
    pl_log(PL_LOG_INFO, events[request->act], "alert=%s by=\"%.*s\"", id, (int)request->by.len,
           (const char *)request->by.ptr);
    record(app, w, client, now);
    return 0;
}

static int silence(void *arg, struct pl_slot_id client, const struct pl_silence *wanted)
{
    struct pl_app *app = arg;
    struct pl_now now = pl_app_now();
    struct pl_app_said_waiting *w = free_place(app);
    uint64_t number;
    if (!w) return PL_E_FULL;
    int err = pl_engine_silence(app->engine, wanted, now, &number);
    if (err < 0) return err;
    pl_log(PL_LOG_INFO, "silence_made", "silence=%llu pool=%s host=%s rule=%s by=\"%s\"",
           (unsigned long long)number, wanted->pool.text, wanted->host.text,
           wanted->any_rule ? "" : pl_rule_name(wanted->rule), wanted->by);
    record(app, w, client, now);
    return 0;
}

static int unsilence(void *arg, struct pl_slot_id client, uint64_t number)
{
    struct pl_app *app = arg;
    struct pl_now now = pl_app_now();
    struct pl_app_said_waiting *w = free_place(app);
    if (!w) return PL_E_FULL;
    if (!pl_engine_unsilence(app->engine, number, now)) return PL_E_NOT_FOUND;
    pl_log(PL_LOG_INFO, "silence_taken_back", "silence=%llu", (unsigned long long)number);
    record(app, w, client, now);
    return 0;
}

static int post_external(void *arg, const struct pl_external *external)
{
    struct pl_app *app = arg;
    struct pl_now now = pl_app_now();
    int err = pl_engine_external(app->engine, external, now);
    pl_app_settle(app, now);
    return err;
}

static void externals_posted(void *arg)
{
    struct pl_app *app = arg;
    struct pl_now now = pl_app_now();
    pl_engine_externals_posted(app->engine, now);
    pl_app_settle(app, now);
}

/* Writes are recorded in order: when a write of no effect is, all before it are. */
static int written(void *arg, struct pl_slot_id client)
{
    struct pl_app *app = arg;
    const struct pl_span nothing = {NULL, 0};
    struct pl_app_said_waiting *w = free_place(app);
    if (!w) return PL_E_FULL;
    wait_for_next(app, w, client, pl_app_now());
    int err = pl_store_put_said(app->store, PL_SAID_KEY_HANDLING, "-", nothing, w->ticket);
    w->used = err == 0;
    return err;
}

struct pl_api_door pl_app_said_door(struct pl_app *app)
{
    return (struct pl_api_door){handle,           silence, unsilence, post_external,
                                externals_posted, written, app};
}

/* ---- records ---- */

static void save(struct pl_app *app, enum pl_said_key what, const char *field,
                 const struct pl_text *record)
{
    bool is_awaited = what == PL_SAID_KEY_HANDLING || what == PL_SAID_KEY_SILENCES;
    uint32_t ticket = is_awaited ? app->said.ticket : PL_STORE_NO_TICKET;
    struct pl_span bytes = record ? pl_text_bytes(record) : (struct pl_span){NULL, 0};
    PL_ASSERT(!record || !record->overflow);
    if (ticket != PL_STORE_NO_TICKET) app->said.ticket = PL_STORE_NO_TICKET; // one record has it
    int err = pl_store_put_said(app->store, what, field, bytes, ticket);
    if (err < 0) {
        pl_log(PL_LOG_ERROR, "record_lost", "key=%s field=%s reason=\"%s\"", pl_said_key(what),
               field, pl_err_text(err));
    }
}

static void save_external(struct pl_app *app, uint64_t fingerprint)
{
    char buf[PL_EXTERNAL_RECORD_BYTES], field[PL_EXTERNAL_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    const struct pl_externals *all = pl_engine_externals(app->engine);
    uint32_t place = pl_externals_find(all, fingerprint);
    if (place != PL_NO_INDEX) pl_record_external_write(&t, &all->entries[place].alert);
    pl_external_field_write(field, fingerprint);
    save(app, PL_SAID_KEY_EXTERNALS, field, place != PL_NO_INDEX ? &t : NULL);
}

void pl_app_save_said(struct pl_app *app, const struct pl_effect *effect)
{
    char buf[PL_SAID_RECORD_BYTES], field[PL_ALERT_ID_MAX + PL_SAID_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_record_targets targets = {app->target_names, app->target_count};
    if (effect->type == PL_EFFECT_SAVE_EXTERNAL) {
        save_external(app, effect->number);
    } else if (effect->type == PL_EFFECT_SAVE_HANDLING) {
        const struct pl_alert *alert = pl_engine_alert(app->engine, effect->alert);
        const struct pl_handling *handling = pl_engine_handling(app->engine, effect->alert);
        pl_alert_id(alert, field);
        pl_record_handling_write(&t, alert, handling);
        save(app, PL_SAID_KEY_HANDLING, field, pl_handling_any(handling) ? &t : NULL);
    } else if (effect->type == PL_EFFECT_SAVE_DELIVERY) {
        const struct pl_delivery *entry =
            &pl_engine_deliveries(app->engine)->items[effect->delivery];
        if (entry->target_index >= app->target_count) return;
        pl_said_field_write(field, effect->delivery);
        pl_record_delivery_write(&t, entry, &targets);
        save(app, PL_SAID_KEY_DELIVERIES, field, &t);
    } else {
        const struct pl_silences *all = pl_engine_silences(app->engine);
        const struct pl_silence *silence = pl_silences_find(all, effect->number);
        pl_said_field_write(field, effect->number);
        if (silence) pl_record_silence_write(&t, silence);
        if (!silence) pl_log(PL_LOG_INFO, "silence_over", "silence=%s", field);
        save(app, PL_SAID_KEY_SILENCES, field, silence ? &t : NULL);
    }
}

static int restore_handling(struct pl_app *app, struct pl_span record)
{
    struct pl_handling_record r;
    int err = pl_record_handling_read(record, &r);
    return err != 0 ? err : pl_engine_restore_handling(app->engine, &r.pool, r.rule, &r.handling);
}

static int restore_external(struct pl_app *app, struct pl_span record)
{
    struct pl_external external;
    int err = pl_record_external_read(record, &external);
    return err != 0 ? err : pl_engine_restore_external(app->engine, &external, pl_app_now());
}

int pl_app_restore_said(void *ctx, enum pl_said_key what, struct pl_span record)
{
    struct pl_app *app = ctx;
    struct pl_record_targets targets = {app->target_names, app->target_count};
    struct pl_silence silence;
    struct pl_delivery delivery;
    int err = 0;
    if (what >= PL_SAID_KEY_CASES) return pl_app_restore_case(app, what, record);
    if (what == PL_SAID_KEY_HANDLING) return restore_handling(app, record);
    if (what == PL_SAID_KEY_ACTIONS) return pl_app_restore_action(app, record);
    if (what == PL_SAID_KEY_EXTERNALS) return restore_external(app, record);
    if (what == PL_SAID_KEY_DELIVERIES) {
        err = pl_record_delivery_read(record, &targets, &delivery);
        if (err == 0) pl_engine_restore_delivery(app->engine, &delivery);
        return err;
    }
    err = pl_record_silence_read(record, &silence);
    if (err == 0 && pl_engine_restore_silence(app->engine, &silence) != 0) {
        char field[PL_SAID_FIELD_BYTES]; // it ended while nobody looked
        pl_said_field_write(field, silence.number);
        save(app, PL_SAID_KEY_SILENCES, field, NULL);
    }
    return err;
}

/* ---- answers ---- */

void pl_app_said_saved(void *ctx, uint32_t ticket)
{
    struct pl_app *app = ctx;
    if ((ticket & PL_API_CASE_TICKET) != 0) {
        pl_app_case_saved(app, ticket);
        return;
    }
    if ((ticket & PL_APP_ACTION_TICKETS) != 0) {
        pl_app_action_saved(app, ticket & ~PL_APP_ACTION_TICKETS);
        return;
    }
    for (size_t i = 0; i < PL_LEN(app->said.waiting); i++) {
        struct pl_app_said_waiting *w = &app->said.waiting[i];
        if (!w->used || w->ticket != ticket) continue;
        w->used = false;
        pl_api_said(app->api, w->client, true);
        return;
    }
}

void pl_app_said_tick(struct pl_app *app, struct pl_now now)
{
    for (size_t i = 0; i < PL_LEN(app->said.waiting); i++) {
        struct pl_app_said_waiting *w = &app->said.waiting[i];
        if (!w->used || now.mono_ms - w->since_mono_ms < PL_APP_SAID_MS) continue;
        w->used = false;
        pl_api_said(app->api, w->client, false);
    }
}
