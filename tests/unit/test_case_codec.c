/* Cases as bytes: requests, records, drafts without a machine's name, letters and pages. */
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include "collector/codec/case_in.h"
#include "collector/codec/case_letter.h"
#include "collector/codec/case_page.h"
#include "collector/codec/case_record.h"
#include "collector/codec/case_text.h"
#include "collector/codec/json_case.h"
#include "collector/codec/json_in.h"
#include "common/base/err.h"

#include <stdlib.h>

static const int64_t at_ms = INT64_C(1746108192000); // 2025-05-01T14:03:12Z
static const struct pl_span kim = {(const uint8_t *)"kim", 3};
static struct pl_cases cases;

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    CHECK_INT(pl_name_parse(pl_span_of(text), &name), 0);
    return name;
}

static struct pl_case *opened(void)
{
    static struct pl_name pool;
    pool = name_of("web");
    const struct pl_alert alert = {.rule = PL_RULE_LIMIT, .pool = pool, .opened_unix_ms = at_ms};
    const struct pl_case_opening opening = {.id = name_of("c-1"),
                                            .link = name_of("0123456789abcdef0123456789abcdef"),
                                            .customer = name_of("acme"),
                                            .pools = &pool,
                                            .pool_count = 1,
                                            .alert = &alert,
                                            .title = pl_span_of("fe1 is at its limit"),
                                            .owner = pl_span_of("alex"),
                                            .by = kim};
    struct pl_case_dropped dropped;
    uint32_t index;
    memset(&cases, 0, sizeof cases);
    CHECK_INT(pl_cases_open(&cases, &opening, at_ms, &index, &dropped), 0);
    return &cases.items[index];
}

static void publish(struct pl_case *c, enum pl_case_phase phase, const char *text)
{
    struct pl_case_words words = {
        .phase = phase, .impact = PL_CASE_IMPACT_MAJOR, .title = "Slow <pages>"};
    pl_case_copy_lines(words.text, sizeof words.text, pl_span_of(text));
    int64_t next_ms = phase == PL_CASE_RESOLVED ? 0 : PL_CASE_NEXT_MS;
    CHECK_INT(pl_case_save_draft(c, kim, &words, next_ms, at_ms), 0);
    CHECK_INT(pl_case_publish(c, kim, c->draft.revision, at_ms), 0);
    pl_case_written(c, c->last_update);
}

static void subscribe(struct pl_case *c, enum pl_case_channel channel, const char *address)
{
    struct pl_case_subscriber s = {.channel = channel,
                                   .secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    uint32_t number;
    pl_said_copy(s.address, sizeof s.address, pl_span_of(address));
    CHECK_INT(pl_case_subscribe(c, &s, at_ms, &number), 0);
}

/* ---- requests ---- */

static void test_what_is_sent(void)
{
    struct pl_case_request r;
    char error[PL_CASE_ERROR_BYTES];
    CHECK_INT(
        pl_case_request_read(
            pl_span_of("{\"alert\":\"limit/web\",\"pools\":[\"web\",\"shop\"],\"owner\":\"alex\","
                       "\"title\":\"Slow\",\"customer\":\"acme\",\"text\":\"a\\nb\","
                       "\"phase\":\"identified\",\"impact\":\"critical\",\"next_update\":\"20m\","
                       "\"revision\":3,\"subscriber\":2}"),
            ~0u, 0, &r, error),
        0);
    CHECK_INT(r.rule, PL_RULE_LIMIT);
    CHECK_INT(r.pool_count, 2);
    CHECK_TEXT(r.text, "a\nb");
    CHECK_INT(r.phase, PL_CASE_IDENTIFIED);
    CHECK_INT(r.impact, PL_CASE_IMPACT_CRITICAL);
    CHECK_INT(r.next_ms, 20 * 60 * 1000);
    CHECK_INT(r.revision, 3);
    CHECK((r.given & PL_CASE_BIT(WEBHOOK)) == 0);
    CHECK_INT(pl_case_request_read((struct pl_span){0}, 0, 0, &r, error), 0);
    CHECK_INT(r.given, 0);
}

static void test_what_is_refused(void)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"[]", "the body is no JSON object"},
        {"{\"titel\":\"x\"}", "the body: 'titel' is no member of it"},
        {"{\"customer\":\"x\"}", "the body: 'customer' is no member of it"}, // of this route
        {"{}", "title is missing"},
        {"{\"title\":\"\"}", "title is empty"},
        {"{\"title\":7}", "title is no text"},
        {"{\"title\":\"a\\nb\"}", "title: 'a b' has more than one line"},
        {"{\"alert\":\"web\"}", "alert: 'web' is no alert such as limit/web"},
        {"{\"pools\":\"web\"}", "pools is no list"},
        {"{\"pools\":[]}", "pools is empty"},
        {"{\"pools\":[1]}", "pools holds no names"},
        {"{\"pools\":[\"a\",\"a\"]}", "pools: 'a' is there twice"},
        {"{\"pools\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]}",
         "pools holds more than 8 names"},
        {"{\"phase\":\"done\"}",
         "phase: 'done' is none of investigating, identified, monitoring, resolved"},
        {"{\"impact\":\"bad\"}", "impact: 'bad' is none of none, minor, major, critical"},
        {"{\"next_update\":\"1m\"}", "next_update: '1m' is neither 5m to 7d nor none"},
        {"{\"next_update\":\"soon\"}", "next_update: 'soon' is neither 5m to 7d nor none"},
        {"{\"revision\":0}", "revision is no number from 1 on"},
        {"{\"revision\":1.5}", "revision is no number from 1 on"},
        {"{\"revision\":\"1\"}", "revision is no number from 1 on"},
        {"{\"email\":\"alex\"}", "email: 'alex' is not an address such as ops@example.org"},
    };
    uint32_t takes = ~0u & ~PL_CASE_BIT(CUSTOMER);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_case_request r;
        char error[PL_CASE_ERROR_BYTES] = "";
        CHECK_INT(
            pl_case_request_read(pl_span_of(rows[i].text), takes, PL_CASE_BIT(TITLE), &r, error),
            PL_E_SYNTAX);
        CHECK_TEXT(error, rows[i].error);
    }
}

static void test_addresses_of_webhooks(void)
{
    static const struct {
        const char *url;
        bool good;
    } rows[] = {
        {"https://example.org/hook", true},      {"http://127.0.0.1:8080/hook", true},
        {"http://localhost/hook", true},         {"http://example.org/hook", false},
        {"http://127.0.0.1.example.org", false}, {"https://", false},
        {"https://a@example.org/", false},       {"https://example.org/a b", false},
        {"ftp://example.org/", false},           {"http://localhost.example.org/", false},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        struct pl_case_request r;
        char error[PL_CASE_ERROR_BYTES], body[256];
        struct pl_text t = pl_text_init(body, sizeof body);
        pl_text_str(&t, "{\"webhook\":");
        pl_text_json(&t, pl_span_of(rows[i].url));
        pl_text_char(&t, '}');
        CHECK_INT(pl_case_request_read(pl_text_bytes(&t), ~0u, 0, &r, error),
                  rows[i].good ? 0 : PL_E_SYNTAX);
    }
}

/* ---- records ---- */

static void fill(char *text, size_t cap, char with)
{
    memset(text, with, cap - 1);
    text[cap - 1] = '\0';
}

/* Every text as long as it may be, and of what JSON makes twice as long. */
static void stuff(struct pl_case *c)
{
    char line[PL_CASE_EVENT_BYTES], by[PL_WHO_BYTES];
    fill(line, sizeof line, '"');
    fill(by, sizeof by, '"');
    for (int i = 0; i < PL_CASE_EVENTS_MAX; i++)
        pl_case_log(c, PL_CASE_EVENT_NOT_REMINDED, pl_span_of(by), pl_span_of(line), at_ms);
    for (uint32_t i = 0; i < PL_CASE_SUBSCRIBERS_MAX; i++) {
        struct pl_case_subscriber *s = &c->subscribers[i];
        *s = (struct pl_case_subscriber){.number = UINT32_MAX, .told = UINT32_MAX};
        fill(s->address, sizeof s->address, '"');
        fill(s->secret, sizeof s->secret, '"');
        fill(s->by, sizeof s->by, '"');
    }
    c->subscriber_count = PL_CASE_SUBSCRIBERS_MAX;
    for (uint32_t i = 0; i < PL_CASE_POOLS_MAX; i++) {
        fill(c->pools[i].text, sizeof c->pools[i].text, 'p');
        c->pools[i].len = PL_NAME_LEN_MAX;
    }
    c->pool_count = PL_CASE_POOLS_MAX;
    fill(c->title, sizeof c->title, '"');
    fill(c->known, sizeof c->known, '"');
    fill(c->owner, sizeof c->owner, '"');
    fill(c->opened_by, sizeof c->opened_by, '"');
    fill(c->draft.words.title, sizeof c->draft.words.title, '"');
    fill(c->draft.words.text, sizeof c->draft.words.text, '\n');
}

static void test_records_there_and_back(void)
{
    static char buf[PL_CASE_RECORD_BYTES], again[PL_CASE_RECORD_BYTES];
    static struct pl_case back;
    struct pl_text t = pl_text_init(buf, sizeof buf), u = pl_text_init(again, sizeof again);
    struct pl_case *c = opened();
    subscribe(c, PL_CASE_WEBHOOK, "https://example.org/hook");
    publish(c, PL_CASE_IDENTIFIED, "We know why.\nMore soon.");
    stuff(c);
    pl_record_case_write(&t, c);
    CHECK(!t.overflow);
    CHECK_INT(pl_record_case_read(pl_text_bytes(&t), &back), 0);
    pl_record_case_write(&u, &back);
    CHECK_TEXT(again, buf);
    CHECK_INT(back.update_count, 0); // beside it
    CHECK_INT(back.last_update, 1);
    for (size_t len = 0; len < t.len; len += 97)
        CHECK(pl_record_case_read((struct pl_span){(const uint8_t *)buf, len}, &back) != 0);

    char update[PL_CASE_UPDATE_RECORD_BYTES], field[PL_CASE_FIELD_BYTES];
    struct pl_text v = pl_text_init(update, sizeof update);
    struct pl_case_update got = {0};
    struct pl_name id = {0};
    fill(c->updates[0].words.text, sizeof c->updates[0].words.text, '"');
    pl_record_case_update_write(&v, &c->id, &c->updates[0]);
    CHECK(!v.overflow);
    CHECK_INT(pl_record_case_update_read(pl_text_bytes(&v), &id, &got), 0);
    const struct pl_case_update *was = &c->updates[0];
    CHECK(got.number == was->number && got.durable == was->durable);
    CHECK(memcmp(&got.words, &was->words, sizeof got.words) == 0);
    CHECK(got.at_unix_ms == was->at_unix_ms && got.next_unix_ms == was->next_unix_ms);
    CHECK_TEXT(got.by, was->by);
    CHECK(pl_name_eq(&id, &c->id));
    pl_case_update_field(field, &c->id, PL_CASE_UPDATES_MAX + 3);
    CHECK_TEXT(field, "c-1.3");
}

/* ---- words ---- */

static void test_a_draft_names_no_machine(void)
{
    static const enum pl_rule rules[] = {PL_RULE_LIMIT, PL_RULE_SATURATION, PL_RULE_SILENT,
                                         PL_RULE_COLLAPSE};
    struct pl_case *c = opened();
    struct pl_case_facts facts = {.pages = true,
                                  .since_unix_ms = at_ms,
                                  .host_count = 2,
                                  .struck_count = 2,
                                  .load = 1.05,
                                  .more_hosts = 1};
    struct pl_case_words words;
    int64_t next_ms;
    for (size_t i = 0; i < PL_LEN(rules); i++) {
        facts.rule = rules[i];
        pl_case_propose(c, &facts, at_ms, &words, &next_ms);
        CHECK(!strstr(words.text, "fe1") && !strstr(words.title, "fe1"));
        CHECK(!strstr(words.text, "web"));
        CHECK(strstr(words.text, "Since 14:03 UTC ") == words.text);
        CHECK(strstr(words.text, "2 of 2 front ends are concerned; there are more visitors than"));
        CHECK(strstr(words.text, "1 more front end would carry this load."));
        CHECK(strstr(words.text, "What you can do: ") && strstr(words.text, "Who is affected: "));
        CHECK_INT(words.phase, PL_CASE_INVESTIGATING);
        CHECK_INT(next_ms, PL_CASE_NEXT_MS);
    }
    CHECK_INT(words.impact, PL_CASE_IMPACT_CRITICAL);
    publish(c, PL_CASE_IDENTIFIED, "We know why.");
    pl_case_propose(c, &facts, at_ms + 60000, &words, &next_ms);
    CHECK(strstr(words.text, "Nothing has changed since 14:03 UTC.\nSince") == words.text);
    CHECK_INT(words.phase, PL_CASE_IDENTIFIED);
    CHECK_TEXT(words.title, "Slow <pages>");
    facts = (struct pl_case_facts){.host_count = 2, .load = -1};
    pl_case_propose(c, &facts, at_ms, &words, &next_ms);
    CHECK_INT(words.phase, PL_CASE_MONITORING);
    CHECK(strstr(words.text, "answers as usual again"));
}

static void test_names_of_machines_are_found(void)
{
    static const struct {
        const char *text, *found; // NULL: none
    } rows[] = {
        {"all is well", NULL},
        {"fe1", "fe1"},
        {"On FE1 we see load.", "FE1"},
        {"it is (fe1).", "fe1"},
        {"see fe1.example.org now", "fe1.example.org"},
        {"cafe1 and fe10", NULL},
        {"-fe2 is well", "fe2"},
        {"from 10.0.0.7, again", "10.0.0.7"},
        {"version 1.2.3 of it", NULL},
        {"until 14.30", NULL},
    };
    const struct pl_engine_config config = rig_config_of(4, 0);
    rig_start(&config);
    CHECK(rig_join("fe1", "web") != PL_NO_INDEX && rig_join("fe2", "web") != PL_NO_INDEX);
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        char found[PL_NAME_LEN_MAX + 1] = "";
        bool is_found = pl_case_names_machine(pl_engine_fleet(rig.engine), rows[i].text, found);
        CHECK_INT(is_found, rows[i].found != NULL);
        if (rows[i].found) CHECK_TEXT(found, rows[i].found);
    }
    rig_stop();
}

static void test_the_block_for_the_help_desk(void)
{
    char buf[4096];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_case *c = opened();
    struct pl_span url = pl_span_of("https://p.example/updates/x");
    pl_case_paste_write(&t, c, url, at_ms);
    CHECK_TEXT(buf, "Nothing has been published about this yet.\n");
    publish(c, PL_CASE_IDENTIFIED, "We know why.");
    t = pl_text_init(buf, sizeof buf);
    pl_case_paste_write(&t, c, url, at_ms);
    CHECK_TEXT(buf, "Slow <pages>\nStatus: identified, as of 14:03 UTC\n\nWe know why.\n\n"
                    "Next update: by 14:33 UTC\nRead on: https://p.example/updates/x\n");
}

/* ---- what goes out ---- */

static void test_letters(void)
{
    struct pl_notify_request *r = malloc(sizeof *r);
    struct pl_case *c = opened();
    struct pl_notify_target mail = {.type = PL_NOTIFY_EMAIL};
    REQUIRE(r);
    mail.value[PL_NOTIFY_URL_KEY] = pl_span_of("smtp://127.0.0.1:25");
    mail.value[PL_NOTIFY_FROM_KEY] = pl_span_of("status@example.org");
    subscribe(c, PL_CASE_WEBHOOK, "https://example.org/hook");
    subscribe(c, PL_CASE_EMAIL, "desk@example.net");
    publish(c, PL_CASE_INVESTIGATING, "We look.");
    publish(c, PL_CASE_IDENTIFIED, "We know.");
    struct pl_case_letter letter = {.c = c,
                                    .to = &c->subscribers[0],
                                    .update = &c->updates[1],
                                    .url = pl_span_of("https://p.example/updates/x")};
    CHECK_INT(pl_case_letter_write(&letter, r), 0);
    CHECK_TEXT(r->url.ptr, "https://example.org/hook");
    CHECK_TEXT(r->headers[0].ptr, "Idempotency-Key: case/0123456789abcdef0123456789abcdef/2/1");
    CHECK(pl_span_is(r->sign_id, "case/0123456789abcdef0123456789abcdef/2/1"));
    CHECK(pl_span_is(r->sign_secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    CHECK(strstr(r->body.ptr, "\"type\":\"incident.update\"") && strstr(r->body.ptr, "We know."));
    CHECK(!strstr(r->body.ptr, "We look.") && !strstr(r->body.ptr, "fe1") &&
          !strstr(r->body.ptr, "web"));
    cJSON *json = pl_json_parse(pl_text_bytes(&r->body));
    CHECK(json);
    cJSON_Delete(json);
    letter.to = &c->subscribers[1];
    CHECK_INT(pl_case_letter_write(&letter, r), PL_E_NOT_FOUND); // no server
    letter.mail = &mail;
    CHECK_INT(pl_case_letter_write(&letter, r), 0);
    CHECK_INT(r->method, PL_NOTIFY_MAIL);
    CHECK(pl_span_is(r->envelope.to, "desk@example.net"));
    CHECK(strstr(r->body.ptr, "Subject: [identified] Slow <pages>\r\n"));
    CHECK(
        strstr(r->body.ptr, "Message-ID: <case.0123456789abcdef0123456789abcdef.2.2@example.org>"));
    CHECK(strstr(r->body.ptr, "Slow &lt;pages&gt;"));
    CHECK(!strstr(r->body.ptr, "fe1"));
    free(r);
}

static void test_what_customers_see(void)
{
    static char buf[PL_CASE_PAGE_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_case *c = opened();
    pl_case_page_write(&t, c, at_ms);
    CHECK(strstr(buf, "No update has been published yet") && !strstr(buf, "fe1"));
    publish(c, PL_CASE_IDENTIFIED, "We know <why>.\n\nMore soon.");
    t = pl_text_init(buf, sizeof buf);
    pl_case_page_write(&t, c, at_ms);
    CHECK(strstr(buf, "<h1>Slow &lt;pages&gt;</h1>") &&
          strstr(buf, "<p>We know &lt;why&gt;.</p>\n<p>More soon.</p>"));
    CHECK(strstr(buf, "Next update by <strong>14:33 UTC</strong>") && strstr(buf, "noindex"));
    CHECK(!strstr(buf, "fe1") && !strstr(buf, "alex") && !strstr(buf, "kim") &&
          !strstr(buf, "web"));
    t = pl_text_init(buf, sizeof buf);
    pl_case_page_write(&t, c, at_ms + PL_CASE_NEXT_MS);
    CHECK(strstr(buf, "The next update is on its way."));
    for (int i = 0; i < PL_CASE_UPDATES_MAX; i++) {
        publish(c, PL_CASE_RESOLVED, "x");
        fill(c->updates[c->update_count - 1].words.text, PL_CASE_TEXT_BYTES, '&');
        for (size_t k = 0; k < PL_CASE_TEXT_BYTES - 2 && i % 2 == 0; k += 2)
            c->updates[c->update_count - 1].words.text[k] = '\n';
    }
    t = pl_text_init(buf, sizeof buf);
    pl_case_page_write(&t, c, at_ms);
    CHECK(!t.overflow && strstr(buf, "This is over."));
}

static void test_as_json(void)
{
    static char buf[256 * 1024];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_case *c = opened();
    const struct pl_case_view view = {.cases = &cases,
                                      .external_url = pl_span_of("https://p.example/"),
                                      .now_unix_ms = at_ms + PL_CASE_FIRST_MS};
    subscribe(c, PL_CASE_WEBHOOK, "https://example.org/hook");
    pl_json_cases(&t, &view);
    CHECK(strstr(buf, "\"overdue\":true") && strstr(buf, "\"phase\":\"investigating\""));
    t = pl_text_init(buf, sizeof buf);
    pl_json_case(&t, &view, c, 0);
    CHECK(strstr(
        buf, "\"customer_page\":\"https://p.example/updates/0123456789abcdef0123456789abcdef\""));
    CHECK(!strstr(buf, "whsec_"));
    t = pl_text_init(buf, sizeof buf);
    pl_json_case(&t, &view, c, 1);
    CHECK(strstr(buf, "whsec_")); // this once
    cJSON *json = cJSON_Parse(buf);
    CHECK(json);
    cJSON_Delete(json);
    for (int i = 0; i < PL_CASE_UPDATES_MAX; i++) {
        publish(c, PL_CASE_MONITORING, "x");
        fill(c->updates[i].words.text, PL_CASE_TEXT_BYTES, '"');
    }
    stuff(c);
    c->draft.waits = true;
    t = pl_text_init(buf, 220 * 1024);
    pl_json_case(&t, &view, c, 0);
    CHECK(!t.overflow);
    t = pl_text_init(buf, 220 * 1024);
    pl_json_incident(&t, c, pl_span_of("https://p.example/updates/x"),
                     (struct pl_incident_span){0});
    CHECK(!t.overflow && strstr(buf, "\"status\":\"monitoring\"") && !strstr(buf, "\"by\""));
}

int main(void)
{
    RUN(test_what_is_sent);
    RUN(test_what_is_refused);
    RUN(test_addresses_of_webhooks);
    RUN(test_records_there_and_back);
    RUN(test_a_draft_names_no_machine);
    RUN(test_names_of_machines_are_found);
    RUN(test_the_block_for_the_help_desk);
    RUN(test_letters);
    RUN(test_what_customers_see);
    RUN(test_as_json);
    return check_finish();
}
