/* What people say about alerts, and the log of who was told. Whoever says something gets the answer
 * when Redis has it:
 *
 *     post -> said_in -> door (app: engine, store) ... saved, or 2 s -> pl_api_said -> reply */
#include "collector/codec/json_explain.h"
#include "collector/codec/json_said.h"
#include "collector/codec/said_in.h"
#include "collector/io/api_private.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/clock.h"

#include <openssl/crypto.h>

static const char not_recorded[] =
    "it holds from now on, but Redis is away: a restart would forget it";

static const struct pl_api_door *door_of(const struct pl_api_call *c)
{
    return &c->api->config.door;
}

/* The alert of the path, or PL_NO_INDEX: there is none, and that was answered. */
static uint32_t find_alert(struct pl_api_call *c)
{
    uint32_t alert = pl_engine_find_alert(c->view.engine, c->rule, &c->name);
    bool is_known =
        alert != PL_NO_INDEX && pl_engine_alert(c->view.engine, alert)->state != PL_ALERT_OK;
    if (is_known) return alert;
    pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                         "has no such alert; /api/v1/alerts lists them");
    return PL_NO_INDEX;
}

static void refuse_said(struct pl_api_call *c, int err)
{
    switch (err) {
    case PL_E_STATE:
        pl_api_problem(c, 409, PL_API_NO_PARAMETER,
                       "the alert does not fire: there is nothing to hold");
        return;
    case PL_E_RANGE: pl_api_problem(c, 422, pl_span_of("for"), "is not between 1m and 24h"); return;
    case PL_E_FULL:
        pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                       "too much waits to be recorded; try again in a moment");
        return;
    default: pl_api_problem(c, 500, PL_API_NO_PARAMETER, pl_err_text(err)); return;
    }
}

static void say(struct pl_api_call *c, enum pl_handle_act act)
{
    static const enum pl_audit_action actions[PL_HANDLE_COUNT] = {
        [PL_HANDLE_ACKNOWLEDGE] = PL_AUDIT_ALERT_ACKNOWLEDGED,
        [PL_HANDLE_SNOOZE] = PL_AUDIT_ALERT_SNOOZED,
        [PL_HANDLE_RELEASE] = PL_AUDIT_ALERT_RELEASED,
        [PL_HANDLE_ASSIGN] = PL_AUDIT_ALERT_ASSIGNED,
        [PL_HANDLE_NOTE] = PL_AUDIT_ALERT_NOTED,
    };
    struct pl_said said;
    char error[PL_SAID_ERROR_BYTES];
    uint32_t alert = PL_NO_INDEX;
    if (!pl_api_read_no_query(c) || (alert = find_alert(c)) == PL_NO_INDEX) return;
    if (pl_said_read(c->request->body, &said, error) != 0) {
        pl_api_problem(c, 422, PL_API_NO_PARAMETER, error);
        return;
    }
    bool lacks = (act == PL_HANDLE_NOTE && said.note[0] == '\0') ||
                 (act == PL_HANDLE_ASSIGN && !said.assigns);
    if (lacks) {
        pl_api_problem(c, 422, pl_span_of(act == PL_HANDLE_NOTE ? "note" : "assignee"),
                       "is missing");
        return;
    }
    struct pl_handle_request request = {.act = act,
                                        .by = pl_api_caller(c),
                                        .for_ms = said.for_ms,
                                        .assignee = pl_span_of(said.assignee),
                                        .note = pl_span_of(said.note)};
    c->api->said[c->client.index].kind = PL_API_SAID_JSON;
    int err = door_of(c)->handle(door_of(c)->arg, c->client, alert, &request);
    if (err < 0)
        refuse_said(c, err);
    else
        pl_login_record(c->api->config.login, actions[act], &c->caller, &c->name, c->now);
}

void pl_api_post_ack(struct pl_api_call *c)
{
    say(c, PL_HANDLE_ACKNOWLEDGE);
}

void pl_api_post_snooze(struct pl_api_call *c)
{
    say(c, PL_HANDLE_SNOOZE);
}

void pl_api_post_release(struct pl_api_call *c)
{
    say(c, PL_HANDLE_RELEASE);
}

void pl_api_post_assign(struct pl_api_call *c)
{
    say(c, PL_HANDLE_ASSIGN);
}

void pl_api_post_note(struct pl_api_call *c)
{
    say(c, PL_HANDLE_NOTE);
}

void pl_api_get_deliveries(struct pl_api_call *c)
{
    uint32_t alert = PL_NO_INDEX;
    if (!pl_api_read_no_query(c) || (alert = find_alert(c)) == PL_NO_INDEX) return;
    pl_json_deliveries(&c->out, &c->view, alert);
    pl_api_reply_json(c);
}

void pl_api_get_explain(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    uint32_t alert = pl_engine_find_alert(c->view.engine, c->rule, &c->name);
    if (alert == PL_NO_INDEX) { // one that never fired has reasons as well
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no pool; /api/v1/pools lists them");
        return;
    }
    pl_json_explain(&c->out, &c->view, alert);
    pl_api_reply_json(c);
}

/* ---- silences ---- */

void pl_api_get_silences(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_silences(&c->out, &c->view);
    pl_api_reply_json(c);
}

void pl_api_post_silence(struct pl_api_call *c)
{
    struct pl_silence silence;
    char error[PL_SAID_ERROR_BYTES];
    if (!pl_api_read_no_query(c)) return;
    if (pl_silence_read(c->request->body, c->now.unix_ms, &silence, error) != 0) {
        pl_api_problem(c, 422, PL_API_NO_PARAMETER, error);
        return;
    }
    pl_said_copy(silence.by, sizeof silence.by, pl_api_caller(c));
    c->api->said[c->client.index].kind = PL_API_SAID_JSON;
    int err = door_of(c)->silence(door_of(c)->arg, c->client, &silence);
    if (err == PL_E_FULL)
        pl_api_problem(c, 503, PL_API_NO_PARAMETER, "64 silences are in force already");
    else if (err < 0)
        refuse_said(c, err);
    else
        pl_login_record(c->api->config.login, PL_AUDIT_SILENCE_MADE, &c->caller, &silence.pool,
                        c->now);
}

void pl_api_delete_silence(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    uint64_t number = 0;
    bool is_number = c->name.len <= 19;
    for (size_t i = 0; i < c->name.len && is_number; i++) {
        is_number = c->name.text[i] >= '0' && c->name.text[i] <= '9';
        number = number * 10 + (uint64_t)(c->name.text[i] - '0');
    }
    c->api->said[c->client.index].kind = PL_API_SAID_JSON;
    int err =
        is_number ? door_of(c)->unsilence(door_of(c)->arg, c->client, number) : PL_E_NOT_FOUND;
    if (err == PL_E_NOT_FOUND)
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no silence; /api/v1/silences lists them");
    else if (err < 0)
        refuse_said(c, err);
    else
        pl_login_record(c->api->config.login, PL_AUDIT_SILENCE_ENDED, &c->caller, NULL, c->now);
}

/* ---- answers that wait ---- */

static struct pl_api_held *held_by(struct pl_api *api, struct pl_slot_id client)
{
    for (size_t i = 0; i < PL_API_HELD_MAX; i++) {
        struct pl_api_held *held = &api->held[i];
        bool is_its =
            held->client.index == client.index && held->client.generation == client.generation;
        if (held->used && is_its) return held;
    }
    return NULL;
}

void pl_api_reply_written(struct pl_api_call *c, int status, const char *type)
{
    struct pl_api_held *held = c->api->held;
    while (held < c->api->held + PL_API_HELD_MAX && held->used) held++;
    PL_ASSERT(!c->out.overflow && c->out.len <= PL_API_HELD_BYTES);
    bool is_full = held == c->api->held + PL_API_HELD_MAX;
    if (is_full || door_of(c)->written(door_of(c)->arg, c->client) < 0) {
        pl_api_problem(c, 503, PL_API_NO_PARAMETER, not_recorded);
        return;
    }
    held->used = true;
    held->client = c->client;
    held->status = status;
    held->type = type;
    held->len = c->out.len;
    memcpy(held->body, c->out.ptr, c->out.len);
    c->api->said[c->client.index].kind = PL_API_SAID_HELD;
}

static void answer_held(struct pl_api_call *c, struct pl_api_held *held, bool saved)
{
    if (saved) {
        pl_text_span(&c->out, (struct pl_span){(const uint8_t *)held->body, held->len});
        pl_api_reply(c, held->status, held->type);
    } else {
        pl_api_problem(c, 503, PL_API_NO_PARAMETER, not_recorded);
    }
    OPENSSL_cleanse(held->body, sizeof held->body);
    held->used = false;
}

void pl_api_said(struct pl_api *api, struct pl_slot_id client, bool saved)
{
    struct pl_api_call c = {.api = api, .client = client, .now.unix_ms = pl_clock_unix_ms()};
    c.out = pl_text_init(api->body, sizeof api->body);
    struct pl_api_held *held = held_by(api, client);
    if (held) {
        answer_held(&c, held, saved);
        return;
    }
    if (api->said[client.index].kind == PL_API_SAID_PAGE) {
        pl_api_link_said(&c, saved);
        return;
    }
    if (api->said[client.index].kind != PL_API_SAID_JSON) {
        pl_api_callback_said(&c);
        return;
    }
    if (!saved) {
        pl_api_problem(&c, 503, PL_API_NO_PARAMETER, not_recorded);
        return;
    }
    pl_text_str(&c.out, "{\"recorded\":true}\n");
    pl_api_reply_json(&c);
}
