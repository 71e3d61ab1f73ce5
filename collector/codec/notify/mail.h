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

#include "collector/codec/notify/provider.h"

/* No message is longer; a picture that does not fit beside the words is left out. */
enum { PL_MAIL_BYTES_MAX = 32 * 1024 - 1 };

struct pl_mail {
    const struct pl_notify_message *message; // borrowed, like all below
    struct pl_span target;                   // name of the notifier
    struct pl_span from, to;                 // addresses as pl_mime_is_address() has them
};

void pl_mail_write(const struct pl_mail *mail, struct pl_text *out);
