/* identity.h - the files that make this host somebody: its key, and whom it joined.
 *
 *     <state>/key.pem    Ed25519, mode 0600: made here, never leaves this machine
 *     <state>/enrolment  which collector, as which host (core/enrolment.h)
 *
 * Blocks on small local files: for the start, and for the moment after a refusal. */
#pragma once

#include "agent/core/enrolment.h"
#include "common/io/key.h"

enum { PL_IDENTITY_PATH_BYTES = 512 };

struct pl_identity {
    struct pl_key *key; // owned
    struct pl_enrolment enrolment;
};

/* 0; -ENOENT if this host has not joined; another error after a line in the log that names the
 * file. `*out` is untouched then. Warns of a key that others may read. */
PL_MUST_CHECK int pl_identity_read(const char *state, struct pl_identity *out);
/* Which file the key is: another one, or a changed one, has another stamp. */
struct pl_identity_stamp {
    uint64_t inode;
    int64_t changed_ns;
};
/* All zero if there is none. */
void pl_identity_stamp(const char *state, struct pl_identity_stamp *out);
void pl_identity_fini(struct pl_identity *identity);

/* The key in <state>, made and written if there is none; `*is_new` says so. Makes the directory. */
PL_MUST_CHECK int pl_identity_key(const char *state, struct pl_key **out, bool *is_new);
/* Replace <state>/key.pem. */
PL_MUST_CHECK int pl_identity_write_key(const char *state, const struct pl_key *key);
/* A key that will replace it is kept in <state>/key.next.pem until the collector has recorded it;
 * promoting it renames it. */
PL_MUST_CHECK int pl_identity_write_next(const char *state, const struct pl_key *key);
PL_MUST_CHECK int pl_identity_promote_next(const char *state);
PL_MUST_CHECK int pl_identity_write_enrolment(const char *state, const struct pl_enrolment *e);
