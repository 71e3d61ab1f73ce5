/* mail.h - one SMTP transfer on an easy handle of io/webhook.
 *
 * Encryption is required (STARTTLS, or smtps://) unless the URL names this machine, so a password
 * never crosses a network in the clear. libcurl writes the envelope and doubles leading dots.
 *
 * libcurl says QUIT when it closes a connection, and waits for the answer without giving the loop
 * back: a server that falls silent there would stop ingest. So a connection that has told what we
 * wanted to know is shut down by us, and libcurl finds nobody to wait for. RFC 5321
 * section 4.1.1.10 asks a server to keep what it has confirmed when the connection just ends. */
#pragma once

#include "collector/codec/notify/mime.h"
#include "collector/codec/notify/provider.h"
#include "common/base/base.h"

#include <curl/curl.h>

enum {
    PL_MAIL_PATH_BYTES = PL_MIME_ADDRESS_LEN_MAX + 3, // <address>
    PL_MAIL_SOCKETS_MAX = 4,
    PL_MAIL_REPLY_BYTES = 256,
};

/* Lives in a slot of io/webhook, as long as that. */
struct pl_mail_job {
    struct pl_span body;                        // borrowed from the slot
    size_t given_len;                           // of the body, to libcurl
    curl_socket_t sockets[PL_MAIL_SOCKETS_MAX]; // open ones; CURL_SOCKET_BAD: none
    struct curl_slist recipient;                // a list of one
    char recipient_path[PL_MAIL_PATH_BYTES];
    char sender_path[PL_MAIL_PATH_BYTES];
    char reply[PL_MAIL_REPLY_BYTES]; // the last line the server said, without its line end
};

/* Before first use. */
void pl_mail_job_init(struct pl_mail_job *job);
/* Set what turns an easy handle for `url` into a mail of `body`. PL_E_SYNTAX for an envelope whose
 * addresses are none, -ENOMEM. Copies what it keeps, but for `body`. */
PL_MUST_CHECK int pl_mail_setup(CURL *easy, struct pl_mail_job *job, const char *url,
                                const struct pl_notify_envelope *envelope, struct pl_span body);
/* True once the whole message was handed to libcurl: it may have arrived. */
bool pl_mail_is_given(const struct pl_mail_job *job);
/* The transfer is over, for better or worse. */
void pl_mail_hang_up(struct pl_mail_job *job);
