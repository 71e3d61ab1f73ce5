/* hello.h - what an agent says first: who it is, what it can measure, how big its machine is.
 * Layout in PROTOCOL.md. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"
#include "common/base/name.h"
#include "common/wire/metric.h"

enum {
    PL_PROTOCOL_VERSION = 1,
    PL_BOOT_ID_BYTES = 16,
    PL_VERSION_LEN_MAX = 31,
    PL_FACT_SOURCE_LEN_MAX = 47,
    PL_INTERVAL_MS_MIN = 10,
    PL_INTERVAL_MS_MAX = 3600000,
};

enum pl_fact {
#define X(id, symbol, name, unit, meaning) PL_FACT_##symbol,
#include "common/wire/fact.def"
#undef X
    PL_FACT_COUNT
};

struct pl_fact_info {
    uint16_t id;
    const char *name;
    const char *unit;
};
const struct pl_fact_info *pl_fact_info(enum pl_fact fact);

/* One denominator and where it came from, so that a wrong one can be traced. */
struct pl_fact_value {
    int64_t value;                           // -1: not known, no percentage may be built on it
    char source[PL_FACT_SOURCE_LEN_MAX + 1]; // "/proc/meminfo", "cgroup memory.max", ...
};

/* Drawn at random when the agent starts: sequence numbers count from 1 within one boot id. */
struct pl_boot_id {
    uint8_t bytes[PL_BOOT_ID_BYTES];
};

static inline bool pl_boot_id_eq(const struct pl_boot_id *a, const struct pl_boot_id *b)
{
    return memcmp(a->bytes, b->bytes, PL_BOOT_ID_BYTES) == 0;
}

struct pl_hello {
    uint16_t version; // PL_PROTOCOL_VERSION
    struct pl_boot_id boot_id;
    struct pl_name host;
    struct pl_name pool;
    char agent_version[PL_VERSION_LEN_MAX + 1];
    int64_t unix_ms;      // the agent's clock as it writes this
    uint32_t interval_ms; // between samples; PL_INTERVAL_MS_MIN to _MAX
    uint64_t first_seq;   // oldest sample still spooled; next one to be taken if none is
    struct pl_fact_value facts[PL_FACT_COUNT];
    /* The agent's metric table: position in its samples -> our metric, or PL_METRIC_COUNT for one
     * this program does not know. A known name with another kind or scale than ours counts as
     * unknown. */
    uint8_t metric_count; // 1 to PL_METRIC_MAX
    uint8_t metrics[PL_METRIC_MAX];
};

/* Body of a HELLO frame. Refuses with PL_E_TRUNCATED, PL_E_SYNTAX (left-over bytes, a bad name, a
 * control byte in a text), PL_E_RANGE (time, interval, first_seq 0, counts, a text too long),
 * PL_E_VERSION (checked first: another version may have another layout), PL_E_DUPLICATE (a metric
 * or fact we know, given twice). Unknown facts and metrics are skipped. `*out` is untouched on
 * failure. */
PL_MUST_CHECK int pl_hello_parse(struct pl_span body, struct pl_hello *out);
/* Writes the table of metric.def (the `metrics` and `metric_count` fields are not looked at) and
 * the known facts. Any valid hello fits a frame. */
void pl_hello_write(const struct pl_hello *hello, struct pl_writer *out);
