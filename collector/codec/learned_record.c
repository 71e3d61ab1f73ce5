#include "collector/codec/learned_record.h"

#include "common/base/err.h"

#include <math.h>

enum { VERSION = 1, LOWEST_MAX = 400 }; // 2^50 per second

static const float load_max = 1e15F, use_max = 100, weight_max = 1e9F;

static void put_f32(struct pl_writer *w, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    pl_put_u32(w, bits);
}

/* 0 to `max`; anything else fails. */
static float get_f32(struct pl_reader *r, float max)
{
    uint32_t bits = pl_get_u32(r);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (r->err != 0) return 0;
    if (value >= 0 && value <= max) return value;
    r->err = PL_E_RANGE;
    return 0;
}

static void put_resource(struct pl_writer *w, enum pl_learned learned, const struct pl_learning *l)
{
    unsigned count = 0;
    for (int i = 0; i < PL_CURVE_BINS; i++) count += l->curve.bins[i].weight > 0;
    pl_put_u16(w, pl_metric_info(pl_learned_metric(learned))->id);
    pl_put_zigzag(w, l->curve.lowest);
    put_f32(w, (float)l->recent_load);
    put_f32(w, (float)l->recent_used);
    put_f32(w, (float)l->recent_weight);
    pl_put_u8(w, (uint8_t)count);
    for (int i = 0; i < PL_CURVE_BINS; i++) {
        const struct pl_curve_bin *bin = &l->curve.bins[i];
        if (bin->weight <= 0) continue;
        pl_put_u8(w, (uint8_t)i);
        put_f32(w, bin->load);
        put_f32(w, bin->used);
        put_f32(w, bin->spread);
        put_f32(w, bin->weight);
        pl_put_u32(w, bin->unix_minute);
    }
}

void pl_learned_write(const struct pl_capacity_learner *learner, struct pl_writer *out)
{
    pl_put_u8(out, VERSION);
    pl_put_u8(out, (uint8_t)learner->source);
    pl_put_u8(out, learner->cpu.choice);
    pl_put_u8(out, PL_LEARNED_COUNT);
    put_f32(out, (float)learner->neighbours);
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++) {
        put_resource(out, r, &learner->learning[r]);
    }
}

static void get_bin(struct pl_reader *r, struct pl_curve *curve)
{
    uint8_t at = pl_get_u8(r);
    struct pl_curve_bin bin = {.load = get_f32(r, load_max),
                               .used = get_f32(r, use_max),
                               .spread = get_f32(r, use_max),
                               .weight = get_f32(r, weight_max),
                               .unix_minute = pl_get_u32(r)};
    if (r->err != 0) return;
    if (at >= PL_CURVE_BINS)
        r->err = PL_E_RANGE;
    else
        curve->bins[at] = bin;
}

static enum pl_learned learned_of(uint16_t id)
{
    enum pl_learned r = 0;
    while (r < PL_LEARNED_COUNT && pl_metric_info(pl_learned_metric(r))->id != id) r++;
    return r;
}

static void get_resource(struct pl_reader *r, struct pl_capacity_learner *out)
{
    enum pl_learned learned = learned_of(pl_get_u16(r));
    int64_t lowest = pl_get_zigzag(r);
    if (lowest < -LOWEST_MAX || lowest > LOWEST_MAX) r->err = r->err != 0 ? r->err : PL_E_RANGE;
    struct pl_learning l = {.recent_load = (double)get_f32(r, load_max),
                            .recent_used = (double)get_f32(r, use_max),
                            .recent_weight = (double)get_f32(r, weight_max)};
    uint8_t count = pl_get_u8(r);
    l.curve.started = count > 0;
    l.curve.lowest = (int32_t)lowest;
    for (uint8_t i = 0; i < count && r->err == 0; i++) get_bin(r, &l.curve);
    if (learned < PL_LEARNED_COUNT) out->learning[learned] = l;
}

int pl_learned_read(struct pl_span in, struct pl_capacity_learner *out)
{
    struct pl_reader r = pl_reader_init(in);
    struct pl_capacity_learner learner;
    pl_capacity_init(&learner);
    uint8_t version = pl_get_u8(&r), source = pl_get_u8(&r), cpu = pl_get_u8(&r);
    if (r.err == 0 && version != VERSION) return PL_E_VERSION;
    uint8_t count = pl_get_u8(&r);
    learner.neighbours = (double)get_f32(&r, 1);
    if (r.err == 0 && (source >= PL_SOURCE_COUNT || cpu > PL_CPU_OF_SERVICE)) return PL_E_RANGE;
    for (uint8_t i = 0; i < count && r.err == 0; i++) get_resource(&r, &learner);
    int err = pl_reader_finish(&r);
    if (err != 0) return err;
    learner.source = source;
    learner.cpu.choice = cpu;
    *out = learner;
    return 0;
}
