/* gate.h - may this request be served; and if not, why not, in words for who sent it.
 *
 * What the request has shown comes in as a value; the answer is one row of the list below. */
#pragma once

#include "collector/core/trust/role.h"
#include "common/base/name.h"

enum pl_credential {
    PL_CREDENTIAL_NONE,
    PL_CREDENTIAL_SESSION, // a cookie, which browsers send along whoever makes them ask
    PL_CREDENTIAL_TOKEN,   // a header, which only a program sets
};

/* Who asks. */
struct pl_principal {
    enum pl_credential credential;
    enum pl_role role;
    struct pl_name name;     // of the user or the API token
    struct pl_name customer; // of role CUSTOMER: for whom
};

/* Who may have something. */
struct pl_gate_need {
    enum pl_role role;  // the least one; NOBODY: no login
    bool for_customers; // customers as well, of what is their own
};

/* What a request has shown. */
struct pl_shown {
    struct pl_principal principal; // credential NONE: nothing that is good
    bool is_known_later; // it shows something, and accounts have not been read from Redis yet
    bool is_expired;     // an API token whose time is over
    bool is_change;      // neither GET nor HEAD
    bool is_cross_site;  // Origin names another site
    bool has_csrf;       // the session's CSRF token stands in the header
};

/* symbol, status, text. */
#define PL_GATE_LIST(X)                                                                            \
    X(LOGIN, 401,                                                                                  \
      "log in first: in a browser at /login.html, a program with the header "                      \
      "'Authorization: Bearer TOKEN' and a token of 'plimsoll apitoken new'")                      \
    X(EXPIRED, 401, "this API token has expired; make a new one with 'plimsoll apitoken new'")     \
    X(LATER, 503, "the collector has not read its accounts from Redis yet; try again in a moment") \
    X(CROSS_SITE, 403, "this request was sent by a page of another site")                          \
    X(CSRF, 403,                                                                                   \
      "a change by a browser's session needs its CSRF token in X-CSRF-Token; "                     \
      "GET /api/v1/session tells it")                                                              \
    X(CUSTOMER, 403,                                                                               \
      "this is not for customers: they have /my.html, their own /api/v1/launches and themselves")  \
    X(ROLE, 403, "this needs a role that may do more")

enum pl_gate {
    PL_GATE_OPEN,
#define PL_GATE_ENUM(symbol, status, text) PL_GATE_##symbol,
    PL_GATE_LIST(PL_GATE_ENUM)
#undef PL_GATE_ENUM
        PL_GATE_COUNT
};

struct pl_gate_info {
    int status;
    const char *text;
};
/* Of a refusal, so not of PL_GATE_OPEN. */
const struct pl_gate_info *pl_gate_info(enum pl_gate gate);

/* May who has shown that have it? */
enum pl_gate pl_gate_judge(struct pl_gate_need need, const struct pl_shown *shown);
