/* Who speaks for a host. */
#include "tests/check.h"

#include "collector/core/observe/seats.h"
#include "common/base/assert.h"
#include "common/base/rng.h"

enum { SEATS = 24 };

static _Alignas(16) uint8_t memory[SEATS * 256];

static struct pl_hello hello_of(uint32_t host, uint8_t boot)
{
    struct pl_hello hello = {.boot_id = {{boot}}, .interval_ms = 1000};
    char name[] = {'h', (char)('a' + host), '\0'};
    CHECK_INT(pl_name_parse(pl_span_of(name), &hello.host), 0);
    return hello;
}

static void start(struct pl_seats *s, uint32_t count)
{
    PL_ASSERT(pl_seats_bytes(count) <= sizeof memory);
    pl_seats_init(s, memory, count);
}

static void test_the_same_agent_takes_its_seat_back(void)
{
    struct pl_seats s;
    uint32_t replaced = 99;
    struct pl_hello hello = hello_of(0, 1);
    start(&s, SEATS);
    CHECK_INT(pl_seats_claim(&s, 3, &hello, 1000, &replaced), PL_SEAT_GIVEN);
    CHECK_INT(replaced, 99);
    CHECK_INT(pl_seats_claim(&s, 4, &hello, 1001, &replaced), PL_SEAT_REPLACES);
    CHECK_INT(replaced, 3);
    pl_seats_leave(&s, 3); // its connection closes: the new one keeps the seat
    CHECK_INT(pl_seats_claim(&s, 5, &hello, 1002, &replaced), PL_SEAT_REPLACES);
    CHECK_INT(replaced, 4);
}

static void test_another_process_waits_for_silence(void)
{
    static const struct {
        int64_t heard_ms, claim_ms;
        enum pl_seat_claim want;
    } cases[] = {
        {0, 0, PL_SEAT_REFUSED},       {0, 3000, PL_SEAT_REFUSED},     {0, 3001, PL_SEAT_REPLACES},
        {2000, 5000, PL_SEAT_REFUSED}, {2000, 5001, PL_SEAT_REPLACES},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_seats s;
        uint32_t replaced;
        struct pl_hello old = hello_of(0, 1), young = hello_of(0, 2);
        start(&s, SEATS);
        CHECK_INT(pl_seats_claim(&s, 0, &old, 0, &replaced), PL_SEAT_GIVEN);
        pl_seats_heard(&s, 0, cases[i].heard_ms);
        CHECK_INT(pl_seats_claim(&s, 1, &young, cases[i].claim_ms, &replaced), cases[i].want);
        pl_seats_leave(&s, 0);
        if (cases[i].want == PL_SEAT_REFUSED)
            CHECK_INT(pl_seats_claim(&s, 1, &young, cases[i].claim_ms, &replaced), PL_SEAT_GIVEN);
    }
}

/* Random claims and leavings of more hosts than buckets, against a plain list. */
static void test_random_seats(void)
{
    enum { HOSTS = 20 };
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct pl_rng rng = pl_rng_init(seed);
        struct pl_seats s;
        uint32_t count = 1 + pl_rng_below(&rng, SEATS);
        int holder[HOSTS]; // seat of each host, -1: none
        int host_of[SEATS];
        memset(holder, -1, sizeof holder);
        memset(host_of, -1, sizeof host_of);
        start(&s, count);
        for (int i = 0; i < 400; i++) {
            uint32_t seat = pl_rng_below(&rng, count), host = pl_rng_below(&rng, HOSTS);
            uint32_t replaced = UINT32_MAX;
            if (host_of[seat] >= 0) {
                pl_seats_leave(&s, seat);
                holder[host_of[seat]] = -1;
                host_of[seat] = -1;
                continue;
            }
            struct pl_hello hello = hello_of(host, 1);
            enum pl_seat_claim got = pl_seats_claim(&s, seat, &hello, i, &replaced);
            CHECK_INT(got, holder[host] < 0 ? PL_SEAT_GIVEN : PL_SEAT_REPLACES);
            CHECK_INT((int32_t)replaced, holder[host]);
            if (holder[host] >= 0) host_of[holder[host]] = -1;
            holder[host] = (int)seat;
            host_of[seat] = (int)host;
        }
    }
}

int main(void)
{
    RUN(test_the_same_agent_takes_its_seat_back);
    RUN(test_another_process_waits_for_silence);
    RUN(test_random_seats);
    return check_finish();
}
