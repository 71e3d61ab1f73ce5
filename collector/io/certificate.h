/* certificate.h - what the collector shows to agents: its own certificate, made at first start.
 *
 *     <state>/tls/key.pem          ECDSA P-256, mode 0600
 *     <state>/tls/certificate.pem  self-signed, for PL_CERTIFICATE_YEARS; agents pin its SHA-256
 *
 * Other files can be configured. Reloading builds everything anew from the files and only then
 * takes the place of the old; connections that are open keep what they began with. */
#pragma once

#include "common/io/tls.h"

enum { PL_CERTIFICATE_YEARS = 20 };

struct pl_certificate {
    char certificate[512], key[512], ca[512]; // paths; ca is empty if there is none
    struct pl_tls_context *context;           // owned
};

/* Empty paths of certificate and key stand for the collector's own ones in `state`, which are made
 * if they are missing. 0, or a negative error with a sentence in `error` of PL_TLS_ERROR_BYTES. */
PL_MUST_CHECK int pl_certificate_load(struct pl_certificate *c, const char *state,
                                      const struct pl_tls_files *files, char *error);
/* Read the files again. After an error everything stays as it was. */
PL_MUST_CHECK int pl_certificate_reload(struct pl_certificate *c, char *error);
void pl_certificate_fini(struct pl_certificate *c);
