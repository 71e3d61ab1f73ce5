/* bench_wire TRACE - what the wire costs per sample: a recorded stream coded and decoded again and
 * again, beside plain 32-bit integers through the same readers and writers. */
#include "common/base/assert.h"
#include "common/wire/chunk.h"
#include "common/wire/session.h"
#include "common/wire/trace.h"

#include <stdio.h>
#include <time.h>

enum {
    SAMPLES_MAX = 600,
    TRACE_BYTES_MAX = 256 * 1024,
    ROUNDS = 5, // the best counts: the others were disturbed
    REPEATS = 200,
    SAMPLE_BYTES_GOAL = 35,
};
#define RATIO_GOAL       2.0 // to plain integers, for encode and decode
#define VALUE_BYTES_GOAL 0.70

static struct pl_sample samples[SAMPLES_MAX];
static size_t sample_count, sample_bytes; // of frames
static uint8_t coded[SAMPLES_MAX][PL_SAMPLE_BYTES_MAX];
static size_t coded_len[SAMPLES_MAX];
static bool coded_key[SAMPLES_MAX];
static uint8_t chunk[PL_CHUNK_BYTES_MAX];
static size_t chunk_len, chunk_values;
static uint8_t map[PL_METRIC_MAX];

/* The first stream of the trace, through the collector's own session. */
static void load(const char *path)
{
    static uint8_t buf[TRACE_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    PL_ASSERT(file);
    struct pl_span in = {buf, fread(buf, 1, sizeof buf, file)};
    (void)fclose(file); // only read from
    struct pl_collector_session session;
    struct pl_collector_event event;
    struct pl_trace_record record;
    struct pl_frame frame;
    int64_t last = 0;
    pl_collector_session_init(&session);
    for (ssize_t used = pl_trace_parse_begin(in); used > 0 && sample_count < SAMPLES_MAX;) {
        in = (struct pl_span){in.ptr + used, in.len - (size_t)used};
        used = pl_trace_parse(in, &last, &record);
        if (used <= 0 || record.frame.len == 0) break;
        PL_ASSERT(pl_frame_parse(record.frame, &frame) > 0);
        PL_ASSERT(pl_collector_session_step(&session, &frame, &event) == 0);
        if (event.type != PL_COLLECTOR_SAMPLE) continue;
        samples[sample_count++] = event.sample;
        sample_bytes += record.frame.len;
    }
    PL_ASSERT(sample_count >= PL_CHUNK_ROWS_MAX);
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); // cannot fail
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* CPU time of one of the `each` things that `run` does, in the best of ROUNDS rounds. */
static double cost_ns(void (*run)(void), size_t each)
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = now_ns();
        for (int i = 0; i < REPEATS; i++) run();
        double cost = (double)(now_ns() - start) / REPEATS / (double)each;
        best = PL_MIN(best, cost);
    }
    return best;
}

static void encode(void)
{
    struct pl_sample_codec codec;
    pl_sample_codec_init(&codec, PL_METRIC_COUNT);
    for (size_t i = 0; i < sample_count; i++) {
        struct pl_writer w = pl_writer_init(coded[i], sizeof coded[i]);
        coded_key[i] = pl_sample_encode(&codec, &samples[i], &w);
        coded_len[i] = w.len;
    }
}

static void decode(void)
{
    struct pl_sample_codec codec;
    struct pl_sample sample;
    pl_sample_codec_init(&codec, PL_METRIC_COUNT);
    for (size_t i = 0; i < sample_count; i++) {
        struct pl_span body = {coded[i], coded_len[i]};
        PL_ASSERT(pl_sample_decode(&codec, coded_key[i], body, map, &sample) == 0);
        PL_ASSERT(sample.seq == samples[i].seq);
    }
}

static void write_plain(void)
{
    for (size_t i = 0; i < sample_count; i++) {
        struct pl_writer w = pl_writer_init(coded[i], sizeof coded[i]);
        for (int m = 0; m < PL_METRIC_COUNT; m++) pl_put_u32(&w, (uint32_t)samples[i].values[m]);
        coded_len[i] = w.len;
    }
}

static void read_plain(void)
{
    for (size_t i = 0; i < sample_count; i++) {
        struct pl_reader r = pl_reader_init((struct pl_span){coded[i], coded_len[i]});
        struct pl_sample sample;
        for (int m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = (int32_t)pl_get_u32(&r);
        PL_ASSERT(r.err == 0 && sample.values[0] == samples[i].values[0]);
    }
}

static void write_chunk(void)
{
    struct pl_chunk_head head = {
        .kind = PL_CHUNK_SAMPLES, .first_seq = samples[0].seq, .row_count = PL_CHUNK_ROWS_MAX};
    struct pl_writer w = pl_writer_init(chunk, sizeof chunk);
    struct pl_chunk_writer cw;
    for (int row = 0; row < PL_CHUNK_ROWS_MAX; row++) head.unix_ms[row] = samples[row].unix_ms;
    pl_chunk_begin(&cw, &w, &head);
    for (enum pl_metric m = 0; m < PL_METRIC_COUNT; m++) {
        int32_t column[PL_CHUNK_ROWS_MAX];
        for (int row = 0; row < PL_CHUNK_ROWS_MAX; row++) column[row] = samples[row].values[m];
        pl_chunk_column(&cw, pl_metric_info(m)->id, column);
    }
    pl_chunk_end(&cw);
    PL_ASSERT(w.err == 0);
    chunk_len = w.len;
    chunk_values = (size_t)cw.column_count * PL_CHUNK_ROWS_MAX;
}

static void read_chunk(void)
{
    struct pl_chunk_reader cr;
    uint16_t id;
    int32_t column[PL_CHUNK_ROWS_MAX];
    PL_ASSERT(pl_chunk_open(&cr, (struct pl_span){chunk, chunk_len}) == 0);
    while (pl_chunk_next(&cr, &id, column) == 1) continue;
    PL_ASSERT(cr.left == 0);
}

/* Prints a ratio; whether it is within its goal. */
static bool report(const char *name, double cost, double floor)
{
    double ratio = cost / floor;
    printf("ratio: %s %.2f (%.0f ns/sample, plain integers %.0f ns)%s\n", name, ratio, cost, floor,
           ratio > RATIO_GOAL ? " GOAL MISSED" : "");
    return ratio <= RATIO_GOAL;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    for (int i = 0; i < PL_METRIC_MAX; i++) map[i] = (uint8_t)PL_MIN(i, (int)PL_METRIC_COUNT);
    load(argv[1]);
    double write_ns = cost_ns(write_plain, sample_count),
           read_ns = cost_ns(read_plain, sample_count);
    bool ok = report("wire_encode", cost_ns(encode, sample_count), write_ns);
    ok = report("wire_decode", cost_ns(decode, sample_count), read_ns) && ok;
    printf("cost: chunk_write %.0f ns/sample\n", cost_ns(write_chunk, PL_CHUNK_ROWS_MAX));
    printf("cost: chunk_read %.0f ns/sample\n", cost_ns(read_chunk, PL_CHUNK_ROWS_MAX));
    double bytes = (double)sample_bytes / (double)sample_count;
    double value_bytes = (double)chunk_len / (double)chunk_values;
    printf("cost: frame %.1f bytes/sample (plain %zu)\n", bytes, sizeof samples[0].values + 16);
    printf("cost: chunk %.2f bytes/value, %.1f bytes/sample\n", value_bytes,
           (double)chunk_len / PL_CHUNK_ROWS_MAX);
    ok = ok && bytes <= SAMPLE_BYTES_GOAL && value_bytes <= VALUE_BYTES_GOAL;
    return ok ? 0 : 1;
}
