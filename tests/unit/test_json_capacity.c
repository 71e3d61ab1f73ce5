/* What the API says about how far a pool is above the water: learned, configured, not known. */
#include "collector/codec/json_capacity.h"
#include "collector/codec/shortfall.h"
#include "tests/check.h"
#include "tests/unit/engine_rig.h"

#include <cJSON.h>
#include <math.h>
#include <stdlib.h>

enum { BUF_BYTES = 64 * 1024 };

static char buf[BUF_BYTES];
static uint32_t hosts[2];
static const struct pl_troubles no_troubles;

static void start(const struct pl_capacity *capacity)
{
    struct pl_engine_config config = rig_config_of(4, 1);
    rig_start(&config);
    hosts[0] = rig_join("fe1", "web");
    hosts[1] = rig_join("fe2", "web");
    if (capacity) pl_engine_capacity(rig.engine, 0, capacity);
    (void)rig_effects();
}

/* A second in which every host has half of the traffic; a CPU is full at 1,000/s. */
static void second(double per_s)
{
    rig_pass(1000);
    for (int i = 0; i < 2; i++) {
        double share = per_s / 2;
        struct pl_sample sample = rig_sample_of(++rig.seq[hosts[i]], (int32_t)(share * 10));
        sample.values[PL_TCP_ACCEPTED] = (int32_t)(share * pl_metric_info(PL_TCP_ACCEPTED)->scale);
        (void)pl_engine_sample(rig.engine, hosts[i], &sample, rig.now); // it is new
    }
    pl_engine_tick(rig.engine, rig.now);
    pl_engine_effects_done(rig.engine);
}

/* The traffic of a quiet hour, up and down between 150/s and 450/s. */
static double tide(int s)
{
    return 300 + 150 * sin(s / 180.0);
}

static void learn(void)
{
    start(NULL);
    for (int s = 0; s < 2 * 3600; s++) second(tide(s));
}

static cJSON *outlook(void)
{
    struct pl_view view = {.engine = rig.engine, .troubles = &no_troubles, .now = rig.now};
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_outlook(&out, &view, 0);
    CHECK(!out.overflow);
    cJSON *json = cJSON_Parse(buf);
    if (!json) abort();
    return json;
}

static const cJSON *at(const cJSON *json, const char *a, const char *b)
{
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, a), b);
}

static double number(const cJSON *json, const char *a, const char *b)
{
    return cJSON_GetNumberValue(at(json, a, b)); // NAN if there is none
}

static double middle(const cJSON *json, const char *range)
{
    const cJSON *r = at(json, "capacity", range);
    double p10 = cJSON_GetNumberValue(cJSON_GetObjectItem(r, "p10"));
    double p50 = cJSON_GetNumberValue(cJSON_GetObjectItem(r, "p50"));
    CHECK(p10 <= p50 && p50 <= cJSON_GetNumberValue(cJSON_GetObjectItem(r, "p90")));
    return p50;
}

/* Two hosts that are full at 900/s each (90 % CPU) take 1,800/s, and 900/s after a loss. */
static void test_a_learned_pool(void)
{
    learn();
    cJSON *json = outlook();
    CHECK_TEXT(cJSON_GetStringValue(at(json, "capacity", "source")), "learned");
    CHECK_NEAR(middle(json, "whole"), 1800, 150);
    CHECK_NEAR(middle(json, "spare"), 900, 80);
    double traffic = number(json, "traffic", "value");
    CHECK_NEAR(traffic, tide(2 * 3600), 40);
    CHECK_TEXT(cJSON_GetStringValue(at(json, "traffic", "unit")), "connections/s");
    CHECK_NEAR(number(json, "capacity", "headroom"), 1 - traffic / middle(json, "spare"), 0.001);
    CHECK(cJSON_IsTrue(at(json, "capacity", "sure")));
    CHECK_TEXT(cJSON_GetStringValue(at(json, "capacity", "first_limit")), "cpu");
    CHECK(cJSON_IsNull(at(json, "capacity", "unknown")));
    CHECK(cJSON_IsNull(at(json, "capacity", "missing")));
    CHECK_TEXT(cJSON_GetStringValue(at(json, "outlook", "tier")), "none");
    cJSON_Delete(json);
    struct pl_view view = {.engine = rig.engine, .now = rig.now};
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_json_put_host_capacity(&out, &view, hosts[0]);
    CHECK(strstr(buf, ",\"capacity\":{\"unit\":\"connections/s\",\"unknown\":null,"
                      "\"full_at\":{\"p10\":") == buf);
    CHECK(strstr(buf, "},\"first_limit\":\"cpu\",\"share\":0.") != NULL);
    CHECK(strstr(buf, "\"network\":{\"unknown\":\"source\",\"full_at\":null,") != NULL);
    rig_stop();
}

/* More than one host alone would take: what is missing is told in hosts and in CPU. */
static void test_what_is_missing(void)
{
    learn();
    for (int s = 0; s < 600; s++) second(1200);
    cJSON *json = outlook();
    CHECK(number(json, "capacity", "headroom") < -0.2);
    const cJSON *missing = at(json, "capacity", "missing");
    CHECK(cJSON_GetNumberValue(cJSON_GetObjectItem(missing, "hosts")) >= 1);
    CHECK(strncmp(cJSON_GetStringValue(cJSON_GetObjectItem(missing, "like")), "fe", 2) == 0);
    CHECK_TEXT(cJSON_GetStringValue(at(missing, "or_each", "resource")), "cpu");
    CHECK(number(missing, "or_each", "factor") > 1.1);
    CHECK_TEXT(cJSON_GetStringValue(at(json, "outlook", "reason")), "over");
    CHECK_NEAR(number(json, "outlook", "left_s"), 0, 0);
    cJSON_Delete(json);
    char text[PL_SHORTFALL_TEXT_BYTES];
    struct pl_text helps = pl_text_init(text, sizeof text);
    pl_shortfall_text_write(rig.engine, pl_engine_alert(rig.engine, PL_RULE_SATURATION), &helps);
    CHECK_TEXT(text, "1 more host like fe2, or 1.3 times the cpu in each");
    helps = pl_text_init(text, sizeof text);
    pl_shortfall_text_write(rig.engine, pl_engine_alert(rig.engine, PL_RULE_LIMIT), &helps);
    CHECK_TEXT(text, ""); // no lack of capacity
    rig_stop();
}

/* More of a resource is told in what it is bought in. */
static void test_what_each_host_needs(void)
{
    enum { GIB = 1 << 20 }; // in KiB
    static const struct {
        enum pl_learned resource;
        double factor;
        int64_t cores, kib, limit_kib;
        const char *want;
    } rows[] = {
        {PL_LEARNED_MEMORY, 1.5, 4, 16 * GIB, -1, "+8 GiB of memory"},
        {PL_LEARNED_MEMORY, 1.51, 4, 16 * GIB, -1, "+9 GiB of memory"},
        {PL_LEARNED_MEMORY, 1.5, 4, 16 * GIB, GIB / 2, "+256 MiB of memory"},
        {PL_LEARNED_MEMORY, 2, 4, GIB / 2, -1, "+512 MiB of memory"},
        {PL_LEARNED_MEMORY, 1.41, 4, -1, -1, "1.5 times the memory"},
        {PL_LEARNED_CPU, 1.25, 4, GIB, -1, "+1 core"},
        {PL_LEARNED_CPU, 1.3, 4, GIB, -1, "+2 cores"},
        {PL_LEARNED_WORKERS, 1.3, 4, GIB, -1, "1.3 times the workers"},
    };
    for (size_t i = 0; i < PL_LEN(rows); i++) {
        static struct pl_host like;
        const struct pl_shortfall missing = {
            .known = true, .resource = rows[i].resource, .each_factor = rows[i].factor};
        char text[PL_SHORTFALL_TEXT_BYTES];
        struct pl_text out = pl_text_init(text, sizeof text);
        like.facts[PL_FACT_CORES].value = rows[i].cores;
        like.facts[PL_FACT_MEMORY].value = rows[i].kib;
        like.facts[PL_FACT_MEMORY_LIMIT].value = rows[i].limit_kib;
        pl_shortfall_each_write(&missing, &like, &out);
        CHECK_TEXT(text, rows[i].want);
    }
}

/* Each reason not to know is told with what settles it. */
static void test_not_known(void)
{
    start(NULL);
    cJSON *json = outlook();
    CHECK(cJSON_IsNull(cJSON_GetObjectItem(json, "traffic")));
    CHECK(cJSON_IsNull(cJSON_GetObjectItem(json, "outlook")));
    cJSON_Delete(json);
    for (int s = 0; s < 30; s++) second(300);
    json = outlook();
    const cJSON *unknown = at(json, "capacity", "unknown");
    CHECK_TEXT(cJSON_GetStringValue(cJSON_GetObjectItem(unknown, "why")), "new");
    CHECK(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(unknown, "text")),
                 "some minutes of traffic settle it") != NULL);
    CHECK(cJSON_IsNull(at(json, "capacity", "headroom")));
    cJSON_Delete(json);
    for (int s = 0; s < 3600; s++) second(300);
    json = outlook();
    unknown = at(json, "capacity", "unknown");
    CHECK_TEXT(cJSON_GetStringValue(cJSON_GetObjectItem(unknown, "why")), "span");
    CHECK(strstr(cJSON_GetStringValue(cJSON_GetObjectItem(unknown, "text")),
                 ": nearly the same traffic all the time so far; ") != NULL);
    cJSON_Delete(json);
    rig_stop();
}

static void test_configured_and_filling_up(void)
{
    const struct pl_capacity both = {
        .source = PL_CAPACITY_CONFIGURED, .per_s = 2000, .unit = PL_SOURCE_CONNECTIONS};
    start(&both);
    for (int s = 0; s < 7200; s++) second(400 + s % 7);
    for (int s = 0; s < 900; s++) second(400 + s / 2.0);
    cJSON *json = outlook();
    CHECK_TEXT(cJSON_GetStringValue(at(json, "capacity", "source")), "configured");
    CHECK_NEAR(middle(json, "whole"), 2000, 0);
    CHECK_NEAR(middle(json, "spare"), 1000, 2);
    CHECK_NEAR(number(json, "outlook", "of"), 1000, 2);
    double left_s = number(json, "outlook", "left_s");
    CHECK_NEAR(left_s, (1000 - 850) / 0.5, 200);
    CHECK(number(json, "outlook", "early_s") < left_s);
    CHECK(number(json, "outlook", "late_s") > left_s);
    CHECK(number(json, "outlook", "doubling_s") > 0);
    CHECK(cJSON_IsNull(at(json, "outlook", "growth_in_s")));
    cJSON_Delete(json);
    rig_stop();
}

/* What came, what is usual and what is foreseen lie on one axis of time. */
static void test_curves(void)
{
    const struct pl_capacity both = {
        .source = PL_CAPACITY_CONFIGURED, .per_s = 2000, .unit = PL_SOURCE_CONNECTIONS};
    start(&both);
    for (int s = 0; s < 1800; s++) second(300);
    rig_pass(60000); // a hole
    for (int s = 0; s < 600; s++) second(300 + s * 0.8);
    cJSON *json = outlook();
    const cJSON *actual = cJSON_GetObjectItem(json, "actual"), *point;
    double last_ms = 0;
    int gaps = 0;
    cJSON_ArrayForEach(point, actual)
    {
        double t = cJSON_GetNumberValue(cJSON_GetArrayItem(point, 0));
        CHECK(last_ms == 0 || t == last_ms + PL_TRAIL_SLOT_MS);
        gaps += cJSON_IsNull(cJSON_GetArrayItem(point, 1));
        last_ms = t;
    }
    CHECK_NEAR(last_ms, (double)rig.now.unix_ms, PL_TRAIL_SLOT_MS);
    CHECK(gaps >= 4 && gaps <= 6);
    CHECK_NEAR(cJSON_GetArraySize(actual), 246, 2);
    CHECK_INT(cJSON_GetArraySize(cJSON_GetObjectItem(json, "usual")), 25);
    const cJSON *foreseen = cJSON_GetObjectItem(json, "foreseen");
    CHECK(cJSON_GetArraySize(foreseen) > 3);
    const cJSON *now = cJSON_GetArrayItem(foreseen, 0);
    CHECK_NEAR(cJSON_GetNumberValue(cJSON_GetArrayItem(now, 1)), number(json, "traffic", "value"),
               0.01);
    cJSON_Delete(json);
    rig_stop();
}

int main(void)
{
    RUN(test_a_learned_pool);
    RUN(test_what_is_missing);
    RUN(test_what_each_host_needs);
    RUN(test_not_known);
    RUN(test_configured_and_filling_up);
    RUN(test_curves);
    return check_finish();
}
