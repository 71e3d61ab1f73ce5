/* enrolment.h - what a host keeps of its joining, as a small text file.
 *
 *     plimsoll-enrolment 1
 *     host fe1
 *     pool web
 *     fingerprint 3935...28dc
 *     collector 192.0.2.1:7410
 *
 * The key is a file of its own beside it. What the configuration says goes before what stands here;
 * the fingerprint stands only here. */
#pragma once

#include "common/base/text.h"
#include "common/wire/token.h"

enum { PL_ENROLMENT_BYTES = 2048 };

struct pl_enrolment {
    struct pl_name host, pool;
    struct pl_fingerprint fingerprint;
    uint8_t collector_count; // 1 to PL_TOKEN_ADDRESSES_MAX
    struct pl_address collectors[PL_TOKEN_ADDRESSES_MAX];
};

/* Into `out`, which has room for PL_ENROLMENT_BYTES. */
void pl_enrolment_write(const struct pl_enrolment *enrolment, struct pl_text *out);
/* Strict: PL_E_MAGIC or PL_E_SYNTAX and `*out` untouched for anything the writer would not write.
 */
PL_MUST_CHECK int pl_enrolment_parse(struct pl_span text, struct pl_enrolment *out);
