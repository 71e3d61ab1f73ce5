#include "collector/core/alert/delivery.h"

#include "common/base/assert.h"

const char *pl_delivery_end_name(enum pl_delivery_end end)
{
    switch (end) {
    case PL_DELIVERED: return "delivered";
    case PL_DELIVERY_RETRY: return "retry";
    case PL_DELIVERY_REJECTED: return "rejected";
    case PL_DELIVERY_BROKEN: return "broken";
    case PL_DELIVERY_EXPIRED: return "expired";
    case PL_DELIVERY_WITHDRAWN: return "withdrawn";
    case PL_DELIVERY_REFUSED: return "refused";
    case PL_DELIVERY_END_COUNT: break;
    }
    PL_UNREACHABLE("delivery");
}

uint32_t pl_deliveries_add(struct pl_deliveries *d, const struct pl_delivery *entry)
{
    uint32_t place = (uint32_t)(++d->last_number % PL_DELIVERIES_MAX);
    d->items[place] = *entry;
    d->items[place].number = d->last_number;
    return place;
}

void pl_deliveries_restore(struct pl_deliveries *d, const struct pl_delivery *entry)
{
    struct pl_delivery *place = &d->items[entry->number % PL_DELIVERIES_MAX];
    if (place->number >= entry->number) return;
    *place = *entry;
    d->last_number = PL_MAX(d->last_number, entry->number);
}
