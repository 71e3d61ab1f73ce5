/* The watched service: what it may be called, which control group is its own, and what a tree of
 * processes used, against a naive model that knows everything. */
#include "tests/check.h"

#include "agent/core/cgroup.h"
#include "agent/core/collect.h"
#include "agent/core/tree.h"
#include "agent/core/watched.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include "common/wire/frame.h"
#include "common/wire/service.h"

static const uint64_t none = PL_RAW_ABSENT;

static void test_choices(void)
{
    static const struct {
        const char *text;
        int want;
        enum pl_watched_kind kind;
        uint16_t port;
        const char *name;
    } cases[] = {
        {"", 0, PL_WATCHED_MAIN, 0, ""},
        {"none", 0, PL_WATCHED_NONE, 0, ""},
        {"8080", 0, PL_WATCHED_PORT, 8080, ""},
        {"0", PL_E_RANGE, 0, 0, ""},
        {"65536", PL_E_RANGE, 0, 0, ""},
        {"99999999999999999999999", PL_E_RANGE, 0, 0, ""},
        {"nginx", 0, PL_WATCHED_PROGRAM, 0, "nginx"},
        {"plimsoll-collector", 0, PL_WATCHED_PROGRAM, 0, "plimsoll-collec"},
        {"/web.slice", 0, PL_WATCHED_GROUP, 0, "/web.slice"},
        {"/", PL_E_SYNTAX, 0, 0, ""},
        {"/a/../b", PL_E_SYNTAX, 0, 0, ""},
        {"/a/.", PL_E_SYNTAX, 0, 0, ""},
        {"/a b", PL_E_SYNTAX, 0, 0, ""},
        {"/.hidden/...", 0, PL_WATCHED_GROUP, 0, "/.hidden/..."},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_watched_choice choice = {.text = ""};
        printf("# %s\n", cases[i].text);
        CHECK_INT(pl_watched_choice_parse(pl_span_of(cases[i].text), &choice), cases[i].want);
        CHECK_INT(choice.kind, cases[i].kind);
        CHECK_INT(choice.port, cases[i].port);
        CHECK_TEXT(choice.text, cases[i].name);
    }
}

static void test_who_passes_work_on(void)
{
    CHECK(pl_service_passes_on("nginx") && pl_service_passes_on("apache2"));
    CHECK(!pl_service_passes_on("gunicorn") && !pl_service_passes_on("") &&
          !pl_service_passes_on("nginx2"));
}

/* Recorded from Linux 6.18, but for the name. */
#define STAT_TAIL                                                                                  \
    " S 1 817 817 0 -1 4194624 52 0 0 0 11 22 33 44 20 0 3 0 4711 1204224 214 "                    \
    "18446744073709551615 "                                                                        \
    "1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0\n"

static void test_processes(void)
{
    static const char *const names[] = {"(nginx)", "(tmux: server)", "(a) R 9 9 (b)", "(x\n) y)"};
    for (size_t i = 0; i < PL_LEN(names); i++) {
        char text[512];
        struct pl_raw_process p;
        (void)snprintf(text, sizeof text, "817 %s%s", names[i], STAT_TAIL);
        pl_watched_parse_process(pl_span_of(text), &p);
        CHECK_INT(p.parent, 1);
        CHECK_INT(p.used_us, 1100000);
        CHECK_INT(p.threads, 3);
        CHECK_INT(p.started_ticks, 4711);
        CHECK(!p.has_ended);
        for (size_t len = 0; len < strlen(text); len++) { // cut: nothing at all
            pl_watched_parse_process((struct pl_span){(const uint8_t *)text, len}, &p);
            CHECK(p.parent == none && p.used_us == none && p.threads == none &&
                  p.started_ticks == none);
        }
    }
    struct pl_raw_process p;
    pl_watched_parse_process(pl_span_of("9 (x) Z 7 0 0 0 0 0 0 0 0 0 1 2 -3 4\n"), &p);
    CHECK(p.has_ended && p.parent == 7 && p.threads == none);
    CHECK_INT(p.used_us, 70000); // a time below 0 adds nothing
    pl_watched_parse_process(pl_span_of("9 (x) S 7 0 0 0 0 0 0 0 0 0 1 2 3\n"), &p);
    CHECK(p.used_us == none);
}

static void test_children(void)
{
    static const struct {
        const char *text;
        uint32_t want[3];
    } cases[] = {
        {"", {0}},       {"12 345 ", {12, 345}},  {"12 345", {12}}, // the last may have been 3456
        {"0 x 7 ", {7}}, {"99999999999 5 ", {5}},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_span text = pl_span_of(cases[i].text);
        uint32_t pid, count = 0;
        while (pl_watched_next_child(&text, &pid)) CHECK_INT(pid, cases[i].want[count++]);
        CHECK_INT(cases[i].want[count], 0);
    }
}

static void test_limits_of_files(void)
{
    static const char head[] =
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max cpu time              unlimited            unlimited            seconds   \n";
    static const struct {
        const char *line;
        uint64_t want;
    } cases[] = {
        {"Max open files            1024                 524288               files     \n", 1024},
        {"Max open files            unlimited            unlimited            files     \n",
         PL_RAW_ABSENT},
        {"Max open files            1024                 524288               files     ",
         PL_RAW_ABSENT},
        {"", PL_RAW_ABSENT},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%s%s", head, cases[i].line);
        CHECK(pl_watched_parse_files_limit(pl_span_of(text)) == cases[i].want);
    }
}

static void test_whose_group(void)
{
    static const struct {
        const char *service, *agent, *want; // "": none of its own
    } cases[] = {
        {"0::/system.slice/nginx.service\n", "0::/system.slice/plimsoll-agent.service\n",
         "/system.slice/nginx.service"},
        {"0::/\n", "0::/\n", ""},               // in a container, beside the agent
        {"0::/a/b\n", "0::/a/b\n", ""},         // the agent's own
        {"0::/a/b\n", "0::/a/b/c\n", ""},       // the agent is in it
        {"0::/a/b\n", "0::/a/bc\n", "/a/b"},    // it is not
        {"0::/a/b/c\n", "0::/a/b\n", "/a/b/c"}, //
        {"0::/../other\n", "0::/\n", ""},       // of another namespace
        {"0::/user.slice/user-0.slice/session-3.scope\n", "0::/x\n", ""},
        {"0::/user.slice/user-7.slice/user@7.service/app.slice/www.service\n", "0::/x\n",
         "/user.slice/user-7.slice/user@7.service/app.slice/www.service"},
        {"0::/a:b\n", "0::/x\n", "/a:b"},
        {"0::/a b\n", "0::/x\n", ""},
        {"0::/cut", "0::/x\n", ""},
        {"", "", ""},
        {":\n::\n0:\n", "0::/x\n", ""},
        {"3:cpu,cpuacct:/www\n2:memory:/www\n0::/z\n", "3:cpu,cpuacct:/\n2:memory:/\n0::/\n",
         "/www"},
        {"3:cpu:/www\n2:cpuacct:/\n0::/z\n", "3:cpu:/\n2:cpuacct:/\n0::/\n", ""},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_cgroup_place place;
        printf("# %zu\n", i);
        bool own = pl_cgroup_own(pl_span_of(cases[i].service), pl_span_of(cases[i].agent), &place);
        CHECK(own == (cases[i].want[0] != '\0'));
        if (own) CHECK_TEXT(place.path[PL_CGROUP_CPUACCT], cases[i].want);
    }
}

static void check_path(const struct pl_cgroup_place *place, enum pl_cgroup_file file,
                       const char *want)
{
    char path[512] = "";
    struct pl_text t = pl_text_init(path, sizeof path);
    CHECK(pl_cgroup_path(place, file, &t) == (want[0] != '\0'));
    CHECK_TEXT(path, want);
}

/* Each tree of version 1 has its own idea of where the service is. */
static void test_paths_of_groups(void)
{
    struct pl_cgroup_place place;
    CHECK(pl_cgroup_own(pl_span_of("4:memory:/agent\n3:cpuacct:/www\n2:cpu:/half/www\n"),
                        pl_span_of("4:memory:/agent\n3:cpuacct:/\n2:cpu:/\n"), &place));
    check_path(&place, PL_CGROUP_CPU_STAT, "/cpu/half/www/cpu.stat");
    check_path(&place, PL_CGROUP_CPU_USAGE, "/cpuacct/www/cpuacct.usage");
    check_path(&place, PL_CGROUP_CPU_WEIGHT, "/cpu/half/www/cpu.shares");
    check_path(&place, PL_CGROUP_MEMORY_CURRENT, ""); // shared with the agent
    check_path(&place, PL_CGROUP_CPUSET, "");         // there is no such tree
    CHECK_INT(pl_cgroup_named(PL_CGROUP_V2, pl_span_of("/web.slice"), &place), 0);
    check_path(&place, PL_CGROUP_CPU_STAT, "/web.slice/cpu.stat");
    check_path(&place, PL_CGROUP_CPU_WEIGHT, "/web.slice/cpu.weight");
    check_path(&place, PL_CGROUP_CPU_USAGE, ""); // in cpu.stat
    pl_cgroup_root(PL_CGROUP_V1, &place);
    check_path(&place, PL_CGROUP_MEMORY_MAX, "/memory/memory.limit_in_bytes");
}

static struct pl_raw before_raw, now_raw;

/* A service in a group of half a processor and 400 MiB, on a machine of two and 4,000 MiB. */
static void test_the_values_of_a_sample(void)
{
    int32_t values[PL_METRIC_COUNT] = {0};
    memset(&before_raw, 0xff, sizeof before_raw);
    before_raw.netdev.count = before_raw.limits.link_count = 0;
    before_raw.stat.cores = 2;
    before_raw.meminfo.total = 4096000;
    before_raw.service =
        (struct pl_raw_service){1, 7000000, 2500, {500, 400 << 20, 300, 0, 5, 1, 300 << 20, 0, 0}};
    for (size_t i = 0; i < PL_LEN(before_raw.read_us); i++) before_raw.read_us[i] = 1000000;
    now_raw = before_raw;
    for (size_t i = 0; i < PL_LEN(now_raw.read_us); i++) now_raw.read_us[i] = 2000000;
    now_raw.service = (struct pl_raw_service){
        1, 7400000, 2500, {500, 400 << 20, 300, 0, 15, 6, 300 << 20, 100 << 20, 0}};
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_SERVICE_CPU], 2000); // of two processors: the whole of cpu.busy
    CHECK_INT(values[PL_SERVICE_CPU_LIMIT], 2500);
    CHECK_INT(values[PL_SERVICE_CPU_THROTTLED], 5000);
    CHECK_INT(values[PL_SERVICE_CPU_WEIGHT], 300);
    CHECK_INT(values[PL_SERVICE_MEMORY], 5000);
    CHECK_INT(values[PL_SERVICE_MEMORY_LIMIT], 4000); // 400.0 MiB
    CHECK_INT(values[PL_SERVICE_FILES], 2500);

    printf("# without limits of its own: of what the host has\n");
    now_raw.service.group.cpu_milli = now_raw.service.group.memory_max = none;
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_SERVICE_CPU_LIMIT], PL_ABSENT);
    CHECK_INT(values[PL_SERVICE_CPU_THROTTLED], PL_ABSENT);
    CHECK_INT(values[PL_SERVICE_MEMORY], 500);
    CHECK_INT(values[PL_SERVICE_MEMORY_LIMIT], 40000);

    printf("# in a container the whole is what that may use\n");
    before_raw.cgroup.cpu_milli = now_raw.cgroup.cpu_milli = 1000;
    now_raw.cgroup.memory_max = 1000 << 20;
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_SERVICE_CPU], 4000);
    CHECK_INT(values[PL_SERVICE_MEMORY], 2000);

    printf("# found anew: nothing is known about the time between\n");
    now_raw.service.generation = 2;
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_SERVICE_CPU], PL_ABSENT);
    CHECK_INT(values[PL_SERVICE_FILES], 2500);
    now_raw.service.generation = 1;
    now_raw.cgroup.cpu_milli = none;
    now_raw.stat.cores = none; // no processors, no share of them
    pl_collect_values(&before_raw, &now_raw, values);
    CHECK_INT(values[PL_SERVICE_CPU], PL_ABSENT);

    memset(&now_raw.service, 0xff, sizeof now_raw.service); // none is found
    pl_collect_values(&before_raw, &now_raw, values);
    for (int m = PL_SERVICE_CPU; m <= PL_SERVICE_FILES; m++) CHECK_INT(values[m], PL_ABSENT);
}

/* How the agent tells its collector. */
static void test_the_frame_that_names_it(void)
{
    uint8_t buf[256];
    static const struct {
        uint8_t len, body[16];
        int want;
    } cases[] = {
        {3, {0, 0, 0}, 0}, // none is watched
        {9, {2, 'w', 's', 2, '*', ':', 1, 'c', 0}, PL_E_SYNTAX},
        {8, {2, 'w', 's', 2, '*', ':', 1, 'c'}, 0},
        {7, {2, 'w', 's', 2, '*', ':', 1}, PL_E_TRUNCATED},
        {4, {0, 1, '*', 0}, PL_E_SYNTAX}, // an address of nothing
        {4, {0, 0, 1, 'c'}, PL_E_SYNTAX},
        {4, {1, '\n', 0, 0}, PL_E_SYNTAX},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_service out = {"old", "old", "old"};
        printf("# %zu\n", i);
        CHECK_INT(pl_service_parse((struct pl_span){cases[i].body, cases[i].len}, &out),
                  cases[i].want);
        CHECK((strcmp(out.name, "old") == 0) == (cases[i].want < 0));
    }
    struct pl_service full, out;
    memset(&full, 'x', sizeof full);
    full.name[PL_SERVICE_NAME_MAX] = full.address[PL_SERVICE_ADDRESS_MAX] = '\0';
    full.source[PL_SERVICE_SOURCE_MAX] = '\0';
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_service_write(&full, &w);
    CHECK_INT(w.len, PL_SERVICE_FRAME_BYTES_MAX);
    struct pl_frame frame;
    REQUIRE(pl_frame_parse((struct pl_span){buf, w.len}, &frame) == (ssize_t)w.len);
    CHECK_INT(frame.type, PL_FRAME_SERVICE);
    REQUIRE(pl_service_parse(frame.body, &out) == 0);
    CHECK(memcmp(&out, &full, sizeof out) == 0);
    buf[PL_FRAME_HEADER_BYTES]++; // a name longer than its room
    CHECK_INT(pl_service_parse(frame.body, &out), PL_E_RANGE);
}

/* ---- the tree ---- */

static struct pl_tree tree;

static void update(uint32_t pid, uint64_t clock_us)
{
    struct pl_tree_process *process = pl_tree_find(&tree, pid);
    CHECK(process != NULL);
    if (process) pl_tree_update(&tree, process, clock_us);
}

static void survey_as(uint32_t pid, uint32_t parent, uint64_t us)
{
    struct pl_tree_process *process = pl_tree_find(&tree, pid);
    CHECK(process != NULL);
    if (!process) return;
    process->parent = parent;
    process->surveyed_us = us;
}

static void test_workers_come_and_go(void)
{
    tree = (struct pl_tree){0};
    CHECK(pl_tree_add(&tree, 10, 5000000, 0) != NULL); // what it used before counts nothing
    CHECK(pl_tree_add(&tree, 11, 7000000, 0) != NULL);
    CHECK_INT(tree.used_us, 0);
    update(10, 5000100);
    update(11, 7000200);
    CHECK_INT(tree.used_us, 300);
    CHECK(pl_tree_add(&tree, 12, 900, 1000000) != NULL); // born since: all it used
    CHECK_INT(tree.used_us, 1200);
    CHECK(pl_tree_add(&tree, 13, 99000000, 1000) != NULL); // older than it can be: adopted
    CHECK_INT(tree.used_us, 2200);
    pl_tree_drop(&tree, pl_tree_find(&tree, 11));
    CHECK(pl_tree_find(&tree, 11) == NULL);
    CHECK_INT(tree.used_us, 2200);
    update(12, 400); // its pid was given to another: counts from there
    update(12, 500);
    CHECK_INT(tree.used_us, 2300);
}

static void test_what_looks_miss(void)
{
    tree = (struct pl_tree){0};
    CHECK(pl_tree_add(&tree, 10, 0, 0) != NULL);
    survey_as(10, 1, 1000000);
    pl_tree_survey(&tree, 10, 10000000);
    pl_tree_settle(&tree, 1000000);
    CHECK_INT(tree.used_us, 0);
    update(10, 2000000);       // two seconds of its own,
    survey_as(10, 1, 8000000); // and five of children that were gone before they were seen
    pl_tree_survey(&tree, 10, 10000000);
    CHECK_INT(tree.used_us, 2000000);
    for (int i = 1; i <= 20; i++) { // these are added over the ten seconds that follow
        pl_tree_settle(&tree, 1000000);
        CHECK_INT(tree.used_us, 2000000 + 500000 * PL_MIN(i, 10));
    }
    survey_as(10, 1, 3000000); // less than before: children nobody waited for are forgotten
    pl_tree_survey(&tree, 10, 10000000);
    pl_tree_settle(&tree, 1000000);
    CHECK_INT(tree.used_us, 7000000);
}

static void test_strangers_leave(void)
{
    tree = (struct pl_tree){0};
    for (uint32_t pid = 10; pid < 16; pid++) CHECK(pl_tree_add(&tree, pid, 0, 0) != NULL);
    survey_as(10, 1, 5);
    survey_as(11, 10, 5);
    survey_as(12, 11, 5);
    survey_as(13, 1, 500);  // the parent has ended, and init has it now
    survey_as(14, 15, 500); // below it, in this order and
    survey_as(15, 13, 500);
    pl_tree_survey(&tree, 10, 1000);
    CHECK_INT(tree.count, 3);
    CHECK_INT(tree.surveyed_us, 15);
}

static void test_room(void)
{
    tree = (struct pl_tree){0};
    for (uint32_t pid = 1; pid <= PL_TREE_PROCESSES_MAX; pid++)
        CHECK(pl_tree_add(&tree, pid, 0, 0) != NULL);
    CHECK(pl_tree_add(&tree, 1000, 0, 0) == NULL);
    CHECK(pl_tree_files_bp(&tree) == none);
    pl_tree_find(&tree, 7)->files_bp = 1200;
    pl_tree_find(&tree, 9)->files_bp = 300;
    CHECK_INT(pl_tree_files_bp(&tree), 1200);
}

enum { WORKERS = 6, MODEL_SECONDS = 2000 };

/* A root (pid 10) that forks and waits for workers. */
static struct model {
    struct pl_rng rng;
    uint32_t next_pid;
    struct {
        uint32_t pid; // 0: it has ended
        uint64_t us;
    } worker[WORKERS];
    uint64_t used_us, waited_us;
} model;

/* One second of a worker, and what a look makes of it. */
static void live(size_t i)
{
    uint64_t burnt_us = pl_rng_below(&model.rng, 150000);
    bool is_listed = pl_rng_below(&model.rng, 3) > 0;
    if (model.worker[i].pid == 0) model.worker[i].pid = model.next_pid++;
    model.worker[i].us += burnt_us;
    model.used_us += burnt_us;
    struct pl_tree_process *known = pl_tree_find(&tree, model.worker[i].pid);
    if (pl_rng_below(&model.rng, 8) == 0) {
        model.waited_us += model.worker[i].us;
        if (known) pl_tree_drop(&tree, known);
        model.worker[i].pid = 0;
        model.worker[i].us = 0;
    } else if (known) {
        pl_tree_update(&tree, known, model.worker[i].us);
    } else if (is_listed) {
        CHECK(pl_tree_add(&tree, model.worker[i].pid, model.worker[i].us, 1000000) != NULL);
    }
}

static void survey_model(void)
{
    survey_as(10, 1, model.waited_us);
    for (size_t i = 0; i < WORKERS; i++) {
        uint32_t pid = model.worker[i].pid;
        if (pid == 0) continue;
        if (!pl_tree_find(&tree, pid))
            CHECK(pl_tree_add(&tree, pid, model.worker[i].us, 0) != NULL);
        survey_as(pid, 10, model.worker[i].us);
    }
    pl_tree_survey(&tree, 10, 10000000);
}

/* Looked at every second and surveyed every tenth: never back, never more than was used, and in the
 * end less than that by what two periods may still owe. */
static void test_against_all_that_was_used(void)
{
    uint64_t before = 0;
    model = (struct model){.rng = pl_rng_init(7), .next_pid = 100};
    tree = (struct pl_tree){0};
    CHECK(pl_tree_add(&tree, 10, 0, 0) != NULL);
    for (int second = 0; second < MODEL_SECONDS; second++) {
        for (size_t i = 0; i < WORKERS; i++) live(i);
        pl_tree_settle(&tree, 1000000);
        CHECK(tree.used_us >= before && tree.used_us <= model.used_us);
        before = tree.used_us;
        if (second % 10 == 0) survey_model();
    }
    CHECK(model.used_us - tree.used_us < WORKERS * UINT64_C(150000) * 20);
}

int main(void)
{
    RUN(test_choices);
    RUN(test_who_passes_work_on);
    RUN(test_processes);
    RUN(test_children);
    RUN(test_limits_of_files);
    RUN(test_whose_group);
    RUN(test_paths_of_groups);
    RUN(test_the_values_of_a_sample);
    RUN(test_the_frame_that_names_it);
    RUN(test_workers_come_and_go);
    RUN(test_what_looks_miss);
    RUN(test_strangers_leave);
    RUN(test_room);
    RUN(test_against_all_that_was_used);
    return check_finish();
}
