/* trouble_text.h - trouble of the collector itself in one calm sentence: what it costs, and what
 * goes on all the same. */
#pragma once

#include "collector/core/trouble.h"
#include "common/base/text.h"

/* `key`, then [{"kind":...,"since":...,"text":...}], the gravest first; [] if all is well. */
void pl_json_notes(struct pl_text *out, const char *key, const struct pl_troubles *troubles);
