#include "collector/codec/tzif.h"

#include "common/base/err.h"

enum {
    HEADER_BYTES = 44,
    TIME_BYTES = 8,
    TYPE_BYTES = 6,
    TYPES_MAX = 256, // an index is one byte
    HOUR_S = 3600,
};

/* RFC 8536 section 3.1. */
struct header {
    uint32_t ut_count, std_count, leap_count, time_count, type_count, char_count;
};

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t get_i64(const uint8_t *p)
{
    return (int64_t)((uint64_t)get_u32(p) << 32 | get_u32(p + 4));
}

static struct pl_span skip(struct pl_span in, size_t len)
{
    return (struct pl_span){in.ptr + len, in.len - len};
}

/* Read a header; `*body_len` is what follows it, with times of `time_bytes`. */
static int read_header(struct pl_span in, size_t time_bytes, struct header *h, size_t *body_len)
{
    if (in.len < HEADER_BYTES) return PL_E_TRUNCATED;
    if (memcmp(in.ptr, "TZif", 4) != 0) return PL_E_MAGIC;
    if (in.ptr[4] < '2') return PL_E_VERSION;
    uint32_t count[6];
    for (size_t i = 0; i < PL_LEN(count); i++) {
        count[i] = get_u32(in.ptr + 20 + 4 * i);
        if (count[i] > PL_TZIF_BYTES_MAX) return PL_E_TOO_BIG;
    }
    *h = (struct header){count[0], count[1], count[2], count[3], count[4], count[5]};
    if (h->type_count == 0 || h->type_count > TYPES_MAX) return PL_E_RANGE;
    *body_len = h->time_count * (time_bytes + 1) + (size_t)h->type_count * TYPE_BYTES +
                h->char_count + h->leap_count * (time_bytes + 4) + h->std_count + h->ut_count;
    return in.len - HEADER_BYTES < *body_len ? PL_E_TRUNCATED : 0;
}

static int read_changes(const struct header *h, const uint8_t *body, struct pl_zone *out)
{
    const uint8_t *index = body + (size_t)h->time_count * TIME_BYTES;
    const uint8_t *types = index + h->time_count;
    int32_t offset_s[TYPES_MAX] = {0};
    for (uint32_t i = 0; i < h->type_count; i++) {
        offset_s[i] = (int32_t)get_u32(types + (size_t)i * TYPE_BYTES);
        if (offset_s[i] > PL_ZONE_OFFSET_MAX_S || offset_s[i] < -PL_ZONE_OFFSET_MAX_S)
            return PL_E_RANGE;
    }
    out->first_offset_s = offset_s[0]; // section 3.2: type 0 holds before the first change
    int64_t last_unix_s = INT64_MIN;
    for (uint32_t i = 0; i < h->time_count; i++) {
        int64_t at_unix_s = get_i64(body + (size_t)i * TIME_BYTES);
        if (index[i] >= h->type_count || at_unix_s < last_unix_s) return PL_E_RANGE;
        if (at_unix_s > INT64_MAX / 4) return PL_E_RANGE;
        last_unix_s = at_unix_s;
        int32_t before_s = out->change_count == 0 ? out->first_offset_s
                                                  : out->changes[out->change_count - 1].offset_s;
        if (offset_s[index[i]] == before_s) continue; // only its name changes
        if (at_unix_s < 0) {
            out->first_offset_s = offset_s[index[i]];
            continue;
        }
        if (out->change_count == PL_ZONE_CHANGES_MAX) return PL_E_FULL;
        out->changes[out->change_count++] = (struct pl_zone_change){at_unix_s, offset_s[index[i]]};
    }
    return 0;
}

/* ---- the footer: POSIX.1-2017 section 8.3, with the wider hours of RFC 8536 section 3.3.1 ---- */

struct cursor {
    const uint8_t *at, *end;
    bool failed;
};

static bool take(struct cursor *c, char wanted)
{
    if (c->failed || c->at == c->end || *c->at != (uint8_t)wanted) return false;
    c->at++;
    return true;
}

static void expect(struct cursor *c, char wanted)
{
    if (!take(c, wanted)) c->failed = true;
}

static int32_t take_number(struct cursor *c, int32_t min, int32_t max)
{
    int32_t value = 0;
    int digits = 0;
    while (!c->failed && c->at < c->end && *c->at >= '0' && *c->at <= '9' && digits < 4) {
        value = value * 10 + (*c->at++ - '0');
        digits++;
    }
    if (digits == 0 || value < min || value > max) c->failed = true;
    return value;
}

/* [+-]hh[:mm[:ss]], in seconds. */
static int32_t take_time(struct cursor *c, int32_t hours_max)
{
    bool minus = take(c, '-');
    if (!minus) (void)take(c, '+'); // may be left out
    int32_t seconds = take_number(c, 0, hours_max) * HOUR_S;
    if (take(c, ':')) seconds += take_number(c, 0, 59) * 60;
    if (take(c, ':')) seconds += take_number(c, 0, 59);
    return minus ? -seconds : seconds;
}

/* CEST, or <+0330>. */
static void skip_name(struct cursor *c)
{
    bool quoted = take(c, '<');
    size_t len = 0;
    while (!c->failed && c->at < c->end) {
        uint8_t b = *c->at, lower = b | 0x20;
        bool is_letter = lower >= 'a' && lower <= 'z';
        bool is_quoted = quoted && ((b >= '0' && b <= '9') || b == '+' || b == '-');
        if (!is_letter && !is_quoted) break;
        c->at++;
        len++;
    }
    if (quoted) expect(c, '>');
    if (len < 3) c->failed = true;
}

static struct pl_zone_rule take_rule(struct cursor *c)
{
    struct pl_zone_rule rule = {.time_s = 2 * HOUR_S};
    expect(c, ',');
    expect(c, 'M');
    rule.month = take_number(c, 1, 12);
    expect(c, '.');
    rule.week = take_number(c, 1, 5);
    expect(c, '.');
    rule.weekday = take_number(c, 0, 6);
    if (take(c, '/')) rule.time_s = take_time(c, 167);
    return rule;
}

static int read_footer(struct pl_span in, struct pl_zone *out)
{
    if (in.len < 2 || in.ptr[0] != '\n') return PL_E_TRUNCATED;
    const uint8_t *end = memchr(in.ptr + 1, '\n', in.len - 1);
    if (!end) return PL_E_TRUNCATED;
    struct cursor c = {in.ptr + 1, end, false};
    if (c.at == c.end) return 0; // nothing is known of later years: as they are
    skip_name(&c);
    out->standard_offset_s = -take_time(&c, 24);
    if (!c.failed && c.at < c.end) {
        skip_name(&c);
        out->summer_offset_s = out->standard_offset_s + HOUR_S;
        if (!c.failed && c.at < c.end && *c.at != ',') out->summer_offset_s = -take_time(&c, 24);
        out->to_summer = take_rule(&c);
        out->to_standard = take_rule(&c);
        out->goes_on = true;
    }
    return c.failed || c.at != c.end ? PL_E_SYNTAX : 0;
}

int pl_tzif_parse(struct pl_span in, struct pl_zone *out)
{
    struct header h;
    size_t body_len = 0;
    if (in.len > PL_TZIF_BYTES_MAX) return PL_E_TOO_BIG;
    int err = read_header(in, 4, &h, &body_len); // the block of version 1
    if (err) return err;
    in = skip(in, HEADER_BYTES + body_len);
    err = read_header(in, TIME_BYTES, &h, &body_len);
    if (err) return err;
    in = skip(in, HEADER_BYTES);
    struct pl_zone zone = {0};
    memcpy(zone.name, out->name, sizeof zone.name);
    err = read_changes(&h, in.ptr, &zone);
    if (!err) err = read_footer(skip(in, body_len), &zone);
    if (!err) *out = zone;
    return err;
}
