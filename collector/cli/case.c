/* plimsoll case: incidents as customers hear of them, through the API. */
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_print.h"
#include "common/base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { PATH_BYTES = 256, BODY_BYTES = 16 * 1024, POOLS_MAX = 8, WORDS_MAX = 3 };

static const char usage[] =
    "Examples:\n"
    "  plimsoll case open --alert limit/web         it is yours; customers have been told nothing "
    "yet\n"
    "  plimsoll case draft c-1f0a2b3c4d5e6f70       words from what is known, without a host's "
    "name\n"
    "  plimsoll case draft c-1f0a2b3c4d5e6f70 --phase identified --impact major --next 30m \\\n"
    "      --text \"Pages are slow since 14:03 UTC. We add capacity.\"\n"
    "  plimsoll case publish c-1f0a2b3c4d5e6f70 --revision 1\n"
    "  plimsoll case close c-1f0a2b3c4d5e6f70       once customers were told that it is resolved\n"
    "\n"
    "  list                     all of them, those that are open first\n"
    "  open                     from --alert RULE/POOL, --pool POOL (may be repeated) or "
    "--customer ID\n"
    "  show ID                  all that is known, and the block for the help desk\n"
    "  note ID TEXT             a line in its timeline\n"
    "  own ID NAME              who has it\n"
    "  known ID TEXT            what we know; customers do not see it\n"
    "  draft ID                 show the draft, or with --text save one; --fresh: from what is "
    "known now\n"
    "  publish ID               the draft of that --revision, to customers (role ops)\n"
    "  subscribe ID             tell updates to --email ADDRESS or --webhook URL (role ops)\n"
    "  unsubscribe ID NUMBER    and no longer (role ops)\n"
    "  close ID                 it is over\n"
    "\n"
    "  --title TEXT     open: ours; draft: the customers'\n"
    "  --owner NAME     open: who has it (default: you)\n"
    "  --phase PHASE    draft: investigating, identified, monitoring, resolved\n"
    "  --impact IMPACT  draft: none, minor, major, critical\n"
    "  --next TIME      draft: when the next update is due after this one, 5m to 7d (default 30m), "
    "or none\n"
    "  --json           the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no collector answers.\n";

enum option_key { ALERT, CUSTOMER, TITLE, OWNER, TEXT, PHASE, IMPACT, NEXT, EMAIL, WEBHOOK, TEXTS };
enum { POOL = TEXTS, REVISION, JSON, FRESH, URL, STATE, HELP };

struct wish {
    const char *url, *state;  // state NULL: not given
    const char *texts[TEXTS]; // NULL: not given
    const char *pools[POOLS_MAX];
    int pool_count;
    const char *revision; // NULL: not given
    bool as_json, is_fresh;
    const char *words[WORDS_MAX];
    int word_count;
};

/* What each verb takes: words behind it, and options as bits. */
struct verb {
    const char *name;
    int word_count;
    unsigned takes, needs;
    const char *method, *path; // behind the case's own; NULL: of all cases
    const char *word_member;   // of the body, for the last word; NULL: none
    void (*print)(const cJSON *answer);
};

static int refuse_usage(void)
{
    (void)fputs(usage, stderr);
    return PL_EXIT_USAGE;
}

/* ---- showing ---- */

static void line(const char *label, const char *text)
{
    pl_status_put_text(stdout, label, 10);
    pl_status_put_text(stdout, text, 0);
    (void)fputc('\n', stdout);
}

/* Several lines of it, indented. */
static void block(const char *text)
{
    for (const char *at = text; *at != '\0';) {
        char one[1024];
        size_t len = strcspn(at, "\n");
        (void)snprintf(one, sizeof one, "%.*s", (int)len, at);
        (void)fputs("  ", stdout);
        pl_status_put_text(stdout, one, 0);
        (void)fputc('\n', stdout);
        at += len + (at[len] == '\n');
    }
}

static void print_list(const cJSON *answer)
{
    static const char *const keys[] = {"id", "phase", "owner", "next_update_due", "title"};
    const cJSON *list = pl_status_list(answer, "cases"), *item;
    cJSON_ArrayForEach(item, list)
    {
        for (size_t i = 0; i < PL_LEN(keys); i++) {
            bool is_last = i + 1 == PL_LEN(keys);
            pl_status_put_text(stdout, pl_status_text(item, keys[i]),
                               is_last ? 0 : pl_status_width(list, keys[i]));
            (void)fputs(is_last ? "\n" : "  ", stdout);
        }
    }
}

static void print_items(const cJSON *answer, const char *name, const char *const keys[4])
{
    const cJSON *item;
    cJSON_ArrayForEach(item, pl_status_list(answer, name))
    {
        (void)fputs("  ", stdout);
        for (size_t i = 0; i < 4; i++) {
            pl_status_put_text(stdout, pl_status_text(item, keys[i]), i < 3 ? 13 : 0);
            (void)fputs(i < 3 ? " " : "\n", stdout);
        }
    }
}

static void print_case(const cJSON *answer)
{
    static const char *const event_keys[] = {"at", "kind", "by", "text"};
    static const char *const rows[] = {"id", "title", "phase", "impact", "owner", "customer_page"};
    static const char *const labels[] = {"case", "title", "phase", "impact", "owner", "customers"};
    const cJSON *item;
    for (size_t i = 0; i < PL_LEN(rows); i++) line(labels[i], pl_status_text(answer, rows[i]));
    line("next due", pl_status_text(answer, "next_update_due"));
    line("known", pl_status_text(answer, "known"));
    (void)fputs("timeline\n", stdout);
    print_items(answer, "timeline", event_keys);
    cJSON_ArrayForEach(item, pl_status_list(answer, "subscribers"))
    {
        const char *secret = pl_status_text(item, "secret"), *url = pl_status_text(item, "webhook");
        bool is_mail = strcmp(url, "-") == 0;
        (void)printf("subscriber %.0f ", pl_status_number(item, "number"));
        pl_status_put_text(stdout, is_mail ? pl_status_text(item, "email") : url, 0);
        (void)fputc('\n', stdout);
        if (strcmp(secret, "-") != 0) line("  secret", secret);
    }
    (void)fputs("help desk\n", stdout);
    block(pl_status_text(answer, "help_desk"));
}

static void print_draft(const cJSON *answer)
{
    const cJSON *saved = cJSON_GetObjectItemCaseSensitive(answer, "saved");
    if (cJSON_IsTrue(saved)) (void)printf("revision  %.0f\n", pl_status_number(answer, "revision"));
    if (!cJSON_IsTrue(saved)) (void)fputs("not saved: words from what is known now\n", stdout);
    line("title", pl_status_text(answer, "title"));
    line("phase", pl_status_text(answer, "phase"));
    line("impact", pl_status_text(answer, "impact"));
    line("next", pl_status_text(answer, "next_update"));
    block(pl_status_text(answer, "text"));
}

static void print_saved(const cJSON *answer)
{
    print_draft(cJSON_GetObjectItemCaseSensitive(answer, "draft"));
}

/* ---- asking ---- */

#define BIT(option) (1u << (option))

static const struct verb verbs[] = {
    {"list", 0, 0, 0, "GET", NULL, NULL, print_list},
    {"open", 0, BIT(ALERT) | BIT(CUSTOMER) | BIT(TITLE) | BIT(OWNER) | BIT(POOL), 0, "POST", NULL,
     NULL, print_case},
    {"show", 1, 0, 0, "GET", "", NULL, print_case},
    {"note", 2, 0, 0, "POST", "/note", "text", NULL},
    {"own", 2, 0, 0, "POST", "/owner", "owner", NULL},
    {"known", 2, 0, 0, "PUT", "/known", "text", NULL},
    {"draft", 1, BIT(TITLE) | BIT(TEXT) | BIT(PHASE) | BIT(IMPACT) | BIT(NEXT), BIT(TEXT), "PUT",
     "/draft", NULL, print_saved},
    {"draft", 1, BIT(FRESH), 0, "GET", "/draft", NULL, print_draft},
    {"publish", 1, BIT(REVISION), BIT(REVISION), "POST", "/publish", NULL, print_case},
    {"subscribe", 1, BIT(EMAIL) | BIT(WEBHOOK), 0, "POST", "/subscribers", NULL, print_case},
    {"unsubscribe", 2, 0, 0, "POST", "/unsubscribe", "subscriber", NULL},
    {"close", 1, 0, 0, "POST", "/close", NULL, NULL},
};

static unsigned given_of(const struct wish *w)
{
    unsigned given = 0;
    for (unsigned i = 0; i < TEXTS; i++) given |= w->texts[i] ? BIT(i) : 0;
    if (w->pool_count > 0) given |= BIT(POOL);
    if (w->revision) given |= BIT(REVISION);
    return w->is_fresh ? given | BIT(FRESH) : given;
}

/* -1: go on; else the exit status. */
static int read_arguments(int argc, char **argv, struct wish *w)
{
    static const struct option options[] = {{"alert", required_argument, NULL, ALERT},
                                            {"customer", required_argument, NULL, CUSTOMER},
                                            {"title", required_argument, NULL, TITLE},
                                            {"owner", required_argument, NULL, OWNER},
                                            {"text", required_argument, NULL, TEXT},
                                            {"phase", required_argument, NULL, PHASE},
                                            {"impact", required_argument, NULL, IMPACT},
                                            {"next", required_argument, NULL, NEXT},
                                            {"email", required_argument, NULL, EMAIL},
                                            {"webhook", required_argument, NULL, WEBHOOK},
                                            {"pool", required_argument, NULL, POOL},
                                            {"revision", required_argument, NULL, REVISION},
                                            {"json", no_argument, NULL, JSON},
                                            {"fresh", no_argument, NULL, FRESH},
                                            {"url", required_argument, NULL, URL},
                                            {"state", required_argument, NULL, STATE},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    w->url = pl_client_url();
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (opt == '?') return PL_EXIT_USAGE; // getopt has said why
        if (opt == HELP) return fputs(usage, stdout) < 0 ? PL_EXIT_FAILURE : PL_EXIT_OK;
        if (opt < TEXTS) w->texts[opt] = optarg;
        if (opt == POOL && w->pool_count == POOLS_MAX) return refuse_usage();
        if (opt == POOL) w->pools[w->pool_count++] = optarg;
        if (opt == REVISION) w->revision = optarg;
        if (opt == URL) w->url = optarg;
        if (opt == STATE) w->state = optarg;
        w->as_json |= opt == JSON;
        w->is_fresh |= opt == FRESH;
    }
    for (; optind < argc && w->word_count < WORDS_MAX; optind++)
        w->words[w->word_count++] = argv[optind];
    return optind == argc && w->word_count > 0 ? -1 : refuse_usage();
}

static void put_key(struct pl_text *t, const char *name)
{
    if (t->ptr[t->len - 1] != '{') pl_text_char(t, ',');
    pl_text_json(t, pl_span_of(name));
    pl_text_char(t, ':');
}

static bool is_number(const char *text)
{
    return text[0] != '\0' && strlen(text) < 10 && text[strspn(text, "0123456789")] == '\0';
}

/* A word that is to be a number is sent as one, so that the collector says what is wrong with it.
 */
static void put_word(struct pl_text *t, const char *name, const char *word, bool as_number)
{
    put_key(t, name);
    if (as_number && is_number(word))
        pl_text_i64(t, strtol(word, NULL, 10));
    else
        pl_text_json(t, pl_span_of(word));
}

static bool write_body(const struct wish *w, const struct verb *verb, struct pl_text *t)
{
    static const char *const names[TEXTS] = {"alert", "customer", "title",  "owner",
                                             "text",  "phase",    "impact", "next_update",
                                             "email", "webhook"};
    pl_text_char(t, '{');
    for (size_t i = 0; i < TEXTS; i++) {
        if (w->texts[i]) put_word(t, names[i], w->texts[i], false);
    }
    if (w->revision) put_word(t, "revision", w->revision, true);
    if (w->pool_count > 0) put_key(t, "pools");
    for (int i = 0; i < w->pool_count; i++) {
        pl_text_char(t, i > 0 ? ',' : '[');
        pl_text_json(t, pl_span_of(w->pools[i]));
    }
    if (w->pool_count > 0) pl_text_char(t, ']');
    if (verb->word_member)
        put_word(t, verb->word_member, w->words[w->word_count - 1],
                 strcmp(verb->word_member, "subscriber") == 0);
    pl_text_char(t, '}');
    if (t->overflow) pl_cli_complain("that is too much text");
    return !t->overflow;
}

/* "/api/v1/cases/ID/note"; false: that is no id. */
static bool write_path(const struct wish *w, const struct verb *verb, struct pl_text *t)
{
    pl_text_str(t, "/api/v1/cases");
    if (!verb->path) return true;
    const char *id = w->words[1];
    bool is_id = id[0] != '\0' && id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
    pl_text_char(t, '/');
    pl_text_str(t, id);
    pl_text_str(t, verb->path);
    if (w->is_fresh) pl_text_str(t, "?fresh=true");
    if (is_id && !t->overflow) return true;
    pl_cli_complain("'%s' is no case; 'plimsoll case list' shows them", id);
    return false;
}

static int ask(const struct wish *w, const struct verb *verb, const char *path, const char *body)
{
    const struct pl_client_wish wish = {.url = w->url, .state = w->state, .as_json = w->as_json};
    bool has_body = strcmp(verb->method, "GET") != 0;
    cJSON *json = NULL;
    int status = pl_client_ask(&wish, verb->method, path, has_body ? body : NULL, &json);
    if (status == PL_EXIT_OK && !w->as_json && verb->print && json) verb->print(json);
    cJSON_Delete(json);
    return status;
}

int pl_case_main(int argc, char **argv)
{
    struct wish w = {0};
    char path[PATH_BYTES], body[BODY_BYTES];
    struct pl_text path_text = pl_text_init(path, sizeof path);
    struct pl_text body_text = pl_text_init(body, sizeof body);
    int status = read_arguments(argc, argv, &w);
    if (status >= 0) return status;
    unsigned given = given_of(&w);
    for (size_t i = 0; i < PL_LEN(verbs); i++) {
        const struct verb *verb = &verbs[i];
        bool fits = strcmp(verb->name, w.words[0]) == 0 && w.word_count == verb->word_count + 1 &&
                    (given & ~verb->takes) == 0 && (verb->needs & ~given) == 0;
        if (!fits) continue;
        if (!write_path(&w, verb, &path_text) || !write_body(&w, verb, &body_text))
            return PL_EXIT_USAGE;
        return ask(&w, verb, path, body);
    }
    return refuse_usage();
}
