/* A stream of sample bodies: table size, then per body a byte (low bit: KEY), a length, the body.
 * What was decoded with our own table comes back after being encoded again. */
#include "tests/fuzz/fuzz.h"

#include "common/wire/sample.h"

/* `encoder` and `decoder` follow the stream with samples of our own table. */
static void there_and_back(struct pl_sample_codec *encoder, struct pl_sample_codec *decoder,
                           const uint8_t *map, const struct pl_sample *sample)
{
    uint8_t buf[PL_SAMPLE_BYTES_MAX];
    struct pl_sample again;
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    bool key = pl_sample_encode(encoder, sample, &w);
    PL_ASSERT(w.err == 0);
    PL_ASSERT(pl_sample_decode(decoder, key, (struct pl_span){buf, w.len}, map, &again) == 0);
    PL_ASSERT(again.seq == sample->seq && again.unix_ms == sample->unix_ms);
    PL_ASSERT(memcmp(again.values, sample->values, sizeof again.values) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t map[PL_METRIC_MAX];
    for (int i = 0; i < PL_METRIC_MAX; i++) map[i] = (uint8_t)PL_MIN(i, (int)PL_METRIC_COUNT);
    struct pl_reader r = pl_reader_init((struct pl_span){data, len});
    struct pl_sample_codec codec, encoder, decoder;
    pl_sample_codec_init(&codec, (uint8_t)(pl_get_u8(&r) % PL_METRIC_MAX + 1));
    pl_sample_codec_init(&encoder, PL_METRIC_COUNT);
    pl_sample_codec_init(&decoder, PL_METRIC_COUNT);
    while (r.err == 0 && r.ptr < r.end) {
        bool key = (pl_get_u8(&r) & 1) != 0;
        struct pl_span body = pl_get_str8(&r);
        struct pl_sample sample = {0};
        if (pl_sample_decode(&codec, key, body, map, &sample) != 0) return 0;
        PL_ASSERT(sample.seq >= 1 && sample.unix_ms >= 0 && sample.unix_ms <= PL_UNIX_MS_MAX);
        there_and_back(&encoder, &decoder, map, &sample);
    }
    return 0;
}
