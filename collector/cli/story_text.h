/* story_text.h - a replay in words: the summary, why an alert came, why another did not, and what
 * other rules would have changed. Times are UTC and say so. */
#pragma once

#include "collector/cli/story.h"

#include <stdio.h>

enum { PL_STORY_TIME_BYTES = 32 };

/* "2026-05-01 14:03:12 UTC" into PL_STORY_TIME_BYTES bytes. */
void pl_story_time_write(char *out, int64_t unix_ms);
/* One screen: what every pool with something to tell went through. */
void pl_story_summary(const struct pl_story *s, FILE *out);
/* For every rule that came near a page without one: where it was nearest and what was missing. */
void pl_story_misses(const struct pl_story *s, FILE *out);
/* The pages of one recording under two sets of rules: those that both make, and the differences.
 * `trial_name` is what the second set is called. */
void pl_story_compare(const struct pl_story *base, const struct pl_story *trial,
                      const char *trial_name, FILE *out);
/* Indented lines: the rule behind an alert, its numbers, and why that is a page or a warning. */
void pl_story_explain(const struct pl_engine *engine, uint32_t alert, FILE *out);
