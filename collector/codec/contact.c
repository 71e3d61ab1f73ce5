#include "collector/codec/contact.h"

struct pl_contact pl_contact_find(const struct pl_contacts *contacts, const struct pl_name *pool)
{
    for (uint32_t i = 0; i < contacts->count; i++) {
        if (pl_name_eq(&contacts->items[i].pool, pool)) return contacts->items[i];
    }
    return (struct pl_contact){.pool = *pool};
}
