/* service.h - what the watched service of a host is called, and where its numbers come from.
 *
 * What it uses travels in every sample (service.*); what it is changes rarely and travels by
 * itself. Layout in PROTOCOL.md. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"

enum {
    PL_SERVICE_NAME_MAX = 31,
    PL_SERVICE_ADDRESS_MAX = 47,
    PL_SERVICE_SOURCE_MAX = 95,
    PL_SERVICE_FRAME_BYTES_MAX =
        8 + 3 + PL_SERVICE_NAME_MAX + PL_SERVICE_ADDRESS_MAX + PL_SERVICE_SOURCE_MAX,
};

struct pl_service {
    char name[PL_SERVICE_NAME_MAX + 1];       // "nginx"; empty: none is found, nor the rest
    char address[PL_SERVICE_ADDRESS_MAX + 1]; // where it listens, "*:443"; empty: not known
    char source[PL_SERVICE_SOURCE_MAX + 1];   // "cgroup /web.slice", "processes below 817"
};

/* Body of a SERVICE frame. Refuses with PL_E_TRUNCATED, PL_E_SYNTAX (left-over bytes, an address or
 * source without a name, a byte that is no printable ASCII) or PL_E_RANGE (a text too long). `*out`
 * is untouched then. */
PL_MUST_CHECK int pl_service_parse(struct pl_span body, struct pl_service *out);
/* The whole frame. */
void pl_service_write(const struct pl_service *service, struct pl_writer *out);
/* Is a program of that name known to pass work on to others, as nginx does to PHP-FPM? Then its own
 * processor time says little about what the machine can take. */
bool pl_service_passes_on(const char *name);
