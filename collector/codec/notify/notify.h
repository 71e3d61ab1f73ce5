/* notify.h - one page to one target: where it goes, its headers, its body.
 *
 * The bytes depend on the page, the target and what is known to have changed, so a page that is
 * tried again after a lost answer, or by the next collector after a crash, is the same page to the
 * provider: its deduplication key depends on the alert alone. How long trouble has lasted is told
 * as of the moment the page was written. What comes back is read by result.h. */
#pragma once

#include "collector/codec/contact.h"
#include "collector/codec/notify/result.h"
#include "collector/core/alert/outbox.h"
#include "common/base/text.h"

enum pl_notify_format {
    PL_NOTIFY_ALERTMANAGER, // webhook payload of Alertmanager, version "4"
    PL_NOTIFY_PAGERDUTY,    // Events API v2
};

enum {
    PL_NOTIFY_BODY_BYTES = 32768, // room for every body, its NUL included; see test_notify
    PL_NOTIFY_HEADER_BYTES = 256,
};

struct pl_notify_target {
    enum pl_notify_format format;
    struct pl_span name;         // of the notifier in the configuration; borrowed
    struct pl_span url;          // the hook, or PagerDuty's base; borrowed; secret
    struct pl_span routing_key;  // PagerDuty only; borrowed; secret
    struct pl_span external_url; // where people reach this collector, "http://127.0.0.1:7411/"
    struct pl_contact contact;   // for this page's pool
    struct pl_span helps;        // "1 more host like fe2"; borrowed; empty: not known
    struct pl_span changes; // "changed in 24 h: ..." of this page's pool; borrowed; empty: none
};

/* Where to post: the hook itself, or PagerDuty's base with "/v2/enqueue". */
void pl_notify_write_url(const struct pl_notify_target *target, struct pl_text *out);
/* "Idempotency-Key: limit/web/1746108192000/3": the alert, when it opened, and which of its changes
 * this is. The same for every attempt at a page and different for every other page of a target. */
void pl_notify_write_header(const struct pl_page *page, struct pl_text *out);
/* "[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 10 s", "[RESOLVED] web: …": what people read
 * first, at most PL_ALERT_TEXT_BYTES. */
void pl_notify_write_title(const struct pl_page *page, struct pl_text *out);
/* The body, JSON. */
void pl_notify_write_body(const struct pl_notify_target *target, const struct pl_page *page,
                          struct pl_text *out);
