/* The dead man's ping: asked for by core/heartbeat, made like a page. */
#include "collector/app_state.h"

static void on_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    (void)ticket; // there is one at a time
    struct pl_app *app = owner;
    struct pl_heartbeat *h = &app->heartbeat;
    bool was_refused = h->refused;
    bool accepted = pl_notify_classify(answer).class == PL_RESULT_SENT;
    pl_heartbeat_answered(h, accepted, pl_app_now().mono_ms);
    if (accepted == !was_refused) return;
    char reason[PL_NOTIFY_REASON_BYTES];
    struct pl_text text = pl_text_init(reason, sizeof reason);
    pl_notify_reason_write(answer, &text);
    pl_log(accepted ? PL_LOG_INFO : PL_LOG_WARN,
           accepted ? "heartbeat_accepted" : "heartbeat_refused", "answer=\"%s\"", reason);
}

void pl_app_heartbeat_start(struct pl_app *app)
{
    const struct pl_config_heartbeat *config = &app->config->heartbeat;
    int64_t interval_ms = config->url[0] == '\0' ? 0 : config->interval_ms;
    app->heartbeat = pl_heartbeat_init(interval_ms, pl_app_now().mono_ms);
}

void pl_app_heartbeat_tick(struct pl_app *app, struct pl_now now)
{
    bool was_withheld = app->heartbeat.withheld;
    bool through = !pl_engine_in_tilt(app->engine) && !pl_engine_is_unheard(app->engine);
    bool due = pl_heartbeat_step(&app->heartbeat, through, now.mono_ms);
    if (app->heartbeat.withheld && !was_withheld)
        pl_log(PL_LOG_WARN, "heartbeat_withheld", "why=%s",
               pl_engine_in_tilt(app->engine) ? "tilt" : "a_page_reached_nobody");
    if (!due) return;
    struct pl_webhook_request request = {.method = PL_NOTIFY_GET,
                                         .url = pl_span_of(app->config->heartbeat.url),
                                         .on_answer = on_answer,
                                         .owner = app};
    int err = pl_webhook_submit(app->webhook, &request);
    if (err != 0) pl_heartbeat_answered(&app->heartbeat, false, now.mono_ms);
}
