/* change_records.h - a change of a host as Redis holds it: one JSON object in the field of its
 * place. Reading checks what wire/change.h checks. */
#pragma once

#include "common/base/text.h"
#include "common/wire/change.h"

enum { PL_CHANGE_RECORD_BYTES = 768 };

void pl_record_change_write(struct pl_text *t, const struct pl_change *change);
/* PL_E_NOT_FOUND, PL_E_SYNTAX or PL_E_RANGE and `*out` untouched. */
PL_MUST_CHECK int pl_record_change_read(struct pl_span in, struct pl_change *out);
