#include "collector/core/observe/seats.h"

#include "common/base/assert.h"

size_t pl_seats_bytes(uint32_t count)
{
    return count * (sizeof(struct pl_seat) + sizeof(uint32_t));
}

void pl_seats_init(struct pl_seats *s, void *memory, uint32_t count)
{
    PL_ASSERT(count >= 1 && count <= 1u << 31);
    *s = (struct pl_seats){.seats = memory, .count = count};
    s->buckets = (uint32_t *)(void *)(s->seats + count);
    for (uint32_t i = 0; i < count; i++) {
        s->seats[i].taken = false;
        s->buckets[i] = count;
    }
}

/* The link that holds the first seat of that name's bucket. */
static uint32_t *bucket_of(struct pl_seats *s, const struct pl_name *host)
{
    return &s->buckets[pl_hash_bytes(pl_name_span(host)) % s->count];
}

static uint32_t find(struct pl_seats *s, const struct pl_name *host)
{
    uint32_t at = *bucket_of(s, host);
    while (at != s->count && !pl_name_eq(&s->seats[at].host, host)) at = s->seats[at].next;
    return at;
}

enum pl_seat_claim pl_seats_claim(struct pl_seats *s, uint32_t seat, const struct pl_hello *hello,
                                  int64_t now_mono_ms, uint32_t *replaced)
{
    PL_ASSERT(seat < s->count && !s->seats[seat].taken);
    enum pl_seat_claim claim = PL_SEAT_GIVEN;
    uint32_t other = find(s, &hello->host);
    if (other != s->count) {
        const struct pl_seat *had = &s->seats[other];
        int64_t silent_ms = now_mono_ms - had->heard_mono_ms;
        if (!pl_boot_id_eq(&had->boot_id, &hello->boot_id) &&
            silent_ms <= (int64_t)had->interval_ms * PL_SEAT_SILENT_INTERVALS)
            return PL_SEAT_REFUSED;
        pl_seats_leave(s, other);
        *replaced = other;
        claim = PL_SEAT_REPLACES;
    }
    uint32_t *first = bucket_of(s, &hello->host);
    s->seats[seat] = (struct pl_seat){.taken = true,
                                      .host = hello->host,
                                      .boot_id = hello->boot_id,
                                      .interval_ms = hello->interval_ms,
                                      .next = *first,
                                      .heard_mono_ms = now_mono_ms};
    *first = seat;
    return claim;
}

void pl_seats_heard(struct pl_seats *s, uint32_t seat, int64_t now_mono_ms)
{
    s->seats[seat].heard_mono_ms = now_mono_ms;
}

void pl_seats_leave(struct pl_seats *s, uint32_t seat)
{
    if (!s->seats[seat].taken) return;
    uint32_t *link = bucket_of(s, &s->seats[seat].host);
    while (*link != seat) link = &s->seats[*link].next;
    *link = s->seats[seat].next;
    s->seats[seat].taken = false;
}
