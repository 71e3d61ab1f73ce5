/* Every provider's requests, byte by byte, and what their answers mean. */
#include "collector/codec/notify/notify.h"
#include "common/base/err.h"
#include "tests/check.h"

static const int64_t since_ms = 1777644192000; // 2026-05-01T14:03:12Z
static struct pl_notify_request request;

static struct pl_name name(const char *text)
{
    struct pl_name n = {0};
    if (pl_name_parse(pl_span_of(text), &n) < 0) printf("# not a name: %s\n", text);
    return n;
}

static struct pl_notify_target target(enum pl_notify_type type)
{
    const struct pl_notify_provider *provider = pl_notify_provider(type);
    struct pl_notify_target t = {.type = type, .name = pl_span_of("oncall")};
    t.value[PL_NOTIFY_URL_KEY] =
        pl_span_of(provider->url ? provider->url : "https://hook.example/T0/B0?a=1");
    t.value[PL_NOTIFY_ROUTING_KEY_KEY] = pl_span_of("0123456789abcdef0123456789abcdef");
    t.value[PL_NOTIFY_SECRET_KEY] =
        pl_span_of("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    t.value[PL_NOTIFY_TOKEN_KEY] = pl_span_of("xoxb-1");
    t.value[PL_NOTIFY_CHANNEL_KEY] = pl_span_of("#ops");
    t.value[PL_NOTIFY_TOPIC_KEY] = pl_span_of("oncall-web");
    t.value[PL_NOTIFY_CHAT_KEY] = pl_span_of("-1001234567890");
    t.value[PL_NOTIFY_USER_KEY] = pl_span_of("u1");
    return t;
}

/* cpu of fe1 at 97 %, firing for 10 s; over after 3 min 20 s. */
static struct pl_page page_of(enum pl_notify_state state)
{
    struct pl_page page = {
        .number = 41,
        .created_unix_ms = since_ms + 10000,
        .resolved = state == PL_NOTIFY_RESOLVED,
        .alert = {.rule = PL_RULE_LIMIT,
                  .pool = name("web"),
                  .state = PL_ALERT_FIRING,
                  .tier = PL_TIER_PAGE,
                  .revision = 3 + (uint32_t)state,
                  .since_unix_ms = since_ms,
                  .opened_unix_ms = since_ms + 10000,
                  .clear_mono_ms = PL_NEVER_MS,
                  .finding = {.tier = PL_TIER_PAGE,
                              .resource = PL_RESOURCE_CPU,
                              .value_bp = 9743,
                              .level_bp = 9000,
                              .since_unix_ms = since_ms,
                              .host_count = 1,
                              .named_count = 1,
                              .hosts = {name("fe1")}}},
    };
    if (state != PL_NOTIFY_RESOLVED) return page;
    page.alert.state = PL_ALERT_RESOLVED;
    page.alert.resolved_unix_ms = since_ms + 200000;
    return page;
}

/* METHOD URL, headers but the Idempotency-Key, body: a line each. */
static const char *request_of(enum pl_notify_type type, enum pl_notify_state state,
                              const char *reference)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "GET"};
    static char buf[PL_NOTIFY_BODY_BYTES];
    struct pl_page page = page_of(state);
    struct pl_notify_target to = target(type);
    const struct pl_notify_message message = {
        .page = &page,
        .state = state,
        .acknowledged_by = pl_span_of(state == PL_NOTIFY_ACKNOWLEDGED ? "alex" : ""),
        .ack_url = pl_span_of("https://mon.example/ack/x7Kd"),
        .external_url = pl_span_of("https://mon.example/"),
        .contact = {.owner = pl_span_of("<Web> & \"co\""),
                    .runbook = pl_span_of("https://wiki.example/web?a=1&b=2")},
        .helps = pl_span_of("1 more host like fe2"),
        .changes = pl_span_of(state == PL_NOTIFY_FIRING ? "changed in 24 h: nginx" : ""),
        .reference = pl_span_of(reference),
    };
    CHECK_INT(pl_notify_write(&to, &message, &request), 0);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_text_str(&out, methods[request.method]);
    pl_text_char(&out, ' ');
    pl_text_span(&out, pl_text_bytes(&request.url));
    for (uint32_t i = 1; i < request.header_count; i++) {
        pl_text_char(&out, '\n');
        pl_text_span(&out, pl_text_bytes(&request.headers[i]));
    }
    pl_text_char(&out, '\n');
    pl_text_span(&out, pl_text_bytes(&request.body));
    return buf;
}

static const struct {
    enum pl_notify_type type;
    enum pl_notify_state state;
    const char *reference, *want;
} golden[] = {
#include "tests/unit/provider_golden.def"
};

static void test_requests(void)
{
    for (size_t i = 0; i < PL_LEN(golden); i++) {
        CHECK_TEXT(request_of(golden[i].type, golden[i].state, golden[i].reference),
                   golden[i].want);
    }
}

/* A value that can never be right is refused before anybody must be paged. */
static void test_values_are_checked(void)
{
    static const struct {
        enum pl_notify_type type;
        enum pl_notify_key key;
        const char *value;
        bool right;
    } cases[] = {
        {PL_NOTIFY_PAGERDUTY, PL_NOTIFY_ROUTING_KEY_KEY, "0123456789abcdef0123456789abcdef", true},
        {PL_NOTIFY_PAGERDUTY, PL_NOTIFY_ROUTING_KEY_KEY, "0123456789abcdef0123456789abcde", false},
        {PL_NOTIFY_WEBHOOK, PL_NOTIFY_SECRET_KEY, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", true},
        {PL_NOTIFY_WEBHOOK, PL_NOTIFY_SECRET_KEY, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY=", false},
        {PL_NOTIFY_WEBHOOK, PL_NOTIFY_SECRET_KEY, "whsec-MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", false},
        {PL_NOTIFY_WEBHOOK, PL_NOTIFY_SECRET_KEY, "whsec_MDEyMzQ1Njc4=WFiY2RlZjAxMjM0NTY3", false},
        {PL_NOTIFY_WEBHOOK, PL_NOTIFY_SECRET_KEY, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY", false},
        {PL_NOTIFY_WEBHOOK, PL_NOTIFY_SECRET_KEY, "w", false},
        {PL_NOTIFY_SLACK_BOT, PL_NOTIFY_TOKEN_KEY, "xoxb-12-34", true},
        {PL_NOTIFY_SLACK_BOT, PL_NOTIFY_TOKEN_KEY, "xoxp-12-34", false},
        {PL_NOTIFY_NTFY, PL_NOTIFY_TOPIC_KEY, "oncall-web_1", true},
        {PL_NOTIFY_NTFY, PL_NOTIFY_TOPIC_KEY, "on/call", false},
        {PL_NOTIFY_TELEGRAM, PL_NOTIFY_TOKEN_KEY, "1102:AAH-d_q", true},
        {PL_NOTIFY_TELEGRAM, PL_NOTIFY_TOKEN_KEY, "1102/../x", false},
        {PL_NOTIFY_TELEGRAM, PL_NOTIFY_CHAT_KEY, "@ops", true},
        {PL_NOTIFY_TELEGRAM, PL_NOTIFY_CHAT_KEY, "7", true},
        {PL_NOTIFY_TELEGRAM, PL_NOTIFY_CHAT_KEY, "-", false},
        {PL_NOTIFY_TELEGRAM, PL_NOTIFY_CHAT_KEY, "ops", false},
        {PL_NOTIFY_PUSHOVER, PL_NOTIFY_USER_KEY, "abcdefghijklmnopqrstuvwxyz0123", true},
        {PL_NOTIFY_PUSHOVER, PL_NOTIFY_USER_KEY, "abcdefghijklmnopqrstuvwxyz012", false},
        {PL_NOTIFY_PUSHOVER, PL_NOTIFY_TOKEN_KEY, "abcdefghijklmnopqrstuvwxyz012/", false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_notify_target to = target(cases[i].type);
        enum pl_notify_key key = PL_NOTIFY_KEY_COUNT;
        if (cases[i].type == PL_NOTIFY_PUSHOVER) {
            to.value[PL_NOTIFY_TOKEN_KEY] = to.value[PL_NOTIFY_USER_KEY] =
                pl_span_of("abcdefghijklmnopqrstuvwxyz0123");
        }
        to.value[cases[i].key] = pl_span_of(cases[i].value);
        const char *problem = pl_notify_provider(cases[i].type)->check(to.value, &key);
        CHECK_INT(problem == NULL, cases[i].right);
        if (problem) CHECK_INT(key, cases[i].key);
    }
}

/* What the providers document, and what their proxies say in their name. */
static const struct {
    enum pl_notify_type type;
    int status;
    const char *body;
    enum pl_result_class want;
    int64_t wait_ms;
    const char *reference;
    bool forget;
} answers[] = {
    {PL_NOTIFY_PAGERDUTY, 202, "{\"status\":\"success\"}", PL_RESULT_SENT, 7000, "", false},
    {PL_NOTIFY_WEBHOOK, 410, "", PL_RESULT_BROKEN, -1, "", false},
    {PL_NOTIFY_SLACK, 200, "ok", PL_RESULT_SENT, 7000, "", false},
    {PL_NOTIFY_SLACK, 200, "<html>", PL_RESULT_REJECT, 7000, "", false},
    {PL_NOTIFY_SLACK, 404, "no_service", PL_RESULT_BROKEN, -1, "", false},
    {PL_NOTIFY_SLACK, 429, "{\"ok\":false,\"error\":\"rate_limited\"}", PL_RESULT_RETRY, 7000, "",
     false},
    {PL_NOTIFY_SLACK_BOT, 200, "{\"ok\":true,\"channel\":\"C1\",\"ts\":\"17.01\"}", PL_RESULT_SENT,
     7000, "C1 17.01", false},
    {PL_NOTIFY_SLACK_BOT, 200, "{\"ok\":false,\"error\":\"invalid_blocks\"}", PL_RESULT_REJECT,
     7000, "", false},
    {PL_NOTIFY_SLACK_BOT, 200, "{\"ok\":false,\"error\":\"token_revoked\"}", PL_RESULT_BROKEN, 7000,
     "", false},
    {PL_NOTIFY_SLACK_BOT, 200, "{\"ok\":false,\"error\":\"internal_error\"}", PL_RESULT_RETRY, -1,
     "", false},
    {PL_NOTIFY_SLACK_BOT, 200, "{\"ok\":false,\"error\":\"message_not_found\"}", PL_RESULT_RETRY, 0,
     "", true},
    {PL_NOTIFY_SLACK_BOT, 200, "<html>", PL_RESULT_REJECT, 7000, "", false},
    {PL_NOTIFY_DISCORD, 200, "{\"id\":\"1122334455667788990\"}", PL_RESULT_SENT, 7000,
     "1122334455667788990", false},
    {PL_NOTIFY_DISCORD, 429, "{\"message\":\"slow\",\"retry_after\":64.57,\"global\":false}",
     PL_RESULT_RETRY, 64570, "", false},
    {PL_NOTIFY_DISCORD, 404, "{\"message\":\"Unknown Message\",\"code\":10008}", PL_RESULT_RETRY, 0,
     "", true},
    {PL_NOTIFY_DISCORD, 404, "{\"message\":\"Unknown Webhook\",\"code\":10015}", PL_RESULT_BROKEN,
     -1, "", false},
    {PL_NOTIFY_TEAMS, 202, "", PL_RESULT_SENT, 7000, "", false},
    {PL_NOTIFY_NTFY, 429, "{\"code\":42901,\"http\":429}", PL_RESULT_RETRY, 7000, "", false},
    {PL_NOTIFY_TELEGRAM, 200,
     "{\"ok\":true,\"result\":{\"message_id\":42,\"chat\":{\"id\":-1001}}}", PL_RESULT_SENT, 7000,
     "-1001 42", false},
    {PL_NOTIFY_TELEGRAM, 200, "<html>", PL_RESULT_REJECT, 7000, "", false},
    {PL_NOTIFY_TELEGRAM, 429,
     "{\"ok\":false,\"error_code\":429,\"parameters\":{\"retry_after\":17}}", PL_RESULT_RETRY,
     17000, "", false},
    {PL_NOTIFY_TELEGRAM, 400,
     "{\"ok\":false,\"error_code\":400,\"parameters\":{\"migrate_to_chat_id\":-1009}}",
     PL_RESULT_RETRY, 0, "-1009 ", false},
    {PL_NOTIFY_TELEGRAM, 400,
     "{\"ok\":false,\"description\":\"Bad Request: message is not modified\"}", PL_RESULT_SENT, -1,
     "", false},
    {PL_NOTIFY_TELEGRAM, 400,
     "{\"ok\":false,\"description\":\"Bad Request: message to edit not found\"}", PL_RESULT_RETRY,
     0, "", true},
    {PL_NOTIFY_TELEGRAM, 400, "{\"ok\":false,\"description\":\"Bad Request: chat not found\"}",
     PL_RESULT_BROKEN, -1, "", false},
    {PL_NOTIFY_TELEGRAM, 400, "{\"ok\":false,\"description\":\"Bad Request: text is empty\"}",
     PL_RESULT_REJECT, -1, "", false},
    {PL_NOTIFY_TELEGRAM, 403, "{\"ok\":false,\"description\":\"Forbidden: bot was kicked\"}",
     PL_RESULT_BROKEN, -1, "", false},
    {PL_NOTIFY_PUSHOVER, 200,
     "{\"status\":1,\"request\":\"r\",\"receipt\":\"abcdefghijklmnopqrstuvwxyz0123\"}",
     PL_RESULT_SENT, 7000, "abcdefghijklmnopqrstuvwxyz0123", false},
    {PL_NOTIFY_PUSHOVER, 200, "{\"status\":1,\"request\":\"r\"}", PL_RESULT_SENT, 7000, "", false},
    {PL_NOTIFY_PUSHOVER, 200, "{\"status\":0,\"errors\":[\"x\"]}", PL_RESULT_REJECT, 7000, "",
     false},
    {PL_NOTIFY_PUSHOVER, 400, "{\"token\":\"invalid\",\"status\":0}", PL_RESULT_BROKEN, -1, "",
     false},
    {PL_NOTIFY_PUSHOVER, 400, "{\"message\":\"cannot be blank\",\"status\":0}", PL_RESULT_REJECT,
     -1, "", false},
};

static void test_answers(void)
{
    for (size_t i = 0; i < PL_LEN(answers); i++) {
        struct pl_notify_reading got;
        struct pl_notify_target to = target(answers[i].type);
        int64_t told_ms = answers[i].wait_ms < 0 ? -1 : 7000; // by Retry-After
        const struct pl_notify_answer answer = {.http_status = answers[i].status,
                                                .retry_after_ms = told_ms,
                                                .may_be_delivered = true,
                                                .body = pl_span_of(answers[i].body)};
        pl_notify_read(&to, &answer, &got);
        CHECK_INT(got.result.class, answers[i].want);
        if (got.result.class == PL_RESULT_RETRY) CHECK_INT(got.result.wait_ms, answers[i].wait_ms);
        CHECK_TEXT(got.reference.ptr, answers[i].reference);
        CHECK_INT(got.forget, answers[i].forget);
    }
}

/* Questions, and what is heard in their answers. */
static void test_hearing(void)
{
    static const struct {
        enum pl_notify_type type;
        int status;
        const char *body;
        int want;
        bool acknowledged;
        int64_t cursor;
        const char *who, *query;
    } cases[] = {
        {PL_NOTIFY_TELEGRAM, 200, "{\"ok\":true,\"result\":[]}", 0, false, 7, "", ""},
        {PL_NOTIFY_TELEGRAM, 200,
         "{\"ok\":true,\"result\":[{\"update_id\":900,\"callback_query\":{\"id\":\"43\",\"from\":{"
         "\"id\":7,\"first_name\":\"Alex\"},\"data\":\"ack:60904cf7a31fca85:0000019de3d9e810\"}}]}",
         0, true, 901, "Alex", "43"},
        {PL_NOTIFY_TELEGRAM, 200,
         "{\"ok\":true,\"result\":[{\"update_id\":900,\"callback_query\":{\"id\":\"43\",\"from\":{}"
         ","
         "\"data\":\"ack:60904cf7a31fca85:0000019de3d9e81x\"}}]}",
         0, false, 901, "", "43"},
        {PL_NOTIFY_TELEGRAM, 200, "{\"ok\":true,\"result\":[{\"update_id\":5,\"message\":{}}]}", 0,
         false, 6, "", ""},
        {PL_NOTIFY_TELEGRAM, 409, "{\"ok\":false,\"error_code\":409}", PL_E_SYNTAX, false, 7, "",
         ""},
        {PL_NOTIFY_TELEGRAM, 200, "{\"ok\":true,\"result\":[{}]}", PL_E_SYNTAX, false, 7, "", ""},
        {PL_NOTIFY_PUSHOVER, 200, "{\"status\":1,\"acknowledged\":1,\"acknowledged_by\":\"u\"}", 0,
         true, 7, "", ""},
        {PL_NOTIFY_PUSHOVER, 200, "{\"status\":1,\"acknowledged\":0}", 0, false, 7, "", ""},
        {PL_NOTIFY_PUSHOVER, 200, "{\"status\":0,\"acknowledged\":1}", PL_E_SYNTAX, false, 7, "",
         ""},
        {PL_NOTIFY_PUSHOVER, 404, "{\"status\":0}", PL_E_SYNTAX, false, 7, "", ""},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_notify_heard heard;
        struct pl_notify_target to = target(cases[i].type);
        const struct pl_notify_answer answer = {.http_status = cases[i].status,
                                                .body = pl_span_of(cases[i].body)};
        CHECK_INT(pl_notify_hear(&to, 7, &answer, &heard), cases[i].want);
        CHECK_INT(heard.acknowledged, cases[i].acknowledged);
        CHECK_INT(heard.cursor, cases[i].cursor);
        CHECK_TEXT(heard.who, cases[i].who);
        CHECK_TEXT(heard.query, cases[i].query);
    }
}

/* The button comes back as what it was about. */
static void test_a_button_names_its_alert(void)
{
    struct pl_page page = page_of(PL_NOTIFY_FIRING);
    struct pl_notify_heard heard;
    struct pl_notify_target to = target(PL_NOTIFY_TELEGRAM);
    char body[512];
    const char *button = strstr(request_of(PL_NOTIFY_TELEGRAM, PL_NOTIFY_FIRING, ""), "ack:");
    REQUIRE(button);
    (void)snprintf(body, sizeof body,
                   "{\"ok\":true,\"result\":[{\"update_id\":1,\"callback_query\":{\"id\":\"1\","
                   "\"from\":{},\"data\":\"%.37s\"}}]}",
                   button);
    const struct pl_notify_answer answer = {.http_status = 200, .body = pl_span_of(body)};
    CHECK_INT(pl_notify_hear(&to, 0, &answer, &heard), 0);
    CHECK(heard.acknowledged && heard.alert_hash == pl_notify_alert_hash(&page.alert));
    CHECK_INT(heard.opened_unix_ms, page.alert.opened_unix_ms);
}

static void test_questions(void)
{
    struct pl_notify_target to = target(PL_NOTIFY_TELEGRAM);
    const struct pl_notify_question question = {.reference = pl_span_of("r30"), .cursor = 901};
    CHECK_INT(pl_notify_ask(&to, &question, &request), 0);
    CHECK_TEXT(request.url.ptr, "https://api.telegram.org/botxoxb-1/getUpdates");
    CHECK_TEXT(request.body.ptr, "{\"offset\":901,\"limit\":1,\"timeout\":50,"
                                 "\"allowed_updates\":[\"callback_query\"]}");
    to = target(PL_NOTIFY_PUSHOVER);
    CHECK_INT(pl_notify_ask(&to, &question, &request), 0);
    CHECK_INT(request.method, PL_NOTIFY_GET);
    CHECK_TEXT(request.url.ptr, "https://api.pushover.net/1/receipts/r30.json?token=xoxb-1");
}

static void test_a_slack_button_needs_its_secret(void)
{
    struct pl_page page = page_of(PL_NOTIFY_FIRING);
    struct pl_notify_target to = target(PL_NOTIFY_SLACK_BOT);
    struct pl_notify_message message = {.page = &page,
                                        .ack_url = pl_span_of("https://mon.example/ack/x7Kd"),
                                        .ack_token = pl_span_of("x7Kd"),
                                        .external_url = pl_span_of("https://mon.example/")};
    CHECK_INT(pl_notify_write(&to, &message, &request), 0);
    CHECK(strstr(request.body.ptr, ",{\"type\":\"actions\",\"elements\":[{\"type\":\"button\","
                                   "\"action_id\":\"acknowledge\",\"style\":\"primary\","
                                   "\"text\":{\"type\":\"plain_text\",\"text\":"
                                   "\"Acknowledge\"},\"value\":\"x7Kd\"}]}"));
    CHECK(!strstr(request.body.ptr, "|Acknowledge>"));
    to.value[PL_NOTIFY_SECRET_KEY].len = 0;
    CHECK_INT(pl_notify_write(&to, &message, &request), 0);
    CHECK(!strstr(request.body.ptr, "actions") && strstr(request.body.ptr, "|Acknowledge>"));
    to = target(PL_NOTIFY_SLACK_BOT);
    message.state = PL_NOTIFY_ACKNOWLEDGED;
    CHECK_INT(pl_notify_write(&to, &message, &request), 0);
    CHECK(!strstr(request.body.ptr, "actions"));
}

/* Providers put what they were sent into their errors. */
static void test_secrets_are_not_repeated(void)
{
    static const struct {
        const char *body, *want;
    } cases[] = {
        {"{\"message\":\"bad token 0123456789abcdef0123456789abcdef!\"}",
         "HTTP 400: bad token ***!"},
        {"{\"message\":\"xoxb-1xoxb-1\"}", "HTTP 400: ******"},
        {"{\"message\":\"no channel #ops\"}", "HTTP 400: no channel #ops"},
        {"{\"message\":\"user u1\"}", "HTTP 400: user u1"}, // too short to tell from a word
        {"{\"message\":\"bad url "
         "https://m.ex/ack/ASNFZ4mrze_-3LqYAZ3j2cF72ulDNSJWwBXCv6NL1QasMY-h&\"}",
         "HTTP 400: bad url https://m.ex***&"}, // of a link that acknowledges
        {"", "HTTP 400"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_NOTIFY_REASON_BYTES];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        struct pl_notify_target to = target(PL_NOTIFY_SLACK_BOT);
        const struct pl_notify_answer answer = {.http_status = 400,
                                                .body = pl_span_of(cases[i].body)};
        pl_notify_words_write(&to, &answer, &out);
        CHECK_TEXT(buf, cases[i].want);
    }
}

static void test_a_test_says_so(void)
{
    for (int type = PL_NOTIFY_NONE + 1; type < PL_NOTIFY_TYPE_COUNT; type++) {
        struct pl_page page = page_of(PL_NOTIFY_FIRING);
        struct pl_notify_target to = target((enum pl_notify_type)type);
        const struct pl_notify_message message = {.page = &page, .is_test = true};
        CHECK_INT(pl_notify_write(&to, &message, &request), 0);
        CHECK(strstr(request.body.ptr, "TEST") != NULL);
        CHECK(strstr(request.body.ptr, "\"priority\":2,\"retry\"") == NULL);
    }
}

/* No answer ends a process or writes past a buffer, whatever part of it arrives. */
static void test_cut_answers(void)
{
    static const char body[] = "{\"ok\":true,\"status\":1,\"id\":\"1\",\"channel\":\"C1\",\"ts\":"
                               "\"1\",\"result\":{\"message_id\":42,\"chat\":{\"id\":-1001}}}";
    for (int type = PL_NOTIFY_NONE + 1; type < PL_NOTIFY_TYPE_COUNT; type++) {
        for (size_t len = 0; len < sizeof body; len++) {
            struct pl_notify_reading got;
            struct pl_notify_target to = target((enum pl_notify_type)type);
            const struct pl_notify_answer answer = {
                .http_status = 200, .retry_after_ms = -1, .body = {(const uint8_t *)body, len}};
            pl_notify_read(&to, &answer, &got);
            CHECK(!got.reference.overflow && !got.forget);
        }
    }
}

int main(void)
{
    RUN(test_requests);
    RUN(test_values_are_checked);
    RUN(test_answers);
    RUN(test_hearing);
    RUN(test_a_button_names_its_alert);
    RUN(test_a_slack_button_needs_its_secret);
    RUN(test_questions);
    RUN(test_secrets_are_not_repeated);
    RUN(test_a_test_says_so);
    RUN(test_cut_answers);
    return check_finish();
}
