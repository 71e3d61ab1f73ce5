#include "collector/codec/notify/context.h"

static void put_known(struct pl_text *out, const char *member, struct pl_span text)
{
    if (text.len == 0) return;
    pl_text_str(out, member);
    pl_text_json(out, text);
}

void pl_notify_context_write(const struct pl_notify_message *message, struct pl_text *out)
{
    put_known(out, ",\"owner\":", message->contact.owner);
    put_known(out, ",\"paged\":", message->paged);
    put_known(out, ",\"helps\":", message->helps);
    put_known(out, ",\"changes\":", message->changes);
}
