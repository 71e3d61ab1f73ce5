/* A chunk that reads to its end is written again and reads the same. */
#include "tests/fuzz/fuzz.h"

#include "common/wire/chunk.h"
#include "common/wire/sample.h"

static uint8_t buf[PL_CHUNK_BYTES_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_chunk_reader first, second;
    struct pl_chunk_writer cw;
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    uint16_t id, same_id;
    int32_t values[PL_CHUNK_ROWS_MAX], same[PL_CHUNK_ROWS_MAX];
    if (pl_chunk_open(&first, (struct pl_span){data, len}) != 0) return 0;
    struct pl_chunk_reader rewound = first;
    size_t rows = first.head.row_count;
    PL_ASSERT(rows >= 1 && rows <= PL_CHUNK_ROWS_MAX);

    pl_chunk_begin(&cw, &w, &first.head);
    int more;
    while ((more = pl_chunk_next(&first, &id, values)) == 1) pl_chunk_column(&cw, id, values);
    pl_chunk_end(&cw);
    if (more != 0) return 0; // refused somewhere: nothing to compare
    PL_ASSERT(w.err == 0);

    PL_ASSERT(pl_chunk_open(&second, (struct pl_span){buf, w.len}) == 0);
    PL_ASSERT(second.head.kind == rewound.head.kind && second.head.row_count == rows &&
              second.head.first_seq == rewound.head.first_seq &&
              pl_boot_id_eq(&second.head.boot_id, &rewound.head.boot_id) &&
              memcmp(second.head.unix_ms, rewound.head.unix_ms, rows * sizeof(int64_t)) == 0);
    while (pl_chunk_next(&rewound, &id, values) == 1) {
        PL_ASSERT(pl_chunk_next(&second, &same_id, same) == 1 && same_id == id);
        PL_ASSERT(memcmp(values, same, rows * sizeof values[0]) == 0);
    }
    PL_ASSERT(pl_chunk_next(&second, &same_id, same) == 0);
    return 0;
}
