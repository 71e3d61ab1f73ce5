/* The examination runs the agent's own sampler, searches and triggers on a loop of its own for a
 * few seconds, and then asks them what they have.
 *
 *     pl_doctor_machine -> loop: sampler -> on_sample -> local     timer -> on_end: all is stopped
 */
#include "agent/doctor.h"

#include "agent/core/package_log.h"
#include "agent/io/local.h"
#include "agent/io/pressure.h"
#include "agent/io/sampler.h"
#include "agent/sources.h"
#include "common/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { INTERVAL_MS = 200, LOOK_MS = 4000 };

static const char machine[] = "This machine", limits[] = "What runs out: the limits",
                  traffic[] = "What traffic is";

struct look {
    uv_loop_t loop;
    uv_timer_t end;
    struct pl_sampler sampler;
    struct pl_local local;
    struct pl_pressure pressure;
    struct pl_sample last;
    struct pl_service service;
};

static void on_pressure(void *arg, const char *resource)
{
    (void)arg;
    (void)resource; // that the kernel would tell is all that matters here
}

static void on_sample(void *arg, struct pl_sample *sample)
{
    struct look *k = arg;
    pl_local_sample(&k->local, sample->values, k->sampler.schedule.due_mono_ms);
    (void)pl_sampler_new_service(&k->sampler, &k->service); // else the one before is it
    k->last = *sample;
}

/* ---- files of /proc ---- */

static const struct {
    enum pl_source source;
    const char *name, *what;
} sources[] = {
    {PL_SOURCE_STAT, "processors", "busy, waiting and stolen time, tasks"},
    {PL_SOURCE_MEMINFO, "memory", "memory and swap"},
    {PL_SOURCE_VMSTAT, "memory running out", "OOM kills, pages swapped"},
    {PL_SOURCE_LOADAVG, "load", "the load average"},
    {PL_SOURCE_PRESSURE_CPU, "waiting for processors", "pressure (PSI)"},
    {PL_SOURCE_PRESSURE_MEMORY, "waiting for memory", "pressure (PSI)"},
    {PL_SOURCE_PRESSURE_IO, "waiting for disks", "pressure (PSI)"},
    {PL_SOURCE_NETDEV, "network", "bytes, drops and errors of all interfaces but lo"},
    {PL_SOURCE_SNMP, "connections", "accepted, opened, established, retransmitted"},
    {PL_SOURCE_NETSTAT, "overflowing listeners", "accept queue overflows, SYN cookies"},
    {PL_SOURCE_SOCKSTAT, "sockets", "time-wait, orphans, memory of TCP"},
    {PL_SOURCE_FILES, "file handles", "open, of the whole machine"},
    {PL_SOURCE_CONNTRACK, "connection tracking", "entries in use"},
};

static void find_source(const struct look *k, size_t i, struct pl_diagnosis *d)
{
    char path[64];
    bool is_open = k->sampler.fds[sources[i].source] >= 0;
    bool is_optional = sources[i].source == PL_SOURCE_CONNTRACK;
    pl_doctor_say(path, sizeof path, "/proc/%s", pl_probe_path(sources[i].source));
    struct pl_finding *f = pl_doctor_add(d, machine, PL_FINDING_OK, sources[i].name);
    PL_SAY(f, "%s (%s)", sources[i].what, path);
    if (is_open) return;
    int err = access(path, R_OK) < 0 ? -errno : -EIO;
    f->state = is_optional && err == -ENOENT ? PL_FINDING_NOTE : PL_FINDING_LACK;
    if (f->state == PL_FINDING_NOTE) {
        PL_SAY(f, "this kernel tracks no connections, so they cannot run out");
        return;
    }
    PL_SAY(f, "not seen: %s: %s", path, pl_err_text(err));
    if (strstr(path, "pressure"))
        PL_ADVISE(f, "boot with psi=1, or a kernel of 4.20 or later with CONFIG_PSI");
    else
        PL_ADVISE(f, "is /proc mounted, and may this user read it?");
}

static void find_triggers(const struct look *k, struct pl_diagnosis *d)
{
    uint32_t count = 0;
    for (int n = 0; n < PL_PRESSURE_COUNT; n++) count += k->pressure.watches[n].fd >= 0;
    struct pl_finding *f = pl_doctor_add(d, machine, PL_FINDING_OK, "pressure, told at once");
    PL_SAY(f, "the kernel tells when tasks wait, and samples come faster then");
    if (count == PL_PRESSURE_COUNT) return;
    f->state = PL_FINDING_LACK;
    PL_SAY(f,
           "%u of %d triggers are permitted: without them, faster samples come only when the "
           "collector asks for them",
           count, PL_PRESSURE_COUNT);
    PL_ADVISE(f, "Linux 6.4 or later, or CAP_SYS_RESOURCE");
}

/* ---- denominators ---- */

static const char *meaning_of(enum pl_fact fact)
{
    static const char *const meanings[PL_FACT_COUNT] = {
#define X(id, symbol, name, unit, meaning) [PL_FACT_##symbol] = meaning,
#include "common/wire/fact.def"
#undef X
    };
    return meanings[fact];
}

static void find_limits(const struct look *k, struct pl_diagnosis *d)
{
    struct pl_fact_value facts[PL_FACT_COUNT];
    pl_sampler_facts(&k->sampler, facts);
    for (int i = 0; i < PL_FACT_COUNT; i++) {
        if (i == PL_FACT_STARTED) continue; // no limit
        const struct pl_fact_info *info = pl_fact_info((enum pl_fact)i);
        struct pl_finding *f = pl_doctor_add(d, limits, PL_FINDING_OK, info->name);
        if (facts[i].value >= 0) {
            PL_SAY(f, "%lld %s, from %s: %s", (long long)facts[i].value, info->unit,
                   facts[i].source, meaning_of((enum pl_fact)i));
            continue;
        }
        bool is_group = i == PL_FACT_CPU_LIMIT || i == PL_FACT_MEMORY_LIMIT;
        f->state = PL_FINDING_NOTE;
        if (is_group)
            PL_SAY(f, "no control group limits it");
        else
            PL_SAY(f, "not known, so no percentage of it is made: %s", meaning_of((enum pl_fact)i));
    }
    struct pl_finding *f = pl_doctor_add(d, limits, PL_FINDING_OK, "link speed");
    PL_SAY(f, "%u links with a speed, from /sys/class/net/*/speed", k->sampler.limits.link_count);
    if (k->sampler.limits.link_count > 0) return;
    f->state = PL_FINDING_NOTE;
    PL_SAY(f, "no link says its speed (virtual ones do not): no percentage of it is made");
}

/* ---- sockets and the service behind them ---- */

static void find_listeners(const struct look *k, struct pl_diagnosis *d)
{
    const struct pl_queues *q = &k->sampler.queues;
    struct pl_finding *f = pl_doctor_add(d, machine, PL_FINDING_OK, "accept queues");
    if (q->count == PL_RAW_ABSENT) {
        f->state = PL_FINDING_LACK;
        PL_SAY(f, "not seen: the kernel does not answer sock_diag(7)");
        PL_ADVISE(f, "load the modules tcp_diag and inet_diag; let AF_NETLINK through");
        return;
    }
    PL_SAY(f, "of %llu listening sockets", (unsigned long long)q->count);
}

static void find_ports(const struct look *k, struct pl_diagnosis *d)
{
    char text[64];
    struct pl_text t = pl_text_init(text, sizeof text);
    const struct pl_port_count *pc = &k->sampler.ports;
    const struct pl_ports_destination *most = pl_ports_fullest(&pc->count);
    struct pl_finding *f = pl_doctor_add(d, machine, PL_FINDING_OK, "local ports");
    if (pc->used == PL_RAW_ABSENT) {
        f->state = PL_FINDING_LACK;
        PL_SAY(f,
               "not counted: the kernel does not answer sock_diag(7), there are more than %d "
               "sockets, or the range of ports is not known",
               PL_PORTS_SOCKETS_MAX);
        PL_ADVISE(f, "load the modules tcp_diag and inet_diag; let AF_NETLINK through");
        return;
    }
    if (most) pl_ports_destination_write(most, &t);
    PL_SAY(f, "%llu taken by connections to one destination%s%s", (unsigned long long)pc->used,
           most ? ", " : "", text);
}

static void find_service(const struct look *k, const struct pl_agent_config *config,
                         struct pl_diagnosis *d)
{
    const struct pl_service *s = &k->service;
    const struct pl_queues *q = &k->sampler.queues;
    struct pl_finding *f = pl_doctor_add(d, traffic, PL_FINDING_OK, "watched service");
    PL_SAY(f, "%s at %s, by its %s", s->name, s->address[0] ? s->address : "no address", s->source);
    if (s->name[0] != '\0' && !k->sampler.watch.passes_on) return;
    f->state = PL_FINDING_LACK;
    if (s->name[0] != '\0') {
        PL_SAY(f,
               "%s passes work on to others, so its own processor time is not reported as "
               "service.cpu, and capacity is learned from the whole machine",
               s->name);
        PL_ADVISE(f,
                  "set agent.service: %s if it does the work itself, else the control group it "
                  "shares with those that do, such as /system.slice/php8.2-fpm.service",
                  s->name);
    } else if (config->service.kind == PL_WATCHED_NONE) {
        f->state = PL_FINDING_NOTE;
        PL_SAY(f, "none, as agent.service says");
    } else if (q->has_main) {
        PL_SAY(
            f,
            "the process that listens on port %u is not found: it belongs to another user, whose "
            "descriptors this one may not read, or to another namespace",
            q->main.port);
        PL_ADVISE(f, "set agent.service, or give the agent CAP_SYS_PTRACE CAP_DAC_READ_SEARCH");
    } else if (config->service_text[0] != '\0') {
        PL_SAY(f, "agent.service '%s' is not found", config->service_text);
        PL_ADVISE(f, "is it running, and is that its name?");
    } else {
        f->state = PL_FINDING_NOTE;
        PL_SAY(f, "none: no listening socket is the one this machine is there for");
        PL_ADVISE(f, "if there is one, set agent.service to its port");
    }
}

static void find_local(const struct look *k, struct pl_diagnosis *d)
{
    uint32_t count = 0;
    for (size_t i = 0; i < PL_LEN(k->local.slots); i++) {
        const struct pl_local_slot *slot = &k->local.slots[i];
        if (slot->role != PL_LOCAL_CONFIGURED && slot->role != PL_LOCAL_FOUND) continue;
        bool answers = slot->was_asked && slot->err == 0 && !slot->is_missing;
        bool is_ours = slot->role == PL_LOCAL_CONFIGURED;
        struct pl_finding *f = pl_doctor_add(d, traffic, PL_FINDING_OK, "server");
        PL_SAY(f, "%s answers (%s)", slot->source.target.name, is_ours ? "configured" : "found");
        count++;
        if (answers) continue;
        f->state = PL_FINDING_LACK;
        PL_SAY(f, "%s does not answer: %s", slot->source.target.name,
               slot->err < 0 ? pl_err_text(slot->err) : "not in time");
        PL_ADVISE(f, "agent.local tells how it is asked; does its status page listen there?");
    }
    if (count > 0) return;
    struct pl_finding *f = pl_doctor_add(d, traffic, PL_FINDING_NOTE, "server");
    PL_SAY(f, "no nginx, haproxy, Apache or php-fpm says how busy it is: traffic is counted in "
              "accepted connections");
    PL_ADVISE(f, "if there is one, let its status page listen on loopback, or set agent.local");
}

static void find_package_logs(struct pl_diagnosis *d)
{
    struct pl_finding *f = pl_doctor_add(d, machine, PL_FINDING_NOTE, "package upgrades");
    PL_SAY(f, "neither dpkg nor dnf keeps a log here, so upgrades are not told");
    for (int i = 0; i < PL_PACKAGE_FORMAT_COUNT; i++) {
        char path[64];
        pl_doctor_say(path, sizeof path, "/%s", pl_package_log_path((enum pl_package_format)i));
        if (access(path, R_OK) == 0) {
            f->state = PL_FINDING_OK;
            PL_SAY(f, "told, from %s", path);
        } else if (errno != ENOENT) {
            f->state = PL_FINDING_LACK;
            PL_SAY(f, "not told: %s: %s", path, pl_err_text(-errno));
            PL_ADVISE(f, "let the agent's user read it (group adm)");
        }
    }
}

/* ---- the look ---- */

static void on_end(uv_timer_t *timer)
{
    struct look *k = timer->data;
    uv_stop(&k->loop);
}

static int start(struct look *k, const struct pl_agent_config *config)
{
    struct pl_local_target targets[PL_LOCAL_SOURCES_MAX];
    int err = uv_loop_init(&k->loop);
    if (err == 0) err = pl_sampler_init(&k->sampler, &k->loop, "/proc", "/sys");
    if (err < 0) return err;
    const struct pl_local_config local = {.targets = targets,
                                          .count = pl_sources_targets(config, targets),
                                          .finds = config->find_local,
                                          .queues = &k->sampler.queues,
                                          .proc_root = "/proc",
                                          .run_root = "/run"};
    err = pl_local_init(&k->local, &k->loop, &local);
    if (err == 0) err = uv_timer_init(&k->loop, &k->end);
    k->end.data = k;
    if (err == 0) err = uv_timer_start(&k->end, on_end, LOOK_MS, 0);
    if (err < 0) return err;
    pl_sampler_watch(&k->sampler, &config->service);
    pl_sampler_start(&k->sampler, INTERVAL_MS, on_sample, k);
    pl_pressure_start(&k->pressure, &k->loop, "/proc", on_pressure, k);
    return 0;
}

static void stop(struct look *k)
{
    pl_local_stop(&k->local);
    pl_sampler_stop(&k->sampler);
    pl_pressure_stop(&k->pressure);
    uv_close((uv_handle_t *)&k->end, NULL);
    (void)uv_run(&k->loop, UV_RUN_DEFAULT); // the closes
    (void)uv_loop_close(&k->loop);          // nothing is left in it
}

void pl_doctor_machine(const struct pl_agent_config *config, struct pl_diagnosis *d)
{
    struct look *k = calloc(1, sizeof *k);
    int err = k ? start(k, config) : -ENOMEM;
    if (err < 0) {
        struct pl_finding *f = pl_doctor_add(d, machine, PL_FINDING_LACK, "look");
        PL_SAY(f, "could not look: %s", pl_err_text(err));
        free(k); // the process is about to end
        return;
    }
    (void)uv_run(&k->loop, UV_RUN_DEFAULT); // until on_end
    for (size_t i = 0; i < PL_LEN(sources); i++) find_source(k, i, d);
    find_listeners(k, d);
    find_ports(k, d);
    find_triggers(k, d);
    find_package_logs(d);
    find_limits(k, d);
    find_service(k, config, d);
    find_local(k, d);
    stop(k);
    free(k);
}
