/* plimsoll ack, silence and deliveries: answering for alerts, through the API. */
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_print.h"
#include "common/base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES = 256, BODY_BYTES = 4096 };

static const char ack_usage[] =
    "Examples:\n"
    "  plimsoll ack limit/web                       you have it: nobody else is called for 30 min\n"
    "  plimsoll ack limit/web --for 2h --note \"adding two hosts\"\n"
    "  plimsoll ack limit/web --snooze --for 1h     nobody has it, and nobody wants to hear of it\n"
    "  plimsoll ack limit/web --release             call on as if it had begun now\n"
    "\n"
    "ALERT is rule/pool, as pages and 'plimsoll status' show it. When the time is over and it "
    "still\n"
    "fires, everybody is told again.\n"
    "\n"
    "  --for TIME   1m to 24h (default 30m)\n"
    "  --note TEXT  what others should know; shown with the alert\n"
    "  --snooze     hush it without having it\n"
    "  --release    take back an acknowledgement or snooze\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 recorded, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static const char silence_usage[] =
    "Examples:\n"
    "  plimsoll silence add --pool batch --for 2h --reason \"reindexing\"\n"
    "  plimsoll silence add --rule limit --host fe1 --raise 99% --for 8h --reason \"known leak\"\n"
    "  plimsoll silence ls\n"
    "  plimsoll silence rm 1750000000000\n"
    "\n"
    "Nobody is told of what a silence matches; it shows all the same, and is told at the end if "
    "it\n"
    "still fires. What is left out matches everything.\n"
    "\n"
    "  --pool POOL, --rule RULE, --host HOST  add: what it matches\n"
    "  --raise SHARE   add: page all the same from this level on (rules limit, stall, saturation,\n"
    "                  imbalance)\n"
    "  --for TIME      add: how long, at most 30d\n"
    "  --reason TEXT   add: why, for who comes later\n"
    "  --json          ls: the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 recorded, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static const char deliveries_usage[] =
    "Examples:\n"
    "  plimsoll deliveries limit/web       who was told of it, when, and what they answered\n"
    "\n"
    "Shows every attempt of late, the newest first: delivered, retry (refused for now), rejected,\n"
    "broken, expired, withdrawn (nobody needed it any more), refused (no room).\n"
    "\n"
    "  --json       the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 shown, 1 refused, 2 wrong usage, 3 no collector answers.\n";

enum option_key {
    FOR,
    NOTE,
    POOL,
    RULE,
    HOST,
    RAISE,
    REASON,
    TEXTS,
    JSON = TEXTS,
    SNOOZE,
    RELEASE
};

struct wish {
    const char *usage;
    struct pl_client_wish client;
    const char *texts[TEXTS]; // NULL: not given
    bool snoozes, releases;
    const char *words[2];
    int word_count;
};

/* -1: go on; else the exit status. `takes`: bits of the options of this command. */
static int read_arguments(int argc, char **argv, unsigned takes, struct wish *w)
{
    enum { URL = 100, STATE, HELP };
    static const struct option options[] = {
        {"for", required_argument, NULL, FOR},       {"note", required_argument, NULL, NOTE},
        {"pool", required_argument, NULL, POOL},     {"rule", required_argument, NULL, RULE},
        {"host", required_argument, NULL, HOST},     {"raise", required_argument, NULL, RAISE},
        {"reason", required_argument, NULL, REASON}, {"json", no_argument, NULL, JSON},
        {"snooze", no_argument, NULL, SNOOZE},       {"release", no_argument, NULL, RELEASE},
        {"url", required_argument, NULL, URL},       {"state", required_argument, NULL, STATE},
        {"help", no_argument, NULL, HELP},           {0}};
    w->client.url = pl_client_url();
    for (int opt, index; (opt = getopt_long(argc, argv, "", options, &index)) != -1;) {
        if (opt == '?') return PL_EXIT_USAGE; // getopt has said why
        if (opt < URL && (takes & 1u << opt) == 0) {
            pl_cli_complain("--%s does not belong here", options[index].name);
            return PL_EXIT_USAGE;
        }
        if (opt < TEXTS) w->texts[opt] = optarg;
        if (opt == URL) w->client.url = optarg;
        if (opt == STATE) w->client.state = optarg;
        w->client.as_json |= opt == JSON;
        w->snoozes |= opt == SNOOZE;
        w->releases |= opt == RELEASE;
        if (opt != HELP) continue;
        (void)fputs(w->usage, stdout);
        return PL_EXIT_OK;
    }
    for (; optind < argc && w->word_count < (int)PL_LEN(w->words); optind++)
        w->words[w->word_count++] = argv[optind];
    if (optind == argc && w->word_count > 0) return -1;
    (void)fputs(w->usage, stderr);
    return PL_EXIT_USAGE;
}

/* {"for":"2h",...} of what was given. False: it is too long. */
static bool write_body(const struct wish *w, struct pl_text *t)
{
    static const char *const names[TEXTS] = {"for",  "note",  "pool",  "rule",
                                             "host", "raise", "reason"};
    pl_text_char(t, '{');
    for (size_t i = 0; i < TEXTS; i++) {
        if (!w->texts[i]) continue;
        if (t->ptr[t->len - 1] != '{') pl_text_char(t, ',');
        pl_text_json(t, pl_span_of(names[i]));
        pl_text_char(t, ':');
        pl_text_json(t, pl_span_of(w->texts[i]));
    }
    pl_text_char(t, '}');
    if (t->overflow) pl_cli_complain("that is too much text");
    return !t->overflow;
}

/* "/api/v1/alerts/limit%2Fweb/ack"; false: that is no id of an alert. */
static bool write_alert_path(const char *alert, const char *what, char *out)
{
    struct pl_text t = pl_text_init(out, PATH_BYTES);
    size_t slashes = 0;
    pl_text_str(&t, "/api/v1/alerts/");
    for (const char *c = alert; *c != '\0'; c++) {
        bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                        (*c >= '0' && *c <= '9') || *c == '-' || *c == '_' || *c == '.';
        slashes += *c == '/';
        pl_text_str(&t, *c == '/' ? "%2F" : "");
        if (is_plain) pl_text_char(&t, *c);
        if (!is_plain && *c != '/') slashes = 2;
    }
    pl_text_char(&t, '/');
    pl_text_str(&t, what);
    if (slashes == 1 && !t.overflow) return true;
    pl_cli_complain("'%s' is no alert: give rule/pool, as in limit/web", alert);
    return false;
}

int pl_ack_main(int argc, char **argv)
{
    struct wish w = {.usage = ack_usage};
    char path[PATH_BYTES], body[BODY_BYTES];
    struct pl_text t = pl_text_init(body, sizeof body);
    int status =
        read_arguments(argc, argv, 1u << FOR | 1u << NOTE | 1u << SNOOZE | 1u << RELEASE, &w);
    if (status >= 0) return status;
    if (w.word_count != 1 || (w.snoozes && w.releases)) {
        (void)fputs(w.usage, stderr);
        return PL_EXIT_USAGE;
    }
    const char *what = w.releases ? "release" : w.snoozes ? "snooze" : "ack";
    if (!write_alert_path(w.words[0], what, path) || !write_body(&w, &t)) return PL_EXIT_USAGE;
    return pl_client_change(&w.client, "POST", path, body);
}

/* The members of each item of a list, side by side. */
static void print_list(const cJSON *json, const char *list_name, const char *const *keys,
                       size_t count)
{
    const cJSON *list = pl_status_list(json, list_name), *item;
    cJSON_ArrayForEach(item, list)
    {
        for (size_t i = 0; i < count; i++) {
            const char *text = pl_status_text(item, keys[i]);
            size_t width = i + 1 < count ? pl_status_width(list, keys[i]) : 0;
            pl_status_put_text(stdout, text && text[0] != '\0' ? text : "-", width);
            (void)fputs(i + 1 < count ? "  " : "\n", stdout);
        }
    }
}

int pl_silence_main(int argc, char **argv)
{
    static const char *const keys[] = {"id", "pool", "rule", "host", "ends", "by", "reason"};
    struct wish w = {.usage = silence_usage};
    char path[PATH_BYTES], body[BODY_BYTES];
    struct pl_text t = pl_text_init(body, sizeof body);
    int status =
        read_arguments(argc, argv, (1u << TEXTS | ((1u << TEXTS) - 1)) & ~(1u << NOTE), &w);
    if (status >= 0) return status;
    struct pl_span verb = pl_span_of(w.words[0]);
    if (pl_span_is(verb, "add") && w.word_count == 1 && !w.client.as_json) {
        if (!write_body(&w, &t)) return PL_EXIT_USAGE;
        return pl_client_change(&w.client, "POST", "/api/v1/silences", body);
    }
    bool is_bare = true;
    for (size_t i = 0; i < TEXTS; i++) is_bare = is_bare && !w.texts[i];
    if (pl_span_is(verb, "ls") && w.word_count == 1 && is_bare) {
        cJSON *json = NULL;
        status = pl_client_ask(&w.client, "GET", "/api/v1/silences", NULL, &json);
        if (status == PL_EXIT_OK && !w.client.as_json)
            print_list(json, "silences", keys, PL_LEN(keys));
        cJSON_Delete(json);
        return status;
    }
    bool is_number = w.word_count == 2 && w.words[1][0] != '\0' &&
                     w.words[1][strspn(w.words[1], "0123456789")] == '\0';
    if (!pl_span_is(verb, "rm") || !is_number || !is_bare || w.client.as_json) {
        (void)fputs(w.usage, stderr);
        return PL_EXIT_USAGE;
    }
    (void)snprintf(path, sizeof path, "/api/v1/silences/%.40s", w.words[1]);
    return pl_client_change(&w.client, "DELETE", path, NULL);
}

int pl_deliveries_main(int argc, char **argv)
{
    static const char *const keys[] = {"at", "target", "told", "end", "answer"};
    struct wish w = {.usage = deliveries_usage};
    char path[PATH_BYTES];
    cJSON *json = NULL;
    int status = read_arguments(argc, argv, 1u << JSON, &w);
    if (status >= 0) return status;
    if (w.word_count != 1) {
        (void)fputs(w.usage, stderr);
        return PL_EXIT_USAGE;
    }
    if (!write_alert_path(w.words[0], "deliveries", path)) return PL_EXIT_USAGE;
    status = pl_client_ask(&w.client, "GET", path, NULL, &json);
    if (status == PL_EXIT_OK && !w.client.as_json)
        print_list(json, "deliveries", keys, PL_LEN(keys));
    cJSON_Delete(json);
    return status;
}
