/* The command line without a process: CSV lines, replays from memory, the status table. */
#include "tests/check.h"

#include "collector/cli/cli.h"
#include "collector/cli/csv.h"
#include "collector/cli/replay.h"
#include "collector/cli/status_view.h"
#include "common/base/err.h"
#include "common/wire/session.h"
#include "common/wire/trace.h"

#include <cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* Complaints go to stderr in the program; here the last one is kept. */
static char complaint[256];

void pl_cli_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(complaint, sizeof complaint, format, args);
    va_end(args);
}

/* ---- lines ---- */

static void test_rows(void)
{
    static const struct {
        const char *line, *problem;
        int64_t unix_ms;
        double value;
    } cases[] = {
        {"1970-01-01 00:00:01,2.5", NULL, 1000, 2.5},
        {"1970-01-01T00:00:01Z,-2.5e1\r", NULL, 1000, -25},
        {"1970-01-01 00:00:01.250,0", NULL, 1250, 0},
        {"12.5,7", NULL, 12500, 7},
        {"1970-01-01 00:00:01,", NULL, 1000, (double)NAN},
        {"1970-01-01 00:00:01,nan", NULL, 1000, (double)NAN},
        {"", "is not TIMESTAMP,VALUE", 0, 0},
        {"1970-01-01 00:00:01", "is not TIMESTAMP,VALUE", 0, 0},
        {"yesterday,1", "does not begin with a time such as 2026-05-01 14:03:12", 0, 0},
        {"1970-02-30 00:00:01,1", "does not begin with a time such as 2026-05-01 14:03:12", 0, 0},
        {"1970-01-01 00:00:01,1,2", "does not end with a number", 0, 0},
        {"1970-01-01 00:00:01, 1", "does not end with a number", 0, 0},
        {"1970-01-01 00:00:01,0x10", "does not end with a number", 0, 0},
        {"1970-01-01 00:00:01,inf", "does not end with a number", 0, 0},
        {"1970-01-01 00:00:01,1e999", "does not end with a number", 0, 0},
        {"1970-01-01 00:00:01,--1", "does not end with a number", 0, 0},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_csv_row row = {.unix_ms = -7};
        const char *problem = pl_csv_row(pl_span_of(cases[i].line), &row);
        CHECK_TEXT(problem ? problem : "fine", cases[i].problem ? cases[i].problem : "fine");
        CHECK_INT(row.unix_ms, problem ? -7 : cases[i].unix_ms);
        if (problem) continue;
        CHECK(isnan(cases[i].value) ? isnan(row.value) : row.value == cases[i].value);
    }
}

static void test_every_truncation_of_a_row(void)
{
    static const char line[] = "2026-05-01 14:03:12,87.5";
    for (size_t len = 0; len < sizeof line; len++) {
        struct pl_csv_row row;
        char *copy = malloc(len > 0 ? len : 1); // of that size, so that a read beyond it is seen
        REQUIRE(copy != NULL);
        memcpy(copy, line, len);
        const char *problem = pl_csv_row((struct pl_span){(uint8_t *)copy, len}, &row);
        bool is_whole = len >= 20; // what follows the comma may be empty, or "8"
        CHECK((problem == NULL) == is_whole);
        free(copy);
    }
}

/* ---- series ---- */

static const struct pl_rules rules = {
    .levels = {{.warn_bp = 7500, .page_bp = 9000, .leave_bp = 500, .hold_ms = 10000},
               {.warn_bp = 7500, .page_bp = 9000, .leave_bp = 500, .hold_ms = 10000}},
    .clear_ms = {[PL_RULE_LIMIT] = 15000, [PL_RULE_SATURATION] = 150000},
    .saturation = {.warn_share = 0.85, .time_to_act_s = 1200},
    .silent_intervals = 5,
    .silent_grace_ms = 30000,
    .silent_forget_ms = 86400000,
};

/* What a replay of `csv` prints, for the caller to free; `capacity` 0: scores. */
static char *replay(const char *csv, size_t len, double capacity, int want_status)
{
    char *text = NULL;
    size_t text_len = 0;
    char *copy = strndup(csv, len);
    FILE *in = len > 0 ? fmemopen(copy, len, "r") : fopen("/dev/null", "re");
    FILE *out = open_memstream(&text, &text_len);
    if (!copy || !in || !out) abort();
    complaint[0] = '\0';
    int status = capacity > 0 ? pl_replay_capacity(in, out, capacity, &rules, NULL)
                              : pl_replay_score(in, out);
    CHECK_INT(status, want_status);
    (void)fclose(in); // only read from
    CHECK_INT(fclose(out), 0);
    free(copy);
    return text;
}

static const char crowd[] = "timestamp,value\n"
                            "2026-05-01 14:00:00,50\n"
                            "2026-05-01 14:01:00,95\n"
                            "2026-05-01 14:02:00,120\n" // a whole minute over 100
                            "2026-05-01 14:02:00,120\n"
                            "2026-05-01 14:03:00,\n"
                            "2026-05-01 14:04:00,110\n"
                            "2026-05-01 14:03:30,100\n" // a clock that was set back
                            "2026-05-01 14:05:00,30\n"
                            "2026-05-01 14:06:00,30\n"  // quiet for 120 of 150 s
                            "2026-09-01 00:00:00,30\n"; // a hole of months

static void test_capacity_pages_and_lets_go(void)
{
    char *text = replay(crowd, sizeof crowd - 1, 100, PL_EXIT_OK);
    CHECK_TEXT(text, "timestamp,alert,forecast_seconds_to_capacity\n"
                     "2026-05-01 14:00:00,0,\n"
                     "2026-05-01 14:01:00,0,\n"
                     "2026-05-01 14:02:00,1,0\n"
                     "2026-05-01 14:02:00,1,0\n"
                     "2026-05-01 14:03:00,1,\n"
                     "2026-05-01 14:04:00,1,0\n"
                     "2026-05-01 14:03:30,1,0\n"
                     "2026-05-01 14:05:00,1,\n"
                     "2026-05-01 14:06:00,1,\n"
                     "2026-09-01 00:00:00,1,\n"); // the engine tilts: nothing is judged yet
    free(text);
}

static void test_no_data_never_proves_recovery(void)
{
    static const char csv[] = "timestamp,value\n0,50\n60,150\n120,\n86000,\n172000,nan\n"
                              "172001,10\n172031,10\n172211,10\n";
    char *text = replay(csv, sizeof csv - 1, 100, PL_EXIT_OK);
    CHECK_TEXT(text, "timestamp,alert,forecast_seconds_to_capacity\n"
                     "0,0,\n60,1,0\n120,1,\n86000,1,\n172000,1,\n172001,1,\n172031,1,\n"
                     "172211,0,\n");
    free(text);
}

static void test_scores_every_row(void)
{
    static const char csv[] = "timestamp,value\n0,0\n1,10\n1,nan\n6,1e3\n5,\n";
    char *text = replay(csv, sizeof csv - 1, 0, PL_EXIT_OK);
    CHECK_TEXT(text, "timestamp,value,anomaly_score\n"
                     "0,0,0.000000\n1,10,0.000000\n1,nan,0.000000\n6,1e3,0.000000\n"
                     "5,,0.000000\n");
    free(text);
}

/* What is printed for a row depends on no later row: every prefix of whole lines prints a prefix.
 */
static void test_replays_are_causal(void)
{
    static const double capacities[] = {100, 0};
    for (size_t c = 0; c < PL_LEN(capacities); c++) {
        char *whole = replay(crowd, sizeof crowd - 1, capacities[c], PL_EXIT_OK);
        for (size_t len = sizeof crowd - 1; len > sizeof "timestamp,value"; len--) {
            if (crowd[len - 1] != '\n') continue;
            char *part = replay(crowd, len, capacities[c], PL_EXIT_OK);
            CHECK(strncmp(part, whole, strlen(part)) == 0);
            free(part);
        }
        free(whole);
    }
}

static void test_bad_lines_are_named(void)
{
    static const struct {
        const char *csv, *complaint;
    } cases[] = {
        {"", "the series is empty: no header"},
        {"0,1\n", "line 1 is not the header 'timestamp,value'"},
        {"timestamp,value\n0,1\nx,2\n",
         "line 3 does not begin with a time such as 2026-05-01 14:03:12"},
        {"timestamp,value\n0,1\n\n", "line 3 is not TIMESTAMP,VALUE"},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        free(replay(cases[i].csv, strlen(cases[i].csv), 100, PL_EXIT_FAILURE));
        CHECK_TEXT(complaint, cases[i].complaint);
    }
    char line[600] = "timestamp,value\n0,";
    memset(line + strlen(line), '1', 300);
    free(replay(line, strlen(line), 100, PL_EXIT_FAILURE));
    CHECK_TEXT(complaint, "line 2 is larger than its limit");
}

/* ---- traces ---- */

enum { TRACE_BYTES = 1 << 16 };
static uint8_t trace[TRACE_BYTES];

/* One host for three minutes: calm, a minute at 97 % of its CPU, calm again; then it is gone. */
static size_t write_trace(void)
{
    struct pl_writer w = pl_writer_init(trace, sizeof trace);
    struct pl_agent_session session;
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .interval_ms = 1000,
                             .first_seq = 1,
                             .unix_ms = 1777644000000};
    int64_t last_ms = 0;
    for (size_t i = 0; i < PL_FACT_COUNT; i++) hello.facts[i].value = -1;
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &hello.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of("web"), &hello.pool), 0);
    pl_trace_begin(&w);
    for (int64_t s = 0; s <= 181; s++) {
        uint8_t bytes[PL_FRAME_BYTES_MAX];
        struct pl_writer frame = pl_writer_init(bytes, sizeof bytes);
        struct pl_trace_record record = {.unix_ms = hello.unix_ms + s * 1000, .stream = 1};
        struct pl_sample sample = {.seq = (uint64_t)s, .unix_ms = record.unix_ms};
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
        sample.values[PL_CPU_BUSY] = s >= 60 && s < 120 ? 9700 : 2000;
        if (s == 0) {
            pl_agent_session_start(&session, &hello, &frame);
            session.state = PL_AGENT_STREAMING; // the WELCOME went the other way
        } else if (s <= 180) {
            pl_agent_session_sample(&session, &sample, &frame);
        }
        record.frame = (struct pl_span){bytes, frame.len}; // empty at 181 s: gone
        pl_trace_write(&record, &last_ms, &w);
    }
    CHECK_INT(w.err, 0);
    return w.len;
}

/* What a replay of the first `len` bytes prints, for the caller to free. */
static char *replay_trace(size_t len, bool as_json, int want_status)
{
    char path[] = "/tmp/plimsoll-trace-XXXXXX";
    char *text = NULL;
    size_t text_len = 0;
    int fd = mkstemp(path);
    FILE *out = open_memstream(&text, &text_len);
    if (fd < 0 || !out || write(fd, trace, len) != (ssize_t)len) abort();
    const struct pl_simulation_setup setup = {.rules = rules};
    struct pl_replay_view view = {.out = out, .as_json = as_json};
    CHECK_INT(pl_replay_trace(path, &setup, &view), want_status);
    CHECK_INT(fclose(out), 0);
    (void)close(fd);
    (void)unlink(path);
    return text;
}

static void test_a_trace_tells_its_alerts(void)
{
    size_t len = write_trace();
    char *text = replay_trace(len, false, PL_EXIT_OK);
    CHECK_TEXT(text, "2026-05-01T14:01:10.000Z opened limit/web page: cpu of fe1 at 97 % (limit "
                     "90 %) for 10 s\n"
                     "2026-05-01T14:02:15.000Z resolved limit/web page: cpu of fe1 back under 90 % "
                     "after 1 min\n");
    free(text);
    text = replay_trace(len, true, PL_EXIT_OK);
    cJSON *first = cJSON_Parse(text);
    const cJSON *host = cJSON_GetArrayItem(cJSON_GetObjectItem(first, "hosts"), 0);
    CHECK_TEXT(cJSON_GetStringValue(cJSON_GetObjectItem(first, "event")), "opened");
    CHECK_TEXT(cJSON_GetStringValue(cJSON_GetObjectItem(first, "alert")), "limit/web");
    CHECK_NEAR(cJSON_GetNumberValue(cJSON_GetObjectItem(first, "value")), 0.97, 0.00001);
    CHECK_TEXT(cJSON_GetStringValue(host), "fe1");
    cJSON_Delete(first);
    free(text);
}

static void test_every_truncation_of_a_trace(void)
{
    size_t len = write_trace();
    for (size_t cut = 0; cut < len; cut += cut < 64 ? 1 : 61) {
        bool has_magic = cut >= strlen(PL_TRACE_MAGIC);
        free(replay_trace(cut, false, has_magic ? PL_EXIT_OK : PL_EXIT_FAILURE));
    }
}

static void test_a_broken_trace_is_refused(void)
{
    size_t len = write_trace();
    trace[0] ^= 1;
    free(replay_trace(len, false, PL_EXIT_FAILURE));
    CHECK(strstr(complaint, "does not start with the expected magic number") != NULL);
}

/* ---- status ---- */

static char *view(const char *pools, const char *hosts, const char *alerts, bool colour)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    cJSON *json[] = {cJSON_Parse(pools), cJSON_Parse(hosts), cJSON_Parse(alerts)};
    if (!out) abort();
    pl_status_view(&(struct pl_status){json[0], json[1], json[2]}, colour, out);
    CHECK_INT(fclose(out), 0);
    for (size_t i = 0; i < PL_LEN(json); i++) cJSON_Delete(json[i]);
    return text;
}

static void test_status_table(void)
{
    char *text = view(
        "{\"now\":\"2026-05-01T14:03:12.000Z\",\"notes\":[],\"pools\":["
        "{\"name\":\"empty-pool\",\"state\":\"nodata\",\"hosts\":{\"total\":0,\"up\":0},"
        "\"worst\":null},"
        "{\"name\":\"new\",\"state\":\"watch\",\"hosts\":{\"total\":1,\"up\":1},"
        "\"capacity\":{\"headroom\":null,\"unknown\":{\"text\":\"fe3: too \\u0007new\"}}},"
        "{\"name\":\"api\",\"state\":\"watch\",\"hosts\":{\"total\":1,\"up\":1},"
        "\"capacity\":{\"headroom\":0.38,\"spare\":null},\"outlook\":{\"left_s\":null}},"
        "{\"name\":\"web\",\"state\":\"watch\",\"hosts\":{\"total\":2,\"up\":2,\"silent\":0},"
        "\"capacity\":{\"headroom\":-0.2,\"spare\":{\"p50\":100},\"first_limit\":\"cpu\","
        "\"first_host\":\"fe2\",\"missing\":{\"hosts\":1,\"like\":\"fe2\"}},"
        "\"outlook\":{\"left_s\":840,\"early_s\":50,\"late_s\":9000},"
        "\"worst\":{\"host\":\"fe1\",\"resource\":\"cpu\",\"utilisation\":0.82,\"limit\":0.9},"
        "\"traffic\":{\"value\":120.0,\"unit\":\"connections/s\"},\"alerts\":[]}]}",
        "{\"hosts\":[{\"name\":\"fe1\",\"pool\":\"web\",\"state\":\"ok\",\"age_ms\":320,"
        "\"metrics\":{\"cpu.busy\":0.12,\"memory.used\":0.5}},"
        "{\"name\":\"fe2\",\"pool\":\"web\",\"state\":\"act\",\"age_ms\":1320,\"metrics\":{}}]}",
        "{\"alerts\":[{\"id\":\"limit/web\",\"state\":\"firing\",\"tier\":\"page\","
        "\"since\":\"2026-05-01T14:01:10Z\",\"summary\":\"cpu of fe1\\u001b[2J\\u009b at 97 %\"}]}",
        false);
    CHECK_TEXT(text, "2026-05-01T14:03:12.000Z\n"
                     "\nPools\n"
                     "  △ watch        web         headroom -20 % (N-1), full in about 14 min "
                     "(50 s to 2.5 h), first limit: cpu of fe2, what helps: +1 like fe2\n"
                     "                             2 of 2 hosts up, 82 % of cpu at fe1, page at "
                     "90 %, 120 connections/s\n"
                     "  △ watch        api         headroom 38 %, not filling up\n"
                     "                             1 of 1 hosts up\n"
                     "  △ watch        new         capacity not known yet, fe3: too ?new\n"
                     "                             1 of 1 hosts up\n"
                     "  ┄ no data yet  empty-pool  capacity not known yet\n"
                     "                             0 of 0 hosts up\n"
                     "\nHosts\n"
                     "  ◆ act now      fe2  cpu   - %  memory   - %  1.3 s ago  in web\n"
                     "  ○ ok           fe1  cpu  12 %  memory  50 %  0.3 s ago  in web\n"
                     "\nAlerts\n"
                     "  ◆ firing       limit/web  page  cpu of fe1?[2J? at 97 %, since "
                     "2026-05-01T14:01:10Z\n");
    free(text);
}

static void test_status_of_nothing(void)
{
    char *text = view("{\"now\":\"T\",\"notes\":[{\"kind\":\"redis_away\",\"since\":\"S\",\"text\":"
                      "\"Redis is \\u001baway\"}]}",
                      "{}", "{\"alerts\":[]}", false);
    CHECK_TEXT(text, "T\n  △ watch        Redis is ?away, since S\n"
                     "\nPools\n  none yet: no agent has connected\n\nHosts\n  none yet\n"
                     "\nAlerts\n  none\n");
    free(text);
}

static void test_status_colours_are_on_top_of_words(void)
{
    char *text = view("{}", "{\"hosts\":[{\"name\":\"a\",\"state\":\"silent\"}]}", "{}", true);
    CHECK(strstr(text, "\033[35m■ silent\033[0m") != NULL);
    free(text);
}

static void test_status_shows_the_worst_hosts(void)
{
    char json[8192];
    size_t len = (size_t)snprintf(json, sizeof json, "{\"hosts\":[");
    for (int i = 0; i < PL_STATUS_HOSTS_MAX + 5; i++) {
        len += (size_t)snprintf(json + len, sizeof json - len,
                                "{\"name\":\"fe%d\",\"state\":\"ok\"},", i);
    }
    (void)snprintf(json + len, sizeof json - len, "{\"name\":\"dead\",\"state\":\"silent\"}]}");
    char *text = view("{}", json, "{}", false);
    CHECK(strstr(text, "■ silent       dead") != NULL);
    CHECK(strstr(text, "  and 6 more\n") != NULL);
    free(text);
}

int main(void)
{
    RUN(test_rows);
    RUN(test_every_truncation_of_a_row);
    RUN(test_capacity_pages_and_lets_go);
    RUN(test_no_data_never_proves_recovery);
    RUN(test_scores_every_row);
    RUN(test_replays_are_causal);
    RUN(test_bad_lines_are_named);
    RUN(test_a_trace_tells_its_alerts);
    RUN(test_every_truncation_of_a_trace);
    RUN(test_a_broken_trace_is_refused);
    RUN(test_status_table);
    RUN(test_status_of_nothing);
    RUN(test_status_colours_are_on_top_of_words);
    RUN(test_status_shows_the_worst_hosts);
    return check_finish();
}
