/* plimsoll user, login-link, apitoken, customer and audit: accounts, through the API. */
#include "collector/cli/cli.h"
#include "collector/cli/client.h"
#include "collector/cli/status_print.h"
#include "common/base/name.h"
#include "common/base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { PATH_BYTES = 192, BODY_BYTES = 4096, PASSWORD_BYTES = 1024 };

static const char user_usage[] =
    "Examples:\n"
    "  plimsoll user add alex --role on-call    prints the link with which alex logs in\n"
    "  plimsoll user ls\n"
    "  plimsoll user role alex ops\n"
    "  plimsoll user passwd alex                asks for a password, or reads one line\n"
    "  plimsoll user rm alex                    ends alex's sessions, too\n"
    "\n"
    "Roles, each may do what those before it may: read-only, on-call (answers for alerts), ops\n"
    "(launches, schedules), admin (accounts). A password has at least 10 characters, of any kind.\n"
    "\n"
    "  --role ROLE  add: what the user may do\n"
    "  --json       ls: the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static const char link_usage[] =
    "Examples:\n"
    "  plimsoll login-link          for the user admin, who is made if there are no users yet\n"
    "  plimsoll login-link alex\n"
    "\n"
    "Prints a link that logs that user in, once, within an hour: for the first login, or when a\n"
    "password was forgotten. A new link makes the old one worthless.\n"
    "\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 made, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static const char token_usage[] =
    "Examples:\n"
    "  plimsoll apitoken new prometheus --role metrics --ttl 365d >/etc/prometheus/plimsoll.token\n"
    "  plimsoll apitoken new alerts --role alerts:write --ttl 365d >/etc/prometheus/alerts.token\n"
    "  plimsoll apitoken ls\n"
    "  plimsoll apitoken revoke prometheus\n"
    "  plimsoll apitoken feed pool web     prints the address of a calendar to subscribe to\n"
    "\n"
    "feed customer, pool, schedule or person NAME: launches, or who is on call. Whoever has the\n"
    "address reads that calendar, for 2 years, until it is revoked, and nothing else.\n"
    "\n"
    "An API token lets a program use the API with 'Authorization: Bearer TOKEN'. It is shown "
    "once;\n"
    "only its hash is kept. (Hosts join with the other kind: plimsoll token new.)\n"
    "\n"
    "  --role ROLE  new: metrics (read /metrics and nothing else), alerts:write (post alerts as a\n"
    "               Prometheus does, and nothing else), read-only, on-call, ops, admin\n"
    "  --ttl TIME   new: how long it is good, 1m to 730d (default 90d)\n"
    "  --json       ls: the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static const char customer_usage[] =
    "Examples:\n"
    "  plimsoll customer ls\n"
    "  plimsoll customer token new acme             prints the link to send to them\n"
    "  plimsoll customer token ls\n"
    "  plimsoll customer token revoke acme-5f3a09c1 their sessions end, too\n"
    "\n"
    "A customer stands below customers: in the collector's configuration, with the pools it has.\n"
    "Its link opens a page for phones, where it announces launches and watches them; what follows\n"
    "'token=' lets a program of theirs use the API. It is shown once; only its hash is kept. It\n"
    "shows nothing but their own launches, no host by name, and can hush nothing.\n"
    "\n"
    "  --ttl TIME   token new: how long it is good, 1m to 730d (default 365d)\n"
    "  --json       the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static const char audit_usage[] =
    "Examples:\n"
    "  plimsoll audit\n"
    "  plimsoll audit --json | jq '.audit[] | select(.action==\"login-failed\")'\n"
    "\n"
    "Shows who did what with accounts, from where; the newest first, at most 1024. Times are UTC.\n"
    "\n"
    "  --json       the API's answer as it is\n" PL_CLIENT_OPTIONS_HELP "\n"
    "Exit status: 0 shown, 1 refused, 2 wrong usage, 3 no collector answers.\n";

struct wish {
    const char *usage;
    struct pl_client_wish client;
    const char *role, *ttl; // NULL: not given
    const char *words[4];   // what stands beside the options
    int word_count;
};

/* -1: go on; else the exit status. */
static int read_arguments(int argc, char **argv, struct wish *w)
{
    enum { JSON = 1, URL, STATE, ROLE, TTL, HELP };
    static const struct option options[] = {{"json", no_argument, NULL, JSON},
                                            {"url", required_argument, NULL, URL},
                                            {"state", required_argument, NULL, STATE},
                                            {"role", required_argument, NULL, ROLE},
                                            {"ttl", required_argument, NULL, TTL},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    w->client.url = pl_client_url();
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case JSON: w->client.as_json = true; break;
        case URL: w->client.url = optarg; break;
        case STATE: w->client.state = optarg; break;
        case ROLE: w->role = optarg; break;
        case TTL: w->ttl = optarg; break;
        case HELP: (void)fputs(w->usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    for (; optind < argc && w->word_count < (int)PL_LEN(w->words); optind++)
        w->words[w->word_count++] = argv[optind];
    return optind == argc ? -1 : (fputs(w->usage, stderr), PL_EXIT_USAGE);
}

static int misused(const struct wish *w)
{
    (void)fputs(w->usage, stderr);
    return PL_EXIT_USAGE;
}

/* True if the words are the verb and `more` further ones, and only its options were given. */
static bool is_verb(const struct wish *w, const char *verb, int more)
{
    return w->word_count == 1 + more && pl_span_is(pl_span_of(w->words[0]), verb);
}

/* Names go into paths as they are, so they are checked first. */
static bool is_name(const char *text)
{
    struct pl_name name;
    if (pl_name_parse(pl_span_of(text), &name) == 0) return true;
    pl_cli_complain("'%s' is not a name: 1 to 63 letters, digits, dots, underscores and hyphens",
                    text);
    return false;
}

static void put_member(struct pl_text *t, const char *key, const char *value)
{
    pl_text_str(t, t->len == 0 ? "{" : ",");
    pl_text_json(t, pl_span_of(key));
    pl_text_char(t, ':');
    pl_text_json(t, pl_span_of(value));
}

struct column {
    const char *key;
    size_t width;
};

/* One line per item of the list, columns side by side; null is "-". */
static void print_list(const cJSON *json, const char *list_name, const struct column *columns,
                       size_t count)
{
    const cJSON *list = pl_status_list(json, list_name), *item;
    cJSON_ArrayForEach(item, list)
    {
        for (size_t i = 0; i < count; i++) {
            const char *text = pl_status_text(item, columns[i].key);
            pl_status_put_text(stdout, text && text[0] != '\0' ? text : "-", columns[i].width);
            if (columns[i].width > 0) (void)fputs("  ", stdout);
        }
        (void)fputc('\n', stdout);
    }
}

static int show_list(const struct wish *w, const char *path, const char *list_name,
                     const struct column *columns, size_t count)
{
    cJSON *json = NULL;
    int status = pl_client_ask(&w->client, "GET", path, NULL, &json);
    if (status == PL_EXIT_OK && !w->client.as_json) print_list(json, list_name, columns, count);
    cJSON_Delete(json);
    return status;
}

/* ---- users ---- */

static int make_link(const struct wish *w, const char *name)
{
    char path[PATH_BYTES];
    cJSON *json = NULL;
    if (!is_name(name)) return PL_EXIT_USAGE;
    (void)snprintf(path, sizeof path, "/api/v1/users/%s/login-link", name); // it fits
    int status = pl_client_ask(&w->client, "POST", path, "", &json);
    if (status == PL_EXIT_OK) (void)puts(pl_status_text(json, "url"));
    cJSON_Delete(json);
    return status;
}

static int add_user(const struct wish *w, const char *name)
{
    char body[BODY_BYTES];
    struct pl_text t = pl_text_init(body, sizeof body);
    if (!is_name(name)) return PL_EXIT_USAGE;
    if (!w->role) {
        pl_cli_complain("what may %s do? say --role read-only, on-call, ops or admin", name);
        return PL_EXIT_USAGE;
    }
    put_member(&t, "name", name);
    put_member(&t, "role", w->role);
    pl_text_char(&t, '}');
    int status = pl_client_change(&w->client, "POST", "/api/v1/users", body);
    return status == PL_EXIT_OK ? make_link(w, name) : status;
}

/* One line, unseen if it is typed. False: there is none, or it is too long. */
static bool read_password(char *out, size_t cap)
{
    struct termios before, quiet;
    bool is_typed = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_typed) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)fputs("New password (at least 10 characters): ", stderr);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet); // it is read either way
    }
    bool is_read = fgets(out, (int)cap, stdin) != NULL;
    if (is_typed) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fputc('\n', stderr);
    }
    size_t len = is_read ? strcspn(out, "\n") : 0;
    is_read = is_read && len < cap - 1;
    if (is_read) out[len] = '\0';
    return is_read;
}

static int set_password(const struct wish *w, const char *name)
{
    char body[BODY_BYTES], path[PATH_BYTES], password[PASSWORD_BYTES];
    struct pl_text t = pl_text_init(body, sizeof body);
    if (!is_name(name)) return PL_EXIT_USAGE;
    if (!read_password(password, sizeof password)) {
        pl_cli_complain("no password was given: type one, or pass one line on standard input");
        return PL_EXIT_USAGE;
    }
    put_member(&t, "password", password);
    pl_text_char(&t, '}');
    (void)snprintf(path, sizeof path, "/api/v1/users/%s/password", name); // it fits
    int status = pl_client_change(&w->client, "PUT", path, body);
    explicit_bzero(password, sizeof password);
    explicit_bzero(body, sizeof body);
    return status;
}

static int set_role(const struct wish *w, const char *name, const char *role)
{
    char body[BODY_BYTES], path[PATH_BYTES];
    struct pl_text t = pl_text_init(body, sizeof body);
    if (!is_name(name)) return PL_EXIT_USAGE;
    put_member(&t, "role", role);
    pl_text_char(&t, '}');
    (void)snprintf(path, sizeof path, "/api/v1/users/%s", name); // it fits
    return pl_client_change(&w->client, "PUT", path, body);
}

static int drop(const struct wish *w, const char *folder, const char *name)
{
    char path[PATH_BYTES];
    if (!is_name(name)) return PL_EXIT_USAGE;
    (void)snprintf(path, sizeof path, "/api/v1/%s/%s", folder, name); // it fits
    return pl_client_change(&w->client, "DELETE", path, NULL);
}

int pl_user_main(int argc, char **argv)
{
    static const struct column columns[] = {{"name", 24}, {"role", 10}, {"created", 0}};
    struct wish w = {.usage = user_usage};
    int status = read_arguments(argc, argv, &w);
    if (status >= 0) return status;
    if (w.ttl || (w.client.as_json && !is_verb(&w, "ls", 0)) || (w.role && !is_verb(&w, "add", 1)))
        return misused(&w);
    if (is_verb(&w, "ls", 0))
        return show_list(&w, "/api/v1/users", "users", columns, PL_LEN(columns));
    if (is_verb(&w, "add", 1)) return add_user(&w, w.words[1]);
    if (is_verb(&w, "role", 2)) return set_role(&w, w.words[1], w.words[2]);
    if (is_verb(&w, "passwd", 1)) return set_password(&w, w.words[1]);
    if (is_verb(&w, "rm", 1)) return drop(&w, "users", w.words[1]);
    return misused(&w);
}

int pl_login_link_main(int argc, char **argv)
{
    struct wish w = {.usage = link_usage};
    int status = read_arguments(argc, argv, &w);
    if (status >= 0) return status;
    if (w.client.as_json || w.role || w.ttl || w.word_count > 1) return misused(&w);
    return make_link(&w, w.word_count == 1 ? w.words[0] : "admin");
}

/* ---- API tokens and the audit log ---- */

static int new_token(const struct wish *w, const char *name)
{
    char body[BODY_BYTES];
    struct pl_text t = pl_text_init(body, sizeof body);
    cJSON *json = NULL;
    if (!is_name(name)) return PL_EXIT_USAGE;
    if (!w->role) {
        pl_cli_complain(
            "what may it do? say --role metrics, alerts:write, read-only, on-call, ops or "
            "admin");
        return PL_EXIT_USAGE;
    }
    put_member(&t, "name", name);
    put_member(&t, "role", w->role);
    put_member(&t, "ttl", w->ttl ? w->ttl : "90d");
    pl_text_char(&t, '}');
    int status = pl_client_ask(&w->client, "POST", "/api/v1/api-tokens", body, &json);
    if (status == PL_EXIT_OK) (void)puts(pl_status_text(json, "token"));
    cJSON_Delete(json);
    return status;
}

static int new_feed(const struct wish *w, const char *kind, const char *name)
{
    char body[BODY_BYTES];
    struct pl_text t = pl_text_init(body, sizeof body);
    cJSON *json = NULL;
    put_member(&t, "feed", kind);
    put_member(&t, "name", name);
    pl_text_char(&t, '}');
    int status = pl_client_ask(&w->client, "POST", "/api/v1/feeds", body, &json);
    if (status == PL_EXIT_OK) (void)puts(pl_status_text(json, "url"));
    cJSON_Delete(json);
    return status;
}

int pl_apitoken_main(int argc, char **argv)
{
    static const struct column columns[] = {
        {"name", 24}, {"role", 10}, {"created", 24}, {"expires", 0}};
    struct wish w = {.usage = token_usage};
    int status = read_arguments(argc, argv, &w);
    if (status >= 0) return status;
    if (w.client.as_json && !is_verb(&w, "ls", 0)) return misused(&w);
    if (is_verb(&w, "new", 1)) return new_token(&w, w.words[1]);
    if (w.role || w.ttl) return misused(&w);
    if (is_verb(&w, "ls", 0))
        return show_list(&w, "/api/v1/api-tokens", "api_tokens", columns, PL_LEN(columns));
    if (is_verb(&w, "revoke", 1)) return drop(&w, "api-tokens", w.words[1]);
    if (is_verb(&w, "feed", 2)) return new_feed(&w, w.words[1], w.words[2]);
    return misused(&w);
}

/* ---- customers ---- */

static int new_customer_token(const struct wish *w, const char *id)
{
    char body[BODY_BYTES], path[PATH_BYTES];
    struct pl_text t = pl_text_init(body, sizeof body);
    cJSON *json = NULL;
    if (!is_name(id)) return PL_EXIT_USAGE;
    put_member(&t, "ttl", w->ttl ? w->ttl : "365d");
    pl_text_char(&t, '}');
    (void)snprintf(path, sizeof path, "/api/v1/customers/%s/tokens", id); // it fits
    int status = pl_client_ask(&w->client, "POST", path, body, &json);
    if (status == PL_EXIT_OK && !w->client.as_json) (void)puts(pl_status_text(json, "url"));
    cJSON_Delete(json);
    return status;
}

/* The pools of each beside it. */
static void print_customers(const cJSON *json)
{
    const cJSON *customer, *pool;
    cJSON_ArrayForEach(customer, pl_status_list(json, "customers"))
    {
        pl_status_put_text(stdout, pl_status_text(customer, "id"), 24);
        (void)fputs("  ", stdout);
        pl_status_put_text(stdout, pl_status_text(customer, "title"), 24);
        cJSON_ArrayForEach(pool, pl_status_list(customer, "pools"))
        {
            (void)fputs("  ", stdout);
            pl_status_put_text(stdout, cJSON_GetStringValue(pool), 0);
        }
        (void)fputc('\n', stdout);
    }
}

static void print_customer_tokens(const cJSON *json)
{
    const cJSON *token;
    cJSON_ArrayForEach(token, pl_status_list(json, "api_tokens"))
    {
        const char *customer = pl_status_text(token, "customer");
        if (!customer) continue; // a program's
        pl_status_put_text(stdout, customer, 24);
        (void)fputs("  ", stdout);
        pl_status_put_text(stdout, pl_status_text(token, "name"), 32);
        (void)fputs("  ", stdout);
        pl_status_put_text(stdout, pl_status_text(token, "expires"), 0);
        (void)fputc('\n', stdout);
    }
}

static int show(const struct wish *w, const char *path, void (*print)(const cJSON *json))
{
    cJSON *json = NULL;
    int status = pl_client_ask(&w->client, "GET", path, NULL, &json);
    if (status == PL_EXIT_OK && !w->client.as_json) print(json);
    cJSON_Delete(json);
    return status;
}

int pl_customer_main(int argc, char **argv)
{
    struct wish w = {.usage = customer_usage};
    int status = read_arguments(argc, argv, &w);
    if (status >= 0) return status;
    const char *verb = w.word_count > 1 ? w.words[1] : "";
    bool is_new = is_verb(&w, "token", 2) && strcmp(verb, "new") == 0;
    if (w.role || (w.ttl && !is_new)) return misused(&w);
    if (is_new) return new_customer_token(&w, w.words[2]);
    if (is_verb(&w, "ls", 0)) return show(&w, "/api/v1/customers", print_customers);
    if (is_verb(&w, "token", 1) && strcmp(verb, "ls") == 0)
        return show(&w, "/api/v1/api-tokens", print_customer_tokens);
    if (is_verb(&w, "token", 2) && strcmp(verb, "revoke") == 0)
        return drop(&w, "api-tokens", w.words[2]);
    return misused(&w);
}

int pl_audit_main(int argc, char **argv)
{
    static const struct column columns[] = {
        {"time", 24}, {"who", 16}, {"action", 18}, {"subject", 16}, {"address", 0}};
    struct wish w = {.usage = audit_usage};
    int status = read_arguments(argc, argv, &w);
    if (status >= 0) return status;
    if (w.role || w.ttl || w.word_count > 0) return misused(&w);
    return show_list(&w, "/api/v1/audit", "audit", columns, PL_LEN(columns));
}
