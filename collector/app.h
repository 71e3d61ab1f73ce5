/* app.h - the collector put together: who is started, who is told what, who is stopped.
 *
 *     agents --> ingest --> app --> engine --> effects --> app --> store, webhook, stream, log
 *                            \--> store (every sample)      \--> engine (saved, sent, failed)
 *
 * Every callback takes the time once, tells the engine, and then settles: it runs what the engine
 * asks for until it asks for nothing more. Nothing here decides anything; that is core's. */
#pragma once

#include "collector/config.h"
#include "common/base/base.h"

#include <stdbool.h>
#include <uv.h>

struct pl_app;

/* Allocates everything that depends on the configuration. `loop` and `config` are borrowed and
 * outlive the app. 0 and `*out`, or -ENOMEM. */
PL_MUST_CHECK int pl_app_new(uv_loop_t *loop, const struct pl_collector_config *config,
                             struct pl_app **out);
/* Start: Redis, HTTP, restore, and then the agents' port. `event=ready` is logged when all of that
 * is done. 0, or a negative error that has been logged in words; then call pl_app_stop all the
 * same. From here on SIGTERM and SIGINT end the app. */
PL_MUST_CHECK int pl_app_start(struct pl_app *app);
/* Stop in the order of start, writing down what waits; the loop runs empty when it is done. May be
 * called twice. */
void pl_app_stop(struct pl_app *app);
/* True if it stopped because of an error after its start; logged in words. */
bool pl_app_failed(const struct pl_app *app);
/* After the loop has ended. */
void pl_app_free(struct pl_app *app);
