/* json_capacity.h - how far a pool is above the water, as JSON.
 *
 *     "capacity": what the pool can take, whole and after the loss of the host that hurts most,
 *                 which resource ends it, or why that is not known
 *     "outlook":  what the rule `saturation` makes of it: how long until it is full, and why
 *
 * Rates are in the pool's unit of traffic. Of ranges one in ten lies below p10, one above p90. */
#pragma once

#include "collector/codec/json_view.h"

/* Both behind the traffic itself, as members of a pool: ,"traffic":{...},"capacity":{...},
 * "outlook":{...}; null is traffic that nobody reports, and the outlook without a capacity. */
void pl_json_put_capacity(struct pl_text *out, const struct pl_view *view, uint32_t pool);
/* /api/v1/pools/{p}/outlook: these, and the traffic: what came in the last hour, what is usual from
 * then until an hour from now, and what is foreseen for that. Points are [unix_ms, value]; a gap is
 * a point whose value is null. */
void pl_json_outlook(struct pl_text *out, const struct pl_view *view, uint32_t pool);
/* What one host can take, by resource, as a member of the host. */
void pl_json_put_host_capacity(struct pl_text *out, const struct pl_view *view, uint32_t host);
/* The short form of that: ,"full_at":{...},"first_limit":"cpu", or nothing if it is not known. */
void pl_json_put_host_limit(struct pl_text *out, const struct pl_host *host);
