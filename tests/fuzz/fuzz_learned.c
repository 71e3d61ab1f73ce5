/* What was learned of a host: refused, or what it says can be written and read again, and gives an
 * answer without a number that is none. */
#include "collector/codec/learned_record.h"
#include "collector/core/judge/rule.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_capacity_learner learner, resumed;
    static struct pl_rules rules;
    uint8_t buf[PL_LEARNED_BYTES_MAX];
    if (pl_learned_read((struct pl_span){data, size}, &learner) < 0) return 0;
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_learned_write(&learner, &w);
    PL_ASSERT(w.err == 0);
    PL_ASSERT(pl_learned_read((struct pl_span){w.ptr, w.len}, &learner) == 0);
    pl_rules_default(&rules);
    pl_capacity_init(&resumed);
    (void)pl_capacity_adopt(&resumed, rules.levels, &learner, 1750000000000); // none without a unit
    const struct pl_estimate *e = &resumed.answer.per_s;
    PL_ASSERT(isfinite(e->p10) && isfinite(e->p50) && isfinite(e->p90));
    PL_ASSERT(0 <= e->p10 && e->p10 <= e->p50 && e->p50 <= e->p90);
    return 0;
}
