/* trust.h - how the running agent speaks to its collectors: by TLS if it has joined one or has a
 * CA file, else plainly and on this machine only. */
#pragma once

#include "agent/config.h"
#include "agent/io/identity.h"
#include "agent/io/link.h"

struct pl_agent_trust {
    const struct pl_agent_config *config; // borrowed
    struct pl_identity identity;          // its key is NULL if this host has not joined
    struct pl_link_trust link;            // its context is NULL for plain TCP
    struct pl_identity_stamp stamp;       // of the key that is in use
    struct pl_key *next;                  // owned; being recorded by a collector, or NULL
};

/* Read what there is, and let what was joined fill in what no configuration file says. 0, or an
 * error that was logged. */
PL_MUST_CHECK int pl_agent_trust_load(struct pl_agent_trust *t, struct pl_agent_config *config);
/* A key or certificate did not fit: take what is on disk now. What cannot be read stays as it was.
 */
void pl_agent_trust_reload(struct pl_agent_trust *t);
/* The same, if the file of the key is another one than was read. */
void pl_agent_trust_refresh(struct pl_agent_trust *t);
/* Make a next key and write it beside the present one. NULL after a line in the log. */
const struct pl_key *pl_agent_trust_make_next(struct pl_agent_trust *t);
/* A collector has recorded it: it takes the place of the present one. */
void pl_agent_trust_take_next(struct pl_agent_trust *t);
void pl_agent_trust_fini(struct pl_agent_trust *t);
