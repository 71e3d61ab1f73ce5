/* Lines at the admin socket, and the records of hosts and tokens in Redis. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/admin.h"
#include "collector/codec/trust_records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_span in = {data, len};
    struct pl_admin_request request;
    struct pl_enrolled enrolled;
    struct pl_join_token token;
    char buf[PL_TRUST_RECORD_BYTES];
    if (!pl_admin_parse(in, &request))
        PL_ASSERT(request.verb != PL_ADMIN_TOKEN_NEW || request.pool_count > 0);
    if (pl_record_enrolled_read(in, &enrolled) == 0) {
        struct pl_text t = pl_text_init(buf, sizeof buf);
        pl_record_enrolled_write(&t, &enrolled);
        PL_ASSERT(pl_record_enrolled_read(pl_text_bytes(&t), &enrolled) == 0);
    }
    if (pl_record_token_read(in, &token) == 0) {
        struct pl_text t = pl_text_init(buf, sizeof buf);
        pl_record_token_write(&t, &token);
        PL_ASSERT(pl_record_token_read(pl_text_bytes(&t), &token) == 0);
    }
    return 0;
}
