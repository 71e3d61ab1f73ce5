/* The simulated load of the swarm: shape files, and metrics that follow the load. */
#include "tests/check.h"

#include "tests/swarm/load.h"
#include "tests/swarm/shape.h"

static struct shape shape;
static const struct shape_units as_written = {.speed = 1, .full = 1};

static void test_shape_files(void)
{
    static const struct {
        const char *text, *want; // NULL: nothing wrong
        uint32_t line, count;
    } cases[] = {
        {"second,load\n0,0.2\n60,1.5\n", NULL, 0, 2},
        {"0,0.2\r\n60,1.5", NULL, 0, 2},
        {"# a launch\n\n0,0\n", NULL, 0, 1},
        {"timestamp,value\n1998-06-10 12:00:00,3\n1998-06-10 12:01:00,\n1998-06-10 12:02:00,4\n",
         NULL, 0, 2},
        {"# a trace\ntimestamp,value\r\n900000000,3\r\n", NULL, 0, 1},
        {"", "should hold a point: there is none", 1, 0},
        {"second,load\n", "should hold a point: there is none", 2, 0},
        {"0,0.2\nsixty,1\n", "is not SECOND,LOAD", 2, 0},
        {"second;load\n0,1\n", "is not SECOND,LOAD", 1, 0},
        {"0,0.2\n0,0.3\n", "has a time that is not later than the one before", 2, 0},
        {"0,10\n1,11\n", "has a load that is not 0 to 10", 2, 0},
        {"0,-1\n", "has a load that is not 0 to 10", 1, 0},
        {"0,0.2\n1,0.3,4\n", "is not SECOND,LOAD", 2, 0},
        {"0,0.2\n1,nan\n", "is not SECOND,LOAD", 2, 0},
        {"0,0.2\n1,1111111111111111111111111111111111111111111111111111111111111111\n",
         "is too long", 2, 0},
        {"timestamp,value\n0,0.2\nsixty,1\n",
         "does not begin with a time such as 2026-05-01 14:03:12", 3, 0},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        uint32_t line;
        const char *problem = shape_parse(pl_span_of(cases[i].text), &as_written, &shape, &line);
        CHECK_TEXT(problem ? problem : "fine", cases[i].want ? cases[i].want : "fine");
        if (cases[i].want)
            CHECK_INT(line, cases[i].line);
        else
            CHECK_INT(shape.count, cases[i].count);
    }
}

static void test_straight_lines_between_points(void)
{
    uint32_t line;
    CHECK(!shape_parse(pl_span_of("10,0.2\n20,1.2\n30,0.6\n"), &as_written, &shape, &line));
    CHECK_NEAR(shape_at(&shape, 0), 0.2, 1e-9);
    CHECK_NEAR(shape_at(&shape, 10), 0.2, 1e-9);
    CHECK_NEAR(shape_at(&shape, 15), 0.7, 1e-9);
    CHECK_NEAR(shape_at(&shape, 25), 0.9, 1e-9);
    CHECK_NEAR(shape_at(&shape, 30), 0.6, 1e-9);
    CHECK_NEAR(shape_at(&shape, 99), 0.6, 1e-9);
}

/* A day of minutes at sixty times its speed, against a tier that 500 requests a minute fill. */
static void test_a_trace_at_another_speed_and_scale(void)
{
    static const char trace[] = "timestamp,value\n"
                                "2026-05-01 14:00:00,250\n2026-05-01 14:01:00,\n"
                                "2026-05-01 14:02:00,500\n";
    const struct shape_units units = {.speed = 60, .full = 500};
    uint32_t line;
    CHECK(!shape_parse(pl_span_of(trace), &units, &shape, &line));
    CHECK_NEAR(shape_at(&shape, 0), 0.5, 1e-9);
    CHECK_NEAR(shape_at(&shape, 1), 0.75, 1e-9);
    CHECK_NEAR(shape_at(&shape, 2), 1, 1e-9);
}

/* The values of a host that has lived with this load for ten minutes. */
static void settle(double load, int32_t *values)
{
    struct load_host host;
    load_host_init(&host, 7);
    for (int i = 0; i < 600; i++) load_host_step(&host, load, 1, values);
}

static void test_metrics_follow_the_load(void)
{
    static const double loads[] = {0, 0.3, 0.9, 1.3};
    static const enum pl_metric rising[] = {PL_CPU_BUSY, PL_LOAD1, PL_MEMORY_USED, PL_TCP_ACCEPTED,
                                            PL_TCP_ESTABLISHED};
    int32_t values[PL_LEN(loads)][PL_METRIC_COUNT];
    for (size_t i = 0; i < PL_LEN(loads); i++) {
        settle(loads[i], values[i]);
        CHECK(values[i][PL_CPU_BUSY] >= 0 && values[i][PL_CPU_BUSY] <= 10000);
        CHECK(values[i][PL_MEMORY_USED] >= 0 && values[i][PL_MEMORY_USED] <= 10000);
        CHECK((values[i][PL_LISTEN_OVERFLOWS] > 0) == (loads[i] > 1));
        CHECK((values[i][PL_PSI_CPU_SOME] > 0) == (loads[i] > 0.7));
    }
    /* Little's law: twice as many arrivals that each stay twice as long are four times as many. */
    CHECK(values[2][PL_TCP_ESTABLISHED] > 4 * values[1][PL_TCP_ESTABLISHED]);
    for (size_t m = 0; m < PL_LEN(rising); m++) {
        for (size_t i = 1; i < 3; i++) CHECK(values[i][rising[m]] > values[i - 1][rising[m]]);
    }
}

int main(void)
{
    RUN(test_shape_files);
    RUN(test_straight_lines_between_points);
    RUN(test_a_trace_at_another_speed_and_scale);
    RUN(test_metrics_follow_the_load);
    return check_finish();
}
