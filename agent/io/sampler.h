/* sampler.h - takes the samples: a timer, the files of /proc kept open, one pread each.
 *
 *     on_tick -> read_machine -> pl_probe_parse -> pl_collect_values -> on_sample
 *
 * A file that is missing or stops answering makes its values absent and nothing else; it is tried
 * again every PL_SAMPLER_REOPEN_MS, when limits are read again, too. Sources with a cadence of
 * their own (pl_probe_cadence_ms, queues.h) are read by it, not with every sample. A sample costs
 * some 9 preads and 2 system calls for the queues, and what watch.h says for a watched service;
 * nothing is allocated after the start. */
#pragma once

#include "agent/core/probe.h"
#include "agent/core/schedule.h"
#include "agent/io/cgroup.h"
#include "agent/io/port_count.h"
#include "agent/io/queues.h"
#include "agent/io/watch.h"
#include "common/wire/hello.h"
#include "common/wire/sample.h"

#include <uv.h>

enum {
    PL_SAMPLER_FILE_BYTES_MAX = 128 * 1024, // what is behind is not looked at: absent
    PL_SAMPLER_PATH_BYTES = 256,
    PL_SAMPLER_REOPEN_MS = 60 * 1000,
    PL_SAMPLER_SELF_MS = 5 * 1000, // between two questions for the own CPU time
};

struct pl_sampler {
    struct pl_schedule schedule;
    uv_timer_t timer;
    void (*on_sample)(void *arg, struct pl_sample *sample);
    void *arg; // borrowed
    char root[PL_SAMPLER_PATH_BYTES];
    const char *sys_root;     // borrowed
    int fds[PL_SOURCE_COUNT]; // owned; -1: not there
    int64_t reopen_mono_ms;   // when missing files are tried again
    int64_t limits_mono_ms;   // when limits are read again
    struct pl_raw_limits limits;
    struct pl_cgroup cgroup;
    struct pl_queues queues;
    struct pl_port_count ports;
    bool has_new_name;    // of the fullest accept queue, not asked for yet
    bool has_new_service; // likewise
    struct pl_watch watch;
    bool has_before;                 // raw[!turn] is a reading
    uint8_t turn;                    // raw[turn] takes the next one
    struct pl_raw raw[2];            // read on the clock of uv_hrtime
    int32_t values[PL_METRIC_COUNT]; // of the sample before
    uint8_t text[PL_SAMPLER_FILE_BYTES_MAX];
};

/* Open the files below `root` ("/proc"); `sys_root` ("/sys") stays where it is. Files that cannot
 * be opened are logged. `s` stays where it is until the loop has run the close of pl_sampler_stop.
 * PL_E_TOO_BIG for a root that is too long, or a libuv code. */
PL_MUST_CHECK int pl_sampler_init(struct pl_sampler *s, uv_loop_t *loop, const char *root,
                                  const char *sys_root);
/* Before the start: watch that service. Without this call none is watched. */
void pl_sampler_watch(struct pl_sampler *s, const struct pl_watched_choice *choice);
/* Take the first sample before this returns, and then one per `interval_ms`. `on_sample` gets it
 * with the values of pl_collect_values() and agent.late; its seq is 0. */
void pl_sampler_start(struct pl_sampler *s, int64_t interval_ms,
                      void (*on_sample)(void *arg, struct pl_sample *sample), void *arg);
/* What the collector asks for, as in schedule.h. */
void pl_sampler_set_base(struct pl_sampler *s, uint32_t interval_ms);
void pl_sampler_direct(struct pl_sampler *s, uint32_t interval_ms, uint32_t for_ms);
/* What this machine's own state asks for, as in schedule.h. True if samples come faster from here
 * on. */
bool pl_sampler_hasten(struct pl_sampler *s, uint32_t interval_ms, uint32_t for_ms);
void pl_sampler_calm(struct pl_sampler *s);
/* The capacity facts (PL_FACT_COUNT of them) as of the last sample, of which there must be one.
 */
void pl_sampler_facts(const struct pl_sampler *s, struct pl_fact_value *facts);
/* When the machine started, as of the last sample; -1: not known. */
int64_t pl_sampler_booted_unix_s(const struct pl_sampler *s);
/* The fullest accept queue is called otherwise since this was last asked: true, and its name. */
bool pl_sampler_new_name(struct pl_sampler *s, struct pl_listener *out);
/* The watched service is another one, or there is none any more, since this was last asked: true,
 * and what it is. */
bool pl_sampler_new_service(struct pl_sampler *s, struct pl_service *out);
/* Close timer and files. Idempotent. */
void pl_sampler_stop(struct pl_sampler *s);
