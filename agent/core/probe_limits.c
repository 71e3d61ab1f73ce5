#include "agent/core/named.h"
#include "agent/core/probe.h"

void pl_probe_vmstat(struct pl_span text, struct pl_raw_vmstat *out)
{
    const struct pl_named table[] = {
        PL_NAMED("pswpin", &out->swapped_in),
        PL_NAMED("pswpout", &out->swapped_out),
        PL_NAMED("oom_kill", &out->oom_kills),
    };
    pl_named_lines(text, table, PL_LEN(table));
}

/* "allocated unused maximum"; unused ones are given back since Linux 2.6. */
void pl_probe_files(struct pl_span text, struct pl_raw_files *out)
{
    struct pl_span line = {text.ptr, 0};
    (void)pl_scan_line(&text, &line); // without a line there are no numbers
    out->open = pl_scan_next(&line);
    (void)pl_scan_next(&line);
    out->max = pl_scan_next(&line);
}

void pl_probe_conntrack(struct pl_span text, struct pl_raw_conntrack *out)
{
    struct pl_span line = {text.ptr, 0};
    (void)pl_scan_line(&text, &line); // without a line there is no number
    out->count = pl_scan_next(&line);
}
