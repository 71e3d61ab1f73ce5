/* trust_records.h - enrolled hosts and join tokens as the JSON texts that Redis keeps.
 *
 *     pl:enrolled  field: host name            pl:tokens  field: token id, 16 hexadecimal digits
 *
 * Of a token only the hash of its secret is written. Reading is strict, as in records.h. */
#pragma once

#include "collector/core/trust/roster.h"
#include "common/base/text.h"

enum { PL_TRUST_RECORD_BYTES = 1024, PL_TOKEN_FIELD_BYTES = 2 * PL_TOKEN_ID_BYTES + 1 };

/* Into `out`, which has room for PL_TRUST_RECORD_BYTES. */
void pl_record_enrolled_write(struct pl_text *out, const struct pl_enrolled *enrolled);
void pl_record_token_write(struct pl_text *out, const struct pl_join_token *token);
/* The token's field, into PL_TOKEN_FIELD_BYTES. */
void pl_token_field_write(const uint8_t id[PL_TOKEN_ID_BYTES], char *out);

/* PL_E_SYNTAX, PL_E_RANGE or PL_E_NOT_FOUND, and `*out` untouched. */
PL_MUST_CHECK int pl_record_enrolled_read(struct pl_span in, struct pl_enrolled *out);
PL_MUST_CHECK int pl_record_token_read(struct pl_span in, struct pl_join_token *out);
