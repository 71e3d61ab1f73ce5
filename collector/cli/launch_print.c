#include "collector/cli/launch.h"
#include "collector/cli/status_print.h"

#include <math.h>
#include <string.h>

enum { WIDTH_STATE = 10, WIDTH_VERDICT = 8, WIDTH_TIME = 17 };

/* "2026-05-01 14:03Z" */
static void put_time(FILE *out, const char *text)
{
    char buf[WIDTH_TIME + 1];
    if (strlen(text) < 16) {
        pl_status_put_text(out, text, 0);
        return;
    }
    (void)snprintf(buf, sizeof buf, "%.10s %.5sZ", text, text + 11);
    pl_status_put_text(out, buf, WIDTH_TIME);
}

static void put_line(FILE *out, const char *before, const char *text)
{
    (void)fputs(before, out);
    pl_status_put_text(out, text, 0);
    (void)fputc('\n', out);
}

static void put_pool(FILE *out, const cJSON *pool)
{
    const cJSON *remedies = pl_status_list(pool, "remedies"), *item;
    const cJSON *expected = cJSON_GetObjectItemCaseSensitive(pool, "expected");
    (void)fputs("\n  ", out);
    pl_status_put_text(out, pl_status_text(pool, "pool"), 0);
    (void)fputs(": ", out);
    pl_status_put_text(out, pl_status_text(pool, "verdict"), 0);
    (void)fputs("\n", out);
    put_line(out, "    ", pl_status_text(pool, "text"));
    (void)fprintf(out, "    expected %.0f to %.0f ", pl_status_number(expected, "p50"),
                  pl_status_number(expected, "p90"));
    pl_status_put_text(out, pl_status_text(pool, "unit"), 0);
    (void)fprintf(out, ", usual %.0f, room for %.0f; confidence ", pl_status_number(pool, "usual"),
                  pl_status_number(pool, "ceiling"));
    pl_status_put_text(out, pl_status_text(pool, "confidence"), 0);
    (void)fputc('\n', out);
    if (strlen(pl_status_text(pool, "missing")) > 1)
        put_line(out, "    missing: ", pl_status_text(pool, "missing"));
    cJSON_ArrayForEach(item, remedies)
    {
        bool in_time = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "in_time"));
        put_line(out, in_time ? "    + " : "    - ", pl_status_text(item, "text"));
    }
    cJSON_ArrayForEach(item, pl_status_list(pool, "assumptions"))
    {
        if (cJSON_IsString(item)) put_line(out, "    assumed: ", item->valuestring);
    }
}

void pl_launch_print(const cJSON *launch, FILE *out)
{
    const cJSON *pool, *item;
    bool dry = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(launch, "dry_run"));
    const cJSON *announce = cJSON_GetObjectItemCaseSensitive(launch, "announce_at");
    pl_status_put_text(out, pl_status_text(launch, "title"), 0);
    (void)fputs(", ", out);
    put_time(out, pl_status_text(launch, cJSON_IsString(announce) ? "announce_at" : "starts_at"));
    (void)fputs(": ", out);
    pl_status_put_text(out, pl_status_text(launch, "verdict"), 0);
    (void)fputc('\n', out);
    if (dry) {
        (void)fputs("  only judged, nothing is kept\n", out);
    } else {
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(launch, "id"), 0);
        (void)fprintf(out, ", revision %.0f, ", pl_status_number(launch, "revision"));
        pl_status_put_text(out, pl_status_text(launch, "state"), 0);
        (void)fputc('\n', out);
    }
    if (strlen(pl_status_text(launch, "watched_by")) > 1)
        put_line(out, "  watched by ", pl_status_text(launch, "watched_by"));
    cJSON_ArrayForEach(item, pl_status_list(launch, "findings"))
    {
        put_line(out, "  note: ", pl_status_text(item, "text"));
    }
    cJSON_ArrayForEach(pool, pl_status_list(launch, "pools_verdicts")) put_pool(out, pool);
}

void pl_launch_print_list(const cJSON *answer, FILE *out)
{
    const cJSON *list = pl_status_list(answer, "launches"), *launch;
    if (cJSON_GetArraySize(list) == 0) (void)fputs("Nothing is announced.\n", out);
    cJSON_ArrayForEach(launch, list)
    {
        put_time(out, pl_status_text(launch, "starts_at"));
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(launch, "id"), 0);
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(launch, "state"), WIDTH_STATE);
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(launch, "verdict"), WIDTH_VERDICT);
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(launch, "title"), 0);
        (void)fputc('\n', out);
    }
    if (strcmp(pl_status_text(answer, "next"), "-") != 0) (void)fputs("... and more\n", out);
}
