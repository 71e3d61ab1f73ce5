/* context.h - what a page carries beside the alert itself, the same for every provider that takes
 * JSON members: who owns the pool, what would help, what changed. */
#pragma once

#include "collector/codec/notify/provider.h"

/* Appends `,"owner":"...","helps":"...","changes":"..."`, each only if it is known. */
void pl_notify_context_write(const struct pl_notify_message *message, struct pl_text *out);
