/* config_customer.h - the customers of the configuration: who they are, and which pools are theirs.
 */
#pragma once

#include "collector/core/trust/customer.h"
#include "common/base/option.h"

struct pl_config_customer {
    struct pl_name name; // its id
    char title[PL_CUSTOMER_TITLE_BYTES];
    struct pl_option_names pools;
};

struct pl_collector_config;
/* Once all files are read: fill `config->customers` from `config->customer_items`. Collects what is
 * wrong. */
void pl_config_customers_finish(struct pl_option_loader *l, struct pl_collector_config *config);
