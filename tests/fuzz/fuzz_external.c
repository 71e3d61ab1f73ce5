/* Alerts that somebody posts: each is refused, with a reason, or fits its table and its record. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/external_in.h"
#include "collector/codec/external_record.h"

static void check(const struct pl_external *x)
{
    struct pl_external back = {0};
    char buf[PL_EXTERNAL_RECORD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    PL_ASSERT(x->fingerprint != 0 && x->tier < PL_TIER_COUNT && x->group.len > 0);
    PL_ASSERT(x->begins_unix_ms >= 0 && x->begins_unix_ms <= x->ends_unix_ms);
    for (const char *c = x->summary; *c != '\0'; c++) PL_ASSERT((uint8_t)*c >= 0x20);
    pl_record_external_write(&t, x);
    PL_ASSERT(!t.overflow && pl_record_external_read(pl_text_bytes(&t), &back) == 0);
    PL_ASSERT(back.fingerprint == x->fingerprint && strcmp(back.labels, x->labels) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_external_reader r;
    struct pl_external x;
    char error[PL_EXTERNAL_ERROR_BYTES] = "";
    struct pl_span body = {data, len};
    if (pl_record_external_read(body, &x) == 0) check(&x);
    if (pl_external_reader_init(&r, body, INT64_C(1746108193250), error) != 0) return 0;
    for (int got = 1; got != 0;) {
        error[0] = '\0';
        got = pl_external_next(&r, &x, error);
        PL_ASSERT(got >= 0 || error[0] != '\0');
        if (got > 0) check(&x);
    }
    return 0;
}
