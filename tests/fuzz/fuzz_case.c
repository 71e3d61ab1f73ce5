/* What people say about a case, and a case as Redis keeps it: refused, or right and read again. */
#include "collector/codec/case_in.h"
#include "collector/codec/case_record.h"
#include "tests/fuzz/fuzz.h"

static void check_request(struct pl_span in)
{
    struct pl_case_request r;
    char error[PL_CASE_ERROR_BYTES];
    uint32_t takes = (1u << PL_CASE_MEMBER_COUNT) - 1;
    if (pl_case_request_read(in, takes, 0, &r, error) != 0) {
        PL_ASSERT(memchr(error, '\0', sizeof error));
        return;
    }
    PL_ASSERT(r.pool_count <= PL_CASE_POOLS_MAX && r.phase < PL_CASE_PHASE_COUNT);
    PL_ASSERT((r.given & PL_CASE_BIT(TEXT)) == 0 || r.text[0] != '\0');
    for (size_t i = 0; r.title[i] != '\0'; i++) PL_ASSERT((unsigned char)r.title[i] >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_case c;
    static char buf[PL_CASE_RECORD_BYTES];
    struct pl_span in = {data, size};
    struct pl_text t = pl_text_init(buf, sizeof buf);
    struct pl_case_update update;
    struct pl_name id;
    check_request(in);
    if (pl_record_case_read(in, &c) == 0) {
        pl_record_case_write(&t, &c);
        if (!t.overflow) PL_ASSERT(pl_record_case_read(pl_text_bytes(&t), &c) == 0);
    } else if (pl_record_case_update_read(in, &id, &update) == 0) {
        pl_record_case_update_write(&t, &id, &update);
        PL_ASSERT(!t.overflow && pl_record_case_update_read(pl_text_bytes(&t), &id, &update) == 0);
    }
    return 0;
}
