#include "collector/codec/notify/pagerduty_event.h"

#include "collector/codec/json_in.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/query.h"
#include "collector/codec/said_in.h"
#include "common/base/err.h"

enum { WORD_BYTES = 64, NAME_BYTES = 257, TIME_BYTES = 40, KEY_BYTES = 256 };

/* The person. Acknowledgements by integrations are not anybody's, ours among them. */
static void read_agent(const cJSON *agent, struct pl_pagerduty_event *out, int *err)
{
    struct pl_json_reader r = pl_json_reader_init(agent);
    char type[WORD_BYTES] = "", name[NAME_BYTES] = "";
    struct pl_text who = pl_text_init(out->who, sizeof out->who);
    pl_json_text(&r, "type", type, sizeof type);
    pl_json_text(&r, "summary", name, sizeof name);
    pl_text_clip(&who, pl_span_of(name), (sizeof out->who - 1) / 4);
    bool is_person = strcmp(type, "user_reference") == 0 || strcmp(type, "user") == 0;
    if (r.err != 0 || !is_person || who.len == 0) *err = PL_E_NOT_FOUND;
}

static int read_event(const cJSON *event, struct pl_pagerduty_event *out)
{
    struct pl_json_reader r = pl_json_reader_init(event);
    char type[WORD_BYTES] = "", at[TIME_BYTES] = "", key[KEY_BYTES] = "";
    pl_json_text(&r, "event_type", type, sizeof type);
    if (r.err != 0) return PL_E_SYNTAX;
    if (strcmp(type, "incident.acknowledged") != 0) return PL_E_NOT_FOUND;
    pl_json_text(&r, "occurred_at", at, sizeof at);
    struct pl_json_reader incident = pl_json_reader_init(pl_json_object(&r, "data"));
    if (r.err != 0 || pl_query_time(at, &out->occurred_unix_ms) != 0) return PL_E_SYNTAX;
    pl_json_text(&incident, "incident_key", key, sizeof key);
    if (incident.err != 0 || pl_alert_id_parse(pl_span_of(key), &out->rule, &out->pool) != 0)
        return PL_E_NOT_FOUND;
    int err = 0;
    read_agent(cJSON_GetObjectItemCaseSensitive(event, "agent"), out, &err);
    return err;
}

int pl_pagerduty_event_read(struct pl_span body, struct pl_pagerduty_event *out)
{
    cJSON *json = pl_json_parse(body);
    struct pl_json_reader r = pl_json_reader_init(json);
    const cJSON *event = pl_json_object(&r, "event");
    struct pl_pagerduty_event read = {0};
    int err = r.err != 0 ? PL_E_SYNTAX : read_event(event, &read);
    cJSON_Delete(json);
    if (err == 0) *out = read;
    return err;
}
