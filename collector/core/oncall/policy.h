/* policy.h - from a policy to a route: who is told now, and who later.
 *
 *     a notifier   a receiver of its own: a chat, a ticket queue
 *     a person     their contact methods, in order; nothing during their quiet hours but what
 *                  follows
 *     a team       its members whose hours are not quiet; all of them if everybody's are
 *     a schedule   who is on call now, whatever their quiet hours say
 *
 * A person named by a step is told at any hour, too: quiet hours hold back what goes to a whole
 * team. A schedule that has a gap (or a step whose windows are all closed) adds nobody to its step;
 * when the whole route would reach nobody because of that, everybody of its schedules is told, for
 * a page that reaches the wrong people is better than one that reaches none. */
#pragma once

#include "collector/core/oncall/oncall.h"

/* The people whom the first step of policy `number` wakes at that time, and who are nobody's team:
 * at most `max` into `people`; returns how many. */
uint32_t pl_policy_people(const struct pl_oncall *oncall, uint32_t number, int64_t unix_s,
                          uint16_t *people, uint32_t max);
/* Fill `*out`, which is zeroed, with the route of policy `number` (policies[number - 1]) at that
 * moment. Of `oncall`, a struct pl_oncall: see pl_route_source. */
void pl_policy_route(const void *oncall, uint32_t number, int64_t unix_ms, struct pl_route *out);
/* Who is told first now, by name: the first person a step names, or who is on call for the first
 * schedule that has somebody. PL_NOBODY; `number` 0: no policy. */
uint16_t pl_policy_watcher(const struct pl_oncall *oncall, uint32_t number, int64_t unix_s);
