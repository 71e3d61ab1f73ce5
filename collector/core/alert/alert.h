/* alert.h - the life of one alert: verdicts in, actions out; no clock, no I/O.
 *
 *     OK --verdict--> PENDING --held hold_ms--> FIRING --clear for clear_ms--> RESOLVED
 *      ^                 |                        ^                               |
 *      +----- clear -----+                        +------- verdict held again ----+
 *
 * A rule that holds by itself says what is coming: then the alert is PENDING until the rule has a
 * verdict, or until nothing comes any more or nothing is known.
 *
 * While it fires its tier goes up at once (RAISE) and down only after clear_ms (LOWER), so that a
 * pool that settles between the two levels is withdrawn from the pager and stays on the page.
 *
 * Identity is rule + pool. Hosts, values and times are content: forty hosts are one alert. A
 * verdict without data freezes the alert: silence never proves recovery, and a hold or clear time
 * that was running starts again when there is data. */
#pragma once

#include "collector/core/judge/rule.h"
#include "collector/core/now.h"

enum pl_alert_state { PL_ALERT_OK, PL_ALERT_PENDING, PL_ALERT_FIRING, PL_ALERT_RESOLVED };

enum pl_alert_action {
    PL_ALERT_NONE,
    PL_ALERT_OPEN,  // begins to fire, at its tier
    PL_ALERT_RAISE, // fires already, now at the PAGE tier
    PL_ALERT_LOWER, // fires on, no longer at the PAGE tier
    PL_ALERT_CLOSE, // resolved
};

struct pl_alert_policy {
    int64_t hold_ms;  // a verdict must last this long before the alert opens
    int64_t clear_ms; // and stay away (or lower) this long before it closes (or is lowered)
};

struct pl_alert {
    enum pl_rule rule;
    struct pl_name pool;
    enum pl_alert_state state;
    enum pl_tier tier;         // while it fires; the last one afterwards
    uint32_t revision;         // counts every action
    int64_t pending_mono_ms;   // since when the verdict lasts
    int64_t lower_mono_ms;     // since when it is under `tier` while firing, or PL_NEVER_MS
    int64_t clear_mono_ms;     // since when it is away while firing, or PL_NEVER_MS
    int64_t since_unix_ms;     // when the trouble began
    int64_t opened_unix_ms;    // 0: never
    int64_t resolved_unix_ms;  // when it ended, clear_ms before the close; 0: not resolved
    uint32_t paged;            // bit t: target t was (perhaps) told that this fires, and not yet
                               // that it is over
    uint32_t failed;           // bit t: telling target t the newest state was given up
    struct pl_finding finding; // newest with a tier; kept after the close for the resolve text
};

void pl_alert_init(struct pl_alert *a, enum pl_rule rule, const struct pl_name *pool);

/* Advance to `now` (mono never before the last call). OPEN and CLOSE strictly alternate, and so do
 * being at the PAGE tier (OPEN, RAISE) and leaving it (LOWER, CLOSE). Cannot fail. */
enum pl_alert_action pl_alert_step(struct pl_alert *a, const struct pl_alert_policy *policy,
                                   struct pl_verdict verdict, struct pl_now now);

/* True while somebody must know: it fires at the PAGE tier. */
bool pl_alert_pages(const struct pl_alert *a);

/* "limit/web": identity in the API, in Redis and as the providers' dedup key. `out` has
 * PL_ALERT_ID_MAX + 1 bytes. */
enum { PL_ALERT_ID_MAX = 16 + 1 + PL_NAME_LEN_MAX };
void pl_alert_id(const struct pl_alert *a, char *out);
