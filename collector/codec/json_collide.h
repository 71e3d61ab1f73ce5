/* json_collide.h - what else there is in the hours of a launch, as JSON, each finding in words.
 * Customers are told of their own launches and pools, and of nobody on call. */
#pragma once

#include "collector/codec/json_view.h"

enum { PL_COLLISION_TEXT_BYTES = 1024 };

/* One finding, with its numbers. `other`: the launch it is about, or NULL. */
void pl_collision_sentence_write(const struct pl_collision *c, const struct pl_launch *other,
                                 struct pl_text *out);
/* ,"findings":[...],"findings_left_out":N */
void pl_json_put_findings(struct pl_text *out, const struct pl_view *view,
                          const struct pl_launch *l);
