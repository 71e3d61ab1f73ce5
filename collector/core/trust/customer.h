/* customer.h - whose pools are whose: the customers of the configuration, and what each may see.
 *
 * A customer has pools, and launches that were announced for it. It sees a launch only if that was
 * announced in its name and all pools of it are its own, so neither a pool that was taken away nor
 * a launch that somebody misnamed shows anything. Who asks for anything else hears the same as for
 * what does not exist. */
#pragma once

#include "collector/core/launch/launch.h"
#include "collector/core/trust/gate.h"

enum {
    PL_CUSTOMERS_MAX = 256,
    PL_CUSTOMER_ID_LEN_MAX = 48, // so that names of its tokens can be made from it
    PL_CUSTOMER_TITLE_BYTES = 128,
    PL_CUSTOMER_POOLS_MAX = 16,
    PL_CUSTOMER_FEEDS_MAX = 8,     // addresses of calendars
    PL_CUSTOMER_LAUNCHES_MAX = 32, // open at a time, so that one cannot fill the book
};

struct pl_customer {
    struct pl_name id;
    char title[PL_CUSTOMER_TITLE_BYTES]; // as people call it; empty: by its id
    uint32_t pool_count;
    struct pl_name pools[PL_CUSTOMER_POOLS_MAX];
};

/* All of them; borrowed. */
struct pl_customers {
    const struct pl_customer *items;
    uint32_t count;
};

/* NULL: there is none of that id. */
const struct pl_customer *pl_customer_find(const struct pl_customers *customers,
                                           const struct pl_name *id);
/* As people call it. */
struct pl_span pl_customer_title(const struct pl_customer *customer);
bool pl_customer_owns(const struct pl_customer *customer, const struct pl_name *pool);
/* It is a launch of that customer, on pools of that customer. */
bool pl_customer_has(const struct pl_customer *customer, const struct pl_launch *launch);
/* May who asks see that launch: any of ours, and a customer its own. */
bool pl_customer_may_see(const struct pl_customers *customers, const struct pl_principal *who,
                         const struct pl_launch *launch);
