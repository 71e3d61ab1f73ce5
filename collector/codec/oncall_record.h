/* oncall_record.h - overrides as the JSON that Redis keeps, and as people send them.
 *
 *     pl:overrides  field: number
 *
 * People and schedules are named: their indexes are those of one configuration. */
#pragma once

#include "collector/core/oncall/oncall.h"
#include "common/base/text.h"

enum { PL_OVERRIDE_RECORD_BYTES = 512 };

struct pl_override_record {
    struct pl_override override; // its schedule and person are not set
    struct pl_name schedule, person;
};

/* Into `out`, which has room for PL_OVERRIDE_RECORD_BYTES. */
void pl_record_override_write(struct pl_text *out, const struct pl_oncall *oncall,
                              const struct pl_override *override);
/* PL_E_SYNTAX, PL_E_RANGE or PL_E_NOT_FOUND, and `*out` untouched. */
PL_MUST_CHECK int pl_record_override_read(struct pl_span in, struct pl_override_record *out);

/* {"person":"alex","from":"2026-12-24T18:00","until":"2026-12-27T09:00"}, times of the schedule's
 * wall clock or with an offset. Fills person, from and until of `*out`. NULL, or what is wrong with
 * the member `*culprit`. */
const char *pl_override_in(struct pl_span body, const struct pl_oncall *oncall, uint16_t schedule,
                           struct pl_override *out, const char **culprit);
