/* The simulated load of the swarm: shape files, and metrics that follow the load. */
#include "tests/check.h"

#include "tests/swarm/load.h"

static struct load_shape shape;

static void test_shape_files(void)
{
    static const struct {
        const char *text;
        uint32_t want; // the wrong line, 0: none
        uint32_t count;
    } cases[] = {
        {"second,load\n0,0.2\n60,1.5\n", 0, 2},
        {"0,0.2\r\n60,1.5", 0, 2},
        {"# a launch\n\n0,0\n", 0, 1},
        {"", 1, 0},
        {"second,load\n", 2, 0},
        {"0,0.2\nsixty,1\n", 2, 0},
        {"0,0.2\n0,0.3\n", 2, 0},
        {"0,11\n1,-1\n", 2, 0},
        {"0,0.2\n1,0.3,4\n", 2, 0},
        {"0,0.2\n1,nan\n", 2, 0},
        {"0,0.2\n1,1111111111111111111111111111111111111111111111111111111111111111\n", 2, 0},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        CHECK_INT(load_shape_parse(pl_span_of(cases[i].text), &shape), cases[i].want);
        if (cases[i].want == 0) CHECK_INT(shape.count, cases[i].count);
    }
}

static void test_straight_lines_between_points(void)
{
    CHECK_INT(load_shape_parse(pl_span_of("10,0.2\n20,1.2\n30,0.6\n"), &shape), 0);
    CHECK_NEAR(load_shape_at(&shape, 0), 0.2, 1e-9);
    CHECK_NEAR(load_shape_at(&shape, 10), 0.2, 1e-9);
    CHECK_NEAR(load_shape_at(&shape, 15), 0.7, 1e-9);
    CHECK_NEAR(load_shape_at(&shape, 25), 0.9, 1e-9);
    CHECK_NEAR(load_shape_at(&shape, 99), 0.6, 1e-9);
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
    for (size_t m = 0; m < PL_LEN(rising); m++) {
        for (size_t i = 1; i < 3; i++) CHECK(values[i][rising[m]] > values[i - 1][rising[m]]);
    }
}

int main(void)
{
    RUN(test_shape_files);
    RUN(test_straight_lines_between_points);
    RUN(test_metrics_follow_the_load);
    return check_finish();
}
