/* plimsoll oncall and plimsoll schedule: who is on call, and who is to be instead. */
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_print.h"
#include "common/base/name.h"
#include "common/base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char oncall_usage[] =
    "Examples:\n"
    "  plimsoll oncall\n"
    "  plimsoll oncall --at 2026-12-24T18:00 --schedule web\n"
    "\n"
    "Shows who is on call for every schedule and who comes next, in the zone of the schedule, and\n"
    "what is wrong with the coming fourteen days: gaps and double bookings.\n"
    "\n"
    "  --at TIME      at that moment instead of now: RFC 3339, or with --schedule a time of the\n"
    "                 clock in its zone\n"
    "  --schedule S   only this schedule\n"
    "  --json         the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 shown, 1 a bad answer, 2 wrong usage, 3 no collector answers.\n";

static const char schedule_usage[] =
    "Examples:\n"
    "  plimsoll schedule override add web alex 2026-12-24T18:00 2026-12-27T09:00\n"
    "  plimsoll schedule override remove 1798131600000\n"
    "\n"
    "Puts a person on call for a while, before what the layers of the schedule say and before "
    "earlier\n"
    "overrides, or takes that back by its number, which 'plimsoll oncall' shows. Times are those "
    "of\n"
    "the clock in the schedule's zone, or RFC 3339 with an offset.\n"
    "\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no collector answers.\n";

enum { WIDTH_SCHEDULE = 20, WIDTH_TEXT = 40, PATH_BYTES = 256, BODY_BYTES = 512 };

struct wish {
    struct pl_client_wish client;
    const char *at;          // NULL: now
    struct pl_name schedule; // empty: all
};

/* ---- plimsoll oncall ---- */

static void print_overrides(const cJSON *schedule, FILE *out)
{
    const cJSON *override;
    cJSON_ArrayForEach(override, pl_status_list(schedule, "overrides"))
    {
        (void)fputs("  override ", out);
        pl_status_put_text(out, pl_status_text(override, "id"), 0);
        (void)fputs(": ", out);
        pl_status_put_text(out, pl_status_text(override, "person"), 0);
        (void)fputs(" from ", out);
        pl_status_put_text(out, pl_status_text(override, "from"), 0);
        (void)fputs(" until ", out);
        pl_status_put_text(out, pl_status_text(override, "until"), 0);
        (void)fputs(", by ", out);
        pl_status_put_text(out, pl_status_text(override, "by"), 0);
        (void)fputc('\n', out);
    }
}

static void print(const cJSON *answer, FILE *out)
{
    const cJSON *schedule, *warning;
    const cJSON *schedules = pl_status_list(answer, "schedules");
    if (cJSON_GetArraySize(schedules) == 0) (void)fputs("There are no schedules.\n", out);
    cJSON_ArrayForEach(schedule, schedules)
    {
        const cJSON *next = cJSON_GetObjectItemCaseSensitive(schedule, "next");
        pl_status_put_text(out, pl_status_text(schedule, "schedule"), WIDTH_SCHEDULE);
        (void)fputs("  ", out);
        pl_status_put_text(out, pl_status_text(schedule, "text"), WIDTH_TEXT);
        if (cJSON_IsObject(next)) {
            const cJSON *person = cJSON_GetObjectItemCaseSensitive(next, "person");
            (void)fputs("  then ", out);
            pl_status_put_text(out, cJSON_IsString(person) ? person->valuestring : "nobody", 0);
        }
        (void)fputs("  (", out);
        pl_status_put_text(out, pl_status_text(schedule, "zone"), 0);
        (void)fputs(")\n", out);
        print_overrides(schedule, out);
    }
    cJSON_ArrayForEach(warning, pl_status_list(answer, "warnings"))
    {
        (void)fputs("warning: ", out);
        pl_status_put_text(out, pl_status_text(warning, "text"), 0);
        (void)fputc('\n', out);
    }
}

static int show(const struct wish *wish)
{
    char path[PATH_BYTES];
    struct pl_text t = pl_text_init(path, sizeof path);
    pl_text_str(&t, "/api/v1/schedules"); // names need no escape
    if (wish->schedule.len > 0) pl_text_char(&t, '/');
    pl_text_span(&t, pl_name_span(&wish->schedule));
    if (wish->at) pl_text_str(&t, "?at=");
    for (const char *c = wish->at; c && *c; c++) {
        pl_text_char(&t, '%');
        pl_text_hex(&t, (uint8_t)*c, 2);
    }
    if (t.overflow) {
        pl_cli_complain("--at '%s' is no time", wish->at);
        return PL_EXIT_USAGE;
    }
    return pl_client_show(&wish->client, path);
}

/* ---- plimsoll schedule override ---- */

static int add_override(const struct wish *wish, char **words)
{
    char path[PATH_BYTES], body[BODY_BYTES];
    struct pl_name schedule;
    static const char *const members[] = {"{\"person\":", ",\"from\":", ",\"until\":"};
    struct pl_text t = pl_text_init(body, sizeof body);
    if (pl_name_parse(pl_span_of(words[0]), &schedule) < 0) {
        pl_cli_complain("'%s' is not the name of a schedule", words[0]);
        return PL_EXIT_USAGE;
    }
    (void)snprintf(path, sizeof path, "/api/v1/schedules/%s/overrides", schedule.text);
    for (size_t i = 0; i < PL_LEN(members); i++) {
        pl_text_str(&t, members[i]);
        pl_text_json(&t, pl_span_of(words[i + 1]));
    }
    pl_text_char(&t, '}');
    if (t.overflow) {
        pl_cli_complain("that is too long for an override");
        return PL_EXIT_USAGE;
    }
    cJSON *json;
    int status = pl_client_ask(&wish->client, "POST", path, body, &json);
    if (json) {
        (void)fputs("override ", stdout);
        pl_status_put_text(stdout, pl_status_text(json, "id"), 0);
        (void)fputc('\n', stdout);
    }
    cJSON_Delete(json);
    return status;
}

static int remove_override(const struct wish *wish, const char *number)
{
    char path[PATH_BYTES];
    struct pl_name name;
    if (pl_name_parse(pl_span_of(number), &name) < 0) {
        pl_cli_complain("'%s' is not the number of an override", number);
        return PL_EXIT_USAGE;
    }
    (void)snprintf(path, sizeof path, "/api/v1/overrides/%s", name.text);
    return pl_client_change(&wish->client, "DELETE", path, NULL);
}

/* ---- command lines ---- */

/* -1: go on; else the exit status. */
static int read_options(int argc, char **argv, const char *usage, struct wish *wish)
{
    enum { JSON = 1, URL, STATE, AT, SCHEDULE, HELP };
    static const struct option options[] = {{"json", no_argument, NULL, JSON},
                                            {"url", required_argument, NULL, URL},
                                            {"state", required_argument, NULL, STATE},
                                            {"help", no_argument, NULL, HELP},
                                            {"at", required_argument, NULL, AT},
                                            {"schedule", required_argument, NULL, SCHEDULE},
                                            {0}};
    wish->client.url = pl_client_url();
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case JSON: wish->client.as_json = true; break;
        case URL: wish->client.url = optarg; break;
        case STATE: wish->client.state = optarg; break;
        case AT: wish->at = optarg; break;
        case SCHEDULE:
            if (pl_name_parse(pl_span_of(optarg), &wish->schedule) == 0) break;
            pl_cli_complain("--schedule '%s' is not the name of a schedule", optarg);
            return PL_EXIT_USAGE;
        case HELP: (void)fputs(usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    return -1;
}

int pl_oncall_main(int argc, char **argv)
{
    struct wish wish = {.client.print = print};
    int status = read_options(argc, argv, oncall_usage, &wish);
    if (status >= 0) return status;
    if (optind == argc) return show(&wish);
    pl_cli_complain("oncall takes no argument '%s'", argv[optind]);
    return PL_EXIT_USAGE;
}

int pl_schedule_main(int argc, char **argv)
{
    struct wish wish = {0};
    int status = read_options(argc, argv, schedule_usage, &wish);
    if (status >= 0) return status;
    char **words = argv + optind;
    int count = argc - optind;
    bool is_override = count > 1 && strcmp(words[0], "override") == 0;
    if (is_override && count == 6 && strcmp(words[1], "add") == 0)
        return add_override(&wish, words + 2);
    if (is_override && count == 3 && strcmp(words[1], "remove") == 0)
        return remove_override(&wish, words[2]);
    pl_cli_complain("schedule takes 'override add SCHEDULE PERSON FROM UNTIL' or 'override remove "
                    "NUMBER'");
    return PL_EXIT_USAGE;
}
