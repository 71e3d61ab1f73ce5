/* plimsoll: what people type. Verbs that ask a running collector, and replays that need none. */
#include "collector/cli/cli.h"
#include "common/base/suggest.h"

#include <stdarg.h>
#include <stdio.h>

static const char usage[] =
    "Examples:\n"
    "  plimsoll status                       pools, hosts and alerts of the collector here\n"
    "  plimsoll launch add --in 30m --pool web --kind giveaway --x 400k\n"
    "  plimsoll token new --pool web         let further hosts join the pool web\n"
    "  plimsoll replay last-week.trace       the alerts that recording would have raised\n"
    "  plimsoll replay --capacity 500 <load.csv\n"
    "\n"
    "  status      what a collector sees now\n"
    "  top         the same every second\n"
    "  ack         say that you have an alert, or hush it for a while\n"
    "  silence     hush a pool, rule or host for a while\n"
    "  deliveries  who was told of an alert, and what became of it\n"
    "  changes     what changed on the hosts in the last 24 hours\n"
    "  case        what customers are told of an incident, and by whom\n"
    "  launch      announce a launch, and read what will happen\n"
    "  oncall      who is on call, and what is wrong with the coming days\n"
    "  schedule    put somebody else on call for a while\n"
    "  token       make a token with which hosts join\n"
    "  host        list, revoke and forget the hosts that have joined\n"
    "  explain     why an alert is as it is\n"
    "  notify      send a test page to one notifier\n"
    "  login-link  a link that logs somebody in: the first login, or a forgotten password\n"
    "  user        who may log in, and what they may do\n"
    "  apitoken    tokens with which programs use the API\n"
    "  customer    who may announce launches, and the links that let them in\n"
    "  audit       who did what with accounts\n"
    "  replay      run the alerting engine over recorded load\n"
    "\n"
    "plimsoll COMMAND --help tells more. --version prints the version.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {{"status", pl_status_main},     {"top", pl_top_main},
                {"changes", pl_changes_main},   {"token", pl_token_main},
                {"host", pl_host_main},         {"replay", pl_replay_main},
                {"user", pl_user_main},         {"login-link", pl_login_link_main},
                {"apitoken", pl_apitoken_main}, {"audit", pl_audit_main},
                {"customer", pl_customer_main}, {"notify", pl_notify_main},
                {"explain", pl_explain_main},   {"case", pl_case_main},
                {"launch", pl_launch_main},     {"oncall", pl_oncall_main},
                {"schedule", pl_schedule_main}, {"ack", pl_ack_main},
                {"silence", pl_silence_main},   {"deliveries", pl_deliveries_main}};

void pl_cli_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("plimsoll: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

static int refuse_command(const char *name)
{
    struct pl_suggest similar = pl_suggest_init(pl_span_of(name));
    for (size_t i = 0; i < PL_LEN(commands); i++) {
        pl_suggest_consider(&similar, pl_span_of(commands[i].name));
    }
    if (similar.best.len > 0) {
        pl_cli_complain("there is no command '%s'; did you mean '%s'?", name,
                        (const char *)similar.best.ptr);
    } else {
        pl_cli_complain("there is no command '%s'; plimsoll --help lists them", name);
    }
    return PL_EXIT_USAGE;
}

/* What is still in the buffer of stdout must reach its reader, or the command has failed. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    pl_cli_complain("cannot write the answer");
    return status == PL_EXIT_OK ? PL_EXIT_FAILURE : status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (pl_span_is(pl_span_of(name), "--help") || pl_span_is(pl_span_of(name), "help")) {
        (void)fputs(usage, stdout);
        return finish(PL_EXIT_OK);
    }
    if (pl_span_is(pl_span_of(name), "--version")) {
        (void)puts("plimsoll " PL_VERSION);
        return finish(PL_EXIT_OK);
    }
    if (argc < 2) {
        (void)fputs(usage, stderr);
        return PL_EXIT_USAGE;
    }
    for (size_t i = 0; i < PL_LEN(commands); i++) {
        if (!pl_span_is(pl_span_of(name), commands[i].name)) continue;
        return finish(commands[i].run(argc - 1, argv + 1));
    }
    return refuse_command(name);
}
