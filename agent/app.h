/* app.h - the agent put together: sampler, spool and uplink on one loop. */
#pragma once

#include "agent/config.h"

/* Run until SIGTERM or SIGINT. 0, or a negative error, logged, if it could not start. */
PL_MUST_CHECK int pl_app_run(struct pl_agent_config *config);
