/* plimsoll explain: why an alert is as it is. */
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_print.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "Examples:\n"
    "  plimsoll explain limit/web\n"
    "  plimsoll explain saturation/shop --json\n"
    "\n"
    "Tells why an alert is as it is: what its rule wants and what it sees now, why it pages or "
    "does\n"
    "not, whom it goes to, and who was told. An alert is a rule and a pool, also one that never "
    "fired.\n"
    "\n"
    "  --json     the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 shown, 1 a bad answer or no such alert, 2 wrong usage, 3 no collector "
    "answers.\n";

enum { WIDTH_TOPIC = 8, PATH_BYTES = 384 };

static void print(const cJSON *answer, FILE *out)
{
    const cJSON *line;
    cJSON_ArrayForEach(line, pl_status_list(answer, "lines"))
    {
        pl_status_put_text(out, pl_status_text(line, "topic"), WIDTH_TOPIC);
        pl_status_put_text(out, pl_status_text(line, "text"), 0);
        (void)fputc('\n', out);
    }
}

/* The alert as one segment of a path: everything but letters and digits escaped. */
static void put_path(char out[PATH_BYTES], const char *alert)
{
    size_t len = (size_t)snprintf(out, PATH_BYTES, "/api/v1/alerts/");
    for (const char *c = alert; *c && len + sizeof "%2F/explain" < PATH_BYTES; c++) {
        bool plain =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        len += (size_t)snprintf(out + len, PATH_BYTES - len, plain ? "%c" : "%%%02X",
                                (unsigned char)*c);
    }
    (void)snprintf(out + len, PATH_BYTES - len, "/explain");
}

int pl_explain_main(int argc, char **argv)
{
    enum { JSON = 1, URL, STATE, HELP };
    static const struct option options[] = {{"json", no_argument, NULL, JSON},
                                            {"url", required_argument, NULL, URL},
                                            {"state", required_argument, NULL, STATE},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    struct pl_client_wish wish = {.url = pl_client_url(), .print = print};
    char path[PATH_BYTES];
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case JSON: wish.as_json = true; break;
        case URL: wish.url = optarg; break;
        case STATE: wish.state = optarg; break;
        case HELP: (void)fputs(usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    if (optind + 1 != argc) {
        pl_cli_complain("explain takes one alert, such as limit/web");
        return PL_EXIT_USAGE;
    }
    put_path(path, argv[optind]);
    return pl_client_show(&wish, path);
}
