/* plimsoll status: three questions to the API, one table or one JSON object. */
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_view.h"
#include "common/base/err.h"

#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "Examples:\n"
    "  plimsoll status\n"
    "  plimsoll status --json | jq '.alerts.alerts[].summary'\n"
    "  plimsoll status --url http://127.0.0.1:8411\n"
    "\n"
    "Shows pools, hosts (the worst first) and alerts of a collector.\n"
    "\n"
    "  --json     one object with the API's answers: pools, hosts, alerts\n"
    "  --url URL  where the collector's pages are (else PLIMSOLL_URL, else " PL_CLIENT_URL_DEFAULT
    ")\n"
    "\n"
    "NO_COLOR turns colours off. Exit status: 0 shown, 1 a bad answer, 2 wrong usage, 3 no "
    "collector\n"
    "answers.\n";

enum { POOLS, HOSTS, ALERTS, ANSWER_COUNT };

static const struct {
    const char *name, *path;
} questions[ANSWER_COUNT] = {
    {"pools", "/api/v1/pools"},
    {"hosts", "/api/v1/hosts"},
    {"alerts", "/api/v1/alerts"},
};

struct answers {
    struct pl_reply reply[ANSWER_COUNT];
    cJSON *json[ANSWER_COUNT]; // owned
};

static int ask(struct pl_client *client, struct answers *answers)
{
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        int status = pl_client_get(client, questions[i].path, &answers->reply[i]);
        if (status != PL_EXIT_OK) return status;
        answers->json[i] = cJSON_ParseWithLength(answers->reply[i].text, answers->reply[i].len);
        if (cJSON_IsObject(answers->json[i])) continue;
        pl_cli_complain("%s%s did not answer with a JSON object", client->base, questions[i].path);
        return PL_EXIT_FAILURE;
    }
    return PL_EXIT_OK;
}

static void print(const struct answers *answers, bool as_json)
{
    if (!as_json) {
        bool colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
        struct pl_status status = {answers->json[POOLS], answers->json[HOSTS],
                                   answers->json[ALERTS]};
        pl_status_view(&status, colour, stdout);
        return;
    }
    const char *separator = "{";
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        (void)printf("%s\"%s\":%s", separator, questions[i].name, answers->reply[i].text);
        separator = ",";
    }
    (void)puts("}");
}

static int show(const char *url, bool as_json)
{
    struct pl_client client;
    struct answers answers = {0};
    int err = pl_client_init(&client, url);
    if (err < 0) {
        pl_cli_complain("'%s' is not the address of a collector: %s", url, pl_err_text(err));
        return PL_EXIT_USAGE;
    }
    int status = ask(&client, &answers);
    if (status == PL_EXIT_OK) print(&answers, as_json);
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        cJSON_Delete(answers.json[i]);
        free(answers.reply[i].text);
    }
    pl_client_fini(&client);
    return status;
}

int pl_status_main(int argc, char **argv)
{
    enum { JSON = 1, URL, HELP };
    static const struct option options[] = {{"json", no_argument, NULL, JSON},
                                            {"url", required_argument, NULL, URL},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    const char *url = getenv("PLIMSOLL_URL");
    bool as_json = false;
    if (!url || url[0] == '\0') url = PL_CLIENT_URL_DEFAULT;
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case JSON: as_json = true; break;
        case URL: url = optarg; break;
        case HELP: (void)fputs(usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    if (optind < argc) {
        pl_cli_complain("status takes no argument '%s'", argv[optind]);
        return PL_EXIT_USAGE;
    }
    return show(url, as_json);
}
