/* package_log.h - what a package manager writes down: a line of its log, and lines of one run
 * together.
 *
 *     dpkg.log     2026-05-01 14:03:12 upgrade openssl:amd64 3.0.15-1 3.0.17-1
 *     dnf.rpm.log  2026-05-01T14:03:12+0200 SUBDEBUG Upgrade: openssl-libs-1:3.0.7-25.el9.x86_64
 *
 * A run is what follows at most PL_PACKAGE_GAP_MS apart. Up to PL_PACKAGE_NAMED_MAX packages of a
 * kind are told one by one; more of them are one change with their count and the first names. Where
 * a run ends depends on the log alone, so that reading it again tells the same changes again. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"
#include "common/wire/change.h"

enum {
    PL_PACKAGE_NAMED_MAX = 8,
    PL_PACKAGE_GAP_MS = 60 * 1000,
    PL_PACKAGE_RUN_MS = 60 * 60 * 1000, // a run that goes on for longer is told in parts
};

enum pl_package_format { PL_PACKAGE_DPKG, PL_PACKAGE_RPM, PL_PACKAGE_FORMAT_COUNT };

/* "var/log/dpkg.log" */
const char *pl_package_log_path(enum pl_package_format format);

struct pl_package_line {
    bool is_change;          // else something else that the package manager did at that time
    bool is_local;           // the time is the machine's own, read as if it were UTC
    struct pl_change change; // one package
};

/* Read one line without its newline. False if it has no time in front: it says nothing. A name or
 * version that is too long is cut, and a byte that is no printable ASCII becomes '?'. */
bool pl_package_line_parse(enum pl_package_format format, struct pl_span line,
                           struct pl_package_line *out);

struct pl_package_kind {
    uint32_t count;                               // packages
    struct pl_change items[PL_PACKAGE_NAMED_MAX]; // the first of them
};

/* A run. Zeroed memory is one that has not begun. */
struct pl_package_run {
    int64_t first_unix_ms, last_unix_ms; // 0: not begun
    struct pl_package_kind kinds[3];     // upgraded, installed, removed
};

/* True if a line of that time goes on with the run, or begins it. Else tell the run first. */
bool pl_package_run_takes(const struct pl_package_run *run, int64_t unix_ms);
/* Take it in; its time is UTC. The same package twice in a row counts once: dpkg repeats itself. */
void pl_package_run_add(struct pl_package_run *run, const struct pl_package_line *line);
/* Nothing can come any more that belongs to it. */
bool pl_package_run_is_over(const struct pl_package_run *run, int64_t now_unix_ms);
/* Take a change out; false when none is left, and it has not begun again. */
bool pl_package_run_next(struct pl_package_run *run, struct pl_change *out);
