/* tzif.h - the time zone files of the system: TZif (RFC 8536), as /usr/share/zoneinfo holds them.
 *
 * Only the block of version 2 and later is read, with 64-bit times: every tzdata of this century
 * writes it. The years after its last change are told by the footer, a POSIX TZ string ("CET-1CEST,
 * M3.5.0,M10.5.0/3"); of its forms of a date only Mm.w.d is in use, and only that one is read. */
#pragma once

#include "collector/core/oncall/zone.h"

enum { PL_TZIF_BYTES_MAX = 64 * 1024 }; // the largest file has 4 KB

/* Fill `*out` (but not its name) from a whole file. Changes before 1970 are left out. PL_E_MAGIC,
 * PL_E_VERSION, PL_E_TRUNCATED, PL_E_RANGE (an offset of over 26 hours, changes that go back),
 * PL_E_FULL (more changes than fit), PL_E_SYNTAX (the footer); `*out` is untouched then. */
PL_MUST_CHECK int pl_tzif_parse(struct pl_span in, struct pl_zone *out);
