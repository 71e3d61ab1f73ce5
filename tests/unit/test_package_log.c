/* Logs of package managers: lines as dpkg and dnf write them, runs of them, and what is no line. */
#include "tests/check.h"

#include "agent/core/package_log.h"
#include "agent/core/process.h"
#include "agent/core/told.h"
#include "common/base/text.h"

static const char *said_of(const struct pl_change *c)
{
    static char said[256];
    struct pl_text t = pl_text_init(said, sizeof said);
    pl_text_str(&t, pl_change_kind_name(c->kind));
    pl_text_char(&t, ' ');
    pl_text_str(&t, c->subject);
    pl_text_char(&t, ' ');
    pl_text_str(&t, c->before);
    pl_text_char(&t, '>');
    pl_text_str(&t, c->after);
    if (c->count != 1) pl_text_str(&t, " x");
    if (c->count != 1) pl_text_u64(&t, c->count);
    return said;
}

static void test_lines(void)
{
    static const struct {
        enum pl_package_format format;
        const char *line;
        int64_t unix_s;   // -1: no line
        const char *want; // empty: no change
    } cases[] = {
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 upgrade openssl:amd64 3.0.15-1~deb12u1 3.0.17-1",
         1777644192, "upgraded openssl 3.0.15-1~deb12u1>3.0.17-1"},
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 install nginx:amd64 <none> 1.22.1-9+deb12u3",
         1777644192, "installed nginx >1.22.1-9+deb12u3"},
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 remove nginx:all 1.22.1-9 <none>", 1777644192,
         "removed nginx 1.22.1-9>"},
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 purge nginx:all 1.22.1-9 <none>", 1777644192, ""},
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 upgrade a:all 1 1", 1777644192, ""}, // reinstalled
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 status unpacked libc6:amd64 2.36", 1777644192, ""},
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 startup archives unpack", 1777644192, ""},
        {PL_PACKAGE_DPKG, "2024-02-29 00:00:00 remove a 1 <none>", 1709164800, "removed a 1>"},
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 upgrade", 1777644192, ""},
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 upgrade : 1 2", 1777644192, ""},
        {PL_PACKAGE_DPKG, "2026-05-01 14:03:12 install a\x1b[2J\xc3\xa9 <none> \x01", 1777644192,
         "installed a?[2J?? >?"},
        {PL_PACKAGE_DPKG, "", -1, ""},
        {PL_PACKAGE_DPKG, "2026-13-01 14:03:12 install a <none> 1", -1, ""},
        {PL_PACKAGE_DPKG, "2026-05-01 24:03:12 install a <none> 1", -1, ""},
        {PL_PACKAGE_DPKG, "2026/05/01 14:03:12 install a <none> 1", -1, ""},
        {PL_PACKAGE_DPKG, "2026-05-0x 14:03:12 install a <none> 1", -1, ""},
        {PL_PACKAGE_RPM,
         "2026-05-01T14:03:12+0200 SUBDEBUG Upgrade: openssl-libs-1:3.0.7-25.el9_3.x86_64",
         1777636992, "upgraded openssl-libs >1:3.0.7-25.el9_3"},
        {PL_PACKAGE_RPM, "2026-05-01T14:03:12Z SUBDEBUG Installed: nginx-1.20.1-14.el9.x86_64",
         1777644192, "installed nginx >1.20.1-14.el9"},
        {PL_PACKAGE_RPM, "2026-05-01T14:03:12-0130 SUBDEBUG Erase: a-b-c-1.0-2.noarch", 1777649592,
         "removed a-b-c 1.0-2>"},
        {PL_PACKAGE_RPM, "2026-05-01T14:03:12Z SUBDEBUG Upgraded: a-1-1.noarch", 1777644192, ""},
        {PL_PACKAGE_RPM, "2026-05-01T14:03:12Z INFO --- logging initialized ---", 1777644192, ""},
        {PL_PACKAGE_RPM, "2026-05-01T14:03:12Z SUBDEBUG Installed: odd", 1777644192,
         "installed odd >"},
        {PL_PACKAGE_RPM, "2026-05-01 14:03:12 SUBDEBUG Installed: odd", -1, ""},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_package_line line = {0};
        struct pl_span text = pl_span_of(cases[i].line);
        bool is_line = pl_package_line_parse(cases[i].format, text, &line);
        CHECK_INT(is_line ? line.change.unix_ms : -1000, cases[i].unix_s * 1000);
        CHECK_TEXT(is_line && line.is_change ? said_of(&line.change) : "", cases[i].want);
        CHECK(!is_line || line.is_local == (cases[i].format == PL_PACKAGE_DPKG));
        for (size_t cut = 0; cut < text.len; cut++) {
            struct pl_span part = {text.ptr, cut};
            (void)pl_package_line_parse(cases[i].format, part, &line); // does not read behind it
        }
    }
}

static struct pl_package_line upgrade_at(int64_t unix_ms, unsigned number)
{
    struct pl_package_line line = {true, false, {PL_CHANGE_UPGRADED, unix_ms, 1, "", "1", "2"}};
    struct pl_text t = pl_text_init(line.change.subject, sizeof line.change.subject);
    pl_text_str(&t, "package");
    pl_text_u64(&t, number);
    return line;
}

static void test_a_small_run_one_by_one(void)
{
    struct pl_package_run run = {0};
    struct pl_change c;
    CHECK(!pl_package_run_is_over(&run, 1000000));
    for (unsigned i = 0; i < PL_PACKAGE_NAMED_MAX; i++) {
        struct pl_package_line line = upgrade_at(1000 + i, i);
        CHECK(pl_package_run_takes(&run, line.change.unix_ms));
        pl_package_run_add(&run, &line);
        pl_package_run_add(&run, &line); // dpkg says it twice
    }
    int64_t last = 1000 + PL_PACKAGE_NAMED_MAX - 1;
    CHECK(!pl_package_run_is_over(&run, last + PL_PACKAGE_GAP_MS));
    CHECK(pl_package_run_is_over(&run, last + PL_PACKAGE_GAP_MS + 1));
    CHECK(!pl_package_run_takes(&run, last + PL_PACKAGE_GAP_MS + 1));
    uint32_t count = 0;
    while (pl_package_run_next(&run, &c)) {
        CHECK_INT(c.count, 1);
        CHECK_TEXT(c.before, "1");
        count++;
    }
    CHECK_INT(count, PL_PACKAGE_NAMED_MAX);
    CHECK_INT(run.first_unix_ms, 0);
}

static void test_a_dist_upgrade_is_one(void)
{
    struct pl_package_run run = {0};
    struct pl_change c;
    for (unsigned i = 0; i < 1500; i++) {
        struct pl_package_line line = upgrade_at(1000 + 100 * i, i);
        CHECK(pl_package_run_takes(&run, line.change.unix_ms));
        pl_package_run_add(&run, &line);
    }
    struct pl_package_line busy = {.change.unix_ms = 200000}; // it still configures something
    pl_package_run_add(&run, &busy);
    CHECK(!pl_package_run_is_over(&run, 200000 + PL_PACKAGE_GAP_MS));
    CHECK(pl_package_run_next(&run, &c));
    CHECK_TEXT(said_of(&c), "upgraded package0, package1, package2, package3, package4, package5, "
                            "package6, package7 > x1500");
    CHECK_INT(c.unix_ms, 1000);
    CHECK(!pl_package_run_next(&run, &c));
}

static void test_what_was_upgraded_away(void)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"7f1c0000-7f1d0000 r-xp 00028000 08:01 131090                     "
         "/usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)",
         "libssl.so.3"},
        {"7f1c0000-7f1d0000 r-xp 00028000 08:01 131090 /lib/x y/z.so (deleted)", "z.so"},
        {"7f1c0000-7f1d0000 r-xp 00028000 08:01 131090 /opt/app/bin/app (deleted)", "app"},
        {"7f1c0000-7f1d0000 r--p 00028000 08:01 131090 /usr/lib/libssl.so.3 (deleted)", ""},
        {"7f1c0000-7f1d0000 r-xp 00028000 08:01 131090 /usr/lib/libssl.so.3", ""},
        {"7f1c0000-7f1d0000 rwxp 00000000 00:01 1024 /memfd:jit (deleted)", ""},
        {"7f1c0000-7f1d0000 rwxs 00000000 00:01 1024 /dev/shm/x (deleted)", ""},
        {"7f1c0000-7f1d0000 rwxs 00000000 00:01 0 /SYSV00000000 (deleted)", ""},
        {"7f1c0000-7f1d0000 r-xp 00000000 08:01 7 /tmp/usr/lib/a (deleted)", ""},
        {"7f1c0000-7f1d0000 r-xp 00000000 08:01 7 /usr/ (deleted)", ""},
        {"7f1c0000-7f1d0000 rwxp 00000000 00:00 0 ", ""},
        {"7f1c0000-7f1d0000 rwxp 00000000 00:00 0 [vdso]", ""},
        {"", ""},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_span name = pl_process_file_name(pl_process_old_map(pl_span_of(cases[i].line)));
        CHECK(pl_span_is(name, cases[i].want));
        for (size_t cut = 0; cut < strlen(cases[i].line); cut++)
            (void)pl_process_old_map((struct pl_span){(const uint8_t *)cases[i].line, cut});
    }
    CHECK(pl_process_old_exe(pl_span_of("/usr/sbin/nginx (deleted)")).len > 0);
    CHECK(pl_process_old_exe(pl_span_of("/usr/sbin/nginx")).len == 0);
    CHECK(pl_process_old_exe(pl_span_of("/memfd:x (deleted)")).len == 0);
    CHECK(pl_process_old_exe(pl_span_of("/srv/a/usr/b (deleted)")).len == 0);
    CHECK(pl_process_old_exe(pl_span_of(" (deleted)")).len == 0);
}

static void test_when_a_process_started(void)
{
    static const struct {
        const char *stat;
        uint64_t want;
    } cases[] = {
        {"7 (sh) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 8812 2555904 197 1844", 8812},
        {"7 (a) b) (c) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 99 2555904", 99},
        {"7 (sh) S 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0", UINT64_MAX},
        {"7 sh S 1 7", UINT64_MAX},
        {"", UINT64_MAX},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++)
        CHECK(pl_process_started(pl_span_of(cases[i].stat)) == cases[i].want);
}

static void test_the_newest_are_told(void)
{
    static struct pl_told told;
    struct pl_change c = {.count = 1}, got = c;
    uint64_t done = 0;
    CHECK(!pl_told_next(&told, &done, &got));
    for (int i = 0; i < PL_TOLD_MAX + 3; i++) {
        c.unix_ms = i;
        pl_told_push(&told, &c);
    }
    for (int i = 3; i < PL_TOLD_MAX + 3; i++) {
        CHECK(pl_told_next(&told, &done, &got));
        CHECK_INT(got.unix_ms, i);
    }
    CHECK(!pl_told_next(&told, &done, &got));
    pl_told_push(&told, &c);
    CHECK(pl_told_next(&told, &done, &got));
    CHECK(!pl_told_next(&told, &done, &got));
}

int main(void)
{
    RUN(test_lines);
    RUN(test_a_small_run_one_by_one);
    RUN(test_a_dist_upgrade_is_one);
    RUN(test_what_was_upgraded_away);
    RUN(test_when_a_process_started);
    RUN(test_the_newest_are_told);
    return check_finish();
}
