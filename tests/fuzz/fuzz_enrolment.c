/* The file a host keeps of its joining: what is accepted is written back byte by byte. */
#include "tests/fuzz/fuzz.h"

#include "agent/core/enrolment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_enrolment e, again;
    char buf[PL_ENROLMENT_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    if (pl_enrolment_parse((struct pl_span){data, len}, &e) < 0) return 0;
    pl_enrolment_write(&e, &t);
    PL_ASSERT(!t.overflow && pl_enrolment_parse(pl_text_bytes(&t), &again) == 0);
    PL_ASSERT(again.collector_count == e.collector_count);
    return 0;
}
