/* Remembered traffic from Redis: refused, or it can be stepped on and written again. */
#include "collector/codec/traffic_record.h"
#include "tests/fuzz/fuzz.h"

static const int64_t now_ms = 1746316790000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t buf[PL_TRAFFIC_RECORD_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    struct pl_traffic traffic;
    enum pl_traffic_source unit;
    if (pl_record_traffic_read((struct pl_span){data, size}, now_ms, &unit, &traffic) < 0) return 0;
    pl_record_traffic_write(&w, unit, &traffic);
    PL_ASSERT(memcmp(buf, data, size) == 0);
    pl_traffic_step(&traffic, 100, now_ms + 1000);
    return 0;
}
