/* now.h - the two clocks, taken once per callback by the shell and passed down. */
#pragma once

#include <stdint.h>

/* In a field that holds a time: it has not happened. */
#define PL_NEVER_MS INT64_MIN

struct pl_now {
    int64_t mono_ms; // never steps: durations, deadlines
    int64_t unix_ms; // may step: what people and files see
};
