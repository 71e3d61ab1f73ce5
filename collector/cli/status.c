/* plimsoll status: three questions to the API, one table or one JSON object; plimsoll top: the
 * table again every second. */
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_view.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char usage[] =
    "Examples:\n"
    "  plimsoll status\n"
    "  plimsoll status --json | jq '.alerts.alerts[].summary'\n"
    "  plimsoll status --url http://127.0.0.1:8411\n"
    "\n"
    "Shows pools and hosts (the worst first) and alerts of a collector. Of a pool: what is left\n"
    "after losing a host (N-1), until when, and which resource ends it.\n"
    "\n"
    "  --json     one object with the API's answers: pools, hosts, alerts\n" PL_CLIENT_OPTIONS_HELP
    "\n"
    "NO_COLOR turns colours off. Exit status: 0 shown, 1 a bad answer, 2 wrong usage, 3 no "
    "collector\n"
    "answers.\n";

static const char top_usage[] = "Examples:\n"
                                "  plimsoll top\n"
                                "  plimsoll top --url http://127.0.0.1:8411\n"
                                "\n"
                                "What plimsoll status shows, every second until Ctrl-C.\n"
                                "\n" PL_CLIENT_OPTIONS_HELP "\n"
                                "NO_COLOR turns colours off. Exit status as of plimsoll status.\n";

#define CLEAR_SCREEN "\033[H\033[2J"

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

static int show_once(struct pl_client *client, bool as_json, bool afresh)
{
    struct answers answers = {0};
    int status = ask(client, &answers);
    if (status == PL_EXIT_OK && afresh) (void)fputs(CLEAR_SCREEN, stdout);
    if (status == PL_EXIT_OK) print(&answers, as_json);
    for (size_t i = 0; i < ANSWER_COUNT; i++) {
        cJSON_Delete(answers.json[i]);
        free(answers.reply[i].text);
    }
    return status;
}

struct wish {
    const char *url, *state; // state NULL: as the environment says
    bool as_json;
};

static int show(const struct wish *w, bool again)
{
    struct pl_client client;
    bool afresh = again && isatty(STDOUT_FILENO);
    int status = pl_client_init(&client, w->url, w->state);
    if (status != PL_EXIT_OK) return status;
    do status = show_once(&client, w->as_json, afresh);
    while (again && status == PL_EXIT_OK && fflush(stdout) == 0 && sleep(1) == 0);
    pl_client_fini(&client);
    return status;
}

static int run(int argc, char **argv, bool is_top)
{
    enum { JSON = 1, URL, STATE, HELP };
    static const struct option options[] = {{"json", no_argument, NULL, JSON},
                                            {"url", required_argument, NULL, URL},
                                            {"state", required_argument, NULL, STATE},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    struct wish wish = {.url = pl_client_url()};
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case JSON:
            wish.as_json = !is_top;
            if (wish.as_json) break;
            pl_cli_complain("top has no --json; plimsoll status --json does it");
            return PL_EXIT_USAGE;
        case URL: wish.url = optarg; break;
        case STATE: wish.state = optarg; break;
        case HELP: (void)fputs(is_top ? top_usage : usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    if (optind < argc) {
        pl_cli_complain("%s takes no argument '%s'", is_top ? "top" : "status", argv[optind]);
        return PL_EXIT_USAGE;
    }
    return show(&wish, is_top);
}

int pl_status_main(int argc, char **argv)
{
    return run(argc, argv, false);
}

int pl_top_main(int argc, char **argv)
{
    return run(argc, argv, true);
}
