/* The delta coding of samples: round trips, hand-made bytes, and random streams against a plain
 * copy of what was sent. */
#include "tests/check.h"

#include "common/base/err.h"
#include "common/base/rng.h"
#include "common/wire/sample.h"

static uint8_t identity[PL_METRIC_MAX]; // our table seen by ourselves; filled by main

static struct pl_sample flat_sample(uint64_t seq, int32_t value)
{
    struct pl_sample sample = {.seq = seq, .unix_ms = (int64_t)seq * 1000};
    for (int m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = value;
    return sample;
}

static size_t encode(struct pl_sample_codec *codec, const struct pl_sample *sample, uint8_t *buf,
                     bool *key)
{
    struct pl_writer w = pl_writer_init(buf, PL_SAMPLE_BYTES_MAX);
    *key = pl_sample_encode(codec, sample, &w);
    CHECK_INT(w.err, 0);
    return w.len;
}

static void test_an_unchanged_sample_is_nine_bytes(void)
{
    struct pl_sample_codec codec;
    uint8_t buf[PL_SAMPLE_BYTES_MAX];
    bool key;
    pl_sample_codec_init(&codec, PL_METRIC_COUNT);
    struct pl_sample sample = flat_sample(1, 7);
    (void)encode(&codec, &sample, buf, &key); // only primes the codec
    CHECK(key);
    sample = flat_sample(2, 7);
    CHECK_INT(encode(&codec, &sample, buf, &key), 1 + 2 + (PL_METRIC_COUNT + 7) / 8);
    CHECK(!key);
}

static void test_the_largest_sample_fits_its_limit(void)
{
    struct pl_sample_codec codec;
    uint8_t buf[PL_SAMPLE_BYTES_MAX];
    bool key;
    pl_sample_codec_init(&codec, PL_METRIC_COUNT);
    struct pl_sample sample = flat_sample(1, INT32_MIN + 1);
    sample.values[0] = PL_ABSENT;
    (void)encode(&codec, &sample, buf, &key);
    sample = flat_sample(2, INT32_MAX);
    sample.unix_ms = PL_UNIX_MS_MAX;
    size_t worst = 1 + 7 + 2 * ((PL_METRIC_COUNT + 7) / 8) + 5 * PL_METRIC_COUNT;
    size_t len = encode(&codec, &sample, buf, &key);
    CHECK(len <= worst && len + 4 >= worst); // metric 0 was absent: its step is from zero
    sample = flat_sample(UINT64_MAX, INT32_MIN + 1);
    sample.unix_ms = PL_UNIX_MS_MAX;
    CHECK(encode(&codec, &sample, buf, &key) <= 21 + 2 * 16 + 5 * PL_METRIC_COUNT);
    CHECK(key);
}

/* Each case: up to two bodies against a table of three metrics; the last one's result counts. */
static void test_hand_made_bodies(void)
{
    static const struct {
        uint8_t key_body[16], delta_body[16];
        uint8_t key_len, delta_len; // 0: not sent
        int want;
        int32_t values[3]; // when want is 0
    } cases[] = {
        /* flags, seq, time, changed, values */
        {{0, 5, 9, 7, 2, 3, 4}, {0}, 7, 0, 0, {1, -2, 2}},
        {{0, 5, 9, 5, 2, 4}, {0}, 6, 0, 0, {1, 0, 2}},
        {{1, 5, 9, 3, 1, 2}, {0}, 6, 0, 0, {1, 0, PL_ABSENT}},
        {{0, 5, 9, 7, 2, 3, 4}, {0, 2, 0}, 7, 3, 0, {1, -2, 2}},
        {{0, 5, 9, 7, 2, 3, 4}, {0, 2, 4, 1}, 7, 4, 0, {1, -2, 1}},
        {{0, 5, 9, 7, 2, 3, 4}, {1, 2, 6, 2, 4}, 7, 5, 0, {PL_ABSENT, 0, 2}},
        {{0}, {0, 2, 0}, 0, 3, PL_E_STATE, {0}},
        {{0, 0, 9, 0}, {0}, 4, 0, PL_E_RANGE, {0}},        // seq 0
        {{2, 5, 9, 0}, {0}, 4, 0, PL_E_SYNTAX, {0}},       // unassigned flag
        {{0, 5, 9, 8, 2}, {0}, 5, 0, PL_E_SYNTAX, {0}},    // fourth metric
        {{1, 5, 9, 8, 0}, {0}, 5, 0, PL_E_SYNTAX, {0}},    // fourth metric present
        {{1, 5, 9, 1, 2, 2}, {0}, 6, 0, PL_E_SYNTAX, {0}}, // changed but absent
        {{0, 5, 9, 0, 0}, {0}, 5, 0, PL_E_SYNTAX, {0}},    // left-over byte
        {{0, 5, 9, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f}, {0}, 9, 0, 0, {INT32_MAX, 0, 0}},
        {{0, 5, 9, 1, 0x80, 0x80, 0x80, 0x80, 0x10}, {0}, 9, 0, PL_E_RANGE, {0}}, // 2^31
        {{0, 5, 9, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}, {0}, 9, 0, PL_E_RANGE, {0}}, // -2^31: absent
        {{0, 5, 9, 0}, {0, 19, 0}, 4, 3, PL_E_RANGE, {0}},                        // before 1970
        {{0, 5, 9, 1, 2}, // a difference of -2^63
         {0, 2, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
         5,
         13,
         PL_E_RANGE,
         {0}},
        {{0, 5, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0},
         {0},
         10,
         0,
         PL_E_RANGE,
         {0}}, // year 19,800
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_sample_codec codec;
        struct pl_sample out = {.seq = 99};
        int err = 0;
        pl_sample_codec_init(&codec, 3);
        if (cases[i].key_len > 0)
            err = pl_sample_decode(&codec, true,
                                   (struct pl_span){cases[i].key_body, cases[i].key_len}, identity,
                                   &out);
        if (cases[i].delta_len > 0) {
            CHECK_INT(err, 0);
            if (cases[i].want != 0) out = (struct pl_sample){.seq = 99};
            err = pl_sample_decode(&codec, false,
                                   (struct pl_span){cases[i].delta_body, cases[i].delta_len},
                                   identity, &out);
        }
        CHECK_INT(err, cases[i].want);
        if (err != 0) {
            CHECK_INT(out.seq, 99); // untouched
            continue;
        }
        CHECK_INT(out.seq, cases[i].delta_len > 0 ? 6 : 5);
        for (int m = 0; m < PL_METRIC_COUNT; m++)
            CHECK_INT(out.values[m], m < 3 ? cases[i].values[m] : PL_ABSENT);
    }
}

static void test_seq_must_rise(void)
{
    static const uint8_t body[] = {0, 5, 9, 0};
    struct pl_sample_codec codec;
    struct pl_sample out;
    pl_sample_codec_init(&codec, 3);
    CHECK_INT(pl_sample_decode(&codec, true, (struct pl_span){body, 4}, identity, &out), 0);
    CHECK_INT(pl_sample_decode(&codec, true, (struct pl_span){body, 4}, identity, &out),
              PL_E_RANGE);
    codec.seq = UINT64_MAX; // the one after it does not exist
    static const uint8_t delta[] = {0, 2, 0};
    CHECK_INT(pl_sample_decode(&codec, false, (struct pl_span){delta, 3}, identity, &out),
              PL_E_RANGE);
}

static void test_every_truncation_is_refused(void)
{
    struct pl_sample_codec encoder;
    uint8_t key_body[PL_SAMPLE_BYTES_MAX], delta_body[PL_SAMPLE_BYTES_MAX];
    bool key;
    pl_sample_codec_init(&encoder, PL_METRIC_COUNT);
    struct pl_sample first = flat_sample(1, 1 << 20), second = flat_sample(2, -3);
    second.values[4] = PL_ABSENT;
    size_t key_len = encode(&encoder, &first, key_body, &key);
    size_t delta_len = encode(&encoder, &second, delta_body, &key);
    for (size_t len = 0; len < key_len; len++) {
        struct pl_sample_codec decoder;
        pl_sample_codec_init(&decoder, PL_METRIC_COUNT);
        CHECK_INT(
            pl_sample_decode(&decoder, true, (struct pl_span){key_body, len}, identity, &first),
            PL_E_TRUNCATED);
    }
    for (size_t len = 0; len < delta_len; len++) {
        struct pl_sample_codec decoder;
        pl_sample_codec_init(&decoder, PL_METRIC_COUNT);
        CHECK_INT(
            pl_sample_decode(&decoder, true, (struct pl_span){key_body, key_len}, identity, &first),
            0);
        CHECK_INT(
            pl_sample_decode(&decoder, false, (struct pl_span){delta_body, len}, identity, &second),
            PL_E_TRUNCATED);
    }
}

/* Mostly small steps, sometimes the ends of the range, metrics that come and go. */
static void step_randomly(struct pl_rng *rng, struct pl_sample *sample)
{
    static const int32_t edges[] = {INT32_MIN + 1, -1, 0, 1, INT32_MAX, PL_ABSENT};
    sample->seq += pl_rng_below(rng, 20) == 0 ? 1 + pl_rng_below(rng, 1000) : 1;
    sample->unix_ms += 990 + (int64_t)pl_rng_below(rng, 20);
    if (pl_rng_below(rng, 50) == 0) sample->unix_ms -= 3600000; // the clock was set
    if (sample->unix_ms < 0) sample->unix_ms = PL_UNIX_MS_MAX - (int64_t)pl_rng_below(rng, 9);
    if (sample->unix_ms > PL_UNIX_MS_MAX) sample->unix_ms = 0;
    for (int m = 0; m < PL_METRIC_COUNT; m++) {
        uint32_t dice = pl_rng_below(rng, 100);
        if (dice < 3) {
            sample->values[m] = edges[pl_rng_below(rng, PL_LEN(edges))];
        } else if (dice < 40 && sample->values[m] > -1000000 && sample->values[m] < 1000000) {
            sample->values[m] += (int32_t)pl_rng_below(rng, 1 + dice * 10) - (int32_t)dice * 5;
        }
    }
}

static bool same(const struct pl_sample *a, const struct pl_sample *b)
{
    return a->seq == b->seq && a->unix_ms == b->unix_ms &&
           memcmp(a->values, b->values, sizeof a->values) == 0;
}

static void test_random_streams_come_back(void)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct pl_rng rng = pl_rng_init(seed);
        struct pl_sample_codec encoder, decoder;
        pl_sample_codec_init(&encoder, PL_METRIC_COUNT);
        pl_sample_codec_init(&decoder, PL_METRIC_COUNT);
        struct pl_sample sent = flat_sample(1 + pl_rng_below(&rng, 100), 0), got;
        for (int i = 0; i < 300; i++) {
            uint8_t buf[PL_SAMPLE_BYTES_MAX];
            bool key;
            step_randomly(&rng, &sent);
            size_t len = encode(&encoder, &sent, buf, &key);
            int err = pl_sample_decode(&decoder, key, (struct pl_span){buf, len}, identity, &got);
            if (err != 0 || !same(&sent, &got)) {
                printf("# seed %" PRIu64 ", sample %d, err %d\n", seed, i, err);
                REQUIRE(false);
            }
        }
    }
    CHECK(true);
}

static void test_a_table_in_another_order(void)
{
    struct pl_sample_codec encoder, decoder;
    uint8_t buf[PL_SAMPLE_BYTES_MAX], reversed[PL_METRIC_MAX];
    bool key;
    for (int i = 0; i < PL_METRIC_COUNT; i++) reversed[i] = (uint8_t)(PL_METRIC_COUNT - 1 - i);
    reversed[3] = PL_METRIC_COUNT; // a metric we do not know
    pl_sample_codec_init(&encoder, PL_METRIC_COUNT);
    pl_sample_codec_init(&decoder, PL_METRIC_COUNT);
    struct pl_sample sample = flat_sample(1, 0), got;
    for (int m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = m + 1;
    size_t len = encode(&encoder, &sample, buf, &key);
    CHECK_INT(pl_sample_decode(&decoder, key, (struct pl_span){buf, len}, reversed, &got), 0);
    for (int m = 0; m < PL_METRIC_COUNT; m++) {
        bool skipped = m == PL_METRIC_COUNT - 1 - 3;
        CHECK_INT(got.values[m], skipped ? PL_ABSENT : PL_METRIC_COUNT - m);
    }
}

static void test_a_full_writer_says_so(void)
{
    struct pl_sample_codec codec;
    uint8_t buf[20];
    pl_sample_codec_init(&codec, PL_METRIC_COUNT);
    struct pl_sample sample = flat_sample(1, 70000);
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    CHECK(pl_sample_encode(&codec, &sample, &w));
    CHECK_INT(w.err, PL_E_FULL);
}

int main(void)
{
    for (int i = 0; i < PL_METRIC_MAX; i++)
        identity[i] = (uint8_t)(i < PL_METRIC_COUNT ? i : PL_METRIC_COUNT);
    RUN(test_an_unchanged_sample_is_nine_bytes);
    RUN(test_the_largest_sample_fits_its_limit);
    RUN(test_hand_made_bodies);
    RUN(test_seq_must_rise);
    RUN(test_every_truncation_is_refused);
    RUN(test_random_streams_come_back);
    RUN(test_a_table_in_another_order);
    RUN(test_a_full_writer_says_so);
    return check_finish();
}
