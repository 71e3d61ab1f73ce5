/* launch_replay - a recorded crowd through the engine that pages, with and without a launch.
 *
 *     launch_replay CAPACITY BEGINS_UNIX_S EXPECTED <series.csv
 *
 * The series ("timestamp,value" under its header) is the traffic of a pool of one host that takes
 * CAPACITY of it. EXPECTED: "-" nobody announces anything; "unknown" half an hour before BEGINS
 * somebody does, and cannot say how many will come; or the peak they expect, in the unit of the
 * series. Prints when somebody is paged first, and when the capacity is reached, in Unix seconds;
 * 0: not in this series. What lies more than PAST_S before BEGINS is only learned from. */
#include "collector/cli/cli.h"
#include "collector/cli/csv.h"
#include "collector/cli/simulate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTICE_MS = 30 * 60 * 1000, LASTS_MS = 4 * 3600 * 1000, PAST_MS = 31 * 60 * 1000 };
static const double engine_capacity_per_s = 1e6; // as in cli/replay_series.c

void pl_cli_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
}

struct replay {
    struct pl_simulation simulation;
    double capacity, expected; // expected below 0: unknown
    bool announces, announced;
    int64_t begins_unix_ms, paged_unix_ms, full_unix_ms;
    uint32_t host;
    uint64_t seq;
};

static struct pl_name name_of(const char *text)
{
    struct pl_name name = {0};
    if (pl_name_parse(pl_span_of(text), &name) != 0) abort();
    return name;
}

static void begin(struct replay *r, int64_t unix_ms)
{
    struct pl_simulation_setup setup = {0};
    const struct pl_capacity capacity = {.source = PL_CAPACITY_CONFIGURED,
                                         .per_s = engine_capacity_per_s,
                                         .unit = PL_SOURCE_CONNECTIONS};
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .interval_ms = PL_INTERVAL_MS_MAX,
                             .first_seq = 1,
                             .unix_ms = unix_ms,
                             .pool = name_of("web"),
                             .host = name_of("fe1")};
    for (size_t i = 0; i < PL_FACT_COUNT; i++) hello.facts[i].value = -1;
    pl_rules_default(&setup.rules);
    setup.rules.silent_intervals = 1 << 20; // a series has holes of any length
    setup.rules.silent_forget_ms = (INT64_C(1) << 20) * PL_INTERVAL_MS_MAX;
    if (pl_simulation_init(&r->simulation, &setup, 1, unix_ms) != 0 ||
        pl_engine_join(r->simulation.engine, &hello, r->simulation.now, &r->host) != 0)
        abort();
    pl_engine_capacity(r->simulation.engine, 0, &capacity);
}

static void announce(struct replay *r)
{
    struct pl_launch l = pl_launch_init();
    uint32_t index;
    l.id = name_of("l-1");
    strcpy(l.title, "announced");
    l.kind = PL_LAUNCH_STREAM;
    l.starts_unix_ms = r->begins_unix_ms;
    l.ends_unix_ms = l.starts_unix_ms + LASTS_MS;
    l.pools[l.pool_count++] = name_of("web");
    l.expect = r->expected < 0 ? PL_EXPECT_UNKNOWN : PL_EXPECT_RATE;
    if (r->expected >= 0) l.expected = r->expected / r->capacity * engine_capacity_per_s;
    if (pl_engine_put_launch(r->simulation.engine, &l, r->simulation.now, &index) != 0) abort();
    r->announced = true;
    pl_simulation_drain(&r->simulation);
}

static void look(void *context, const struct pl_engine *engine, struct pl_now now)
{
    struct replay *r = context;
    bool pages = pl_alert_pages(pl_engine_alert(engine, PL_RULE_SATURATION)) ||
                 pl_alert_pages(pl_engine_alert(engine, PL_RULE_LAUNCH_RISK)) ||
                 pl_alert_pages(pl_engine_alert(engine, PL_RULE_LAUNCH_OVER));
    bool counts = now.unix_ms >= r->begins_unix_ms - PAST_MS;
    if (pages && counts && r->paged_unix_ms == 0) r->paged_unix_ms = now.unix_ms;
}

static void feed(struct replay *r, const struct pl_csv_row *row)
{
    if (!r->simulation.engine) {
        begin(r, row->unix_ms);
        r->simulation.on_moment = look;
        r->simulation.context = r;
    }
    int64_t told_ms = r->begins_unix_ms - NOTICE_MS;
    if (r->announces && !r->announced && row->unix_ms >= told_ms) {
        pl_simulation_advance(&r->simulation, told_ms);
        announce(r);
    }
    pl_simulation_advance(&r->simulation, row->unix_ms);
    if (isnan(row->value)) return;
    struct pl_sample sample = {.seq = ++r->seq, .unix_ms = row->unix_ms};
    for (size_t i = 0; i < PL_METRIC_COUNT; i++) sample.values[i] = PL_ABSENT;
    double traffic = row->value / r->capacity * engine_capacity_per_s;
    sample.values[PL_TCP_ACCEPTED] =
        (int32_t)fmin(traffic * pl_metric_info(PL_TCP_ACCEPTED)->scale + 0.5, INT32_MAX);
    (void)pl_engine_sample(r->simulation.engine, r->host, &sample, r->simulation.now);
    pl_simulation_drain(&r->simulation);
    look(r, r->simulation.engine, r->simulation.now);
    bool is_full = row->value >= r->capacity && row->unix_ms >= r->begins_unix_ms;
    if (is_full && r->full_unix_ms == 0) r->full_unix_ms = row->unix_ms;
}

int main(int argc, char **argv)
{
    static struct replay r;
    char line[PL_CSV_LINE_LEN_MAX + 2];
    if (argc != 4) return 2;
    r.capacity = strtod(argv[1], NULL);
    r.begins_unix_ms = strtoll(argv[2], NULL, 10) * 1000;
    r.announces = strcmp(argv[3], "-") != 0;
    r.expected = strcmp(argv[3], "unknown") == 0 ? -1 : strtod(argv[3], NULL);
    if (!fgets(line, sizeof line, stdin)) return 1;
    while (fgets(line, sizeof line, stdin)) {
        struct pl_csv_row row;
        line[strcspn(line, "\n")] = '\0';
        const char *problem = pl_csv_row(pl_span_of(line), &row);
        if (problem) {
            (void)fprintf(stderr, "'%s' %s\n", line, problem);
            return 1;
        }
        feed(&r, &row);
    }
    printf("paged %lld full %lld\n", (long long)r.paged_unix_ms / 1000,
           (long long)r.full_unix_ms / 1000);
    pl_simulation_fini(&r.simulation);
    return 0;
}
