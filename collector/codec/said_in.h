/* said_in.h - what people say about alerts, as the bodies of their requests. */
#pragma once

#include "collector/core/alert/silence.h"

/* "limit/web": PL_E_SYNTAX, PL_E_NOT_FOUND for a rule there is not. */
PL_MUST_CHECK int pl_alert_id_parse(struct pl_span id, enum pl_rule *rule, struct pl_name *pool);

enum { PL_SAID_ERROR_BYTES = 160 };

struct pl_said {
    int64_t for_ms; // 0: not said
    bool assigns;   // an assignee was named, perhaps nobody
    char assignee[PL_WHO_BYTES], note[PL_NOTE_BYTES];
};

/* {"for":"30m","note":"…","assignee":"…"}, each may be left out; an empty body is {}. PL_E_SYNTAX,
 * and `error` (PL_SAID_ERROR_BYTES) says what is wrong. */
PL_MUST_CHECK int pl_said_read(struct pl_span body, struct pl_said *out, char *error);
/* {"pool":…,"rule":…,"host":…,"raise":"95%","for":"2h","reason":…}: `for` and `reason` are needed.
 * Fills all but number and author; begins now. */
PL_MUST_CHECK int pl_silence_read(struct pl_span body, int64_t now_unix_ms, struct pl_silence *out,
                                  char *error);
