/* join.h - plimsoll-agent join and plimsoll-agent rotate: commands beside the running agent. */
#pragma once

#include "agent/config.h"

/* Join with the token in `argument` ("-": read it from standard input, so that no process list
 * shows it). Both print what they did or why not, and return an exit status. */
int pl_join_main(const struct pl_agent_config *config, const char *argument);
/* Give this host a new key. A running agent takes it when it connects the next time. */
int pl_rotate_main(const struct pl_agent_config *config);
