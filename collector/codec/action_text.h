/* action_text.h - actions as others see them: the body of the call, the record in Redis, the API.
 *
 * A body is a template of ops: $launch, $pool, $action ("do" or "undo") and $time stand for what
 * they say, $$ for a dollar sign. None of these can hold a quote, so a template that is JSON stays
 * JSON. */
#pragma once

#include "collector/core/launch/action.h"
#include "common/base/text.h"

enum {
    PL_HOOK_TEMPLATE_BYTES = 1025,
    PL_HOOK_BODY_BYTES = 4096,
    PL_ACTION_RECORD_BYTES = 1024,
    PL_ACTION_FIELD_BYTES = 2 * PL_NAME_LEN_MAX + 2,
};

/* What breaks its rule, as a sentence; NULL: nothing. */
const char *pl_hook_template_fault(const char *template);
/* A call to be made; all borrowed. */
struct pl_hook_call {
    const char *template;
    const struct pl_name *launch, *pool;
    bool is_undo;
    int64_t now_unix_ms;
};
/* Its body; PL_E_TOO_BIG if it does not fit. */
PL_MUST_CHECK int pl_hook_body_write(struct pl_text *out, const struct pl_hook_call *call);

/* "l-3f09a2c41b7e/more-web" */
void pl_action_field_write(char out[PL_ACTION_FIELD_BYTES], const struct pl_action *a);
void pl_record_action_write(struct pl_text *out, const struct pl_action *a);
/* PL_E_SYNTAX, PL_E_RANGE or PL_E_NOT_FOUND, and `*out` untouched. */
PL_MUST_CHECK int pl_record_action_read(struct pl_span in, struct pl_action *out);

/* One hook for one launch, `a` or (NULL) untouched so far, as the API tells it. `for_customer`: who
 * of ours armed it is left out. */
void pl_json_action(struct pl_text *out, const struct pl_hook *hook, const struct pl_action *a,
                    bool for_customer);
/* {"hook":"more-web","do":"arm","dry_run":true}: NULL, or what is wrong about `*member`. */
struct pl_action_request {
    struct pl_name hook;
    enum pl_action_deed deed;
    bool dry_run;
};
PL_MUST_CHECK const char *pl_action_request_read(struct pl_span body, struct pl_action_request *out,
                                                 const char **member);
