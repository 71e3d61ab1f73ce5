/* A log of a package manager, of either kind, in one run; the same bytes as maps and stat of a
 * process. What is told is printable and passes the wire. */
#include "tests/fuzz/fuzz.h"

#include "agent/core/package_log.h"
#include "agent/core/process.h"
#include "agent/core/scan.h"
#include "common/wire/frame.h"

static void check_told(struct pl_package_run *run)
{
    struct pl_change told, again;
    while (pl_package_run_next(run, &told)) {
        uint8_t buf[PL_CHANGE_FRAME_BYTES_MAX];
        struct pl_writer w = pl_writer_init(buf, sizeof buf);
        struct pl_frame frame;
        pl_change_write(&told, &w);
        PL_ASSERT(w.err == 0);
        PL_ASSERT(pl_frame_parse((struct pl_span){buf, w.len}, &frame) == (ssize_t)w.len);
        PL_ASSERT(pl_change_parse(frame.body, &again) == 1);
        PL_ASSERT(pl_change_is_same(&told, &again) && again.count == told.count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    for (int format = 0; format < PL_PACKAGE_FORMAT_COUNT; format++) {
        struct pl_package_run run = {0};
        struct pl_package_line line;
        struct pl_span text = {data, len}, words;
        while (pl_scan_line(&text, &words)) {
            struct pl_span file = pl_process_old_map(words);
            PL_ASSERT(file.len <= words.len && pl_process_file_name(file).len <= file.len);
            if (!pl_package_line_parse((enum pl_package_format)format, words, &line)) continue;
            if (!pl_package_run_takes(&run, line.change.unix_ms)) check_told(&run);
            pl_package_run_add(&run, &line);
        }
        check_told(&run);
    }
    (void)pl_process_started((struct pl_span){data, len});
    return 0;
}
