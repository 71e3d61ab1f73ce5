#include "collector/codec/open_chunk.h"

#include "common/base/assert.h"
#include "common/base/err.h"

#include <assert.h>

/* One sample in `bytes`: u8 1 for a KEY, u16 length, then the body of its frame. */
enum { RECORD_HEAD_BYTES = 3, MINUTE_MS = 60 * 1000 };
static_assert(PL_OPEN_CHUNK_BYTES <= UINT16_MAX && PL_OPEN_SAMPLE_BYTES_MAX < PL_OPEN_CHUNK_BYTES,
              "an empty chunk takes every sample");
static_assert(sizeof(struct pl_open_chunk) <= 4096 - 256, "a host costs 4 KiB, its names included");

void pl_open_chunk_reset(struct pl_open_chunk *c)
{
    c->row_count = 0;
    c->len = 0;
}

static bool fits(const struct pl_open_chunk *c, const struct pl_boot_id *boot_id,
                 const struct pl_sample *sample)
{
    return c->row_count < PL_CHUNK_ROWS_MAX && sample->seq == c->last_seq + 1 &&
           sample->unix_ms / MINUTE_MS == c->first_unix_ms / MINUTE_MS &&
           PL_OPEN_CHUNK_BYTES - c->len >= PL_OPEN_SAMPLE_BYTES_MAX &&
           pl_boot_id_eq(&c->boot_id, boot_id);
}

int pl_open_chunk_add(struct pl_open_chunk *c, const struct pl_boot_id *boot_id,
                      const struct pl_sample *sample)
{
    if (c->row_count == 0) {
        c->boot_id = *boot_id;
        c->first_seq = sample->seq;
        c->first_unix_ms = sample->unix_ms;
        pl_sample_codec_init(&c->codec, PL_METRIC_COUNT);
    } else if (!fits(c, boot_id, sample)) {
        return PL_E_FULL;
    }
    uint8_t *head = c->bytes + c->len;
    struct pl_writer body =
        pl_writer_init(head + RECORD_HEAD_BYTES, sizeof c->bytes - c->len - RECORD_HEAD_BYTES);
    bool key = pl_sample_encode(&c->codec, sample, &body);
    PL_ASSERT(body.err == 0 && body.len <= PL_OPEN_SAMPLE_BYTES_MAX - RECORD_HEAD_BYTES);
    head[0] = key;
    head[1] = (uint8_t)(body.len >> 8);
    head[2] = (uint8_t)body.len;
    c->len = (uint16_t)(c->len + RECORD_HEAD_BYTES + body.len);
    c->last_seq = sample->seq;
    c->row_count++;
    return 0;
}

bool pl_open_chunk_next(struct pl_open_chunk_reader *r, struct pl_sample *out)
{
    const struct pl_open_chunk *c = r->chunk;
    if (r->at == c->len) return false;
    if (r->at == 0) pl_sample_codec_init(&r->codec, PL_METRIC_COUNT);
    uint8_t map[PL_METRIC_COUNT];
    for (uint8_t i = 0; i < PL_METRIC_COUNT; i++) map[i] = i;
    const uint8_t *head = c->bytes + r->at;
    struct pl_span body = {head + RECORD_HEAD_BYTES, (size_t)(head[1] << 8 | head[2])};
    int err = pl_sample_decode(&r->codec, head[0] == 1, body, map, out);
    PL_ASSERT(err == 0); // our own bytes
    r->at = (uint16_t)(r->at + RECORD_HEAD_BYTES + body.len);
    return true;
}

void pl_open_chunk_write(const struct pl_open_chunk *c, struct pl_writer *out)
{
    PL_ASSERT(c->row_count > 0);
    struct pl_chunk_head head = {.kind = PL_CHUNK_SAMPLES,
                                 .boot_id = c->boot_id,
                                 .first_seq = c->first_seq,
                                 .row_count = c->row_count};
    int32_t columns[PL_METRIC_COUNT][PL_CHUNK_ROWS_MAX];
    struct pl_open_chunk_reader r = {.chunk = c};
    struct pl_sample sample;
    for (size_t row = 0; pl_open_chunk_next(&r, &sample); row++) {
        head.unix_ms[row] = sample.unix_ms;
        for (size_t m = 0; m < PL_METRIC_COUNT; m++) columns[m][row] = sample.values[m];
    }
    struct pl_chunk_writer cw;
    pl_chunk_begin(&cw, out, &head);
    for (unsigned m = 0; m < PL_METRIC_COUNT; m++) {
        pl_chunk_column(&cw, pl_metric_info((enum pl_metric)m)->id, columns[m]);
    }
    pl_chunk_end(&cw);
}
