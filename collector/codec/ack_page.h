/* ack_page.h - the page behind the link of a page: what the alert is, who has it, one button.
 *
 * It works without a script and without a login, shows nothing that the page did not say, and
 * changes nothing when it is looked at: mail and chat programs open every link they pass on. */
#pragma once

#include "collector/core/alert/link.h"
#include "common/base/text.h"

enum { PL_ACK_PAGE_BYTES = 8192 };

struct pl_ack_view {
    enum pl_link_state state;
    const struct pl_alert *alert;       // NULL: there is none any more
    const struct pl_handling *handling; // of that alert; NULL without one
    struct pl_span by;                  // in whose name the link acknowledges
    bool asks_name;  // `by` is a channel that several read: the page asks who it is
    bool unrecorded; // it was just said, and Redis is away
    int64_t now_unix_ms;
};

/* Status of the answer to GET, or to POST (`says`). */
int pl_ack_status(enum pl_link_state state, bool says);
/* HTML, at most PL_ACK_PAGE_BYTES. */
void pl_ack_page_write(const struct pl_ack_view *view, struct pl_text *out);
/* Likewise for what is no link of ours, or could not be done: a heading and a sentence. */
void pl_ack_page_refuse(const char *heading, const char *words, struct pl_text *out);
