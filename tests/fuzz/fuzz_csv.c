/* Lines of a series: what is taken is a time and a finite number or a gap, borrowed from the line,
 * and reads the same after its time was written in another form. */
#include "tests/fuzz/fuzz.h"

#include "collector/cli/csv.h"
#include "common/base/text.h"

#include <math.h>

static void check_again(const struct pl_csv_row *row)
{
    char buf[PL_CSV_LINE_LEN_MAX + 64];
    struct pl_text text = pl_text_init(buf, sizeof buf);
    struct pl_csv_row again;
    pl_text_rfc3339(&text, row->unix_ms);
    pl_text_char(&text, ',');
    pl_text_span(&text, row->value_text);
    PL_ASSERT(!text.overflow && pl_csv_row(pl_text_bytes(&text), &again) == NULL);
    PL_ASSERT(again.unix_ms == row->unix_ms && isnan(again.value) == isnan(row->value));
    PL_ASSERT(isnan(row->value) || again.value == row->value);
}

static void check_line(struct pl_span line)
{
    struct pl_csv_row row;
    if (!pl_csv_header(line)) return;
    if (line.len > PL_CSV_LINE_LEN_MAX || pl_csv_row(line, &row) != NULL) return;
    bool has_cr = line.ptr[line.len - 1] == '\r';
    PL_ASSERT(row.unix_ms >= 0 && (isnan(row.value) || isfinite(row.value)));
    PL_ASSERT(row.time_text.ptr == line.ptr);
    PL_ASSERT(row.time_text.len + 1 + row.value_text.len + has_cr == line.len);
    check_again(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_span rest = {data, len};
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
        size_t line_len = end ? (size_t)(end - rest.ptr) : rest.len;
        check_line((struct pl_span){rest.ptr, line_len});
        line_len += end ? 1 : 0;
        rest = (struct pl_span){rest.ptr + line_len, rest.len - line_len};
    }
    return 0;
}
