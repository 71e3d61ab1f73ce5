/* config_rules.h - the rules of every pool: what the files say for it, else what they say for all.
 */
#pragma once

#include "collector/config.h"

/* After loading: give every pool the rules it does not set itself, and report what contradicts
 * itself. */
void pl_config_rules_finish(struct pl_option_loader *l, struct pl_collector_config *config);
