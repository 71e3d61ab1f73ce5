#include "agent/core/named.h"
#include "agent/core/probe.h"

/* The line of all cores together: ten times in a fixed order, of which old kernels have fewer. */
static void parse_cpu(struct pl_span line, struct pl_raw_stat *out)
{
    uint64_t *const fields[] = {&out->user,   &out->nice, &out->system,  &out->idle,
                                &out->iowait, &out->irq,  &out->softirq, &out->steal};
    for (size_t i = 0; i < PL_LEN(fields); i++) *fields[i] = pl_scan_next(&line);
}

static bool is_cpu(struct pl_span text)
{
    return text.len > 3 && memcmp(text.ptr, "cpu", 3) == 0;
}

void pl_probe_stat(struct pl_span text, struct pl_raw_stat *out)
{
    const struct pl_named rest[] = {
        PL_NAMED("ctxt", &out->context_switches), PL_NAMED("btime", &out->started_unix_s),
        PL_NAMED("processes", &out->forks),       PL_NAMED("procs_running", &out->running),
        PL_NAMED("procs_blocked", &out->blocked),
    };
    struct pl_span line;
    memset(out, 0xff, sizeof *out); // PL_RAW_ABSENT in every field
    /* The cpu lines come first. One machine has thousands of them, so only their beginnings are
     * looked at. */
    uint64_t cores = 0;
    bool has_total = false;
    while (is_cpu(text) && pl_scan_line(&text, &line)) {
        if (line.len == 3 || line.ptr[3] != ' ') {
            cores++;
        } else if (!has_total) {
            has_total = true;
            parse_cpu((struct pl_span){line.ptr + 3, line.len - 3}, out);
        }
    }
    /* Only a line behind the list proves that it was not cut. */
    struct pl_span behind = text;
    if (cores > 0 && pl_scan_line(&behind, &line)) out->cores = cores;
    pl_named_lines(text, rest, PL_LEN(rest));
}
