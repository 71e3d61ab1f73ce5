/* The watched service on a /proc and /sys/fs/cgroup of the test's own making, in which this process
 * plays the service: only its CPU clock is real. */
#include "tests/integration/loop.h"

#include "agent/core/collect.h"
#include "agent/io/watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

enum { SECOND_US = 1000 * 1000 };

static char root[64];
static struct pl_watch watch;
static struct pl_raw_service raw;
static int64_t now_us;
static const struct pl_cgroup_whole whole = {2, 4096};

static void path_of(const char *below, char *path, size_t cap)
{
    (void)snprintf(path, cap, "%s/%s", root, below);
}

static void folder(const char *below)
{
    char path[256];
    path_of(below, path, sizeof path);
    CHECK_INT(mkdir(path, 0700), 0);
}

static void put(const char *below, const char *text)
{
    char path[256];
    path_of(below, path, sizeof path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    if (fd >= 0) (void)close(fd);
}

/* A file of this process, below the root. */
static void put_own(const char *name, const char *text)
{
    char below[128];
    (void)snprintf(below, sizeof below, "%d/%s", (int)getpid(), name);
    put(below, text);
}

static void put_stat(char state, unsigned used_ticks, unsigned started)
{
    char text[256];
    (void)snprintf(text, sizeof text, "%d (www) %c 1 1 1 0 0 0 0 0 0 0 %u 0 0 0 20 0 1 0 %u 0 0\n",
                   (int)getpid(), state, used_ticks, started);
    put_own("stat", text);
}

static void make_service(const char *cgroup)
{
    char path[256], task[64], children[96];
    make_dir(root);
    (void)snprintf(task, sizeof task, "%d", (int)getpid());
    folder(task);
    (void)snprintf(task, sizeof task, "%d/task", (int)getpid());
    folder(task);
    (void)snprintf(task, sizeof task, "%d/task/%d", (int)getpid(), (int)getpid());
    folder(task);
    folder("self");
    folder("fs");
    folder("fs/cgroup");
    (void)snprintf(children, sizeof children, "task/%d/children", (int)getpid());
    put_own(children, "");
    put_own("comm", "www\n");
    put_own("cgroup", cgroup);
    put_own("limits",
            "Max open files            64                   4096                 files\n");
    put("self/cgroup", "3:cpu,cpuacct:/agent\n2:memory:/www\n0::/agent\n");
    put_stat('S', 100, 4711);
    (void)snprintf(children, sizeof children, "%d/fd", (int)getpid());
    path_of(children, path, sizeof path);
    CHECK_INT(symlink("/proc/self/fdinfo", path), 0); // which tells no size, as fd before Linux 6.2
}

static void begin(const char *cgroup)
{
    struct pl_watched_choice choice = {.kind = PL_WATCHED_PROGRAM, .text = "www"};
    make_service(cgroup);
    now_us = 0;
    pl_watch_init(&watch, &choice, root, root);
}

static bool look(void)
{
    bool changed = pl_watch_look(&watch, NULL, whole, now_us, &raw);
    now_us += SECOND_US;
    return changed;
}

static void finish(void)
{
    pl_watch_stop(&watch);
    pl_watch_stop(&watch); // may be called again
    remove_dir(root);
}

static void test_a_group_of_version_2(void)
{
    begin("0::/web.slice/www.service\n");
    folder("fs/cgroup/web.slice");
    folder("fs/cgroup/web.slice/www.service");
    put("fs/cgroup/web.slice/www.service/cpu.stat",
        "usage_usec 5000\nnr_periods 10\nnr_throttled 4\n");
    put("fs/cgroup/web.slice/www.service/cpu.max", "50000 100000\n");
    put("fs/cgroup/web.slice/www.service/cpu.weight", "250\n");
    put("fs/cgroup/web.slice/www.service/memory.current", "3000\n");
    put("fs/cgroup/web.slice/www.service/memory.max", "max\n");
    put("fs/cgroup/web.slice/www.service/memory.stat", "inactive_file 1000\n");
    CHECK(look());
    CHECK_TEXT(watch.name.name, "www");
    CHECK_TEXT(watch.name.source, "cgroup /web.slice/www.service");
    CHECK(raw.cpu_us == 5000 && raw.group.cpu_milli == 500 && raw.group.cpu_weight == 250);
    CHECK(raw.group.memory == 3000 && raw.group.inactive_file == 1000);
    CHECK(raw.group.memory_max == PL_RAW_ABSENT && raw.group.throttled == 4);
    put("fs/cgroup/web.slice/www.service/cpu.stat", "usage_usec 9000\n");
    put("fs/cgroup/web.slice/www.service/memory.current", "7000\n");
    put("fs/cgroup/web.slice/www.service/memory.stat", "inactive_file 2000\n");
    CHECK(!look());
    CHECK(raw.cpu_us == 9000 && raw.group.memory == 7000);
    CHECK(raw.group.inactive_file == 1000); // not read every time
    now_us += PL_WATCH_LIMITS_MS * INT64_C(1000);
    put("fs/cgroup/web.slice/www.service/cpu.max", "max 100000\n");
    CHECK(!look());
    CHECK(raw.group.inactive_file == 2000 && raw.group.cpu_milli == PL_RAW_ABSENT);
    CHECK_INT(raw.generation, 1);
    put("fs/cgroup/web.slice/www.service/cpu.stat", ""); // as when the group is gone
    CHECK(look());
    CHECK(raw.cpu_us == PL_RAW_ABSENT && raw.generation == PL_RAW_ABSENT);
    CHECK_TEXT(watch.name.name, "");
    finish();
}

/* Memory of version 1 is in another tree, and here in the agent's group. */
static void test_a_group_of_version_1(void)
{
    begin("3:cpu,cpuacct:/www\n2:memory:/www\n0::/\n");
    folder("fs/cgroup/cpu");
    folder("fs/cgroup/cpu/www");
    folder("fs/cgroup/cpuacct");
    folder("fs/cgroup/cpuacct/www");
    folder("fs/cgroup/memory");
    folder("fs/cgroup/memory/www");
    put("fs/cgroup/cpuacct/www/cpuacct.usage", "5000000\n");
    put("fs/cgroup/cpu/www/cpu.stat", "nr_periods 10\nnr_throttled 4\n");
    put("fs/cgroup/cpu/www/cpu.cfs_quota_us", "-1\n");
    put("fs/cgroup/cpu/www/cpu.cfs_period_us", "100000\n");
    put("fs/cgroup/cpu/www/cpu.shares", "512\n");
    put("fs/cgroup/memory/www/memory.usage_in_bytes", "9\n");
    CHECK(look());
    CHECK_TEXT(watch.name.source, "cgroup /www");
    CHECK(raw.cpu_us == 5000 && raw.group.throttled == 4 && raw.group.cpu_weight == 50);
    CHECK(raw.group.cpu_milli == PL_RAW_ABSENT && raw.group.memory == PL_RAW_ABSENT);
    finish();
}

static uint64_t entries_of(const char *path)
{
    uint64_t count = 0;
    DIR *dir = opendir(path);
    CHECK(dir != NULL);
    for (struct dirent *e; dir && (e = readdir(dir));) count += e->d_name[0] != '.';
    if (dir) (void)closedir(dir);
    return count;
}

static void test_processes_without_a_group(void)
{
    begin("0::/agent\n"); // where the agent is, too
    CHECK(look());
    char source[64];
    (void)snprintf(source, sizeof source, "processes below %d", (int)getpid());
    CHECK_TEXT(watch.name.source, source);
    CHECK(raw.cpu_us < 10000); // nothing of what was used before
    CHECK(raw.group.cpu_us == PL_RAW_ABSENT);
    CHECK_INT(raw.files_bp, entries_of("/proc/self/fdinfo") * 10000 / 64); // listed
    struct pl_raw_service before = raw;
    for (clock_t start = clock(); clock() - start < CLOCKS_PER_SEC / 50;) continue; // 20 ms
    CHECK(!look());
    CHECK(raw.cpu_us - before.cpu_us >= 20000 && raw.cpu_us - before.cpu_us < 1000000);
    CHECK_INT(raw.generation, before.generation);
    finish();
}

/* The root ends; another of its name, begun later, is another service. */
static void test_the_root_ends(void)
{
    begin("0::/agent\n");
    CHECK(look());
    CHECK_INT(raw.generation, 1);
    put_stat('Z', 100, 4711);
    now_us += PL_PROCESSES_SURVEY_MS * INT64_C(1000);
    CHECK(look());
    CHECK(raw.generation == PL_RAW_ABSENT);
    CHECK(!look()); // found by its name, but it has ended
    put_stat('S', 1, 5000);
    now_us += PL_WATCH_RETRY_MS * INT64_C(1000);
    CHECK(look());
    CHECK_INT(raw.generation, 2);
    put_stat('S', 1, 6000); // its pid was given to another within a moment
    now_us += PL_PROCESSES_SURVEY_MS * INT64_C(1000);
    CHECK(look());
    CHECK(raw.generation == PL_RAW_ABSENT);
    finish();
}

static void test_a_kernel_without_lists_of_children(void)
{
    char below[64], path[256];
    begin("0::/agent\n");
    (void)snprintf(below, sizeof below, "%d/task/%d/children", (int)getpid(), (int)getpid());
    path_of(below, path, sizeof path);
    CHECK_INT(unlink(path), 0);
    CHECK(look());
    CHECK(raw.generation == 1 && raw.cpu_us == PL_RAW_ABSENT); // who belongs to it is not known
    finish();
}

/* nginx behind the main socket may leave the work to others, unless somebody says that it is it. */
static void test_a_program_that_passes_work_on(void)
{
    struct pl_watched_choice choice = {.kind = PL_WATCHED_MAIN};
    const struct pl_raw_listener main = {.port = 443, .inode = 777};
    char below[64], path[256];
    begin("0::/agent\n");
    put_own("comm", "nginx\n");
    (void)snprintf(below, sizeof below, "%d/fd", (int)getpid());
    path_of(below, path, sizeof path);
    CHECK_INT(unlink(path), 0);
    folder(below);
    (void)snprintf(below, sizeof below, "%d/fd/3", (int)getpid());
    path_of(below, path, sizeof path);
    CHECK_INT(symlink("socket:[777]", path), 0);
    for (int i = 0; i < 2; i++) {
        now_us = 0;
        pl_watch_init(&watch, &choice, root, root);
        CHECK(pl_watch_look(&watch, &main, whole, now_us, &raw));
        CHECK_TEXT(watch.name.name, "nginx");
        CHECK_TEXT(watch.name.address, "*:443");
        CHECK((raw.cpu_us == PL_RAW_ABSENT) == (choice.kind == PL_WATCHED_MAIN));
        CHECK(raw.files_bp != PL_RAW_ABSENT);
        pl_watch_stop(&watch);
        choice.kind = PL_WATCHED_PORT;
    }
    finish();
}

static void test_a_named_group(void)
{
    struct pl_watched_choice choice;
    begin("0::/\n");
    CHECK_INT(pl_watched_choice_parse(pl_span_of("/web.slice"), &choice), 0);
    pl_watch_init(&watch, &choice, root, root);
    CHECK(!look()); // not there yet
    folder("fs/cgroup/web.slice");
    put("fs/cgroup/web.slice/cpu.stat", "usage_usec 7\n");
    CHECK(!look()); // not looked for yet
    now_us += PL_WATCH_RETRY_MS * INT64_C(1000);
    CHECK(look());
    CHECK_TEXT(watch.name.name, "web.slice");
    CHECK_TEXT(watch.name.address, "");
    CHECK(raw.cpu_us == 7 && raw.files_bp == PL_RAW_ABSENT);
    finish();
}

int main(void)
{
    RUN(test_a_group_of_version_2);
    RUN(test_a_group_of_version_1);
    RUN(test_processes_without_a_group);
    RUN(test_the_root_ends);
    RUN(test_a_kernel_without_lists_of_children);
    RUN(test_a_program_that_passes_work_on);
    RUN(test_a_named_group);
    return check_finish();
}
