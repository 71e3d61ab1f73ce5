#include "agent/io/watch.h"

#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PATH_BYTES = 320, GROUP_TEXT_BYTES = 4096 };

void pl_watch_init(struct pl_watch *w, const struct pl_watched_choice *choice, const char *proc,
                   const char *sys)
{
    w->choice = *choice;
    w->proc = proc;
    w->sys = sys;
    w->is_found = w->has_group = w->passes_on = false;
    w->generation = 0;
    w->missed_inode = 0;
    w->search_mono_ms = w->limits_mono_ms = w->slow_mono_ms = 0;
    w->listener = w->wanted = (struct pl_raw_listener){0};
    w->name = (struct pl_service){0};
    pl_owner_init(&w->owner);
    pl_processes_init(&w->processes);
    pl_cgroup_init(&w->group);
}

void pl_watch_stop(struct pl_watch *w)
{
    pl_owner_stop(&w->owner);
    pl_processes_stop(&w->processes);
    pl_cgroup_stop(&w->group);
}

/* ---- what was found ---- */

/* Of a long text the end, which tells more of a path than its beginning. */
static void put_tail(struct pl_text *out, const char *text, size_t room)
{
    size_t len = strlen(text);
    bool is_cut = len > room;
    if (is_cut) pl_text_str(out, "...");
    pl_text_str(out, is_cut ? text + len - room + 3 : text);
}

static void write_name(struct pl_watch *w, const char *name)
{
    const char *path = w->place.path[PL_CGROUP_CPUACCT];
    w->name = (struct pl_service){0};
    struct pl_text t = pl_text_init(w->name.name, sizeof w->name.name);
    put_tail(&t, name[0] == '\0' ? "?" : name, PL_SERVICE_NAME_MAX);
    t = pl_text_init(w->name.address, sizeof w->name.address);
    if (w->listener.port != 0) pl_listen_address_write(&w->listener, &t);
    t = pl_text_init(w->name.source, sizeof w->name.source);
    pl_text_str(&t, w->has_group ? "cgroup " : "processes below ");
    if (w->has_group)
        put_tail(&t, path, PL_SERVICE_SOURCE_MAX - t.len);
    else
        pl_text_u64(&t, w->processes.root);
    pl_log(PL_LOG_INFO, "service_found", "name=\"%s\" address=%s source=\"%s\"", w->name.name,
           w->name.address, w->name.source);
}

static struct pl_span read_cgroup(const struct pl_watch *w, const char *pid,
                                  uint8_t text[GROUP_TEXT_BYTES])
{
    char path[PATH_BYTES];
    struct pl_text t = pl_text_init(path, sizeof path);
    pl_text_str(&t, w->proc);
    pl_text_char(&t, '/');
    pl_text_str(&t, pid);
    pl_text_str(&t, "/cgroup");
    int fd = t.overflow ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, GROUP_TEXT_BYTES);
    if (fd >= 0) (void)close(fd); // nothing was written to it
    return (struct pl_span){text, len < 0 ? 0 : (size_t)len};
}

/* Does the root process have a group to itself? */
static bool find_group(struct pl_watch *w, struct pl_cgroup_whole whole)
{
    uint8_t service[GROUP_TEXT_BYTES], agent[GROUP_TEXT_BYTES];
    char pid[16];
    struct pl_text t = pl_text_init(pid, sizeof pid);
    pl_text_u64(&t, w->processes.root);
    if (!pl_cgroup_own(read_cgroup(w, pid, service), read_cgroup(w, "self", agent), &w->place))
        return false;
    return pl_cgroup_look_at(&w->group, w->sys, &w->place, whole);
}

static void begin(struct pl_watch *w, int64_t now_mono_ms)
{
    w->is_found = true;
    w->generation++;
    w->missed_inode = 0;
    w->slow_mono_ms = now_mono_ms;
    w->limits_mono_ms = now_mono_ms + PL_WATCH_LIMITS_MS;
    w->slow = w->group.limits;
}

/* False if nobody was found, or who was has just ended. */
static bool take_owner(struct pl_watch *w, struct pl_cgroup_whole whole, int64_t now_mono_ms)
{
    bool is_same = w->is_found && w->owner.pid == w->processes.root;
    if (w->owner.pid == 0) return false;
    w->listener = w->wanted;
    if (!is_same) {
        if (pl_processes_start(&w->processes, w->proc, w->owner.pid) < 0) return false;
        pl_cgroup_stop(&w->group);
        w->has_group = find_group(w, whole);
        begin(w, now_mono_ms);
    }
    write_name(w, w->owner.found);
    w->passes_on = w->choice.kind == PL_WATCHED_MAIN && pl_service_passes_on(w->name.name);
    if (w->passes_on)
        pl_log(PL_LOG_INFO, "service_passes_on",
               "name=%s do=\"for service.cpu set agent.service: to this name if it does the work "
               "itself, else to the control group it shares with those that do\"",
               w->name.name);
    return true;
}

static bool find_named_group(struct pl_watch *w, struct pl_cgroup_whole whole, int64_t now_mono_ms)
{
    for (int v = PL_CGROUP_VERSIONS - 1; v >= 0; v--) {
        int err = pl_cgroup_named((enum pl_cgroup_version)v, pl_span_of(w->choice.text), &w->place);
        if (err < 0 || !pl_cgroup_look_at(&w->group, w->sys, &w->place, whole)) continue;
        w->has_group = true;
        begin(w, now_mono_ms);
        write_name(w, strrchr(w->choice.text, '/') + 1);
        return true;
    }
    pl_cgroup_stop(&w->group);
    return false;
}

/* ---- looking for it ---- */

static bool is_by_socket(const struct pl_watch *w)
{
    return w->choice.kind == PL_WATCHED_MAIN || w->choice.kind == PL_WATCHED_PORT;
}

/* Whose socket it is that is not to be seen, is told once. */
static void miss(struct pl_watch *w, int64_t now_mono_ms)
{
    w->search_mono_ms = now_mono_ms + PL_WATCH_RETRY_MS;
    if (!is_by_socket(w)) return;
    if (w->missed_inode != w->wanted.inode)
        pl_log(PL_LOG_INFO, "service_unknown",
               "port=%u do=\"set agent.service, or let the agent read the descriptors of its "
               "process (CAP_SYS_PTRACE)\"",
               w->wanted.port);
    w->missed_inode = w->wanted.inode;
    w->missed_mono_ms = now_mono_ms + PL_WATCH_MISSED_MS;
}

/* Is there something to look for, now? Then the search begins. */
static bool start_search(struct pl_watch *w, const struct pl_raw_listener *main,
                         int64_t now_mono_ms)
{
    bool is_another = main && main->inode != w->listener.inode;
    bool is_missed = main && main->inode == w->missed_inode && now_mono_ms < w->missed_mono_ms;
    bool is_wanted = is_by_socket(w) ? is_another && !is_missed : !w->is_found;
    if (!is_wanted || now_mono_ms < w->search_mono_ms) return false;
    w->search_mono_ms = now_mono_ms + PL_WATCH_RETRY_MS;
    if (is_by_socket(w)) {
        w->wanted = *main;
        pl_owner_start(&w->owner, w->proc, main->inode);
    } else {
        pl_owner_start_named(&w->owner, w->proc, w->choice.text);
    }
    return true;
}

static bool search(struct pl_watch *w, const struct pl_raw_listener *main,
                   struct pl_cgroup_whole whole, int64_t now_mono_ms)
{
    if (w->choice.kind == PL_WATCHED_NONE) return false;
    if (w->choice.kind == PL_WATCHED_GROUP) {
        if (w->is_found || now_mono_ms < w->search_mono_ms) return false;
        if (find_named_group(w, whole, now_mono_ms)) return true;
        miss(w, now_mono_ms);
        return false;
    }
    if (!pl_owner_is_searching(&w->owner) && !start_search(w, main, now_mono_ms)) return false;
    if (!pl_owner_step(&w->owner)) return false;
    if (take_owner(w, whole, now_mono_ms)) return true;
    miss(w, now_mono_ms);
    return false;
}

/* ---- looking at it ---- */

/* Its root process or its group is gone: it is looked for at once. */
static void lose(struct pl_watch *w, int64_t now_mono_ms)
{
    pl_log(PL_LOG_INFO, "service_lost", "name=\"%s\" source=\"%s\"", w->name.name, w->name.source);
    pl_processes_stop(&w->processes);
    pl_cgroup_stop(&w->group);
    w->is_found = w->has_group = false;
    w->listener = (struct pl_raw_listener){0};
    w->name = (struct pl_service){0};
    w->search_mono_ms = now_mono_ms;
}

static bool look_at_group(struct pl_watch *w, struct pl_cgroup_whole whole, bool is_slow,
                          int64_t now_mono_ms, struct pl_raw_cgroup *out)
{
    if (now_mono_ms >= w->limits_mono_ms) {
        w->limits_mono_ms = now_mono_ms + PL_WATCH_LIMITS_MS;
        if (!pl_cgroup_look_at(&w->group, w->sys, &w->place, whole)) return false;
    }
    if (is_slow) {
        w->slow = w->group.limits;
        pl_cgroup_read(&w->group, PL_CGROUP_MEMORY_STAT, PL_CGROUP_MEMORY_STAT, &w->slow);
    }
    *out = w->slow;
    pl_cgroup_read(&w->group, PL_CGROUP_CPU_STAT, PL_CGROUP_MEMORY_CURRENT, out);
    return out->cpu_us != PL_RAW_ABSENT;
}

/* Beside a group the processes are asked for their open files only. */
static bool look_at(struct pl_watch *w, struct pl_cgroup_whole whole, int64_t now_us,
                    struct pl_raw_service *out)
{
    int64_t now_mono_ms = now_us / 1000;
    bool is_slow = now_mono_ms >= w->slow_mono_ms;
    bool has_processes = w->choice.kind != PL_WATCHED_GROUP;
    if (is_slow) w->slow_mono_ms = now_mono_ms + PL_WATCH_SLOW_MS;
    if (w->has_group && !look_at_group(w, whole, is_slow, now_mono_ms, &out->group)) return false;
    if (has_processes && (is_slow || !w->has_group) &&
        !pl_processes_look(&w->processes, now_mono_ms, now_us))
        return false;
    out->generation = w->generation;
    if (!w->passes_on)
        out->cpu_us = w->has_group ? out->group.cpu_us : pl_processes_used_us(&w->processes);
    if (has_processes) out->files_bp = pl_tree_files_bp(&w->processes.tree);
    return true;
}

bool pl_watch_look(struct pl_watch *w, const struct pl_raw_listener *main,
                   struct pl_cgroup_whole whole, int64_t now_us, struct pl_raw_service *out)
{
    int64_t now_mono_ms = now_us / 1000;
    memset(out, 0xff, sizeof *out); // PL_RAW_ABSENT in every field
    bool has_changed = search(w, main, whole, now_mono_ms);
    if (!w->is_found || look_at(w, whole, now_us, out)) return has_changed;
    memset(out, 0xff, sizeof *out);
    lose(w, now_mono_ms);
    return true;
}
