/* Customers: who they are, the links that let them in, and what is theirs of the launches. */
#include "collector/codec/json_account.h"
#include "collector/codec/json_customer.h"
#include "collector/io/api_private.h"

#include <stdio.h>

const struct pl_customer *pl_api_customer(const struct pl_api_call *c)
{
    const struct pl_principal *who = &c->caller.shown.principal;
    if (who->role != PL_ROLE_CUSTOMER) return NULL;
    return pl_customer_find(&c->api->config.customers, &who->customer);
}

bool pl_api_may_see(const struct pl_api_call *c, const struct pl_launch *launch)
{
    return pl_customer_may_see(&c->api->config.customers, &c->caller.shown.principal, launch);
}

static void bind_pools(const struct pl_customer *customer, struct pl_launch *l,
                       struct pl_launch_faults *faults)
{
    for (uint32_t i = 0; i < l->pool_count; i++) {
        struct pl_launch_where where = {"pools", (int32_t)i, NULL};
        if (!pl_customer_owns(customer, &l->pools[i]))
            pl_launch_fault(faults, where, pl_name_span(&l->pools[i]), "is none of your pools");
    }
    bool is_open = l->pool_count == 0 && faults->count == 0;
    for (uint32_t i = 0; is_open && i < customer->pool_count && i < PL_LAUNCH_POOLS_MAX; i++)
        l->pools[l->pool_count++] = customer->pools[i];
}

void pl_api_bind_launch(const struct pl_api_call *c, struct pl_launch *l,
                        struct pl_launch_faults *faults)
{
    const struct pl_customer *customer = pl_api_customer(c);
    const struct pl_customer *named = pl_customer_find(&c->api->config.customers, &l->customer);
    struct pl_launch_where where = {"customer", -1, NULL};
    if (customer && l->customer.len > 0 && !pl_name_eq(&l->customer, &customer->id))
        pl_launch_fault(faults, where, pl_name_span(&l->customer), "is not you");
    if (customer) {
        l->customer = customer->id;
        bind_pools(customer, l, faults);
    } else if (named) {
        bind_pools(named, l, faults);
    }
    const struct pl_launch_book *book = pl_engine_launches(c->view.engine);
    uint32_t past = l->past_event.len > 0 ? pl_launch_find(book, &l->past_event) : PL_NO_INDEX;
    bool is_there = past != PL_NO_INDEX && pl_api_may_see(c, &book->entries[past].launch);
    where.field = "past_event";
    if (customer && l->past_event.len > 0 && !is_there)
        pl_launch_fault(faults, where, pl_name_span(&l->past_event), "is no launch of yours");
}

/* ---- who they are ---- */

static const char no_customer[] = "is no customer; /api/v1/customers lists them";

void pl_api_get_customers(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_customers(&c->out, &c->api->config.customers);
    pl_api_reply_json(c);
}

void pl_api_get_customer(struct pl_api_call *c)
{
    const struct pl_customer *customer = pl_customer_find(&c->api->config.customers, &c->name);
    bool is_other = c->view.customer && c->view.customer != customer;
    if (!pl_api_read_no_query(c) || pl_api_is_missing(c, customer && !is_other, no_customer))
        return;
    c->view.customer = customer; // one of ours sees what the customer does
    pl_json_customer(&c->out, &c->view);
    pl_api_reply_json(c);
}

void pl_api_name_token(const struct pl_api_call *c, struct pl_span first, struct pl_name *name)
{
    struct pl_text t = pl_text_init(name->text, sizeof name->text);
    pl_text_span(&t, first);
    pl_text_char(&t, '-');
    pl_text_hex(&t, c->api->config.launch_desk.new_number(), 8);
    name->len = (uint8_t)t.len;
}

void pl_api_post_customer_token(struct pl_api_call *c)
{
    struct pl_account_request body;
    uint8_t secret[PL_SECRET_BYTES];
    char before[PL_NAME_LEN_MAX + 512];
    const struct pl_customer *customer = pl_customer_find(&c->api->config.customers, &c->name);
    if (pl_api_is_missing(c, customer != NULL, no_customer) || !customer) return;
    if (!pl_api_read_account(c, PL_ACCOUNT_TTL, 0, &body)) return;
    struct pl_api_token token = {.role = PL_ROLE_CUSTOMER,
                                 .customer = customer->id,
                                 .expires_unix_ms = c->now.unix_ms + body.ttl_ms};
    pl_api_name_token(c, pl_name_span(&customer->id), &token.name);
    const char *problem =
        pl_login_make_token(c->api->config.login, &c->caller, &token, c->now, secret);
    if (problem) {
        pl_api_reply_done(c, problem);
        return;
    }
    (void)snprintf(before, sizeof before, "%s\",\"url\":\"%smy.html#token=", token.name.text,
                   c->api->config.external_url); // it fits
    pl_api_reply_secret(c, &(struct pl_api_secret){"name", before, "", secret},
                        token.expires_unix_ms);
}
