/* A HELLO that was understood says the same after being written again. */
#include "tests/fuzz/fuzz.h"

#include "common/wire/frame.h"
#include "common/wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_hello hello, again;
    uint8_t buf[PL_FRAME_BODY_MAX];
    if (pl_hello_parse((struct pl_span){data, len}, &hello) != 0) return 0;
    for (unsigned i = 0; i < hello.metric_count; i++)
        PL_ASSERT(hello.metrics[i] <= PL_METRIC_COUNT);
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_hello_write(&hello, &w);
    PL_ASSERT(w.err == 0);
    PL_ASSERT(pl_hello_parse((struct pl_span){buf, w.len}, &again) == 0);
    PL_ASSERT(pl_name_eq(&hello.host, &again.host) && pl_name_eq(&hello.pool, &again.pool));
    PL_ASSERT(strcmp(hello.agent_version, again.agent_version) == 0);
    PL_ASSERT(pl_boot_id_eq(&hello.boot_id, &again.boot_id));
    PL_ASSERT(hello.unix_ms == again.unix_ms && hello.interval_ms == again.interval_ms &&
              hello.first_seq == again.first_seq);
    for (int f = 0; f < PL_FACT_COUNT; f++) {
        PL_ASSERT(hello.facts[f].value == again.facts[f].value);
        if (hello.facts[f].value >= 0)
            PL_ASSERT(strcmp(hello.facts[f].source, again.facts[f].source) == 0);
    }
    return 0;
}
