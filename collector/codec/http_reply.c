#include "collector/codec/http_reply.h"

#include "collector/codec/http.h"

/* IMF-fixdate (RFC 9110 section 5.6.7): Fri, 01 May 2026 14:03:12 GMT. The calendar is that of
 * pl_text_rfc3339: its text is taken apart. */
static void put_date(struct pl_text *out, int64_t unix_ms)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; // 1970-01-01 was a Thursday
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso[32]; // 2026-05-01T14:03:12.000Z
    struct pl_text text = pl_text_init(iso, sizeof iso);
    pl_text_rfc3339(&text, unix_ms);
    size_t day = (size_t)(unix_ms / 86400000 % 7);
    size_t month = (size_t)((iso[5] - '0') * 10 + iso[6] - '0') - 1;
    const struct {
        const char *at;
        size_t len;
    } parts[] = {
        {days + 3 * day, 3},     {", ", 2},   {iso + 8, 2}, {" ", 1},
        {months + 3 * month, 3}, {" ", 1},    {iso, 4},     {" ", 1},
        {iso + 11, 8},           {" GMT", 4},
    };
    for (size_t i = 0; i < PL_LEN(parts); i++)
        pl_text_span(out, (struct pl_span){(const uint8_t *)parts[i].at, parts[i].len});
}

static void put_header(struct pl_text *out, const char *name, const char *value)
{
    if (!value) return;
    pl_text_str(out, name);
    pl_text_str(out, ": ");
    pl_text_str(out, value);
    pl_text_str(out, "\r\n");
}

void pl_http_reply_head(struct pl_text *out, const struct pl_http_reply *reply, bool keep_alive,
                        int64_t now_unix_ms)
{
    pl_text_str(out, "HTTP/1.1 ");
    pl_text_i64(out, reply->status);
    pl_text_char(out, ' ');
    pl_text_str(out, pl_http_status_text(reply->status));
    pl_text_str(out, "\r\nDate: ");
    put_date(out, now_unix_ms);
    pl_text_str(out, "\r\n");
    put_header(out, "Content-Type", reply->content_type);
    if (reply->content_type && !reply->stream) {
        pl_text_str(out, "Content-Length: ");
        pl_text_u64(out, reply->body.len);
        pl_text_str(out, "\r\n");
    }
    put_header(out, "Content-Encoding", reply->encoding);
    put_header(out, "ETag", reply->etag);
    put_header(out, "Vary", reply->vary ? "Accept-Encoding" : NULL);
    put_header(out, "Allow", reply->allow);
    put_header(out, "Location", reply->location);
    put_header(out, "Set-Cookie", reply->set_cookie);
    put_header(out, "WWW-Authenticate", reply->status == 401 ? "Bearer" : NULL);
    if (reply->retry_after_s > 0) {
        pl_text_str(out, "Retry-After: ");
        pl_text_i64(out, reply->retry_after_s);
        pl_text_str(out, "\r\n");
    }
    put_header(out, "Cache-Control", reply->cache_control ? reply->cache_control : "no-store");
    put_header(out, "X-Robots-Tag", reply->is_hidden ? "noindex, nofollow" : NULL);
    put_header(out, "X-Accel-Buffering", reply->stream ? "no" : NULL); // nginx: pass events at once
    put_header(out, "Connection", keep_alive && !reply->stream ? "keep-alive" : "close");
    pl_text_str(out, "Content-Security-Policy: default-src 'none'; script-src 'self'; "
                     "style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                     "frame-ancestors 'none'; base-uri 'none'; form-action 'self'\r\n"
                     "X-Content-Type-Options: nosniff\r\n"
                     "Cross-Origin-Resource-Policy: same-origin\r\n"
                     "Referrer-Policy: no-referrer\r\n\r\n");
}

void pl_http_problem_body(struct pl_text *out, const struct pl_http_problem *problem)
{
    pl_text_str(out, "{\"type\":\"about:blank\",\"title\":\"");
    pl_text_str(out, pl_http_status_text(problem->status));
    pl_text_str(out, "\",\"status\":");
    pl_text_i64(out, problem->status);
    pl_text_str(out, ",\"detail\":");
    pl_text_json(out, pl_span_of(problem->detail));
    bool has_errors = problem->parameter.len > 0;
    for (const struct pl_http_problem *p = problem; p && has_errors; p = p->next) {
        pl_text_str(out, p == problem ? ",\"errors\":[{\"parameter\":" : ",{\"parameter\":");
        pl_text_json(out, p->parameter);
        pl_text_str(out, ",\"detail\":");
        pl_text_json(out, pl_span_of(p->detail));
        pl_text_char(out, '}');
    }
    pl_text_str(out, has_errors ? "]}\n" : "}\n");
}
