#include "collector/io/redis_hello.h"

#include "common/base/assert.h"
#include "common/base/err.h"

#include <hiredis.h>

/* The value of `name` in INFO's lines "name:value\r\n"; empty if it is not there. */
static struct pl_span info_value(const struct redisReply *reply, const char *name)
{
    size_t name_len = strlen(name);
    const char *at = reply->str, *end = reply->str + reply->len;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end) line_end = end;
        size_t len = (size_t)(line_end - at);
        if (len > 0 && at[len - 1] == '\r') len--;
        if (len > name_len && memcmp(at, name, name_len) == 0 && at[name_len] == ':') {
            return (struct pl_span){(const uint8_t *)at + name_len + 1, len - name_len - 1};
        }
        at = line_end + 1;
    }
    return (struct pl_span){NULL, 0};
}

static void copy_text(char *out, size_t cap, struct pl_span value)
{
    struct pl_text t = pl_text_init(out, cap);
    pl_text_span(&t, value);
}

static bool is_text(const struct redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
}

int pl_redis_facts_persistence(struct pl_redis_facts *facts, const struct redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR) return PL_E_REFUSED;
    if (!is_text(reply)) return PL_E_SYNTAX;
    facts->loading = pl_span_is(info_value(reply, "loading"), "1");
    facts->aof_on = pl_span_is(info_value(reply, "aof_enabled"), "1");
    facts->aof_writable = pl_span_is(info_value(reply, "aof_last_write_status"), "ok");
    return 0;
}

/* The client id in a former value of pl:writer, if the same server process gave it out and it is
 * not ourselves; else empty. */
static struct pl_span predecessor(const struct pl_redis_hello *h, const struct redisReply *old)
{
    struct pl_span none = {NULL, 0};
    if (old->type != REDIS_REPLY_STRING) return none;
    struct pl_span value = {(const uint8_t *)old->str, old->len};
    if (pl_span_is(value, h->writer)) return none;
    const char *blank = strchr(h->writer, ' ');
    size_t run_len = (size_t)(blank - h->writer) + 1;
    if (value.len <= run_len || memcmp(value.ptr, h->writer, run_len) != 0) return none;
    return (struct pl_span){value.ptr + run_len, value.len - run_len};
}

void pl_redis_hello_init(struct pl_redis_hello *h, uint8_t database)
{
    *h = (struct pl_redis_hello){.database = database};
    h->step = database > 0 ? PL_REDIS_HELLO_SELECT : PL_REDIS_HELLO_NAME;
    struct pl_text t = pl_text_init(h->number, sizeof h->number);
    pl_text_u64(&t, database);
}

void pl_redis_hello_command(const struct pl_redis_hello *h, struct pl_redis_args *out)
{
    static const char *const words[][3] = {
        [PL_REDIS_HELLO_SELECT] = {"SELECT"},
        [PL_REDIS_HELLO_NAME] = {"CLIENT", "SETNAME", "plimsoll-collector"},
        [PL_REDIS_HELLO_SERVER] = {"INFO", "server"},
        [PL_REDIS_HELLO_PERSISTENCE] = {"INFO", "persistence"},
        [PL_REDIS_HELLO_ID] = {"CLIENT", "ID"},
        [PL_REDIS_HELLO_FENCE] = {"GETSET", "pl:writer"},
        [PL_REDIS_HELLO_KILL] = {"CLIENT", "KILL", "ID"},
    };
    PL_ASSERT(h->step < PL_REDIS_HELLO_DONE);
    out->count = 0;
    for (size_t i = 0; i < 3 && words[h->step][i]; i++) pl_redis_arg_text(out, words[h->step][i]);
    if (h->step == PL_REDIS_HELLO_SELECT || h->step == PL_REDIS_HELLO_KILL) {
        pl_redis_arg_text(out, h->number);
    }
    if (h->step == PL_REDIS_HELLO_FENCE) pl_redis_arg_text(out, h->writer);
}

int pl_redis_hello_reply(struct pl_redis_hello *h, const struct redisReply *reply,
                         struct pl_redis_facts *facts)
{
    // A server that forbids CLIENT (access lists) serves without a name; all else must work.
    bool optional = h->step == PL_REDIS_HELLO_NAME || h->step == PL_REDIS_HELLO_KILL;
    if (reply->type == REDIS_REPLY_ERROR && !optional) return PL_E_REFUSED;
    struct pl_text t;
    struct pl_span old;
    switch (h->step) {
    case PL_REDIS_HELLO_SELECT:
    case PL_REDIS_HELLO_NAME: break;
    case PL_REDIS_HELLO_SERVER:
        if (!is_text(reply)) return PL_E_SYNTAX;
        copy_text(facts->version, sizeof facts->version, info_value(reply, "redis_version"));
        copy_text(facts->run_id, sizeof facts->run_id, info_value(reply, "run_id"));
        break;
    case PL_REDIS_HELLO_PERSISTENCE: {
        int err = pl_redis_facts_persistence(facts, reply);
        if (err < 0 || facts->loading) return err;
        break;
    }
    case PL_REDIS_HELLO_ID:
        if (reply->type != REDIS_REPLY_INTEGER) return PL_E_SYNTAX;
        facts->client_id = reply->integer;
        t = pl_text_init(h->writer, sizeof h->writer);
        pl_text_str(&t, facts->run_id);
        pl_text_char(&t, ' ');
        pl_text_i64(&t, facts->client_id);
        break;
    case PL_REDIS_HELLO_FENCE:
        old = predecessor(h, reply);
        if (old.len == 0 || old.len >= sizeof h->number)
            h->step = PL_REDIS_HELLO_KILL; // no one
        else
            copy_text(h->number, sizeof h->number, old);
        break;
    case PL_REDIS_HELLO_KILL: break;
    case PL_REDIS_HELLO_DONE: PL_UNREACHABLE("reply after the greeting");
    }
    h->step++;
    return 0;
}
