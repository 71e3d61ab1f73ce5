/* case_letter.h - one published update to one subscriber: a signed webhook, or a mail.
 *
 * The webhook is signed as plimsoll's own (notify/webhook.c, standardwebhooks.com); its body holds
 * an incident with that one update as Statuspage has it. Mails of a case form one thread. The bytes
 * depend on the update alone, and so do the ids, so an attempt that is repeated is the same message
 * to whoever has it already. */
#pragma once

#include "collector/codec/notify/provider.h"
#include "collector/core/incident/case.h"

struct pl_case_letter {
    const struct pl_case *c; // borrowed, like all below
    const struct pl_case_subscriber *to;
    const struct pl_case_update *update;
    struct pl_span url;                  // of the customers' page
    const struct pl_notify_target *mail; // whose server and sender a mail uses; of a webhook: NULL
};

/* Fill `out`, large: allocate it. PL_E_TOO_BIG if anything does not fit; PL_E_NOT_FOUND for a mail
 * that no server is known for. */
PL_MUST_CHECK int pl_case_letter_write(const struct pl_case_letter *letter,
                                       struct pl_notify_request *out);
