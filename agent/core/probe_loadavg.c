#include "agent/core/probe.h"

/* "0.13" as 13: the kernel prints two decimals (LOAD_FRAC in fs/proc/loadavg.c). */
static uint64_t parse_hundredths(struct pl_span word)
{
    const uint8_t *point = word.len > 0 ? memchr(word.ptr, '.', word.len) : NULL;
    if (!point) return PL_RAW_ABSENT;
    struct pl_span whole = {word.ptr, (size_t)(point - word.ptr)};
    struct pl_span fraction = {point + 1, word.len - whole.len - 1};
    uint64_t tasks = pl_scan_number(whole);
    uint64_t hundredths = pl_scan_number(fraction);
    if (fraction.len != 2 || hundredths == PL_RAW_ABSENT) return PL_RAW_ABSENT;
    if (tasks > (UINT64_MAX - 100) / 100) return PL_RAW_ABSENT; // PL_RAW_ABSENT itself too
    return tasks * 100 + hundredths;
}

void pl_probe_loadavg(struct pl_span text, struct pl_raw_loadavg *out)
{
    struct pl_span line, word;
    out->load1_x100 = PL_RAW_ABSENT;
    if (!pl_scan_line(&text, &line) || !pl_scan_word(&line, &word)) return;
    out->load1_x100 = parse_hundredths(word);
}
