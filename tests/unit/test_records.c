/* Strict JSON, and the records Redis keeps: what is written comes back, what is wrong is refused.
 */
#include "tests/check.h"

#include "collector/codec/json_in.h"
#include "collector/codec/records.h"
#include "common/base/err.h"

static const struct pl_name target_names[] = {{6, "oncall"}, {5, "chat1"}, {2, "pd"}};
static const struct pl_record_targets targets = {target_names, PL_LEN(target_names)};
static const struct pl_now now = {.mono_ms = 5000000, .unix_ms = 1746108193250};

static void test_json_is_strict(void)
{
    static const struct {
        const char *text;
        bool want;
    } table[] = {
        {"{\"a\":1}", true},
        {" [1, 2.5, -0, 1e3, 1E-2, true, null, \"\xc3\xa4\"] \n", true},
        {"{\"a\":{\"b\":[{\"c\":1},{\"c\":2}]},\"b\":2}", true},
        {"{\"a\":1}xyz", false},
        {"{\"a\":1,\"a\":2}", false},
        {"{\"x\":[{\"a\":1,\"b\":2,\"a\":3}]}", false},
        {"{\"a\":\"b\\u0000c\"}", false},
        {"{\"a\":007}", false},
        {"{\"a\":1.}", false},
        {"{\"a\":.5}", false},
        {"{\"a\":-}", false},
        {"{\"a\":1e}", false},
        {"{\"a\":+1}", false},
        {"{\"a\":\x01 1}", false},
        {"{\"a\":\"\x01\"}", false},
        {"{\"a\":\"\xff\"}", false},
        {"{\"a\":\"\xc0\xaf\"}", false},
        {"{\"a\":\"\xed\xa0\x80\"}", false},
        {"{\"a\":\"\xf5\x80\x80\x80\"}", false},
        {"\"text\"", false},
        {"", false},
        {"[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", true},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", false},
    };
    for (size_t i = 0; i < PL_LEN(table); i++) {
        cJSON *root = pl_json_parse(pl_span_of(table[i].text));
        if ((root != NULL) != table[i].want) printf("# %s\n", table[i].text);
        CHECK((root != NULL) == table[i].want);
        cJSON_Delete(root);
    }
    static const char nul[] = "{\"a\":\0001}";
    CHECK(pl_json_parse((struct pl_span){(const uint8_t *)nul, sizeof nul - 1}) == NULL);
}

static void test_json_fields(void)
{
    static const char text[] = "{\"n\":9007199254740992,\"big\":9007199254740993000,\"half\":0.5,"
                               "\"huge\":1e400,\"u\":\"18446744073709551615\","
                               "\"v\":\"18446744073709551616\",\"b\":true,\"s\":\"abc\"}";
    static const struct {
        const char *member;
        int err;
    } numbers[] = {{"n", 0},
                   {"big", PL_E_RANGE},
                   {"half", PL_E_RANGE},
                   {"huge", PL_E_RANGE},
                   {"none", PL_E_NOT_FOUND},
                   {"s", PL_E_SYNTAX},
                   {"N", PL_E_NOT_FOUND}};
    cJSON *root = pl_json_parse(pl_span_of(text));
    REQUIRE(root != NULL);
    for (size_t i = 0; i < PL_LEN(numbers); i++) {
        struct pl_json_reader r = pl_json_reader_init(root);
        int64_t value = pl_json_i64(&r, numbers[i].member, 0, INT64_MAX);
        CHECK_INT(r.err, numbers[i].err);
        CHECK_INT(value, numbers[i].err == 0 ? (int64_t)1 << 53 : 0);
        CHECK(!pl_json_bool(&r, "b") == (numbers[i].err != 0)); // sticky
    }
    struct pl_json_reader r = pl_json_reader_init(root);
    CHECK(pl_json_u64(&r, "u") == UINT64_MAX);
    char small[3] = "";
    CHECK_INT(pl_json_u64(&r, "v"), 0);
    CHECK_INT(r.err, PL_E_RANGE);
    r = pl_json_reader_init(root);
    pl_json_text(&r, "s", small, sizeof small);
    CHECK_INT(r.err, PL_E_TOO_BIG);
    CHECK_INT(pl_json_reader_init(NULL).err, PL_E_SYNTAX);
    cJSON_Delete(root);
}

static void test_host_comes_back_as_its_hello(void)
{
    static struct pl_host host = {
        .name = {3, "fe1"}, .interval_ms = 1000, .agent_version = "0.1.0"};
    struct pl_name pool = {3, "web"};
    for (uint8_t i = 0; i < PL_BOOT_ID_BYTES; i++) host.boot_id.bytes[i] = (uint8_t)(i * 17);
    for (int i = 0; i < PL_FACT_COUNT; i++) {
        host.facts[i] = (struct pl_fact_value){i == 1 ? -1 : 1000 + i, "cgroup \"memory.max\""};
    }
    char buf[PL_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_host_write(&t, &host, &pool);
    CHECK(!t.overflow);
    struct pl_hello hello;
    REQUIRE(pl_record_host_read(pl_text_bytes(&t), &hello) == 0);
    CHECK(pl_name_eq(&hello.host, &host.name) && pl_name_eq(&hello.pool, &pool));
    CHECK(pl_boot_id_eq(&hello.boot_id, &host.boot_id));
    CHECK_TEXT(hello.agent_version, "0.1.0");
    CHECK_INT(hello.interval_ms, 1000);
    for (int i = 0; i < PL_FACT_COUNT; i++) {
        CHECK_INT(hello.facts[i].value, host.facts[i].value);
        CHECK_TEXT(hello.facts[i].source, host.facts[i].source);
    }
}

static struct pl_alert some_alert(void)
{
    struct pl_alert a = {.rule = PL_RULE_SILENT,
                         .pool = {3, "web"},
                         .state = PL_ALERT_FIRING,
                         .tier = PL_TIER_PAGE,
                         .revision = 7,
                         .pending_mono_ms = 4990000,
                         .clear_mono_ms = -1,
                         .since_unix_ms = now.unix_ms - 20000,
                         .opened_unix_ms = now.unix_ms - 10000,
                         .unstable = true,
                         .hidden = true,
                         .hidden_by = PL_RULE_STALL,
                         .routed_mono_ms = 4995000,
                         .round = 2,
                         .paged = 5,
                         .delivered = 4,
                         .failed = 2};
    a.finding = (struct pl_finding){.tier = PL_TIER_WARN,
                                    .resource = PL_RESOURCE_MEMORY,
                                    .value_bp = 9700,
                                    .level_bp = 9000,
                                    .load_rising = true,
                                    .surge = {PL_SURGE_SEASON, 600, 100, 900, 1800},
                                    .listener = {511, "*:443", "nginx"},
                                    .since_unix_ms = a.since_unix_ms,
                                    .host_count = 40,
                                    .named_count = PL_FINDING_HOSTS_MAX};
    for (int i = 0; i < PL_FINDING_HOSTS_MAX; i++) {
        a.finding.hosts[i] = (struct pl_name){3, {'f', 'e', (char)('1' + i)}};
        a.finding.external = (struct pl_finding_external){.count = 3, .title = "A", .summary = "b"};
    }
    return a;
}

static void check_finding(const struct pl_finding *got, const struct pl_finding *want)
{
    CHECK(got->tier == want->tier && got->resource == want->resource);
    CHECK_INT(got->value_bp, want->value_bp);
    CHECK_INT(got->level_bp, want->level_bp);
    CHECK(got->load_rising == want->load_rising);
    CHECK(memcmp(&got->listener, &want->listener, sizeof got->listener) == 0);
    CHECK(memcmp(&got->surge, &want->surge, sizeof got->surge) == 0);
    CHECK_INT(got->since_unix_ms, want->since_unix_ms);
    CHECK_INT(got->external.count, want->external.count);
    CHECK_TEXT(got->external.title, want->external.title);
    CHECK_TEXT(got->external.summary, want->external.summary);
    CHECK_INT(got->host_count, want->host_count);
    REQUIRE(got->named_count == want->named_count);
    for (uint32_t i = 0; i < want->named_count; i++) {
        CHECK_TEXT(got->hosts[i].text, want->hosts[i].text);
    }
}

static void check_alert(const struct pl_alert *got, const struct pl_alert *want)
{
    CHECK(got->rule == want->rule && got->state == want->state && got->tier == want->tier);
    CHECK(pl_name_eq(&got->pool, &want->pool));
    CHECK_INT(got->revision, want->revision);
    CHECK_INT(got->pending_mono_ms, want->pending_mono_ms);
    CHECK_INT(got->clear_mono_ms, want->clear_mono_ms);
    CHECK_INT(got->since_unix_ms, want->since_unix_ms);
    CHECK_INT(got->opened_unix_ms, want->opened_unix_ms);
    CHECK_INT(got->resolved_unix_ms, want->resolved_unix_ms);
    CHECK_INT(got->unstable, want->unstable);
    CHECK_INT(got->hidden, want->hidden);
    CHECK_INT(got->hidden_by, want->hidden_by);
    CHECK_INT(got->paged, want->paged);
    CHECK_INT(got->delivered, want->delivered);
    CHECK_INT(got->failed, want->failed);
    CHECK_INT(got->routed_mono_ms, want->routed_mono_ms);
    CHECK_INT(got->round, want->round);
    check_finding(&got->finding, &want->finding);
}

static void test_alert_comes_back_in_another_process(void)
{
    struct pl_alert alert = some_alert(), back;
    char buf[PL_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_alert_write(&t, &alert, &targets, now);
    CHECK(!t.overflow);
    REQUIRE(pl_record_alert_read(pl_text_bytes(&t), &targets, now, &back) == 0);
    check_alert(&back, &alert);
    // A minute later, after a reboot: another monotonic clock; a target is gone, another moved.
    static const struct pl_name fewer[] = {{2, "pd"}};
    struct pl_now later = {.mono_ms = 65000, .unix_ms = now.unix_ms + 60000};
    struct pl_record_targets left = {fewer, 1};
    REQUIRE(pl_record_alert_read(pl_text_bytes(&t), &left, later, &back) == 0);
    CHECK_INT(back.paged, 1);
    CHECK_INT(back.pending_mono_ms, 0); // 70 s ago, but this clock is 65 s old
    CHECK_INT(back.clear_mono_ms, -1);
}

static void test_an_alert_from_before_there_were_routes(void)
{
    static const char old[] =
        "{\"rule\":\"limit\",\"pool\":\"web\",\"state\":\"firing\",\"tier\":\"page\",\"revision\":"
        "3,"
        "\"pending\":-1,\"clear\":-1,\"since\":1,\"opened\":2,\"resolved\":0,"
        "\"paged\":[\"pd\",\"mail\"],\"failed\":[\"hook\"],"
        "\"finding\":{\"tier\":\"page\",\"resource\":\"cpu\",\"value_bp\":1,\"level_bp\":2,"
        "\"load_rising\":false,\"since\":1,\"host_count\":1,\"hosts\":[\"fe1\"]}}";
    static const struct pl_name names[] = {{4, "hook"}, {2, "pd"}, {4, "mail"}};
    struct pl_record_targets three = {names, 3};
    struct pl_alert back;
    REQUIRE(pl_record_alert_read(pl_span_of(old), &three, now, &back) == 0);
    CHECK_INT(back.paged, 6);
    CHECK_INT(back.delivered, 6); // whoever was told knows
    CHECK_INT(back.failed, 1);
    CHECK_INT(back.routed_mono_ms, now.mono_ms);
}

static struct pl_page some_page(void)
{
    return (struct pl_page){.number = UINT64_MAX,
                            .target = 2,
                            .resolved = true,
                            .state = PL_PAGE_READY,
                            .told = true,
                            .attempts = 3,
                            .last_status = -7,
                            .created_unix_ms = now.unix_ms - 3000,
                            .due_mono_ms = now.mono_ms + 2000,
                            .expires_mono_ms = now.mono_ms + 1800000,
                            .backoff = {1, 2, 3, 4},
                            .alert = some_alert()};
}

static void test_page_comes_back(void)
{
    struct pl_page page = some_page(), back = {0};
    char buf[PL_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_page_write(&t, &page, &targets, now);
    CHECK(!t.overflow);
    struct pl_now later = {.mono_ms = 100000, .unix_ms = now.unix_ms + 1000};
    REQUIRE(pl_record_page_read(pl_text_bytes(&t), &targets, later, &back) == 0);
    CHECK(back.number == page.number && back.target == 2 && back.resolved && back.told);
    CHECK_INT(back.state, PL_PAGE_READY);
    CHECK_INT(back.attempts, 3);
    CHECK_INT(back.last_status, -7);
    CHECK_INT(back.due_mono_ms, 101000);
    CHECK_INT(back.expires_mono_ms, 100000 + 1799000);
    CHECK_INT(back.backoff.floor_ms, page.backoff.floor_ms);
    CHECK_INT(back.backoff.base_ms, page.backoff.base_ms);
    CHECK_INT(back.backoff.cap_ms, page.backoff.cap_ms);
    CHECK_INT(back.backoff.attempt, page.backoff.attempt);
    CHECK_TEXT(back.alert.pool.text, "web");
    static const struct pl_name other[] = {{4, "mail"}};
    struct pl_record_targets left = {other, 1};
    CHECK_INT(pl_record_page_read(pl_text_bytes(&t), &left, later, &back), PL_E_NOT_FOUND);
}

static void test_the_longest_page_fits(void)
{
    struct pl_page page = some_page();
    struct pl_name longest = {.len = PL_NAME_LEN_MAX};
    memset(longest.text, 'x', PL_NAME_LEN_MAX);
    struct pl_name all[PL_TARGET_MAX];
    for (size_t i = 0; i < PL_LEN(all); i++) all[i] = longest;
    for (size_t i = 0; i < PL_FINDING_HOSTS_MAX; i++) page.alert.finding.hosts[i] = longest;
    page.alert.pool = longest;
    page.alert.paged = page.alert.delivered = page.alert.failed = UINT64_MAX;
    char buf[PL_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_page_write(&t, &page, &(struct pl_record_targets){all, PL_TARGET_MAX}, now);
    CHECK(!t.overflow);
    CHECK(t.len > 3000);
}

static void test_damaged_records_are_refused(void)
{
    struct pl_page page = some_page(), back;
    struct pl_hello hello;
    struct pl_alert alert;
    char buf[PL_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_record_page_write(&t, &page, &targets, now);
    for (size_t len = 0; len < t.len; len++) {
        struct pl_span cut = {(const uint8_t *)buf, len};
        CHECK(pl_record_page_read(cut, &targets, now, &back) < 0);
        CHECK(pl_record_alert_read(cut, &targets, now, &alert) < 0);
        CHECK(pl_record_host_read(cut, &hello) < 0);
    }
    // One byte wrong anywhere never crashes; what is read is still in range.
    for (size_t at = 0; at < t.len; at++) {
        char kept = buf[at];
        for (const char *c = "\"{}[],:09-xn\\"; *c; c++) {
            buf[at] = *c;
            if (pl_record_page_read(pl_text_bytes(&t), &targets, now, &back) == 0) {
                CHECK(back.target < targets.count && back.state <= PL_PAGE_FAILED);
            }
        }
        buf[at] = kept;
    }
}

int main(void)
{
    RUN(test_json_is_strict);
    RUN(test_json_fields);
    RUN(test_host_comes_back_as_its_hello);
    RUN(test_alert_comes_back_in_another_process);
    RUN(test_an_alert_from_before_there_were_routes);
    RUN(test_page_comes_back);
    RUN(test_the_longest_page_fits);
    RUN(test_damaged_records_are_refused);
    return check_finish();
}
