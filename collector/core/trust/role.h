/* role.h - what somebody may do: from METRICS on each role may do what those before it may, and
 * more. A customer may do what is marked for customers, and nothing else (gate.h); what opens a
 * calendar opens nothing else. Posting alerts is a scope of its own: who may only look must not be
 * able to page anybody, and a program that posts alerts need not see anything. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

/* Role, its name to people and programs, what it may do. */
#define PL_ROLE_LIST(X)                                                                            \
    X(NOBODY, "nobody", "what needs no login")                                                     \
    X(FEED, "feed", "read one calendar; for the addresses of calendars only")                      \
    X(CUSTOMER, "customer",                                                                        \
      "announce and watch launches of one's own; for customers' tokens only")                      \
    X(METRICS, "metrics", "read /metrics; for API tokens only")                                    \
    X(ALERTS_WRITE, "alerts:write", "post alerts as to an Alertmanager; for API tokens only")      \
    X(READ_ONLY, "read-only", "see everything but accounts")                                       \
    X(ON_CALL, "on-call", "answer for alerts: acknowledge, silence, note")                         \
    X(OPS, "ops", "announce launches, change schedules and silences")                              \
    X(ADMIN, "admin", "make accounts and API tokens, read the audit log")

enum pl_role {
#define PL_ROLE_ENUM(id, name, text) PL_ROLE_##id,
    PL_ROLE_LIST(PL_ROLE_ENUM)
#undef PL_ROLE_ENUM
        PL_ROLE_COUNT
};

const char *pl_role_name(enum pl_role role);
/* May `role` have what needs `needed`? */
bool pl_role_may(enum pl_role role, enum pl_role needed);
/* False, and `*out` untouched, unless `name` is that of a role an account may have: METRICS (of API
 * tokens only) or more. */
PL_MUST_CHECK bool pl_role_parse(struct pl_span name, enum pl_role *out);
