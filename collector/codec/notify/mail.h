/* mail.h - a page as an e-mail: RFC 5322 headers, text and HTML (RFC 2046), an inline picture.
 *
 *     multipart/alternative
 *       text/plain
 *       text/html, or with a picture multipart/related (RFC 2387): text/html, image/png
 *
 * One message goes to one mailbox. All messages of one alert form one thread: each refers to a
 * message that was never sent, whose id is the alert and when it opened, and their subject is the
 * same but for the state in front. A message that is tried again keeps its Message-ID. Programs
 * that answer mail by themselves are told not to (RFC 3834). */
#pragma once

#include "collector/codec/contact.h"
#include "collector/core/alert/outbox.h"
#include "common/base/text.h"

/* No message is longer; a picture that does not fit beside the words is left out. */
enum { PL_MAIL_BYTES_MAX = 32 * 1024 - 1 };

/* All spans are borrowed; what is not known is empty. */
struct pl_mail {
    const struct pl_page *page;  // borrowed
    struct pl_span target;       // name of the notifier
    struct pl_span from, to;     // addresses as pl_mime_is_address() has them
    struct pl_span external_url; // where people reach this collector
    struct pl_contact contact;   // for the page's pool
    struct pl_span helps;        // "1 more host like fe2"
    struct pl_span changes;      // "changed in 24 h: ..."
    struct pl_span picture;      // PNG: the pool's last 15 minutes
};

void pl_mail_write(const struct pl_mail *mail, struct pl_text *out);
