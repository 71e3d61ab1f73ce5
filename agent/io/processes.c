/* The descriptors belong to struct pl_processes; all files but the root's children are opened, read
 * and closed at once. */
#include "agent/io/processes.h"

#include "common/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 64 };

void pl_processes_init(struct pl_processes *p)
{
    *p = (struct pl_processes){.proc_fd = -1, .children_fd = -1};
}

void pl_processes_stop(struct pl_processes *p)
{
    if (p->children_fd >= 0) (void)close(p->children_fd); // nothing was written to it
    if (p->proc_fd >= 0) (void)close(p->proc_fd);         // likewise
    p->proc_fd = p->children_fd = -1;
}

/* "PID/what" below /proc. */
static void join(uint32_t pid, const char *what, char path[PATH_BYTES])
{
    struct pl_text text = pl_text_init(path, PATH_BYTES);
    pl_text_u64(&text, pid);
    pl_text_char(&text, '/');
    pl_text_str(&text, what);
}

/* "PID/task/TID/children" below /proc. */
static void join_children(uint32_t pid, uint32_t thread, char path[PATH_BYTES])
{
    struct pl_text text = pl_text_init(path, PATH_BYTES);
    pl_text_u64(&text, pid);
    pl_text_str(&text, "/task/");
    pl_text_u64(&text, thread);
    pl_text_str(&text, "/children");
}

/* The text of a small file below /proc; empty if it cannot be read. */
static struct pl_span read_text(struct pl_processes *p, const char *path)
{
    int fd = openat(p->proc_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, p->text, sizeof p->text);
    if (fd >= 0) (void)close(fd); // nothing was written to it
    return (struct pl_span){p->text, len < 0 ? 0 : (size_t)len};
}

static void read_process(struct pl_processes *p, uint32_t pid, struct pl_raw_process *out)
{
    char path[PATH_BYTES];
    join(pid, "stat", path);
    pl_watched_parse_process(read_text(p, path), out);
}

int pl_processes_start(struct pl_processes *p, const char *proc, uint32_t pid)
{
    struct pl_raw_process root;
    char path[PATH_BYTES];
    pl_processes_stop(p);
    pl_processes_init(p);
    p->proc_fd = open(proc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->proc_fd < 0) return -errno;
    read_process(p, pid, &root);
    if (root.started_ticks == PL_RAW_ABSENT || root.has_ended) {
        pl_processes_stop(p);
        return -ESRCH;
    }
    p->root = pid;
    p->started_ticks = root.started_ticks;
    join_children(pid, pid, path);
    p->children_fd = openat(p->proc_fd, path, O_RDONLY | O_CLOEXEC);
    return 0;
}

/* The CPU clock of a process (clock_getcpuclockid(3), which gives the same number after a further
 * system call). False if there is no such process any more. */
static bool read_clock(uint32_t pid, uint64_t *us)
{
    struct timespec now;
    clockid_t clock = (clockid_t)(~pid << 3 | 2);
    if (clock_gettime(clock, &now) < 0) return false;
    *us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    return true;
}

/* A process of the tree, which may be known. */
static void meet(struct pl_processes *p, uint32_t pid, int64_t most_us)
{
    uint64_t clock_us;
    if (pl_tree_find(&p->tree, pid) || !read_clock(pid, &clock_us)) return;
    if (!pl_tree_add(&p->tree, pid, clock_us, (uint64_t)PL_MAX(most_us, 0))) p->is_whole = false;
}

/* The root's children, if there are others than at the last look. */
static void meet_children(struct pl_processes *p, int64_t most_us)
{
    ssize_t len = p->children_fd < 0 ? 0 : pread(p->children_fd, p->text, sizeof p->text, 0);
    if (len < 0) len = 0;
    bool is_same =
        (uint32_t)len == p->children_len && memcmp(p->children, p->text, p->children_len) == 0;
    if (is_same) return;
    struct pl_span text = {p->text, (size_t)len};
    uint32_t pid;
    memcpy(p->children, p->text, (size_t)len);
    p->children_len = (uint32_t)len;
    while (pl_watched_next_child(&text, &pid)) meet(p, pid, most_us);
}

static bool read_clocks(struct pl_processes *p)
{
    for (uint32_t i = 0; i < p->tree.count;) {
        struct pl_tree_process *process = &p->tree.item[i];
        uint64_t clock_us;
        if (read_clock(process->pid, &clock_us)) {
            pl_tree_update(&p->tree, process, clock_us);
            i++;
        } else {
            if (process->pid == p->root) return false;
            pl_tree_drop(&p->tree, process);
        }
    }
    return true;
}

/* The next number in the directory entries from `*at` on: getdents64(2). */
static bool next_number(struct pl_span entries, size_t *at, uint32_t *number)
{
    while (*at < entries.len) {
        const uint8_t *entry = entries.ptr + *at;
        unsigned short len;
        memcpy(&len, entry + offsetof(struct dirent64, d_reclen), sizeof len);
        *at += len;
        const char *name = (const char *)entry + offsetof(struct dirent64, d_name);
        uint64_t value = pl_scan_number(pl_span_of(name));
        if (value > INT32_MAX) continue;
        *number = (uint32_t)value;
        return true;
    }
    return false;
}

static void survey_children(struct pl_processes *p, uint32_t pid, uint32_t thread)
{
    char path[PATH_BYTES];
    uint32_t child;
    join_children(pid, thread, path);
    struct pl_span text = read_text(p, path);
    p->threads_asked++;
    while (pl_watched_next_child(&text, &child)) meet(p, child, 0);
}

/* Each thread has children of its own. */
static void survey_threads(struct pl_processes *p, uint32_t pid)
{
    _Alignas(8) uint8_t entries[PL_PROCESSES_CHILDREN_BYTES];
    char path[PATH_BYTES];
    ssize_t len;
    join(pid, "task", path);
    int fd = openat(p->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return; // it has just ended
    do {
        len = getdents64(fd, entries, sizeof entries);
        uint32_t thread;
        struct pl_span span = {entries, len > 0 ? (size_t)len : 0};
        for (size_t at = 0;
             p->threads_asked < PL_PROCESSES_THREADS_MAX && next_number(span, &at, &thread);)
            survey_children(p, pid, thread);
    } while (len > 0 && p->threads_asked < PL_PROCESSES_THREADS_MAX);
    (void)close(fd); // nothing was written to it
}

/* How many entries the directory has, up to one more than PL_PROCESSES_LISTED_EACH_MAX. */
static uint32_t list(struct pl_processes *p, const char *path)
{
    uint32_t count = 0, number;
    ssize_t len;
    int fd = openat(p->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return PL_PROCESSES_LISTED_EACH_MAX + 1; // of another user
    do {
        len = getdents64(fd, p->text, sizeof p->text);
        struct pl_span span = {p->text, len > 0 ? (size_t)len : 0};
        for (size_t at = 0; next_number(span, &at, &number);) count++;
    } while (len > 0 && count <= PL_PROCESSES_LISTED_EACH_MAX);
    (void)close(fd); // nothing was written to it
    p->listed += count;
    return count;
}

static void survey_files(struct pl_processes *p, struct pl_tree_process *process, bool has_turn)
{
    char path[PATH_BYTES];
    struct stat st;
    join(process->pid, "limits", path);
    uint64_t limit = pl_watched_parse_files_limit(read_text(p, path));
    join(process->pid, "fd", path);
    if (fstatat(p->proc_fd, path, &st, 0) < 0) return; // it has just ended
    uint64_t count = st.st_size > 0 ? (uint64_t)st.st_size : PL_RAW_ABSENT;
    if (count == PL_RAW_ABSENT) { // Linux before 6.2
        if (!has_turn) return;
        count = list(p, path);
        if (count > PL_PROCESSES_LISTED_EACH_MAX) count = PL_RAW_ABSENT;
    }
    bool is_known = count != PL_RAW_ABSENT && limit != PL_RAW_ABSENT && limit > 0;
    process->files_bp = is_known ? PL_MIN(count * 10000 / limit, UINT64_C(10000)) : PL_RAW_ABSENT;
}

/* Files of all processes; where these must be listed, the turn goes on where it ended. */
static void survey_all_files(struct pl_processes *p)
{
    uint32_t count = p->tree.count;
    p->listed = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (p->list_turn + i) % count;
        bool has_turn = p->listed < PL_PROCESSES_LISTED_MAX;
        survey_files(p, &p->tree.item[at], has_turn);
        if (has_turn && p->listed >= PL_PROCESSES_LISTED_MAX) p->list_turn = (at + 1) % count;
    }
}

/* One process: who its parent is, what it used, and the children it has, which are met. False if it
 * is the root, and that has ended. */
static bool survey_process(struct pl_processes *p, struct pl_tree_process *process)
{
    struct pl_raw_process raw;
    uint32_t pid = process->pid;
    read_process(p, pid, &raw);
    process->parent = raw.parent <= INT32_MAX ? (uint32_t)raw.parent : 0;
    process->surveyed_us = raw.used_us == PL_RAW_ABSENT ? 0 : raw.used_us;
    if (pid == p->root && (raw.started_ticks != p->started_ticks || raw.has_ended)) return false;
    if (raw.threads == 1)
        survey_children(p, pid, pid);
    else
        survey_threads(p, pid);
    return true;
}

static int64_t survey_period_ms(const struct pl_processes *p)
{
    int64_t period_ms = p->tree.count * (int64_t)PL_PROCESSES_SURVEY_MS_EACH;
    return PL_MAX(PL_MIN(period_ms, PL_PROCESSES_SURVEY_MS_MAX), PL_PROCESSES_SURVEY_MS);
}

/* Who is met on the way stands behind, and is surveyed in the same pass. */
static bool survey(struct pl_processes *p, int64_t now_mono_ms)
{
    if (now_mono_ms < p->survey_mono_ms) return true;
    p->threads_asked = 0;
    p->is_whole = p->children_fd >= 0;
    for (uint32_t i = 0; i < p->tree.count; i++) {
        if (!survey_process(p, &p->tree.item[i])) return false;
    }
    int64_t period_ms = survey_period_ms(p);
    pl_tree_survey(&p->tree, p->root, period_ms * 1000);
    survey_all_files(p);
    p->survey_mono_ms = now_mono_ms + period_ms;
    return true;
}

bool pl_processes_look(struct pl_processes *p, int64_t now_mono_ms, int64_t now_us)
{
    int64_t elapsed_us = p->has_looked ? now_us - p->looked_us : 0;
    if (!p->has_looked) meet(p, p->root, 0);
    bool is_there = p->tree.count > 0 && read_clocks(p);
    if (is_there) {
        meet_children(p, elapsed_us);
        pl_tree_settle(&p->tree, elapsed_us);
        is_there = survey(p, now_mono_ms);
    }
    p->has_looked = true;
    p->looked_us = now_us;
    if (!is_there) pl_processes_stop(p);
    return is_there;
}

uint64_t pl_processes_used_us(const struct pl_processes *p)
{
    return p->is_whole ? p->tree.used_us : PL_RAW_ABSENT;
}
