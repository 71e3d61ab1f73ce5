/* learn.h - what earlier launches taught: about a customer's crowd, and about our forecasts.
 *
 *     factor = load that came / load that was guessed, at the peak, without the usual
 *
 * Of each channel the median over the customer's finished launches in which it brought a third or
 * more of what was guessed, newest PL_LEARN_EVENTS_MAX, drawn towards 1 while there are few: one
 * event counts half (its logarithm times n / (n + 1)). A customer that nobody named is the pool:
 * its launches without a customer. What does not count: what never came, tests and maintenance, and
 * a pool that was full and so says only that at least as many came, unless that is more than
 * guessed anyway. */
#pragma once

#include "collector/core/launch/book.h"

enum { PL_LEARN_EVENTS_MAX = 32 };
#define PL_LEARN_FACTOR_MAX 20.0 // and its inverse
#define PL_LEARN_SHARE_MIN  (1 / 3.0)

/* How often an expectation came true, and on how many events that rests. */
struct pl_learned_factor {
    double factor; // 0: nothing is known
    uint32_t event_count;
};

struct pl_launch_learned {
    uint32_t event_count; // finished launches that were looked at
    struct pl_learned_factor channels[PL_CHANNEL_COUNT];
    /* Of what an event of its kind adds to the usual, where nobody could say more. */
    struct pl_learned_factor kind;
};

/* What is known for `l` before it comes: of the others of its customer. */
void pl_launch_learn(const struct pl_launch_book *b, const struct pl_launch *l,
                     struct pl_launch_learned *out);

/* How good the forecasts were: the peak that came against the last forecast before it came. */
struct pl_launch_quality {
    uint32_t scored_count;
    uint32_t absent_count;              // nobody came: not scored
    uint32_t factor_2_count;            // within a factor of two of P50
    uint32_t p90_count;                 // not above P90: nine of ten are as they should be
    double median_factor, worst_factor; // of P50, never below 1; 0: none is scored
};

void pl_launch_score(const struct pl_launch_book *b, struct pl_launch_quality *out);
/* By which factor the forecast was off, either way; 0: it cannot be scored. */
double pl_launch_factor_error(const struct pl_launch_course *c);
