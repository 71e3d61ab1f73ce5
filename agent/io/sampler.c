/* The timer and the file descriptors belong to struct pl_sampler, which belongs to the caller.
 *
 *     pl_sampler_start -> on_tick -> (next tick on the grid) -> on_tick ... pl_sampler_stop */
#include "agent/io/sampler.h"

#include "agent/core/collect.h"
#include "agent/io/limits.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* root/below, into a buffer of PL_SAMPLER_PATH_BYTES. pl_sampler_init made sure that it fits. */
static void join(const struct pl_sampler *s, const char *below, char *path)
{
    struct pl_text text = pl_text_init(path, PL_SAMPLER_PATH_BYTES);
    pl_text_str(&text, s->root);
    pl_text_char(&text, '/');
    pl_text_str(&text, below);
    PL_ASSERT(!text.overflow);
}

static void open_source(struct pl_sampler *s, enum pl_source source)
{
    char path[PL_SAMPLER_PATH_BYTES];
    join(s, pl_probe_path(source), path);
    s->fds[source] = open(path, O_RDONLY | O_CLOEXEC);
}

/* A machine without connection tracking lacks nothing. */
static void log_missing(const struct pl_sampler *s, enum pl_source source, int err)
{
    if (source == PL_SOURCE_CONNTRACK && err == -ENOENT) return;
    pl_log(PL_LOG_WARN, "source_missing", "file=%s/%s err=\"%s\"", s->root, pl_probe_path(source),
           pl_err_text(err));
}

static void reopen_missing(struct pl_sampler *s, int64_t now_mono_ms)
{
    if (now_mono_ms < s->reopen_mono_ms) return;
    s->reopen_mono_ms = now_mono_ms + PL_SAMPLER_REOPEN_MS;
    for (int i = 0; i < PL_SOURCE_COUNT; i++) {
        enum pl_source source = (enum pl_source)i;
        if (s->fds[i] >= 0) continue;
        open_source(s, source);
        if (s->fds[i] < 0) continue;
        pl_log(PL_LOG_INFO, "source_opened", "file=%s/%s", s->root, pl_probe_path(source));
    }
}

int pl_sampler_init(struct pl_sampler *s, uv_loop_t *loop, const char *root, const char *sys_root)
{
    enum { BELOW_BYTES = 64 }; // room for the longest path below the root
    size_t len = strlen(root);
    if (len > PL_SAMPLER_PATH_BYTES - BELOW_BYTES) return PL_E_TOO_BIG;
    memcpy(s->root, root, len + 1);
    memset(s->raw, 0, sizeof s->raw);
    s->has_before = s->has_new_name = s->has_new_service = false;
    s->turn = 0;
    memset(s->values, 0, sizeof s->values);
    s->sys_root = sys_root;
    s->limits_mono_ms = 0;
    s->reopen_mono_ms = pl_clock_mono_ms() + PL_SAMPLER_REOPEN_MS;
    for (int i = 0; i < PL_SOURCE_COUNT; i++) {
        open_source(s, (enum pl_source)i);
        if (s->fds[i] < 0) log_missing(s, (enum pl_source)i, -errno);
    }
    pl_cgroup_init(&s->cgroup);
    pl_queues_init(&s->queues, s->root, pl_clock_mono_ms());
    pl_port_count_init(&s->ports);
    pl_watch_init(&s->watch, &(struct pl_watched_choice){.kind = PL_WATCHED_NONE}, s->root,
                  s->sys_root);
    s->timer.data = s;
    return uv_timer_init(loop, &s->timer);
}

void pl_sampler_watch(struct pl_sampler *s, const struct pl_watched_choice *choice)
{
    pl_watch_init(&s->watch, choice, s->root, s->sys_root);
    s->queues.main_port = choice->port;
}

/* A file that the kernel makes line by line gives at most one page per read, cut between two lines
 * (seq_read_iter in fs/seq_file.c): here only net/dev, with some 35 interfaces or more. A read that
 * leaves less than a line's room in its page may have been cut. */
static bool may_go_on(enum pl_source source, ssize_t len)
{
    enum { PAGE_LEAST = 4096, LINE_MOST = 512 };
    return source == PL_SOURCE_NETDEV && len > PAGE_LEAST - LINE_MOST;
}

/* The whole text of an open source; empty, and the file closed, if it cannot be read any more. */
static struct pl_span read_source(struct pl_sampler *s, enum pl_source source)
{
    size_t len = 0;
    ssize_t n;
    do {
        n = pread(s->fds[source], s->text + len, sizeof s->text - len, (off_t)len);
        if (n > 0) len += (size_t)n;
    } while (may_go_on(source, n) && len < sizeof s->text);
    if (n >= 0) return (struct pl_span){s->text, len};
    log_missing(s, source, -errno);
    (void)close(s->fds[source]); // nothing was written to it
    s->fds[source] = -1;
    return (struct pl_span){s->text, 0};
}

static struct pl_cgroup_whole whole_of(const struct pl_raw *now)
{
    return (struct pl_cgroup_whole){now->stat.cores, now->meminfo.total};
}

static void read_limits(struct pl_sampler *s, int64_t now_mono_ms)
{
    struct pl_raw *now = &s->raw[s->turn];
    if (now_mono_ms >= s->limits_mono_ms) {
        pl_limits_read(s->root, s->sys_root, &now->netdev, &s->limits);
        pl_cgroup_look(&s->cgroup, s->sys_root, whole_of(now));
        s->limits_mono_ms = now_mono_ms + PL_SAMPLER_REOPEN_MS;
    }
    now->limits = s->limits;
    now->cgroup = s->cgroup.limits;
    pl_cgroup_read(&s->cgroup, PL_CGROUP_FIRST_USAGE, PL_CGROUP_OOM, &now->cgroup);
}

/* Accept queues overflow only where pl_listen_is_due() says that connections come or wait. */
static bool is_due(const struct pl_sampler *s, enum pl_source source, int64_t now_mono_ms,
                   int64_t now_us)
{
    const struct pl_raw *now = &s->raw[s->turn];
    if (!s->has_before) return true;
    if (source == PL_SOURCE_NETSTAT &&
        pl_listen_is_due(&s->queues.watch, now->snmp.passive_opens, now_mono_ms))
        return true;
    return pl_probe_is_due(source, &s->raw[!s->turn], now_us, s->schedule.interval_ms);
}

static void read_sources(struct pl_sampler *s, int64_t now_mono_ms, int64_t now_us)
{
    const struct pl_raw *before = &s->raw[!s->turn];
    struct pl_raw *now = &s->raw[s->turn];
    for (int i = 0; i < PL_SOURCE_COUNT; i++) {
        enum pl_source source = (enum pl_source)i;
        if (!is_due(s, source, now_mono_ms, now_us)) {
            pl_probe_keep(source, before, now);
            continue;
        }
        struct pl_span text = {s->text, 0};
        if (s->fds[i] >= 0) text = read_source(s, source);
        pl_probe_parse(source, text, now);
        now->read_us[i] = now_us;
    }
    now->read_us[PL_READ_ALWAYS] = now_us;
}

/* A system call, while most clocks are none. */
static void read_self(struct pl_sampler *s, int64_t now_us)
{
    const struct pl_raw *before = &s->raw[!s->turn];
    struct pl_raw *now = &s->raw[s->turn];
    int64_t half_us = s->schedule.interval_ms * 1000 / 2; // the sample nearest to the time
    bool is_due = !s->has_before || now_us - before->read_us[PL_READ_SELF] >=
                                        PL_SAMPLER_SELF_MS * INT64_C(1000) - half_us;
    now->agent_cpu_us = is_due ? (uint64_t)pl_clock_cpu_us() : before->agent_cpu_us;
    now->read_us[PL_READ_SELF] = is_due ? now_us : before->read_us[PL_READ_SELF];
}

static void read_machine(struct pl_sampler *s, int64_t now_mono_ms, int64_t now_us)
{
    struct pl_raw *now = &s->raw[s->turn];
    reopen_missing(s, now_mono_ms);
    read_sources(s, now_mono_ms, now_us);
    if (pl_queues_look(&s->queues, now->snmp.passive_opens, now_mono_ms)) s->has_new_name = true;
    now->queues = (struct pl_raw_queues){s->queues.count, s->queues.fill_bp};
    read_self(s, now_us);
    read_limits(s, now_mono_ms);
    pl_port_count_look(&s->ports, now, s->text, now_mono_ms);
    now->ports.used = s->ports.used;
    if (pl_watch_look(&s->watch, s->queues.has_main ? &s->queues.main : NULL, whole_of(now), now_us,
                      &now->service)) {
        s->has_new_service = true;
        if (!s->watch.is_found) pl_queues_forget(&s->queues, now_mono_ms); // its socket, too
    }
}

static void on_tick(uv_timer_t *timer);

/* Due times and the loop's time are on the same clock. */
static void arm(struct pl_sampler *s, int64_t now_mono_ms)
{
    int64_t wait_ms = PL_MAX(s->schedule.due_mono_ms - now_mono_ms, 0);
    int err = uv_timer_start(&s->timer, on_tick, (uint64_t)wait_ms, 0);
    PL_ASSERT(err == 0); // fails only for a timer that is being closed
}

static void on_tick(uv_timer_t *timer)
{
    struct pl_sampler *s = timer->data;
    int64_t now_mono_ms = (int64_t)uv_now(timer->loop);
    int64_t now_us = (int64_t)(uv_hrtime() / 1000);
    struct pl_sample sample = {.unix_ms = pl_clock_unix_ms()};
    int64_t late_ms = pl_schedule_step(&s->schedule, now_mono_ms);
    arm(s, now_mono_ms);
    read_machine(s, now_mono_ms, now_us);
    pl_collect_values(s->has_before ? &s->raw[!s->turn] : NULL, &s->raw[s->turn], s->values);
    memcpy(sample.values, s->values, sizeof sample.values);
    sample.values[PL_AGENT_LATE] = (int32_t)PL_MIN(late_ms, INT32_MAX);
    s->has_before = true;
    s->turn = !s->turn;
    s->on_sample(s->arg, &sample);
}

void pl_sampler_start(struct pl_sampler *s, int64_t interval_ms,
                      void (*on_sample)(void *arg, struct pl_sample *sample), void *arg)
{
    s->on_sample = on_sample;
    s->arg = arg;
    uv_update_time(s->timer.loop); // starting may have taken long
    pl_schedule_init(&s->schedule, interval_ms, (int64_t)uv_now(s->timer.loop));
    on_tick(&s->timer);
}

void pl_sampler_set_base(struct pl_sampler *s, uint32_t interval_ms)
{
    int64_t now_mono_ms = (int64_t)uv_now(s->timer.loop);
    pl_schedule_set_base(&s->schedule, interval_ms, now_mono_ms);
    arm(s, now_mono_ms);
}

void pl_sampler_direct(struct pl_sampler *s, uint32_t interval_ms, uint32_t for_ms)
{
    int64_t now_mono_ms = (int64_t)uv_now(s->timer.loop);
    pl_schedule_direct(&s->schedule, interval_ms, for_ms, now_mono_ms);
    arm(s, now_mono_ms);
}

bool pl_sampler_hasten(struct pl_sampler *s, uint32_t interval_ms, uint32_t for_ms)
{
    int64_t now_mono_ms = (int64_t)uv_now(s->timer.loop);
    int64_t before_ms = s->schedule.interval_ms;
    pl_schedule_hasten(&s->schedule, interval_ms, for_ms, now_mono_ms);
    arm(s, now_mono_ms);
    return s->schedule.interval_ms < before_ms;
}

void pl_sampler_calm(struct pl_sampler *s)
{
    int64_t now_mono_ms = (int64_t)uv_now(s->timer.loop);
    pl_schedule_calm(&s->schedule, now_mono_ms);
    arm(s, now_mono_ms);
}

void pl_sampler_facts(const struct pl_sampler *s, struct pl_fact_value *facts)
{
    PL_ASSERT(s->has_before);
    pl_collect_facts(&s->raw[!s->turn], facts);
}

int64_t pl_sampler_booted_unix_s(const struct pl_sampler *s)
{
    uint64_t booted = s->raw[!s->turn].stat.started_unix_s;
    return booted > INT64_MAX ? -1 : (int64_t)booted;
}

bool pl_sampler_new_name(struct pl_sampler *s, struct pl_listener *out)
{
    if (!s->has_new_name) return false;
    s->has_new_name = false;
    *out = s->queues.name;
    return true;
}

bool pl_sampler_new_service(struct pl_sampler *s, struct pl_service *out)
{
    if (!s->has_new_service) return false;
    s->has_new_service = false;
    *out = s->watch.name;
    return true;
}

void pl_sampler_stop(struct pl_sampler *s)
{
    pl_watch_stop(&s->watch);
    pl_cgroup_stop(&s->cgroup);
    pl_queues_stop(&s->queues);
    pl_port_count_stop(&s->ports);
    for (int i = 0; i < PL_SOURCE_COUNT; i++) {
        if (s->fds[i] >= 0) (void)close(s->fds[i]); // nothing was written to it
        s->fds[i] = -1;
    }
    if (!uv_is_closing((uv_handle_t *)&s->timer)) uv_close((uv_handle_t *)&s->timer, NULL);
}
