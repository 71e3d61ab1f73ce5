/* json_launch.h - launches as JSON: what the API answers, and what Redis keeps.
 *
 * The members somebody sent are written as launch_in reads them, with times in UTC; beside them
 * stands what was made of it: state, verdict, course, log. Where the view is a customer's there is
 * nothing of what is not that customer's: no other launch, neither its id nor its load, and nobody
 * of ours by name in the log. No name of a host is in here, whoever reads. */
#pragma once

#include "collector/codec/json_view.h"
#include "collector/core/launch/book.h"
#include "collector/core/trust/customer.h"

/* The author of what a customer does, "acme (customer)"; into PL_LAUNCH_AUTHOR_BYTES. */
void pl_launch_customer_author(struct pl_text *out, const struct pl_customer *customer);

/* ,"watched_by": who is on call for that pool now, else who answers for it; NULL: nobody. */
void pl_json_watcher(struct pl_text *out, const struct pl_view *view, const struct pl_name *pool);

/* One launch; `full`: with its verdict per pool, its course and its log. */
void pl_json_launch(struct pl_text *out, const struct pl_view *view, uint32_t index, bool full);
/* One that is not registered: what its answer would be. */
void pl_json_launch_dry(struct pl_text *out, const struct pl_view *view, const struct pl_launch *l);
/* /api/v1/launches: those of `pool` (PL_NO_INDEX: of all) from index `first` on, as many as fit;
 * "next" is the id to ask with ?after= for the rest, or null. */
void pl_json_launches(struct pl_text *out, const struct pl_view *view, const struct pl_name *pool,
                      uint32_t first);
/* The curve of the first pool: what is expected, minute by minute (P50, P90, the usual included),
 * for `minutes` from the first message on. */
void pl_json_launch_forecast(struct pl_text *out, const struct pl_view *view, uint32_t index);
/* application/problem+json of a launch that was refused, a member for each fault (RFC 9457). */
void pl_json_launch_problem(struct pl_text *out, const struct pl_launch_faults *faults);
