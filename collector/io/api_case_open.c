/* Cases: opened from an alert, a pool or a customer; and what customers see of one, which is open
 * to whoever has its link. */
#include "collector/io/api_private.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/case_in.h"
#include "collector/codec/case_page.h"
#include "collector/codec/json_case.h"
#include "common/base/assert.h"
#include "common/io/key.h"

int pl_api_case_names(struct pl_case_opening *opening)
{
    uint64_t numbers[3];
    int err = pl_random((uint8_t *)numbers, sizeof numbers);
    if (err < 0) return err;
    struct pl_text id = pl_text_init(opening->id.text, sizeof opening->id.text);
    struct pl_text link = pl_text_init(opening->link.text, sizeof opening->link.text);
    pl_text_str(&id, "c-");
    pl_text_hex(&id, numbers[0], 16);
    pl_text_hex(&link, numbers[1], 16);
    pl_text_hex(&link, numbers[2], 16);
    opening->id.len = (uint8_t)id.len;
    opening->link.len = (uint8_t)link.len;
    return 0;
}

static bool add_pool(struct pl_api_call *c, struct pl_case_request *r, const struct pl_name *pool)
{
    for (uint32_t i = 0; i < r->pool_count; i++) {
        if (pl_name_eq(&r->pools[i], pool)) return true;
    }
    if (r->pool_count == PL_CASE_POOLS_MAX) {
        pl_api_problem_value(c, 422, pl_span_of("pools"), pool->text, "is one more than 8");
        return false;
    }
    r->pools[r->pool_count++] = *pool;
    return true;
}

/* A customer's case is about pools of that customer: all of them if none was named. */
static bool bind_customer(struct pl_api_call *c, struct pl_case_request *r)
{
    const struct pl_customer *customer = pl_customer_find(&c->api->config.customers, &r->customer);
    if (!customer) {
        pl_api_problem_value(c, 422, pl_span_of("customer"), r->customer.text,
                             "is no customer; /api/v1/customers lists them");
        return false;
    }
    for (uint32_t i = 0; i < r->pool_count; i++) {
        if (pl_customer_owns(customer, &r->pools[i])) continue;
        pl_api_problem_value(c, 422, pl_span_of("pools"), r->pools[i].text,
                             "is no pool of that customer");
        return false;
    }
    bool is_open = r->pool_count == 0;
    for (uint32_t i = 0; is_open && i < customer->pool_count && i < PL_CASE_POOLS_MAX; i++)
        r->pools[r->pool_count++] = customer->pools[i];
    return true;
}

static bool check_pools(struct pl_api_call *c, const struct pl_case_request *r)
{
    for (uint32_t i = 0; i < r->pool_count; i++) {
        if (pl_fleet_find_pool(pl_engine_fleet(c->view.engine), &r->pools[i]) != PL_NO_INDEX)
            continue;
        pl_api_problem_value(c, 422, pl_span_of("pools"), r->pools[i].text,
                             "is no pool; /api/v1/pools lists them");
        return false;
    }
    if (r->pool_count > 0) return true;
    pl_api_problem(c, 422, PL_API_NO_PARAMETER, "alert, pools or customer is missing");
    return false;
}

/* The alert it is about, or NULL. False: there is no such one, or a case is open about it. */
static bool find_alert(struct pl_api_call *c, const struct pl_case_request *r,
                       const struct pl_alert **out)
{
    *out = NULL;
    if ((r->given & PL_CASE_BIT(ALERT)) == 0) return true;
    uint32_t index = pl_engine_find_alert(c->view.engine, r->rule, &r->alert_pool);
    const struct pl_alert *a = index == PL_NO_INDEX ? NULL : pl_engine_alert(c->view.engine, index);
    if (!a || a->state == PL_ALERT_OK) {
        pl_api_problem_value(c, 422, pl_span_of("alert"), r->alert_pool.text,
                             "has no such alert; /api/v1/alerts lists them");
        return false;
    }
    const struct pl_cases *cases = pl_api_case_desk_of(c)->cases;
    for (uint32_t i = 0; i < cases->used_max; i++) {
        const struct pl_case *o = &cases->items[i];
        bool is_same = o->used && o->open && o->rule == a->rule && o->alert_unix_ms != 0 &&
                       o->alert_unix_ms == a->opened_unix_ms && pl_case_concerns(o, &a->pool);
        if (!is_same) continue;
        pl_api_problem_value(c, 409, pl_span_of("alert"), o->id.text, "is open about it already");
        return false;
    }
    *out = a;
    return true;
}

static void open_case(struct pl_api_call *c, const struct pl_case_request *r,
                      const struct pl_alert *alert)
{
    char title[PL_ALERT_TEXT_BYTES];
    struct pl_text t = pl_text_init(title, sizeof title);
    pl_text_str(&t, r->title);
    if (t.len == 0 && alert) pl_alert_title_write(alert, c->now.unix_ms, &t);
    if (t.len == 0) pl_text_span(&t, pl_name_span(&r->pools[0]));
    struct pl_case_opening opening = {.customer = r->customer,
                                      .pools = r->pools,
                                      .pool_count = r->pool_count,
                                      .alert = alert,
                                      .title = pl_text_bytes(&t),
                                      .owner = pl_span_of(r->owner),
                                      .by = pl_api_caller(c)};
    if ((r->given & PL_CASE_BIT(OWNER)) == 0) opening.owner = opening.by;
    if (pl_api_case_names(&opening) < 0) {
        pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                       "the system gives no random numbers; try again");
        return;
    }
    uint32_t index =
        pl_api_case_desk_of(c)->open(pl_api_case_desk_of(c)->arg, &opening, c->now.unix_ms);
    if (index == PL_NO_INDEX)
        pl_api_problem(c, 503, PL_API_NO_PARAMETER, "as many cases as there is room for are open");
    else
        pl_api_case_save(c, 201, index, 0);
}

void pl_api_post_case(struct pl_api_call *c)
{
    uint32_t takes = PL_CASE_BIT(ALERT) | PL_CASE_BIT(POOLS) | PL_CASE_BIT(CUSTOMER) |
                     PL_CASE_BIT(TITLE) | PL_CASE_BIT(OWNER);
    struct pl_case_request r;
    const struct pl_alert *alert;
    char error[PL_CASE_ERROR_BYTES];
    if (!pl_api_read_no_query(c)) return;
    if (pl_case_request_read(c->request->body, takes, 0, &r, error) != 0) {
        pl_api_problem(c, 422, PL_API_NO_PARAMETER, error);
        return;
    }
    if (!pl_api_case_can_write(c) || !find_alert(c, &r, &alert)) return;
    if (alert && !add_pool(c, &r, &alert->pool)) return;
    if (r.customer.len > 0 && !bind_customer(c, &r)) return;
    if (check_pools(c, &r)) open_case(c, &r, alert);
}

/* ---- for customers: whoever has the link ---- */

static const struct pl_case *find_link(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return NULL;
    uint32_t index = pl_cases_find_link(pl_api_case_desk_of(c)->cases, &c->name);
    if (index != PL_NO_INDEX) return pl_api_case_of(c, index);
    pl_api_problem(c, 404, PL_API_NO_PARAMETER, "nothing is here");
    return NULL;
}

static void reply_hidden(struct pl_api_call *c, const char *type)
{
    PL_ASSERT(!c->out.overflow);
    pl_http_server_reply(c->api->server, c->client,
                         &(struct pl_http_reply){.status = 200,
                                                 .content_type = type,
                                                 .is_hidden = true,
                                                 .body = pl_text_bytes(&c->out)});
}

void pl_api_get_updates(struct pl_api_call *c)
{
    const struct pl_case *of = find_link(c);
    if (!of) return;
    pl_case_page_write(&c->out, of, c->now.unix_ms);
    reply_hidden(c, "text/html; charset=utf-8");
}

void pl_api_get_incident(struct pl_api_call *c)
{
    const struct pl_case *of = find_link(c);
    if (!of) return;
    char url[PL_CASE_URL_BYTES];
    struct pl_text t = pl_text_init(url, sizeof url);
    pl_case_url_write(&t, pl_span_of(c->api->config.external_url), of);
    pl_text_str(&c->out, "{\"incident\":");
    pl_json_incident(&c->out, of, pl_text_bytes(&t), (struct pl_incident_span){0});
    pl_text_str(&c->out, "}\n");
    reply_hidden(c, "application/json");
}
