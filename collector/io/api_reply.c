/* Answers and refusals, and the query of a request. */
#include "collector/io/api_private.h"
#include "common/base/assert.h"
#include "common/base/err.h"

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
