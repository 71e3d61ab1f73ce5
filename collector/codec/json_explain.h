/* json_explain.h - why an alert is as it is, in sentences: what its rule wants and sees, why it
 * pages or does not, whom it goes to, and what became of that. */
#pragma once

#include "collector/codec/json_view.h"

/* {"now":…,"alert":"limit/web","lines":[{"topic":"rule","text":"…"},…]}; topics: rule, now, alert,
 * silent (why nobody hears of it), route, told. `alert` may be one that never fired. */
void pl_json_explain(struct pl_text *out, const struct pl_view *view, uint32_t alert);
