#include "collector/codec/http.h"

#include "common/base/assert.h"

#include <http_parser.h>

_Static_assert(sizeof(http_parser) == PL_HTTP_LIBRARY_BYTES, "size of the library's parser");

const struct pl_http_refusal_info *pl_http_refusal_info(enum pl_http_refusal refusal)
{
    static const struct pl_http_refusal_info table[] = {
#define PL_HTTP_REFUSAL_ROW(id, name, status, text) {name, status, text},
        PL_HTTP_REFUSAL_LIST(PL_HTTP_REFUSAL_ROW)
#undef PL_HTTP_REFUSAL_ROW
    };
    PL_ASSERT((size_t)refusal < PL_LEN(table));
    return &table[refusal];
}

const char *pl_http_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } table[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {303, "See Other"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < PL_LEN(table); i++)
        if (table[i].status == status) return table[i].text;
    return "Unknown";
}

const char *pl_http_method_name(enum pl_http_method method)
{
    static const char *const names[] = {
        [PL_HTTP_GET] = "GET", [PL_HTTP_HEAD] = "HEAD",   [PL_HTTP_POST] = "POST",
        [PL_HTTP_PUT] = "PUT", [PL_HTTP_PATCH] = "PATCH", [PL_HTTP_DELETE] = "DELETE",
    };
    PL_ASSERT(method < PL_LEN(names));
    return names[method];
}

/* What the library's callbacks fill while it reads one head or a piece of body. */
struct reading {
    struct pl_http_parser *parser; // whose body is read
    struct pl_http_request request;
    struct pl_span *value; // where the next header value goes; NULL: a header we do not use
    struct pl_span target;
    uint32_t host_count;
    bool refused, complete;
    enum pl_http_refusal refusal;
};

static int refuse(struct reading *r, enum pl_http_refusal refusal)
{
    r->refused = true;
    r->refusal = refusal;
    return -1;
}

static int on_url(http_parser *library, const char *at, size_t len)
{
    struct reading *r = library->data;
    r->target = (struct pl_span){(const uint8_t *)at, len};
    return 0;
}

/* True if `at` is `name` in any case; `name` is in lower case. */
static bool field_is(const char *at, size_t len, const char *name)
{
    if (len != strlen(name)) return false;
    for (size_t i = 0; i < len; i++) {
        char c = at[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c - 'A' + 'a');
        if (c != name[i]) return false;
    }
    return true;
}

static int on_header_field(http_parser *library, const char *at, size_t len)
{
    struct reading *r = library->data;
    r->value = NULL;
    const struct {
        const char *name;
        struct pl_span *value;
    } used[] = {
        {"host", &r->request.host},
        {"accept-encoding", &r->request.accept_encoding},
        {"if-none-match", &r->request.if_none_match},
        {"if-match", &r->request.if_match},
        {"idempotency-key", &r->request.idempotency_key},
        {"authorization", &r->request.authorization},
        {"cookie", &r->request.cookie},
        {"origin", &r->request.origin},
        {"content-type", &r->request.content_type},
        {"x-csrf-token", &r->request.csrf},
        {"x-twilio-signature", &r->request.twilio_signature},
        {"x-pagerduty-signature", &r->request.pagerduty_signature},
        {"x-slack-signature", &r->request.slack_signature},
        {"x-slack-request-timestamp", &r->request.slack_timestamp},
    };
    for (size_t i = 0; i < PL_LEN(used) && !r->value; i++)
        if (field_is(at, len, used[i].name)) r->value = used[i].value;
    if (r->value == &r->request.host) r->host_count++;
    return 0;
}

static int on_header_value(http_parser *library, const char *at, size_t len)
{
    struct reading *r = library->data;
    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) len--;
    if (r->value) *r->value = (struct pl_span){(const uint8_t *)at, len};
    return 0;
}

static enum pl_http_method method_of(unsigned library_method)
{
    static const unsigned methods[] = {
        [PL_HTTP_GET] = HTTP_GET, [PL_HTTP_HEAD] = HTTP_HEAD,   [PL_HTTP_POST] = HTTP_POST,
        [PL_HTTP_PUT] = HTTP_PUT, [PL_HTTP_PATCH] = HTTP_PATCH, [PL_HTTP_DELETE] = HTTP_DELETE,
    };
    enum pl_http_method method = PL_HTTP_GET;
    while (method < PL_HTTP_OTHER && methods[method] != library_method) method++;
    return method;
}

/* Of the body of that target. */
static size_t body_max(struct pl_span target)
{
    static const char alerts[] = "/api/v2/alerts";
    bool is_alerts =
        target.len >= sizeof alerts - 1 && memcmp(target.ptr, alerts, sizeof alerts - 1) == 0;
    return is_alerts ? PL_HTTP_ALERTS_BYTES_MAX : PL_HTTP_BODY_BYTES_MAX;
}

static int on_headers_complete(http_parser *library)
{
    struct reading *r = library->data;
    struct pl_http_request *request = &r->request;
    if (library->http_major != 1 || library->http_minor > 1)
        return refuse(r, PL_HTTP_REFUSED_VERSION);
    if (r->target.len == 0 || r->target.ptr[0] != '/') return refuse(r, PL_HTTP_REFUSED_TARGET);
    if (memchr(r->target.ptr, '#', r->target.len)) return refuse(r, PL_HTTP_REFUSED_TARGET);
    bool host_needed = library->http_minor == 1; // RFC 9112 section 3.2; health checks speak 1.0
    if (r->host_count > 1 || (host_needed && r->host_count == 0))
        return refuse(r, PL_HTTP_REFUSED_HOST);
    bool has_length = library->flags & F_CONTENTLENGTH;
    if (has_length && library->content_length > body_max(r->target))
        return refuse(r, PL_HTTP_REFUSED_BODY_TOO_BIG); // before waiting for the body
    request->method = method_of(library->method);
    request->keep_alive = http_should_keep_alive(library) != 0;
    const uint8_t *mark = memchr(r->target.ptr, '?', r->target.len);
    size_t path_len = mark ? (size_t)(mark - r->target.ptr) : r->target.len;
    request->path = (struct pl_span){r->target.ptr, path_len};
    if (mark) request->query = (struct pl_span){mark + 1, r->target.len - path_len - 1};
    return 0;
}

/* What is fed is never longer than the room that is left. */
static int on_body(http_parser *library, const char *at, size_t len)
{
    struct reading *r = library->data;
    struct pl_http_parser *p = r->parser;
    PL_ASSERT(p && len <= sizeof p->body - p->body_len);
    memcpy(p->body + p->body_len, at, len);
    p->body_len += len;
    return 0;
}

static int on_message_complete(http_parser *library)
{
    struct reading *r = library->data;
    r->complete = true;
    http_parser_pause(library, 1); // so that execute returns here, before the next request
    return 0;
}

/* Run the library over `in`; returns the bytes it used. Sets r->refused on any failure. */
static size_t execute(struct pl_http_parser *p, struct reading *r, struct pl_span in)
{
    static const http_parser_settings settings = {
        .on_url = on_url,
        .on_header_field = on_header_field,
        .on_header_value = on_header_value,
        .on_headers_complete = on_headers_complete,
        .on_body = on_body,
        .on_message_complete = on_message_complete,
    };
    http_parser library;
    memcpy(&library, p->library, sizeof library);
    library.data = r;
    size_t used = http_parser_execute(&library, &settings, (const char *)in.ptr, in.len);
    enum http_errno err = HTTP_PARSER_ERRNO(&library);
    if (!r->refused && err == HPE_INVALID_VERSION) (void)refuse(r, PL_HTTP_REFUSED_VERSION);
    if (!r->refused && err == HPE_INVALID_URL) (void)refuse(r, PL_HTTP_REFUSED_TARGET);
    if (!r->refused && err != HPE_OK && err != HPE_PAUSED) (void)refuse(r, PL_HTTP_REFUSED_SYNTAX);
    library.data = NULL;
    memcpy(p->library, &library, sizeof library);
    return used;
}

void pl_http_init(struct pl_http_parser *p)
{
    http_parser library;
    memset(&library, 0, sizeof library); // its padding is copied too
    http_parser_init(&library, HTTP_REQUEST);
    p->stage = PL_HTTP_STAGE_IDLE;
    p->head_len = p->line_start = p->framed_len = p->body_len = 0;
    p->colon_seen = false;
    p->request = (struct pl_http_request){0};
    memcpy(p->library, &library, sizeof library);
}

enum head_step { HEAD_GO_ON, HEAD_END, HEAD_REFUSE };

static enum head_step refuse_head(enum pl_http_refusal *out, enum pl_http_refusal refusal)
{
    *out = refusal;
    return HEAD_REFUSE;
}

/* Judge the byte `c` that follows the p->head_len bytes read so far. */
static enum head_step head_step(struct pl_http_parser *p, uint8_t c, enum pl_http_refusal *refusal)
{
    bool request_line = p->line_start == 0;
    size_t column = p->head_len - p->line_start;
    bool after_cr = column > 0 && p->head[p->head_len - 1] == '\r';
    if (c == '\n') {
        if (!after_cr) return refuse_head(refusal, PL_HTTP_REFUSED_LINE_END);
        if (column == 1) return HEAD_END;
        p->line_start = p->head_len + 1;
        p->colon_seen = false;
        return HEAD_GO_ON;
    }
    if (after_cr) return refuse_head(refusal, PL_HTTP_REFUSED_LINE_END);
    if (c == '\r') return HEAD_GO_ON;
    bool blank = c == ' ' || c == '\t';
    if (request_line) {
        if (c >= 0x80) return refuse_head(refusal, PL_HTTP_REFUSED_TARGET);
        if (c < 0x20 || c == 0x7f) return refuse_head(refusal, PL_HTTP_REFUSED_SYNTAX);
        return HEAD_GO_ON;
    }
    if (column == 0 && blank) return refuse_head(refusal, PL_HTTP_REFUSED_FOLD);
    if (p->colon_seen) {
        bool control = (c < 0x20 && c != '\t') || c == 0x7f;
        if (control) return refuse_head(refusal, PL_HTTP_REFUSED_SYNTAX);
        return HEAD_GO_ON;
    }
    if (blank || (c == ':' && column == 0)) return refuse_head(refusal, PL_HTTP_REFUSED_FIELD_NAME);
    p->colon_seen = c == ':';
    return HEAD_GO_ON; // any other byte outside the token alphabet is refused by the library
}

/* Copy head bytes up to the empty line. Returns HEAD_GO_ON when `in` is used up. */
static enum head_step read_head(struct pl_http_parser *p, struct pl_span in, size_t *used,
                                enum pl_http_refusal *refusal)
{
    while (*used < in.len) {
        uint8_t c = in.ptr[*used];
        if (p->head_len == 0 && (c == '\r' || c == '\n')) {
            ++*used; // empty lines before a request are skipped (RFC 9112 section 2.2)
            continue;
        }
        if (p->head_len == PL_HTTP_HEAD_BYTES_MAX)
            return refuse_head(refusal, PL_HTTP_REFUSED_HEAD_TOO_BIG);
        p->stage = PL_HTTP_STAGE_HEAD;
        enum head_step step = head_step(p, c, refusal);
        if (step == HEAD_REFUSE) return step;
        p->head[p->head_len++] = c;
        ++*used;
        if (step == HEAD_END) return step;
    }
    return HEAD_GO_ON;
}

static enum pl_http_result give_up(enum pl_http_refusal *out, enum pl_http_refusal refusal)
{
    *out = refusal;
    return PL_HTTP_REFUSED;
}

static enum pl_http_result complete(struct pl_http_parser *p, struct pl_http_request *request)
{
    *request = p->request; // its spans stay valid: init touches neither head nor body bytes
    request->body = (struct pl_span){p->body, p->body_len};
    pl_http_init(p);
    return PL_HTTP_COMPLETE;
}

static enum pl_http_result read_body(struct pl_http_parser *p, struct pl_span in, size_t *used,
                                     struct pl_http_request *request, enum pl_http_refusal *refusal)
{
    size_t max = body_max(p->request.path), room = max - p->framed_len;
    struct pl_span piece = {in.ptr + *used, PL_MIN(in.len - *used, room)};
    struct reading r = {.parser = p};
    size_t piece_used = execute(p, &r, piece);
    *used += piece_used;
    p->framed_len += piece_used;
    if (r.refused) return give_up(refusal, r.refusal);
    if (r.complete) return complete(p, request);
    if (p->framed_len == max) return give_up(refusal, PL_HTTP_REFUSED_BODY_TOO_BIG);
    return PL_HTTP_NEED_MORE;
}

enum pl_http_result pl_http_feed(struct pl_http_parser *p, struct pl_span in, size_t *used,
                                 struct pl_http_request *request, enum pl_http_refusal *refusal)
{
    *used = 0;
    if (p->stage != PL_HTTP_STAGE_BODY) {
        enum head_step step = read_head(p, in, used, refusal);
        if (step == HEAD_REFUSE) return PL_HTTP_REFUSED;
        if (step == HEAD_GO_ON) return PL_HTTP_NEED_MORE;
        struct reading r = {0};
        (void)execute(p, &r, (struct pl_span){p->head, p->head_len}); // all of it, or r.refused
        if (r.refused) return give_up(refusal, r.refusal);
        p->request = r.request;
        if (r.complete) return complete(p, request);
        p->stage = PL_HTTP_STAGE_BODY;
    }
    if (*used == in.len) return PL_HTTP_NEED_MORE;
    return read_body(p, in, used, request, refusal);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* `host` without a trailing ":port"; the brackets of an IPv6 literal stay. */
static struct pl_span without_port(struct pl_span host)
{
    size_t len = host.len;
    while (len > 0 && is_digit(host.ptr[len - 1])) len--;
    if (len > 0 && host.ptr[len - 1] == ':') host.len = len - 1;
    return host;
}

bool pl_http_host_is_local(struct pl_span host)
{
    host = without_port(host);
    if (host.len == 0) return false;
    if (field_is((const char *)host.ptr, host.len, "localhost")) return true;
    if (host.ptr[0] == '[') return host.ptr[host.len - 1] == ']';
    /* A name whose last label is a number can only be an IPv4 address: no such top-level domain
     * exists (WHATWG URL, "ends in a number"). */
    for (size_t i = 0; i < host.len; i++)
        if (!is_digit(host.ptr[i]) && host.ptr[i] != '.') return false;
    return is_digit(host.ptr[host.len - 1]);
}

bool pl_http_host_is(struct pl_span host, const char *wanted)
{
    return wanted[0] != '\0' && field_is((const char *)host.ptr, host.len, wanted);
}

/* The next item of a comma-separated list, trimmed; false at its end. */
static bool next_item(struct pl_span *list, struct pl_span *item)
{
    while (list->len > 0 && (list->ptr[0] == ' ' || list->ptr[0] == '\t' || list->ptr[0] == ',')) {
        list->ptr++;
        list->len--;
    }
    if (list->len == 0) return false;
    const uint8_t *comma = memchr(list->ptr, ',', list->len);
    size_t len = comma ? (size_t)(comma - list->ptr) : list->len;
    *item = (struct pl_span){list->ptr, len};
    *list = (struct pl_span){list->ptr + len, list->len - len};
    while (item->len > 0 && (item->ptr[item->len - 1] == ' ' || item->ptr[item->len - 1] == '\t'))
        item->len--;
    return true;
}

/* True if the parameters after a coding say q=0, q=0.0, q=0.00 or q=0.000. */
static bool weight_is_zero(struct pl_span params)
{
    const uint8_t *q = params.len > 0 ? memchr(params.ptr, '=', params.len) : NULL;
    if (!q) return false;
    for (const uint8_t *at = q + 1; at < params.ptr + params.len; at++)
        if (*at != '0' && *at != '.') return false;
    return true;
}

bool pl_http_accepts(struct pl_span accept, const char *coding)
{
    bool star = false;
    struct pl_span item;
    while (next_item(&accept, &item)) {
        const uint8_t *mark = memchr(item.ptr, ';', item.len);
        size_t len = mark ? (size_t)(mark - item.ptr) : item.len;
        struct pl_span params = {item.ptr + len, item.len - len};
        while (len > 0 && item.ptr[len - 1] == ' ') len--;
        if (field_is((const char *)item.ptr, len, coding)) return !weight_is_zero(params);
        if (len == 1 && item.ptr[0] == '*') star = !weight_is_zero(params);
    }
    return star;
}

bool pl_http_etag_matches(struct pl_span header, struct pl_span etag)
{
    struct pl_span item;
    while (next_item(&header, &item)) {
        if (pl_span_is(item, "*")) return true;
        if (item.len > 2 && item.ptr[0] == 'W' && item.ptr[1] == '/')
            item = (struct pl_span){item.ptr + 2, item.len - 2};
        if (pl_span_eq(item, etag)) return true;
    }
    return false;
}
