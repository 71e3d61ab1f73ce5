/* audit.h - who did what with accounts, alerts, silences and cases: the last PL_AUDIT_MAX entries,
 * the oldest makes room. */
#pragma once

#include "common/base/name.h"

enum { PL_AUDIT_MAX = 1024, PL_AUDIT_ADDRESS_BYTES = 48 };

/* Action, its name to people and programs. */
#define PL_AUDIT_LIST(X)                                                                           \
    X(LOGIN, "login")                                                                              \
    X(LOGIN_FAILED, "login-failed")                                                                \
    X(LOGIN_LINK, "login-by-link")                                                                 \
    X(LOGOUT, "logout")                                                                            \
    X(PASSWORD, "password-set")                                                                    \
    X(USER_ADDED, "user-added")                                                                    \
    X(USER_ROLE, "user-role")                                                                      \
    X(USER_REMOVED, "user-removed")                                                                \
    X(LINK_MADE, "login-link-made")                                                                \
    X(TOKEN_MADE, "api-token-made")                                                                \
    X(TOKEN_REVOKED, "api-token-revoked")                                                          \
    X(OVERRIDE_MADE, "override-made")                                                              \
    X(OVERRIDE_ENDED, "override-ended")                                                            \
    X(ALERT_ACKNOWLEDGED, "alert-acknowledged")                                                    \
    X(ALERT_SNOOZED, "alert-snoozed")                                                              \
    X(ALERT_RELEASED, "alert-released")                                                            \
    X(ALERT_ASSIGNED, "alert-assigned")                                                            \
    X(ALERT_NOTED, "alert-noted")                                                                  \
    X(SILENCE_MADE, "silence-made")                                                                \
    X(SILENCE_ENDED, "silence-ended")                                                              \
    X(CASE_PUBLISHED, "case-published")                                                            \
    X(ACTION_ARMED, "action-armed")                                                                \
    X(ACTION_DISARMED, "action-disarmed")                                                          \
    X(ACTION_FIRED, "action-fired")                                                                \
    X(ACTION_UNDONE, "action-undone")

enum pl_audit_action {
#define PL_AUDIT_ENUM(id, name) PL_AUDIT_##id,
    PL_AUDIT_LIST(PL_AUDIT_ENUM)
#undef PL_AUDIT_ENUM
        PL_AUDIT_ACTION_COUNT
};

const char *pl_audit_action_name(enum pl_audit_action action);

struct pl_audit_entry {
    uint64_t number; // from 1; 0: an empty place
    int64_t unix_ms;
    enum pl_audit_action action;
    struct pl_name who;                   // user or API token; empty: nobody who is known
    struct pl_name subject;               // user, API token, pool or schedule it was done to
    char address[PL_AUDIT_ADDRESS_BYTES]; // the client's, without its port
};

struct pl_audit {
    uint64_t newest;                             // number; 0: none yet
    struct pl_audit_entry entries[PL_AUDIT_MAX]; // number n in place n % PL_AUDIT_MAX
};

/* Give it the next number and keep it; what is kept is returned. */
const struct pl_audit_entry *pl_audit_add(struct pl_audit *audit,
                                          const struct pl_audit_entry *entry);
/* One that was recorded before: kept under its own number, unless a newer one has its place. */
void pl_audit_restore(struct pl_audit *audit, const struct pl_audit_entry *entry);
/* Entry of that number; NULL if it is not there (any more). */
const struct pl_audit_entry *pl_audit_get(const struct pl_audit *audit, uint64_t number);
