/* plimsoll token, plimsoll host and plimsoll notify: one line through the admin socket, its answer
 * on stdout. */
#include "collector/codec/admin.h"
#include "collector/cli/cli.h"
#include "common/base/err.h"
#include "common/base/quantity.h"
#include "common/base/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAIT_SECONDS = 25, ANSWER_BYTES_MAX = 64 * 1024 };

#define STATE_DEFAULT "/var/lib/plimsoll"

static const char token_usage[] =
    "Examples:\n"
    "  plimsoll token new --pool web                       good for an hour\n"
    "  plimsoll token new --pool web --pool api --ttl 10m --address 192.0.2.1:7410\n"
    "\n"
    "Makes a join token; run 'plimsoll-agent join TOKEN' on each host that is to join. It is a\n"
    "secret until it expires: any host that has it may join those pools.\n"
    "\n"
    "  --pool NAME          a pool it is good for; up to 8\n"
    "  --ttl TIME           how long, 1m to 30d (default 1h)\n"
    "  --address HOST:PORT  where agents reach the collector; up to 4 (default: collector.agents)\n"
    "  --state DIR          the collector's state directory (else PLIMSOLL_STATE,\n"
    "                       else " STATE_DEFAULT "); only its owner and root may do this\n"
    "\n"
    "Exit status: 0 made, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static const char host_usage[] =
    "Examples:\n"
    "  plimsoll host ls\n"
    "  plimsoll host ls --json | jq -r '.[] | select(.state==\"revoked\").name'\n"
    "  plimsoll host revoke fe1     its key is worth nothing from now on; it may join again\n"
    "  plimsoll host rotate fe1     it takes a new key; the old one is good until that was used\n"
    "  plimsoll host forget fe1     as if it had never joined: its name is free\n"
    "\n"
    "  --json       ls: an array of objects with name, pool, state and since\n"
    "  --state DIR  the collector's state directory (else PLIMSOLL_STATE, else " STATE_DEFAULT ")\n"
    "\n"
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static const char notify_usage[] =
    "Examples:\n"
    "  plimsoll notify test oncall     oncall is a name below notifiers: in the configuration\n"
    "\n"
    "Sends a page that says that it is a test, the way real pages go, and prints what the\n"
    "provider answered. A pager opens an incident for it, which is closed there.\n"
    "\n"
    "  --state DIR  the collector's state directory (else PLIMSOLL_STATE, else " STATE_DEFAULT ")\n"
    "\n"
    "Exit status: 0 accepted, 1 refused, 2 wrong usage, 3 no collector answers.\n";

static void close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
}

/* A connection to the admin socket; -1 after a complaint. */
static int dial(const char *state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {WAIT_SECONDS, 0};
    int len = snprintf(address.sun_path, sizeof address.sun_path, "%s/admin.socket", state);
    if (len < 0 || (size_t)len >= sizeof address.sun_path) {
        pl_cli_complain("the path of the state directory is too long: %s", state);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    pl_cli_complain("cannot reach a collector at %s: %s%s", address.sun_path, strerror(errno),
                    errno == EACCES ? "; only the collector's own user and root may do this"
                                    : "; is it running, and is --state its collector.state?");
    close_fd(&fd);
    return -1;
}

static ssize_t read_answer(int fd, char *answer)
{
    size_t len = 0;
    for (;;) {
        ssize_t got = read(fd, answer + len, ANSWER_BYTES_MAX - 1 - len);
        if (got < 0) return -errno;
        if (got == 0 || len == ANSWER_BYTES_MAX - 1) break;
        len += (size_t)got;
    }
    answer[len] = '\0';
    return (ssize_t)len;
}

/* Ask; the data after "ok" in `answer` (ANSWER_BYTES_MAX). An exit status. */
static int ask(const char *state, const char *line, char *answer)
{
    PL_CLEANUP(close_fd) int fd = dial(state);
    if (fd < 0) return PL_EXIT_UNREACHABLE;
    ssize_t len = write(fd, line, strlen(line)) < 0 ? -errno : read_answer(fd, answer);
    if (len <= 0) {
        pl_cli_complain("the collector did not answer: %s",
                        len < 0 ? pl_err_text((int)len) : "it closed the connection");
        return PL_EXIT_UNREACHABLE;
    }
    if (strncmp(answer, "ok\n", 3) == 0) {
        memmove(answer, answer + 3, (size_t)len - 2);
        return PL_EXIT_OK;
    }
    answer[strcspn(answer, "\n")] = '\0';
    pl_cli_complain("%s", strncmp(answer, "error ", 6) == 0 ? answer + 6 : answer);
    return PL_EXIT_FAILURE;
}

static const char *default_state(void)
{
    const char *state = getenv("PLIMSOLL_STATE");
    return state && state[0] != '\0' ? state : STATE_DEFAULT;
}

static void add_word(struct pl_text *line, const char *key, const char *value)
{
    pl_text_str(line, key);
    for (const char *c = value; *c != '\0'; c++) // a blank or newline would begin another word
        pl_text_char(line, *c <= ' ' ? '?' : *c);
}

static int new_token(const char *state, struct pl_text *line, const char *ttl, bool has_pool)
{
    char answer[ANSWER_BYTES_MAX], number[24];
    struct pl_text t = pl_text_init(number, sizeof number);
    int64_t ttl_ms = 0;
    if (!has_pool) {
        pl_cli_complain("which pool? say --pool NAME");
        return PL_EXIT_USAGE;
    }
    if (pl_quantity_duration(pl_span_of(ttl), &ttl_ms) < 0) {
        pl_cli_complain("'%s' is not a time such as 30m, 1h or 2d", ttl);
        return PL_EXIT_USAGE;
    }
    pl_text_i64(&t, ttl_ms);
    add_word(line, " ttl_ms=", number);
    pl_text_char(line, '\n');
    if (line->overflow) {
        pl_cli_complain("that is too much for one token");
        return PL_EXIT_USAGE;
    }
    int status = ask(state, line->ptr, answer);
    if (status == PL_EXIT_OK) (void)fputs(answer, stdout);
    return status;
}

int pl_token_main(int argc, char **argv)
{
    enum { POOL = 1, TTL, ADDRESS, STATE, HELP };
    static const struct option options[] = {{"pool", required_argument, NULL, POOL},
                                            {"ttl", required_argument, NULL, TTL},
                                            {"address", required_argument, NULL, ADDRESS},
                                            {"state", required_argument, NULL, STATE},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    char buf[PL_ADMIN_LINE_BYTES_MAX];
    struct pl_text line = pl_text_init(buf, sizeof buf);
    const char *state = default_state(), *ttl = "1h";
    bool has_pool = false;
    pl_text_str(&line, "token new");
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case POOL:
            add_word(&line, " pool=", optarg);
            has_pool = true;
            break;
        case TTL: ttl = optarg; break;
        case ADDRESS: add_word(&line, " address=", optarg); break;
        case STATE: state = optarg; break;
        case HELP: (void)fputs(token_usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    if (optind + 1 == argc && strcmp(argv[optind], "new") == 0)
        return new_token(state, &line, ttl, has_pool);
    (void)fputs(token_usage, stderr);
    return PL_EXIT_USAGE;
}

/* One line of the list, "fe1 web enrolled 2026-05-01T14:03:12.000Z", as an object. */
static void print_object(struct pl_span line, bool is_first)
{
    static const char *const names[] = {"name", "pool", "state", "since"};
    char buf[512];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    const uint8_t *at = line.ptr, *end = line.ptr + line.len;
    for (size_t i = 0; i < PL_LEN(names); i++) {
        const uint8_t *blank = at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
        const uint8_t *stop = blank ? blank : end;
        pl_text_str(&t, i == 0 ? "{" : ",");
        pl_text_json(&t, pl_span_of(names[i]));
        pl_text_char(&t, ':');
        pl_text_json(&t, (struct pl_span){at, (size_t)(stop - at)});
        at = blank ? blank + 1 : end;
    }
    (void)printf("%s%s}", is_first ? "" : ",\n ", buf);
}

/* A page of the list, as it is or as objects of an array; `*count` is how many came before. */
static void print_hosts(const char *page, bool as_json, uint32_t *count)
{
    struct pl_span text = pl_span_of(page);
    if (!as_json) (void)fputs(page, stdout);
    for (const uint8_t *end; as_json && text.len > 0; text.ptr = end + 1) {
        end = memchr(text.ptr, '\n', text.len);
        if (!end) return; // a line that was cut
        size_t len = (size_t)(end - text.ptr);
        print_object((struct pl_span){text.ptr, len}, (*count)++ == 0);
        text.len -= len + 1;
    }
}

/* All pages of the list; each but the last ends with a line "more <cursor>". */
static int list_hosts(const char *state, bool as_json)
{
    char answer[ANSWER_BYTES_MAX], line[64] = "host list\n";
    uint32_t count = 0;
    for (;;) {
        int status = ask(state, line, answer);
        if (status != PL_EXIT_OK) return status;
        if (as_json && count == 0) (void)fputc('[', stdout);
        char *more = strncmp(answer, "more ", 5) == 0 ? answer : strstr(answer, "\nmore ");
        if (!more) {
            print_hosts(answer, as_json, &count);
            if (as_json) (void)fputs("]\n", stdout);
            return PL_EXIT_OK;
        }
        if (more != answer) more++;
        (void)snprintf(line, sizeof line, "host list after=%.*s\n", (int)strcspn(more + 5, "\n"),
                       more + 5);
        *more = '\0';
        print_hosts(answer, as_json, &count);
    }
}

static int change_host(const char *state, const char *verb, const char *host)
{
    char answer[ANSWER_BYTES_MAX], buf[PL_ADMIN_LINE_BYTES_MAX];
    struct pl_text line = pl_text_init(buf, sizeof buf);
    pl_text_str(&line, "host ");
    pl_text_str(&line, verb);
    add_word(&line, " ", host);
    pl_text_char(&line, '\n');
    if (line.overflow) {
        pl_cli_complain("that is no host's name");
        return PL_EXIT_USAGE;
    }
    int status = ask(state, buf, answer);
    if (status == PL_EXIT_OK && strcmp(verb, "rotate") == 0)
        (void)printf("asked %s to take a new key; 'plimsoll host ls' shows it as rotating until it "
                     "was used\n",
                     host);
    else if (status == PL_EXIT_OK)
        (void)printf("%s %s\n", strcmp(verb, "revoke") == 0 ? "revoked" : "forgot", host);
    return status;
}

int pl_host_main(int argc, char **argv)
{
    enum { STATE = 1, JSON, HELP };
    static const struct option options[] = {{"state", required_argument, NULL, STATE},
                                            {"json", no_argument, NULL, JSON},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    const char *state = default_state();
    bool as_json = false;
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case STATE: state = optarg; break;
        case JSON: as_json = true; break;
        case HELP: (void)fputs(host_usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    const char *verb = optind < argc ? argv[optind] : "";
    if (optind + 1 == argc && strcmp(verb, "ls") == 0) return list_hosts(state, as_json);
    if (!as_json && optind + 2 == argc &&
        (strcmp(verb, "revoke") == 0 || strcmp(verb, "rotate") == 0 || strcmp(verb, "forget") == 0))
        return change_host(state, verb, argv[optind + 1]);
    (void)fputs(host_usage, stderr);
    return PL_EXIT_USAGE;
}

static int test_notifier(const char *state, const char *name)
{
    char answer[ANSWER_BYTES_MAX], buf[PL_ADMIN_LINE_BYTES_MAX];
    struct pl_text line = pl_text_init(buf, sizeof buf);
    add_word(&line, "notifier test ", name);
    pl_text_char(&line, '\n');
    if (line.overflow) {
        pl_cli_complain("that is no notifier's name");
        return PL_EXIT_USAGE;
    }
    int status = ask(state, buf, answer);
    if (status == PL_EXIT_OK) (void)fputs(answer, stdout);
    return status;
}

int pl_notify_main(int argc, char **argv)
{
    enum { STATE = 1, HELP };
    static const struct option options[] = {
        {"state", required_argument, NULL, STATE}, {"help", no_argument, NULL, HELP}, {0}};
    const char *state = default_state();
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case STATE: state = optarg; break;
        case HELP: (void)fputs(notify_usage, stdout); return PL_EXIT_OK;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    if (optind + 2 == argc && strcmp(argv[optind], "test") == 0)
        return test_notifier(state, argv[optind + 1]);
    (void)fputs(notify_usage, stderr);
    return PL_EXIT_USAGE;
}
