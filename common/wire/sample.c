#include "common/wire/sample.h"

#include "common/base/assert.h"
#include "common/base/err.h"

enum { WORDS = PL_METRIC_MAX / 32, HAS_PRESENCE = 1, LINE_VALUES = 64 / sizeof(int32_t) };

static const uint8_t own_map[PL_METRIC_COUNT] = {
#define X(id, symbol, name, unit, kind, scale, judged, meaning) [PL_##symbol] = PL_##symbol,
#include "common/wire/metric.def"
#undef X
};

/* One bit per position of the table: bit i % 32 of word i / 32, byte i / 8 on the wire. */
struct bits {
    uint32_t word[WORDS];
};

static struct bits bits_all(uint8_t count)
{
    struct bits all = {{0}};
    for (unsigned w = 0; w < count / 32u; w++) all.word[w] = UINT32_MAX;
    if (count % 32 != 0) all.word[count / 32] = (1u << count % 32) - 1;
    return all;
}

static void put_bits(struct pl_writer *w, const struct bits *bits, uint8_t count)
{
    for (unsigned i = 0; i < (count + 7u) / 8; i++)
        pl_put_u8(w, (uint8_t)(bits->word[i / 4] >> i % 4 * 8));
}

static struct bits get_bits(struct pl_reader *r, uint8_t count)
{
    struct bits bits = {{0}};
    struct pl_span bytes = pl_get_bytes(r, (count + 7u) / 8);
    size_t i = 0;
    for (; i + 4 <= bytes.len; i += 4) bits.word[i / 4] = pl_peek_le32(bytes.ptr + i);
    for (; i < bytes.len; i++) bits.word[i / 4] |= (uint32_t)bytes.ptr[i] << i % 4 * 8;
    return bits;
}

/* True if `part` has a bit that `whole` has not. */
static bool bits_beyond(const struct bits *part, const struct bits *whole)
{
    uint32_t beyond = 0;
    for (unsigned i = 0; i < WORDS; i++) beyond |= part->word[i] & ~whole->word[i];
    return beyond != 0;
}

/* A KEY counts from: every metric present, every value zero. */
static void forget(struct pl_sample_codec *codec)
{
    struct bits all = bits_all(codec->metric_count);
    memcpy(codec->present, all.word, sizeof codec->present);
    memset(codec->previous, 0, sizeof codec->previous);
}

void pl_sample_codec_init(struct pl_sample_codec *codec, uint8_t metric_count)
{
    PL_ASSERT(metric_count >= 1 && metric_count <= PL_METRIC_MAX);
    *codec = (struct pl_sample_codec){.metric_count = metric_count};
}

bool pl_sample_encode(struct pl_sample_codec *codec, const struct pl_sample *sample,
                      struct pl_writer *out)
{
    PL_ASSERT(codec->metric_count == PL_METRIC_COUNT);
    PL_ASSERT(sample->seq > codec->seq);
    PL_ASSERT(sample->unix_ms >= 0 && sample->unix_ms <= PL_UNIX_MS_MAX);
    bool key =
        !codec->primed || sample->seq != codec->seq + 1 || sample->seq % PL_SAMPLE_KEY_EVERY == 0;
    if (key) forget(codec);

    struct bits present = {{0}}, changed = {{0}};
    for (unsigned i = 0; i < PL_METRIC_COUNT; i++) {
        if (sample->values[i] == PL_ABSENT) continue;
        present.word[i / 32] |= 1u << i % 32;
        changed.word[i / 32] |= (uint32_t)(sample->values[i] != codec->previous[i]) << i % 32;
    }
    bool has_presence = memcmp(present.word, codec->present, sizeof codec->present) != 0;

    pl_put_u8(out, has_presence ? HAS_PRESENCE : 0);
    if (key) {
        pl_put_varint(out, sample->seq);
        pl_put_varint(out, (uint64_t)sample->unix_ms);
    } else {
        pl_put_zigzag(out, sample->unix_ms - codec->unix_ms);
    }
    if (has_presence) put_bits(out, &present, PL_METRIC_COUNT);
    put_bits(out, &changed, PL_METRIC_COUNT);
    for (unsigned w = 0; w < WORDS; w++) {
        for (uint32_t left = changed.word[w]; left != 0; left &= left - 1) {
            unsigned i = w * 32 + (unsigned)__builtin_ctz(left);
            pl_put_zigzag(out, (int64_t)sample->values[i] - codec->previous[i]);
            codec->previous[i] = sample->values[i];
        }
    }
    codec->primed = true;
    codec->seq = sample->seq;
    codec->unix_ms = sample->unix_ms;
    memcpy(codec->present, present.word, sizeof codec->present);
    return key;
}

/* Sums are uint64: a hostile difference may overflow, and then lands outside the range. */
static int get_head(struct pl_sample_codec *codec, bool key, struct pl_reader *r)
{
    uint64_t seq = key ? pl_get_varint(r) : codec->seq + 1;
    uint64_t unix_ms =
        key ? pl_get_varint(r) : (uint64_t)codec->unix_ms + (uint64_t)pl_get_zigzag(r);
    if (r->err != 0) return r->err;
    if (seq <= codec->seq || unix_ms > (uint64_t)PL_UNIX_MS_MAX) return PL_E_RANGE;
    codec->seq = seq;
    codec->unix_ms = (int64_t)unix_ms;
    return 0;
}

/* What most of the work of a sample goes into. The reader is asked for a value that is long or near
 * the end of the body; the others are read past it. */
static int get_values(struct pl_sample_codec *codec, const struct bits *changed,
                      struct pl_reader *r)
{
    const uint8_t *at = r->ptr;
    for (unsigned w = 0; w < WORDS; w++) {
        for (uint32_t left = changed->word[w]; left != 0; left &= left - 1) {
            unsigned i = w * 32 + (unsigned)__builtin_ctz(left);
            uint64_t change;
            size_t len = r->end - at >= PL_VARINT_SHORT_BYTES ? pl_peek_varint(at, &change) : 0;
            at += len;
            if (len == 0) {
                r->ptr = at;
                change = pl_get_varint(r);
                at = r->ptr;
            }
            int64_t value = (int64_t)((uint64_t)codec->previous[i] + (uint64_t)pl_unzigzag(change));
            if (value <= INT32_MIN || value > INT32_MAX) return PL_E_RANGE;
            codec->previous[i] = (int32_t)value;
        }
    }
    r->ptr = at;
    return pl_reader_finish(r);
}

/* Peers of our own version have our own table: all is copied, then what is absent is taken out. */
static void copy_values(const struct pl_sample_codec *codec, const struct bits *present,
                        int32_t values[PL_METRIC_COUNT])
{
    struct bits all = bits_all(PL_METRIC_COUNT);
    memcpy(values, codec->previous, PL_METRIC_COUNT * sizeof values[0]);
    for (unsigned w = 0; w < WORDS; w++) {
        for (uint32_t left = all.word[w] & ~present->word[w]; left != 0; left &= left - 1)
            values[w * 32 + (unsigned)__builtin_ctz(left)] = PL_ABSENT;
    }
}

static void map_values(const struct pl_sample_codec *codec, const struct bits *present,
                       const uint8_t *map, int32_t values[PL_METRIC_COUNT])
{
    for (unsigned m = 0; m < PL_METRIC_COUNT; m++) values[m] = PL_ABSENT;
    for (unsigned i = 0; i < codec->metric_count; i++) {
        bool is_present = (present->word[i / 32] >> i % 32 & 1) != 0;
        if (map[i] < PL_METRIC_COUNT && is_present) values[map[i]] = codec->previous[i];
    }
}

int pl_sample_decode(struct pl_sample_codec *codec, bool key, struct pl_span body,
                     const uint8_t *map, struct pl_sample *out)
{
    if (!key && !codec->primed) return PL_E_STATE;
    /* With thousands of streams theirs is in no cache: fetched while the head is read. */
    for (unsigned i = 0; i < codec->metric_count; i += LINE_VALUES)
        __builtin_prefetch(&codec->previous[i], 1);
    struct pl_reader r = pl_reader_init(body);
    uint8_t flags = pl_get_u8(&r);
    if ((flags & ~HAS_PRESENCE) != 0) return PL_E_SYNTAX;
    int err = get_head(codec, key, &r);
    if (err != 0) return err;

    if (key) forget(codec);
    struct bits present, changed, all = bits_all(codec->metric_count);
    memcpy(present.word, codec->present, sizeof present.word);
    if ((flags & HAS_PRESENCE) != 0) present = get_bits(&r, codec->metric_count);
    changed = get_bits(&r, codec->metric_count);
    if (bits_beyond(&present, &all) || bits_beyond(&changed, &present)) return PL_E_SYNTAX;
    err = get_values(codec, &changed, &r);
    if (err != 0) return err;
    codec->primed = true;
    memcpy(codec->present, present.word, sizeof codec->present);

    out->seq = codec->seq;
    out->unix_ms = codec->unix_ms;
    if (codec->metric_count == PL_METRIC_COUNT && memcmp(map, own_map, sizeof own_map) == 0)
        copy_values(codec, &present, out->values);
    else
        map_values(codec, &present, map, out->values);
    return 0;
}
