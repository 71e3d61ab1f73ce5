/* gsm.h - text that fits one SMS: the alphabet of GSM 03.38, 160 septets.
 *
 * One character outside that alphabet turns a whole SMS into UCS-2, where 70 characters are a
 * segment, and each further segment is a message more to pay for, to wait for and to lose. So text
 * is folded into the alphabet: letters lose accents it does not have, typographic marks become
 * plain ones, what has no likeness becomes '?' (3GPP TS 23.038 section 6.2.1; braces, brackets,
 * '~', '^',
 * '\', '|' and the euro sign are escaped and take two septets). */
#pragma once

#include "common/base/text.h"

enum { PL_GSM_SEPTETS = 160, PL_GSM_TEXT_BYTES = PL_GSM_SEPTETS * 3 + 1 };

/* Append `in`, folded, in at most `septets_max` septets; what does not fit is cut and ends with
 * "..." (if there is room for it). Control characters are left out. Returns the septets used. The
 * output is UTF-8. */
uint32_t pl_gsm_write(struct pl_text *out, struct pl_span in, uint32_t septets_max);
