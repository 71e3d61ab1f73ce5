/* What somebody who looks on while a recording is played gets to read. */
#include "collector/cli/replay.h"
#include "collector/cli/story_text.h"
#include "collector/codec/alert_text.h"
#include "common/base/assert.h"

enum { LINE_BYTES_MAX = 2048 };

static const char *event_of(enum pl_effect_type type)
{
    switch (type) {
    case PL_EFFECT_ALERT_OPENED: return "opened";
    case PL_EFFECT_ALERT_RAISED: return "raised";
    case PL_EFFECT_ALERT_LOWERED: return "lowered";
    case PL_EFFECT_ALERT_RESOLVED: return "resolved";
    case PL_EFFECT_HOST_SILENT: return "silent";
    case PL_EFFECT_HOST_BACK: return "back";
    case PL_EFFECT_TILT_ON: return "tilt";
    case PL_EFFECT_TILT_OFF: return "tilt_over";
    case PL_EFFECT_SAVE_HOST:
    case PL_EFFECT_DROP_HOST:
    case PL_EFFECT_SAVE_CHANGE:
    case PL_EFFECT_SAVE_LEARNED:
    case PL_EFFECT_DIRECT_HOST:
    case PL_EFFECT_SAVE_ALERT:
    case PL_EFFECT_ALERT_RESUMED:
    case PL_EFFECT_SAVE_HANDLING:
    case PL_EFFECT_SAVE_SILENCE:
    case PL_EFFECT_DROP_SILENCE:
    case PL_EFFECT_SAVE_DELIVERY:
    case PL_EFFECT_SAVE_EXTERNAL:
    case PL_EFFECT_SAVE_PAGE:
    case PL_EFFECT_SEND_PAGE:
    case PL_EFFECT_DROP_PAGE:
    case PL_EFFECT_PAGE_REFUSED:
    case PL_EFFECT_SAVE_LAUNCH:
    case PL_EFFECT_DROP_LAUNCH:
    case PL_EFFECT_LAUNCH_STATE:
    case PL_EFFECT_PAGE_FAILED: return NULL; // writing down and paging, which a replay does not
    }
    PL_UNREACHABLE("effect");
}

static const char *tier_text(const struct pl_alert *alert)
{
    return alert->tier == PL_TIER_PAGE ? "page" : "warn";
}

static void put_alert_text(struct pl_text *t, const struct pl_alert *alert, int64_t unix_ms)
{
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(alert, id);
    pl_text_str(t, id);
    pl_text_char(t, ' ');
    pl_text_str(t, tier_text(alert));
    pl_text_str(t, ": ");
    pl_alert_text_write(alert, unix_ms, t);
}

static void put_alert_json(struct pl_text *t, const struct pl_alert *alert, int64_t unix_ms)
{
    const struct pl_finding *f = &alert->finding;
    char id[PL_ALERT_ID_MAX + 1], summary[PL_ALERT_TEXT_BYTES];
    struct pl_text sentence = pl_text_init(summary, sizeof summary);
    pl_alert_id(alert, id);
    pl_alert_text_write(alert, unix_ms, &sentence);
    pl_text_str(t, ",\"alert\":");
    pl_text_json(t, pl_span_of(id));
    pl_text_str(t, ",\"tier\":");
    pl_text_json(t, pl_span_of(tier_text(alert)));
    pl_text_str(t, ",\"value\":");
    pl_text_fixed(t, f->value_bp, 10000);
    pl_text_str(t, ",\"level\":");
    pl_text_fixed(t, f->level_bp, 10000);
    pl_text_str(t, ",\"summary\":");
    pl_text_json(t, pl_text_bytes(&sentence));
    pl_text_str(t, ",\"hosts\":[");
    for (uint32_t i = 0; i < f->named_count; i++) {
        if (i > 0) pl_text_char(t, ',');
        pl_text_json(t, pl_name_span(&f->hosts[i]));
    }
    pl_text_str(t, "],\"host_count\":");
    pl_text_u64(t, f->host_count);
}

static void print_effect(const struct pl_replay_view *r, const struct pl_engine *engine,
                         const struct pl_effect *effect, struct pl_now now)
{
    char line[LINE_BYTES_MAX];
    struct pl_text t = pl_text_init(line, sizeof line);
    const char *event = event_of(effect->type);
    if (!event) return;
    bool is_host = effect->type == PL_EFFECT_HOST_SILENT || effect->type == PL_EFFECT_HOST_BACK;
    bool is_tilt = effect->type == PL_EFFECT_TILT_ON || effect->type == PL_EFFECT_TILT_OFF;
    const struct pl_name *host =
        is_host ? &pl_engine_fleet(engine)->hosts[effect->host].name : NULL;
    pl_text_str(&t, r->as_json ? "{\"time\":\"" : "");
    pl_text_rfc3339(&t, now.unix_ms);
    pl_text_str(&t, r->as_json ? "\",\"event\":\"" : " ");
    pl_text_str(&t, event);
    pl_text_str(&t, r->as_json ? "\"" : "");
    if (is_host) {
        pl_text_str(&t, r->as_json ? ",\"host\":\"" : " ");
        pl_text_span(&t, pl_name_span(host)); // a name needs no escaping
        pl_text_str(&t, r->as_json ? "\"" : "");
    } else if (!is_tilt && r->as_json) {
        put_alert_json(&t, pl_engine_alert(engine, effect->alert), now.unix_ms);
    } else if (!is_tilt) {
        pl_text_char(&t, ' ');
        put_alert_text(&t, pl_engine_alert(engine, effect->alert), now.unix_ms);
    }
    pl_text_str(&t, r->as_json ? "}" : "");
    PL_ASSERT(!t.overflow);              // bounded by PL_FINDING_HOSTS_MAX names
    (void)fprintf(r->out, "%s\n", line); // main looks at the stream once, at the end
}

/* ---- looking on ---- */

static void on_effect(void *context, const struct pl_engine *engine, const struct pl_effect *effect,
                      struct pl_now now)
{
    struct pl_replay_view *view = context;
    bool told = !view->story || now.unix_ms >= view->story->from_unix_ms;
    if (view->story) pl_story_hear(view->story, engine, effect, now);
    if (!view->out || !told) return;
    print_effect(view, engine, effect, now);
    bool opens = effect->type == PL_EFFECT_ALERT_OPENED || effect->type == PL_EFFECT_ALERT_RAISED;
    if (view->explain && opens && !view->as_json)
        pl_story_explain(engine, effect->alert, view->out);
}

static void on_moment(void *context, const struct pl_engine *engine, struct pl_now now)
{
    struct pl_replay_view *view = context;
    if (view->story) pl_story_look(view->story, engine, now);
}

void pl_replay_watch(struct pl_simulation *s, struct pl_replay_view *view)
{
    s->on_effect = on_effect;
    s->on_moment = on_moment;
    s->context = view;
}
