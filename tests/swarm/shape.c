#include "tests/swarm/shape.h"

#include "collector/cli/csv.h"

#include <math.h>
#include <stdlib.h>

enum { LINE_LEN_MAX = 63 };

void shape_flat(struct shape *shape, double load)
{
    shape->count = 1;
    shape->points[0].second = 0;
    shape->points[0].load = load;
}

/* "second,load"; no number at all is NAN twice. */
static const char *parse_pair(struct pl_span line, double *second, double *value)
{
    char buf[LINE_LEN_MAX + 1] = "";
    char *end;
    memcpy(buf, line.ptr, line.len);
    *second = strtod(buf, &end);
    const char *comma = end;
    if (comma == buf || *comma != ',') return "is not SECOND,LOAD";
    *value = strtod(comma + 1, &end);
    bool ends = end != comma + 1 && (*end == '\0' || *end == '\r');
    return ends && isfinite(*second) && isfinite(*value) ? NULL : "is not SECOND,LOAD";
}

static const char *parse_row(struct pl_span line, double *second, double *value)
{
    struct pl_csv_row row;
    const char *problem = pl_csv_row(line, &row);
    if (problem) return problem;
    *second = (double)row.unix_ms / 1000;
    *value = row.value;
    return NULL;
}

static const char *add_point(struct shape *shape, double second, double load)
{
    if (!(load >= 0 && load <= SHAPE_LOAD_MAX)) return "has a load that is not 0 to 10";
    if (shape->count == SHAPE_POINTS_MAX) return "is one too many: 100000 points at most";
    bool rises = shape->count == 0 || second > shape->points[shape->count - 1].second;
    if (!rises) return "has a time that is not later than the one before";
    shape->points[shape->count].second = second;
    shape->points[shape->count++].load = load;
    return NULL;
}

/* Cut the first line off `*text`. */
static struct pl_span next_line(struct pl_span *text)
{
    const uint8_t *end = memchr(text->ptr, '\n', text->len);
    struct pl_span line = {text->ptr, end ? (size_t)(end - text->ptr) : text->len};
    size_t used = line.len + (end ? 1 : 0);
    *text = (struct pl_span){text->ptr + used, text->len - used};
    return line;
}

const char *shape_parse(struct pl_span text, const struct shape_units *units, struct shape *shape,
                        uint32_t *line)
{
    const char *(*parse)(struct pl_span, double *, double *) = parse_pair;
    bool is_first = true;
    double begin = 0;
    shape->count = 0;
    for (*line = 1; text.len > 0; ++*line) {
        struct pl_span row = next_line(&text);
        double second, value;
        if (row.len == 0 || row.ptr[0] == '#') continue;
        if (row.len > LINE_LEN_MAX) return "is too long";
        bool may_be_heading = is_first;
        is_first = false;
        if (may_be_heading && !pl_csv_header(row)) {
            parse = parse_row;
            continue;
        }
        if (may_be_heading && pl_span_is(row, "second,load")) continue;
        const char *problem = parse(row, &second, &value);
        if (problem) return problem;
        if (isnan(value)) continue; // a gap
        if (parse == parse_row && shape->count == 0) begin = second;
        problem = add_point(shape, (second - begin) / units->speed, value / units->full);
        if (problem) return problem;
    }
    return shape->count > 0 ? NULL : "should hold a point: there is none";
}

/* Index of the first point after `second`; `count` if there is none. */
static uint32_t point_after(const struct shape *shape, double second)
{
    uint32_t low = 0, high = shape->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (shape->points[middle].second <= second)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double shape_at(const struct shape *shape, double second)
{
    uint32_t after = point_after(shape, second);
    if (after == 0) return shape->points[0].load;
    if (after == shape->count) return shape->points[after - 1].load;
    double from = shape->points[after - 1].second, to = shape->points[after].second;
    double share = (second - from) / (to - from);
    return shape->points[after - 1].load +
           share * (shape->points[after].load - shape->points[after - 1].load);
}
