/* said_records.h - what people said about alerts, silences, and the log of deliveries, as the JSON
 * texts that Redis keeps, there and back. As records.h otherwise. */
#pragma once

#include "collector/codec/records.h"
#include "collector/core/alert/delivery.h"
#include "collector/core/alert/silence.h"

enum {
    PL_SAID_RECORD_BYTES = 8 * 1024, // every record fits
    PL_SAID_FIELD_BYTES = 24,        // a number, and its NUL
};

/* What one record of PL_KEY_HANDLING says: of which alert. */
struct pl_handling_record {
    struct pl_name pool;
    enum pl_rule rule;
    struct pl_handling handling;
};

/* Writers: into `out`, which has room for PL_SAID_RECORD_BYTES. */
void pl_record_handling_write(struct pl_text *out, const struct pl_alert *alert,
                              const struct pl_handling *handling);
void pl_record_silence_write(struct pl_text *out, const struct pl_silence *silence);
void pl_record_delivery_write(struct pl_text *out, const struct pl_delivery *delivery,
                              const struct pl_record_targets *targets);
/* Field of a silence or delivery, into PL_SAID_FIELD_BYTES. */
void pl_said_field_write(char *out, uint64_t number);

/* Readers: 0 and `*out`, or PL_E_SYNTAX, PL_E_RANGE, PL_E_NOT_FOUND, PL_E_TOO_BIG. The target of a
 * delivery comes back by name; `target_index` is PL_TARGET_MAX if it is no longer configured. */
PL_MUST_CHECK int pl_record_handling_read(struct pl_span in, struct pl_handling_record *out);
PL_MUST_CHECK int pl_record_silence_read(struct pl_span in, struct pl_silence *out);
PL_MUST_CHECK int pl_record_delivery_read(struct pl_span in,
                                          const struct pl_record_targets *targets,
                                          struct pl_delivery *out);
