/* plimsoll-agent - the process: command line, configuration, exit status. */
#include "agent/app.h"
#include "agent/doctor.h"
#include "agent/join.h"
#include "common/io/tls_memory.h"
#include "common/sys/process.h"
#include "common/sys/yaml.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum { CONFIGS_MAX = 16 };

static const char usage[] =
    "Usage: plimsoll-agent [join TOKEN | rotate | doctor] --config FILE [--config FILE ...]\n"
    "\n"
    "Streams this machine's metrics to a plimsoll collector. Runs in the foreground and logs to\n"
    "standard error; SIGTERM ends it.\n"
    "\n"
    "  plimsoll-agent --config /etc/plimsoll/agent.yaml           run\n"
    "  plimsoll-agent --config /etc/plimsoll/agent.yaml --check   only look for mistakes\n"
    "\n"
    "  plimsoll-agent join TOKEN --config /etc/plimsoll/agent.yaml   be admitted by a collector\n"
    "  plimsoll-agent rotate --config /etc/plimsoll/agent.yaml       take a new key\n"
    "  plimsoll-agent doctor --config /etc/plimsoll/agent.yaml       what it sees, and what not\n"
    "\n"
    "join makes this host's key, shows the token to the collector that made it, and remembers "
    "both;\n"
    "the token may be - to be read from standard input, where no process list shows it.\n"
    "\n"
    "doctor takes a few seconds to look at this machine and to ask the collectors whether they "
    "take\n"
    "this host. A running agent is not disturbed.\n"
    "\n"
    "  --config FILE   configuration; a later file is merged over an earlier one\n"
    "  --check         read the configuration, print every mistake in it, and end\n"
    "  --json          doctor: one JSON object instead of text\n"
    "  --version       print the version, and end\n"
    "  --help          print this, and end\n"
    "\n"
    "Exit status: 0 ok, 1 failed, 2 mistakes on the command line or in the configuration.\n"
    "doctor: 0 all is fine, 1 the agent goes without something, 2 no collector takes this host.\n";

struct arguments {
    const char *configs[CONFIGS_MAX];
    size_t config_count;
    bool check, json;
    const char *command; // "" to run
    const char *token;   // of join
};

static int read_command(int count, char **words, struct arguments *out)
{
    out->command = count > 0 ? words[0] : "";
    bool is_join = strcmp(out->command, "join") == 0;
    bool is_alone = strcmp(out->command, "rotate") == 0 || strcmp(out->command, "doctor") == 0;
    if (count == 0 || (count == 1 && is_alone)) return -1;
    if (is_join && count == 2) {
        out->token = words[1];
        return -1;
    }
    if (is_join)
        (void)fputs("plimsoll-agent: join takes one token; try --help\n", stderr);
    else
        (void)fprintf(stderr, "plimsoll-agent: '%s' is no option; try --help\n", words[0]);
    return EXIT_USAGE;
}

/* Negative to go on, or the exit status to end with. */
static int read_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"json", no_argument, NULL, 'j'},         {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            if (out->config_count == CONFIGS_MAX) {
                (void)fprintf(stderr, "plimsoll-agent: more than %d --config\n", CONFIGS_MAX);
                return EXIT_USAGE;
            }
            out->configs[out->config_count++] = optarg;
            break;
        case 'k': out->check = true; break;
        case 'j': out->json = true; break;
        case 'v': (void)puts("plimsoll-agent " PL_VERSION); return EXIT_OK;
        case 'h': (void)fputs(usage, stdout); return EXIT_OK;
        default: (void)fputs("Try plimsoll-agent --help.\n", stderr); return EXIT_USAGE;
        }
    }
    return read_command(argc - optind, argv + optind, out);
}

static void print_checked(const struct pl_agent_config *config)
{
    (void)printf("The configuration is good: host %s in pool %s, a sample every %lld ms, to ",
                 config->host.text, config->pool.text, (long long)config->interval_ms);
    for (uint32_t i = 0; i < config->collectors.count; i++) {
        char text[PL_ADDRESS_TEXT_BYTES];
        pl_address_write(&config->collectors.item[i], text);
        (void)printf("%s%s", i == 0 ? "" : " or ", text);
    }
    (void)puts(".");
}

int main(int argc, char **argv)
{
    static struct pl_agent_config config;
    static struct pl_option_errors errors;
    struct arguments arguments = {0};
    pl_process_keep_apart();
    if (pl_tls_memory_start() < 0) {
        (void)fputs("plimsoll-agent: there is not enough memory for TLS\n", stderr);
        return EXIT_FAILED;
    }
    int status = read_arguments(argc, argv, &arguments);
    if (status >= 0) return status;
    int err = pl_agent_config_load(arguments.configs, arguments.config_count, &config, &errors);
    if (err < 0) {
        pl_yaml_print_errors(&errors, stderr);
        return EXIT_USAGE;
    }
    if (arguments.check) {
        print_checked(&config);
        return EXIT_OK;
    }
    bool is_doctor = strcmp(arguments.command, "doctor") == 0;
    pl_log_set_level(is_doctor ? PL_LOG_ERROR : config.log_level);
    if (is_doctor) return pl_doctor_main(&config, arguments.json);
    if (arguments.token) return pl_join_main(&config, arguments.token);
    if (arguments.command[0] != '\0') return pl_rotate_main(&config);
    (void)pl_process_prepare(); // an agent needs few files
    /* Without TZ the C library asks for the zone anew, and allocates, with every time it converts.
     */
    (void)setenv("TZ", ":/etc/localtime", 0); // if that fails, it goes on doing so
    return pl_app_run(&config) < 0 ? EXIT_FAILED : EXIT_OK;
}
