/* What providers tell us when somebody acknowledges at theirs: a key of a telephone (Twilio), an
 * incident (PagerDuty), a button (Slack). Each request is signed by the provider with a secret of
 * its notifier, and that is looked at before anything in it.
 *
 *     POST -> signature -> link or incident -> judge -> door (app: engine, store)
 *                                         ... saved, or 2 s -> pl_api_said -> answer */
#include "collector/codec/notify/pagerduty_event.h"
#include "collector/codec/notify/slack_action.h"
#include "collector/codec/notify/twiml.h"
#include "collector/io/api_private.h"
#include "collector/io/provider_signature.h"
#include "common/base/err.h"

enum { CALLBACK_URL_BYTES = 512, CLOCKS_APART_MS = 60 * 1000 };

static struct pl_span value_of(const struct pl_api *api, uint32_t target, enum pl_notify_key key)
{
    return api->config.notify[target].value[key];
}

static void refuse_signature(struct pl_api_call *c)
{
    pl_api_problem(c, 403, PL_API_NO_PARAMETER,
                   "the signature is not that of the notifier's secret");
}

static int read_form(struct pl_api_call *c, struct pl_form_field *fields)
{
    int count = pl_form_parse(c->request->body, c->api->form, fields);
    if (count < 0) pl_api_problem(c, 422, PL_API_NO_PARAMETER, "the body is no form");
    return count;
}

/* Nothing to say: what providers want is the status. */
static void answer_empty(struct pl_api_call *c)
{
    c->out = pl_text_init(c->api->body, sizeof c->api->body);
    pl_api_reply(c, 200, "text/plain");
}

/* The first target of that type for which `is_good` holds; PL_NO_INDEX, answered: none. */
static uint32_t find_sender(struct pl_api_call *c, enum pl_notify_type type,
                            bool (*is_good)(const struct pl_api_call *c, struct pl_span secret))
{
    bool has_secret = false;
    for (uint32_t t = 0; t < c->api->config.target_count; t++) {
        struct pl_span secret = value_of(c->api, t, PL_NOTIFY_SECRET_KEY);
        if (c->api->config.notify[t].type != type || secret.len == 0) continue;
        has_secret = true;
        if (is_good(c, secret)) return t;
    }
    if (has_secret)
        refuse_signature(c);
    else
        pl_api_problem(c, 404, PL_API_NO_PARAMETER,
                       "no notifier of this type has a secret_file to check this with");
    return PL_NO_INDEX;
}

/* ---- Twilio: a key was pressed ---- */

static void answer_call(struct pl_api_call *c, enum pl_link_state state, uint32_t alert)
{
    const char *by =
        state == PL_LINK_TAKEN ? pl_engine_handling(c->api->config.engine, alert)->by : "";
    c->out = pl_text_init(c->api->body, sizeof c->api->body);
    pl_twiml_answer(&c->out, state, pl_span_of(by));
    pl_api_reply(c, 200, "text/xml; charset=utf-8");
}

/* The address Twilio called, as it was told to. */
static bool is_signed_call(struct pl_api_call *c, struct pl_span secret,
                           const struct pl_form_field *fields, int count)
{
    char url[CALLBACK_URL_BYTES];
    struct pl_text text = pl_text_init(url, sizeof url);
    pl_text_str(&text, c->api->config.external_url);
    text.len--; // its '/': the path begins with one
    pl_text_span(&text, c->request->path);
    return !text.overflow && pl_twilio_signature_is_good(secret, pl_text_bytes(&text), fields,
                                                         count, c->request->twilio_signature);
}

void pl_api_post_call(struct pl_api_call *c)
{
    struct pl_form_field fields[PL_FORM_FIELDS_MAX];
    struct pl_api_link link;
    if (!pl_api_read_no_query(c)) return;
    bool is_known = pl_api_find_link(c->api, c->token, &link) == 0 &&
                    c->api->config.notify[link.target].type == PL_NOTIFY_TWILIO_VOICE;
    if (!is_known) {
        pl_api_problem(c, 404, PL_API_NO_PARAMETER, "no call of ours has this address");
        return;
    }
    int count = read_form(c, fields);
    if (count < 0) return;
    if (!is_signed_call(c, value_of(c->api, link.target, PL_NOTIFY_TOKEN_KEY), fields, count)) {
        refuse_signature(c);
        return;
    }
    struct pl_span by = pl_name_span(&link.name);
    enum pl_link_state state = pl_api_judge_link(c->api, &link, by, c->now);
    if (state == PL_LINK_GOOD && pl_span_is(pl_form_value(fields, count, "Digits"), "1")) {
        c->api->said[c->client.index] = (struct pl_api_said_reply){PL_API_SAID_CALL, link};
        if (pl_api_acknowledge(c, &link, by) == 0) return;
    }
    answer_call(c, state, link.alert);
}

/* ---- PagerDuty: an incident was acknowledged ---- */

static bool is_pagerdutys(const struct pl_api_call *c, struct pl_span secret)
{
    return pl_pagerduty_signature_is_good(secret, c->request->body,
                                          c->request->pagerduty_signature);
}

/* Nobody has the alert, and the event is about it, not about one before; the two clocks may be
 * CLOCKS_APART_MS apart. What was told before, or comes late, changes nothing. */
static bool is_news(const struct pl_api_call *c, uint32_t alert,
                    const struct pl_pagerduty_event *event)
{
    const struct pl_alert *a = pl_engine_alert(c->view.engine, alert);
    const struct pl_handling *h = pl_engine_handling(c->view.engine, alert);
    return a->state == PL_ALERT_FIRING && h->hold != PL_HOLD_ACKNOWLEDGED &&
           event->occurred_unix_ms >= a->opened_unix_ms - CLOCKS_APART_MS &&
           event->occurred_unix_ms > h->since_unix_ms;
}

void pl_api_post_pagerduty(struct pl_api_call *c)
{
    struct pl_pagerduty_event event;
    if (!pl_api_read_no_query(c)) return;
    uint32_t target = find_sender(c, PL_NOTIFY_PAGERDUTY, is_pagerdutys);
    if (target == PL_NO_INDEX) return;
    int err = pl_pagerduty_event_read(c->request->body, &event);
    if (err == PL_E_SYNTAX) {
        pl_api_problem(c, 422, PL_API_NO_PARAMETER, "the body is no event of a v3 webhook");
        return;
    }
    struct pl_api_link link = {.name = c->api->config.targets[target], .alert = PL_NO_INDEX};
    if (err == 0) link.alert = pl_engine_find_alert(c->view.engine, event.rule, &event.pool);
    if (link.alert != PL_NO_INDEX && is_news(c, link.alert, &event)) {
        c->api->said[c->client.index].kind = PL_API_SAID_EVENT;
        err = pl_api_acknowledge(c, &link, pl_span_of(event.who));
        if (err == 0) return;
        pl_api_problem(c, 503, PL_API_NO_PARAMETER, pl_err_text(err)); // and PagerDuty comes again
        return;
    }
    answer_empty(c);
}

/* ---- Slack: the button was pressed ---- */

static bool is_slacks(const struct pl_api_call *c, struct pl_span secret)
{
    const struct pl_slack_proof proof = {c->request->slack_timestamp, c->request->slack_signature};
    return pl_slack_signature_is_good(secret, c->request->body, &proof, c->now.unix_ms);
}

void pl_api_post_slack(struct pl_api_call *c)
{
    struct pl_form_field fields[PL_FORM_FIELDS_MAX];
    struct pl_slack_action action;
    struct pl_api_link link;
    if (!pl_api_read_no_query(c)) return;
    if (find_sender(c, PL_NOTIFY_SLACK_BOT, is_slacks) == PL_NO_INDEX) return;
    int count = read_form(c, fields);
    if (count < 0) return;
    int err = pl_slack_action_read(pl_form_value(fields, count, "payload"), &action);
    if (err == PL_E_SYNTAX) {
        pl_api_problem(c, 422, pl_span_of("payload"), "is no interaction");
        return;
    }
    if (err == 0) err = pl_api_find_link(c->api, pl_span_of(action.token), &link);
    if (err == 0 && c->api->config.notify[link.target].type == PL_NOTIFY_SLACK_BOT) {
        struct pl_span by = link.is_person ? pl_name_span(&link.name) : pl_span_of(action.who);
        c->api->said[c->client.index].kind = PL_API_SAID_EVENT;
        if (pl_api_judge_link(c->api, &link, by, c->now) == PL_LINK_GOOD &&
            pl_api_acknowledge(c, &link, by) == 0)
            return;
    }
    answer_empty(c); // the message itself tells who has it
}

void pl_api_callback_said(struct pl_api_call *c)
{
    const struct pl_api_said_reply *said = &c->api->said[c->client.index];
    if (said->kind == PL_API_SAID_CALL)
        answer_call(c, PL_LINK_MINE, said->link.alert);
    else
        answer_empty(c);
}
