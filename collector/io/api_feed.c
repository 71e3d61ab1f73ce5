/* Calendars by an address that nobody can guess: what phones subscribe to, which send no header.
 *
 * The secret in the address is an API token of role FEED, which opens this one calendar and nothing
 * else; it is made here, and listed and revoked among the API tokens. */
#include "collector/codec/ics_launch.h"
#include "collector/codec/ics_out.h"
#include "collector/codec/json_account.h"
#include "collector/io/api_private.h"

#include <stdio.h>

static struct pl_oncall *oncall_of(const struct pl_api_call *c)
{
    return c->api->config.oncall;
}

/* ---- reading ---- */

static bool is_of_customer(const void *arg, const struct pl_launch *l)
{
    return pl_customer_has(arg, l);
}

static bool is_on_pool(const void *arg, const struct pl_launch *l)
{
    for (uint32_t i = 0; i < l->pool_count; i++)
        if (pl_name_eq(&l->pools[i], arg)) return true;
    return false;
}

/* False: what it is about is not there any more. */
static bool write_feed(struct pl_api_call *c, enum pl_feed feed, const struct pl_name *about)
{
    const struct pl_launch_book *book = pl_engine_launches(c->view.engine);
    const struct pl_customer *customer = pl_customer_find(&c->api->config.customers, about);
    struct pl_ics_filter filter = {
        .arg = about, .name = about->text, .pages_url = c->api->config.external_url};
    uint16_t schedule = pl_oncall_schedule(oncall_of(c), pl_name_span(about));
    uint16_t person = pl_oncall_person(oncall_of(c), pl_name_span(about));
    switch (feed) {
    case PL_FEED_CUSTOMER:
        filter.wants = is_of_customer;
        filter.arg = customer;
        if (customer) pl_ics_launches(&c->out, book, &filter);
        return customer != NULL;
    case PL_FEED_POOL:
        filter.wants = is_on_pool;
        pl_ics_launches(&c->out, book, &filter);
        return true;
    case PL_FEED_SCHEDULE:
        if (schedule != PL_NOBODY)
            pl_ics_write(&c->out, oncall_of(c), schedule, PL_NOBODY, c->now.unix_ms / 1000);
        return schedule != PL_NOBODY;
    case PL_FEED_PERSON:
        if (person != PL_NOBODY)
            pl_ics_write(&c->out, oncall_of(c), PL_NOBODY, person, c->now.unix_ms / 1000);
        return person != PL_NOBODY;
    case PL_FEED_COUNT: break;
    }
    return false;
}

void pl_api_get_feed(struct pl_api_call *c)
{
    static const char ending[] = ".ics";
    struct pl_api_token token;
    struct pl_span secret = c->token;
    if (!pl_api_read_no_query(c)) return;
    bool is_calendar = secret.len > sizeof ending - 1 &&
                       memcmp(secret.ptr + secret.len - 4, ending, sizeof ending - 1) == 0;
    secret.len -= is_calendar ? sizeof ending - 1 : 0;
    int64_t wait_ms = 0;
    bool is_good =
        is_calendar && pl_login_feed(c->api->config.login, secret, c->now, &token, &wait_ms);
    if (wait_ms > 0) {
        struct pl_http_problem problem = {.status = 429,
                                          .detail = "this calendar is asked too often"};
        pl_api_refuse_for(c->api, c->client, &problem, wait_ms);
    } else if (is_good && write_feed(c, token.feed, &token.about)) {
        pl_api_reply(c, 200, "text/calendar; charset=utf-8");
    } else {
        pl_api_problem(c, 404, PL_API_NO_PARAMETER, "there is no such calendar (any more)");
    }
}

/* ---- making ---- */

static bool is_there(const struct pl_api_call *c, enum pl_feed feed, const struct pl_name *about)
{
    switch (feed) {
    case PL_FEED_CUSTOMER: return pl_customer_find(&c->api->config.customers, about) != NULL;
    case PL_FEED_POOL:
        return pl_fleet_find_pool(pl_engine_fleet(c->view.engine), about) != PL_NO_INDEX;
    case PL_FEED_SCHEDULE:
        return pl_oncall_schedule(oncall_of(c), pl_name_span(about)) != PL_NOBODY;
    case PL_FEED_PERSON: return pl_oncall_person(oncall_of(c), pl_name_span(about)) != PL_NOBODY;
    case PL_FEED_COUNT: break;
    }
    return false;
}

/* One customer cannot use up all places of tokens. */
static bool has_room(const struct pl_api_call *c, const struct pl_name *customer)
{
    const struct pl_accounts *accounts = pl_login_accounts(c->api->config.login);
    uint32_t count = 0;
    for (size_t i = 0; i < PL_LEN(accounts->tokens); i++) {
        const struct pl_api_token *t = &accounts->tokens[i];
        count += t->role == PL_ROLE_FEED && t->feed == PL_FEED_CUSTOMER &&
                 pl_name_eq(&t->about, customer);
    }
    return count < PL_CUSTOMER_FEEDS_MAX;
}

void pl_api_post_feed(struct pl_api_call *c)
{
    struct pl_account_request body;
    uint8_t secret[PL_SECRET_BYTES];
    char before[PL_NAME_LEN_MAX + 512];
    if (!pl_api_read_account(c, PL_ACCOUNT_FEED | PL_ACCOUNT_NAME, 0, &body)) return;
    bool is_own = body.feed == PL_FEED_CUSTOMER && c->view.customer &&
                  pl_name_eq(&c->view.customer->id, &body.name);
    if (c->view.customer ? !is_own : !is_there(c, body.feed, &body.name)) {
        pl_api_problem_value(c, 422, pl_span_of("name"), body.name.text,
                             c->view.customer ? "is not you" : "is not there");
        return;
    }
    if (body.feed == PL_FEED_CUSTOMER && !has_room(c, &body.name)) {
        pl_api_problem(c, 409, PL_API_NO_PARAMETER,
                       "8 calendars are out already; have one revoked first");
        return;
    }
    struct pl_api_token token = {.role = PL_ROLE_FEED,
                                 .feed = body.feed,
                                 .about = body.name,
                                 .expires_unix_ms = c->now.unix_ms + PL_API_TOKEN_MS_MAX};
    pl_api_name_token(c, pl_span_of("feed"), &token.name);
    const char *problem =
        pl_login_make_token(c->api->config.login, &c->caller, &token, c->now, secret);
    if (problem) {
        pl_api_reply_done(c, problem);
        return;
    }
    (void)snprintf(before, sizeof before, "%s\",\"url\":\"%sfeeds/", token.name.text,
                   c->api->config.external_url); // it fits
    pl_api_reply_secret(c, &(struct pl_api_secret){"name", before, ".ics", secret},
                        token.expires_unix_ms);
}

void pl_api_delete_feed(struct pl_api_call *c)
{
    const struct pl_api_token *token =
        pl_accounts_token(pl_login_accounts(c->api->config.login), &c->name);
    bool is_feed = token && token->role == PL_ROLE_FEED;
    bool is_own = is_feed && c->view.customer && token->feed == PL_FEED_CUSTOMER &&
                  pl_name_eq(&c->view.customer->id, &token->about);
    if (!pl_api_read_no_query(c) ||
        pl_api_is_missing(c, c->view.customer ? is_own : is_feed, "is no calendar"))
        return;
    pl_api_reply_done(c, pl_login_drop_token(c->api->config.login, &c->caller, &c->name, c->now));
}
