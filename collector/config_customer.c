#include "collector/config_customer.h"

#include "collector/config.h"

#include <assert.h>

static void finish_customer(struct pl_option_loader *l, const struct pl_config_customer *from,
                            struct pl_customer *to)
{
    struct pl_config_place place = {"customers", &from->name, "pools"};
    *to = (struct pl_customer){.id = from->name};
    memcpy(to->title, from->title, sizeof to->title);
    static_assert((int)PL_OPTION_LIST_MAX <= (int)PL_CUSTOMER_POOLS_MAX, "a list fits");
    if (from->pools.count == 0)
        pl_config_refuse_item(l, place, NULL, "is missing: which pools are this customer's");
    for (uint32_t i = 0; i < from->pools.count; i++) {
        const struct pl_name *pool = &from->pools.item[i];
        if (pl_customer_owns(to, pool))
            pl_config_refuse_item(l, place, pool->text, "is named twice");
        else
            to->pools[to->pool_count++] = *pool;
    }
    if (from->name.len > PL_CUSTOMER_ID_LEN_MAX)
        pl_config_refuse_item(l, place, NULL,
                              "belongs to a customer whose id has more than 48 characters");
}

void pl_config_customers_finish(struct pl_option_loader *l, struct pl_collector_config *config)
{
    for (uint32_t i = 0; i < config->customer_count; i++)
        finish_customer(l, &config->customer_items[i], &config->customers[i]);
}
