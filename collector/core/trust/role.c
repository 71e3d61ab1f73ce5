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

bool pl_role_parse(struct pl_span name, enum pl_role *out)
{
    for (enum pl_role role = PL_ROLE_METRICS; role < PL_ROLE_COUNT; role++) {
        if (!pl_span_is(name, names[role])) continue;
        *out = role;
        return true;
    }
    return false;
}
