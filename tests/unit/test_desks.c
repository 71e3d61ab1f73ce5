/* Text messages, calls and the desks that take alerts: what they are sent, and what fits. */
#include "collector/codec/notify/form.h"
#include "collector/codec/notify/gsm.h"
#include "collector/codec/notify/notify.h"
#include "tests/check.h"

#define ACCOUNT "AC0123456789abcdef0123456789abcdef"

static const int64_t since_ms = 1777644192000; // 2026-05-01T14:03:12Z
static struct pl_notify_request request;
static struct pl_page page;
static struct pl_notify_message message;

/* cpu of fe1 at 97 %, firing for 10 s; over after 3 min 20 s. */
static void prepare(enum pl_notify_state state)
{
    page = (struct pl_page){.created_unix_ms = since_ms + 10000,
                            .resolved = state == PL_NOTIFY_RESOLVED,
                            .alert = {.rule = PL_RULE_LIMIT,
                                      .state = PL_ALERT_FIRING,
                                      .tier = PL_TIER_PAGE,
                                      .since_unix_ms = since_ms,
                                      .opened_unix_ms = since_ms + 10000,
                                      .clear_mono_ms = PL_NEVER_MS,
                                      .finding = {.tier = PL_TIER_PAGE,
                                                  .resource = PL_RESOURCE_CPU,
                                                  .value_bp = 9743,
                                                  .level_bp = 9000,
                                                  .since_unix_ms = since_ms,
                                                  .host_count = 1,
                                                  .named_count = 1}}};
    CHECK_INT(pl_name_parse(pl_span_of("web"), &page.alert.pool), 0);
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &page.alert.finding.hosts[0]), 0);
    if (page.resolved) {
        page.alert.state = PL_ALERT_RESOLVED;
        page.alert.resolved_unix_ms = since_ms + 200000;
    }
    message = (struct pl_notify_message){
        .page = &page,
        .state = state,
        .acknowledged_by = pl_span_of(state == PL_NOTIFY_ACKNOWLEDGED ? "alex" : ""),
        .ack_url = pl_span_of("https://m.ex/a/x7Kd2?t=1&u=2"),
        .ack_token = pl_span_of("x7Kd2"),
        .external_url = pl_span_of("https://m.ex/"),
        .contact = {.owner = pl_span_of("<Web> & \"co\"")},
    };
}

static void write_to(enum pl_notify_type type)
{
    struct pl_notify_target to = {.type = type, .name = pl_span_of("alex-phone")};
    const char *url = pl_notify_provider(type)->url;
    to.value[PL_NOTIFY_URL_KEY] = pl_span_of(url ? url : "https://desk.example/in?token=t0p");
    to.value[PL_NOTIFY_ACCOUNT_KEY] = pl_span_of(ACCOUNT);
    to.value[PL_NOTIFY_TOKEN_KEY] = pl_span_of("s3cret");
    to.value[PL_NOTIFY_FROM_KEY] = pl_span_of("+15005550006");
    to.value[PL_NOTIFY_TO_KEY] = pl_span_of("+441632960001");
    CHECK_INT(pl_notify_write(&to, &message, &request), 0);
}

static void test_sms(void)
{
    prepare(PL_NOTIFY_FIRING);
    write_to(PL_NOTIFY_TWILIO_SMS);
    CHECK_TEXT(request.url.ptr,
               "https://api.twilio.com/2010-04-01/Accounts/" ACCOUNT "/Messages.json");
    CHECK_INT(request.content, PL_NOTIFY_FORM);
    CHECK_TEXT(request.headers[1].ptr,
               "Authorization: Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpzM2NyZXQ=");
    CHECK_TEXT(request.body.ptr,
               "To=%2B441632960001&From=%2B15005550006&Body=PAGE%20web%3A%20cpu%20of%20fe1%20at"
               "%2097%20%25%20%28limit%2090%20%25%29%20for%2010%20s%20Ack%3A%20https%3A%2F%2Fm.ex"
               "%2Fa%2Fx7Kd2%3Ft%3D1%26u%3D2&ValidityPeriod=600");
    prepare(PL_NOTIFY_RESOLVED);
    write_to(PL_NOTIFY_TWILIO_SMS);
    CHECK_TEXT(request.body.ptr,
               "To=%2B441632960001&From=%2B15005550006&Body=RESOLVED%20web%3A%20cpu%20of%20fe1%20"
               "back%20under%2090%20%25%20after%203%20min%2020%20s&ValidityPeriod=600");
}

static void test_call(void)
{
    prepare(PL_NOTIFY_FIRING);
    write_to(PL_NOTIFY_TWILIO_VOICE);
    CHECK_TEXT(request.url.ptr,
               "https://api.twilio.com/2010-04-01/Accounts/" ACCOUNT "/Calls.json");
    char want[4096];
    struct pl_text form = pl_text_init(want, sizeof want);
#define SAY                                                                                        \
    "<Gather numDigits=\"1\" timeout=\"8\" method=\"POST\" "                                       \
    "action=\"https://m.ex/callbacks/twilio/x7Kd2\">"                                              \
    "<Say>PAGE web: cpu of fe1 at 97 % (limit 90 %) for 10 s. Press 1 to acknowledge.</Say>"       \
    "</Gather>"
    pl_form_field(&form, "To", pl_span_of("+441632960001"));
    pl_form_field(&form, "From", pl_span_of("+15005550006"));
    pl_form_field(&form, "Twiml", pl_span_of("<Response>" SAY SAY "</Response>"));
    pl_text_str(&form, "&Timeout=30");
    CHECK_TEXT(request.body.ptr, want);
    message.ack_token.len = 0; // nobody can reach us: it only tells
    write_to(PL_NOTIFY_TWILIO_VOICE);
    CHECK(strstr(request.body.ptr, "Gather") == NULL && strstr(request.body.ptr, "key") == NULL);
    CHECK(strstr(request.body.ptr, "%3CPause%2F%3E") != NULL);
}

static void test_opsgenie(void)
{
    prepare(PL_NOTIFY_FIRING);
    write_to(PL_NOTIFY_OPSGENIE);
    CHECK_TEXT(request.url.ptr, "https://api.opsgenie.com/v2/alerts");
    CHECK_TEXT(request.headers[1].ptr, "Authorization: GenieKey s3cret");
    CHECK_TEXT(request.body.ptr,
               "{\"message\":\"[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 10 s\","
               "\"alias\":\"limit/web\",\"description\":\"[PAGE] web: cpu of fe1 at 97 % (limit 90 "
               "%) for 10 s\\u000aOwner: <Web> & \\\"co\\\"\\u000aAcknowledge: "
               "https://m.ex/a/x7Kd2?t=1&u=2\\u000aLive view: https://m.ex/\",\"priority\":\"P1\","
               "\"entity\":\"web\",\"source\":\"plimsoll\",\"tags\":[\"limit\"],\"details\":{"
               "\"pool\":\"web\",\"rule\":\"limit\",\"hosts\":\"fe1\"}}");
    prepare(PL_NOTIFY_ACKNOWLEDGED);
    write_to(PL_NOTIFY_JSM);
    CHECK_TEXT(request.url.ptr, "https://api.atlassian.com/jsm/ops/integration/v2/alerts/"
                                "limit%2Fweb/acknowledge?identifierType=alias");
    CHECK_TEXT(
        request.body.ptr,
        "{\"source\":\"plimsoll\",\"note\":\"[ACK alex] web: cpu of fe1 at 97 % (limit 90 %) "
        "for 10 s\",\"user\":\"alex\"}");
    prepare(PL_NOTIFY_RESOLVED);
    write_to(PL_NOTIFY_OPSGENIE);
    CHECK_TEXT(request.url.ptr,
               "https://api.opsgenie.com/v2/alerts/limit%2Fweb/close?identifierType=alias");
    CHECK_TEXT(request.body.ptr,
               "{\"source\":\"plimsoll\",\"note\":\"[RESOLVED] web: cpu of fe1 back under 90 % "
               "after 3 min 20 s\"}");
}

static void test_goalert(void)
{
    prepare(PL_NOTIFY_FIRING);
    write_to(PL_NOTIFY_GOALERT);
    CHECK_TEXT(request.url.ptr, "https://desk.example/in?token=t0p");
    CHECK_TEXT(request.body.ptr,
               "{\"summary\":\"[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 10 s\",\"dedup\":"
               "\"limit/web\",\"details\":\"Owner: <Web> & \\\"co\\\"\\u000a\\u000a[Acknowledge]("
               "https://m.ex/a/x7Kd2?t=1&u=2)\\u000a\\u000a[Live view](https://m.ex/)\",\"meta\":{"
               "\"pool\":\"web\"}}");
    prepare(PL_NOTIFY_RESOLVED);
    write_to(PL_NOTIFY_GOALERT);
    CHECK_TEXT(request.body.ptr,
               "{\"summary\":\"[RESOLVED] web: cpu of fe1 back under 90 % after 3 min 20 s\","
               "\"dedup\":\"limit/web\",\"action\":\"close\",\"meta\":{\"pool\":\"web\"}}");
}

static void test_answers(void)
{
    static const struct {
        enum pl_notify_type type;
        int status;
        const char *body;
        enum pl_result_class want;
        const char *reference;
    } cases[] = {
        {PL_NOTIFY_TWILIO_SMS, 201, "{\"sid\":\"SM01\",\"status\":\"queued\"}", PL_RESULT_SENT,
         "SM01"},
        {PL_NOTIFY_TWILIO_SMS, 400, "{\"code\":21211,\"message\":\"x\"}", PL_RESULT_BROKEN, ""},
        {PL_NOTIFY_TWILIO_SMS, 400, "{\"code\":21610,\"message\":\"x\"}", PL_RESULT_BROKEN, ""},
        {PL_NOTIFY_TWILIO_SMS, 400, "{\"code\":21617,\"message\":\"too long\"}", PL_RESULT_REJECT,
         ""},
        {PL_NOTIFY_TWILIO_SMS, 400, "{\"code\":21611,\"message\":\"queue\"}", PL_RESULT_RETRY, ""},
        {PL_NOTIFY_TWILIO_SMS, 400, "garbage", PL_RESULT_REJECT, ""},
        {PL_NOTIFY_TWILIO_SMS, 401, "{\"code\":20003}", PL_RESULT_BROKEN, ""},
        {PL_NOTIFY_TWILIO_VOICE, 429, "{\"code\":20429}", PL_RESULT_RETRY, ""},
        {PL_NOTIFY_TWILIO_VOICE, 500, "", PL_RESULT_RETRY, ""},
        {PL_NOTIFY_OPSGENIE, 202, "{\"result\":\"Request will be processed\"}", PL_RESULT_SENT, ""},
        {PL_NOTIFY_OPSGENIE, 402, "", PL_RESULT_BROKEN, ""},
        {PL_NOTIFY_OPSGENIE, 422, "", PL_RESULT_REJECT, ""},
        {PL_NOTIFY_JSM, 429, "", PL_RESULT_RETRY, ""},
        {PL_NOTIFY_GOALERT, 204, "", PL_RESULT_SENT, ""},
        {PL_NOTIFY_GOALERT, 401, "", PL_RESULT_BROKEN, ""},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_notify_reading reading;
        pl_notify_read(&(struct pl_notify_target){.type = cases[i].type},
                       &(struct pl_notify_answer){.http_status = cases[i].status,
                                                  .retry_after_ms = -1,
                                                  .body = pl_span_of(cases[i].body)},
                       &reading);
        CHECK_INT(reading.result.class, cases[i].want);
        CHECK_TEXT(reading.reference.ptr, cases[i].reference);
    }
}

static void test_numbers_are_checked(void)
{
    static const struct {
        enum pl_notify_type type;
        const char *account, *from, *to;
        bool right;
    } cases[] = {
        {PL_NOTIFY_TWILIO_SMS, ACCOUNT, "+15005550006", "+441632960001", true},
        {PL_NOTIFY_TWILIO_SMS, ACCOUNT, "MG0123456789abcdef0123456789abcdef", "+441632960001",
         true},
        {PL_NOTIFY_TWILIO_VOICE, ACCOUNT, "MG0123456789abcdef0123456789abcdef", "+441632960001",
         false},
        {PL_NOTIFY_TWILIO_SMS, ACCOUNT, "+15005550006", "01632960001", false},
        {PL_NOTIFY_TWILIO_SMS, ACCOUNT, "+15005550006", "+0441632960001", false},
        {PL_NOTIFY_TWILIO_SMS, ACCOUNT, "+15005550006", "+44 1632 960001", false},
        {PL_NOTIFY_TWILIO_SMS, "AC/../../x456789abcdef0123456789abcd", "+15005550006",
         "+441632960001", false},
        {PL_NOTIFY_EMAIL, "", "a@x.org", "b@y.org", true},
        {PL_NOTIFY_EMAIL, "", "a@x.org", "B <b@y.org>", false},
        {PL_NOTIFY_EMAIL, "", "+15005550006", "b@y.org", false},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_span value[PL_NOTIFY_KEY_COUNT] = {
            [PL_NOTIFY_ACCOUNT_KEY] = pl_span_of(cases[i].account),
            [PL_NOTIFY_FROM_KEY] = pl_span_of(cases[i].from),
            [PL_NOTIFY_TO_KEY] = pl_span_of(cases[i].to)};
        enum pl_notify_key key = PL_NOTIFY_KEY_COUNT;
        CHECK_INT(pl_notify_provider(cases[i].type)->check(value, &key) == NULL, cases[i].right);
    }
}

static void test_gsm(void)
{
    static const struct {
        const char *in;
        uint32_t max, used;
        const char *want;
    } cases[] = {
        {"", 160, 0, ""},
        {"plain 90 %", 160, 10, "plain 90 %"},
        {"[a]", 160, 5, "[a]"},
        {"J\u00fcrgen \u00e9\u00e8 \u20ac", 160, 12, "J\u00fcrgen \u00e9\u00e8 \u20ac"},
        {"\u015e\u00e7\u0141 \u201cq\u201d\u2026 \u2013 `", 160, 14, "ScL \"q\"... - '"},
        {"\u0416\U0001f600\xff", 160, 3, "???"},
        {"a\r\nb\x7f\xc2\x85", 160, 2, "ab"},
        {"1234567890", 10, 10, "1234567890"},
        {"12345678901", 10, 10, "1234567..."},
        {"123456[8901", 10, 9, "123456..."}, // the bracket does not fit in front of the dots
        {"abc", 2, 0, ""},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char buf[PL_GSM_TEXT_BYTES];
        struct pl_text out = pl_text_init(buf, sizeof buf);
        CHECK_INT(pl_gsm_write(&out, pl_span_of(cases[i].in), cases[i].max), cases[i].used);
        CHECK_TEXT(buf, cases[i].want);
    }
}

/* Whatever is said, it is one segment, and the address in it is whole. */
static void test_an_sms_is_one_segment(void)
{
    prepare(PL_NOTIFY_FIRING);
    page.alert.finding.host_count = 4;
    page.alert.finding.named_count = 1;
    char longest[PL_NAME_LEN_MAX + 1];
    memset(longest, 'w', sizeof longest - 1);
    longest[PL_NAME_LEN_MAX] = '\0';
    CHECK_INT(pl_name_parse(pl_span_of(longest), &page.alert.pool), 0);
    CHECK_INT(pl_name_parse(pl_span_of(longest), &page.alert.finding.hosts[0]), 0);
    write_to(PL_NOTIFY_TWILIO_SMS);
    CHECK(strstr(request.body.ptr,
                 "...%20Ack%3A%20https%3A%2F%2Fm.ex%2Fa%2Fx7Kd2%3Ft%3D1%26u%3D2&") != NULL);
    const char *body = strstr(request.body.ptr, "Body=");
    REQUIRE(body != NULL);
    int characters = 0; // all of them are ASCII and none is escaped
    for (const char *c = body + 5; *c != '&'; c += *c == '%' ? 3 : 1) characters++;
    CHECK_INT(characters, PL_GSM_SEPTETS);
}

int main(void)
{
    RUN(test_sms);
    RUN(test_call);
    RUN(test_opsgenie);
    RUN(test_goalert);
    RUN(test_answers);
    RUN(test_numbers_are_checked);
    RUN(test_gsm);
    RUN(test_an_sms_is_one_segment);
    return check_finish();
}
