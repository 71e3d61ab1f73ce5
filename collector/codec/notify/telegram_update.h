/* telegram_update.h - what comes back from a Telegram bot: pressed buttons, and nothing else.
 *
 * The button of a page carries "ack:" and 16 digits each of the alert's identity and of when it
 * opened, because 64 bytes are all a button may hold and an alert's id can be longer. A button of
 * trouble that is over thus never acknowledges new trouble. */
#pragma once

#include "collector/codec/notify/provider.h"

enum {
    PL_TELEGRAM_DATA_BYTES = 4 + 16 + 1 + 16 + 1, // of at most 64, and the NUL
    PL_TELEGRAM_UPDATES_MAX = 16,                 // per poll; the rest comes with the next one
    PL_TELEGRAM_POLL_S = 50,
    PL_TELEGRAM_WHO_BYTES = 64 + 1,
    PL_TELEGRAM_QUERY_BYTES = 32,
};

void pl_telegram_data_write(const struct pl_alert *alert, char out[PL_TELEGRAM_DATA_BYTES]);

/* Begin a request: POST of JSON to a method of the target's bot. */
void pl_telegram_request(const struct pl_notify_target *target, const char *method,
                         struct pl_notify_request *out);
