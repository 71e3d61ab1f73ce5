#include "collector/codec/action_text.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/err.h"
#include "common/wire/sample.h"

/* ---- the call ---- */

enum word { WORD_LAUNCH, WORD_POOL, WORD_ACTION, WORD_TIME, WORD_DOLLAR, WORD_COUNT };
static const char *const template_words[WORD_COUNT] = {"launch", "pool", "action", "time", "$"};

/* The word at `text`, which follows a dollar sign; WORD_COUNT: none of them. */
static enum word word_at(const char *text)
{
    enum word w = WORD_LAUNCH;
    while (w < WORD_COUNT && strncmp(text, template_words[w], strlen(template_words[w])) != 0) w++;
    return w;
}

const char *pl_hook_template_fault(const char *template)
{
    for (const char *c = template; *c != '\0'; c++) {
        if (*c != '$') continue;
        enum word w = word_at(c + 1);
        if (w == WORD_COUNT) return "has a $ that is none of $launch, $pool, $action, $time and $$";
        c += strlen(template_words[w]);
    }
    return NULL;
}

int pl_hook_body_write(struct pl_text *out, const struct pl_hook_call *call)
{
    for (const char *c = call->template; *c != '\0'; c++) {
        enum word w = *c == '$' ? word_at(c + 1) : WORD_COUNT;
        switch (w) {
        case WORD_LAUNCH: pl_text_str(out, call->launch->text); break;
        case WORD_POOL: pl_text_str(out, call->pool->text); break;
        case WORD_ACTION: pl_text_str(out, call->is_undo ? "undo" : "do"); break;
        case WORD_TIME: pl_text_rfc3339(out, call->now_unix_ms); break;
        case WORD_DOLLAR: pl_text_char(out, '$'); break;
        case WORD_COUNT: pl_text_char(out, *c); continue;
        }
        c += strlen(template_words[w]);
    }
    return out->overflow ? PL_E_TOO_BIG : 0;
}

/* ---- Redis ---- */

static void put_words(struct pl_text *out, const char *key, const char *text)
{
    pl_text_str(out, key);
    pl_text_json(out, pl_span_of(text));
}

void pl_action_field_write(char out[PL_ACTION_FIELD_BYTES], const struct pl_action *a)
{
    struct pl_text t = pl_text_init(out, PL_ACTION_FIELD_BYTES);
    pl_text_str(&t, a->launch.text);
    pl_text_char(&t, '/');
    pl_text_str(&t, a->hook.text);
}

void pl_record_action_write(struct pl_text *out, const struct pl_action *a)
{
    pl_json_put_name(out, "{\"launch\":", &a->launch);
    pl_json_put_name(out, ",\"hook\":", &a->hook);
    pl_json_put_bool(out, ",\"consented\":", a->consented);
    put_words(out, ",\"state\":", pl_action_state_word(a->state));
    pl_json_put_number(out, ",\"arming\":", a->arming, 1);
    pl_json_put_number(out, ",\"since\":", a->since_unix_ms, 1);
    pl_json_put_number(out, ",\"status\":", a->status, 1);
    put_words(out, ",\"consented_by\":", a->consented_by);
    put_words(out, ",\"armed_by\":", a->armed_by);
    pl_text_char(out, '}');
}

int pl_record_action_read(struct pl_span in, struct pl_action *out)
{
    const char *states[PL_ACTION_STATE_COUNT];
    for (enum pl_action_state i = 0; i < PL_ACTION_STATE_COUNT; i++)
        states[i] = pl_action_state_word(i);
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_action a = {0};
    pl_json_name(&r, "launch", &a.launch);
    pl_json_name(&r, "hook", &a.hook);
    a.consented = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "consented"));
    a.state = (enum pl_action_state)pl_json_word(&r, "state", states, PL_LEN(states));
    a.arming = (uint32_t)pl_json_i64(&r, "arming", 0, UINT32_MAX);
    a.since_unix_ms = pl_json_i64(&r, "since", 0, PL_UNIX_MS_MAX);
    a.status = (int16_t)pl_json_i64(&r, "status", INT16_MIN, INT16_MAX);
    pl_json_text(&r, "consented_by", a.consented_by, sizeof a.consented_by);
    pl_json_text(&r, "armed_by", a.armed_by, sizeof a.armed_by);
    cJSON_Delete(root);
    if (r.err == 0) *out = a;
    return r.err;
}

/* ---- the API ---- */

void pl_json_action(struct pl_text *out, const struct pl_hook *hook, const struct pl_action *a,
                    bool for_customer)
{
    static const struct pl_action untouched;
    if (!a) a = &untouched;
    pl_json_put_name(out, "{\"hook\":", &hook->name);
    pl_json_put_name(out, ",\"pool\":", &hook->pool);
    put_words(out, ",\"kind\":", pl_hook_kind_word(hook->kind));
    put_words(out, ",\"on\":", pl_hook_on_word(hook->on));
    pl_json_put_bool(out, ",\"can_be_undone\":", hook->has_undo);
    pl_json_put_bool(out, ",\"consented\":", a->consented);
    put_words(out, ",\"consented_by\":", a->consented_by);
    put_words(out, ",\"state\":", pl_action_state_word(a->state));
    if (!for_customer) {
        put_words(out, ",\"armed_by\":", a->armed_by);
        pl_json_put_number(out, ",\"status\":", a->status, 1);
    }
    pl_json_put_time(out, ",\"since\":", a->since_unix_ms);
    pl_text_char(out, '}');
}

static const char *read_member(const cJSON *item, struct pl_action_request *out)
{
    bool is_text = cJSON_IsString(item);
    struct pl_span text = is_text ? pl_span_of(item->valuestring) : (struct pl_span){0};
    if (strcmp(item->string, "dry_run") == 0) {
        out->dry_run = cJSON_IsTrue(item);
        return cJSON_IsBool(item) ? NULL : "this is true or false";
    }
    if (strcmp(item->string, "hook") == 0)
        return is_text && pl_name_parse(text, &out->hook) == 0 ? NULL
                                                               : "this is the name of a hook";
    if (strcmp(item->string, "do") != 0) return "this route does not take such a member";
    for (out->deed = 0; is_text && out->deed < PL_ACTION_DEED_COUNT; out->deed++)
        if (pl_span_is(text, pl_action_deed_word(out->deed))) return NULL;
    return "this is consent, withdraw, arm, disarm, fire or undo";
}

const char *pl_action_request_read(struct pl_span body, struct pl_action_request *out,
                                   const char **member)
{
    static const char *const known[] = {"dry_run", "hook", "do"};
    struct pl_action_request request = {.deed = PL_ACTION_DEED_COUNT};
    cJSON *root = pl_json_parse(body);
    const char *problem = cJSON_IsObject(root) ? NULL : "the body is not a JSON object";
    *member = NULL;
    for (const cJSON *item = root ? root->child : NULL; item && !problem; item = item->next) {
        problem = read_member(item, &request);
        for (size_t i = 0; problem && i < PL_LEN(known); i++)
            if (strcmp(item->string, known[i]) == 0) *member = known[i];
    }
    cJSON_Delete(root);
    if (!problem && (request.hook.len == 0 || request.deed == PL_ACTION_DEED_COUNT)) {
        *member = request.hook.len == 0 ? "hook" : "do";
        problem = "this is missing";
    }
    if (!problem) *out = request;
    return problem;
}
