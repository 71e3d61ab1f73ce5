#include "agent/core/named.h"

const struct pl_named *pl_named_find(const struct pl_named *table, size_t count,
                                     struct pl_span name)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].name.len == name.len && table[i].name.ptr[0] == name.ptr[0] &&
            memcmp(table[i].name.ptr, name.ptr, name.len) == 0)
            return &table[i];
    }
    return NULL;
}

void pl_named_clear(const struct pl_named *table, size_t count)
{
    for (size_t i = 0; i < count; i++) *table[i].value = PL_RAW_ABSENT;
}

void pl_named_lines(struct pl_span text, const struct pl_named *table, size_t count)
{
    pl_named_clear(table, count);
    struct pl_span line, name;
    size_t found = 0;
    while (found < count && pl_scan_line(&text, &line)) {
        if (!pl_scan_word(&line, &name)) continue;
        const struct pl_named *entry = pl_named_find(table, count, name);
        if (!entry || *entry->value != PL_RAW_ABSENT) continue; // a repeated name: the first counts
        *entry->value = pl_scan_next(&line);
        found++;
    }
}

/* Take lines off `text` up to the one that begins with `prefix`; `*line` is its rest. */
static bool find_line(struct pl_span *text, const char *prefix, struct pl_span *line)
{
    size_t len = strlen(prefix);
    while (pl_scan_line(text, line)) {
        if (line->len < len || memcmp(line->ptr, prefix, len) != 0) continue;
        *line = (struct pl_span){line->ptr + len, line->len - len};
        return true;
    }
    return false;
}

void pl_named_words(struct pl_span text, const char *prefix, const struct pl_named *table,
                    size_t count)
{
    pl_named_clear(table, count);
    struct pl_span line, name;
    if (!find_line(&text, prefix, &line)) return;
    while (pl_scan_word(&line, &name)) {
        const struct pl_named *entry = pl_named_find(table, count, name);
        uint64_t value = pl_scan_next(&line);
        if (entry) *entry->value = value;
    }
}

void pl_named_columns(struct pl_span text, const char *prefix, const struct pl_named *table,
                      size_t count)
{
    pl_named_clear(table, count);
    struct pl_span names, values, name, value;
    if (!find_line(&text, prefix, &names) || !find_line(&text, prefix, &values)) return;
    size_t found = 0;
    while (found < count && pl_scan_word(&names, &name) && pl_scan_word(&values, &value)) {
        const struct pl_named *entry = pl_named_find(table, count, name);
        if (!entry || *entry->value != PL_RAW_ABSENT) continue;
        *entry->value = pl_scan_number(value);
        found++;
    }
}
