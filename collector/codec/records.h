/* records.h - hosts, alerts and pages as the JSON texts that Redis keeps, there and back.
 *
 * What is remembered must outlive this process, its configuration and its monotonic clock: targets
 * are written by name, monotonic times as the wall-clock time they stand for. Reading is strict; a
 * record that cannot be read is refused as a whole, and the caller says so and goes on. */
#pragma once

#include "collector/core/alert/outbox.h"
#include "collector/core/observe/fleet.h"
#include "common/base/text.h"

enum { PL_RECORD_BYTES = 12 * 1024 }; // every record fits

/* The configuration's targets, by index. */
struct pl_record_targets {
    const struct pl_name *names; // borrowed
    uint32_t count;              // at most PL_TARGET_MAX
};

/* Writers: into `out`, which has room for PL_RECORD_BYTES. */
void pl_record_host_write(struct pl_text *out, const struct pl_host *host,
                          const struct pl_name *pool);
void pl_record_alert_write(struct pl_text *out, const struct pl_alert *alert,
                           const struct pl_record_targets *targets, struct pl_now now);
void pl_record_page_write(struct pl_text *out, const struct pl_page *page,
                          const struct pl_record_targets *targets, struct pl_now now);

/* Readers: 0 and `*out`; PL_E_SYNTAX, PL_E_RANGE, PL_E_TOO_BIG or PL_E_NOT_FOUND for a record that
 * is wrong, incomplete, or (a page) for a target that is no longer configured. A host comes back as
 * the hello its agent said, without metric table. Targets an alert had paged and that are gone are
 * left out. Pages come back without `id`. */
PL_MUST_CHECK int pl_record_host_read(struct pl_span in, struct pl_hello *out);
PL_MUST_CHECK int pl_record_alert_read(struct pl_span in, const struct pl_record_targets *targets,
                                       struct pl_now now, struct pl_alert *out);
PL_MUST_CHECK int pl_record_page_read(struct pl_span in, const struct pl_record_targets *targets,
                                      struct pl_now now, struct pl_page *out);
