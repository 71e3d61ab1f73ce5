/* A trace file: times never fall, and each record read is read again after being written. */
#include "tests/fuzz/fuzz.h"

#include "common/wire/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t buf[PL_TRACE_RECORD_BYTES_MAX];
    struct pl_span in = {data, len};
    struct pl_trace_record record, again;
    int64_t last = 0;
    for (ssize_t used = pl_trace_parse_begin(in); used > 0;) {
        in = (struct pl_span){in.ptr + used, in.len - (size_t)used};
        int64_t before = last, write_last = last, read_last = last;
        used = pl_trace_parse(in, &last, &record);
        if (used <= 0) break;
        PL_ASSERT(record.unix_ms == last && last >= before);
        struct pl_writer w = pl_writer_init(buf, sizeof buf);
        pl_trace_write(&record, &write_last, &w);
        PL_ASSERT(w.err == 0);
        ssize_t written = pl_trace_parse((struct pl_span){buf, w.len}, &read_last, &again);
        PL_ASSERT(written == (ssize_t)w.len && again.unix_ms == record.unix_ms &&
                  again.stream == record.stream && pl_span_eq(again.frame, record.frame));
    }
    return 0;
}
