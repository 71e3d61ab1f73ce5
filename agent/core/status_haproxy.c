/* haproxy's two answers in one text: lines "Name: value", an empty line, and comma-separated values
 * whose first line names the columns (management.txt, 9.1). Columns differ between versions, so
 * they are found by name; a quoted field never stands before one that is looked for. */
#include "agent/core/status.h"

#include "common/base/err.h"

enum column {
    COLUMN_NAME,     // FRONTEND, BACKEND, or a server
    COLUMN_QUEUED,   // requests waiting for a server
    COLUMN_CURRENT,  // sessions
    COLUMN_LIMIT,    // of sessions
    COLUMN_REQUESTS, // since the start
    COLUMN_MODE,     // "http", "tcp"; since 1.8
    COLUMN_COUNT
};

static const char *const column_names[COLUMN_COUNT] = {
    [COLUMN_NAME] = "svname", [COLUMN_QUEUED] = "qcur",      [COLUMN_CURRENT] = "scur",
    [COLUMN_LIMIT] = "slim",  [COLUMN_REQUESTS] = "req_tot", [COLUMN_MODE] = "mode",
};

struct row {
    struct pl_span fields[COLUMN_COUNT];
};

enum { NO_COLUMN = -1 };

/* The next field off `line`; false when nothing is left. */
static bool next_field(struct pl_span *line, struct pl_span *field)
{
    if (line->len == 0) return false;
    const uint8_t *comma = memchr(line->ptr, ',', line->len);
    size_t len = comma ? (size_t)(comma - line->ptr) : line->len;
    *field = (struct pl_span){line->ptr, len};
    len = PL_MIN(len + 1, line->len);
    *line = (struct pl_span){line->ptr + len, line->len - len};
    return true;
}

static void find_columns(struct pl_span head, int *columns)
{
    struct pl_span field;
    for (int c = 0; c < COLUMN_COUNT; c++) columns[c] = NO_COLUMN;
    for (int at = 0; next_field(&head, &field); at++) {
        for (int c = 0; c < COLUMN_COUNT; c++) {
            if (columns[c] == NO_COLUMN && pl_span_is(field, column_names[c])) columns[c] = at;
        }
    }
}

static struct row read_row(struct pl_span line, const int *columns)
{
    struct row row = {0};
    struct pl_span field;
    for (int at = 0; next_field(&line, &field); at++) {
        for (int c = 0; c < COLUMN_COUNT; c++) {
            if (columns[c] == at) row.fields[c] = field;
        }
    }
    return row;
}

/* Add a number to a sum that may not be known yet; an empty field adds nothing. */
static bool add(uint64_t *sum, struct pl_span field)
{
    uint64_t value = pl_scan_number(field);
    if (value == PL_RAW_ABSENT) return field.len == 0;
    uint64_t before = *sum == PL_RAW_ABSENT ? 0 : *sum;
    if (value > (uint64_t)INT64_MAX - before) return false;
    *sum = before + value;
    return true;
}

static void fullest(struct pl_status *out, uint64_t busy, uint64_t max)
{
    if (busy > INT32_MAX || max > INT32_MAX || max == 0) return;
    bool is_first = out->max == PL_RAW_ABSENT;
    if (!is_first && busy * out->max <= out->busy * max) return;
    out->busy = busy;
    out->max = max;
}

static bool take_row(struct pl_status *out, const struct row *row)
{
    const struct pl_span *f = row->fields;
    bool is_http = f[COLUMN_MODE].len == 0 || pl_span_is(f[COLUMN_MODE], "http");
    if (pl_span_is(f[COLUMN_NAME], "FRONTEND")) {
        fullest(out, pl_scan_number(f[COLUMN_CURRENT]), pl_scan_number(f[COLUMN_LIMIT]));
        return !is_http || add(&out->requests, f[COLUMN_REQUESTS]);
    }
    if (!pl_span_is(f[COLUMN_NAME], "BACKEND") || !is_http) return true;
    return add(&out->active, f[COLUMN_CURRENT]) && add(&out->waiting, f[COLUMN_QUEUED]);
}

int pl_status_haproxy(struct pl_span text, struct pl_status *out)
{
    static const char head[] = "# pxname,";
    struct pl_status found = {PL_RAW_ABSENT, PL_RAW_ABSENT, PL_RAW_ABSENT, PL_RAW_ABSENT,
                              PL_RAW_ABSENT};
    int columns[COLUMN_COUNT];
    bool in_table = false;
    struct pl_span line;
    fullest(&found, pl_status_value(text, "CurrConns: "), pl_status_value(text, "Maxconn: "));
    if (found.max == PL_RAW_ABSENT) return PL_E_SYNTAX;
    while (pl_scan_line(&text, &line)) {
        if (line.len > sizeof head - 1 && memcmp(line.ptr, head, sizeof head - 1) == 0) {
            find_columns(line, columns);
            in_table = true;
        } else if (in_table && line.len > 0) {
            struct row row = read_row(line, columns);
            if (!take_row(&found, &row)) return PL_E_SYNTAX;
        }
    }
    if (!in_table) return PL_E_SYNTAX;
    if (found.active != PL_RAW_ABSENT && found.active > INT32_MAX) return PL_E_RANGE;
    if (found.waiting != PL_RAW_ABSENT && found.waiting > INT32_MAX) return PL_E_RANGE;
    /* A backend's sessions are those its servers have and those that wait for one. */
    if (found.active != PL_RAW_ABSENT && found.waiting != PL_RAW_ABSENT)
        found.active -= PL_MIN(found.active, found.waiting);
    *out = found;
    return 0;
}
