/* check.h - the test frame of the C suites: named tests, checks that print both sides, TAP output.
 *
 *     static void test_wraps(void) { CHECK_INT(pl_ring_next(&r), 0); }
 *     int main(void) { RUN(test_wraps); return check_finish(); }
 *
 * A failed check prints file, line and values and fails its test; the test goes on, so that one
 * run shows everything that is wrong. REQUIRE leaves the test where going on would crash. A test
 * that checked nothing fails. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"
#include "tests/random.h"

#include <inttypes.h>
#include <stdio.h>

static struct {
    const char *name;
    int test_count, failed_tests;
    long check_count, failed_checks; // of the running test
} check_state;

__attribute__((unused)) static bool check_report(bool ok, const char *where, const char *what)
{
    check_state.check_count++;
    if (ok) return true;
    if (check_state.failed_checks++ < 20) printf("# %s: %s\n", where, what);
    return false;
}

__attribute__((unused)) static void check_int(int64_t got, int64_t want, const char *where,
                                              const char *what)
{
    if (check_report(got == want, where, what)) return;
    printf("#   got %" PRId64 ", want %" PRId64 "\n", got, want);
}

__attribute__((unused)) static void check_text(const char *got, const char *want, const char *where,
                                               const char *what)
{
    if (check_report(strcmp(got, want) == 0, where, what)) return;
    printf("#   got  \"%s\"\n#   want \"%s\"\n", got, want);
}

__attribute__((unused)) static void check_near(double got, double want, double within,
                                               const char *where, const char *what)
{
    if (check_report(got >= want - within && got <= want + within, where, what)) return;
    printf("#   got %g, want %g within %g\n", got, want, within);
}

#define CHECK_TEXT_OF(x) #x
#define CHECK_LINE(line) __FILE__ ":" CHECK_TEXT_OF(line)
#define CHECK_HERE       CHECK_LINE(__LINE__)

#define CHECK(cond)                   (void)check_report((cond), CHECK_HERE, #cond)
#define CHECK_INT(got, want)          check_int((int64_t)(got), (int64_t)(want), CHECK_HERE, #got)
#define CHECK_TEXT(got, want)         check_text((got), (want), CHECK_HERE, #got)
#define CHECK_NEAR(got, want, within) check_near((got), (want), (within), CHECK_HERE, #got)
#define REQUIRE(cond)                                                                              \
    do {                                                                                           \
        if (!check_report((cond), CHECK_HERE, #cond)) return;                                      \
    } while (0)

#define RUN(test) check_run(#test, test)

__attribute__((unused)) static void check_run(const char *name, void (*test)(void))
{
    check_state.check_count = check_state.failed_checks = 0;
    test();
    bool ok = check_state.failed_checks == 0 && check_state.check_count > 0;
    if (check_state.check_count == 0) printf("# %s checked nothing\n", name);
    printf("%sok %d - %s\n", ok ? "" : "not ", ++check_state.test_count, name);
    if (!ok) check_state.failed_tests++;
    (void)fflush(stdout);
}

/* Prints the TAP plan; the exit status of the program. */
__attribute__((unused)) static int check_finish(void)
{
    printf("1..%d\n", check_state.test_count);
    return check_state.failed_tests > 0;
}
