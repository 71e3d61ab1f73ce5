/* named.h - numbers found by their names, the shape most files of /proc share.
 *
 * A parser lists the names it wants and the fields they fill. Every field is set to PL_RAW_ABSENT
 * first. Names are few, so they are compared one by one: length and first byte settle nearly all.
 */
#pragma once

#include "agent/core/scan.h"
#include "common/base/base.h"

struct pl_named {
    struct pl_span name;
    uint64_t *value; // borrowed from the caller's struct
};

/* Entry of a table: PL_NAMED("MemTotal:", &out->total). */
#define PL_NAMED(text, field)                                                                      \
    {                                                                                              \
        {(const uint8_t *)(text), sizeof(text) - 1}, (field)                                       \
    }

/* The entry called `name`, or NULL. */
const struct pl_named *pl_named_find(const struct pl_named *table, size_t count,
                                     struct pl_span name);
void pl_named_clear(const struct pl_named *table, size_t count);

/* Lines "NAME VALUE [unit]" (meminfo, the tail of stat). Stops when every name was seen. */
void pl_named_lines(struct pl_span text, const struct pl_named *table, size_t count);
/* The line beginning with `prefix` ("Tcp:"), then "NAME VALUE NAME VALUE ..." (sockstat). */
void pl_named_words(struct pl_span text, const char *prefix, const struct pl_named *table,
                    size_t count);
/* The first pair of lines beginning with `prefix`: names in one, values in the next, in
 * whatever order this kernel prints them (snmp, netstat). */
void pl_named_columns(struct pl_span text, const char *prefix, const struct pl_named *table,
                      size_t count);
