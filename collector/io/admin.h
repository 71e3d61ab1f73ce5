/* admin.h - the admin socket: a Unix socket in the state directory, for the `plimsoll` command.
 *
 * Who may open <state>/admin.socket (mode 0600: the collector's own user, and root) is an
 * administrator; there is no password that could be lost, and nothing listens on the network. A
 * client sends one line (codec/admin.h) and reads the answer until the end of the stream.
 *
 * Bounds: PL_ADMIN_CLIENTS_MAX clients, a further one waits; one line of PL_ADMIN_LINE_BYTES_MAX;
 * PL_ADMIN_CLIENT_MS from accept to the end. Looked at once a second. */
#pragma once

#include "collector/codec/admin.h"
#include "collector/core/now.h"
#include "common/base/slots.h"

#include <uv.h>

enum {
    PL_ADMIN_CLIENTS_MAX = 8,
    PL_ADMIN_REPLY_BYTES = 32 * 1024,
    PL_ADMIN_CLIENT_MS = 20 * 1000, // longer than a provider may take to answer
};

/* Called with a good line. Exactly one pl_admin_reply() must follow, now or later. */
typedef void pl_admin_handler_fn(void *arg, struct pl_slot_id client,
                                 const struct pl_admin_request *request, struct pl_now now);

struct pl_admin;

/* Listen at <state>/admin.socket, replacing one that is left of before. 0 and `*out`, or a negative
 * error. `arg` is borrowed. */
PL_MUST_CHECK int pl_admin_start(uv_loop_t *loop, const char *state, pl_admin_handler_fn *handler,
                                 void *arg, struct pl_admin **out);
/* Close everything, free it, and call on_stopped from the loop. */
void pl_admin_stop(struct pl_admin *a, void (*on_stopped)(void *arg), void *arg);
void pl_admin_tick(struct pl_admin *a, struct pl_now now);
/* The whole answer, at most PL_ADMIN_REPLY_BYTES; copied. A client that is gone is ignored. */
void pl_admin_reply(struct pl_admin *a, struct pl_slot_id client, struct pl_span answer);
