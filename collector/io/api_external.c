/* What a Prometheus asks of an Alertmanager: to take its alerts, and how we are. Answered as that
 * one does, refusals with a JSON text.
 *
 *     post -> external_in, alert by alert -> door (app: engine) ... all of them -> judged -> reply
 *
 * The answer does not wait for Redis: what fires is posted again at every interval. */
#include "collector/codec/external_in.h"
#include "collector/io/api_private.h"
#include "common/base/err.h"

void pl_api_get_am_status(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    int64_t started_unix_ms = c->now.unix_ms - (c->now.mono_ms - c->api->config.started_mono_ms);
    pl_text_str(&c->out, "{\"cluster\":{\"status\":\"disabled\"},\"config\":{\"original\":\"\"},"
                         "\"versionInfo\":{\"branch\":\"\",\"buildDate\":\"\",\"buildUser\":\"\","
                         "\"goVersion\":\"\",\"revision\":\"\",\"version\":\"plimsoll " PL_VERSION
                         "\"},\"uptime\":\"");
    pl_text_rfc3339(&c->out, started_unix_ms);
    pl_text_str(&c->out, "\"}\n");
    pl_api_reply_json(c);
}

/* "error; and N more" as a JSON text. */
static void refuse(struct pl_api_call *c, int status, const char *error, uint32_t others)
{
    char text[PL_EXTERNAL_ERROR_BYTES + 64];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_text_str(&t, error);
    if (others > 0) {
        pl_text_str(&t, "; refused beside it: ");
        pl_text_u64(&t, others);
    }
    pl_text_json(&c->out, pl_text_bytes(&t));
    pl_text_char(&c->out, '\n');
    pl_api_reply(c, status, "application/json");
}

void pl_api_post_am_alerts(struct pl_api_call *c)
{
    static const char full[] =
        "4096 alerts are here already, none of a lower severity; post this one again later";
    const struct pl_api_door *door = &c->api->config.door;
    struct pl_external_reader reader;
    struct pl_external external;
    char first[PL_EXTERNAL_ERROR_BYTES] = "", error[PL_EXTERNAL_ERROR_BYTES] = "";
    uint32_t refused = 0;
    int status = 200;
    if (!pl_api_read_no_query(c)) return;
    int got = pl_external_reader_init(&reader, c->request->body, c->now.unix_ms, error);
    for (bool more = got == 0; more;) {
        got = pl_external_next(&reader, &external, error);
        bool is_full = got > 0 && door->external(door->arg, &external) != 0;
        more = got > 0 || got == PL_E_RANGE;
        if (!is_full && got >= 0) continue;
        if (refused++ == 0)
            memcpy(first, is_full ? full : error, is_full ? sizeof full : sizeof error);
        if (status == 200) status = is_full ? 503 : 400;
    }
    if (reader.number > 0) door->externals_posted(door->arg);
    if (status == 200 && got == 0)
        pl_api_reply(c, 200, "application/json");
    else
        refuse(c, refused > 0 ? status : 400, refused > 0 ? first : error,
               refused > 0 ? refused - 1 : 0);
}
