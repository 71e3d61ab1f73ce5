/* json_customer.h - what one customer sees of its pools and launches, in words: no host by name, no
 * other customer, nothing that only operators read. */
#pragma once

#include "collector/codec/json_launch.h"

enum { PL_CUSTOMER_WORDS_BYTES = 200 };

/* What is left of a pool, for people who are no operators; `state` receives "ok", "watch", "act" or
 * "nodata". */
void pl_customer_headroom_write(const struct pl_headroom *h, const char **state,
                                struct pl_text *out);
/* The load of a launch now against what is expected of it. `expected`: the usual included. */
void pl_customer_load_write(double now_per_s, struct pl_load expected, struct pl_text *out);

/* /api/v1/customers: all of them. */
void pl_json_customers(struct pl_text *out, const struct pl_customers *customers);
/* /api/v1/customers/{customer}: the page of `view->customer`. */
void pl_json_customer(struct pl_text *out, const struct pl_view *view);
