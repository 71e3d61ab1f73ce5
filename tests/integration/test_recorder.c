/* The trace file: what was added is in it, also when the disk is slow or refuses. */
#include "tests/integration/loop.h"

#include "collector/io/recorder.h"
#include "common/base/assert.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

enum { LIMIT_MS = 5000 };

static char dir[64], path[128];
static const uint8_t frame[PL_FRAME_BYTES_MAX] = {'P', 'l', 1, 9, 0, 0, PL_FRAME_BODY_MAX >> 8, 0};

static struct pl_recorder *begin(void)
{
    struct pl_recorder *r = NULL;
    make_dir(dir);
    (void)snprintf(path, sizeof path, "%s/trace", dir);
    loop_begin();
    CHECK_INT(pl_recorder_open(&loop, path, &r), 0);
    PL_ASSERT(r);
    return r;
}

static void finish(struct pl_recorder *r)
{
    bool closed = false;
    pl_recorder_close(r, set_flag, &closed);
    CHECK(run_until(is_set, &closed, LIMIT_MS));
    loop_end();
}

static void add(struct pl_recorder *r, int64_t unix_ms, size_t len)
{
    pl_recorder_add(r, &(struct pl_trace_record){unix_ms, 7, {frame, len}});
}

/* Records in the file; -1 if it is not a whole trace. */
static int records_in_file(void)
{
    static uint8_t buf[4 * PL_RECORDER_BUFFER_BYTES];
    FILE *file = fopen(path, "rb");
    if (!file) return -1;
    struct pl_span in = {buf, fread(buf, 1, sizeof buf, file)};
    (void)fclose(file); // only read from
    ssize_t used = pl_trace_parse_begin(in);
    int64_t last = 0;
    int count = 0;
    if (used <= 0) return -1;
    for (in.ptr += used, in.len -= (size_t)used; in.len > 0; count++) {
        struct pl_trace_record record;
        used = pl_trace_parse(in, &last, &record);
        if (used <= 0 || record.stream != 7) return -1;
        in.ptr += used;
        in.len -= (size_t)used;
    }
    return count;
}

static void test_what_was_added_is_in_the_file(void)
{
    struct pl_recorder *r = begin();
    for (int i = 0; i < 300; i++) {
        add(r, 1777777777000 + i, i % 2 == 0 ? PL_FRAME_BYTES_MAX : 0);
        if (i % 100 == 0) pl_recorder_flush(r);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    finish(r); // what is still in a buffer is written first
    CHECK_INT(records_in_file(), 300);
    remove_dir(dir);
}

/* A trace of before a restart gets the next free number. */
static void test_a_trace_in_the_way_is_kept(void)
{
    static const int lens[] = {1, 2, 3};
    struct pl_recorder *r = begin();
    char whole[sizeof path];
    for (int n = 0; n < 3; n++) {
        for (int i = 0; i < lens[n]; i++) add(r, 5, 0);
        finish(r);
        if (n == 2) break;
        loop_begin();
        CHECK_INT(pl_recorder_open(&loop, path, &r), 0);
    }
    CHECK_INT(records_in_file(), 3);
    memcpy(whole, path, sizeof whole);
    for (int n = 1; n <= 2; n++) {
        (void)snprintf(path, sizeof path, "%.120s.%d", whole, n);
        CHECK_INT(records_in_file(), lens[n - 1]);
    }
    remove_dir(dir);
}

static void test_anything_else_in_the_way_is_left_alone(void)
{
    struct pl_recorder *r = NULL;
    static const char *const contents[] = {"root:x:0:0:root", "plimsoll trac"};
    for (size_t i = 0; i < PL_LEN(contents); i++) {
        char text[32] = "";
        finish(begin());
        loop_begin();
        FILE *file = fopen(path, "wb");
        REQUIRE(file);
        CHECK(fputs(contents[i], file) >= 0 && fclose(file) == 0);
        CHECK_INT(pl_recorder_open(&loop, path, &r), -EEXIST);
        loop_end();
        file = fopen(path, "rb");
        REQUIRE(file);
        CHECK(fgets(text, sizeof text, file) != NULL);
        CHECK_TEXT(text, contents[i]);
        (void)fclose(file); // only read from
        remove_dir(dir);
    }
}

static bool has_ended(void *recorder)
{
    return !pl_recorder_running(recorder);
}

/* A limit on the size of files stands in for a full disk. */
static void test_a_disk_that_refuses_ends_the_recording(void)
{
    struct rlimit before, small;
    struct pl_recorder *r = begin();
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4096;
    (void)signal(SIGXFSZ, SIG_IGN); // write(2) then says EFBIG
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 10; i++) add(r, 5, PL_FRAME_BYTES_MAX);
    pl_recorder_flush(r);
    CHECK(run_until(has_ended, r, LIMIT_MS));
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
    add(r, 6, PL_FRAME_BYTES_MAX); // ignored
    pl_recorder_flush(r);
    finish(r);
    remove_dir(dir);
}

/* The loop does not run, so no write is ever reported done: two buffers, then the end. */
static void test_a_disk_too_slow_ends_the_recording(void)
{
    struct pl_recorder *r = begin();
    int added = 0;
    while (pl_recorder_running(r) && added < 10000) {
        add(r, 5, PL_FRAME_BYTES_MAX);
        added++;
    }
    int buffer_holds = PL_RECORDER_BUFFER_BYTES / (PL_FRAME_BYTES_MAX + 8);
    CHECK(added > 2 * buffer_holds - 4 && added < 2 * buffer_holds + 4);
    finish(r);
    CHECK(records_in_file() >= buffer_holds - 2);
    remove_dir(dir);
}

int main(void)
{
    RUN(test_what_was_added_is_in_the_file);
    RUN(test_a_trace_in_the_way_is_kept);
    RUN(test_anything_else_in_the_way_is_left_alone);
    RUN(test_a_disk_that_refuses_ends_the_recording);
    RUN(test_a_disk_too_slow_ends_the_recording);
    return check_finish();
}
