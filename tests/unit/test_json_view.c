/* What the API shows of a real engine: exact texts for a small fleet, complete JSON at any size. */
#include "collector/codec/json_series.h"
#include "collector/codec/json_view.h"
#include "common/base/err.h"
#include "tests/check.h"
#include "tests/engine_memory.h"

#include <cJSON.h>
#include <errno.h>
#include <stdlib.h>

#define START_UNIX_MS INT64_C(1777644192000) // 2026-05-01T14:03:12Z

enum { BUF_BYTES = 256 * 1024, HOST_MAX = 600 };

static struct {
    void *memory;
    struct pl_engine *engine;
    struct pl_name target;
    struct pl_troubles troubles;
    struct pl_view view;
    uint64_t seq;
} t;
static char buf[BUF_BYTES];

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    if (pl_name_parse(pl_span_of(text), &name) != 0) abort();
    return name;
}

static void start(void)
{
    engine_memory_free(t.memory);
    memset(&t, 0, sizeof t);
    struct pl_engine_config config = {
        .host_max = HOST_MAX, .target_count = 1, .default_notify = 1, .seed = 1};
    pl_rules_default(&config.rules);
    t.target = name_of("oncall");
    t.memory = engine_memory(&config);
    t.view = (struct pl_view){.troubles = &t.troubles, .targets = &t.target, .target_count = 1};
    t.view.now = (struct pl_now){1000000, START_UNIX_MS};
    t.view.engine = t.engine = pl_engine_init(t.memory, &config, t.view.now);
}

static uint32_t join(const char *host, const char *pool)
{
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .host = name_of(host),
                             .pool = name_of(pool),
                             .agent_version = "0.1.0",
                             .unix_ms = t.view.now.unix_ms,
                             .interval_ms = 1000,
                             .first_seq = 1,
                             .metric_count = PL_METRIC_COUNT};
    for (int f = 0; f < PL_FACT_COUNT; f++) hello.facts[f].value = -1;
    hello.facts[PL_FACT_CORES] = (struct pl_fact_value){2, "/proc/stat"};
    uint32_t index = PL_NO_INDEX;
    CHECK_INT(pl_engine_join(t.engine, &hello, t.view.now, &index), 0);
    pl_engine_effects_done(t.engine);
    return index;
}

static struct pl_sample sample_of(int32_t cpu, int32_t memory)
{
    struct pl_sample sample = {.seq = ++t.seq, .unix_ms = t.view.now.unix_ms};
    for (int m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
    sample.values[PL_CPU_BUSY] = cpu;
    sample.values[PL_MEMORY_USED] = memory;
    sample.values[PL_TCP_ACCEPTED] = 605;
    return sample;
}

static void pass(int64_t ms)
{
    t.view.now.mono_ms += ms;
    t.view.now.unix_ms += ms;
}

static void feed(uint32_t host, int32_t cpu)
{
    struct pl_sample sample = sample_of(cpu, 2500);
    (void)pl_engine_sample(t.engine, host, &sample, t.view.now);
    pl_engine_effects_done(t.engine);
}

/* Two hosts, one of them too full for `seconds`. */
static void busy_pool(int seconds)
{
    start();
    uint32_t fe1 = join("fe1", "web"), fe2 = join("fe2", "web");
    for (int s = 0; s < seconds; s++) {
        pass(1000);
        feed(fe1, 1200);
        feed(fe2, 9700);
        pl_engine_tick(t.engine, t.view.now);
        pl_engine_effects_done(t.engine);
    }
}

static bool is_json(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    cJSON_Delete(json);
    return json != NULL;
}

static void test_empty(void)
{
    start();
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_pools(&out, &t.view);
    CHECK_TEXT(buf, "{\"now\":\"2026-05-01T14:03:12.000Z\",\"notes\":[],\"pools_total\":0,"
                    "\"pools\":[]}\n");
    out = pl_text_init(buf, sizeof buf);
    pl_json_hosts(&out, &t.view, PL_NO_INDEX, 0);
    CHECK_TEXT(buf, "{\"now\":\"2026-05-01T14:03:12.000Z\",\"hosts\":[],\"next\":null}\n");
    out = pl_text_init(buf, sizeof buf);
    pl_json_alerts(&out, &t.view);
    CHECK_TEXT(buf, "{\"now\":\"2026-05-01T14:03:12.000Z\",\"alerts\":[],\"alerts_total\":0}\n");
}

static void test_pool(void)
{
    busy_pool(1);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_pools(&out, &t.view);
    CHECK_TEXT(buf, "{\"now\":\"2026-05-01T14:03:13.000Z\",\"notes\":[],\"pools_total\":1,"
                    "\"pools\":[{\"name\":\"web\",\"state\":\"ok\","
                    "\"hosts\":{\"total\":2,\"up\":2,\"silent\":0},"
                    "\"worst\":{\"host\":\"fe2\",\"resource\":\"cpu\",\"utilisation\":0.97,"
                    "\"limit\":0.9},\"traffic\":{\"value\":60.5,\"unit\":\"connections/s\"},"
                    "\"capacity\":{\"source\":\"unknown\",\"whole\":null,\"spare\":null,"
                    "\"headroom\":null,\"sure\":false,\"first_host\":null,\"first_limit\":null,"
                    "\"worst_loss\":null,\"unknown\":{\"why\":\"new\",\"text\":\"watched for too "
                    "short a time; some minutes of traffic settle it\"},\"missing\":null},"
                    "\"outlook\":null,"
                    "\"alerts\":[]}]}\n");
}

static void test_host_text(void)
{
    busy_pool(1);
    pass(320);
    struct pl_name fe1 = name_of("fe1");
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_host(&out, &t.view, pl_fleet_find_host(pl_engine_fleet(t.engine), &fe1));
    CHECK_TEXT(buf, "{\"name\":\"fe1\",\"pool\":\"web\",\"state\":\"ok\","
                    "\"last_sample\":\"2026-05-01T14:03:13.000Z\",\"age_ms\":320,"
                    "\"interval_ms\":1000,\"connected\":true,\"agent_version\":\"0.1.0\","
                    "\"facts\":{\"cores\":{\"value\":2,\"source\":\"/proc/stat\"}},"
                    "\"capacity\":{\"unit\":\"none\",\"unknown\":{\"why\":\"new\",\"text\":\"fe1: "
                    "watched for too short a time; some minutes of traffic settle it\"},"
                    "\"share\":0,\"resources\":{"
                    "\"cpu\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"network\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"memory\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"workers\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"service memory\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"service files\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"file handles\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"conntrack\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"local ports\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"accept queue\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0},"
                    "\"TCP memory\":{\"unknown\":\"source\",\"full_at\":null,\"limit\":0}}},"
                    "\"metrics\":{\"cpu.busy\":0.12,\"memory.used\":0.25,\"tcp.accepted\":60.5}}");
}

static void test_host_before_its_first_sample(void)
{
    const struct pl_service service = {"nginx", "*:443", "cgroup /web.slice"};
    start();
    uint32_t host = join("fe1", "web");
    pl_engine_service(t.engine, host, &service, t.view.now);
    pl_engine_effects_done(t.engine);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_hosts(&out, &t.view, PL_NO_INDEX, 0);
    CHECK(is_json(buf));
    CHECK(strstr(buf, "\"state\":\"nodata\",\"last_sample\":null,\"interval_ms\"") != NULL);
    CHECK(strstr(buf, "\"service\":{\"name\":\"nginx\",\"address\":\"*:443\","
                      "\"source\":\"cgroup /web.slice\"},") != NULL);
    CHECK(strstr(buf, "\"metrics\":{}") != NULL);
}

/* With service.cpu somebody has said that this is the service itself. */
static void test_host_with_a_proxy(void)
{
    const struct pl_service service = {"nginx", "*:443", "cgroup /web.slice"};
    for (int is_named = 0; is_named <= 1; is_named++) {
        start();
        uint32_t host = join("fe1", "web");
        pl_engine_service(t.engine, host, &service, t.view.now);
        struct pl_sample sample = sample_of(1200, 2500);
        if (is_named) sample.values[PL_SERVICE_CPU] = 900;
        (void)pl_engine_sample(t.engine, host, &sample, t.view.now);
        pl_engine_effects_done(t.engine);
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_json_hosts(&out, &t.view, PL_NO_INDEX, 0);
        CHECK(is_json(buf));
        bool has_hint = strstr(buf, "\"hint\":\"nginx on fe1 passes work on, so the limits of the "
                                    "service behind it are not known") != NULL;
        CHECK_INT(has_hint, !is_named);
        out = pl_text_init(buf, sizeof buf);
        pl_json_state(&out, &t.view, PL_NO_INDEX);
        CHECK(is_json(buf));
        CHECK_INT(strstr(buf, "\"service\":\"nginx\",\"service_passes_on\":true") != NULL,
                  !is_named);
    }
}

static void test_alert(void)
{
    busy_pool(60);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_alerts(&out, &t.view);
    CHECK(is_json(buf));
    CHECK(strstr(buf,
                 "{\"id\":\"limit/web\",\"rule\":\"limit\",\"pool\":\"web\","
                 "\"state\":\"firing\",\"tier\":\"page\",\"since\":\"2026-05-01T14:03:") != NULL);
    CHECK(strstr(buf, "\"resolved\":null,\"hosts\":[\"fe2\"],\"host_count\":1,"
                      "\"summary\":\"cpu of fe2 at 97 % (limit 90 %)") != NULL);
    CHECK(strstr(buf, "\"value\":0.97,\"level\":0.9,"
                      "\"pages\":[{\"target\":\"oncall\",\"state\":\"queued\",\"attempts\":1,"
                      "\"last\":null}") != NULL);
    out = pl_text_init(buf, sizeof buf);
    pl_json_pools(&out, &t.view);
    CHECK(strstr(buf, "\"state\":\"act\"") != NULL);
    CHECK(strstr(buf, "\"alerts\":[\"limit/web\"]") != NULL);
}

/* What the pager said last, in words or as its HTTP status; never a number of ours. */
static void test_what_a_pager_said_last(void)
{
    static const struct {
        int16_t status;
        const char *want;
    } cases[] = {
        {-ECONNREFUSED, "\"state\":\"retry\",\"attempts\":1,\"last\":\"Connection refused\"}"},
        {PL_E_NO_HOST,
         "\"state\":\"retry\",\"attempts\":1,\"last\":\"has a host name nobody knows\"}"},
        {503, "\"state\":\"retry\",\"attempts\":1,\"last\":\"503\"}"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        busy_pool(60);
        CHECK_INT(pl_engine_page_count(t.engine), 1);
        struct pl_page_result result = {
            .class = PL_RESULT_RETRY, .wait_ms = -1, .status = cases[i].status};
        pl_engine_page_result(t.engine, pl_engine_page_at(t.engine, 0)->id, &result, t.view.now);
        struct pl_text out = pl_text_init(buf, sizeof buf);
        pl_json_alerts(&out, &t.view);
        CHECK(strstr(buf, cases[i].want) != NULL);
    }
}

static void test_state_lists_the_worst_first(void)
{
    busy_pool(60);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_state(&out, &t.view, PL_NO_INDEX);
    CHECK(is_json(buf));
    CHECK(strstr(buf, "\"limits\":{\"cpu\":{\"warn\":0.75,\"page\":0.9},"
                      "\"memory\":{\"warn\":") != NULL);
    CHECK(strstr(buf, "\"hosts_total\":2,\"hosts\":["
                      "{\"name\":\"fe2\",\"pool\":\"web\",\"state\":\"act\",\"age_ms\":0,"
                      "\"cpu\":0.97,\"memory\":0.25},"
                      "{\"name\":\"fe1\",\"pool\":\"web\",\"state\":\"ok\",\"age_ms\":0,"
                      "\"cpu\":0.12,\"memory\":0.25}]}") != NULL);
    out = pl_text_init(buf, sizeof buf);
    pl_json_state(&out, &t.view, PL_POOL_MAX); // a pool nobody is in
    CHECK(strstr(buf, "\"hosts_total\":0,\"hosts\":[]}") != NULL);
}

/* More hosts than a state shows: the 200 worst, in order. */
static void test_state_of_many(void)
{
    start();
    for (uint32_t i = 0; i < HOST_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "h%u", i);
        uint32_t host = join(name, "web");
        feed(host, (int32_t)(i * 7919 % 5000));
    }
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_state(&out, &t.view, PL_NO_INDEX);
    cJSON *json = cJSON_Parse(buf);
    REQUIRE(json);
    cJSON *hosts = cJSON_GetObjectItemCaseSensitive(json, "hosts"), *host;
    CHECK_INT(cJSON_GetObjectItemCaseSensitive(json, "hosts_total")->valueint, HOST_MAX);
    CHECK_INT(cJSON_GetArraySize(hosts), PL_STATE_HOSTS_MAX);
    double last = 1;
    cJSON_ArrayForEach(host, hosts)
    {
        double cpu = cJSON_GetObjectItemCaseSensitive(host, "cpu")->valuedouble;
        CHECK(cpu <= last);
        last = cpu;
    }
    int better = 0; // hosts that were left out are no fuller than the last one shown
    for (uint32_t i = 0; i < HOST_MAX; i++) better += (double)(i * 7919 % 5000) / 1e4 > last;
    CHECK(better <= PL_STATE_HOSTS_MAX);
    cJSON_Delete(json);
}

/* Every answer is complete JSON in any buffer that holds its frame; hosts come in pages that
 * together name each host once. */
static void test_any_size_is_complete_json(void)
{
    busy_pool(60);
    for (uint32_t i = 0; i < 40; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "h%u", i);
        feed(join(name, i % 2 ? "web" : "db"), 5000);
    }
    for (size_t cap = 2000; cap < 24000; cap += 13) {
        struct pl_text out = pl_text_init(buf, cap);
        pl_json_pools(&out, &t.view);
        CHECK(!out.overflow && is_json(buf));
        out = pl_text_init(buf, cap);
        pl_json_alerts(&out, &t.view);
        CHECK(!out.overflow && is_json(buf));
        uint32_t seen = 0, first = 0;
        for (int page = 0; page < 50; page++) {
            out = pl_text_init(buf, cap);
            pl_json_hosts(&out, &t.view, PL_NO_INDEX, first);
            CHECK(!out.overflow);
            cJSON *json = cJSON_Parse(buf);
            REQUIRE(json);
            int count = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(json, "hosts"));
            cJSON *next = cJSON_GetObjectItemCaseSensitive(json, "next");
            CHECK(count > 0);
            seen += (uint32_t)count;
            if (cJSON_IsString(next)) {
                struct pl_name name = name_of(next->valuestring);
                first = pl_fleet_find_host(pl_engine_fleet(t.engine), &name) + 1;
            }
            bool more = cJSON_IsString(next);
            cJSON_Delete(json);
            if (!more) break;
        }
        CHECK_INT(seen, 42);
    }
}

static void test_sample(void)
{
    start();
    struct pl_name host = name_of("fe1");
    struct pl_sample sample = sample_of(-1, 10000);
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_sample(&out, &host, &sample);
    CHECK_TEXT(buf, "{\"host\":\"fe1\",\"t\":1777644192000,\"m\":{\"cpu.busy\":-0.0001,"
                    "\"memory.used\":1,\"tcp.accepted\":60.5}}");
}

static void test_series(void)
{
    struct pl_json_series series = {.host = name_of("fe1"),
                                    .metric = PL_CPU_BUSY,
                                    .from_unix_ms = START_UNIX_MS,
                                    .to_unix_ms = START_UNIX_MS + 60000,
                                    .step_ms = 1000,
                                    .resolution_ms = 1000};
    struct pl_json_point a = {START_UNIX_MS, 1200, 1200, 1200};
    struct pl_json_point b = {START_UNIX_MS + 10000, 5000, 100, 9900};
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_series_begin(&out, &series);
    pl_json_series_point(&out, &series, true, &a);
    pl_json_series_point(&out, &series, false, &b);
    pl_json_series_end(&out);
    CHECK_TEXT(buf, "{\"host\":\"fe1\",\"metric\":\"cpu.busy\",\"unit\":\"share\","
                    "\"from\":\"2026-05-01T14:03:12.000Z\",\"to\":\"2026-05-01T14:04:12.000Z\","
                    "\"step_s\":1,\"resolution_s\":1,\"columns\":[\"unix_ms\",\"value\"],"
                    "\"points\":[[1777644192000,0.12],[1777644202000,0.5]]}\n");
    series.step_ms = series.resolution_ms = 10000;
    out = pl_text_init(buf, sizeof buf);
    pl_json_series_begin(&out, &series);
    pl_json_series_point(&out, &series, true, &b);
    pl_json_series_end(&out);
    CHECK(strstr(buf, "\"step_s\":10,\"resolution_s\":10,\"columns\":[\"unix_ms\",\"avg\","
                      "\"min\",\"max\"],\"points\":[[1777644202000,0.5,0.01,0.99]]}\n") != NULL);
}

/* The longest row there can be, as often as a series may have it, fits into an answer. */
static void test_longest_series_fits(void)
{
    struct pl_json_series series = {
        .host = name_of("fe1"), .metric = PL_CPU_BUSY, .step_ms = 300000, .resolution_ms = 300000};
    struct pl_json_point point = {253402300799999, INT32_MIN + 1, INT32_MIN + 1, INT32_MIN + 1};
    struct pl_text out = pl_text_init(buf, sizeof buf - 1024);
    pl_json_series_begin(&out, &series);
    for (int i = 0; i < 3600; i++) pl_json_series_point(&out, &series, i == 0, &point);
    pl_json_series_end(&out);
    CHECK(!out.overflow);
    CHECK(is_json(buf));
}

int main(void)
{
    RUN(test_empty);
    RUN(test_pool);
    RUN(test_host_text);
    RUN(test_host_before_its_first_sample);
    RUN(test_host_with_a_proxy);
    RUN(test_alert);
    RUN(test_what_a_pager_said_last);
    RUN(test_state_lists_the_worst_first);
    RUN(test_state_of_many);
    RUN(test_any_size_is_complete_json);
    RUN(test_sample);
    RUN(test_series);
    RUN(test_longest_series_fits);
    engine_memory_free(t.memory);
    return check_finish();
}
