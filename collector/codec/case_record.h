/* case_record.h - cases as Redis keeps them: the case itself, and each of its updates, which never
 * change, beside it. */
#pragma once

#include "collector/core/incident/case.h"
#include "common/base/text.h"

enum {
    PL_CASE_RECORD_BYTES = 60 * 1024, // every case fits; a test holds it to that
    PL_CASE_UPDATE_RECORD_BYTES = 8 * 1024,
    PL_CASE_FIELD_BYTES = PL_NAME_LEN_MAX + 16,
};

/* Field of an update: "<id>.<place>". Places come again, so what is kept of a case is bounded. */
void pl_case_update_field(char out[PL_CASE_FIELD_BYTES], const struct pl_name *id, uint32_t number);

/* Without its updates. */
void pl_record_case_write(struct pl_text *t, const struct pl_case *c);
void pl_record_case_update_write(struct pl_text *t, const struct pl_name *id,
                                 const struct pl_case_update *update);
/* 0 and the output, or PL_E_SYNTAX, PL_E_RANGE, PL_E_NOT_FOUND, PL_E_TOO_BIG. */
PL_MUST_CHECK int pl_record_case_read(struct pl_span in, struct pl_case *out);
PL_MUST_CHECK int pl_record_case_update_read(struct pl_span in, struct pl_name *id,
                                             struct pl_case_update *out);
