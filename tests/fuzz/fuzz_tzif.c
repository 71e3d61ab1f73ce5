/* Zone files: whatever is accepted has one offset at every moment, and wall times that never go
 * back. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/tzif.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct pl_zone zone;
    if (pl_tzif_parse((struct pl_span){data, len}, &zone) < 0) return 0;
    int64_t last_from = INT64_MIN, last_until = INT64_MIN;
    const int64_t begin = pl_civil_day_s(2036, 1, 1), end = pl_civil_day_s(2040, 1, 1);
    for (int64_t wall_s = begin; wall_s < end; wall_s += 9 * 86400 + 5 * 3600) {
        struct pl_zone_span span = pl_zone_span_at(&zone, wall_s);
        PL_ASSERT(span.from_unix_s <= wall_s && wall_s < span.until_unix_s);
        int64_t from = pl_zone_moment(&zone, wall_s, PL_ZONE_FROM);
        int64_t until = pl_zone_moment(&zone, wall_s, PL_ZONE_UNTIL);
        PL_ASSERT(from <= until && from >= last_from && until >= last_until);
        last_from = from;
        last_until = until;
    }
    return 0;
}
