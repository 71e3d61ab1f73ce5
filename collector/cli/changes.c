/* plimsoll changes: what changed on the hosts in the last 24 hours, newest first. */
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_print.h"
#include "common/base/name.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "Examples:\n"
    "  plimsoll changes\n"
    "  plimsoll changes --pool web\n"
    "  plimsoll changes --json | jq '.changes[].text'\n"
    "\n"
    "Shows what changed on the hosts in the last 24 hours, the newest first: packages, reboots, "
    "services\n"
    "that were started again, cores and memory, programs that run from deleted files. Times are "
    "UTC.\n"
    "\n"
    "  --pool P   only hosts of this pool\n"
    "  --host H   only this host\n"
    "  --json     the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 shown, 1 a bad answer, 2 wrong usage, 3 no collector answers.\n";

enum { WIDTH_HOST = 20 };

struct wish {
    const char *url, *state;   // state NULL: as the environment says
    struct pl_name pool, host; // empty: all
    bool as_json;
};

static void print(const cJSON *answer, FILE *out)
{
    const cJSON *list = pl_status_list(answer, "changes"), *change;
    double total = pl_status_number(answer, "changes_total");
    int shown = cJSON_GetArraySize(list);
    if (shown == 0) (void)fputs("Nothing changed in the last 24 hours.\n", out);
    cJSON_ArrayForEach(change, list)
    {
        pl_status_put_text(out, pl_status_text(change, "time"), 0);
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(change, "host"), WIDTH_HOST);
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(change, "text"), 0);
        (void)fputc('\n', out);
    }
    if (total > shown) (void)fprintf(out, "... and %.0f more\n", total - shown);
}

static int show(const struct wish *wish)
{
    char path[256];
    (void)snprintf(path, sizeof path, "/api/v1/changes%s%s%s%s", // names need no escape
                   wish->pool.len > 0 ? "?pool=" : "", wish->pool.text,
                   wish->host.len == 0  ? ""
                   : wish->pool.len > 0 ? "&host="
                                        : "?host=",
                   wish->host.text);
    return pl_client_show(&(struct pl_client_wish){wish->url, wish->state, wish->as_json, print},
                          path);
}

/* False, and it was said, if it is no name. */
static bool read_name(const char *option, const char *text, struct pl_name *out)
{
    if (pl_name_parse(pl_span_of(text), out) == 0) return true;
    pl_cli_complain("%s '%s' is not a name: 1 to 63 letters, digits, dots, underscores and hyphens",
                    option, text);
    return false;
}

int pl_changes_main(int argc, char **argv)
{
    enum { JSON = 1, URL, STATE, POOL, HOST, HELP };
    static const struct option options[] = {{"json", no_argument, NULL, JSON},
                                            {"url", required_argument, NULL, URL},
                                            {"state", required_argument, NULL, STATE},
                                            {"pool", required_argument, NULL, POOL},
                                            {"host", required_argument, NULL, HOST},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    struct wish wish = {.url = pl_client_url()};
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case JSON: wish.as_json = true; break;
        case URL: wish.url = optarg; break;
        case STATE: wish.state = optarg; break;
        case POOL:
            if (!read_name("--pool", optarg, &wish.pool)) return PL_EXIT_USAGE;
            break;
        case HOST:
            if (!read_name("--host", optarg, &wish.host)) return PL_EXIT_USAGE;
            break;
        case HELP: (void)fputs(usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    if (optind < argc) {
        pl_cli_complain("changes takes no argument '%s'", argv[optind]);
        return PL_EXIT_USAGE;
    }
    return show(&wish);
}
