#include "collector/codec/query.h"

#include "common/base/err.h"

#define LAST_UNIX_S INT64_C(253402300799) // 9999-12-31T23:59:59Z

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

int pl_percent_byte(struct pl_span at)
{
    if (at.len < 3) return PL_E_SYNTAX;
    int high = hex_value(at.ptr[1]), low = hex_value(at.ptr[2]);
    return high < 0 || low < 0 ? PL_E_SYNTAX : high << 4 | low;
}

int pl_percent_decode(struct pl_span in, char *buf, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        int c = in.ptr[i];
        if (c == '%') {
            c = pl_percent_byte((struct pl_span){in.ptr + i, in.len - i});
            i += 2;
        }
        if (c < 0x20 || c >= 0x7f) return PL_E_SYNTAX;
        if (len + 1 >= cap) return PL_E_TOO_BIG;
        buf[len++] = (char)c;
    }
    buf[len] = '\0';
    return (int)len;
}

void pl_query_next(struct pl_span *query, struct pl_span *name, struct pl_span *value)
{
    const uint8_t *end = memchr(query->ptr, '&', query->len);
    size_t len = end ? (size_t)(end - query->ptr) : query->len;
    const uint8_t *equals = memchr(query->ptr, '=', len);
    size_t name_len = equals ? (size_t)(equals - query->ptr) : len;
    *name = (struct pl_span){query->ptr, name_len};
    *value = equals ? (struct pl_span){equals + 1, len - name_len - 1} : (struct pl_span){0};
    size_t step = end ? len + 1 : len;
    *query = (struct pl_span){query->ptr + step, query->len - step};
}

int pl_query_parse(struct pl_span query, struct pl_query_param *params, size_t count,
                   struct pl_span *culprit)
{
    for (size_t i = 0; i < count; i++) {
        params[i].present = false;
        params[i].value[0] = '\0';
    }
    while (query.len > 0) {
        struct pl_span name, value;
        pl_query_next(&query, &name, &value);
        *culprit = name;
        struct pl_query_param *param = NULL;
        for (size_t i = 0; i < count && !param; i++)
            if (pl_span_is(name, params[i].name)) param = &params[i];
        if (!param) return PL_E_NOT_FOUND;
        if (param->present) return PL_E_DUPLICATE;
        int len = pl_percent_decode(value, param->value, sizeof param->value);
        if (len < 0) return len;
        param->present = true;
    }
    return 0;
}

int pl_query_u64(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    size_t len = strlen(text);
    if (len == 0) return PL_E_SYNTAX;
    if (len > 19) return PL_E_RANGE; // 19 digits always fit in 64 bits
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return PL_E_SYNTAX;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    if (value < min || value > max) return PL_E_RANGE;
    *out = value;
    return 0;
}

/* Reader over a time text; `bad` sticks. */
struct scan {
    const char *at;
    bool bad;
};

static int64_t scan_digits(struct scan *s, int width)
{
    int64_t value = 0;
    for (int i = 0; i < width; i++) {
        if (s->bad || *s->at < '0' || *s->at > '9') {
            s->bad = true;
            return 0;
        }
        value = value * 10 + (*s->at++ - '0');
    }
    return value;
}

static void scan_char(struct scan *s, char want)
{
    if (s->bad || *s->at != want) s->bad = true;
    if (!s->bad) s->at++;
}

/* ".5" is 500 ms; nothing is 0; more than three digits are refused, not rounded. */
static int64_t scan_fraction_ms(struct scan *s)
{
    if (s->bad || *s->at != '.') return 0;
    s->at++;
    int64_t ms = 0, unit = 100;
    if (*s->at < '0' || *s->at > '9') s->bad = true;
    for (; *s->at >= '0' && *s->at <= '9'; unit /= 10) {
        if (unit == 0) s->bad = true;
        ms += (*s->at++ - '0') * unit;
    }
    return ms;
}

/* "Z" or "+hh:mm", in minutes. */
static int64_t scan_offset_min(struct scan *s)
{
    if (s->bad) return 0;
    if (*s->at == 'Z') {
        s->at++;
        return 0;
    }
    bool west = *s->at == '-';
    scan_char(s, west ? '-' : '+');
    int64_t hour = scan_digits(s, 2);
    scan_char(s, ':');
    int64_t minute = scan_digits(s, 2);
    if (hour > 23 || minute > 59) s->bad = true;
    return (west ? -1 : 1) * (hour * 60 + minute);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Civil date to days since 1970-01-01: Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms". */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, year_of_era = year % 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int rfc3339(const char *text, int64_t *unix_ms)
{
    struct scan s = {text, false};
    int64_t year = scan_digits(&s, 4);
    scan_char(&s, '-');
    int64_t month = scan_digits(&s, 2);
    scan_char(&s, '-');
    int64_t day = scan_digits(&s, 2);
    scan_char(&s, 'T');
    int64_t hour = scan_digits(&s, 2);
    scan_char(&s, ':');
    int64_t minute = scan_digits(&s, 2);
    scan_char(&s, ':');
    int64_t second = scan_digits(&s, 2);
    int64_t ms = scan_fraction_ms(&s);
    int64_t offset_min = scan_offset_min(&s);
    if (s.bad || *s.at) return PL_E_SYNTAX;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour > 23 || minute > 59 || second > 59)
        return PL_E_RANGE;
    int64_t minutes = (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_min;
    if (minutes < 0 || minutes * 60 > LAST_UNIX_S) return PL_E_RANGE;
    *unix_ms = (minutes * 60 + second) * 1000 + ms;
    return 0;
}

int pl_query_time(const char *text, int64_t *unix_ms)
{
    if (strlen(text) > 4 && text[4] == '-') return rfc3339(text, unix_ms);
    struct scan s = {text, false};
    size_t digits = strspn(text, "0123456789");
    if (digits == 0) return PL_E_SYNTAX;
    if (digits > 12) return PL_E_RANGE;
    int64_t seconds = scan_digits(&s, (int)digits);
    int64_t ms = scan_fraction_ms(&s);
    if (s.bad || *s.at) return PL_E_SYNTAX;
    if (seconds > LAST_UNIX_S) return PL_E_RANGE;
    *unix_ms = seconds * 1000 + ms;
    return 0;
}
