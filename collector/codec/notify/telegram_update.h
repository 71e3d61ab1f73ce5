/* telegram_update.h - what comes back from a Telegram bot: pressed buttons, and nothing else.
 *
 * The button of a page carries "ack:" and 16 hexadecimal digits each of the alert's identity and of
 * when it opened, because 64 bytes are all a button may hold and an alert's id can be longer. A
 * button of trouble that is over thus never acknowledges new trouble.
 *
 * Asked by getUpdates with a long poll, one update at a time: an answer is short then, and people
 * press one button at a time. */
#pragma once

#include "collector/codec/notify/provider.h"

enum { PL_TELEGRAM_DATA_BYTES = 4 + 16 + 1 + 16 + 1 }; // of at most 64, and the NUL

void pl_telegram_data_write(const struct pl_alert *alert, char out[PL_TELEGRAM_DATA_BYTES]);

/* Begin a request: POST of JSON to a method of the target's bot. */
void pl_telegram_request(const struct pl_notify_target *target, const char *method,
                         struct pl_notify_request *out);

/* See struct pl_notify_provider. */
void pl_telegram_ask(const struct pl_notify_target *target,
                     const struct pl_notify_question *question, struct pl_notify_request *out);
PL_MUST_CHECK int pl_telegram_hear(const struct pl_notify_answer *answer,
                                   struct pl_notify_heard *out);
void pl_telegram_thank(const struct pl_notify_target *target, const struct pl_notify_heard *heard,
                       const char *words, struct pl_notify_request *out);
