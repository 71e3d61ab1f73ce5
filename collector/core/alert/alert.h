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
 * Trouble that comes and goes is one message, not many: what opens (or comes back to the PAGE tier)
 * for the PL_UNSTABLE_CYCLES th time within unstable_ms is *unstable*. It stays open, and at its
 * tier, until there was quiet for unstable_ms.
 *
 * A consequence is no second problem: the engine hides an alert while its cause pages (rule.h). It
 * shows, pages nobody, and is told when the cause is gone and it is still there.
 *
 * Identity is rule + pool. Hosts, values and times are content: forty hosts are one alert. A
 * verdict without data freezes the alert: silence never proves recovery, and a hold or clear time
 * that was running starts again when there is data. */
#pragma once

#include "collector/core/judge/rule.h"
#include "collector/core/now.h"

enum { PL_UNSTABLE_CYCLES = 3 };

enum pl_alert_state { PL_ALERT_OK, PL_ALERT_PENDING, PL_ALERT_FIRING, PL_ALERT_RESOLVED };

enum pl_alert_action {
    PL_ALERT_NONE,
    PL_ALERT_OPEN,  // begins to fire, at its tier
    PL_ALERT_RAISE, // fires already, now at the PAGE tier
    PL_ALERT_LOWER, // fires on, no longer at the PAGE tier
    PL_ALERT_CLOSE, // resolved
};

struct pl_alert_policy {
    int64_t hold_ms;     // a verdict must last this long before the alert opens
    int64_t clear_ms;    // and stay away (or lower) this long before it closes (or is lowered)
    int64_t unstable_ms; // as above; 0: never
};

struct pl_alert {
    enum pl_rule rule;
    struct pl_name pool;
    enum pl_alert_state state;
    enum pl_tier tier;        // while it fires; the last one afterwards
    uint32_t revision;        // counts every action
    int64_t pending_mono_ms;  // since when the verdict lasts
    int64_t lower_mono_ms;    // since when it is under `tier` while firing, or PL_NEVER_MS
    int64_t clear_mono_ms;    // since when it is away while firing, or PL_NEVER_MS
    int64_t since_unix_ms;    // when the trouble began
    int64_t opened_unix_ms;   // 0: never
    int64_t resolved_unix_ms; // when it ended, clear_ms before the close; 0: not resolved
    int64_t unknown_unix_ms;  // since when nothing is known of it while it fires; 0: it is
    int64_t cycle_mono_ms[PL_UNSTABLE_CYCLES - 1]; // when the last cycles began, newest first, or
                                                   // PL_NEVER_MS
    bool lowered;                                  // since it opened
    bool unstable;          // comes and goes; kept after the close for the resolve text
    bool hidden;            // pages nobody while the cause does
    enum pl_rule hidden_by; // hidden: the cause
    int64_t routed_mono_ms; // while it pages: when the first round of its route began
    uint32_t round;         // of its route (route.h)
    /* Bit t is target t. */
    uint64_t paged;            // was (perhaps) told that this fires, and not yet that it is over
    uint64_t delivered;        // took the newest state of this round
    uint64_t failed;           // telling it the newest state was given up
    struct pl_finding finding; // newest with a tier; kept after the close for the resolve text
};

void pl_alert_init(struct pl_alert *a, enum pl_rule rule, const struct pl_name *pool);
/* Nothing is known of earlier cycles: they were timed by the clock of another process, or are over.
 */
void pl_alert_forget_cycles(struct pl_alert *a);

/* Advance to `now` (mono never before the last call). OPEN and CLOSE strictly alternate, and so do
 * being at the PAGE tier (OPEN, RAISE) and leaving it (LOWER, CLOSE). Cannot fail. */
enum pl_alert_action pl_alert_step(struct pl_alert *a, const struct pl_alert_policy *policy,
                                   struct pl_verdict verdict, struct pl_now now);

/* True while somebody must know: it fires at the PAGE tier, and is not hidden. */
bool pl_alert_pages(const struct pl_alert *a);

/* "limit/web": identity in the API, in Redis and as the providers' dedup key. `out` has
 * PL_ALERT_ID_MAX + 1 bytes. */
enum { PL_ALERT_ID_MAX = 16 + 1 + PL_NAME_LEN_MAX };
void pl_alert_id(const struct pl_alert *a, char *out);
