#include "collector/cli/csv.h"

#include "collector/codec/query.h"
#include "common/base/err.h"
#include "common/base/text.h"

#include <math.h>
#include <stdlib.h>

enum { FIELD_BYTES = 64 };

static struct pl_span without_cr(struct pl_span line)
{
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
    return line;
}

const char *pl_csv_header(struct pl_span line)
{
    if (pl_span_is(without_cr(line), "timestamp,value")) return NULL;
    return "is not the header 'timestamp,value'";
}

int pl_csv_number(struct pl_span text, double *out)
{
    char buf[FIELD_BYTES];
    char *end = NULL;
    if (text.len == 0 || text.len >= sizeof buf) return PL_E_SYNTAX;
    for (size_t i = 0; i < text.len; i++) {
        if (!memchr("0123456789+-.eE", text.ptr[i], 15)) return PL_E_SYNTAX; // no blanks, hex, inf
        buf[i] = (char)text.ptr[i];
    }
    buf[text.len] = '\0';
    double value = strtod(buf, &end);
    if (*end != '\0') return PL_E_SYNTAX;
    if (!isfinite(value)) return PL_E_RANGE;
    *out = value;
    return 0;
}

/* "2026-05-01 14:03:12" as RFC 3339 has it; what is not of that form stays as it is. */
int pl_csv_time(struct pl_span text, int64_t *unix_ms)
{
    char buf[FIELD_BYTES];
    enum { DATE_LEN = 10 };
    struct pl_text t = pl_text_init(buf, sizeof buf);
    bool has_blank = text.len > DATE_LEN && text.ptr[DATE_LEN] == ' ';
    pl_text_span(&t, text);
    if (has_blank) buf[DATE_LEN] = 'T';
    if (has_blank) pl_text_char(&t, 'Z');
    return t.overflow ? PL_E_SYNTAX : pl_query_time(buf, unix_ms);
}

const char *pl_csv_row(struct pl_span line, struct pl_csv_row *out)
{
    struct pl_csv_row row = {.value = (double)NAN};
    line = without_cr(line);
    const uint8_t *comma = line.len > 0 ? memchr(line.ptr, ',', line.len) : NULL;
    if (!comma) return "is not TIMESTAMP,VALUE";
    row.time_text = (struct pl_span){line.ptr, (size_t)(comma - line.ptr)};
    row.value_text = (struct pl_span){comma + 1, line.len - row.time_text.len - 1};
    if (memchr(row.time_text.ptr, '\0', line.len)) return "holds a NUL byte";
    if (pl_csv_time(row.time_text, &row.unix_ms) < 0) {
        return "does not begin with a time such as 2026-05-01 14:03:12";
    }
    bool is_gap = row.value_text.len == 0 || pl_span_is(row.value_text, "nan") ||
                  pl_span_is(row.value_text, "NaN");
    if (!is_gap && pl_csv_number(row.value_text, &row.value) < 0) {
        return "does not end with a number";
    }
    *out = row;
    return NULL;
}
