/* The collector's own numbers as nested JSON and as Prometheus text. */
#include "collector/codec/stats.h"
#include "tests/check.h"

static const struct pl_stat stats[] = {
    {.kind = PL_STAT_TEXT, .path = "version", .text = "0.1\"0"},
    {"process_cpu_seconds_total", "CPU time", NULL, NULL, 1234500, 1000000, PL_STAT_COUNTER,
     "cpu_s"},
    {"plimsoll_http_connected", "open now", NULL, NULL, 3, 1, PL_STAT_GAUGE, "http.connected"},
    {"plimsoll_http_refused_total", "refused", "reason", NULL, 0, 1, PL_STAT_COUNTER,
     "http.refused.syntax"},
    {"plimsoll_http_refused_total", "refused", "reason", NULL, 7, 1, PL_STAT_COUNTER,
     "http.refused.host"},
    {NULL, NULL, NULL, NULL, -5, 10, PL_STAT_GAUGE, "a.b.c.d"},
    {NULL, NULL, NULL, NULL, 1, 1, PL_STAT_GAUGE, "a.b.e"},
    {NULL, NULL, NULL, NULL, 2, 1, PL_STAT_GAUGE, "a.f"},
};

static void test_json(void)
{
    char buf[1024];
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_stats_json(&out, stats, PL_LEN(stats));
    CHECK_TEXT(buf, "{\"version\":\"0.1\\\"0\",\"cpu_s\":1.2345,"
                    "\"http\":{\"connected\":3,\"refused\":{\"syntax\":0,\"host\":7}},"
                    "\"a\":{\"b\":{\"c\":{\"d\":-0.5},\"e\":1},\"f\":2}}\n");
    out = pl_text_init(buf, sizeof buf);
    pl_stats_json(&out, stats, 0);
    CHECK_TEXT(buf, "{}\n");
}

static void test_metrics(void)
{
    char buf[1024];
    struct pl_text out = pl_text_init(buf, sizeof buf);
    pl_stats_metrics(&out, stats, PL_LEN(stats));
    CHECK_TEXT(buf, "# HELP process_cpu_seconds_total CPU time\n"
                    "# TYPE process_cpu_seconds_total counter\n"
                    "process_cpu_seconds_total 1.2345\n"
                    "# HELP plimsoll_http_connected open now\n"
                    "# TYPE plimsoll_http_connected gauge\n"
                    "plimsoll_http_connected 3\n"
                    "# HELP plimsoll_http_refused_total refused\n"
                    "# TYPE plimsoll_http_refused_total counter\n"
                    "plimsoll_http_refused_total{reason=\"syntax\"} 0\n"
                    "plimsoll_http_refused_total{reason=\"host\"} 7\n");
}

int main(void)
{
    RUN(test_json);
    RUN(test_metrics);
    return check_finish();
}
