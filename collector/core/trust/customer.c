#include "collector/core/trust/customer.h"

const struct pl_customer *pl_customer_find(const struct pl_customers *customers,
                                           const struct pl_name *id)
{
    for (uint32_t i = 0; i < customers->count; i++)
        if (pl_name_eq(&customers->items[i].id, id)) return &customers->items[i];
    return NULL;
}

struct pl_span pl_customer_title(const struct pl_customer *customer)
{
    return customer->title[0] != '\0' ? pl_span_of(customer->title) : pl_name_span(&customer->id);
}

bool pl_customer_owns(const struct pl_customer *customer, const struct pl_name *pool)
{
    for (uint32_t i = 0; i < customer->pool_count; i++)
        if (pl_name_eq(&customer->pools[i], pool)) return true;
    return false;
}

bool pl_customer_has(const struct pl_customer *customer, const struct pl_launch *launch)
{
    if (!pl_name_eq(&customer->id, &launch->customer)) return false;
    for (uint32_t i = 0; i < launch->pool_count; i++)
        if (!pl_customer_owns(customer, &launch->pools[i])) return false;
    return true;
}

bool pl_customer_may_see(const struct pl_customers *customers, const struct pl_principal *who,
                         const struct pl_launch *launch)
{
    if (who->role > PL_ROLE_CUSTOMER) return true;
    const struct pl_customer *customer =
        who->role == PL_ROLE_CUSTOMER ? pl_customer_find(customers, &who->customer) : NULL;
    return customer && pl_customer_has(customer, launch);
}
