/* result.h - what a provider's answer means for a page: sent, try again, never this, never there.
 *
 *     sent    2xx
 *     retry   no answer at all, 408, 429, 5xx: wait as told, then send the newest state
 *     reject  any other 4xx: these bytes will never be accepted
 *     broken  401, 403, 404, 410: key revoked or hook deleted; 3xx: it moved, and redirects are not
 *             followed; a URL that is none: nothing will ever be accepted there
 *
 * An SMTP server says it in codes of its own: 4yz retry (not before a minute where mailboxes are
 * concerned, for greylisting), 530 to 538 broken (login), 550, 551 and 553 broken (no such
 * mailbox), any other 5yz reject; no encryption where it is required: broken (RFC 5321 section 4.2,
 * RFC 4954).
 *
 * A status decides even if the connection was lost behind it: the provider has made up its mind. */
#pragma once

#include "collector/core/alert/outbox.h"
#include "common/base/text.h"

enum { PL_NOTIFY_REASON_BYTES = 1024 };

/* What came back from one attempt; filled by collector/io/webhook. */
struct pl_notify_answer {
    /* 0: a complete HTTP answer. Otherwise the transport failed: PL_E_TIMEOUT, PL_E_NOT_FOUND (no
     * such host), PL_E_CLOSED (connection lost), PL_E_REFUSED (TLS), PL_E_PLAIN (no TLS),
     * PL_E_SYNTAX (the URL is none), PL_E_MAGIC (the answer is not HTTP), -ECANCELED (stopped), or
     * -errno of a failed connect. */
    int err;
    /* 200 to 599; 0 if no status arrived. Can be set next to `err`, when the status arrived and the
     * rest of the answer did not. */
    int http_status;
    bool is_mail;           // the status is a reply code of SMTP, and `body` the reply
    int64_t retry_after_ms; // from Retry-After, seconds or date; -1: there was none
    struct pl_span body;    // the first 16 KiB of the answer; borrowed
    /* False only if not one byte of the request left this machine. */
    bool may_be_delivered;
};

struct pl_page_result pl_notify_classify(const struct pl_notify_answer *answer);

/* One line for log and API, PL_NOTIFY_REASON_BYTES at most: "did not finish in time", or
 * "HTTP 400: Event object is invalid (routing_key is missing)" with the words of a JSON answer
 * ("message", "error" or "description", first of "errors"), or a lone word such as "no_service".
 * Holds neither URL nor key, unless the provider repeats them. */
void pl_notify_reason_write(const struct pl_notify_answer *answer, struct pl_text *out);
