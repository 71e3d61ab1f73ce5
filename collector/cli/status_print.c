#include "collector/cli/status_print.h"

#include "common/base/base.h"

#include <math.h>
#include <string.h>

enum { NAME_WIDTH_MAX = 32 };

/* The states of pools and hosts, worst first, then those of alerts. */
static const struct look {
    const char *state, *shape, *word, *colour;
} looks[] = {
    {"silent", "■", "silent", "35"},   {"act", "◆", "act now", "31"},
    {"watch", "△", "watch", "33"},     {"nodata", "┄", "no data yet", "2"},
    {"ok", "○", "ok", "32"},           {"firing", "◆", "firing", "31"},
    {"pending", "△", "pending", "33"}, {"resolved", "○", "resolved", "32"},
};

size_t pl_status_rank(const char *state)
{
    for (size_t i = 0; i < PL_LEN(looks); i++) {
        if (strcmp(looks[i].state, state) == 0) return i;
    }
    return PL_LEN(looks);
}

const char *pl_status_text(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "-";
}

double pl_status_number(const cJSON *object, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, key)); // NAN if none
}

const cJSON *pl_status_list(const cJSON *answer, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(answer, key);
}

/* Printable text, then blanks up to `width` columns. UTF-8 passes, its C1 controls do not. */
void pl_status_put_text(FILE *out, const char *text, size_t width)
{
    size_t columns = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool is_c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;
        bool is_control = is_c1 || *p < 0x20 || *p == 0x7f;
        (void)fputc(is_control ? '?' : *p, out);
        columns += (*p & 0xc0) != 0x80;
        p += is_c1; // two bytes
    }
    for (; columns < width; columns++) (void)fputc(' ', out);
}

void pl_status_put_state(FILE *out, const char *state, bool colour)
{
    const struct look unknown = {state, "?", state, "0"};
    const struct look *look = &unknown;
    for (size_t i = 0; i < PL_LEN(looks); i++) {
        if (strcmp(looks[i].state, state) == 0) look = &looks[i];
    }
    (void)fputs("  ", out);
    if (colour) (void)fprintf(out, "\033[%sm", look->colour);
    (void)fprintf(out, "%s ", look->shape);
    pl_status_put_text(out, look->word, 0);
    if (colour) (void)fputs("\033[0m", out);
    for (size_t len = strlen(look->word); len < 13; len++) (void)fputc(' ', out);
}

/* "97 %", at least `width` columns before the sign; "-" without a value. */
void pl_status_put_percent(FILE *out, double share, int width)
{
    if (isnan(share)) {
        (void)fprintf(out, "%*s %%", width, "-");
    } else {
        (void)fprintf(out, "%*.0f %%", width, share * 100);
    }
}

/* Columns the longest `key` of the list takes. */
size_t pl_status_width(const cJSON *list, const char *key)
{
    size_t width = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list) width = PL_MAX(width, strlen(pl_status_text(item, key)));
    return PL_MIN(width, NAME_WIDTH_MAX);
}
