#include "collector/codec/external_record.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/err.h"

static const char *const tier_words[PL_TIER_COUNT] = {"none", "warn", "page"};

void pl_external_field_write(char out[PL_EXTERNAL_FIELD_BYTES], uint64_t fingerprint)
{
    struct pl_text t = pl_text_init(out, PL_EXTERNAL_FIELD_BYTES);
    pl_text_hex(&t, fingerprint, 16);
}

void pl_record_external_write(struct pl_text *t, const struct pl_external *x)
{
    char fingerprint[PL_EXTERNAL_FIELD_BYTES];
    pl_external_field_write(fingerprint, x->fingerprint);
    pl_json_put_text(t, "{\"fingerprint\":", fingerprint);
    pl_json_put_name(t, ",\"group\":", &x->group);
    if (x->pool.len > 0) pl_json_put_name(t, ",\"pool\":", &x->pool);
    if (x->host.len > 0) pl_json_put_name(t, ",\"host\":", &x->host);
    pl_json_put_text(t, ",\"tier\":", tier_words[x->tier]);
    pl_json_put_i64(t, ",\"begins\":", x->begins_unix_ms);
    pl_json_put_i64(t, ",\"ends\":", x->ends_unix_ms);
    pl_json_put_text(t, ",\"title\":", x->title);
    pl_json_put_text(t, ",\"summary\":", x->summary);
    pl_json_put_text(t, ",\"labels\":", x->labels);
    pl_json_put_text(t, ",\"source\":", x->source);
    pl_text_char(t, '}');
}

static uint64_t get_fingerprint(struct pl_json_reader *r)
{
    uint8_t bytes[8] = {0};
    uint64_t value = 0;
    pl_json_hex(r, "fingerprint", bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) value = value << 8 | bytes[i];
    return value;
}

/* A name that is left out where there is none. */
static void get_name(struct pl_json_reader *r, const char *member, struct pl_name *out)
{
    if (cJSON_GetObjectItemCaseSensitive(r->object, member)) pl_json_name(r, member, out);
}

int pl_record_external_read(struct pl_span in, struct pl_external *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_external x = {.fingerprint = get_fingerprint(&r)};
    pl_json_name(&r, "group", &x.group);
    if (r.err == 0) get_name(&r, "pool", &x.pool);
    if (r.err == 0) get_name(&r, "host", &x.host);
    x.tier = (enum pl_tier)pl_json_word(&r, "tier", tier_words, PL_LEN(tier_words));
    x.begins_unix_ms = pl_json_i64(&r, "begins", 0, PL_JSON_EXACT_MAX);
    x.ends_unix_ms = pl_json_i64(&r, "ends", 0, PL_JSON_EXACT_MAX);
    pl_json_text(&r, "title", x.title, sizeof x.title);
    pl_json_text(&r, "summary", x.summary, sizeof x.summary);
    pl_json_text(&r, "labels", x.labels, sizeof x.labels);
    pl_json_text(&r, "source", x.source, sizeof x.source);
    cJSON_Delete(root);
    if (r.err == 0 && (x.fingerprint == 0 || x.begins_unix_ms > x.ends_unix_ms)) r.err = PL_E_RANGE;
    if (r.err == 0) *out = x;
    return r.err;
}

void pl_record_finding_external_write(struct pl_text *t, const struct pl_finding_external *f)
{
    pl_json_put_text(t, "{\"title\":", f->title);
    pl_json_put_text(t, ",\"summary\":", f->summary);
    pl_json_put_i64(t, ",\"count\":", f->count);
    pl_text_char(t, '}');
}

int pl_record_finding_external_read(const cJSON *object, struct pl_finding_external *out)
{
    struct pl_json_reader r = pl_json_reader_init(object);
    struct pl_finding_external f = {0};
    pl_json_text(&r, "title", f.title, sizeof f.title);
    pl_json_text(&r, "summary", f.summary, sizeof f.summary);
    f.count = (uint32_t)pl_json_i64(&r, "count", 0, UINT32_MAX);
    if (r.err == 0) *out = f;
    return r.err;
}
