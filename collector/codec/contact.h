/* contact.h - who answers for a pool, and where it says what to do. */
#pragma once

#include "common/base/name.h"
#include "common/base/span.h"

struct pl_contact {
    struct pl_name pool;
    struct pl_span owner;   // as people call them; borrowed; empty: nobody said
    struct pl_span runbook; // an address; likewise
    uint32_t policy;        // above 0: number `policy - 1` of the roster says who is told
};

/* All of them; borrowed. */
struct pl_contacts {
    const struct pl_contact *items; // `count`
    uint32_t count;
};

/* With empty texts if nobody said anything about that pool. */
struct pl_contact pl_contact_find(const struct pl_contacts *contacts, const struct pl_name *pool);
