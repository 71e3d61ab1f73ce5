#include "collector/cli/status_view.h"

#include "collector/cli/status_print.h"
#include "common/base/base.h"

#include <math.h>
#include <string.h>

static void put_host(FILE *out, const cJSON *host, size_t width, bool colour)
{
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(host, "metrics");
    double age_ms = pl_status_number(host, "age_ms");
    pl_status_put_state(out, pl_status_text(host, "state"), colour);
    pl_status_put_text(out, pl_status_text(host, "name"), width);
    (void)fputs("  cpu ", out);
    pl_status_put_percent(out, pl_status_number(metrics, "cpu.busy"), 3);
    (void)fputs("  memory ", out);
    pl_status_put_percent(out, pl_status_number(metrics, "memory.used"), 3);
    if (!isnan(age_ms)) (void)fprintf(out, "  %.1f s ago", age_ms / 1000);
    (void)fputs("  in ", out);
    pl_status_put_text(out, pl_status_text(host, "pool"), 0);
    (void)fputc('\n', out);
}

static void put_hosts(FILE *out, const cJSON *list, bool colour)
{
    size_t width = pl_status_width(list, "name");
    int total = cJSON_GetArraySize(list), shown = 0;
    (void)fputs("\nHosts\n", out);
    for (size_t i = 0; i < PL_STATUS_STATES; i++) {
        const cJSON *host = NULL;
        cJSON_ArrayForEach(host, list)
        {
            if (pl_status_rank(pl_status_text(host, "state")) != i) continue;
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
    pl_status_put_text(out, pl_status_text(alert, key), 0);
}

static void put_alerts(FILE *out, const cJSON *list, bool colour)
{
    size_t width = pl_status_width(list, "id");
    const cJSON *alert = NULL;
    (void)fputs("\nAlerts\n", out);
    if (cJSON_GetArraySize(list) == 0) (void)fputs("  none\n", out);
    cJSON_ArrayForEach(alert, list)
    {
        pl_status_put_state(out, pl_status_text(alert, "state"), colour);
        pl_status_put_text(out, pl_status_text(alert, "id"), width);
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(alert, "tier"), 4);
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(alert, "summary"), 0);
        (void)fputs(", since ", out);
        pl_status_put_text(out, pl_status_text(alert, "since"), 0);
        put_told(out, ", a consequence of ", alert, "hidden_by");
        put_told(out, ", what helps: ", alert, "helps");
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
        pl_status_put_state(out, "watch", colour);
        pl_status_put_text(out, pl_status_text(note, "text"), 0);
        (void)fputs(", since ", out);
        pl_status_put_text(out, pl_status_text(note, "since"), 0);
        (void)fputc('\n', out);
    }
}

void pl_status_view(const struct pl_status *status, bool colour, FILE *out)
{
    pl_status_put_text(out, pl_status_text(status->pools, "now"), 0);
    (void)fputc('\n', out);
    put_notes(out, pl_status_list(status->pools, "notes"), colour);
    pl_status_pools(out, pl_status_list(status->pools, "pools"), colour);
    put_hosts(out, pl_status_list(status->hosts, "hosts"), colour);
    put_alerts(out, pl_status_list(status->alerts, "alerts"), colour);
}
