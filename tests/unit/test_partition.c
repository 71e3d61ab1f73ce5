/* An agent that cannot reach its collector, in simulated time, through the real spool, back-off and
 * both ends of the conversation: nothing is lost inside the spool's promise, and beyond it both
 * sides count the same loss. */
#include "tests/check.h"

#include "agent/core/route.h"
#include "agent/core/spool.h"
#include "common/wire/session.h"

#include <stdlib.h>

enum {
    SECOND_MS = 1000,
    KEEP_S = 900, // the promise: 15 minutes at one sample per second
    DAY_S = 86400,
    BEFORE_S = 300, // streaming, before and after
    AFTER_S = 300,
};

struct line {
    struct pl_spool spool;
    struct pl_route route;
    struct pl_agent_session agent;
    struct pl_collector_session collector;
    bool is_up;
    uint64_t send_seq, last_seq, got, lost; // as the collector counts
    int64_t retry_ms, back_ms;              // when it tries next; when it was back, 0: never away
};

static void give(struct line *l, const uint8_t *bytes, size_t len)
{
    struct pl_span in = {bytes, len};
    while (in.len > 0) {
        struct pl_frame frame;
        struct pl_collector_event event = {.type = PL_COLLECTOR_NOTHING};
        ssize_t used = pl_frame_parse(in, &frame);
        REQUIRE(used > 0);
        REQUIRE(pl_collector_session_step(&l->collector, &frame, &event) == 0);
        if (event.type == PL_COLLECTOR_SAMPLE) {
            CHECK(event.sample.seq > l->last_seq); // nothing twice
            l->lost += event.sample.seq - l->last_seq - 1;
            l->last_seq = event.sample.seq;
            l->got++;
        }
        in = (struct pl_span){in.ptr + used, in.len - (size_t)used};
    }
}

static void stream(struct line *l)
{
    static uint8_t buf[PL_FRAME_BYTES_MAX];
    l->send_seq = PL_MAX(l->send_seq, l->spool.first_seq); // what was dropped meanwhile is gone
    for (; l->send_seq < l->spool.next_seq; l->send_seq++) {
        struct pl_sample sample;
        struct pl_writer w = pl_writer_init(buf, sizeof buf);
        pl_spool_get(&l->spool, l->send_seq, &sample);
        pl_agent_session_sample(&l->agent, &sample, &w);
        REQUIRE(w.err == 0);
        give(l, buf, w.len);
    }
    CHECK_INT(pl_spool_ack(&l->spool, l->last_seq), 0);
    pl_route_prove(&l->route);
}

static void connect(struct line *l, int64_t now_ms)
{
    static uint8_t buf[2 * PL_FRAME_BYTES_MAX];
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION, .interval_ms = SECOND_MS};
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    struct pl_agent_event event;
    struct pl_frame frame;
    hello.first_seq = l->spool.first_seq;
    hello.unix_ms = now_ms;
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &hello.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of("web"), &hello.pool), 0);
    for (int f = 0; f < PL_FACT_COUNT; f++) hello.facts[f].value = -1;
    pl_agent_session_start(&l->agent, &hello, &w);
    pl_collector_session_init(&l->collector);
    give(l, buf, w.len);
    w = pl_writer_init(buf, sizeof buf);
    pl_welcome_write(&(struct pl_welcome){.durable_seq = l->last_seq}, &w);
    REQUIRE(pl_frame_parse((struct pl_span){buf, w.len}, &frame) > 0);
    REQUIRE(pl_agent_session_step(&l->agent, &frame, &event) == 0);
    CHECK_INT(pl_spool_ack(&l->spool, event.welcome.durable_seq), 0);
    l->send_seq = l->spool.first_seq;
    l->is_up = true;
    if (now_ms > 0) l->back_ms = now_ms;
}

/* A sample a second, and attempts when they are due; the collector cannot be reached for `away_s`.
 */
static void live(struct line *l, int64_t away_s)
{
    int64_t begin_ms = BEFORE_S * SECOND_MS, end_ms = begin_ms + away_s * SECOND_MS;
    for (int64_t now_ms = 0; now_ms < end_ms + (int64_t)AFTER_S * SECOND_MS; now_ms += SECOND_MS) {
        bool is_reachable = now_ms < begin_ms || now_ms >= end_ms;
        struct pl_sample sample = {.unix_ms = 1777777777000 + now_ms};
        sample.values[PL_CPU_BUSY] = (int32_t)(now_ms / SECOND_MS % 7000);
        if (l->is_up && !is_reachable) {
            l->is_up = false;
            l->retry_ms = now_ms + pl_route_fail(&l->route, PL_ROUTE_UNREACHED);
        }
        while (!l->is_up && l->retry_ms <= now_ms) {
            if (is_reachable)
                connect(l, now_ms);
            else
                l->retry_ms += pl_route_fail(&l->route, PL_ROUTE_UNREACHED);
        }
        pl_spool_push(&l->spool, &sample);
        if (l->is_up) stream(l);
    }
}

static void check_partition(int64_t away_s, uint64_t want_lost_least, uint64_t want_lost_most)
{
    uint32_t capacity = pl_spool_capacity((int64_t)KEEP_S * SECOND_MS, SECOND_MS);
    void *memory = calloc(1, pl_spool_bytes(capacity));
    struct line l = {.last_seq = 0};
    REQUIRE(memory != NULL);
    pl_spool_init(&l.spool, memory, capacity);
    pl_route_init(&l.route, 1, 7);
    live(&l, away_s);
    uint64_t taken = BEFORE_S + AFTER_S + (uint64_t)away_s;
    CHECK_INT(l.got + l.lost, taken);
    CHECK_INT(l.lost, l.spool.dropped_count); // both sides count the same
    CHECK(l.lost >= want_lost_least && l.lost <= want_lost_most);
    CHECK_INT(pl_spool_count(&l.spool), 0);
    int64_t end_ms = (BEFORE_S + away_s) * SECOND_MS;
    CHECK(l.back_ms >= end_ms && l.back_ms <= end_ms + PL_ROUTE_CAP_MS + SECOND_MS);
    free(memory);
}

static void test_nothing_is_lost_inside_the_promise(void)
{
    static const int64_t away_s[] = {1, 60, 600, KEEP_S - PL_ROUTE_CAP_MS / SECOND_MS - 1};
    for (size_t i = 0; i < PL_LEN(away_s); i++) check_partition(away_s[i], 0, 0);
}

/* What the spool holds is there; what came before it is counted. */
static void test_a_day_is_counted(void)
{
    check_partition(DAY_S, DAY_S - KEEP_S, DAY_S - KEEP_S + PL_ROUTE_CAP_MS / SECOND_MS + 1);
}

int main(void)
{
    RUN(test_nothing_is_lost_inside_the_promise);
    RUN(test_a_day_is_counted);
    return check_finish();
}
