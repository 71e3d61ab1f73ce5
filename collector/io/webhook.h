/* webhook.h - HTTP requests to pagers, and mails: libcurl's multi interface on the libuv loop.
 *
 * One post is one slot: URL, headers and body are copied into memory that was allocated at start,
 * so the caller keeps nothing alive, and the loop never waits for a slow provider. Connections
 * stay open between posts, because a TLS handshake during an outage is the slow part of a page.
 * What an answer means (sent, try again, hook is gone) is decided in codec/notify/result, and when
 * to try again in core; this module moves bytes and reports what happened to them. A failure with
 * `may_be_delivered` may have arrived, so the next attempt carries the same deduplication key.
 *
 * The URL is the secret of most webhooks: neither it nor a body is ever logged here, and callers
 * must not log them either. Proxies are taken from the environment as curl does (https_proxy,
 * no_proxy); addresses of this machine are always reached directly. Certificates are checked
 * against those that the system trusts, or those of the file that SSL_CERT_FILE names (as OpenSSL
 * has it). */
#pragma once

#include "collector/codec/notify/provider.h"
#include "common/base/base.h"
#include "common/base/span.h"

#include <uv.h>

enum {
    PL_WEBHOOK_SLOTS_MAX = 256,
    PL_WEBHOOK_HEADERS_MAX = 4,
    PL_WEBHOOK_HEADER_LEN_MAX = 511,
    PL_WEBHOOK_URL_LEN_MAX = 2047,
    PL_WEBHOOK_BODY_LEN_MAX = 32768,
    PL_WEBHOOK_ANSWER_LEN_MAX = 16384, // more is not read, the connection is closed
    PL_WEBHOOK_CONNECT_MS = 5000,
    PL_WEBHOOK_TOTAL_MS = 15000,
    PL_WEBHOOK_DRAIN_MS = 2000, // after a stop, for the answers to what is under way
};

struct pl_webhook; // owned by whoever started it

struct pl_webhook_config {
    uint32_t slot_count; // posts under way at once, 1 to PL_WEBHOOK_SLOTS_MAX; 50 KiB each
    int32_t connect_ms;  // name lookup + connect + TLS; normally PL_WEBHOOK_CONNECT_MS
    int32_t total_ms;    // the whole post, waiting for a connection included; PL_WEBHOOK_TOTAL_MS
};

/* All spans are borrowed until pl_webhook_submit() returns. */
struct pl_webhook_request {
    enum pl_notify_method method;       // with a body, but for PL_NOTIFY_GET
    enum pl_notify_content content;     // of the body
    struct pl_span url;                 // http:// or https://; of a mail: smtp:// or smtps://
    struct pl_notify_envelope envelope; // of a mail
    /* Whole lines without line ends, "Idempotency-Key: 7f3a". Content-Type, Accept and User-Agent
     * are set already. */
    struct pl_span headers[PL_WEBHOOK_HEADERS_MAX];
    uint32_t header_count;
    struct pl_span body;
    int32_t wait_ms; // that the provider may take beyond total_ms; such a request is no work that
                     // a stop waits for, nor counted as busy
    /* Called exactly once per accepted request, from the loop, never from within
     * pl_webhook_submit() or pl_webhook_stop(). It may submit again; its own slot becomes free when
     * it returns. `answer` is borrowed. `ticket` is the caller's name for the page, so that the
     * answer to a page that is gone is recognised. */
    void (*on_answer)(void *owner, uint64_t ticket, const struct pl_notify_answer *answer);
    void *owner; // borrowed; passed to on_answer
    uint64_t ticket;
};

/* Allocates everything and starts nothing else. -ENOMEM, or PL_E_RANGE for a config outside its
 * limits. Call pl_webhook_stop() to get rid of it. */
PL_MUST_CHECK int pl_webhook_start(uv_loop_t *loop, const struct pl_webhook_config *config,
                                   struct pl_webhook **out);

/* Post. Returns 0; PL_E_FULL when every slot is taken (try again after an answer); PL_E_TOO_BIG or
 * PL_E_SYNTAX for a URL, header or body over its limit or with control bytes in URL or header;
 * UV_ECANCELED after pl_webhook_stop(); -ENOMEM. On failure nothing is sent and on_answer is not
 * called. */
PL_MUST_CHECK int pl_webhook_submit(struct pl_webhook *hook,
                                    const struct pl_webhook_request *request);

/* Posts under way now, without those that only wait for news. */
uint32_t pl_webhook_busy_count(const struct pl_webhook *hook);

/* Takes no more posts, waits up to PL_WEBHOOK_DRAIN_MS for those under way, so that an ordinary
 * restart sends no page twice, and answers the rest with UV_ECANCELED. Then closes every connection
 * and handle, frees `hook` and calls `on_stopped`, unless that is NULL: always in a later turn of
 * the loop. */
void pl_webhook_stop(struct pl_webhook *hook, void (*on_stopped)(void *owner), void *owner);
