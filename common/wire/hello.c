#include "common/wire/hello.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/wire/sample.h"

static const struct pl_fact_info facts[] = {
#define X(id, symbol, name, unit, meaning) {id, name, unit},
#include "common/wire/fact.def"
#undef X
};

const struct pl_fact_info *pl_fact_info(enum pl_fact fact)
{
    PL_ASSERT(fact < PL_FACT_COUNT);
    return &facts[fact];
}

static enum pl_fact fact_by_id(uint16_t id)
{
    for (enum pl_fact f = 0; f < PL_FACT_COUNT; f++) {
        if (facts[f].id == id) return f;
    }
    return PL_FACT_COUNT;
}

static int get_name(struct pl_reader *r, struct pl_name *out)
{
    struct pl_span text = pl_get_str8(r);
    if (r->err != 0) return r->err;
    return pl_name_parse(text, out) < 0 ? PL_E_SYNTAX : 0;
}

static int get_facts(struct pl_reader *r, struct pl_hello *hello)
{
    bool seen[PL_FACT_COUNT] = {false};
    for (enum pl_fact f = 0; f < PL_FACT_COUNT; f++) hello->facts[f].value = -1;
    uint8_t count = pl_get_u8(r);
    for (unsigned i = 0; i < count && r->err == 0; i++) {
        struct pl_fact_value fact;
        enum pl_fact f = fact_by_id(pl_get_u16(r));
        uint64_t value = pl_get_varint(r);
        pl_get_text(r, fact.source, PL_FACT_SOURCE_LEN_MAX);
        if (r->err != 0) return r->err;
        if (value > INT64_MAX) return PL_E_RANGE;
        if (f == PL_FACT_COUNT) continue; // of a newer agent
        if (seen[f]) return PL_E_DUPLICATE;
        seen[f] = true;
        fact.value = (int64_t)value;
        hello->facts[f] = fact;
    }
    return r->err;
}

static int get_metrics(struct pl_reader *r, struct pl_hello *hello)
{
    bool seen[PL_METRIC_COUNT] = {false};
    hello->metric_count = pl_get_u8(r);
    if (r->err != 0) return r->err;
    if (hello->metric_count < 1 || hello->metric_count > PL_METRIC_MAX) return PL_E_RANGE;
    for (unsigned i = 0; i < hello->metric_count; i++) {
        struct pl_name name;
        int err = get_name(r, &name);
        if (err != 0) return err;
        uint8_t kind = pl_get_u8(r);
        uint64_t scale = pl_get_varint(r);
        enum pl_metric m = pl_metric_by_name(pl_name_span(&name));
        hello->metrics[i] = PL_METRIC_COUNT;
        if (m == PL_METRIC_COUNT) continue;
        if (seen[m]) return PL_E_DUPLICATE;
        seen[m] = true;
        const struct pl_metric_info *ours = pl_metric_info(m);
        if (kind == (uint8_t)ours->kind && scale == (uint64_t)ours->scale)
            hello->metrics[i] = (uint8_t)m;
    }
    return r->err;
}

int pl_hello_parse(struct pl_span body, struct pl_hello *out)
{
    struct pl_hello hello = {0};
    struct pl_reader r = pl_reader_init(body);
    hello.version = pl_get_u16(&r);
    if (r.err == 0 && hello.version != PL_PROTOCOL_VERSION) return PL_E_VERSION;
    struct pl_span boot_id = pl_get_bytes(&r, PL_BOOT_ID_BYTES);
    uint64_t unix_ms = pl_get_u64(&r);
    hello.interval_ms = pl_get_u32(&r);
    hello.first_seq = pl_get_u64(&r);
    if (r.err != 0) return r.err;
    memcpy(hello.boot_id.bytes, boot_id.ptr, PL_BOOT_ID_BYTES);
    hello.unix_ms = (int64_t)unix_ms;
    if (unix_ms > (uint64_t)PL_UNIX_MS_MAX || hello.first_seq == 0 ||
        hello.interval_ms < PL_INTERVAL_MS_MIN || hello.interval_ms > PL_INTERVAL_MS_MAX)
        return PL_E_RANGE;
    int err = get_name(&r, &hello.host);
    if (err == 0) err = get_name(&r, &hello.pool);
    if (err == 0) pl_get_text(&r, hello.agent_version, PL_VERSION_LEN_MAX);
    if (err == 0) err = get_facts(&r, &hello);
    if (err == 0) err = get_metrics(&r, &hello);
    if (err == 0) err = pl_reader_finish(&r);
    if (err == 0) *out = hello;
    return err;
}

void pl_hello_write(const struct pl_hello *hello, struct pl_writer *out)
{
    pl_put_u16(out, hello->version);
    pl_put_bytes(out, (struct pl_span){hello->boot_id.bytes, PL_BOOT_ID_BYTES});
    pl_put_u64(out, (uint64_t)hello->unix_ms);
    pl_put_u32(out, hello->interval_ms);
    pl_put_u64(out, hello->first_seq);
    pl_put_str8(out, pl_name_span(&hello->host));
    pl_put_str8(out, pl_name_span(&hello->pool));
    pl_put_str8(out, pl_span_of(hello->agent_version));
    uint8_t known = 0;
    for (enum pl_fact f = 0; f < PL_FACT_COUNT; f++)
        if (hello->facts[f].value >= 0) known++;
    pl_put_u8(out, known);
    for (enum pl_fact f = 0; f < PL_FACT_COUNT; f++) {
        if (hello->facts[f].value < 0) continue;
        pl_put_u16(out, facts[f].id);
        pl_put_varint(out, (uint64_t)hello->facts[f].value);
        pl_put_str8(out, pl_span_of(hello->facts[f].source));
    }
    pl_put_u8(out, PL_METRIC_COUNT);
    for (enum pl_metric m = 0; m < PL_METRIC_COUNT; m++) {
        const struct pl_metric_info *info = pl_metric_info(m);
        pl_put_str8(out, pl_span_of(info->name));
        pl_put_u8(out, (uint8_t)info->kind);
        pl_put_varint(out, (uint64_t)info->scale);
    }
}
