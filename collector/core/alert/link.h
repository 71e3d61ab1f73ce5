/* link.h - the link in a page that acknowledges, and what it is still good for.
 *
 * A link is for one alert from one opening on, for whoever was told by one target, and for
 * PL_LINK_MS. What it was used for needs no list: somebody has had the alert since the page was
 * written, or not, and that is part of the alert (handling.h), which outlives a restart. */
#pragma once

#include "collector/core/alert/alert.h"
#include "collector/core/alert/handling.h"
#include "collector/core/alert/outbox.h"

enum { PL_LINK_MS = PL_PAGE_TTL_FIRING_MS };

struct pl_link {
    uint64_t alert; // pl_link_alert()
    uint32_t who;   // pl_link_who()
    int64_t issued_unix_ms;
};

enum pl_link_state {
    PL_LINK_GOOD,    // it fires and nobody has it
    PL_LINK_MINE,    // whoever the link is for has it
    PL_LINK_TAKEN,   // somebody else has it
    PL_LINK_USED,    // somebody had it after the link was made; it fires on
    PL_LINK_OVER,    // it does not fire any more
    PL_LINK_EXPIRED, // the link is too old
    PL_LINK_STATE_COUNT,
};

/* What tells this alert, since it opened, from all others. */
uint64_t pl_link_alert(const struct pl_alert *alert);
/* Likewise who was told: a target, and the one person it belongs to (empty: several, or nobody). */
uint32_t pl_link_who(struct pl_span target, struct pl_span person);

/* `alert` is the one that `link` names, NULL if there is none any more; `handling` is its own; `by`
 * is the name in which the link acknowledges. */
enum pl_link_state pl_link_judge(const struct pl_link *link, const struct pl_alert *alert,
                                 const struct pl_handling *handling, struct pl_span by,
                                 int64_t now_unix_ms);
