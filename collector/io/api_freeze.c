/* When packages are to stay as they are: for programs, and for scripts on the front ends. */
#include "collector/codec/freeze.h"
#include "collector/io/api_private.h"

void pl_api_get_freeze(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "pool"}};
    struct pl_name pool;
    if (!pl_api_read_query(c, params, PL_LEN(params)) || !pl_api_read_name(c, &params[0], &pool))
        return;
    pl_json_freeze(&c->out, &c->view, &pool);
    pl_api_reply_json(c);
}

void pl_api_get_freeze_text(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_freeze_text_write(&c->out, pl_engine_launches(c->view.engine), c->now.unix_ms);
    pl_api_reply(c, 200, "text/plain; charset=utf-8");
}
