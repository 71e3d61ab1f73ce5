/* Consented actions of a launch over HTTP: what there is, who agrees, what would be sent. */
#include "collector/codec/action_text.h"
#include "collector/codec/json_launch.h"
#include "collector/codec/json_put.h"
#include "collector/io/api_private.h"

static const struct pl_api_action_desk *desk_of(const struct pl_api_call *c)
{
    return &c->api->config.action_desk;
}

static bool is_for(const struct pl_hook *hook, const struct pl_launch *l)
{
    for (uint32_t i = 0; i < l->pool_count; i++)
        if (pl_name_eq(&hook->pool, &l->pools[i])) return true;
    return false;
}

static void answer(struct pl_api_call *c, const struct pl_launch *l)
{
    const struct pl_api_action_desk *desk = desk_of(c);
    c->out = pl_text_init(c->api->body, sizeof c->api->body);
    struct pl_json_list list = pl_json_list_begin(&c->out, "{\"actions\":", PL_JSON_TAIL_BYTES);
    for (uint32_t i = 0; i < desk->hook_count; i++) {
        if (!is_for(&desk->hooks[i], l)) continue;
        uint32_t index = pl_action_find(desk->actions, &l->id, &desk->hooks[i].name);
        pl_json_item_begin(&list);
        pl_json_action(&c->out, &desk->hooks[i],
                       index == PL_NO_INDEX ? NULL : &desk->actions->items[index],
                       c->view.customer != NULL);
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(&c->out, "]}\n");
    pl_api_reply_json(c);
}

void pl_api_get_actions(struct pl_api_call *c)
{
    const struct pl_launch *l = pl_api_read_no_query(c) ? pl_api_find_launch(c) : NULL;
    if (l) answer(c, l);
}

/* The hook of that name, for that launch; PL_NO_INDEX: refused and answered. */
static uint32_t find_hook(struct pl_api_call *c, const struct pl_launch *l,
                          const struct pl_name *name)
{
    const struct pl_api_action_desk *desk = desk_of(c);
    for (uint32_t i = 0; i < desk->hook_count; i++)
        if (pl_name_eq(&desk->hooks[i].name, name) && is_for(&desk->hooks[i], l)) return i;
    pl_api_problem_value(c, 422, pl_span_of("hook"), name->text, "is no hook for this launch");
    return PL_NO_INDEX;
}

/* Both sides have to say yes: nobody says it for the other one. False: refused and answered. */
static bool may(struct pl_api_call *c, const struct pl_launch *l, enum pl_action_deed deed)
{
    const struct pl_customers *customers = &c->api->config.customers;
    bool is_customers = pl_customer_find(customers, &l->customer) != NULL;
    bool is_consent = pl_action_is_consent(deed);
    if (is_consent == (c->view.customer != NULL)) return true;
    if (is_consent && !is_customers) return true; // of ours alone: whoever announced it agrees
    pl_api_problem(c, 403, PL_API_NO_PARAMETER,
                   is_consent ? "only the customer whose launch it is can consent"
                              : "customers consent and withdraw; the rest is for operations");
    return false;
}

static void answer_preview(struct pl_api_call *c, const struct pl_launch *l, uint32_t hook,
                           bool is_undo)
{
    char body[PL_HOOK_BODY_BYTES];
    struct pl_text text = pl_text_init(body, sizeof body);
    const struct pl_api_action_desk *desk = desk_of(c);
    if (desk->preview(desk->arg, &l->id, hook, is_undo, &text) != 0) {
        pl_api_problem(c, 422, PL_API_NO_PARAMETER, "what would be sent is larger than 4 KiB");
        return;
    }
    pl_json_put_name(&c->out, "{\"dry_run\":true,\"hook\":", &desk->hooks[hook].name);
    pl_text_str(&c->out, ",\"body\":");
    pl_text_json(&c->out, pl_text_bytes(&text));
    pl_text_str(&c->out, "}\n");
    pl_api_reply_json(c);
}

static void record(struct pl_api_call *c, enum pl_action_deed deed)
{
    static const enum pl_audit_action actions[PL_ACTION_DEED_COUNT] = {
        [PL_ACTION_ARM] = PL_AUDIT_ACTION_ARMED,
        [PL_ACTION_DISARM] = PL_AUDIT_ACTION_DISARMED,
        [PL_ACTION_FIRE] = PL_AUDIT_ACTION_FIRED,
        [PL_ACTION_UNDO] = PL_AUDIT_ACTION_UNDONE};
    if (!pl_action_is_consent(deed)) // that is in the action's record: a customer may not fill this
        pl_login_record(c->api->config.login, actions[deed], &c->caller, &c->name, c->now);
}

void pl_api_post_action(struct pl_api_call *c)
{
    struct pl_action_request request;
    const char *member;
    char by[PL_LAUNCH_AUTHOR_BYTES];
    struct pl_text author = pl_text_init(by, sizeof by);
    const struct pl_launch *l = pl_api_read_no_query(c) ? pl_api_find_launch(c) : NULL;
    if (!l) return;
    const char *problem = pl_action_request_read(c->request->body, &request, &member);
    if (problem) {
        pl_api_problem(c, 422, member ? pl_span_of(member) : PL_API_NO_PARAMETER, problem);
        return;
    }
    uint32_t hook = may(c, l, request.deed) ? find_hook(c, l, &request.hook) : PL_NO_INDEX;
    if (hook == PL_NO_INDEX) return;
    if (request.dry_run && !pl_action_is_consent(request.deed)) {
        answer_preview(c, l, hook, request.deed == PL_ACTION_UNDO);
        return;
    }
    if (c->view.customer)
        pl_launch_customer_author(&author, c->view.customer);
    else
        pl_text_span(&author, pl_name_span(&c->caller.shown.principal.name));
    const struct pl_api_action_desk *desk = desk_of(c);
    problem = request.dry_run ? NULL : desk->act(desk->arg, &l->id, hook, request.deed, by);
    if (problem) {
        pl_api_problem(c, 409, PL_API_NO_PARAMETER, problem);
        return;
    }
    if (!request.dry_run) record(c, request.deed);
    answer(c, l);
}
