#include "collector/core/alert/link.h"

uint64_t pl_link_alert(const struct pl_alert *alert)
{
    uint8_t buf[PL_ALERT_ID_MAX + 1 + sizeof(uint64_t)] = {0};
    char id[PL_ALERT_ID_MAX + 1];
    pl_alert_id(alert, id);
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_put_bytes(&w, pl_span_of(id));
    pl_put_u8(&w, 0);
    pl_put_u64(&w, (uint64_t)alert->opened_unix_ms);
    return pl_hash_bytes((struct pl_span){buf, w.len});
}

uint32_t pl_link_who(struct pl_span target, struct pl_span person)
{
    uint8_t buf[2 * PL_NAME_LEN_MAX + 1];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_put_bytes(&w, target);
    pl_put_u8(&w, 0);
    pl_put_bytes(&w, person);
    return (uint32_t)pl_hash_bytes((struct pl_span){buf, w.len});
}

enum pl_link_state pl_link_judge(const struct pl_link *link, const struct pl_alert *alert,
                                 const struct pl_handling *handling, struct pl_span by,
                                 int64_t now_unix_ms)
{
    if (!alert || alert->state != PL_ALERT_FIRING) return PL_LINK_OVER;
    if (now_unix_ms - link->issued_unix_ms >= PL_LINK_MS) return PL_LINK_EXPIRED;
    if (handling->hold == PL_HOLD_ACKNOWLEDGED)
        return pl_span_is(by, handling->by) ? PL_LINK_MINE : PL_LINK_TAKEN;
    if (handling->hold == PL_HOLD_SNOOZED) return PL_LINK_GOOD; // put off, and nobody has it
    return handling->since_unix_ms >= link->issued_unix_ms ? PL_LINK_USED : PL_LINK_GOOD;
}
