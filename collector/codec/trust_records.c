#include "collector/codec/trust_records.h"

#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "common/base/err.h"
#include "common/wire/sample.h"

/* ---- writing ---- */

static void put_key(struct pl_text *t, const char *name)
{
    if (t->ptr[t->len - 1] != '{') pl_text_char(t, ',');
    pl_text_json(t, pl_span_of(name));
    pl_text_char(t, ':');
}

static void put_name(struct pl_text *t, const char *key, const struct pl_name *name)
{
    put_key(t, key);
    pl_text_json(t, pl_name_span(name));
}

static void put_i64(struct pl_text *t, const char *key, int64_t value)
{
    put_key(t, key);
    pl_text_i64(t, value);
}

void pl_record_enrolled_write(struct pl_text *out, const struct pl_enrolled *enrolled)
{
    pl_text_char(out, '{');
    put_name(out, "host", &enrolled->host);
    put_name(out, "pool", &enrolled->pool);
    pl_json_put_hex(out, ",\"key\":", enrolled->key.bytes, PL_PUBLIC_KEY_BYTES);
    if (enrolled->has_next)
        pl_json_put_hex(out, ",\"next\":", enrolled->next.bytes, PL_PUBLIC_KEY_BYTES);
    put_i64(out, "enrolled", enrolled->enrolled_unix_ms);
    put_i64(out, "rotated", enrolled->rotated_unix_ms);
    put_i64(out, "revoked", enrolled->revoked_unix_ms);
    pl_text_char(out, '}');
}

void pl_record_token_write(struct pl_text *out, const struct pl_join_token *token)
{
    pl_text_char(out, '{');
    pl_json_put_hex(out, "\"id\":", token->id, PL_TOKEN_ID_BYTES);
    pl_json_put_hex(out, ",\"secret_hash\":", token->secret_hash, PL_TOKEN_HASH_BYTES);
    put_i64(out, "created", token->created_unix_ms);
    put_i64(out, "expires", token->expires_unix_ms);
    put_key(out, "pools");
    for (size_t i = 0; i < token->pool_count; i++) {
        pl_text_char(out, i == 0 ? '[' : ',');
        pl_text_json(out, pl_name_span(&token->pools[i]));
    }
    pl_text_str(out, "]}");
}

void pl_token_field_write(const uint8_t id[PL_TOKEN_ID_BYTES], char *out)
{
    struct pl_text t = pl_text_init(out, PL_TOKEN_FIELD_BYTES);
    for (size_t i = 0; i < PL_TOKEN_ID_BYTES; i++) pl_text_hex(&t, id[i], 2);
}

/* ---- reading ---- */

static int64_t get_time(struct pl_json_reader *r, const char *member)
{
    return pl_json_i64(r, member, 0, PL_UNIX_MS_MAX);
}

int pl_record_enrolled_read(struct pl_span in, struct pl_enrolled *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_enrolled enrolled = {0};
    pl_json_name(&r, "host", &enrolled.host);
    pl_json_name(&r, "pool", &enrolled.pool);
    pl_json_hex(&r, "key", enrolled.key.bytes, PL_PUBLIC_KEY_BYTES);
    enrolled.has_next = cJSON_HasObjectItem(root, "next"); // absent: none, as in older records
    if (enrolled.has_next) pl_json_hex(&r, "next", enrolled.next.bytes, PL_PUBLIC_KEY_BYTES);
    enrolled.enrolled_unix_ms = get_time(&r, "enrolled");
    enrolled.rotated_unix_ms = get_time(&r, "rotated");
    enrolled.revoked_unix_ms = get_time(&r, "revoked");
    cJSON_Delete(root);
    if (r.err == 0) *out = enrolled;
    return r.err;
}

int pl_record_token_read(struct pl_span in, struct pl_join_token *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_join_token token = {0};
    pl_json_hex(&r, "id", token.id, PL_TOKEN_ID_BYTES);
    pl_json_hex(&r, "secret_hash", token.secret_hash, PL_TOKEN_HASH_BYTES);
    token.created_unix_ms = get_time(&r, "created");
    token.expires_unix_ms = get_time(&r, "expires");
    const cJSON *pools = pl_json_array(&r, "pools");
    const cJSON *item;
    cJSON_ArrayForEach(item, pools)
    {
        if (token.pool_count == PL_TOKEN_POOLS_MAX || !cJSON_IsString(item) ||
            pl_name_parse(pl_span_of(item->valuestring), &token.pools[token.pool_count++]) < 0) {
            r.err = PL_E_SYNTAX;
            break;
        }
    }
    if (r.err == 0 && token.pool_count == 0) r.err = PL_E_SYNTAX;
    cJSON_Delete(root);
    if (r.err == 0) *out = token;
    return r.err;
}
