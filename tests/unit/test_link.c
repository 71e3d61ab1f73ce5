/* Links that acknowledge: what they are good for, their token, their page, the form it sends. */
#include "tests/check.h"

#include "collector/codec/ack_page.h"
#include "collector/codec/ack_token.h"
#include "collector/codec/form_in.h"
#include "common/base/err.h"

#define NOW_MS INT64_C(1777644192000) // 2026-05-01T14:03:12Z

static struct pl_alert alert;
static struct pl_handling handling;
static struct pl_link link;

static void prepare(void)
{
    alert = (struct pl_alert){.rule = PL_RULE_LIMIT,
                              .state = PL_ALERT_FIRING,
                              .tier = PL_TIER_PAGE,
                              .since_unix_ms = NOW_MS - 60000,
                              .opened_unix_ms = NOW_MS - 50000,
                              .clear_mono_ms = PL_NEVER_MS,
                              .lower_mono_ms = PL_NEVER_MS,
                              .finding = {.tier = PL_TIER_PAGE,
                                          .resource = PL_RESOURCE_CPU,
                                          .value_bp = 9743,
                                          .level_bp = 9000,
                                          .since_unix_ms = NOW_MS - 60000,
                                          .host_count = 1,
                                          .named_count = 1}};
    CHECK_INT(pl_name_parse(pl_span_of("web"), &alert.pool), 0);
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &alert.finding.hosts[0]), 0);
    handling = (struct pl_handling){0};
    link = (struct pl_link){pl_link_alert(&alert),
                            pl_link_who(pl_span_of("push"), pl_span_of("alex")), NOW_MS - 50000};
}

static enum pl_link_state judge(const char *by)
{
    return pl_link_judge(&link, &alert, &handling, pl_span_of(by), NOW_MS);
}

static void say(enum pl_handle_act act, const char *by, int64_t at_unix_ms)
{
    const struct pl_handle_request request = {.act = act, .by = pl_span_of(by)};
    CHECK_INT(pl_handling_apply(&handling, &request, at_unix_ms), 0);
}

static void test_what_a_link_is_good_for(void)
{
    prepare();
    CHECK_INT(judge("alex"), PL_LINK_GOOD);
    say(PL_HANDLE_SNOOZE, "kim", NOW_MS - 10);
    CHECK_INT(judge("alex"), PL_LINK_GOOD); // put off; nobody has it
    say(PL_HANDLE_ACKNOWLEDGE, "alex", NOW_MS - 10);
    CHECK_INT(judge("alex"), PL_LINK_MINE);
    CHECK_INT(judge("kim"), PL_LINK_TAKEN);
    say(PL_HANDLE_RELEASE, "alex", NOW_MS);
    CHECK_INT(judge("alex"), PL_LINK_USED);
    link.issued_unix_ms = NOW_MS; // of the page that came after that
    CHECK_INT(judge("alex"), PL_LINK_GOOD);
    link.issued_unix_ms = NOW_MS - PL_LINK_MS + 1;
    handling = (struct pl_handling){0};
    CHECK_INT(judge("alex"), PL_LINK_GOOD);
    link.issued_unix_ms--;
    CHECK_INT(judge("alex"), PL_LINK_EXPIRED);
    alert.state = PL_ALERT_RESOLVED;
    CHECK_INT(judge("alex"), PL_LINK_OVER);
    CHECK_INT(pl_link_judge(&link, NULL, NULL, pl_span_of("alex"), NOW_MS), PL_LINK_OVER);
}

static void test_a_link_is_for_one_alert_and_one_person(void)
{
    prepare();
    uint64_t before = pl_link_alert(&alert);
    alert.opened_unix_ms++;
    CHECK(pl_link_alert(&alert) != before);
    alert.opened_unix_ms--;
    alert.rule = PL_RULE_SILENT;
    CHECK(pl_link_alert(&alert) != before);
    uint32_t who = pl_link_who(pl_span_of("push"), pl_span_of("alex"));
    CHECK(pl_link_who(pl_span_of("push"), pl_span_of("kim")) != who);
    CHECK(pl_link_who(pl_span_of("pus"), pl_span_of("halex")) != who);
    CHECK(pl_link_who(pl_span_of("push"), (struct pl_span){0}) != who);
}

static void test_tokens_there_and_back(void)
{
    uint8_t bytes[PL_ACK_TOKEN_BYTES], again[PL_ACK_TOKEN_BYTES];
    char text[64];
    struct pl_text out = pl_text_init(text, sizeof text);
    struct pl_link back;
    prepare();
    pl_ack_payload_write(&link, bytes);
    for (size_t i = PL_ACK_PAYLOAD_BYTES; i < sizeof bytes; i++) bytes[i] = (uint8_t)(251 + i);
    pl_ack_token_write(bytes, &out);
    CHECK_INT(out.len, PL_ACK_TOKEN_CHARS);
    REQUIRE(pl_ack_token_read(pl_text_bytes(&out), again) == 0);
    CHECK(memcmp(bytes, again, sizeof bytes) == 0);
    pl_ack_payload_read(again, &back);
    CHECK(back.alert == link.alert && back.who == link.who);
    CHECK_INT(back.issued_unix_ms, link.issued_unix_ms);
    for (size_t len = 0; len < PL_ACK_TOKEN_CHARS; len++)
        CHECK_INT(pl_ack_token_read((struct pl_span){(uint8_t *)text, len}, again), PL_E_SYNTAX);
    for (const char *c = "+/=% .\x80"; *c; c++) {
        char kept = text[20];
        text[20] = *c;
        CHECK_INT(pl_ack_token_read(pl_text_bytes(&out), again), PL_E_SYNTAX);
        text[20] = kept;
    }
    char line[128];
    (void)snprintf(line, sizeof line, "/ack/%s and more", text);
    CHECK_INT(pl_ack_token_find(pl_span_of(line)), 5 + PL_ACK_TOKEN_CHARS);
    CHECK_INT(pl_ack_token_find(pl_span_of("/ack/short")), 0);
}

static char html[PL_ACK_PAGE_BYTES];

static const char *page_of(enum pl_link_state state, bool asks_name)
{
    struct pl_text out = pl_text_init(html, sizeof html);
    const struct pl_ack_view view = {.state = state,
                                     .alert = &alert,
                                     .handling = &handling,
                                     .by = pl_span_of("<b\"&"),
                                     .asks_name = asks_name,
                                     .now_unix_ms = NOW_MS};
    pl_ack_page_write(&view, &out);
    CHECK(!out.overflow);
    return html;
}

static void test_pages(void)
{
    prepare();
    const char *page = page_of(PL_LINK_GOOD, true);
    CHECK(strstr(page, "[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 1 min"));
    CHECK(strstr(page, "fires since 14:02 UTC"));
    CHECK(strstr(page, "<form method=\"post\">") && strstr(page, "name=\"who\""));
    CHECK(strstr(page, "&lt;b&quot;&amp;</b>") && !strstr(page, "<b\"&"));
    CHECK(strstr(page, "Pages stop for 30 min;"));
    CHECK(!strstr(page_of(PL_LINK_GOOD, false), "name=\"who\""));
    say(PL_HANDLE_ACKNOWLEDGE, "kim", NOW_MS - 24 * 3600 * 1000);
    page = page_of(PL_LINK_TAKEN, false);
    CHECK(
        strstr(page, "<b>kim</b> has it since 2026-04-30 14:03 UTC, until 2026-04-30 14:33 UTC."));
    CHECK(!strstr(page, "<form"));
    say(PL_HANDLE_RELEASE, "kim", NOW_MS);
    CHECK(strstr(page_of(PL_LINK_USED, false), "<b>kim</b> said something about it at "));
    alert.state = PL_ALERT_RESOLVED;
    alert.resolved_unix_ms = NOW_MS;
    page = page_of(PL_LINK_OVER, false);
    CHECK(strstr(page, "over since 14:03 UTC") && strstr(page, "[RESOLVED] web: "));
    static const char *const elsewhere[] = {"http:", "https:", "src=", "<script", "style=", "url("};
    for (size_t i = 0; i < PL_LEN(elsewhere); i++) CHECK(!strstr(page, elsewhere[i]));
    CHECK_INT(pl_ack_status(PL_LINK_TAKEN, false), 200);
    CHECK_INT(pl_ack_status(PL_LINK_TAKEN, true), 409);
    CHECK_INT(pl_ack_status(PL_LINK_OVER, false), 410);
}

static int parse(const char *body, struct pl_form_field *fields)
{
    static uint8_t buf[4096];
    return pl_form_parse(pl_span_of(body), buf, fields);
}

static void test_forms(void)
{
    struct pl_form_field fields[PL_FORM_FIELDS_MAX];
    CHECK_INT(parse("", fields), 0);
    CHECK_INT(parse("who=Alex+M%C3%BCller&a=&b", fields), 3);
    CHECK(pl_span_is(pl_form_value(fields, 3, "who"), "Alex M\xc3\xbcller"));
    CHECK_INT(pl_form_value(fields, 3, "b").len, 0);
    CHECK_INT(pl_form_value(fields, 3, "c").len, 0);
    static const char *const wrong[] = {"a=%", "a=%4", "a=%zz", "a=%00", "=a", "&", "a=1&&b=2"};
    for (size_t i = 0; i < PL_LEN(wrong); i++) CHECK_INT(parse(wrong[i], fields), PL_E_SYNTAX);
    char many[2 * (PL_FORM_FIELDS_MAX + 1) + 1] = "";
    for (size_t i = 0; i <= PL_FORM_FIELDS_MAX; i++) memcpy(many + 2 * i, "a&", 2);
    many[2 * PL_FORM_FIELDS_MAX] = '\0';
    CHECK_INT(parse(many, fields), PL_FORM_FIELDS_MAX);
    many[2 * PL_FORM_FIELDS_MAX] = 'a';
    CHECK_INT(parse(many, fields), PL_E_FULL);
}

int main(void)
{
    RUN(test_what_a_link_is_good_for);
    RUN(test_a_link_is_for_one_alert_and_one_person);
    RUN(test_tokens_there_and_back);
    RUN(test_pages);
    RUN(test_forms);
    return check_finish();
}
