#include "collector/cli/chart_svg.h"

#include "collector/cli/story_text.h"
#include "collector/codec/alert_text.h"

#include <math.h>

enum {
    WIDTH = 960,
    HEIGHT = 420,
    LEFT = 72,
    RIGHT = 24,
    TOP = 84,
    BOTTOM = 60,
    PLOT_WIDTH = WIDTH - LEFT - RIGHT,
    PLOT_HEIGHT = HEIGHT - TOP - BOTTOM,
    TIME_TICKS_MAX = 8,
    VALUE_TICKS = 5,
    PIXEL_MARK = 7,
};

static const char head[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 420\" width=\"960\" "
    "height=\"420\" role=\"img\" aria-labelledby=\"title desc\">\n"
    "<style>\n"
    "text{font:13px system-ui,sans-serif;fill:#1b1f24}\n"
    ".bg{fill:#fff}.grid{stroke:#d5dae0;stroke-width:1}.axis{stroke:#57606a;stroke-width:1}\n"
    ".heading{font-size:17px;font-weight:600}.small{fill:#57606a}\n"
    ".area{fill:#56b4e9;fill-opacity:.35}.line{fill:none;stroke:#0072b2;stroke-width:1.8}\n"
    ".capacity{stroke:#1b1f24;stroke-width:1.6;stroke-dasharray:7 5}\n"
    ".page path{fill:#c23b00;stroke:#c23b00;stroke-width:1.6}\n"
    ".warn path{fill:none;stroke:#8a5a00;stroke-width:1.6}\n"
    "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.bg{fill:#0d1117}\n"
    ".grid{stroke:#2a313a}.axis{stroke:#9aa4af}.small{fill:#9aa4af}\n"
    ".line{stroke:#79c0ff}.area{fill:#1f6feb}.capacity{stroke:#e6edf3}\n"
    ".page path{fill:#ff8a4c;stroke:#ff8a4c}.warn path{stroke:#e3b341}}\n"
    "</style>\n";

struct frame {
    FILE *out; // borrowed
    int64_t from_unix_ms, to_unix_ms;
    double top; // value at the upper edge
};

/* Text between tags or in an attribute; control bytes have no place in XML 1.0. */
static void put_escaped(FILE *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '<')
            (void)fputs("&lt;", out);
        else if (*c == '&')
            (void)fputs("&amp;", out);
        else if (*c == '"')
            (void)fputs("&quot;", out);
        else
            (void)fputc((unsigned char)*c < ' ' ? '?' : *c, out);
    }
}

static double x_of(const struct frame *f, int64_t unix_ms)
{
    double share = (double)(unix_ms - f->from_unix_ms) / (double)(f->to_unix_ms - f->from_unix_ms);
    return LEFT + PLOT_WIDTH * fmin(fmax(share, 0), 1);
}

static double y_of(const struct frame *f, double value)
{
    return TOP + PLOT_HEIGHT * (1 - value / f->top);
}

/* The least of 1, 2 and 5 times a power of ten that is at least `value`. */
static double round_up(double value)
{
    double unit = pow(10, floor(log10(value)));
    double steps = value / unit;
    return unit * (steps <= 1 ? 1 : steps <= 2 ? 2 : steps <= 5 ? 5 : 10);
}

static void put_value_axis(struct frame *f)
{
    double step = round_up(f->top / VALUE_TICKS);
    for (int n = 0; n * step <= f->top; n++) {
        double value = n * step, y = y_of(f, value);
        (void)fprintf(f->out,
                      "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                      "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.6g</text>\n",
                      LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, value);
    }
}

static int64_t time_step_ms(int64_t span_ms)
{
    static const int32_t steps_s[] = {1,     2,     5,     10,    15,     30,    60,
                                      120,   300,   600,   900,   1800,   3600,  7200,
                                      10800, 21600, 43200, 86400, 172800, 604800};
    for (size_t i = 0; i < PL_LEN(steps_s); i++) {
        if (span_ms / 1000 / steps_s[i] < TIME_TICKS_MAX) return (int64_t)steps_s[i] * 1000;
    }
    return (span_ms / TIME_TICKS_MAX / 86400000 + 1) * 86400000;
}

/* "14:03", "14:03:12" or "05-01", as fine as the steps are; the date where a day begins. */
static void put_time_label(FILE *out, int64_t unix_ms, int64_t step_ms)
{
    enum { MINUTE_MS = 60000, DAY_MS = 86400000 };
    char time[PL_STORY_TIME_BYTES];
    pl_story_time_write(time, unix_ms);
    if (unix_ms % DAY_MS == 0)
        (void)fprintf(out, "%.5s", time + 5);
    else
        (void)fprintf(out, "%.*s", step_ms < MINUTE_MS ? 8 : 5, time + 11);
}

static void put_time_axis(struct frame *f)
{
    int64_t step_ms = time_step_ms(f->to_unix_ms - f->from_unix_ms);
    char from[PL_STORY_TIME_BYTES], to[PL_STORY_TIME_BYTES];
    pl_story_time_write(from, f->from_unix_ms);
    pl_story_time_write(to, f->to_unix_ms);
    int64_t first = (f->from_unix_ms + step_ms - 1) / step_ms * step_ms;
    for (int64_t at = first; at <= f->to_unix_ms; at += step_ms) {
        (void)fprintf(f->out,
                      "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                      "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
                      x_of(f, at), x_of(f, at), HEIGHT - BOTTOM, HEIGHT - BOTTOM + 5, x_of(f, at),
                      HEIGHT - BOTTOM + 20);
        put_time_label(f->out, at, step_ms);
        (void)fputs("</text>\n", f->out);
    }
    (void)fprintf(f->out,
                  "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>"
                  "<text class=\"small\" x=\"%d\" y=\"%d\">%s to %s</text>\n",
                  LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM, HEIGHT - BOTTOM, LEFT, HEIGHT - 14, from,
                  to);
}

static double mean_of(const struct pl_story_bucket *cell)
{
    return cell->sum / cell->count;
}

static int64_t middle_of(const struct pl_story_pool *p, uint32_t i)
{
    return p->begin_unix_ms + p->bucket_ms * i + (p->bucket_ms > 1000 ? p->bucket_ms / 2 : 0);
}

/* A cell follows the one before it unless much more time lies between them than is usual. */
static int64_t usual_gap_cells(const struct pl_story_pool *p)
{
    uint32_t filled = 0;
    for (uint32_t i = 0; i < p->bucket_count; i++) filled += p->buckets[i].count > 0;
    return filled > 0 ? 3 * (int64_t)(p->bucket_count / filled) + 1 : 1;
}

static void put_line(struct frame *f, const struct pl_story_pool *p, const char *class,
                     bool highest)
{
    int64_t gap = usual_gap_cells(p), last = -1;
    (void)fprintf(f->out, "<path class=\"%s\" d=\"", class);
    for (uint32_t i = 0; i < p->bucket_count; i++) {
        const struct pl_story_bucket *cell = &p->buckets[i];
        if (cell->count == 0) continue;
        bool joins = last >= 0 && i - last <= gap;
        (void)fprintf(f->out, "%c%.1f %.1f", joins ? 'L' : 'M', x_of(f, middle_of(p, i)),
                      y_of(f, highest ? cell->max : mean_of(cell)));
        last = i;
    }
    (void)fputs("\"/>\n", f->out);
}

/* From the highest value of each cell down to the axis; gaps stay gaps. */
static void put_area(struct frame *f, const struct pl_story_pool *p)
{
    int64_t gap = usual_gap_cells(p), last = -1;
    int floor_y = HEIGHT - BOTTOM;
    (void)fputs("<path class=\"area\" d=\"", f->out);
    for (uint32_t i = 0; i < p->bucket_count; i++) {
        if (p->buckets[i].count == 0) continue;
        double x = x_of(f, middle_of(p, i));
        bool joins = last >= 0 && i - last <= gap;
        if (!joins && last >= 0)
            (void)fprintf(f->out, "L%.1f %dZ", x_of(f, middle_of(p, (uint32_t)last)), floor_y);
        if (!joins) (void)fprintf(f->out, "M%.1f %d", x, floor_y);
        (void)fprintf(f->out, "L%.1f %.1f", x, y_of(f, p->buckets[i].max));
        last = i;
    }
    if (last >= 0)
        (void)fprintf(f->out, "L%.1f %dZ", x_of(f, middle_of(p, (uint32_t)last)), floor_y);
    (void)fputs("\"/>\n", f->out);
}

static void put_capacity(struct frame *f, const struct pl_story_pool *p)
{
    double y = y_of(f, p->capacity);
    (void)fprintf(f->out,
                  "<line class=\"capacity\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                  "<text x=\"%d\" y=\"%.1f\">capacity %.6g</text>\n",
                  LEFT, WIDTH - RIGHT, y, y, LEFT + 6, y - 6, p->capacity);
}

/* A filled triangle on a pole for a page, an open diamond for a warning. */
static void put_shape(FILE *out, bool is_page, double x, int y)
{
    enum { R = PIXEL_MARK };
    if (is_page)
        (void)fprintf(out, "<path d=\"M%.1f %dL%.1f %dL%.1f %dZM%.1f %dV%d\"/>", x - R, y - R,
                      x + R, y - R, x, y + R, x, y + R, HEIGHT - BOTTOM);
    else
        (void)fprintf(out, "<path d=\"M%.1f %dL%.1f %dL%.1f %dL%.1f %dZ\"/>", x, y - R, x + R, y, x,
                      y + R, x - R, y);
}

static void put_mark(struct frame *f, const struct pl_story_mark *mark)
{
    char text[PL_ALERT_TEXT_BYTES], time[PL_STORY_TIME_BYTES];
    struct pl_text t = pl_text_init(text, sizeof text);
    bool is_page = mark->tier == PL_TIER_PAGE;
    pl_alert_title_write(&mark->alert, mark->opened_unix_ms, &t);
    pl_story_time_write(time, mark->opened_unix_ms);
    (void)fprintf(f->out, "<g class=\"%s\"><title>%s %s: ", is_page ? "page" : "warn", time,
                  pl_rule_name(mark->rule));
    put_escaped(f->out, text);
    (void)fputs("</title>", f->out);
    put_shape(f->out, is_page, x_of(f, mark->opened_unix_ms), TOP - 10);
    (void)fputs("</g>\n", f->out);
}

static void put_legend(const struct pl_story_pool *p, FILE *out)
{
    (void)fprintf(out,
                  "<text class=\"heading\" x=\"%d\" y=\"28\">%s: traffic%s</text>\n"
                  "<g class=\"legend-page page\">",
                  LEFT, p->name.text, p->capacity > 0 ? " against capacity" : "");
    (void)fprintf(out, "<path d=\"M%d 41h14l-7 13Z\"/></g><text x=\"%d\" y=\"53\">%u %s</text>\n",
                  LEFT, LEFT + 20, p->page_count, p->page_count == 1 ? "page" : "pages");
    (void)fprintf(out,
                  "<g class=\"legend-warn warn\"><path d=\"M%d 41l7 7l-7 7l-7 -7Z\"/></g>"
                  "<text x=\"%d\" y=\"53\">%u %s</text>\n",
                  LEFT + 107, LEFT + 120, p->warn_count,
                  p->warn_count == 1 ? "warning" : "warnings");
    (void)fprintf(out,
                  "<text class=\"small\" x=\"%d\" y=\"53\">line: mean, area: highest%s%s</text>\n",
                  LEFT + 230, p->unit[0] != '\0' ? "; " : "", p->unit);
}

static void put_description(const struct pl_story *s, const struct pl_story_pool *p, FILE *out)
{
    char from[PL_STORY_TIME_BYTES], to[PL_STORY_TIME_BYTES];
    pl_story_time_write(from, s->begin_unix_ms);
    pl_story_time_write(to, s->end_unix_ms);
    (void)fprintf(out,
                  "<title id=\"title\">plimsoll replay: %s</title>\n"
                  "<desc id=\"desc\">Traffic of pool %s from %s to %s: highest %.6g, "
                  "capacity %.6g, %u pages, %u warnings.</desc>\n",
                  p->name.text, p->name.text, from, to, p->traffic.value, p->capacity,
                  p->page_count, p->warn_count);
}

void pl_chart_svg(const struct pl_story *s, const struct pl_story_pool *p, FILE *out)
{
    static const struct pl_story_pool nothing = {.name = {.text = "nothing recorded"}, .unit = ""};
    if (!p) p = &nothing;
    double highest = PL_MAX(p->capacity, p->traffic.value);
    struct frame f = {.out = out,
                      .from_unix_ms = s->begin_unix_ms,
                      .to_unix_ms = PL_MAX(s->end_unix_ms, s->begin_unix_ms + 1000),
                      .top = highest > 0 ? 1.08 * highest : 1};
    (void)fputs(head, out);
    put_description(s, p, out);
    (void)fprintf(out, "<rect class=\"bg\" width=\"%d\" height=\"%d\"/>\n", WIDTH, HEIGHT);
    put_value_axis(&f);
    put_time_axis(&f);
    if (p->bucket_count > 0) {
        put_area(&f, p);
        put_line(&f, p, "line", false);
    }
    if (p->capacity > 0) put_capacity(&f, p);
    for (uint32_t i = 0; i < p->mark_count; i++) put_mark(&f, &p->marks[i]);
    put_legend(p, out);
    (void)fputs("</svg>\n", out);
}
