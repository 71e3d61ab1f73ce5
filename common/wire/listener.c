#include "common/wire/listener.h"

#include "common/base/err.h"
#include "common/wire/frame.h"

int pl_listener_parse(struct pl_span body, struct pl_listener *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_listener listener = {.backlog = pl_get_u32(&r)};
    pl_get_text(&r, listener.address, PL_LISTENER_ADDRESS_MAX);
    pl_get_text(&r, listener.owner, PL_LISTENER_OWNER_MAX);
    int err = pl_reader_finish(&r);
    if (err == 0 && listener.address[0] == '\0') err = PL_E_SYNTAX;
    if (err == 0) *out = listener;
    return err;
}

void pl_listener_write(const struct pl_listener *listener, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_LISTENER);
    pl_put_u32(out, listener->backlog);
    pl_put_str8(out, pl_span_of(listener->address));
    pl_put_str8(out, pl_span_of(listener->owner));
    pl_frame_end(out, at);
}
