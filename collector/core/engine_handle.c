#include "collector/core/engine_state.h"

#include "common/base/assert.h"
#include "common/base/err.h"

static void save_silence(struct pl_engine *e, enum pl_effect_type type, uint64_t number)
{
    pl_engine_emit(e, &(struct pl_effect){.type = type, .number = number});
}

void pl_engine_begin_anew(struct pl_engine *e, uint32_t alert)
{
    struct pl_alert *a = &e->alerts[alert].alert;
    a->revision++;
    a->routed_mono_ms = e->now.mono_ms;
    a->round = 0;
    a->delivered = a->failed = 0;
    e->alerts[alert].refused = e->alerts[alert].floored = 0;
    pl_engine_emit_alert(e, PL_EFFECT_ALERT_RESUMED, alert);
    pl_engine_emit_alert(e, PL_EFFECT_SAVE_ALERT, alert);
}

void pl_engine_look_at_holds(struct pl_engine *e, uint32_t alert)
{
    struct pl_alert_slot *slot = &e->alerts[alert];
    if (slot->alert.state != PL_ALERT_FIRING) {
        slot->silence = 0;
        slot->held = false;
        return;
    }
    if (e->tilted) return; // what time is it?
    struct pl_silence *silence = pl_silences_cover(&e->silences, &slot->alert, e->now.unix_ms);
    if (silence && slot->silence == 0) {
        silence->hid_count++;
        save_silence(e, PL_EFFECT_SAVE_SILENCE, silence->number);
    }
    slot->silence = silence ? silence->number : 0;
    if (pl_handling_expire(&slot->handling, e->now.unix_ms))
        pl_engine_emit_alert(e, PL_EFFECT_SAVE_HANDLING, alert);
    bool was_held = slot->held;
    slot->held = silence || slot->handling.hold != PL_HOLD_NONE;
    if (was_held && !slot->held && pl_alert_pages(&slot->alert)) pl_engine_begin_anew(e, alert);
}

void pl_engine_end_silences(struct pl_engine *e)
{
    if (e->tilted) return;
    for (;;) {
        const struct pl_silence *over = pl_silences_over(&e->silences, e->now.unix_ms);
        if (!over || !pl_engine_has_room(e)) return;
        uint64_t number = over->number;
        save_silence(e, PL_EFFECT_DROP_SILENCE, number);
        (void)pl_silences_drop(&e->silences, number); // it is there
    }
}

int pl_engine_handle(struct pl_engine *e, uint32_t alert, const struct pl_handle_request *request,
                     struct pl_now now)
{
    PL_ASSERT(alert < pl_engine_alert_count(e));
    now = pl_engine_begin(e, now);
    struct pl_alert_slot *slot = &e->alerts[alert];
    bool holds = request->act == PL_HANDLE_ACKNOWLEDGE || request->act == PL_HANDLE_SNOOZE;
    bool fits = slot->alert.state == PL_ALERT_FIRING ||
                (!holds && slot->alert.state != PL_ALERT_OK && slot->alert.opened_unix_ms != 0);
    int err = fits ? pl_handling_apply(&slot->handling, request, now.unix_ms) : PL_E_STATE;
    if (err == 0) {
        pl_engine_after_said(e, alert, request);
        pl_engine_emit_alert(e, PL_EFFECT_SAVE_HANDLING, alert);
        pl_engine_look_at_holds(e, alert);
        slot->held = slot->held || slot->handling.hold != PL_HOLD_NONE; // also while tilted
        pl_engine_tell(e, alert);
    }
    pl_engine_end(e);
    return err;
}

int pl_engine_silence(struct pl_engine *e, const struct pl_silence *silence, struct pl_now now,
                      uint64_t *number)
{
    now = pl_engine_begin(e, now);
    struct pl_silence made = *silence;
    made.number = 0;
    made.hid_count = 0;
    made.made_unix_ms = now.unix_ms;
    int err = pl_silences_put(&e->silences, &made, now.unix_ms, number);
    if (err == 0) save_silence(e, PL_EFFECT_SAVE_SILENCE, *number);
    for (uint32_t alert = 0; err == 0 && alert < pl_engine_alert_count(e); alert++) {
        if (!pl_engine_has_room(e)) break; // the next tick looks again
        pl_engine_look_at_holds(e, alert);
        pl_engine_tell(e, alert);
    }
    pl_engine_end(e);
    return err;
}

bool pl_engine_unsilence(struct pl_engine *e, uint64_t number, struct pl_now now)
{
    (void)pl_engine_begin(e, now);
    bool found = pl_silences_drop(&e->silences, number);
    if (found) save_silence(e, PL_EFFECT_DROP_SILENCE, number);
    pl_engine_end(e); // who is told again, the next tick says
    return found;
}
