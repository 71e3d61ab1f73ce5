#include "common/wire/trust.h"

#include "common/base/err.h"
#include "common/wire/frame.h"
#include "common/wire/sample.h"

/* Copy exactly `len` bytes; a reader that failed copies nothing. */
static void get_fixed(struct pl_reader *r, uint8_t *out, size_t len)
{
    struct pl_span bytes = pl_get_bytes(r, len);
    if (r->err == 0) memcpy(out, bytes.ptr, len);
}

static void get_name(struct pl_reader *r, struct pl_name *out)
{
    struct pl_span text = pl_get_str8(r);
    if (r->err == 0 && pl_name_parse(text, out) < 0) r->err = PL_E_SYNTAX;
}

static void get_proof(struct pl_reader *r, struct pl_proof *out)
{
    get_fixed(r, out->key.bytes, PL_PUBLIC_KEY_BYTES);
    get_fixed(r, out->signature, PL_SIGNATURE_BYTES);
}

static void put_fixed(struct pl_writer *w, const uint8_t *bytes, size_t len)
{
    pl_put_bytes(w, (struct pl_span){bytes, len});
}

static void put_proof(struct pl_writer *w, const struct pl_proof *proof)
{
    put_fixed(w, proof->key.bytes, PL_PUBLIC_KEY_BYTES);
    put_fixed(w, proof->signature, PL_SIGNATURE_BYTES);
}

int pl_proof_parse(struct pl_span body, struct pl_proof *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_proof proof = {0};
    get_proof(&r, &proof);
    int err = pl_reader_finish(&r);
    if (err == 0) *out = proof;
    return err;
}

int pl_join_parse(struct pl_span body, struct pl_join *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_join join = {0};
    get_fixed(&r, join.token_id, PL_TOKEN_ID_BYTES);
    get_fixed(&r, join.token_secret, PL_TOKEN_SECRET_BYTES);
    get_name(&r, &join.host);
    get_name(&r, &join.pool);
    int err = pl_reader_finish(&r);
    if (err == 0) *out = join;
    return err;
}

int pl_rotate_parse(struct pl_span body, struct pl_rotate *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_rotate rotate = {0};
    get_name(&r, &rotate.host);
    get_proof(&r, &rotate.next);
    int err = pl_reader_finish(&r);
    if (err == 0) *out = rotate;
    return err;
}

int pl_check_parse(struct pl_span body, struct pl_check *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_check check = {0};
    get_name(&r, &check.host);
    get_name(&r, &check.pool);
    int err = pl_reader_finish(&r);
    if (err == 0) *out = check;
    return err;
}

int pl_checked_parse(struct pl_span body, struct pl_checked *out)
{
    enum { CONNECTED = 1 };
    struct pl_reader r = pl_reader_init(body);
    uint64_t unix_ms = pl_get_u64(&r);
    uint8_t flags = pl_get_u8(&r);
    int err = pl_reader_finish(&r);
    if (err == 0 && (unix_ms > (uint64_t)PL_UNIX_MS_MAX || flags > CONNECTED)) err = PL_E_RANGE;
    if (err == 0) *out = (struct pl_checked){(int64_t)unix_ms, flags == CONNECTED};
    return err;
}

void pl_proof_write(const struct pl_proof *proof, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_PROOF);
    put_proof(out, proof);
    pl_frame_end(out, at);
}

void pl_join_write(const struct pl_join *join, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_JOIN);
    put_fixed(out, join->token_id, PL_TOKEN_ID_BYTES);
    put_fixed(out, join->token_secret, PL_TOKEN_SECRET_BYTES);
    pl_put_str8(out, pl_name_span(&join->host));
    pl_put_str8(out, pl_name_span(&join->pool));
    pl_frame_end(out, at);
}

void pl_rotate_write(const struct pl_rotate *rotate, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_ROTATE);
    pl_put_str8(out, pl_name_span(&rotate->host));
    put_proof(out, &rotate->next);
    pl_frame_end(out, at);
}

void pl_joined_write(struct pl_writer *out)
{
    pl_frame_end(out, pl_frame_begin(out, PL_FRAME_JOINED));
}

void pl_rekey_write(struct pl_writer *out)
{
    pl_frame_end(out, pl_frame_begin(out, PL_FRAME_REKEY));
}

void pl_check_write(const struct pl_check *check, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_CHECK);
    pl_put_str8(out, pl_name_span(&check->host));
    pl_put_str8(out, pl_name_span(&check->pool));
    pl_frame_end(out, at);
}

void pl_checked_write(const struct pl_checked *checked, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_CHECKED);
    pl_put_u64(out, (uint64_t)checked->unix_ms);
    pl_put_u8(out, checked->is_connected ? 1 : 0);
    pl_frame_end(out, at);
}
