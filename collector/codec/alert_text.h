/* alert_text.h - an alert in one calm, exact sentence: the same words on a phone, in the API and
 * on the live page.
 *
 *     cpu of fe1 at 97 % (limit 90 %) for 10 s
 *     cpu of fe1 back under 90 %, resolves when that lasts
 *     cpu of fe1 back under 90 % after 3 min 20 s
 *     accept queue of nginx *:443 on fe1 full (511 of 511) for 2 s
 *     memory of fe1 ran out, the kernel kills processes
 *     fe1 stalled, waiting for memory 34 % of the time (limit 20 %) for 12 s
 *     fe1 takes 1.8 times its fair share of the traffic (limit 1.5) for 1 min
 *     traffic collapsed to 4 % of what is usual now, although 2 hosts are up for 10 s
 *     no spare host: traffic at 112 % of what the pool could take without fe2 for 1 min
 *     cpu of fe1 at 97 % (limit 90 %) for 4 s, pages at 10 s
 *     fe1 and fe2 silent for 5 s (50 % of the pool), load was rising
 *     HighErrorRate: 5xx at 12 % and 2 other alerts, on fe1 and fe2
 *     unstable, comes and goes: cpu of fe1 at 97 % (limit 90 %) for 12 s
 *     cpu of fe1 at 97 % (limit 90 %) for 40 s, nothing known since 14:03:52 UTC
 *
 * Numbers are cut, never rounded up, so that a text does not claim more than was measured. */
#pragma once

#include "collector/core/alert/alert.h"
#include "common/base/text.h"

/* Room for every sentence with a tier and a pool in front, its NUL included. */
enum { PL_ALERT_TEXT_BYTES = 512 };

/* The sentence, as its state has it. `at_unix_ms` is the moment it is written for: an alert that is
 * not resolved has lasted until then. */
void pl_alert_text_write(const struct pl_alert *alert, int64_t at_unix_ms, struct pl_text *out);
/* "[PAGE] web: ", "[WARN] web: " or "[RESOLVED] web: " and the sentence. */
void pl_alert_title_write(const struct pl_alert *alert, int64_t at_unix_ms, struct pl_text *out);
/* The sentence for those who were paged and need not care any more. An alert that still fires has
 * only left the level that pages. `resolved_unix_ms` is set. */
void pl_alert_over_write(const struct pl_alert *alert, struct pl_text *out);
/* "fe1", "fe1 and fe2", "fe1, fe2 and 38 other hosts": at most `named_max` names, worst first. */
void pl_alert_hosts_write(const struct pl_finding *finding, uint32_t named_max,
                          struct pl_text *out);
/* "10 s", "3 min 20 s", "2 h 5 min", "4 d 3 h"; a negative time is "0 s". */
void pl_duration_write(int64_t ms, struct pl_text *out);
