/* json_said.h - the API's view of what people said about alerts and what became of telling them,
 * and what people say in return. */
#pragma once

#include "collector/codec/json_view.h"
#include "collector/core/alert/handling.h"

/* Members of an alert's object, each after a comma: acknowledged or snoozed, silenced, assignee,
 * notes, and when somebody else is told. Nothing if there is nothing to tell. */
void pl_json_put_handling(struct pl_text *out, const struct pl_view *view, uint32_t alert);
/* {"now":…,"silences":[…]} */
void pl_json_silences(struct pl_text *out, const struct pl_view *view);
/* {"now":…,"alert":"limit/web","deliveries":[…]}, newest first. */
void pl_json_deliveries(struct pl_text *out, const struct pl_view *view, uint32_t alert);
