/* json_account.h - accounts as the API takes and shows them. */
#pragma once

#include "collector/core/trust/account.h"
#include "collector/core/trust/audit.h"
#include "collector/core/trust/gate.h"
#include "collector/core/trust/password.h"
#include "common/base/text.h"

/* Members of the bodies that routes of accounts take; each is a bit. */
enum pl_account_member {
    PL_ACCOUNT_NAME = 1 << 0,
    PL_ACCOUNT_ROLE = 1 << 1,
    PL_ACCOUNT_PASSWORD = 1 << 2,
    PL_ACCOUNT_CURRENT = 1 << 3, // the password one has now
    PL_ACCOUNT_LINK = 1 << 4,    // the secret of a login link
    PL_ACCOUNT_TTL = 1 << 5,     // "90d"
    PL_ACCOUNT_FEED = 1 << 7,    // "pool"
    PL_ACCOUNT_TOKEN = 1 << 6,   // the secret of a customer's token
};

struct pl_account_request {
    unsigned given; // bits of pl_account_member
    struct pl_name name;
    enum pl_role role;
    enum pl_feed feed;
    size_t password_len, current_len, link_len, token_len;
    uint8_t password[PL_PASSWORD_BYTES_MAX + 1]; // one byte more, so that a longer one shows
    uint8_t current[PL_PASSWORD_BYTES_MAX + 1];
    uint8_t link[PL_PASSWORD_BYTES_MAX + 1];
    uint8_t token[PL_PASSWORD_BYTES_MAX + 1];
    int64_t ttl_ms;
};

/* Read a body that must hold `required` and may hold `optional`, and nothing else. NULL and `*out`;
 * or what is wrong, as a sentence about `*member`, which is NULL if it is about the whole. */
PL_MUST_CHECK const char *pl_account_request_read(struct pl_span body, unsigned required,
                                                  unsigned optional, struct pl_account_request *out,
                                                  const char **member);

/* Who asks: name, role, how it was shown, the session's CSRF token (NULL: none) and its end. */
void pl_json_caller(struct pl_text *out, const struct pl_principal *principal, const char *csrf,
                    int64_t expires_unix_ms);
void pl_json_users(struct pl_text *out, const struct pl_accounts *accounts);
void pl_json_api_tokens(struct pl_text *out, const struct pl_accounts *accounts);
/* The newest entries first, as many as fit. */
void pl_json_audit(struct pl_text *out, const struct pl_audit *audit);
