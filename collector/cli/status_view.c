#include "collector/cli/status_view.h"

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
enum { WORST_FIRST_COUNT = 5 };

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "-";
}

static double number_of(const cJSON *object, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, key)); // NAN if none
}

static const cJSON *list_of(const cJSON *answer, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(answer, key);
}

/* Printable text, then blanks up to `width` columns. UTF-8 passes, its C1 controls do not. */
static void put_text(FILE *out, const char *text, size_t width)
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

static void put_state(FILE *out, const char *state, bool colour)
{
    const struct look unknown = {state, "?", state, "0"};
    const struct look *look = &unknown;
    for (size_t i = 0; i < PL_LEN(looks); i++) {
        if (strcmp(looks[i].state, state) == 0) look = &looks[i];
    }
    (void)fputs("  ", out);
    if (colour) (void)fprintf(out, "\033[%sm", look->colour);
    (void)fprintf(out, "%s ", look->shape);
    put_text(out, look->word, 0);
    if (colour) (void)fputs("\033[0m", out);
    for (size_t len = strlen(look->word); len < 13; len++) (void)fputc(' ', out);
}

/* "97 %", at least `width` columns before the sign; "-" without a value. */
static void put_percent(FILE *out, double share, int width)
{
    if (isnan(share)) {
        (void)fprintf(out, "%*s %%", width, "-");
    } else {
        (void)fprintf(out, "%*.0f %%", width, share * 100);
    }
}

/* Columns the longest `key` of the list takes. */
static size_t width_of(const cJSON *list, const char *key)
{
    size_t width = 0;
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list) width = PL_MAX(width, strlen(text_of(item, key)));
    return PL_MIN(width, NAME_WIDTH_MAX);
}

static void put_pool(FILE *out, const cJSON *pool, size_t width, bool colour)
{
    const cJSON *hosts = cJSON_GetObjectItemCaseSensitive(pool, "hosts");
    const cJSON *worst = cJSON_GetObjectItemCaseSensitive(pool, "worst");
    const cJSON *traffic = cJSON_GetObjectItemCaseSensitive(pool, "traffic");
    put_state(out, text_of(pool, "state"), colour);
    put_text(out, text_of(pool, "name"), width);
    (void)fprintf(out, "  %.0f of %.0f hosts up", number_of(hosts, "up"),
                  number_of(hosts, "total"));
    if (cJSON_IsObject(worst)) {
        (void)fputs(", ", out);
        put_percent(out, number_of(worst, "utilisation"), 0);
        (void)fputs(" of ", out);
        put_text(out, text_of(worst, "resource"), 0);
        (void)fputs(" at ", out);
        put_text(out, text_of(worst, "host"), 0);
        (void)fputs(", page at ", out);
        put_percent(out, number_of(worst, "limit"), 0);
    }
    if (!isnan(number_of(traffic, "value"))) {
        (void)fprintf(out, ", %.0f ", number_of(traffic, "value"));
        put_text(out, text_of(traffic, "unit"), 0);
    }
    (void)fputc('\n', out);
}

static void put_pools(FILE *out, const cJSON *list, bool colour)
{
    size_t width = width_of(list, "name");
    (void)fputs("\nPools\n", out);
    if (cJSON_GetArraySize(list) == 0) (void)fputs("  none yet: no agent has connected\n", out);
    const cJSON *pool = NULL;
    cJSON_ArrayForEach(pool, list) put_pool(out, pool, width, colour);
}

static void put_host(FILE *out, const cJSON *host, size_t width, bool colour)
{
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(host, "metrics");
    double age_ms = number_of(host, "age_ms");
    put_state(out, text_of(host, "state"), colour);
    put_text(out, text_of(host, "name"), width);
    (void)fputs("  cpu ", out);
    put_percent(out, number_of(metrics, "cpu.busy"), 3);
    (void)fputs("  memory ", out);
    put_percent(out, number_of(metrics, "memory.used"), 3);
    if (!isnan(age_ms)) (void)fprintf(out, "  %.1f s ago", age_ms / 1000);
    (void)fputs("  in ", out);
    put_text(out, text_of(host, "pool"), 0);
    (void)fputc('\n', out);
}

static void put_hosts(FILE *out, const cJSON *list, bool colour)
{
    size_t width = width_of(list, "name");
    int total = cJSON_GetArraySize(list), shown = 0;
    (void)fputs("\nHosts\n", out);
    for (size_t i = 0; i < WORST_FIRST_COUNT; i++) {
        const cJSON *host = NULL;
        cJSON_ArrayForEach(host, list)
        {
            if (strcmp(text_of(host, "state"), looks[i].state) != 0) continue;
            if (shown == PL_STATUS_HOSTS_MAX) break;
            put_host(out, host, width, colour);
            shown++;
        }
    }
    if (shown < total) (void)fprintf(out, "  and %d more\n", total - shown);
    if (total == 0) (void)fputs("  none yet\n", out);
}

/* What not every alert says. */
static void put_told(FILE *out, const char *words, const cJSON *alert, const char *key)
{
    if (!cJSON_HasObjectItem(alert, key)) return;
    (void)fputs(words, out);
    put_text(out, text_of(alert, key), 0);
}

static void put_alerts(FILE *out, const cJSON *list, bool colour)
{
    size_t width = width_of(list, "id");
    const cJSON *alert = NULL;
    (void)fputs("\nAlerts\n", out);
    if (cJSON_GetArraySize(list) == 0) (void)fputs("  none\n", out);
    cJSON_ArrayForEach(alert, list)
    {
        put_state(out, text_of(alert, "state"), colour);
        put_text(out, text_of(alert, "id"), width);
        (void)fputs("  ", out);
        put_text(out, text_of(alert, "tier"), 4);
        (void)fputs("  ", out);
        put_text(out, text_of(alert, "summary"), 0);
        (void)fputs(", since ", out);
        put_text(out, text_of(alert, "since"), 0);
        put_told(out, ", a consequence of ", alert, "hidden_by");
        put_told(out, ", owner ", alert, "owner");
        put_told(out, ", runbook ", alert, "runbook");
        (void)fputc('\n', out);
    }
}

/* What the collector says about itself. */
static void put_notes(FILE *out, const cJSON *list, bool colour)
{
    const cJSON *note = NULL;
    cJSON_ArrayForEach(note, list)
    {
        put_state(out, "watch", colour);
        put_text(out, text_of(note, "text"), 0);
        (void)fputs(", since ", out);
        put_text(out, text_of(note, "since"), 0);
        (void)fputc('\n', out);
    }
}

void pl_status_view(const struct pl_status *status, bool colour, FILE *out)
{
    put_text(out, text_of(status->pools, "now"), 0);
    (void)fputc('\n', out);
    put_notes(out, list_of(status->pools, "notes"), colour);
    put_pools(out, list_of(status->pools, "pools"), colour);
    put_hosts(out, list_of(status->hosts, "hosts"), colour);
    put_alerts(out, list_of(status->alerts, "alerts"), colour);
}
