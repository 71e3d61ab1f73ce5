/* Requests: whatever the bytes, one feed and many small feeds read the same thing, and a request
 * that is let through keeps every promise of the header. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/http.h"
#include "collector/codec/http_login.h"
#include "collector/codec/json_account.h"

enum { STEPS_MAX = 64 };

struct step {
    enum pl_http_result result;
    enum pl_http_refusal refusal;
    enum pl_http_method method;
    size_t end; // offset of the first byte that was not used
    uint64_t path_hash, body_hash;
};

static struct pl_http_parser parser;

static uint64_t hash(struct pl_span bytes)
{
    uint64_t h = 0xcbf29ce484222325;
    for (size_t i = 0; i < bytes.len; i++) h = (h ^ bytes.ptr[i]) * 0x100000001b3;
    return h;
}

/* Whoever logs in: what is taken from the headers and the body keeps to its bounds. */
static void check_login(const struct pl_http_request *r)
{
    uint8_t secret[PL_SECRET_BYTES];
    struct pl_account_request body;
    const char *member = NULL;
    if (pl_http_bearer(r->authorization, secret))
        PL_ASSERT(r->authorization.len == sizeof "Bearer " - 1 + 2 * PL_SECRET_BYTES);
    if (pl_http_session_cookie(r->cookie, false, secret))
        PL_ASSERT(r->cookie.len >= sizeof "plimsoll=" - 1 + 2 * PL_SECRET_BYTES);
    if (r->origin.len > 0 && pl_http_same_site(r->origin, r->host))
        PL_ASSERT(r->origin.len >= sizeof "http://" - 1 + r->host.len);
    if (pl_account_request_read(r->body, 0, ~0U, &body, &member)) return;
    PL_ASSERT(body.password_len <= sizeof body.password && body.link_len <= sizeof body.link);
    PL_ASSERT((body.given & PL_ACCOUNT_NAME) == 0 || body.name.len > 0);
}

static void check_request(const struct pl_http_request *r)
{
    PL_ASSERT(r->path.len > 0 && r->path.ptr[0] == '/');
    for (size_t i = 0; i < r->path.len; i++) {
        PL_ASSERT(r->path.ptr[i] > 0x20 && r->path.ptr[i] < 0x7f);
        PL_ASSERT(r->path.ptr[i] != '?' && r->path.ptr[i] != '#');
    }
    (void)pl_http_accepts(r->accept_encoding, "br");
    (void)pl_http_etag_matches(r->if_none_match, pl_span_of("\"a\""));
    (void)pl_http_host_is_local(r->host);
    check_login(r);
}

/* Feed in pieces of `piece` bytes; fills `steps` with every request and the refusal, if any. */
static size_t read_all(const uint8_t *data, size_t len, size_t piece, struct step *steps)
{
    size_t count = 0, at = 0;
    pl_http_init(&parser);
    while (at < len && count < STEPS_MAX) {
        struct pl_http_request request = {0};
        struct step step = {0};
        size_t used;
        struct pl_span in = {data + at, PL_MIN(piece, len - at)};
        step.result = pl_http_feed(&parser, in, &used, &request, &step.refusal);
        PL_ASSERT(used <= in.len);
        at += used;
        if (step.result == PL_HTTP_NEED_MORE) {
            PL_ASSERT(used == in.len);
            continue;
        }
        step.end = at;
        if (step.result == PL_HTTP_COMPLETE) {
            check_request(&request);
            step.method = request.method;
            step.path_hash = hash(request.path);
            step.body_hash = hash(request.body);
        }
        steps[count++] = step;
        if (step.result == PL_HTTP_REFUSED) break;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct step whole[STEPS_MAX], split[STEPS_MAX];
    size_t count = read_all(data, len, len, whole);
    size_t piece = 1 + len % 7;
    PL_ASSERT(read_all(data, len, piece, split) == count);
    for (size_t i = 0; i < count; i++) {
        PL_ASSERT(whole[i].result == split[i].result);
        PL_ASSERT(whole[i].path_hash == split[i].path_hash);
        PL_ASSERT(whole[i].body_hash == split[i].body_hash);
        PL_ASSERT(whole[i].method == split[i].method);
        if (whole[i].result != PL_HTTP_COMPLETE) PL_ASSERT(whole[i].refusal == split[i].refusal);
        if (whole[i].result == PL_HTTP_COMPLETE) PL_ASSERT(whole[i].end == split[i].end);
    }
    return 0;
}
