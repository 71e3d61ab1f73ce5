/* external_record.h - alerts that others found, as the JSON that Redis keeps, there and back. As
 * records.h otherwise. */
#pragma once

#include "collector/core/alert/external.h"
#include "common/base/text.h"

struct cJSON;

enum {
    PL_EXTERNAL_RECORD_BYTES = 8 * 1024, // every record fits
    PL_EXTERNAL_FIELD_BYTES = 16 + 1,
};

/* Field of PL_SAID_KEY_EXTERNALS: 16 hexadecimal digits. */
void pl_external_field_write(char out[PL_EXTERNAL_FIELD_BYTES], uint64_t fingerprint);
void pl_record_external_write(struct pl_text *t, const struct pl_external *x);
PL_MUST_CHECK int pl_record_external_read(struct pl_span in, struct pl_external *out);

/* The part of a finding: an object. */
void pl_record_finding_external_write(struct pl_text *t, const struct pl_finding_external *f);
PL_MUST_CHECK int pl_record_finding_external_read(const struct cJSON *object,
                                                  struct pl_finding_external *out);
