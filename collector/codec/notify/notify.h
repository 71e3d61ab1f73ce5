/* notify.h - one message to one target: where it goes, its headers, its body, and what came back.
 *
 * The bytes depend on the page, the target and what is known to have changed, so a page that is
 * tried again after a lost answer, or by the next collector after a crash, is the same page to the
 * provider: its deduplication key depends on the alert alone. How long trouble has lasted is told
 * as of the moment the page was written. */
#pragma once

#include "collector/codec/notify/provider.h"

/* Write the request that tells `target`; with an Idempotency-Key, which is the same for every
 * attempt at a page and different for every other page of a target:
 * "limit/web/1746108192000/3" is the alert, when it opened, and which of its changes this is.
 * PL_E_TOO_BIG if anything does not fit: nothing may be sent then. */
PL_MUST_CHECK int pl_notify_write(const struct pl_notify_target *target,
                                  const struct pl_notify_message *message,
                                  struct pl_notify_request *out);
/* Read the answer to it. */
void pl_notify_read(const struct pl_notify_target *target, const struct pl_notify_answer *answer,
                    struct pl_notify_reading *out);
/* Ask for acknowledgements (see struct pl_notify_provider): the request, PL_E_TOO_BIG likewise. */
PL_MUST_CHECK int pl_notify_ask(const struct pl_notify_target *target,
                                const struct pl_notify_question *question,
                                struct pl_notify_request *out);
/* What is in the answer: 0, or PL_E_SYNTAX with nothing heard and the cursor as it was. */
PL_MUST_CHECK int pl_notify_hear(const struct pl_notify_target *target, int64_t cursor,
                                 const struct pl_notify_answer *answer,
                                 struct pl_notify_heard *out);
/* pl_notify_reason_write(), with "***" for every secret of the target, and for every link that
 * acknowledges, that the provider repeats. */
void pl_notify_words_write(const struct pl_notify_target *target,
                           const struct pl_notify_answer *answer, struct pl_text *out);
/* "[PAGE] web: cpu of fe1 at 97 % (limit 90 %) for 10 s", "[RESOLVED] web: …": what people read
 * first, at most PL_ALERT_TEXT_BYTES. */
void pl_notify_write_title(const struct pl_page *page, struct pl_text *out);
