/* account_records.h - users, sessions, API tokens and the audit log as the JSON that Redis keeps.
 *
 *     pl:users     field: name                    pl:sessions  field: hash, 64 hexadecimal digits
 *     pl:apitokens field: name                    pl:audit     field: place, number % PL_AUDIT_MAX
 *
 * No secret is written, only hashes. Reading is strict, as in records.h. */
#pragma once

#include "collector/core/trust/account.h"
#include "collector/core/trust/audit.h"
#include "common/base/text.h"

enum { PL_ACCOUNT_RECORD_BYTES = 768, PL_SESSION_FIELD_BYTES = 2 * PL_SECRET_HASH_BYTES + 1 };

/* Into `out`, which has room for PL_ACCOUNT_RECORD_BYTES. */
void pl_record_user_write(struct pl_text *out, const struct pl_user *user);
void pl_record_session_write(struct pl_text *out, const struct pl_session *session);
void pl_record_api_token_write(struct pl_text *out, const struct pl_api_token *token);
void pl_record_audit_write(struct pl_text *out, const struct pl_audit_entry *entry);

/* PL_E_SYNTAX, PL_E_RANGE or PL_E_NOT_FOUND, and `*out` untouched. */
PL_MUST_CHECK int pl_record_user_read(struct pl_span in, struct pl_user *out);
PL_MUST_CHECK int pl_record_session_read(struct pl_span in, struct pl_session *out);
PL_MUST_CHECK int pl_record_api_token_read(struct pl_span in, struct pl_api_token *out);
PL_MUST_CHECK int pl_record_audit_read(struct pl_span in, struct pl_audit_entry *out);
