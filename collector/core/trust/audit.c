#include "collector/core/trust/audit.h"

#include "common/base/assert.h"

const char *pl_audit_action_name(enum pl_audit_action action)
{
    static const char *const names[] = {
#define NAME(id, name) name,
        PL_AUDIT_LIST(NAME)
#undef NAME
    };
    PL_ASSERT(action < PL_AUDIT_ACTION_COUNT);
    return names[action];
}

const struct pl_audit_entry *pl_audit_add(struct pl_audit *audit,
                                          const struct pl_audit_entry *entry)
{
    audit->newest++;
    struct pl_audit_entry *place = &audit->entries[audit->newest % PL_AUDIT_MAX];
    *place = *entry;
    place->number = audit->newest;
    return place;
}

void pl_audit_restore(struct pl_audit *audit, const struct pl_audit_entry *entry)
{
    struct pl_audit_entry *place = &audit->entries[entry->number % PL_AUDIT_MAX];
    PL_ASSERT(entry->number > 0);
    if (place->number >= entry->number) return;
    *place = *entry;
    audit->newest = PL_MAX(audit->newest, entry->number);
}

const struct pl_audit_entry *pl_audit_get(const struct pl_audit *audit, uint64_t number)
{
    const struct pl_audit_entry *place = &audit->entries[number % PL_AUDIT_MAX];
    return number > 0 && place->number == number ? place : NULL;
}
