/* sources.h - the servers of the configuration, in the form the loop asks them. */
#pragma once

#include "agent/config.h"
#include "agent/io/local_source.h"

/* Fill `targets` (PL_AGENT_LOCAL_MAX of them) from a configuration that was loaded without errors.
 * Returns how many. */
size_t pl_sources_targets(const struct pl_agent_config *config, struct pl_local_target *targets);
