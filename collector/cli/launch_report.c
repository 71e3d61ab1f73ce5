/* What came of a launch, and how good forecasts were, on a terminal. */
#include "collector/cli/launch.h"
#include "collector/cli/status_print.h"

#include <math.h>
#include <string.h>

enum { BAR_ROWS_MAX = 24, BAR_WIDTH = 48 };

static double at(const cJSON *point, int member)
{
    const cJSON *item = cJSON_GetArrayItem(point, member);
    return cJSON_IsNumber(item) ? item->valuedouble : (double)NAN;
}

/* The most of each kind in a stretch; NAN where nobody looked. */
static void look(const cJSON *points, int first, int end, double values[3])
{
    for (int m = 0; m < 3; m++) values[m] = (double)NAN;
    for (int i = first; i < end && i < cJSON_GetArraySize(points); i++) {
        for (int m = 0; m < 3; m++)
            values[m] = fmax(values[m], at(cJSON_GetArrayItem(points, i), m + 1));
    }
}

/* A bar for what came, and where P50 and P90 end. */
static void write_bar(const double values[3], double most, char bar[BAR_WIDTH + 1])
{
    int ends[3];
    for (int m = 0; m < 3; m++)
        ends[m] = (int)(fmin(fmax(values[m] / most, 0), 1) * (BAR_WIDTH - 1));
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)ends[0] + 1);
    bar[ends[1]] = 'o';
    bar[ends[2]] = '|';
    bar[BAR_WIDTH] = '\0';
}

static void put_curve(FILE *out, const cJSON *points)
{
    int count = cJSON_GetArraySize(points), each = (count + BAR_ROWS_MAX - 1) / BAR_ROWS_MAX;
    double most = 1, begin_ms = count > 0 ? at(cJSON_GetArrayItem(points, 0), 0) : 0;
    const cJSON *point;
    cJSON_ArrayForEach(point, points) most = fmax(most, fmax(at(point, 1), at(point, 3)));
    if (count > 0)
        (void)fputs("\n  what came (#), what was expected (o), the worst case (|):\n", out);
    for (int first = 0; first < count; first += each) {
        double values[3], since_ms = at(cJSON_GetArrayItem(points, first), 0) - begin_ms;
        char bar[BAR_WIDTH + 1];
        look(points, first, first + each, values);
        (void)fprintf(out, "  %4.0f min  ", since_ms / 60000);
        if (isnan(values[0])) {
            (void)fputs("nobody looked\n", out);
            continue;
        }
        write_bar(values, most, bar);
        (void)fprintf(out, "%s  %.0f\n", bar, values[0]);
    }
}

static void put_deeds(FILE *out, const char *title, const cJSON *list)
{
    const cJSON *deed;
    if (cJSON_GetArraySize(list) > 0) (void)fprintf(out, "\n  %s\n", title);
    cJSON_ArrayForEach(deed, list)
    {
        const char *time = pl_status_text(deed, "time");
        (void)fprintf(out, "    %.5sZ  ", strlen(time) > 11 ? time + 11 : time);
        pl_status_put_text(out, pl_status_text(deed, "text"), 0);
        (void)fputc('\n', out);
    }
}

static void put_learned(FILE *out, const cJSON *learned)
{
    const cJSON *item, *times = cJSON_GetObjectItemCaseSensitive(learned, "multiplier");
    if (pl_status_number(learned, "events") > 0)
        (void)fputs("\n  the next forecast for this customer\n", out);
    cJSON_ArrayForEach(item, pl_status_list(learned, "channels"))
    {
        (void)fputs("    ", out);
        pl_status_put_text(out, pl_status_text(item, "type"), 0);
        (void)fprintf(out, ": %.2f times the guess, by %.0f earlier\n",
                      pl_status_number(item, "factor"), pl_status_number(item, "events"));
    }
    if (cJSON_IsObject(times))
        (void)fprintf(out, "    of its kind: %.2f times the guess, by %.0f earlier\n",
                      pl_status_number(times, "factor"), pl_status_number(times, "events"));
}

void pl_launch_print_report(const cJSON *report, FILE *out)
{
    pl_status_put_text(out, pl_status_text(report, "title"), 0);
    (void)fputs(": ", out);
    pl_status_put_text(out, pl_status_text(report, "state"), 0);
    (void)fputs("\n  ", out);
    pl_status_put_text(out, pl_status_text(report, "text"), 0);
    (void)fputc('\n', out);
    put_curve(out, pl_status_list(report, "points"));
    put_deeds(out, "what happened", pl_status_list(report, "deeds"));
    put_deeds(out, "packages that changed although they were to stay as they are",
              pl_status_list(report, "upgrades"));
    put_learned(out, cJSON_GetObjectItemCaseSensitive(report, "learned"));
}

void pl_launch_print_quality(const cJSON *quality, FILE *out)
{
    pl_status_put_text(out, pl_status_text(quality, "text"), 0);
    (void)fputc('\n', out);
    if (pl_status_number(quality, "absent") > 0)
        (void)fprintf(out, "To %.0f nobody came.\n", pl_status_number(quality, "absent"));
}
