/* plimsoll launch: announce a launch, and read what will happen. */
#include "collector/cli/launch.h"
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_print.h"
#include "common/base/name.h"

#include <getopt.h>
#include <stdlib.h>

static const char usage[] =
    "Examples:\n"
    "  plimsoll launch add --in 30m --pool web --kind giveaway --x 400k\n"
    "  plimsoll launch add --at 2026-05-01T18:00 --zone Europe/Berlin --pool web --kind sale \\\n"
    "                      --title 'Spring sale' --email 80k --contact 'Alex,+491711234567'\n"
    "  plimsoll launch ls\n"
    "  plimsoll launch show l-3f09a2c41b7e\n"
    "\n"
    "  add           announce a launch; answers what will happen, what is missing and what can\n"
    "                still be done\n"
    "  ls            what is announced\n"
    "  show ID       one launch, judged now\n"
    "  edit ID       change what the options say, leave the rest\n"
    "  announce ID   it is out: its load comes from now on\n"
    "  cancel ID     it will not be\n"
    "  report ID     what came of it, beside what was expected\n"
    "  quality       how good the forecasts of all launches were\n"
    "\n"
    "  --in TIME | --at TIME   when it starts: 30m, 2h; or a date and time\n"
    "  --zone ZONE             of dates and times without an offset: Europe/Berlin\n"
    "  --announce-at TIME      when people hear of it, if not at the start\n"
    "  --duration TIME         how long it lasts (4h)\n"
    "  --pool NAME             the pool that will serve it; may be repeated\n"
    "  --kind KIND             giveaway, sale, tickets, product, press, newsletter, stream, "
    "go_live,\n"
    "                          load_test, pen_test, maintenance, other\n"
    "  --title TEXT            what people call it (its kind)\n"
    "  --x N, --email N, --instagram N, --facebook N, --tiktok N, --youtube N, --tv N, --radio N,\n"
    "  --press N, --ads N, --push N, --sms N, --influencer N, --reddit N, --other N\n"
    "                          how many people hear of it there: 400000, 400k, 1.2M\n"
    "  --expect UNIT=N         the peak: rps, multiplier, visitors_per_min, concurrent_users; or\n"
    "                          unknown\n"
    "  --limited               stock is limited: all come at once\n"
    "  --consent WORD          queue_page, static_front_page, search_off, recommendations_off,\n"
    "                          read_only; may be repeated\n"
    "  --contact NAME,PHONE    whom to call; may be repeated\n"
    "  --reason TEXT           why it is changed\n"
    "  --dry-run               judge it and keep nothing\n"
    "  --json                  the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no collector answers.\n";

enum {
    JSON = 1,
    URL,
    STATE,
    DRY,
    IN,
    AT,
    ZONE,
    ANNOUNCE,
    DURATION,
    POOL,
    KIND,
    TITLE,
    EXPECT,
    LIMITED,
    CONSENT,
    CONTACT,
    REASON,
    HELP,
    CHANNEL // and the other channels
};

static const char *const channels[] = {"x",       "email", "instagram",  "facebook", "tiktok",
                                       "youtube", "tv",    "radio",      "press",    "ads",
                                       "push",    "sms",   "influencer", "reddit",   "other"};

struct wish {
    const char *url, *state, *verb, *id;
    bool as_json, dry;
    cJSON *body; // owned: what the options said
};

/* 400000, 400k, 1.2M; negative: none of them. */
double pl_launch_people(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || text[0] == '-' || text[0] == '+') return -1;
    double scale = *end == 'k' || *end == 'K' ? 1e3 : *end == 'm' || *end == 'M' ? 1e6 : 1;
    if (scale > 1) end++;
    return *end == '\0' && value <= 2e9 ? value * scale : -1;
}

static cJSON *list_of(cJSON *body, const char *member)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(body, member);
    return list ? list : cJSON_AddArrayToObject(body, member);
}

static bool add_channel(cJSON *body, const char *type, const char *text)
{
    double people = pl_launch_people(text);
    cJSON *channel = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(channel, "type", type); // out of memory shows in the answer
    (void)cJSON_AddNumberToObject(channel, "audience", people);
    (void)cJSON_AddItemToArray(list_of(body, "channels"), channel);
    if (people >= 0) return true;
    pl_cli_complain("--%s '%s' is no number of people: 400000, 400k, 1.2M", type, text);
    return false;
}

static bool add_expectation(cJSON *body, const char *text)
{
    char unit[32];
    const char *equals = strchr(text, '=');
    size_t len = equals ? (size_t)(equals - text) : strlen(text);
    char *end = NULL;
    double value = equals ? strtod(equals + 1, &end) : 0;
    if (len >= sizeof unit || (equals && (*end != '\0' || end == equals + 1))) {
        pl_cli_complain("--expect '%s' is not UNIT=NUMBER, like rps=300, or unknown", text);
        return false;
    }
    (void)snprintf(unit, sizeof unit, "%.*s", (int)len, text);
    cJSON_DeleteItemFromObjectCaseSensitive(body, "expected_peak");
    cJSON *peak = cJSON_AddObjectToObject(body, "expected_peak");
    (void)cJSON_AddStringToObject(peak, "unit", unit);
    if (equals) (void)cJSON_AddNumberToObject(peak, "value", value);
    return true;
}

static bool add_contact(cJSON *body, const char *text)
{
    const char *comma = strrchr(text, ',');
    char name[128];
    if (!comma || comma - text >= (ptrdiff_t)sizeof name) {
        pl_cli_complain("--contact '%s' is not NAME,PHONE", text);
        return false;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(comma - text), text);
    cJSON *contact = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(contact, "name", name);
    (void)cJSON_AddStringToObject(contact, strchr(comma, '@') ? "email" : "phone", comma + 1);
    return cJSON_AddItemToArray(list_of(body, "contacts"), contact);
}

static void add_word(cJSON *body, const char *member, const char *word)
{
    (void)cJSON_AddItemToArray(list_of(body, member), cJSON_CreateString(word));
}

/* Given twice, the last one counts. */
static bool set_text(cJSON *body, const char *member, const char *text)
{
    cJSON_DeleteItemFromObjectCaseSensitive(body, member);
    return cJSON_AddStringToObject(body, member, text);
}

/* One option that says something of the launch. False: refused, and said. */
static bool take_option(cJSON *body, int opt, const char *value)
{
    switch (opt) {
    case IN: return set_text(body, "starts_in", value);
    case AT: return set_text(body, "starts_at", value);
    case ZONE: return set_text(body, "time_zone", value);
    case ANNOUNCE: return set_text(body, "announce_at", value);
    case DURATION: return set_text(body, "duration", value);
    case POOL: add_word(body, "pools", value); return true;
    case KIND: return set_text(body, "kind", value);
    case TITLE: return set_text(body, "title", value);
    case EXPECT: return add_expectation(body, value);
    case LIMITED:
        cJSON_DeleteItemFromObject(body, "limited_stock");
        return cJSON_AddTrueToObject(body, "limited_stock");
    case CONSENT: add_word(body, "consents", value); return true;
    case CONTACT: return add_contact(body, value);
    case REASON: return set_text(body, "reason", value);
    default: return add_channel(body, channels[opt - CHANNEL], value);
    }
}

/* ---- asking ---- */

/* Show an answer. */
static int show_answer(const struct wish *wish, const struct pl_reply *reply)
{
    cJSON *answer = cJSON_ParseWithLength(reply->text, reply->len);
    int status = PL_EXIT_OK;
    if (!cJSON_IsObject(answer)) {
        pl_cli_complain("the collector did not answer with a JSON object");
        status = PL_EXIT_FAILURE;
    } else if (wish->as_json) {
        (void)fputs(reply->text, stdout);
    } else if (strcmp(wish->verb, "ls") == 0) {
        pl_launch_print_list(answer, stdout);
    } else if (strcmp(wish->verb, "report") == 0) {
        pl_launch_print_report(answer, stdout);
    } else if (strcmp(wish->verb, "quality") == 0) {
        pl_launch_print_quality(answer, stdout);
    } else {
        pl_launch_print(answer, stdout);
    }
    cJSON_Delete(answer);
    return status;
}

static int ask(struct pl_client *client, const struct wish *wish, const char *method,
               const char *path)
{
    struct pl_reply reply = {0};
    char *text = wish->body && cJSON_GetArraySize(wish->body) > 0
                     ? cJSON_PrintUnformatted(wish->body)
                     : NULL;
    int status = pl_client_send(client, method, path, text, &reply);
    if (status == PL_EXIT_OK) status = show_answer(wish, &reply);
    cJSON_free(text);
    free(reply.text);
    return status;
}

/* What was not said anew stays as it is. */
static void keep_the_rest(cJSON *body, const cJSON *old)
{
    static const char *const members[] = {"title",
                                          "customer",
                                          "kind",
                                          "pools",
                                          "starts_at",
                                          "ends_at",
                                          "announce_at",
                                          "time_zone",
                                          "channels",
                                          "expected_peak",
                                          "past_event",
                                          "past_factor",
                                          "cdn",
                                          "cacheable_percent",
                                          "pages_per_visit",
                                          "requests_per_page",
                                          "limited_stock",
                                          "freeze",
                                          "consents",
                                          "contacts",
                                          "notes"};
    bool new_start =
        cJSON_HasObjectItem(body, "starts_in") || cJSON_HasObjectItem(body, "starts_at");
    bool new_end = new_start || cJSON_HasObjectItem(body, "duration");
    for (size_t i = 0; i < PL_LEN(members); i++) {
        const cJSON *was = cJSON_GetObjectItemCaseSensitive(old, members[i]);
        if (!was || cJSON_HasObjectItem(body, members[i])) continue;
        if (new_start &&
            (strcmp(members[i], "starts_at") == 0 || strcmp(members[i], "announce_at") == 0))
            continue;
        if (new_end && strcmp(members[i], "ends_at") == 0) continue;
        (void)cJSON_AddItemToObject(body, members[i], cJSON_Duplicate(was, true));
    }
}

static int edit(struct pl_client *client, const struct wish *wish, const char *path)
{
    struct pl_reply reply = {0};
    int status = pl_client_get(client, path, &reply);
    if (status != PL_EXIT_OK) return status;
    cJSON *old = cJSON_ParseWithLength(reply.text, reply.len);
    free(reply.text);
    keep_the_rest(wish->body, old);
    (void)snprintf(client->header, sizeof client->header, "If-Match: \"%s-%.0f\"",
                   pl_status_text(old, "id"), pl_status_number(old, "revision"));
    cJSON_Delete(old);
    return ask(client, wish, "PUT", path);
}

/* What the path of a verb ends with. */
static const char *below(const char *verb)
{
    static const char *const verbs[] = {"announce", "report", "quality"};
    static const char *const ends[] = {"/announce", "/report", "/quality"};
    for (size_t i = 0; i < PL_LEN(verbs); i++) {
        if (strcmp(verb, verbs[i]) == 0) return ends[i];
    }
    return "";
}

static int run(const struct wish *wish)
{
    struct pl_client client;
    char path[160];
    int status = pl_client_init(&client, wish->url, wish->state);
    if (status != PL_EXIT_OK) return status;
    (void)snprintf(path, sizeof path, "/api/v1/launches%s%s%s%s", wish->id ? "/" : "",
                   wish->id ? wish->id : "", below(wish->verb), wish->dry ? "?dry_run=true" : "");
    if (strcmp(wish->verb, "edit") == 0)
        status = edit(&client, wish, path);
    else if (strcmp(wish->verb, "cancel") == 0)
        status = ask(&client, wish, "DELETE", path);
    else if (strcmp(wish->verb, "add") == 0 || strcmp(wish->verb, "announce") == 0)
        status = ask(&client, wish, "POST", path);
    else
        status = ask(&client, wish, "GET", path);
    pl_client_fini(&client);
    return status;
}

/* ---- the command line ---- */

static const struct option options[] = {{"json", no_argument, NULL, JSON},
                                        {"url", required_argument, NULL, URL},
                                        {"state", required_argument, NULL, STATE},
                                        {"dry-run", no_argument, NULL, DRY},
                                        {"in", required_argument, NULL, IN},
                                        {"at", required_argument, NULL, AT},
                                        {"zone", required_argument, NULL, ZONE},
                                        {"announce-at", required_argument, NULL, ANNOUNCE},
                                        {"duration", required_argument, NULL, DURATION},
                                        {"pool", required_argument, NULL, POOL},
                                        {"kind", required_argument, NULL, KIND},
                                        {"title", required_argument, NULL, TITLE},
                                        {"expect", required_argument, NULL, EXPECT},
                                        {"limited", no_argument, NULL, LIMITED},
                                        {"consent", required_argument, NULL, CONSENT},
                                        {"contact", required_argument, NULL, CONTACT},
                                        {"reason", required_argument, NULL, REASON},
                                        {"help", no_argument, NULL, HELP},
                                        {"x", required_argument, NULL, CHANNEL},
                                        {"email", required_argument, NULL, CHANNEL + 1},
                                        {"instagram", required_argument, NULL, CHANNEL + 2},
                                        {"facebook", required_argument, NULL, CHANNEL + 3},
                                        {"tiktok", required_argument, NULL, CHANNEL + 4},
                                        {"youtube", required_argument, NULL, CHANNEL + 5},
                                        {"tv", required_argument, NULL, CHANNEL + 6},
                                        {"radio", required_argument, NULL, CHANNEL + 7},
                                        {"press", required_argument, NULL, CHANNEL + 8},
                                        {"ads", required_argument, NULL, CHANNEL + 9},
                                        {"push", required_argument, NULL, CHANNEL + 10},
                                        {"sms", required_argument, NULL, CHANNEL + 11},
                                        {"influencer", required_argument, NULL, CHANNEL + 12},
                                        {"reddit", required_argument, NULL, CHANNEL + 13},
                                        {"other", required_argument, NULL, CHANNEL + 14},
                                        {0}};

/* The verb and its argument. False: wrong, and said. */
static bool take_verb(struct wish *wish, int argc, char **argv)
{
    static const struct {
        const char *verb;
        bool has_id;
    } verbs[] = {{"add", false},     {"ls", false},    {"show", true},   {"edit", true},
                 {"announce", true}, {"cancel", true}, {"report", true}, {"quality", false}};
    wish->verb = optind < argc ? argv[optind] : "ls";
    for (size_t i = 0; i < PL_LEN(verbs); i++) {
        if (strcmp(verbs[i].verb, wish->verb) != 0) continue;
        int left = argc - optind - (optind < argc);
        if (left != (verbs[i].has_id ? 1 : 0)) {
            pl_cli_complain(verbs[i].has_id ? "launch %s needs the id of one launch"
                                            : "launch %s takes no argument",
                            wish->verb);
            return false;
        }
        if (verbs[i].has_id) wish->id = argv[optind + 1];
        struct pl_name name;
        if (!wish->id || pl_name_parse(pl_span_of(wish->id), &name) == 0) return true;
        pl_cli_complain("'%s' is not the id of a launch; plimsoll launch ls shows them", wish->id);
        return false;
    }
    pl_cli_complain("there is no 'launch %s': add, ls, show, edit, announce, cancel, report, "
                    "quality",
                    wish->verb);
    return false;
}

static int parse_and_run(struct wish *wish, int argc, char **argv)
{
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case JSON: wish->as_json = true; break;
        case URL: wish->url = optarg; break;
        case STATE: wish->state = optarg; break;
        case DRY: wish->dry = true; break;
        case HELP: (void)fputs(usage, stdout); return PL_EXIT_OK;
        case '?': return PL_EXIT_USAGE; // getopt has said why
        default:
            if (!take_option(wish->body, opt, optarg)) return PL_EXIT_USAGE;
        }
    }
    if (!take_verb(wish, argc, argv)) return PL_EXIT_USAGE;
    bool is_add = strcmp(wish->verb, "add") == 0;
    bool says = is_add || strcmp(wish->verb, "edit") == 0;
    if ((cJSON_GetArraySize(wish->body) > 0 && !says) || (wish->dry && !is_add)) {
        pl_cli_complain("launch %s takes none of the options of launch add", wish->verb);
        return PL_EXIT_USAGE;
    }
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(wish->body, "kind");
    if (is_add && !cJSON_HasObjectItem(wish->body, "title") && cJSON_IsString(kind))
        (void)cJSON_AddStringToObject(wish->body, "title", kind->valuestring);
    return run(wish);
}

int pl_launch_main(int argc, char **argv)
{
    struct wish wish = {.url = pl_client_url(), .body = cJSON_CreateObject()};
    int status = parse_and_run(&wish, argc, argv);
    cJSON_Delete(wish.body);
    return status;
}
