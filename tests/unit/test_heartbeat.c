/* The dead man's ping: regular while pages get through, sooner after a refusal, withheld otherwise.
 */
#include "collector/core/heartbeat.h"
#include "tests/check.h"

enum { MINUTE_MS = 60 * 1000 };

static struct pl_heartbeat heartbeat;
static int64_t now_ms;

/* Requests made in `seconds` seconds, each answered at once. */
static int beats(int seconds, bool through, bool accepted)
{
    int count = 0;
    for (int s = 0; s < seconds; s++, now_ms += 1000) {
        if (!pl_heartbeat_step(&heartbeat, through, now_ms)) continue;
        pl_heartbeat_answered(&heartbeat, accepted, now_ms);
        count++;
    }
    return count;
}

static void start(int64_t interval_ms)
{
    now_ms = 1000000;
    heartbeat = pl_heartbeat_init(interval_ms, now_ms);
}

static void test_one_per_interval(void)
{
    start(MINUTE_MS);
    CHECK_INT(beats(600, true, true), 10);
    CHECK(!heartbeat.refused && !heartbeat.withheld);
}

static void test_nobody_expects_any(void)
{
    start(0);
    CHECK_INT(beats(600, true, true), 0);
}

/* A service that was away for a moment must not page for a missing minute. */
static void test_sooner_after_a_refusal(void)
{
    start(MINUTE_MS);
    CHECK_INT(beats(60, true, false), 60 * 1000 / PL_HEARTBEAT_AGAIN_MS);
    CHECK(heartbeat.refused);
    CHECK_INT(beats(60, true, true), 1);
    CHECK(!heartbeat.refused);
}

static void test_withheld_while_nobody_would_be_woken(void)
{
    start(MINUTE_MS);
    CHECK_INT(beats(60, true, true), 1);
    CHECK_INT(beats(300, false, true), 0);
    CHECK(heartbeat.withheld);
    CHECK_INT(beats(1, true, true), 1); // at once when it is over
    CHECK(!heartbeat.withheld);
}

static void test_one_at_a_time(void)
{
    start(MINUTE_MS);
    CHECK(pl_heartbeat_step(&heartbeat, true, now_ms));
    CHECK_INT(beats(600, true, true), 0); // the first is not answered
}

int main(void)
{
    RUN(test_one_per_interval);
    RUN(test_nobody_expects_any);
    RUN(test_sooner_after_a_refusal);
    RUN(test_withheld_while_nobody_would_be_woken);
    RUN(test_one_at_a_time);
    return check_finish();
}
