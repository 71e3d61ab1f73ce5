/* json_after.h - what came of launches as JSON: the report of one, and how good all forecasts were.
 * No names of hosts: customers may read a report. */
#pragma once

#include "collector/codec/json_view.h"

/* /api/v1/launches/ID/report */
void pl_json_launch_report(struct pl_text *out, const struct pl_view *view, uint32_t index);
/* /api/v1/launches/quality */
void pl_json_launch_quality(struct pl_text *out, const struct pl_view *view);
/* ,"learned":{"events":...}: what the customer's earlier launches taught for `l`. */
void pl_json_put_learned(struct pl_text *out, const struct pl_view *view,
                         const struct pl_launch *l);
/* ,"upgrades":[...]: packages that came or went although they were to stay away. */
void pl_json_put_upgrades(struct pl_text *out, const struct pl_launch_after *a);
