/* case_text.h - words for customers: what is known, without the name of a single machine.
 *
 * A draft is written from counts, times and loads only. What a human makes of it is looked through
 * once more before it is published: a host name or an address in it is refused. */
#pragma once

#include "collector/core/engine.h"
#include "collector/core/incident/case.h"

/* What is known about the pools of a case. */
struct pl_case_facts {
    bool pages;            // an alert of theirs pages now; else the rest but host_count is 0
    enum pl_rule rule;     // of the one that opened first
    int64_t since_unix_ms; // when its trouble began
    uint32_t host_count;   // front ends of these pools
    uint32_t struck_count; // of those, concerned by alerts that page
    double load;           // traffic over capacity of the fullest pool; negative: not known
    uint32_t more_hosts;   // as many front ends more would carry it; 0: not known, or none
};
struct pl_case_facts pl_case_facts_gather(const struct pl_engine *engine, const struct pl_case *c);

/* Words for the next update, and when the one after it would be due (`*next_ms`, 0: none). */
void pl_case_propose(const struct pl_case *c, const struct pl_case_facts *facts,
                     int64_t now_unix_ms, struct pl_case_words *out, int64_t *next_ms);

/* True if `text` names a host of the fleet (alone, or with a domain behind it) or an IPv4 address;
 * `found` is that word, cut to PL_NAME_LEN_MAX. */
bool pl_case_names_machine(const struct pl_fleet *fleet, const char *text,
                           char found[PL_NAME_LEN_MAX + 1]);

/* "14:03 UTC", with its date in front if that is not the day of `now`. */
void pl_case_time_write(struct pl_text *out, int64_t unix_ms, int64_t now_unix_ms);

/* What a help desk pastes into its answers: the newest update as plain text, when the next one is
 * due, and where customers read on. `url`: of the customers' page. */
void pl_case_paste_write(struct pl_text *out, const struct pl_case *c, struct pl_span url,
                         int64_t now_unix_ms);
