/* diagnosis.h - what plimsoll-agent doctor has found, and how it is told to people and programs.
 *
 * A finding is fine, or something is not there that nobody misses here (a note), or the agent goes
 * without something it could use, or no collector takes this host. The worst one is the verdict. */
#pragma once

#include "common/base/text.h"

enum {
    PL_FINDINGS_MAX = 96, // further ones are left out and counted
    PL_FINDING_NAME_BYTES = 48,
    PL_FINDING_TEXT_BYTES = 512,
    PL_FINDING_DO_BYTES = 192,
    PL_DIAGNOSIS_BYTES = 96 * 1024, // room for either form
};

enum pl_finding_state {
    PL_FINDING_OK,
    PL_FINDING_NOTE,    // nothing is wrong with that
    PL_FINDING_LACK,    // the agent works without
    PL_FINDING_REFUSED, // no collector takes this host
    PL_FINDING_STATE_COUNT
};

struct pl_finding {
    const char *section; // static
    enum pl_finding_state state;
    char name[PL_FINDING_NAME_BYTES];
    char text[PL_FINDING_TEXT_BYTES]; // a sentence or two
    char advice[PL_FINDING_DO_BYTES]; // what an operator can do; empty: nothing
};

struct pl_diagnosis {
    uint32_t count, left_out;
    struct pl_finding findings[PL_FINDINGS_MAX];
};

/* Room for one more, with its section and state set; the last one again if there is none. */
struct pl_finding *pl_diagnosis_add(struct pl_diagnosis *d, const char *section,
                                    enum pl_finding_state state);
/* The worst state there is. */
enum pl_finding_state pl_diagnosis_verdict(const struct pl_diagnosis *d);
/* Lines of at most 100 characters, by section in the order they were found in; or one JSON object
 * {"host", "pool", "verdict", "findings": [{"section", "name", "state", "text", "do"}]}. `who` is
 * {host, pool}. */
void pl_diagnosis_write(const struct pl_diagnosis *d, struct pl_text *out);
void pl_diagnosis_write_json(const struct pl_diagnosis *d, const char *const who[2],
                             struct pl_text *out);
