#include "common/base/quantity.h"

#include "common/base/err.h"

struct unit {
    const char *name;
    int64_t factor;
};

/* Read digits, and up to `decimals` more after a point, from the front of `*in`: the number times
 * 10^decimals. What follows the number stays in `*in`. */
static int take_number(struct pl_span *in, int decimals, int64_t *out)
{
    int64_t value = 0;
    size_t at = 0;
    int decimals_left = -1; // -1: still before the point
    if (in->len >= 2 && in->ptr[0] == '0' && in->ptr[1] >= '0' && in->ptr[1] <= '9') {
        return PL_E_SYNTAX;
    }
    for (; at < in->len; at++) {
        uint8_t c = in->ptr[at];
        if (c == '.' && decimals > 0 && decimals_left < 0 && at > 0) {
            decimals_left = decimals;
            continue;
        }
        if (c < '0' || c > '9') break;
        if (decimals_left == 0) return PL_E_SYNTAX;
        if (decimals_left > 0) decimals_left--;
        if (__builtin_mul_overflow(value, 10, &value)) return PL_E_RANGE;
        if (__builtin_add_overflow(value, c - '0', &value)) return PL_E_RANGE;
    }
    if (at == 0 || in->ptr[at - 1] == '.') return PL_E_SYNTAX;
    for (int i = decimals_left < 0 ? decimals : decimals_left; i > 0; i--) {
        if (__builtin_mul_overflow(value, 10, &value)) return PL_E_RANGE;
    }
    *in = (struct pl_span){in->ptr + at, in->len - at};
    *out = value;
    return 0;
}

/* A whole number and one of the units, which end with a NULL name. */
static int take_with_unit(struct pl_span in, const struct unit *units, int64_t *out)
{
    int64_t value;
    if (pl_span_is(in, "0")) {
        *out = 0;
        return 0;
    }
    int err = take_number(&in, 0, &value);
    if (err) return err;
    for (const struct unit *u = units; u->name; u++) {
        if (!pl_span_is(in, u->name)) continue;
        if (__builtin_mul_overflow(value, u->factor, &value)) return PL_E_RANGE;
        *out = value;
        return 0;
    }
    return PL_E_SYNTAX;
}

int pl_quantity_integer(struct pl_span in, int64_t *out)
{
    int64_t value;
    bool negative = in.len > 0 && in.ptr[0] == '-';
    if (negative) in = (struct pl_span){in.ptr + 1, in.len - 1};
    int err = take_number(&in, 0, &value);
    if (err) return err;
    if (in.len > 0) return PL_E_SYNTAX;
    *out = negative ? -value : value;
    return 0;
}

int pl_quantity_duration(struct pl_span in, int64_t *out_ms)
{
    static const struct unit units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    return take_with_unit(in, units, out_ms);
}

int pl_quantity_share(struct pl_span in, int64_t *out_ppm)
{
    int64_t value;
    bool percent = in.len > 0 && in.ptr[in.len - 1] == '%';
    if (percent) in.len--;
    int err = take_number(&in, percent ? 4 : 6, &value);
    if (err) return err;
    if (in.len > 0) return PL_E_SYNTAX;
    *out_ppm = value;
    return 0;
}

int pl_quantity_size(struct pl_span in, int64_t *out_bytes)
{
    static const struct unit units[] = {{"B", 1},          {"KiB", 1 << 10},  {"MiB", 1 << 20},
                                        {"GiB", 1 << 30},  {" B", 1},         {" KiB", 1 << 10},
                                        {" MiB", 1 << 20}, {" GiB", 1 << 30}, {NULL, 0}};
    return take_with_unit(in, units, out_bytes);
}
