#include "agent/core/reply.h"

#include "agent/core/scan.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"

/* FastCGI specification, 3.3 and 8. */
enum {
    RECORD_BYTES = 8,
    VERSION = 1,
    BEGIN_REQUEST = 1,
    END_REQUEST = 3,
    PARAMS = 4,
    STDIN = 5,
    STDOUT = 6,
    STDERR = 7,
    RESPONDER = 1,
    REQUEST_ID = 1,
};

static void put_str(uint8_t *out, size_t *len, const char *text)
{
    size_t n = strlen(text);
    PL_ASSERT(n <= PL_REPLY_REQUEST_BYTES - *len);
    memcpy(out + *len, text, n);
    *len += n;
}

static void put_record(uint8_t *out, size_t *len, uint8_t type, size_t body_len)
{
    const uint8_t head[RECORD_BYTES] = {
        VERSION, type, 0, REQUEST_ID, (uint8_t)(body_len >> 8), (uint8_t)body_len, 0, 0};
    PL_ASSERT(sizeof head <= PL_REPLY_REQUEST_BYTES - *len);
    memcpy(out + *len, head, sizeof head);
    *len += sizeof head;
}

/* Names and values are shorter than 128 bytes: one byte of length each. */
static void put_param(uint8_t *out, size_t *len, const char *name, const char *value)
{
    PL_ASSERT(PL_REPLY_REQUEST_BYTES - *len >= 2);
    out[(*len)++] = (uint8_t)strlen(name);
    out[(*len)++] = (uint8_t)strlen(value);
    put_str(out, len, name);
    put_str(out, len, value);
}

static size_t fastcgi_request(const char *path, uint8_t *out)
{
    static const uint8_t begin[RECORD_BYTES] = {0, RESPONDER};
    size_t len = 0;
    put_record(out, &len, BEGIN_REQUEST, sizeof begin);
    memcpy(out + len, begin, sizeof begin);
    len += sizeof begin;
    size_t head_at = len;
    put_record(out, &len, PARAMS, 0);
    size_t body_at = len;
    put_param(out, &len, "REQUEST_METHOD", "GET");
    put_param(out, &len, "SCRIPT_NAME", path);
    put_param(out, &len, "SCRIPT_FILENAME", path);
    put_param(out, &len, "QUERY_STRING", "");
    size_t body_len = len - body_at;
    put_record(out, &head_at, PARAMS, body_len);
    put_record(out, &len, PARAMS, 0);
    put_record(out, &len, STDIN, 0);
    return len;
}

size_t pl_reply_request(enum pl_reply_protocol protocol, const char *path, uint8_t *out)
{
    size_t len = 0;
    switch (protocol) {
    case PL_REPLY_FASTCGI: return fastcgi_request(path, out);
    case PL_REPLY_HAPROXY: put_str(out, &len, "show info;show stat -1 3 -1\n"); return len;
    case PL_REPLY_HTTP: break;
    }
    put_str(out, &len, "GET ");
    put_str(out, &len, path);
    put_str(out, &len,
            " HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n"
            "User-Agent: plimsoll-agent\r\n\r\n");
    return len;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool is_word(struct pl_span text, const char *word)
{
    size_t i = 0;
    while (i < text.len && word[i] != '\0' && lower(text.ptr[i]) == (uint8_t)word[i]) i++;
    return i == text.len && word[i] == '\0';
}

/* One header line as its name and its value without blanks around it. */
static bool split(struct pl_span line, struct pl_span *name, struct pl_span *value)
{
    const uint8_t *colon = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;
    if (!colon || colon == line.ptr) return false;
    *name = (struct pl_span){line.ptr, (size_t)(colon - line.ptr)};
    *value = (struct pl_span){colon + 1, line.len - name->len - 1};
    while (value->len > 0 && (*value->ptr == ' ' || *value->ptr == '\t')) {
        value->ptr++;
        value->len--;
    }
    while (value->len > 0 && value->ptr[value->len - 1] <= ' ') value->len--; // and the CR
    return true;
}

struct head {
    uint64_t body_len; // PL_RAW_ABSENT: until the end
    bool keeps;
};

static int take_header(struct head *head, struct pl_span line)
{
    struct pl_span name, value;
    if (!split(line, &name, &value)) return PL_E_SYNTAX;
    if (is_word(name, "content-length")) {
        if (head->body_len != PL_RAW_ABSENT) return PL_E_SYNTAX;
        head->body_len = pl_scan_number(value);
        if (head->body_len == PL_RAW_ABSENT) return PL_E_SYNTAX;
    }
    if (is_word(name, "transfer-encoding")) return PL_E_SYNTAX; // HTTP/1.0 was asked
    if (is_word(name, "connection")) head->keeps = is_word(value, "keep-alive");
    if (is_word(name, "status")) return is_word(value, "200 ok") ? 0 : PL_E_RANGE; // CGI
    return 0;
}

/* Header lines up to the empty one. 1, 0 if that is not there yet, or a refusal; `*text` is what
 * is behind them. */
static int take_headers(struct head *head, struct pl_span *text)
{
    struct pl_span line;
    const uint8_t *start = text->ptr;
    while (pl_scan_line(text, &line)) {
        if (text->ptr - start > PL_REPLY_HEAD_BYTES_MAX) return PL_E_SYNTAX;
        if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
        if (line.len == 0) return 1;
        int err = take_header(head, line);
        if (err < 0) return err;
    }
    return text->ptr - start + (ptrdiff_t)text->len > PL_REPLY_HEAD_BYTES_MAX ? PL_E_SYNTAX : 0;
}

static int parse_http(struct pl_span text, bool ended, struct pl_reply *out)
{
    static const char version[] = "HTTP/1.";
    struct pl_span line, word;
    struct head head = {.body_len = PL_RAW_ABSENT};
    size_t known = PL_MIN(text.len, sizeof version - 1);
    if (known > 0 && memcmp(text.ptr, version, known) != 0) return PL_E_SYNTAX;
    if (!pl_scan_line(&text, &line))
        return ended || text.len > PL_REPLY_HEAD_BYTES_MAX ? PL_E_SYNTAX : 0;
    if (!pl_scan_word(&line, &word) || word.len != sizeof version) return PL_E_SYNTAX;
    if (pl_scan_next(&line) != 200) return PL_E_RANGE;
    int headers = take_headers(&head, &text);
    if (headers < 0) return headers;
    if (headers == 0) return ended ? PL_E_SYNTAX : 0;
    bool by_length = head.body_len != PL_RAW_ABSENT;
    if (by_length && text.len > head.body_len) return PL_E_SYNTAX; // nobody asked for more
    bool whole = by_length ? text.len == head.body_len : ended;
    if (!whole) return ended ? PL_E_SYNTAX : 0;
    *out = (struct pl_reply){text, by_length && head.keeps && !ended};
    return 1;
}

/* How the records go on from `at`: true for a whole one, its type and body. */
static bool next_record(struct pl_span bytes, size_t *at, uint8_t *type, struct pl_span *body)
{
    if (bytes.len - *at < RECORD_BYTES) return false;
    const uint8_t *head = bytes.ptr + *at;
    size_t len = (size_t)head[4] << 8 | head[5], padding = head[6];
    if (bytes.len - *at - RECORD_BYTES < len + padding) return false;
    *type = head[1];
    *body = (struct pl_span){head + RECORD_BYTES, len};
    *at += RECORD_BYTES + len + padding;
    return true;
}

static bool is_answer(const uint8_t *head)
{
    bool of_us = head[0] == VERSION && head[2] == 0 && head[3] == REQUEST_ID;
    return of_us && (head[1] == STDOUT || head[1] == STDERR || head[1] == END_REQUEST);
}

/* Close the gaps between the bodies of STDOUT records; the length of the whole. */
static size_t join_records(uint8_t *bytes, size_t len)
{
    size_t at = 0, end = 0;
    uint8_t type;
    struct pl_span body;
    while (next_record((struct pl_span){bytes, len}, &at, &type, &body)) {
        if (type != STDOUT) continue;
        memmove(bytes + end, body.ptr, body.len);
        end += body.len;
    }
    return end;
}

static int parse_fastcgi(uint8_t *bytes, size_t len, bool ended, struct pl_reply *out)
{
    size_t at = 0;
    uint8_t type = 0;
    struct pl_span body;
    struct head head = {.body_len = PL_RAW_ABSENT};
    while (type != END_REQUEST) {
        if (len - at >= RECORD_BYTES && !is_answer(bytes + at)) return PL_E_SYNTAX;
        if (!next_record((struct pl_span){bytes, len}, &at, &type, &body))
            return ended ? PL_E_SYNTAX : 0;
    }
    if (at != len) return PL_E_SYNTAX;
    struct pl_span text = {bytes, join_records(bytes, len)};
    int headers = take_headers(&head, &text);
    if (headers <= 0) return headers < 0 ? headers : PL_E_SYNTAX;
    *out = (struct pl_reply){text, false};
    return 1;
}

int pl_reply_parse(enum pl_reply_protocol protocol, uint8_t *bytes, size_t len, bool ended,
                   struct pl_reply *out)
{
    struct pl_span text = {bytes, len};
    switch (protocol) {
    case PL_REPLY_HTTP: return parse_http(text, ended, out);
    case PL_REPLY_FASTCGI: return parse_fastcgi(bytes, len, ended, out);
    case PL_REPLY_HAPROXY: break;
    }
    if (!ended) return 0;
    *out = (struct pl_reply){text, false};
    return 1;
}
