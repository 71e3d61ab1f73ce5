/* reference.h - what providers call the messages they already show, so that the next state of an
 * alert edits its message instead of adding one.
 *
 * One reference per target and alert, from its opening on: a message about an earlier time is never
 * edited. Nor is one that says "acknowledged" or "over" when the alert pages anew, because nobody
 * is woken by an edit. A table of PL_REFERENCES_MAX; when it is full the oldest gives way, and its
 * next message is a new one. */
#pragma once

#include "collector/codec/notify/provider.h"

enum {
    PL_REFERENCES_MAX = 1024,
    PL_REFERENCE_RECORD_BYTES = 2048,
    PL_REFERENCE_FIELD_BYTES = PL_NAME_LEN_MAX + 1 + PL_ALERT_ID_MAX + 1,
};

struct pl_reference {
    bool used;
    uint8_t target; // index of the configuration's targets
    enum pl_rule rule;
    struct pl_name pool;
    int64_t opened_unix_ms;
    int64_t at_unix_ms;        // of the last answer about it
    enum pl_notify_state told; // what the message says
    char text[PL_NOTIFY_REFERENCE_BYTES];
};

struct pl_references {
    struct pl_reference items[PL_REFERENCES_MAX];
};

/* The message to edit when `page` tells that state; empty: none, write a new one. Borrowed from
 * the table until it is changed. */
struct pl_span pl_reference_find(const struct pl_references *r, const struct pl_page *page,
                                 enum pl_notify_state state);

/* The provider answered to `page`, which told that state. Returns the reference that is to be
 * written down or, if it is not `used` any more, deleted; NULL: nothing has changed. */
const struct pl_reference *pl_reference_answered(struct pl_references *r,
                                                 const struct pl_page *page,
                                                 enum pl_notify_state state,
                                                 const struct pl_notify_reading *reading,
                                                 int64_t now_unix_ms);

/* Its record in Redis: the field of the hash, "oncall/limit/web", and the JSON. `target` is the
 * target's name. */
void pl_reference_field_write(const struct pl_reference *ref, const struct pl_name *target,
                              char out[PL_REFERENCE_FIELD_BYTES]);
void pl_reference_record_write(const struct pl_reference *ref, const struct pl_name *target,
                               struct pl_text *out);
/* Take a record back into the table; `names` are the configuration's targets, `count` of them.
 * PL_E_SYNTAX, PL_E_RANGE, PL_E_TOO_BIG or PL_E_NOT_FOUND for one that is wrong, incomplete, or of
 * a target that is no longer configured. */
PL_MUST_CHECK int pl_reference_restore(struct pl_references *r, struct pl_span record,
                                       const struct pl_name *names, uint32_t count);
