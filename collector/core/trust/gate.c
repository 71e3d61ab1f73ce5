#include "collector/core/trust/gate.h"

#include "common/base/assert.h"

const struct pl_gate_info *pl_gate_info(enum pl_gate gate)
{
    static const struct pl_gate_info table[] = {
#define ROW(symbol, status, text) [PL_GATE_##symbol] = {status, text},
        PL_GATE_LIST(ROW)
#undef ROW
    };
    PL_ASSERT(gate > PL_GATE_OPEN && gate < PL_GATE_COUNT);
    return &table[gate];
}

enum pl_gate pl_gate_judge(struct pl_gate_need need, const struct pl_shown *shown)
{
    /* Also without a session: a page of another site must not log anybody in, either. */
    if (shown->is_change && shown->is_cross_site) return PL_GATE_CROSS_SITE;
    if (need.role == PL_ROLE_NOBODY) return PL_GATE_OPEN;
    switch (shown->principal.credential) {
    case PL_CREDENTIAL_NONE:
        if (shown->is_known_later) return PL_GATE_LATER;
        return shown->is_expired ? PL_GATE_EXPIRED : PL_GATE_LOGIN;
    case PL_CREDENTIAL_SESSION:
        if (shown->is_change && !shown->has_csrf) return PL_GATE_CSRF;
        break;
    case PL_CREDENTIAL_TOKEN: break;
    }
    if (shown->principal.role == PL_ROLE_CUSTOMER)
        return need.for_customers ? PL_GATE_OPEN : PL_GATE_CUSTOMER;
    return pl_role_may(shown->principal.role, need.role) ? PL_GATE_OPEN : PL_GATE_ROLE;
}
