/* case_in.h - what people say about a case, as the bodies of their requests: strict, and every
 * refusal names the member, its value and the rule.
 *
 * All bodies share one set of members; a route says which of them it takes and which it needs. */
#pragma once

#include "collector/core/incident/case.h"

/* Member, its place in the sets below. */
#define PL_CASE_MEMBER_LIST(X)                                                                     \
    X(ALERT, "alert")                                                                              \
    X(POOLS, "pools")                                                                              \
    X(CUSTOMER, "customer")                                                                        \
    X(TITLE, "title")                                                                              \
    X(OWNER, "owner")                                                                              \
    X(TEXT, "text")                                                                                \
    X(PHASE, "phase")                                                                              \
    X(IMPACT, "impact")                                                                            \
    X(NEXT_UPDATE, "next_update")                                                                  \
    X(REVISION, "revision")                                                                        \
    X(WEBHOOK, "webhook")                                                                          \
    X(EMAIL, "email")                                                                              \
    X(SUBSCRIBER, "subscriber")

enum pl_case_member {
#define PL_CASE_MEMBER_ENUM(id, word) PL_CASE_MEMBER_##id,
    PL_CASE_MEMBER_LIST(PL_CASE_MEMBER_ENUM)
#undef PL_CASE_MEMBER_ENUM
        PL_CASE_MEMBER_COUNT
};
#define PL_CASE_BIT(id) (1u << PL_CASE_MEMBER_##id)

struct pl_case_request {
    uint32_t given;    // PL_CASE_BIT of each member that was there; the rest below is 0 and empty
    enum pl_rule rule; // of the alert, with its pool
    struct pl_name alert_pool;
    uint32_t pool_count;
    struct pl_name pools[PL_CASE_POOLS_MAX];
    struct pl_name customer;
    char title[PL_CASE_TITLE_BYTES], owner[PL_WHO_BYTES], text[PL_CASE_TEXT_BYTES];
    enum pl_case_phase phase;
    enum pl_case_impact impact;
    int64_t next_ms;                     // "none": 0
    uint32_t revision, subscriber;       // numbers
    char address[PL_CASE_ADDRESS_BYTES]; // of `webhook` or `email`
};

enum { PL_CASE_ERROR_BYTES = 512 };

/* 0, or PL_E_SYNTAX with a sentence in `error` (PL_CASE_ERROR_BYTES). An empty body is {}. A URL is
 * https://, or http:// to this machine. */
PL_MUST_CHECK int pl_case_request_read(struct pl_span body, uint32_t takes, uint32_t needs,
                                       struct pl_case_request *out, char *error);
