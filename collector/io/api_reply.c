/* Answers and refusals, and the query of a request. */
#include "collector/codec/json_put.h"
#include "collector/io/api_private.h"
#include "common/base/assert.h"
#include "common/base/err.h"

#include <openssl/crypto.h>
#include <stdio.h>

enum { VALUE_RULE_BYTES = 192 };

void pl_api_reply(struct pl_api_call *c, int status, const char *type)
{
    PL_ASSERT(!c->out.overflow); // each writer keeps to the buffer it was given
    struct pl_http_reply r = {
        .status = status, .content_type = type, .body = pl_text_bytes(&c->out)};
    if (status == 405) r.allow = c->allow;
    pl_http_server_reply(c->api->server, c->client, &r);
}

struct pl_span pl_api_caller(const struct pl_api_call *c)
{
    return pl_name_span(&c->caller.shown.principal.name);
}

void pl_api_reply_json(struct pl_api_call *c)
{
    pl_api_reply(c, 200, "application/json");
}

void pl_api_problems(struct pl_api_call *c, const struct pl_http_problem *problem)
{
    c->out = pl_text_init(c->api->body, sizeof c->api->body);
    pl_http_problem_body(&c->out, problem);
    pl_api_reply(c, problem->status, "application/problem+json");
}

void pl_api_problem(struct pl_api_call *c, int status, struct pl_span parameter, const char *detail)
{
    pl_api_problems(c, &(struct pl_http_problem){status, parameter, detail, NULL});
}

void pl_api_problem_value(struct pl_api_call *c, int status, struct pl_span parameter,
                          const char *value, const char *rest)
{
    char detail[PL_QUERY_VALUE_LEN_MAX + VALUE_RULE_BYTES];
    struct pl_text text = pl_text_init(detail, sizeof detail);
    pl_text_char(&text, '\'');
    pl_text_str(&text, value);
    pl_text_str(&text, "' ");
    pl_text_str(&text, rest);
    PL_ASSERT(!text.overflow);
    pl_api_problem(c, status, parameter, detail);
}

/* Says which parameters the route has. */
static void refuse_parameter(struct pl_api_call *c, struct pl_span culprit,
                             const struct pl_query_param *params, size_t count)
{
    char detail[VALUE_RULE_BYTES];
    struct pl_text text = pl_text_init(detail, sizeof detail);
    pl_text_str(&text, "this route has no such parameter; it takes ");
    if (count == 0) pl_text_str(&text, "none");
    for (size_t i = 0; i < count; i++) {
        if (i > 0) pl_text_str(&text, ", ");
        pl_text_str(&text, params[i].name);
    }
    PL_ASSERT(!text.overflow);
    pl_api_problem(c, 400, culprit, detail);
}

void pl_api_refuse_for(struct pl_api *api, struct pl_slot_id client,
                       const struct pl_http_problem *problem, int64_t wait_ms)
{
    char body[512], detail[256];
    struct pl_text text = pl_text_init(body, sizeof body);
    struct pl_http_problem told = *problem;
    int64_t wait_s = (wait_ms + 999) / 1000;
    if (wait_s > 0) {
        (void)snprintf(detail, sizeof detail, "%s; try again in %lld s", problem->detail,
                       (long long)wait_s); // it fits
        told.detail = detail;
    }
    pl_http_problem_body(&text, &told);
    struct pl_http_reply r = {.status = told.status,
                              .content_type = "application/problem+json",
                              .retry_after_s = wait_s,
                              .body = pl_text_bytes(&text)};
    pl_http_server_reply(api->server, client, &r);
}

void pl_api_reply_secret(struct pl_api_call *c, const struct pl_api_secret *secret,
                         int64_t expires_unix_ms)
{
    char text[PL_SECRET_TEXT_BYTES];
    pl_secret_write(secret->secret, text);
    pl_text_str(&c->out, "{\"");
    pl_text_str(&c->out, secret->member);
    pl_text_str(&c->out, "\":\"");
    pl_text_str(&c->out, secret->before);
    pl_text_str(&c->out, text);
    pl_text_str(&c->out, secret->behind);
    pl_json_put_time(&c->out, "\",\"expires\":", expires_unix_ms);
    pl_text_str(&c->out, "}\n");
    pl_api_reply_written(c, 201, "application/json");
    OPENSSL_cleanse(text, sizeof text);
}

bool pl_api_read_query(struct pl_api_call *c, struct pl_query_param *params, size_t count)
{
    struct pl_span culprit = {0};
    switch (pl_query_parse(c->request->query, params, count, &culprit)) {
    case 0: return true;
    case PL_E_NOT_FOUND: refuse_parameter(c, culprit, params, count); break;
    case PL_E_DUPLICATE: pl_api_problem(c, 400, culprit, "the parameter is repeated"); break;
    case PL_E_TOO_BIG: pl_api_problem(c, 400, culprit, "the value is too long"); break;
    default: pl_api_problem(c, 400, culprit, "the value is not correctly percent-encoded"); break;
    }
    return false;
}

bool pl_api_read_no_query(struct pl_api_call *c)
{
    return pl_api_read_query(c, NULL, 0);
}

bool pl_api_read_name(struct pl_api_call *c, const struct pl_query_param *param,
                      struct pl_name *out)
{
    *out = (struct pl_name){0};
    if (!param->present) return true;
    if (pl_name_parse(pl_span_of(param->value), out) == 0) return true;
    pl_api_problem_value(c, 422, pl_span_of(param->name), param->value,
                         "is not a name: 1 to 63 letters, digits, dots, underscores and hyphens");
    return false;
}
