/* seats.h - who speaks for a host: one connection per host name.
 *
 * An agent that lost its connection is back before the collector notices. It still has the boot id
 * it had, so it simply takes its old connection's place. Another boot id under the same name is
 * another process: a restarted agent (whose old connection ends by itself), a machine that came
 * back after losing power (whose old connection is silent), or a second machine given the same
 * name by mistake. So it gets the seat only once the old one has been silent for
 * PL_SEAT_SILENT_INTERVALS; two living machines of one name then do not throw each other out for
 * ever, and the second one's operator is told why.
 *
 * Seats are numbered by connection. Names are found by hash, chains run through the seats. */
#pragma once

#include "common/wire/hello.h"

enum { PL_SEAT_SILENT_INTERVALS = 3 };

struct pl_seat {
    bool taken;
    struct pl_name host;
    struct pl_boot_id boot_id;
    uint32_t interval_ms;
    uint32_t next;         // seat in the same bucket, or `count`
    int64_t heard_mono_ms; // a frame of its connection came
};

struct pl_seats {
    struct pl_seat *seats; // borrowed, `count` items
    uint32_t *buckets;     // borrowed, `count` items
    uint32_t count;
};

enum pl_seat_claim {
    PL_SEAT_GIVEN,    // nobody had it
    PL_SEAT_REPLACES, // given; the connection that had it must be closed
    PL_SEAT_REFUSED,  // somebody has it and may keep it
};

/* Bytes of memory for `count` seats, 1 to 2^31. */
size_t pl_seats_bytes(uint32_t count);
/* All free. `memory` is pl_seats_bytes() long, aligned for any type, and outlives the seats. */
void pl_seats_init(struct pl_seats *s, void *memory, uint32_t count);

/* Connection `seat`, which has none yet, says `hello`. `*replaced` is set only for
 * PL_SEAT_REPLACES. */
PL_MUST_CHECK enum pl_seat_claim pl_seats_claim(struct pl_seats *s, uint32_t seat,
                                                const struct pl_hello *hello, int64_t now_mono_ms,
                                                uint32_t *replaced);
/* Its connection is heard. Ignored without a seat. */
void pl_seats_heard(struct pl_seats *s, uint32_t seat, int64_t now_mono_ms);
/* Its connection ended. Ignored without a seat. */
void pl_seats_leave(struct pl_seats *s, uint32_t seat);
