/* Column chunks and trace files. */
#include "tests/check.h"

#include "common/base/err.h"
#include "common/base/rng.h"
#include "common/wire/chunk.h"
#include "common/wire/sample.h"
#include "common/wire/trace.h"

enum { COLUMNS = 20 };

struct table {
    struct pl_chunk_head head;
    int32_t values[COLUMNS][PL_CHUNK_ROWS_MAX]; // column c has id 3 * c + 1
};

static uint8_t buf[PL_CHUNK_BYTES_MAX + 1];

static struct pl_span write_table(const struct table *t)
{
    struct pl_writer w = pl_writer_init(buf, PL_CHUNK_BYTES_MAX);
    struct pl_chunk_writer cw;
    pl_chunk_begin(&cw, &w, &t->head);
    for (int c = 0; c < COLUMNS; c++) pl_chunk_column(&cw, (uint16_t)(3 * c + 1), t->values[c]);
    pl_chunk_end(&cw);
    CHECK_INT(w.err, 0);
    return (struct pl_span){buf, w.len};
}

static bool all_absent(const int32_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i] != PL_ABSENT) return false;
    }
    return true;
}

/* True if the bytes read back as exactly this table. */
static bool reads_back(struct pl_span bytes, const struct table *t)
{
    struct pl_chunk_reader cr;
    if (pl_chunk_open(&cr, bytes) != 0) return false;
    size_t rows = t->head.row_count;
    if (cr.head.kind != t->head.kind || cr.head.row_count != rows ||
        cr.head.first_seq != t->head.first_seq ||
        !pl_boot_id_eq(&cr.head.boot_id, &t->head.boot_id) ||
        memcmp(cr.head.unix_ms, t->head.unix_ms, rows * sizeof(int64_t)) != 0)
        return false;
    for (int c = 0; c < COLUMNS; c++) {
        uint16_t id;
        int32_t values[PL_CHUNK_ROWS_MAX];
        if (all_absent(t->values[c], rows)) continue;
        if (pl_chunk_next(&cr, &id, values) != 1 || id != 3 * c + 1) return false;
        if (memcmp(values, t->values[c], rows * sizeof values[0]) != 0) return false;
    }
    uint16_t id;
    int32_t values[PL_CHUNK_ROWS_MAX];
    return pl_chunk_next(&cr, &id, values) == 0;
}

static int32_t random_value(struct pl_rng *rng, int style, int32_t previous)
{
    switch (style) {
    case 0: return 4711;
    case 1: return PL_ABSENT;
    case 2: return pl_rng_below(rng, 2) == 0 ? INT32_MIN + 1 : INT32_MAX;
    case 3: return pl_rng_below(rng, 3) == 0 ? PL_ABSENT : (int32_t)pl_rng_below(rng, 1000);
    case 4: {
        int32_t value = (int32_t)(uint32_t)pl_rng_u64(rng);
        return value == PL_ABSENT ? 0 : value;
    }
    }
    return (previous == PL_ABSENT ? 0 : previous) + (int32_t)pl_rng_below(rng, 1u << style) -
           (1 << (style - 1));
}

static struct table random_table(struct pl_rng *rng)
{
    struct table t = {
        .head = {.kind = pl_rng_below(rng, 2) == 0 ? PL_CHUNK_SAMPLES : PL_CHUNK_ROLLUP,
                 .row_count = (uint8_t)(1 + pl_rng_below(rng, PL_CHUNK_ROWS_MAX))}};
    if (t.head.kind == PL_CHUNK_SAMPLES) {
        t.head.first_seq = 1 + (pl_rng_u64(rng) >> (1 + pl_rng_below(rng, 63)));
        for (int i = 0; i < PL_BOOT_ID_BYTES; i++) t.head.boot_id.bytes[i] = (uint8_t)(i * 3);
    }
    uint32_t time_style = pl_rng_below(rng, 3);
    for (size_t row = 0; row < t.head.row_count; row++) {
        int64_t steady = 1777777777000 + (int64_t)row * 1000;
        t.head.unix_ms[row] = time_style == 0   ? steady
                              : time_style == 1 ? steady + (int64_t)pl_rng_below(rng, 7)
                              : pl_rng_below(rng, 2) == 0
                                  ? PL_UNIX_MS_MAX - (int64_t)pl_rng_below(rng, 2)
                                  : (int64_t)pl_rng_below(rng, 2);
    }
    for (int c = 0; c < COLUMNS; c++) {
        int style = (int)pl_rng_below(rng, 16);
        for (size_t row = 0; row < t.head.row_count; row++)
            t.values[c][row] = random_value(rng, style, row > 0 ? t.values[c][row - 1] : 0);
    }
    return t;
}

static void test_random_tables_come_back(void)
{
    for (uint64_t seed = 0; seed < 3000; seed++) {
        struct pl_rng rng = pl_rng_init(seed);
        struct table t = random_table(&rng);
        if (!reads_back(write_table(&t), &t)) {
            printf("# seed %" PRIu64 "\n", seed);
            REQUIRE(false);
        }
    }
    CHECK(true);
}

/* Read everything; the first refusal, or 0. */
static int read_all(struct pl_span bytes)
{
    struct pl_chunk_reader cr;
    int err = pl_chunk_open(&cr, bytes);
    for (err = err == 0 ? 1 : err; err == 1;) {
        uint16_t id;
        int32_t values[PL_CHUNK_ROWS_MAX];
        err = pl_chunk_next(&cr, &id, values);
    }
    return err;
}

static void test_every_truncation_is_refused(void)
{
    struct pl_rng rng = pl_rng_init(5);
    struct table t = random_table(&rng);
    struct pl_span bytes = write_table(&t);
    CHECK_INT(read_all(bytes), 0);
    for (size_t len = 0; len < bytes.len; len++)
        CHECK_INT(read_all((struct pl_span){buf, len}), PL_E_TRUNCATED);
    buf[bytes.len] = 0;
    CHECK_INT(read_all((struct pl_span){buf, bytes.len + 1}), PL_E_SYNTAX);
}

/* version, kind, rows, [boot id, seq,] time, step, head, [packed], columns (2), per column: id (2),
 * head, [presence], first, [packed], [exceptions] */
static void test_hand_made_chunks(void)
{
    static const struct {
        uint8_t bytes[24];
        size_t len;
        int want;
    } cases[] = {
        {{1, 2, 1, 5, 0, 0, 0, 0}, 8, 0},
        {{1, 2, 2, 5, 4, 0, 0, 1, 0, 9, 2, 6, 3}, 13, 0},
        {{2, 2, 1, 5, 0, 0, 0, 0}, 8, PL_E_VERSION},
        {{1, 3, 1, 5, 0, 0, 0, 0}, 8, PL_E_SYNTAX},
        {{1, 0, 1, 5, 0, 0, 0, 0}, 8, PL_E_SYNTAX},
        {{1, 2, 0, 5, 0, 0, 0, 0}, 8, PL_E_RANGE},
        {{1, 2, 61, 5, 0, 0, 0, 0}, 8, PL_E_RANGE},
        {{1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}, 23, PL_E_RANGE},
        {{1, 2, 2, 5, 13, 0, 0, 0}, 8, PL_E_RANGE},              // second row before 1970
        {{1, 2, 1, 5, 0, 51, 0, 0}, 8, PL_E_RANGE},              // time width
        {{1, 2, 1, 5, 0, 0, 1, 0x81}, 8, PL_E_RANGE},            // 385 columns
        {{1, 2, 1, 5, 0, 0, 0, 1, 0, 9, 34, 0}, 12, PL_E_RANGE}, // value width
        {{1, 2, 1, 5, 0, 0, 0, 1, 0, 9, 0x80, 1, 0}, 13, 0},
        {{1, 2, 1, 5, 0, 0, 0, 1, 0, 9, 0x80, 0, 0}, 13, PL_E_SYNTAX}, // nothing present
        {{1, 2, 1, 5, 0, 0, 0, 1, 0, 9, 0x80, 2, 0}, 13, PL_E_SYNTAX}, // beyond the last row
        {{1, 2, 1, 5, 0, 0, 0, 1, 0, 9, 0, 0x80, 0x80, 0x80, 0x80, 0x10}, 16, PL_E_RANGE},
        {{1, 2, 1, 5, 0, 0, 0, 1, 0, 9, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, 16, PL_E_RANGE},
        {{1, 2, 1, 5, 0, 0x80, 0, 0}, 8, PL_E_SYNTAX}, // times are never absent
        /* three rows, first 3, fields of 2 bits: 1 and 2; exceptions: number, index, high bits */
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 1, 1, 1}, 16, 0},
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 2, 0, 1, 1, 1}, 18, 0},
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 0}, 14, 0},
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9}, 13, PL_E_TRUNCATED},
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 1, 1}, 15, PL_E_TRUNCATED},
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 1, 2, 1}, 16, PL_E_SYNTAX}, // no third field
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 2, 1, 1, 0, 1}, 18, PL_E_SYNTAX}, // falls
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 2, 1, 1, 1, 1}, 18, PL_E_SYNTAX}, // twice
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 1, 1, 0}, 16, PL_E_RANGE}, // no high bits
        {{1, 2, 3, 5, 4, 0, 0, 1, 0, 9, 0x42, 6, 9, 1, 1, 0x80, 0x80, 0x80, 0x80, 8},
         20,
         PL_E_RANGE}, // 34 bits in all
    };
    for (size_t i = 0; i < PL_LEN(cases); i++)
        CHECK_INT(read_all((struct pl_span){cases[i].bytes, cases[i].len}), cases[i].want);
}

static void test_the_worst_chunk_fits_its_limit(void)
{
    struct pl_chunk_head head = {.kind = PL_CHUNK_ROLLUP, .row_count = PL_CHUNK_ROWS_MAX};
    int32_t values[PL_CHUNK_ROWS_MAX];
    for (int row = 0; row < PL_CHUNK_ROWS_MAX; row++) {
        head.unix_ms[row] = row % 2 == 0 ? 0 : PL_UNIX_MS_MAX;
        values[row] = row % 2 == 0 ? INT32_MIN + 1 : INT32_MAX;
    }
    struct pl_writer w = pl_writer_init(buf, PL_CHUNK_BYTES_MAX);
    struct pl_chunk_writer cw;
    pl_chunk_begin(&cw, &w, &head);
    for (uint16_t id = 0; id < PL_CHUNK_COLUMNS_MAX; id++) pl_chunk_column(&cw, id, values);
    pl_chunk_end(&cw);
    CHECK_INT(w.err, 0);
    CHECK_INT(read_all((struct pl_span){buf, w.len}), 0);
}

static void test_a_steady_column_costs_nothing_per_row(void)
{
    struct table t = {.head = {.kind = PL_CHUNK_ROLLUP, .row_count = PL_CHUNK_ROWS_MAX}};
    for (int row = 0; row < PL_CHUNK_ROWS_MAX; row++) {
        t.head.unix_ms[row] = 1777777777000 + row * 10000;
        for (int c = 0; c < COLUMNS; c++) t.values[c][row] = c;
    }
    CHECK_INT(write_table(&t).len, 3 + 6 + 3 + 1 + 2 + COLUMNS * 4);
}

static void test_a_spike_does_not_widen_its_column(void)
{
    struct table t = {.head = {.kind = PL_CHUNK_ROLLUP, .row_count = PL_CHUNK_ROWS_MAX}};
    for (int row = 0; row < PL_CHUNK_ROWS_MAX; row++) {
        t.head.unix_ms[row] = 1777777777000 + row * 10000;
        for (int c = 0; c < COLUMNS; c++) t.values[c][row] = row % 2;
    }
    size_t flat = write_table(&t).len;
    t.values[3][30] = 1000000000;
    struct pl_span bytes = write_table(&t);
    CHECK_INT(bytes.len - flat, 1 + 2 * 6); // their number; up and down again: index and varint
    CHECK(reads_back(bytes, &t));
}

static void test_the_example_of_the_protocol(void)
{
    static const uint8_t want[] = {0x01, 0x01, 0x04, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
                                   0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x01,
                                   0xe8, 0xb2, 0xc0, 0xde, 0xde, 0x33, 0xd0, 0x0f, 0x02, 0x18,
                                   0x00, 0x02, 0x00, 0x01, 0x08, 0xe4, 0x41, 0xc8, 0x00, 0x27,
                                   0x00, 0x0b, 0x80, 0x0b, 0x90, 0x4e};
    static const int32_t cpu[] = {4210, 4310, 4310, 4290};
    static const int32_t memory[] = {5000, 5000, PL_ABSENT, 5000};
    struct pl_chunk_head head = {.kind = PL_CHUNK_SAMPLES, .first_seq = 1, .row_count = 4};
    for (int i = 0; i < PL_BOOT_ID_BYTES; i++) head.boot_id.bytes[i] = (uint8_t)i;
    for (int i = 0; i < 4; i++) head.unix_ms[i] = 1777777777000 + i * 1000 + (i == 2);
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    struct pl_chunk_writer cw;
    pl_chunk_begin(&cw, &w, &head);
    pl_chunk_column(&cw, pl_metric_info(PL_CPU_BUSY)->id, cpu);
    pl_chunk_column(&cw, pl_metric_info(PL_MEMORY_USED)->id, memory);
    pl_chunk_end(&cw);
    CHECK_INT(w.len, sizeof want);
    CHECK(w.len == sizeof want && memcmp(buf, want, sizeof want) == 0);
}

static struct pl_span example_frame(uint8_t type, uint8_t *frame)
{
    struct pl_writer w = pl_writer_init(frame, PL_FRAME_BYTES_MAX);
    size_t at = pl_frame_begin(&w, PL_FRAME_ACK);
    pl_put_u64(&w, type);
    pl_frame_end(&w, at);
    frame[PL_FRAME_TYPE_AT] = type;
    return (struct pl_span){frame, w.len};
}

static void test_a_trace_comes_back(void)
{
    uint8_t frame[PL_FRAME_BYTES_MAX];
    struct pl_trace_record records[] = {
        {1777777777000, 1, example_frame(PL_FRAME_KEY, frame)},
        {1777777777000, 300, {frame, 0}},
        {1777777776000, 1, example_frame(PL_FRAME_KEY, frame)}, // the clock stepped back
        {1777777778500, 1, {frame, 0}},
    };
    static const int64_t want_ms[] = {1777777777000, 1777777777000, 1777777777000, 1777777778500};
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    int64_t last = 0;
    pl_trace_begin(&w);
    for (size_t i = 0; i < PL_LEN(records); i++) pl_trace_write(&records[i], &last, &w);
    CHECK_INT(w.err, 0);

    for (size_t len = 0; len <= w.len; len++) { // every truncation is a shorter trace
        struct pl_span in = {buf, len};
        ssize_t used = pl_trace_parse_begin(in);
        CHECK_INT(used, len < strlen(PL_TRACE_MAGIC) ? 0 : strlen(PL_TRACE_MAGIC));
        size_t count = 0;
        for (last = 0; used > 0; count++) {
            in = (struct pl_span){in.ptr + used, in.len - (size_t)used};
            struct pl_trace_record got;
            used = pl_trace_parse(in, &last, &got);
            CHECK(used >= 0);
            if (used <= 0) break;
            REQUIRE(count < PL_LEN(records));
            CHECK_INT(got.unix_ms, want_ms[count]);
            CHECK_INT(got.stream, records[count].stream);
            CHECK(pl_span_eq(got.frame, records[count].frame));
        }
        if (len == w.len) CHECK_INT(count, PL_LEN(records));
    }
}

static void test_broken_traces_are_refused(void)
{
    static const struct {
        uint8_t bytes[24];
        size_t len;
        ssize_t want;
    } cases[] = {
        {{0}, 0, 0},
        {{5, 1, 0}, 3, 3},
        {{5, 0, 0}, 3, PL_E_RANGE},
        {{5, 1, 0x89, 0x20}, 4, PL_E_TOO_BIG},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1, 0}, 12, PL_E_RANGE},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 1, 0}, 12, PL_E_RANGE},
        {{5, 1, 8, 'P', 'l', 1, 9, 0, 0, 0, 0}, 11, 11},
        {{5, 1, 8, 'P', 'l', 1, 9, 0, 0, 0, 1}, 11, PL_E_SYNTAX}, // the frame wants one more
        {{5, 1, 9, 'P', 'l', 1, 9, 0, 0, 0, 0, 0}, 12, PL_E_SYNTAX},
        {{5, 1, 8, 'P', 'L', 1, 9, 0, 0, 0, 0}, 11, PL_E_SYNTAX},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        int64_t last = 0;
        struct pl_trace_record record;
        CHECK_INT(pl_trace_parse((struct pl_span){cases[i].bytes, cases[i].len}, &last, &record),
                  cases[i].want);
        CHECK_INT(last, cases[i].want > 0 ? 5 : 0);
    }
    CHECK_INT(pl_trace_parse_begin(pl_span_of("plimsoll trace 2\n")), PL_E_MAGIC);
}

int main(void)
{
    RUN(test_random_tables_come_back);
    RUN(test_every_truncation_is_refused);
    RUN(test_hand_made_chunks);
    RUN(test_the_worst_chunk_fits_its_limit);
    RUN(test_a_steady_column_costs_nothing_per_row);
    RUN(test_a_spike_does_not_widen_its_column);
    RUN(test_the_example_of_the_protocol);
    RUN(test_a_trace_comes_back);
    RUN(test_broken_traces_are_refused);
    return check_finish();
}
