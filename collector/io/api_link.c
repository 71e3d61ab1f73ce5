/* The link of a page: whoever opens it sees the alert, whoever presses its button has it. Nobody
 * logs in: the token is the proof, good for one alert and one receiver. It is written nowhere.
 *
 *     GET  -> find, judge -> page
 *     POST -> find, judge -> door (app: engine, store) ... saved, or 2 s -> pl_api_said -> page */
#include "collector/codec/form_in.h"
#include "collector/io/api_private.h"
#include "common/base/err.h"

int pl_api_find_link(const struct pl_api *api, struct pl_span token, struct pl_api_link *out)
{
    const struct pl_api_config *config = &api->config;
    *out = (struct pl_api_link){.alert = PL_NO_INDEX};
    int err = pl_ack_link_read(config->ack_key, token, &out->link);
    if (err < 0) return err;
    for (uint32_t t = 0; t < config->target_count && out->name.len == 0; t++) {
        uint16_t owner = pl_oncall_owner(config->oncall, t);
        out->is_person = owner != PL_NOBODY;
        const struct pl_name none = {0},
                             *person = out->is_person ? &config->oncall->people[owner].name : &none;
        uint32_t who = pl_link_who(pl_name_span(&config->targets[t]), pl_name_span(person));
        if (who != out->link.who) continue;
        out->target = t;
        out->name = out->is_person ? *person : config->targets[t];
    }
    if (out->name.len == 0) return PL_E_NOT_FOUND;
    for (uint32_t i = 0; i < pl_engine_alert_count(config->engine); i++) {
        const struct pl_alert *alert = pl_engine_alert(config->engine, i);
        bool lives = alert->state == PL_ALERT_FIRING || alert->state == PL_ALERT_RESOLVED;
        if (!lives || pl_link_alert(alert) != out->link.alert) continue;
        out->alert = i;
        break;
    }
    return 0;
}

enum pl_link_state pl_api_judge_link(const struct pl_api *api, const struct pl_api_link *link,
                                     struct pl_span by, struct pl_now now)
{
    const struct pl_engine *engine = api->config.engine;
    if (link->alert == PL_NO_INDEX) return PL_LINK_OVER;
    return pl_link_judge(&link->link, pl_engine_alert(engine, link->alert),
                         pl_engine_handling(engine, link->alert), by, now.unix_ms);
}

int pl_api_acknowledge(struct pl_api_call *c, const struct pl_api_link *link, struct pl_span by)
{
    const struct pl_api_config *config = &c->api->config;
    const struct pl_handle_request request = {.act = PL_HANDLE_ACKNOWLEDGE, .by = by};
    int err = config->door.handle(config->door.arg, c->client, link->alert, &request);
    if (err < 0) return err;
    c->caller.shown.principal = (struct pl_principal){.name = link->name};
    pl_login_record(config->login, PL_AUDIT_ALERT_ACKNOWLEDGED, &c->caller,
                    &pl_engine_alert(config->engine, link->alert)->pool, c->now);
    return 0;
}

/* ---- the page ---- */

static void refuse(struct pl_api_call *c, int status, const char *heading, const char *words)
{
    pl_ack_page_refuse(heading, words, &c->out);
    pl_api_reply(c, status, "text/html; charset=utf-8");
}

/* The link of the path. False: it is none, and that was answered. */
static bool find(struct pl_api_call *c, struct pl_api_link *link)
{
    if (c->request->query.len > 0) {
        refuse(c, 400, "This is no link of plimsoll", "It was changed on its way: open it again.");
        return false;
    }
    int err = pl_api_find_link(c->api, c->token, link);
    if (err == PL_E_NOT_FOUND)
        refuse(c, 410, "This link is not good any more",
               "Whom it was sent to is not told of alerts any more.");
    else if (err < 0)
        refuse(c, 404, "This is no link of plimsoll",
               "Perhaps it was cut off: open the one in the message, or acknowledge in the live "
               "view.");
    return err == 0;
}

static void show(struct pl_api_call *c, const struct pl_api_link *link,
                 const struct pl_ack_view *said, int status)
{
    struct pl_ack_view view = *said;
    const struct pl_engine *engine = c->api->config.engine;
    view.alert = link->alert == PL_NO_INDEX ? NULL : pl_engine_alert(engine, link->alert);
    view.handling = view.alert ? pl_engine_handling(engine, link->alert) : NULL;
    view.by = pl_name_span(&link->name);
    view.asks_name = !link->is_person;
    view.now_unix_ms = c->now.unix_ms;
    pl_ack_page_write(&view, &c->out);
    pl_api_reply(c, status, "text/html; charset=utf-8");
}

void pl_api_get_link(struct pl_api_call *c)
{
    struct pl_api_link link;
    if (!find(c, &link)) return;
    enum pl_link_state state = pl_api_judge_link(c->api, &link, pl_name_span(&link.name), c->now);
    show(c, &link, &(struct pl_ack_view){.state = state}, pl_ack_status(state, false));
}

/* The name that the form gives, into `by`; that of the link if it gives none, or if the link is a
 * person's. False: the body is no form, and that was answered. */
static bool read_name(struct pl_api_call *c, const struct pl_api_link *link, char *by)
{
    struct pl_form_field fields[PL_FORM_FIELDS_MAX];
    int count = pl_form_parse(c->request->body, c->api->form, fields);
    if (count < 0) {
        refuse(c, 422, "That is no form of ours", "Open the link of the message again.");
        return false;
    }
    struct pl_span who = pl_form_value(fields, count, "who");
    while (who.len > 0 && who.ptr[0] == ' ') who = (struct pl_span){who.ptr + 1, who.len - 1};
    while (who.len > 0 && who.ptr[who.len - 1] == ' ') who.len--;
    pl_said_copy(by, PL_WHO_BYTES,
                 who.len > 0 && !link->is_person ? who : pl_name_span(&link->name));
    return true;
}

void pl_api_post_link(struct pl_api_call *c)
{
    struct pl_api_link link;
    char by[PL_WHO_BYTES];
    if (!find(c, &link) || !read_name(c, &link, by)) return;
    enum pl_link_state state = pl_api_judge_link(c->api, &link, pl_span_of(by), c->now);
    int status = pl_ack_status(state, true);
    if (state == PL_LINK_GOOD) {
        c->api->said[c->client.index] = (struct pl_api_said_reply){PL_API_SAID_PAGE, link};
        if (pl_api_acknowledge(c, &link, pl_span_of(by)) == 0) return;
        refuse(c, 503, "Not now", "Too much waits to be recorded; try again in a moment.");
        return;
    }
    show(c, &link, &(struct pl_ack_view){.state = state}, status);
}

void pl_api_link_said(struct pl_api_call *c, bool saved)
{
    const struct pl_api_link *link = &c->api->said[c->client.index].link;
    const struct pl_ack_view view = {.state = PL_LINK_MINE, .unrecorded = !saved};
    show(c, link, &view, 200);
}
