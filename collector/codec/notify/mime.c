#include "collector/codec/notify/mime.h"

#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/form.h"
#include "common/base/base.h"

enum {
    LOCAL_LEN_MAX = 64, // RFC 5321 section 4.5.3.1.1
    HEADER_LINE_MAX = 78,
    BODY_LINE_MAX = 76,
    WORD_LEN_MAX = 75,    // of an encoded word, its brackets included (RFC 2047 section 2)
    BASE64_LINE_IN = 57,  // bytes that make 76 characters
    POINT_BYTES_MAX = 12, // a code point of four bytes, encoded
};

static const char replacement[] = "\xef\xbf\xbd"; // U+FFFD

static bool is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* ---- addresses ---- */

/* atext of RFC 5322 section 3.2.3. */
static bool is_atext(uint8_t c)
{
    return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* One or more runs of `allowed` with single dots between them. */
static bool is_dotted(struct pl_span text, bool (*allowed)(uint8_t c))
{
    bool after_dot = true;
    for (size_t i = 0; i < text.len; i++) {
        bool dot = text.ptr[i] == '.';
        if (dot ? after_dot : !allowed(text.ptr[i])) return false;
        after_dot = dot;
    }
    return !after_dot;
}

static bool is_domain_char(uint8_t c)
{
    return is_alnum(c) || c == '-';
}

bool pl_mime_is_address(struct pl_span text)
{
    const uint8_t *at = text.len > 0 ? memchr(text.ptr, '@', text.len) : NULL;
    if (!at || text.len > PL_MIME_ADDRESS_LEN_MAX) return false;
    struct pl_span local = {text.ptr, (size_t)(at - text.ptr)};
    struct pl_span domain = {at + 1, text.len - local.len - 1};
    return local.len <= LOCAL_LEN_MAX && is_dotted(local, is_atext) &&
           is_dotted(domain, is_domain_char);
}

bool pl_mime_is_phone(struct pl_span text)
{
    if (text.len < 8 || text.len > 16 || text.ptr[0] != '+' || text.ptr[1] == '0') return false;
    for (size_t i = 1; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
    }
    return true;
}

/* ---- headers ---- */

static void encode_byte(struct pl_text *out, uint8_t c)
{
    static const char digits[] = "0123456789ABCDEF"; // lower case is not allowed here
    pl_text_char(out, '=');
    pl_text_char(out, digits[c >> 4]);
    pl_text_char(out, digits[c & 15]);
}

/* The next code point of `in` from `at`, U+FFFD for a byte that begins none; the bytes it takes. */
static size_t next_point(struct pl_span in, size_t at, struct pl_span *point)
{
    size_t len = pl_utf8_len(in.ptr + at, in.len - at);
    *point = len > 0 ? (struct pl_span){in.ptr + at, len} : pl_span_of(replacement);
    return len > 0 ? len : 1;
}

static bool is_plain(struct pl_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < ' ' || value.ptr[i] > '~') return false;
        if (value.ptr[i] == '=' && i + 1 < value.len && value.ptr[i + 1] == '?') return false;
    }
    return true;
}

/* Words and the blanks between them, folded where the line would grow too long. */
static void put_folded(struct pl_text *out, struct pl_span value, size_t column)
{
    for (size_t at = 0; at < value.len;) {
        size_t end = at + 1; // a blank, if there is one, goes with the word behind it
        while (end < value.len && value.ptr[end] != ' ') end++;
        if (value.ptr[at] == ' ' && column + end - at > HEADER_LINE_MAX) {
            pl_text_str(out, "\r\n");
            column = 0;
        }
        pl_text_span(out, (struct pl_span){value.ptr + at, end - at});
        column += end - at;
        at = end;
    }
}

/* One code point in the Q encoding (RFC 2047 sections 4.2 and 5.3). */
static void encode_point(struct pl_text *out, struct pl_span point)
{
    for (size_t i = 0; i < point.len; i++) {
        uint8_t c = point.ptr[i];
        if (c == ' ')
            pl_text_char(out, '_');
        else if (is_alnum(c) || (c != '\0' && strchr("!*+-/", c)))
            pl_text_char(out, (char)c);
        else
            encode_byte(out, c);
    }
}

static void put_encoded(struct pl_text *out, struct pl_span value, size_t column)
{
    static const char open[] = "=?UTF-8?Q?";
    size_t limit = PL_MIN(column + WORD_LEN_MAX, (size_t)HEADER_LINE_MAX);
    pl_text_str(out, open);
    column += sizeof open - 1;
    for (size_t at = 0; at < value.len;) {
        char buf[POINT_BYTES_MAX + 1];
        struct pl_text encoded = pl_text_init(buf, sizeof buf);
        struct pl_span point;
        at += next_point(value, at, &point);
        encode_point(&encoded, point);
        if (column + encoded.len + 2 > limit) {
            pl_text_str(out, "?=\r\n ");
            pl_text_str(out, open);
            column = sizeof open; // and the blank
            limit = WORD_LEN_MAX + 1;
        }
        pl_text_span(out, pl_text_bytes(&encoded));
        column += encoded.len;
    }
    pl_text_str(out, "?=");
}

void pl_mime_header(struct pl_text *out, const char *name, struct pl_span value)
{
    char buf[PL_MIME_VALUE_POINTS_MAX * 4 + 1];
    struct pl_text clean = pl_text_init(buf, sizeof buf);
    pl_text_clip(&clean, value, PL_MIME_VALUE_POINTS_MAX);
    size_t column = strlen(name) + 2;
    pl_text_str(out, name);
    pl_text_str(out, ": ");
    if (is_plain(pl_text_bytes(&clean)))
        put_folded(out, pl_text_bytes(&clean), column);
    else
        put_encoded(out, pl_text_bytes(&clean), column);
    pl_text_str(out, "\r\n");
}

void pl_mime_date(struct pl_text *out, int64_t unix_ms)
{
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char buf[32]; // 2026-05-01T14:03:12.000Z
    struct pl_text iso = pl_text_init(buf, sizeof buf);
    const uint8_t *text = (const uint8_t *)buf;
    pl_text_rfc3339(&iso, unix_ms);
    pl_text_str(out, "Date: ");
    pl_text_str(out, days[(uint64_t)PL_MAX(unix_ms, 0) / 86400000 % 7]);
    pl_text_str(out, ", ");
    pl_text_span(out, (struct pl_span){text + 8, 2});
    pl_text_char(out, ' ');
    pl_text_str(out, months[((buf[5] - '0') * 10 + buf[6] - '0' - 1) % 12]);
    pl_text_char(out, ' ');
    pl_text_span(out, (struct pl_span){text, 4});
    pl_text_char(out, ' ');
    pl_text_span(out, (struct pl_span){text + 11, 8});
    pl_text_str(out, " +0000\r\n");
}

void pl_mime_address(struct pl_text *out, const char *name, struct pl_span address)
{
    char buf[PL_MIME_ADDRESS_LEN_MAX + 3];
    struct pl_text value = pl_text_init(buf, sizeof buf);
    pl_text_char(&value, '<');
    pl_text_span(&value, address);
    pl_text_char(&value, '>');
    pl_mime_header(out, name, pl_text_bytes(&value));
}

void pl_mime_id(struct pl_text *out, const char *name, const char *before, const char *id)
{
    pl_text_str(out, name);
    pl_text_str(out, ": <");
    pl_text_str(out, before);
    pl_text_str(out, id);
    pl_text_str(out, ">\r\n");
}

void pl_mime_domain(struct pl_text *out, struct pl_span address)
{
    size_t at = 0;
    while (at < address.len && address.ptr[at] != '@') at++;
    pl_text_span(out, (struct pl_span){address.ptr + at, address.len - at});
}

/* ---- parts ---- */

void pl_mime_multipart(struct pl_text *out, const char *kind, const char *boundary,
                       const char *inner)
{
    pl_text_str(out, "Content-Type: multipart/");
    pl_text_str(out, kind);
    pl_text_str(out, ";\r\n boundary=\"");
    pl_text_str(out, boundary);
    pl_text_str(out, inner);
    pl_text_str(out, "\"\r\n\r\n");
}

void pl_mime_boundary(struct pl_text *out, const char *boundary, const char *inner, bool last)
{
    pl_text_str(out, "--");
    pl_text_str(out, boundary);
    pl_text_str(out, inner);
    pl_text_str(out, last ? "--\r\n" : "\r\n");
}

void pl_mime_text_part(struct pl_text *out, const char *type, struct pl_span content)
{
    pl_text_str(out, "Content-Type: text/");
    pl_text_str(out, type);
    pl_text_str(out, "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
    pl_mime_quoted(out, content);
}

/* ---- bodies ---- */

void pl_mime_quoted(struct pl_text *out, struct pl_span in)
{
    size_t column = 0;
    for (size_t at = 0; at < in.len;) {
        if (in.ptr[at] == '\n') {
            pl_text_str(out, "\r\n");
            column = 0;
            at++;
            continue;
        }
        char buf[POINT_BYTES_MAX + 1];
        struct pl_text encoded = pl_text_init(buf, sizeof buf);
        struct pl_span point;
        at += next_point(in, at, &point);
        uint8_t c = point.ptr[0];
        bool is_last = at == in.len || in.ptr[at] == '\n'; // of its line
        bool is_blank = c == ' ' || c == '\t';
        if (point.len == 1 && c != '=' && (is_blank ? !is_last : c > ' ' && c <= '~')) {
            pl_text_char(&encoded, (char)c);
        } else {
            for (size_t i = 0; i < point.len; i++) encode_byte(&encoded, point.ptr[i]);
        }
        if (column + encoded.len > BODY_LINE_MAX - 1) { // room for a soft line break
            pl_text_str(out, "=\r\n");
            column = 0;
        }
        pl_text_span(out, pl_text_bytes(&encoded));
        column += encoded.len;
    }
    if (column > 0) pl_text_str(out, "\r\n");
}

void pl_mime_base64(struct pl_text *out, struct pl_span in)
{
    for (size_t at = 0; at < in.len; at += BASE64_LINE_IN) {
        size_t len = PL_MIN(in.len - at, (size_t)BASE64_LINE_IN);
        pl_text_base64(out, (struct pl_span){in.ptr + at, len});
        pl_text_str(out, "\r\n");
    }
}
