#include "common/base/text.h"

#include "common/base/assert.h"

struct pl_text pl_text_init(char *buf, size_t cap)
{
    PL_ASSERT(cap >= 1);
    buf[0] = '\0';
    return (struct pl_text){buf, cap, 0, false};
}

void pl_text_span(struct pl_text *t, struct pl_span bytes)
{
    size_t room = t->cap - 1 - t->len;
    size_t len = bytes.len;
    if (len > room) {
        t->overflow = true;
        len = room;
    }
    if (len > 0) memcpy(t->ptr + t->len, bytes.ptr, len);
    t->len += len;
    t->ptr[t->len] = '\0';
}

void pl_text_char(struct pl_text *t, char c)
{
    pl_text_span(t, (struct pl_span){(const uint8_t *)&c, 1});
}

void pl_text_str(struct pl_text *t, const char *text)
{
    pl_text_span(t, pl_span_of(text));
}

void pl_text_u64(struct pl_text *t, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    pl_text_span(t, (struct pl_span){digits + at, sizeof digits - at});
}

void pl_text_i64(struct pl_text *t, int64_t value)
{
    if (value < 0) pl_text_char(t, '-');
    pl_text_u64(t, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void pl_text_digits(struct pl_text *t, uint64_t value, int width)
{
    uint8_t digits[20];
    PL_ASSERT(width > 0 && width <= (int)sizeof digits);
    for (int i = width; i-- > 0; value /= 10) digits[i] = (uint8_t)('0' + value % 10);
    pl_text_span(t, (struct pl_span){digits, (size_t)width});
}

void pl_text_hex(struct pl_text *t, uint64_t value, int width)
{
    uint8_t digits[16];
    PL_ASSERT(width > 0 && width <= (int)sizeof digits);
    for (int i = width; i-- > 0; value >>= 4) digits[i] = (uint8_t) "0123456789abcdef"[value & 15];
    pl_text_span(t, (struct pl_span){digits, (size_t)width});
}

void pl_text_fixed(struct pl_text *t, int64_t value, int32_t scale)
{
    PL_ASSERT(scale >= 1 && scale <= 1000000);
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t rest = size % (uint64_t)scale;
    if (value < 0) pl_text_char(t, '-');
    pl_text_u64(t, size / (uint64_t)scale);
    if (rest == 0) return;
    pl_text_char(t, '.');
    for (uint64_t unit = (uint64_t)scale / 10; rest > 0; unit /= 10) {
        pl_text_char(t, (char)('0' + rest / unit));
        rest %= unit;
    }
}

size_t pl_utf8_len(const uint8_t *p, size_t left)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0x80) return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > left) return 0;
    uint32_t code = p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (p[i] & 0x3f);
    }
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 0;
    return len;
}

void pl_text_json(struct pl_text *t, struct pl_span bytes)
{
    pl_text_char(t, '"');
    for (size_t i = 0; i < bytes.len;) {
        uint8_t c = bytes.ptr[i];
        size_t len = pl_utf8_len(bytes.ptr + i, bytes.len - i);
        if (c == '"' || c == '\\') {
            pl_text_char(t, '\\');
            pl_text_char(t, (char)c);
        } else if (c < 0x20) {
            pl_text_str(t, "\\u");
            pl_text_hex(t, c, 4);
        } else if (len == 0) {
            pl_text_str(t, "\\ufffd");
        } else {
            pl_text_span(t, (struct pl_span){bytes.ptr + i, len});
        }
        i += len == 0 ? 1 : len;
    }
    pl_text_char(t, '"');
}

void pl_text_rfc3339(struct pl_text *t, int64_t unix_ms)
{
    const int64_t last_ms = 253402300799999; // 9999-12-31T23:59:59.999Z
    if (unix_ms < 0) unix_ms = 0;
    if (unix_ms > last_ms) unix_ms = last_ms;
    uint64_t ms = (uint64_t)unix_ms % 86400000;
    /* Days to civil date: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
    uint64_t day = (uint64_t)unix_ms / 86400000 + 719468;
    uint64_t era = day / 146097, day_of_era = day % 146097;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t shifted_month = (5 * day_of_year + 2) / 153;
    uint64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    pl_text_digits(t, era * 400 + year_of_era + (month <= 2), 4);
    pl_text_char(t, '-');
    pl_text_digits(t, month, 2);
    pl_text_char(t, '-');
    pl_text_digits(t, day_of_year - (153 * shifted_month + 2) / 5 + 1, 2);
    pl_text_char(t, 'T');
    pl_text_digits(t, ms / 3600000, 2);
    pl_text_char(t, ':');
    pl_text_digits(t, ms / 60000 % 60, 2);
    pl_text_char(t, ':');
    pl_text_digits(t, ms / 1000 % 60, 2);
    pl_text_char(t, '.');
    pl_text_digits(t, ms % 1000, 3);
    pl_text_char(t, 'Z');
}
