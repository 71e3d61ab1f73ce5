/* alert.h - the life of one alert: findings in, actions out; no clock, no I/O.
 *
 *     OK --finding--> PENDING --held hold_ms--> FIRING --clear for clear_ms--> RESOLVED
 *      ^                 |                        ^                               |
 *      +----- clear -----+                        +------- finding held again ----+
 *
 * Identity is rule + pool. Hosts, values and times are content: forty hosts are one alert. A
 * finding without data freezes the alert: silence never proves recovery. */
#pragma once

#include "collector/core/judge/rule.h"
#include "collector/core/now.h"

enum pl_alert_state { PL_ALERT_OK, PL_ALERT_PENDING, PL_ALERT_FIRING, PL_ALERT_RESOLVED };

enum pl_alert_action {
    PL_ALERT_NONE,
    PL_ALERT_OPEN,  // begins to fire, at its tier
    PL_ALERT_RAISE, // fires already, now at the PAGE tier
    PL_ALERT_CLOSE, // resolved
};

struct pl_alert_policy {
    int64_t hold_ms;  // a finding must last this long before the alert opens
    int64_t clear_ms; // and stay away this long before it closes
};

struct pl_alert {
    enum pl_rule rule;
    struct pl_name pool;
    enum pl_alert_state state;
    enum pl_tier tier;         // the highest since it opened
    uint32_t revision;         // counts every OPEN, RAISE and CLOSE
    int64_t pending_mono_ms;   // since when the finding lasts
    int64_t clear_mono_ms;     // since when it is away while firing; -1: it is there
    int64_t since_unix_ms;     // when the trouble began
    int64_t opened_unix_ms;    // 0: never
    int64_t resolved_unix_ms;  // 0: not resolved
    uint32_t paged;            // bit t: target t was (perhaps) told that this fires
    struct pl_finding finding; // newest with a tier; kept after the close for the resolve text
};

void pl_alert_init(struct pl_alert *a, enum pl_rule rule, const struct pl_name *pool);

/* Advance to `now` (mono never before the last call). OPEN and CLOSE strictly alternate, RAISE
 * comes at most once between them. Cannot fail. */
enum pl_alert_action pl_alert_step(struct pl_alert *a, const struct pl_alert_policy *policy,
                                   const struct pl_finding *finding, struct pl_now now);

/* "limit/web": identity in the API, in Redis and as the providers' dedup key. `out` has
 * PL_ALERT_ID_MAX + 1 bytes. */
enum { PL_ALERT_ID_MAX = 16 + 1 + PL_NAME_LEN_MAX };
void pl_alert_id(const struct pl_alert *a, char *out);
