/* Logs of package managers in a folder of this test: written, appended to, rotated, cut. */
#include "tests/check.h"

#include "agent/io/packages.h"
#include "common/base/text.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW_MS INT64_C(1777644192000) // 2026-05-01T14:03:12Z

static char root[64];
static struct pl_packages packages;
static struct pl_told told;
static uint64_t heard;
static int64_t now_mono_ms;

static void path_of(const char *below, char path[160])
{
    (void)snprintf(path, 160, "%s/%s", root, below);
}

static void append(const char *below, const char *text)
{
    char path[160];
    path_of(below, path);
    FILE *file = fopen(path, "a");
    REQUIRE(file);
    (void)fputs(text, file);
    CHECK_INT(fclose(file), 0);
}

static void begin(void)
{
    char path[160];
    (void)snprintf(root, sizeof root, "/tmp/pl-packages-XXXXXX");
    REQUIRE(mkdtemp(root));
    path_of("var", path);
    CHECK_INT(mkdir(path, 0700), 0);
    path_of("var/log", path);
    CHECK_INT(mkdir(path, 0700), 0);
    CHECK_INT(setenv("TZ", "Europe/Berlin", 1), 0); // two hours ahead of UTC in May
    told.count = heard = 0;
    now_mono_ms = 1000000;
    pl_packages_init(&packages, root);
}

static void finish(void)
{
    static const char *const all[] = {"var/log/dpkg.log", "var/log/dpkg.log.1",
                                      "var/log/dnf.rpm.log", "var/log", "var"};
    pl_packages_stop(&packages);
    for (size_t i = 0; i < PL_LEN(all); i++) {
        char path[160];
        path_of(all[i], path);
        (void)remove(path); // some are not in each test
    }
    CHECK_INT(rmdir(root), 0);
}

/* What is told in the next minute, "kind subject time;...". */
static const char *next_minute(int64_t unix_ms)
{
    static char said[8192];
    struct pl_text t = pl_text_init(said, sizeof said);
    struct pl_change change;
    for (int i = 0; i < 60; i++, now_mono_ms += 1000)
        (void)pl_packages_tick(&packages, &told, now_mono_ms, unix_ms);
    while (pl_told_next(&told, &heard, &change)) {
        pl_text_str(&t, pl_change_kind_name(change.kind));
        pl_text_char(&t, ' ');
        pl_text_str(&t, change.subject);
        pl_text_char(&t, ' ');
        pl_text_i64(&t, (NOW_MS - change.unix_ms) / 1000);
        pl_text_char(&t, ';');
    }
    return said;
}

static void test_a_log_that_grows(void)
{
    begin();
    CHECK(!pl_packages_is_read(&packages, now_mono_ms));
    CHECK_TEXT(next_minute(NOW_MS), ""); // no log at all
    CHECK(pl_packages_is_read(&packages, now_mono_ms - 1000));
    append("var/log/dpkg.log", "2026-04-20 12:00:00 upgrade ancient:all 1 2\n"
                               "2026-05-01 15:00:00 upgrade openssl:amd64 3.0.15 3.0.17\n"
                               "2026-05-01 15:00:01 status installed openssl:amd64 3.0.17\n");
    CHECK_TEXT(next_minute(NOW_MS), "upgraded openssl 3792;");
    CHECK_TEXT(next_minute(NOW_MS), "");
    append("var/log/dpkg.log", "2026-05-01 16:02:00 install nginx:am");
    CHECK_TEXT(next_minute(NOW_MS), "");
    append("var/log/dpkg.log",
           "d64 <none> 1.22\n2026-05-01 16:03:10 remove apache2:all 2.4 <none>\n");
    CHECK_TEXT(next_minute(NOW_MS), "installed nginx 72;"); // a gap of over a minute ends a run
    CHECK_TEXT(next_minute(NOW_MS + PL_PACKAGE_GAP_MS - 1000), "removed apache2 2;");
    finish();
}

static void test_reading_again_tells_the_same(void)
{
    char first[8192];
    begin();
    for (int i = 0; i < 40; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "2026-05-01 %02d:%02d:%02d upgrade p%d:all 1 2\n",
                       10 + i / 10, i % 10 * 5, i, i);
        append("var/log/dpkg.log", line);
    }
    (void)snprintf(first, sizeof first, "%s", next_minute(NOW_MS));
    CHECK(strlen(first) > 40 * 10);
    pl_packages_stop(&packages);
    pl_packages_init(&packages, root);
    CHECK_TEXT(next_minute(NOW_MS), first);
    finish();
}

static void test_rotation_and_a_log_begun_anew(void)
{
    char path[160], rotated[160];
    begin();
    path_of("var/log/dpkg.log", path);
    path_of("var/log/dpkg.log.1", rotated);
    append("var/log/dpkg.log.1", "2026-05-01 14:00:00 upgrade before:all 1 2\n");
    append("var/log/dpkg.log", "2026-05-01 15:00:00 upgrade a:all 1 2\n");
    CHECK_TEXT(next_minute(NOW_MS), "upgraded before 7392;upgraded a 3792;");
    append("var/log/dpkg.log", "2026-05-01 15:10:00 upgrade b:all 1 2\n");
    CHECK_INT(rename(path, rotated), 0);
    CHECK_TEXT(next_minute(NOW_MS), "upgraded b 3192;"); // to its end, though it has another name
    append("var/log/dpkg.log", "2026-05-01 15:20:00 upgrade c:all 1 2\n");
    CHECK_TEXT(next_minute(NOW_MS), "upgraded c 2592;");
    CHECK_INT(truncate(path, 0), 0);
    CHECK_TEXT(next_minute(NOW_MS), "");
    append("var/log/dpkg.log", "2026-05-01 15:30:00 upgrade d:all 1 2\n");
    CHECK_TEXT(next_minute(NOW_MS), "upgraded d 1992;");
    finish();
}

static void test_a_dist_upgrade_and_a_hostile_log(void)
{
    begin();
    for (int i = 0; i < 1500; i++) {
        char line[160];
        (void)snprintf(line, sizeof line,
                       "2026-05-01 15:%02d:%02d upgrade package%d:amd64 1 2\n"
                       "2026-05-01 15:%02d:%02d status unpacked package%d:amd64 2\n",
                       i / 60, i % 60, i, i / 60, i % 60, i);
        append("var/log/dpkg.log", line);
    }
    CHECK_TEXT(next_minute(NOW_MS), "upgraded package0, package1, package2, package3, package4, "
                                    "package5, package6, package7 3792;");
    CHECK_INT(told.items[0].count, 1500);
    static char junk[3 * PL_PACKAGES_STEP_BYTES];
    memset(junk, 'x', sizeof junk - 1);
    append("var/log/dpkg.log", junk); // a line without an end
    CHECK_TEXT(next_minute(NOW_MS), "");
    append("var/log/dpkg.log", "\n2026-05-01 16:00:00 upgrade after:all 1 2\n");
    CHECK_TEXT(next_minute(NOW_MS), "upgraded after 192;");
    append("var/log/dnf.rpm.log",
           "2026-05-01T14:00:00Z SUBDEBUG Upgrade: openssl-libs-1:3.0.7-25.el9.x86_64\n");
    CHECK_TEXT(next_minute(NOW_MS), "upgraded openssl-libs 192;");
    finish();
}

int main(void)
{
    RUN(test_a_log_that_grows);
    RUN(test_reading_again_tells_the_same);
    RUN(test_rotation_and_a_log_begun_anew);
    RUN(test_a_dist_upgrade_and_a_hostile_log);
    return check_finish();
}
