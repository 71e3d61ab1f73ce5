#include "agent/core/probe.h"

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", then "full ..." */
void pl_probe_pressure(struct pl_span text, struct pl_raw_pressure *out)
{
    static const char total[] = "total=";
    const size_t total_len = sizeof total - 1;
    struct pl_span line, word;
    *out = (struct pl_raw_pressure){PL_RAW_ABSENT, PL_RAW_ABSENT};
    while (pl_scan_line(&text, &line) && pl_scan_word(&line, &word)) {
        uint64_t *field = pl_span_is(word, "some")   ? &out->some_us
                          : pl_span_is(word, "full") ? &out->full_us
                                                     : NULL;
        if (!field || *field != PL_RAW_ABSENT) continue;
        while (pl_scan_word(&line, &word)) {
            if (word.len <= total_len || memcmp(word.ptr, total, total_len) != 0) continue;
            *field = pl_scan_number((struct pl_span){word.ptr + total_len, word.len - total_len});
        }
    }
}
