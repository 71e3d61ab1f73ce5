#include "collector/core/trust/role.h"

#include "common/base/assert.h"

static const char *const names[] = {
#define NAME(id, name, text) name,
    PL_ROLE_LIST(NAME)
#undef NAME
};

const char *pl_role_name(enum pl_role role)
{
    PL_ASSERT(role < PL_ROLE_COUNT);
    return names[role];
}

bool pl_role_may(enum pl_role role, enum pl_role needed)
{
    if (needed == PL_ROLE_ALERTS_WRITE) return role == needed || role >= PL_ROLE_OPS;
    if (role == PL_ROLE_ALERTS_WRITE) return needed == PL_ROLE_NOBODY;
    return role >= needed;
}

bool pl_role_parse(struct pl_span name, enum pl_role *out)
{
    for (enum pl_role role = PL_ROLE_METRICS; role < PL_ROLE_COUNT; role++) {
        if (!pl_span_is(name, names[role])) continue;
        *out = role;
        return true;
    }
    return false;
}
