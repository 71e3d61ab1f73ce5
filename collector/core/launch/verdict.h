/* verdict.h - will it hold? What a launch brings against what its pool takes after losing a host.
 *
 *     ratio = (usual + what it adds + what other launches add, P90) / C_n1
 *
 *     GREEN    up to 0.6, and what is known is known well     nothing to do
 *     AMBER    up to 0.85, or little is known                 listed actions
 *     RED      up to 1.5                                      not safe as it is
 *     BLACK    above, or no remedy is left that comes in time it fails at P90: move, spread, queue
 *     UNKNOWN  nobody knows what the pool takes               and what would tell
 *
 * The answer is never "too late": it lists what is still possible in the time left, what is
 * quickest first, and says of each whether it comes in time and whether it is enough. */
#pragma once

#include "collector/core/judge/rule_saturation.h"
#include "collector/core/launch/estimate.h"

/* colour, word; from good to bad, what is not known in between where it belongs. */
#define PL_VERDICT_LIST(X)                                                                         \
    X(PL_VERDICT_GREEN, "green")                                                                   \
    X(PL_VERDICT_AMBER, "amber")                                                                   \
    X(PL_VERDICT_UNKNOWN, "unknown")                                                               \
    X(PL_VERDICT_RED, "red")                                                                       \
    X(PL_VERDICT_BLACK, "black")

enum pl_verdict_colour {
#define PL_VERDICT_ENUM(colour, word) colour,
    PL_VERDICT_LIST(PL_VERDICT_ENUM)
#undef PL_VERDICT_ENUM
        PL_VERDICT_COUNT
};

/* remedy, word, seconds it takes (0: the pool's own time to act), what to do. By the time they
 * take; the times are guesses until learned. */
#define PL_REMEDY_LIST(X)                                                                          \
    X(PL_REMEDY_SPREAD, "spread", 60, "send the announcement in parts instead of all at once")     \
    X(PL_REMEDY_QUEUE, "queue_page", 120, "let a queue page admit what the pool takes")            \
    X(PL_REMEDY_DEGRADE, "degrade", 300, "switch off what the customer can do without")            \
    X(PL_REMEDY_HOSTS, "hosts", 360, "add hosts to the pool")                                      \
    X(PL_REMEDY_LARGER, "larger", 0, "make each host larger")                                      \
    X(PL_REMEDY_MOVE, "move", 0, "start later") /* takes as long as it is put off */

enum pl_remedy {
#define PL_REMEDY_ENUM(remedy, ...) remedy,
    PL_REMEDY_LIST(PL_REMEDY_ENUM)
#undef PL_REMEDY_ENUM
        PL_REMEDY_COUNT
};

enum pl_confidence { PL_CONFIDENCE_LOW, PL_CONFIDENCE_MEDIUM, PL_CONFIDENCE_HIGH };

enum pl_lead { PL_LEAD_NOW, PL_LEAD_RUSH, PL_LEAD_SHORT, PL_LEAD_PLANNED };

const char *pl_verdict_word(enum pl_verdict_colour colour);
const char *pl_remedy_word(enum pl_remedy remedy);
const char *pl_remedy_text(enum pl_remedy remedy);
const char *pl_confidence_word(enum pl_confidence confidence);
const char *pl_lead_word(enum pl_lead lead);

#define PL_RATIO_GREEN 0.6
#define PL_RATIO_AMBER 0.85
#define PL_RATIO_RED   1.5
/* What switching things off saves, as a part of the load; a guess. */
#define PL_DEGRADE_SAVES 0.3
enum {
    PL_REMEDY_MARGIN_MS = 5 * 60 * 1000, // between the end of a remedy and the first message
    PL_SAFE_START_STEP_MS = 5 * 60 * 1000,
    PL_SAFE_START_AHEAD_MS = 24 * 3600 * 1000, // a later safe start is not looked for
};

struct pl_remedy_option {
    enum pl_remedy remedy;
    int64_t takes_ms;
    int64_t deadline_unix_ms; // begin no later; SPREAD, MOVE: decide no later
    bool in_time;             // there is time for it still
    bool suffices;            // alone it brings the ratio to PL_RATIO_AMBER
    bool consented;           // DEGRADE, QUEUE: the customer has agreed; else true
    uint32_t parts;           // SPREAD: so many, an hour apart
};

struct pl_launch_verdict {
    enum pl_verdict_colour colour;
    enum pl_confidence confidence;
    enum pl_lead lead;
    int64_t lead_ms; // from now to the first message; may be negative
    enum pl_traffic_source unit;
    struct pl_load expected;  // at the peak, usual and other launches included
    double usual;             // of that
    double others;            // of that: launches at the same time, P90
    double ceiling;           // C_n1 (of a single host: what it takes); 0: not known
    double ratio;             // 0: not known
    bool single_host;         // nobody can stand in for it
    enum pl_capacity_gap gap; // UNKNOWN: why
    bool has_limit;           // what is full first is known:
    enum pl_learned first_limit;
    uint32_t tight_host;   // index, or PL_NO_INDEX
    int64_t begin_unix_ms; // the first message
    int64_t peak_unix_ms;
    int64_t full_unix_ms;        // when P90 reaches the ceiling; 0: never
    struct pl_shortfall missing; // to come down to PL_RATIO_AMBER
    uint32_t remedy_count;
    struct pl_remedy_option remedies[PL_REMEDY_COUNT]; // by the time they take
    int64_t safe_start_unix_ms; // earliest at which the first message is safe without a remedy,
                                // or after the quickest that suffices; 0: none within a day
    uint32_t assumptions;       // bit a: enum pl_launch_assumption
};

/* What the pool is, and who else comes. All borrowed for the call. */
struct pl_launch_ground {
    const struct pl_saturation *pool;
    const struct pl_fleet *fleet;
    int64_t act_ms; // what a remedy takes there
    const struct pl_launch_plan *const *others;
    uint32_t other_count;
};

struct pl_launch_verdict pl_launch_judge(const struct pl_launch *l,
                                         const struct pl_launch_plan *plan,
                                         const struct pl_launch_ground *ground,
                                         int64_t now_unix_ms);
/* The worse of two colours: how a launch on several pools is called. */
enum pl_verdict_colour pl_verdict_worse(enum pl_verdict_colour a, enum pl_verdict_colour b);
