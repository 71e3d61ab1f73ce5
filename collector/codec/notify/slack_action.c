#include "collector/codec/notify/slack_action.h"

#include "collector/codec/json_in.h"
#include "collector/codec/notify/clip.h"
#include "common/base/err.h"

enum { WORD_BYTES = 64, NAME_BYTES = 257 };

static int read_action(const cJSON *action, struct pl_slack_action *out)
{
    struct pl_json_reader r = pl_json_reader_init(action);
    char id[256] = "";
    pl_json_text(&r, "action_id", id, sizeof id);
    if (r.err != 0 || strcmp(id, "acknowledge") != 0) return PL_E_NOT_FOUND;
    pl_json_text(&r, "value", out->token, sizeof out->token);
    return r.err != 0 ? PL_E_SYNTAX : 0;
}

int pl_slack_action_read(struct pl_span payload, struct pl_slack_action *out)
{
    char type[WORD_BYTES] = "", name[NAME_BYTES] = "";
    struct pl_slack_action read = {0};
    struct pl_text who = pl_text_init(read.who, sizeof read.who);
    cJSON *json = pl_json_parse(payload);
    struct pl_json_reader r = pl_json_reader_init(json);
    pl_json_text(&r, "type", type, sizeof type);
    int err = r.err != 0 ? PL_E_SYNTAX : 0;
    if (err == 0 && strcmp(type, "block_actions") != 0) err = PL_E_NOT_FOUND;
    if (err == 0) {
        struct pl_json_reader user = pl_json_reader_init(pl_json_object(&r, "user"));
        const cJSON *actions = pl_json_array(&r, "actions");
        pl_json_text(&user, "username", name, sizeof name);
        pl_text_clip(&who, pl_span_of(name), (sizeof read.who - 1) / 4);
        if (r.err != 0 || user.err != 0 || who.len == 0) err = PL_E_SYNTAX;
        if (err == 0) err = read_action(actions->child, &read);
    }
    cJSON_Delete(json);
    if (err == 0) *out = read;
    return err;
}
