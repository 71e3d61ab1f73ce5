/* Consented actions: from an intent in Redis to a call, once.
 *
 *     api -> act, or tick -> pl_action_step -> INTENT -> store, with a ticket
 *         ... saved(ticket) -> webhook -> on_answer -> DONE, FAILED or UNKNOWN -> store
 *
 * A call is only made when its intent is durable. While Redis is away none is made. */
#include "collector/app_state.h"

#include "collector/codec/action_text.h"

enum { AUTHORIZATION_BYTES = PL_CONFIG_HOOK_TOKEN_BYTES + sizeof "Authorization: Bearer " };

/* PL_NO_INDEX: the configuration does not have it any more. */
static uint32_t hook_of(const struct pl_app *app, const struct pl_name *name)
{
    for (uint32_t i = 0; i < app->config->hook_count; i++)
        if (pl_name_eq(&app->config->hooks[i].name, name)) return i;
    return PL_NO_INDEX;
}

static void save(struct pl_app *app, uint32_t index)
{
    const struct pl_action *a = &app->actions.items[index];
    char buf[PL_ACTION_RECORD_BYTES], field[PL_ACTION_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    bool is_intent = a->state == PL_ACTION_INTENT || a->state == PL_ACTION_UNDO_INTENT;
    uint32_t ticket = is_intent ? PL_APP_ACTION_TICKETS | index : PL_STORE_NO_TICKET;
    pl_record_action_write(&t, a);
    pl_action_field_write(field, a);
    PL_ASSERT(!t.overflow);
    int err = pl_store_put_said(app->store, PL_SAID_KEY_ACTIONS, field, pl_text_bytes(&t), ticket);
    if (err < 0)
        pl_log(PL_LOG_ERROR, "record_lost", "key=pl:actions field=%s reason=\"%s\"", field,
               pl_err_text(err));
    pl_log(PL_LOG_INFO, "action", "launch=%s hook=%s state=%s consented=%d status=%d",
           a->launch.text, a->hook.text, pl_action_state_word(a->state), a->consented, a->status);
}

static void on_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct pl_app *app = owner;
    struct pl_action *a = &app->actions.items[ticket & (PL_ACTIONS_MAX - 1)];
    struct pl_page_result result = pl_notify_classify(answer);
    enum pl_action_outcome outcome = result.class == PL_RESULT_SENT ? PL_ACTION_ACCEPTED
                                     : result.maybe_delivered       ? PL_ACTION_NOT_KNOWN
                                                                    : PL_ACTION_REFUSED;
    if (a->arming != ticket / PL_ACTIONS_MAX) return; // another one since
    pl_action_answered(a, outcome, result.status, pl_app_now().unix_ms);
    save(app, (uint32_t)(ticket & (PL_ACTIONS_MAX - 1)));
}

/* 0, or why the call cannot be made. */
static int call(struct pl_app *app, uint32_t index, struct pl_now now)
{
    const struct pl_action *a = &app->actions.items[index];
    uint32_t hook = hook_of(app, &a->hook);
    if (hook == PL_NO_INDEX) return PL_E_NOT_FOUND;
    const struct pl_config_hook *from = &app->config->hook_items[hook];
    bool is_undo = pl_action_is_undo(a);
    char body[PL_HOOK_BODY_BYTES], authorization[AUTHORIZATION_BYTES];
    struct pl_text text = pl_text_init(body, sizeof body);
    struct pl_text header = pl_text_init(authorization, sizeof authorization);
    const struct pl_hook_call wanted = {is_undo ? from->undo_body : from->body, &a->launch,
                                        &app->config->hooks[hook].pool, is_undo, now.unix_ms};
    int err = pl_hook_body_write(&text, &wanted);
    if (err != 0) return err;
    pl_text_str(&header, "Authorization: Bearer ");
    pl_text_str(&header, from->token);
    struct pl_webhook_request request = {
        .method = from->method == PL_CONFIG_HOOK_PUT ? PL_NOTIFY_PUT : PL_NOTIFY_POST,
        .content = PL_NOTIFY_JSON,
        .url = pl_span_of(is_undo ? from->undo_url : from->url),
        .header_count = from->token[0] != '\0',
        .headers = {pl_text_bytes(&header)},
        .body = pl_text_bytes(&text),
        .on_answer = on_answer,
        .owner = app,
        .ticket = (uint64_t)a->arming * PL_ACTIONS_MAX + index};
    return pl_webhook_submit(app->webhook, &request);
}

void pl_app_action_saved(struct pl_app *app, uint32_t ticket)
{
    struct pl_now now = pl_app_now();
    uint32_t index = ticket & (PL_ACTIONS_MAX - 1);
    struct pl_action *a = &app->actions.items[index];
    if (app->phase != PL_APP_RUNNING) return;
    if (!pl_action_saved(a, now.unix_ms)) {
        if (a->state == PL_ACTION_FAILED) save(app, index);
        return;
    }
    int err = call(app, index, now);
    if (err == 0) return;
    pl_log(PL_LOG_ERROR, "action_not_called", "launch=%s hook=%s err=\"%s\"", a->launch.text,
           a->hook.text, pl_err_text(err));
    pl_action_answered(a, PL_ACTION_REFUSED, 0, now.unix_ms);
    save(app, index);
}

static bool is_ready(const struct pl_app *app)
{
    return pl_store_view(app->store).state == PL_REDIS_READY;
}

/* What is to be seen of its launch; false: it has made room for another. */
static bool look(const struct pl_app *app, const struct pl_action *a, const struct pl_hook *hook,
                 struct pl_action_sight *sight)
{
    const struct pl_launch_book *book = pl_engine_launches(app->engine);
    uint32_t launch = pl_launch_find(book, &a->launch);
    uint32_t pool = pl_fleet_find_pool(pl_engine_fleet(app->engine), &hook->pool);
    if (launch == PL_NO_INDEX) return false;
    *sight = (struct pl_action_sight){.state = book->entries[launch].course.state};
    if (pool == PL_NO_INDEX) return true;
    const struct pl_headroom *h = &pl_engine_saturation(app->engine, pool)->headroom;
    sight->is_known = h->unix_ms != 0 && h->source != PL_CAPACITY_UNKNOWN;
    sight->headroom = h->headroom;
    return true;
}

/* Nobody needs its record any more. */
static void drop(struct pl_app *app, struct pl_action *a)
{
    char field[PL_ACTION_FIELD_BYTES];
    pl_action_field_write(field, a);
    // Without a ticket it waits in the control queue, which cannot overflow.
    (void)!pl_store_put_said(app->store, PL_SAID_KEY_ACTIONS, field, (struct pl_span){NULL, 0},
                             PL_STORE_NO_TICKET);
    *a = (struct pl_action){0};
}

void pl_app_action_tick(struct pl_app *app, struct pl_now now)
{
    if (!is_ready(app) || pl_engine_in_tilt(app->engine)) return;
    for (uint32_t i = 0; i < PL_ACTIONS_MAX; i++) {
        struct pl_action *a = &app->actions.items[i];
        struct pl_action_sight sight;
        if (a->launch.len == 0) continue;
        uint32_t hook = hook_of(app, &a->hook);
        bool is_there = hook != PL_NO_INDEX && look(app, a, &app->config->hooks[hook], &sight) &&
                        (a->state != PL_ACTION_OFF || pl_launch_is_open(sight.state));
        if (!is_there)
            drop(app, a);
        else if (pl_action_step(a, &app->config->hooks[hook], &sight, &app->actions.budgets[hook],
                                now))
            save(app, i);
    }
}

/* ---- what people ask for ---- */

static const char *act(void *arg, const struct pl_name *launch, uint32_t hook,
                       enum pl_action_deed deed, const char *by)
{
    struct pl_app *app = arg;
    const struct pl_hook *def = &app->config->hooks[hook];
    if (!is_ready(app)) return "Redis is away, so nothing could be written down; try again";
    uint32_t index = pl_action_place(&app->actions, launch, &def->name);
    if (index == PL_NO_INDEX) return "there is no room for another action";
    const char *problem =
        pl_action_do(&app->actions.items[index], def, &(struct pl_action_order){deed, by},
                     &app->actions.budgets[hook], pl_app_now());
    if (!problem) save(app, index);
    return problem;
}

static int preview(void *arg, const struct pl_name *launch, uint32_t hook, bool is_undo,
                   struct pl_text *body)
{
    const struct pl_app *app = arg;
    const struct pl_config_hook *from = &app->config->hook_items[hook];
    const struct pl_hook_call wanted = {is_undo ? from->undo_body : from->body, launch,
                                        &app->config->hooks[hook].pool, is_undo,
                                        pl_app_now().unix_ms};
    return pl_hook_body_write(body, &wanted);
}

struct pl_api_action_desk pl_app_action_desk(struct pl_app *app)
{
    return (struct pl_api_action_desk){.actions = &app->actions,
                                       .hooks = app->config->hooks,
                                       .hook_count = app->config->hook_count,
                                       .act = act,
                                       .preview = preview,
                                       .arg = app};
}

int pl_app_restore_action(struct pl_app *app, struct pl_span record)
{
    struct pl_action a;
    int err = pl_record_action_read(record, &a);
    if (err != 0) return err;
    uint32_t index = pl_action_place(&app->actions, &a.launch, &a.hook);
    if (index == PL_NO_INDEX) return PL_E_FULL;
    pl_action_restored(&a);
    app->actions.items[index] = a;
    return 0;
}
