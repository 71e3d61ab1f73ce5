/* What a local server answers: a body lies within the answer, and levels are levels. The first byte
 * picks the protocol and the kind, the second whether more may come. */
#include "tests/fuzz/fuzz.h"

#include "agent/core/local.h"
#include "agent/core/reply.h"
#include "common/wire/metric.h"

#include <stdlib.h>

static void check_status(enum pl_status_kind kind, struct pl_span body)
{
    struct pl_status status;
    struct pl_local_track track, *tracks[] = {&track};
    int32_t values[PL_METRIC_COUNT];
    if (pl_status_parse(kind, body, &status) < 0) return;
    PL_ASSERT(status.active == PL_RAW_ABSENT || status.active <= 2 * (uint64_t)INT32_MAX);
    PL_ASSERT(status.max == PL_RAW_ABSENT || (status.max >= 1 && status.max <= INT32_MAX));
    PL_ASSERT(status.busy == PL_RAW_ABSENT || status.busy <= INT32_MAX);
    pl_local_track_init(&track, kind, 0);
    pl_local_answered(&track, &status, 0);
    pl_local_values(tracks, 1, values);
    PL_ASSERT(values[PL_WORKERS_USED] == PL_ABSENT ||
              (values[PL_WORKERS_USED] >= 0 && values[PL_WORKERS_USED] <= 10000));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_reply reply;
    if (len < 2) return 0;
    enum pl_reply_protocol protocol = (enum pl_reply_protocol)(data[0] % 3);
    enum pl_status_kind kind = (enum pl_status_kind)(data[0] / 3 % PL_STATUS_KIND_COUNT);
    bool ended = data[1] % 2 == 1;
    len -= 2;
    uint8_t *bytes = malloc(len + 1); // of exactly that length, for the sanitizer's sake
    PL_ASSERT(bytes);
    memcpy(bytes, data + 2, len);
    if (pl_reply_parse(protocol, bytes, len, ended, &reply) == 1) {
        PL_ASSERT(reply.body.ptr >= bytes && reply.body.ptr + reply.body.len <= bytes + len);
        check_status(kind, reply.body);
    }
    free(bytes);
    return 0;
}
