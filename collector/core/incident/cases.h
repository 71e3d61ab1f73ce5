/* cases.h - all cases that are known.
 *
 * PL_CASES_MAX of them; when they are used up the one that was closed longest ago makes room, and
 * PL_E_FULL while all are open. Cases keep their place, so an index stays good until the case is
 * replaced; whoever waits names it by id. About 70 KiB each, touched when first used. */
#pragma once

#include "collector/core/incident/case.h"
#include "collector/core/now.h"
#include "collector/core/observe/fleet.h"

enum { PL_CASES_MAX = 64 };

struct pl_cases {
    uint32_t used_max; // cases ever used are below
    struct pl_case items[PL_CASES_MAX];
};

/* 0 and its place, or PL_E_FULL. `*dropped`, if it was used, is a copy of the names of the case
 * that made room: its records may be deleted. */
struct pl_case_dropped {
    struct pl_name id; // empty: none had to
    uint32_t update_count;
    uint32_t updates[PL_CASE_UPDATES_MAX]; // their numbers
};
PL_MUST_CHECK int pl_cases_open(struct pl_cases *cases, const struct pl_case_opening *opening,
                                int64_t now_unix_ms, uint32_t *index,
                                struct pl_case_dropped *dropped);
/* Index, or PL_NO_INDEX. */
uint32_t pl_cases_find(const struct pl_cases *cases, const struct pl_name *id);
/* By the customers' link; takes as long for every name of that length. */
uint32_t pl_cases_find_link(const struct pl_cases *cases, const struct pl_name *link);
/* Something was seen in that pool: a line in every open case about it, but for what came before the
 * case was opened. */
void pl_cases_hear(struct pl_cases *cases, const struct pl_name *pool, enum pl_case_event_kind kind,
                   struct pl_span text, int64_t at_unix_ms);
/* True if a case should be opened for that alert by itself: it pages, has done so for `after_ms`,
 * no open case is about its pool, and nobody closed one that was about this very alert.
 * `after_ms` 0: never. */
bool pl_cases_want(const struct pl_cases *cases, const struct pl_alert *alert, int64_t after_ms,
                   int64_t now_unix_ms);

/* What was written down before a restart. One that is known here already stays. PL_E_FULL. */
PL_MUST_CHECK int pl_cases_restore(struct pl_cases *cases, const struct pl_case *c);
/* After its case; kept in the order of numbers. PL_E_NOT_FOUND: there is no such case. */
PL_MUST_CHECK int pl_cases_restore_update(struct pl_cases *cases, const struct pl_name *id,
                                          const struct pl_case_update *update);
