#include "collector/codec/traffic_record.h"

#include "common/base/assert.h"
#include "common/base/err.h"

#include <assert.h>
#include <math.h>

enum { VERSION = 1 };
static const int64_t keep_ms = PL_TRAFFIC_RECORD_KEEP_DAYS * 86400000LL;

static_assert(PL_RUNG_COUNT == 12 && PL_TRAFFIC_SCALES == 7 && PL_BASELINE_SLOTS == 288,
              "another layout is another version");

/* One walk over the layout, for both directions: exactly one of the two is set. */
struct walk {
    struct pl_reader *in;
    struct pl_writer *out;
    bool is_sane; // every number read so far is one that traffic can have
};

static void pass_u8(struct walk *w, uint8_t *value)
{
    if (w->out)
        pl_put_u8(w->out, *value);
    else
        *value = pl_get_u8(w->in);
}

static void pass_u32(struct walk *w, uint32_t *value)
{
    if (w->out)
        pl_put_u32(w->out, *value);
    else
        *value = pl_get_u32(w->in);
}

static void pass_i64(struct walk *w, int64_t *value)
{
    if (w->out)
        pl_put_u64(w->out, (uint64_t)*value);
    else
        *value = (int64_t)pl_get_u64(w->in);
}

/* Nothing that is remembered is negative. */
static void pass_f32(struct walk *w, float *value)
{
    uint32_t bits;
    memcpy(&bits, value, sizeof bits);
    pass_u32(w, &bits);
    memcpy(value, &bits, sizeof bits);
    w->is_sane &= isfinite(*value) && *value >= 0;
}

static void pass_f64(struct walk *w, double *value)
{
    int64_t bits;
    memcpy(&bits, value, sizeof bits);
    pass_i64(w, &bits);
    memcpy(value, &bits, sizeof bits);
    w->is_sane &= isfinite(*value) && *value >= 0;
}

static void pass_ladder(struct walk *w, struct pl_ladder *l)
{
    pass_i64(w, &l->unix_ms);
    pass_f64(w, &l->known_s);
    pass_f64(w, &l->interval_s);
    pass_f64(w, &l->newest);
    pass_f64(w, &l->variance);
    for (int r = 0; r < PL_RUNG_COUNT; r++) pass_f64(w, &l->level[r]);
}

static void pass_growth(struct walk *w, struct pl_growth *g)
{
    pass_f64(w, &g->known_s);
    pass_f64(w, &g->waited_s);
    pass_f64(w, &g->typical);
    pass_f64(w, &g->variance);
    pass_f64(w, &g->habit);
}

static void pass_baseline(struct walk *w, struct pl_baseline *b)
{
    pass_i64(w, &b->slot);
    pass_f64(w, &b->sum);
    pass_f64(w, &b->ahead_peak);
    pass_f64(w, &b->ahead_recurring);
    pass_u32(w, &b->count);
    for (int i = 0; i < PL_BASELINE_SLOTS; i++) {
        pass_f32(w, &b->usual[i]);
        pass_f32(w, &b->yesterday[i]);
        pass_u8(w, &b->days[i]);
    }
}

static void pass_traffic(struct walk *w, struct pl_traffic *t)
{
    pass_ladder(w, &t->ladder);
    for (int n = 0; n < PL_TRAFFIC_SCALES; n++) pass_growth(w, &t->scales[n]);
    pass_growth(w, &t->swell);
    pass_f64(w, &t->habit);
    pass_baseline(w, &t->baseline);
}

void pl_record_traffic_write(struct pl_writer *out, enum pl_traffic_source unit,
                             const struct pl_traffic *traffic)
{
    struct pl_traffic copy = *traffic;
    struct walk w = {.out = out, .is_sane = true};
    size_t start = out->len;
    pl_put_u8(out, VERSION);
    pl_put_u8(out, (uint8_t)unit);
    pass_traffic(&w, &copy);
    PL_ASSERT(out->err == 0 && out->len - start == PL_TRAFFIC_RECORD_BYTES && w.is_sane);
}

int pl_record_traffic_read(struct pl_span in, int64_t now_unix_ms, enum pl_traffic_source *unit,
                           struct pl_traffic *out)
{
    struct pl_reader r = pl_reader_init(in);
    struct walk w = {.in = &r, .is_sane = true};
    struct pl_traffic t;
    pl_traffic_init(&t);
    if (pl_get_u8(&r) != VERSION && r.err == 0) return PL_E_VERSION;
    uint8_t counted_in = pl_get_u8(&r);
    pass_traffic(&w, &t);
    int err = pl_reader_finish(&r);
    if (err < 0) return err;
    int64_t newest_ms = t.ladder.unix_ms;
    if (newest_ms > now_unix_ms + PL_TRAFFIC_RECORD_AHEAD_MS || newest_ms < now_unix_ms - keep_ms ||
        newest_ms < 0 || t.baseline.slot < -1 ||
        t.baseline.slot > (now_unix_ms + PL_TRAFFIC_RECORD_AHEAD_MS) / PL_BASELINE_SLOT_MS)
        return PL_E_RANGE;
    if (!w.is_sane || counted_in == PL_SOURCE_NONE || counted_in >= PL_SOURCE_COUNT)
        return PL_E_RANGE;
    t.ladder.started = true;
    *unit = counted_in;
    *out = t;
    return 0;
}
