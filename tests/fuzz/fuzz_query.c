/* Queries and times: values come out printable and within their buffers; a time that is taken
 * reads the same after it was written back. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/query.h"
#include "common/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_query_param params[] = {{.name = "metric"}, {.name = "from"}};
    struct pl_span culprit;
    if (pl_query_parse((struct pl_span){data, len}, params, PL_LEN(params), &culprit) < 0) return 0;
    for (size_t i = 0; i < PL_LEN(params); i++) {
        PL_ASSERT(strlen(params[i].value) <= PL_QUERY_VALUE_LEN_MAX);
        for (const char *c = params[i].value; *c; c++) PL_ASSERT(*c >= 0x20 && *c < 0x7f);
        uint64_t number;
        int64_t unix_ms, again;
        if (pl_query_u64(params[i].value, 1, 300, &number) == 0)
            PL_ASSERT(number >= 1 && number <= 300);
        if (pl_query_time(params[i].value, &unix_ms) < 0) continue;
        char buf[40];
        struct pl_text text = pl_text_init(buf, sizeof buf);
        pl_text_rfc3339(&text, unix_ms);
        PL_ASSERT(pl_query_time(buf, &again) == 0 && again == unix_ms);
    }
    return 0;
}
