/* The process: arguments, configuration, one loop. */
#include "collector/app.h"
#include "collector/codec/oncall_text.h"
#include "common/base/err.h"
#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "common/sys/process.h"
#include "common/sys/yaml.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONFIG_FILES_MAX = 16, EXIT_USAGE = 2 };

static const char usage[] =
    "Examples:\n"
    "  plimsoll-collector --config /etc/plimsoll/collector.yaml\n"
    "  plimsoll-collector --config collector.yaml --config site.yaml --check\n"
    "\n"
    "Collects what plimsoll agents send, shows it at http://127.0.0.1:7411/ and pages.\n"
    "\n"
    "  --config FILE  read this file; may be repeated, later files are merged over earlier ones\n"
    "  --check        print every error of the configuration with file:line:column, and what is "
    "wrong\n"
    "                 with the coming fourteen days of its schedules, and exit\n"
    "  --help         this text\n"
    "  --version      the version\n";

struct arguments {
    const char *files[CONFIG_FILES_MAX];
    size_t file_count;
    bool check;
};

/* -1: go on; else the exit status. */
static int parse_arguments(int argc, char **argv, struct arguments *out)
{
    enum { CONFIG = 1, CHECK, HELP, VERSION };
    static const struct option options[] = {{"config", required_argument, NULL, CONFIG},
                                            {"check", no_argument, NULL, CHECK},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {0}};
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case CONFIG:
            if (out->file_count == CONFIG_FILES_MAX) {
                (void)fprintf(stderr, "plimsoll-collector: more than %d --config files\n",
                              CONFIG_FILES_MAX);
                return EXIT_USAGE;
            }
            out->files[out->file_count++] = optarg;
            break;
        case CHECK: out->check = true; break;
        case HELP: (void)fputs(usage, stdout); return EXIT_SUCCESS;
        case VERSION: (void)puts("plimsoll-collector " PL_VERSION); return EXIT_SUCCESS;
        default: (void)fputs("Try plimsoll-collector --help\n", stderr); return EXIT_USAGE;
        }
    }
    if (optind == argc) return -1;
    (void)fprintf(stderr, "plimsoll-collector: '%s' is not an option\n", argv[optind]);
    return EXIT_USAGE;
}

static int run(const struct pl_collector_config *config)
{
    uv_loop_t loop;
    struct pl_app *app = NULL;
    int err = uv_loop_init(&loop);
    if (err == 0) err = pl_app_new(&loop, config, &app);
    if (err != 0) {
        pl_log(PL_LOG_ERROR, "start_failed", "err=\"%s\"", pl_err_text(err));
        return EXIT_FAILURE;
    }
    err = pl_app_start(app);
    if (err != 0) pl_app_stop(app);
    (void)uv_run(&loop, UV_RUN_DEFAULT); // returns when every handle is closed
    if (err == 0 && pl_app_failed(app)) err = PL_E_STATE;
    pl_app_free(app);
    (void)uv_loop_close(&loop); // the process ends here anyway
    return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* What is wrong with the coming days, which is no mistake of the configuration. */
static void print_gaps(const struct pl_oncall *roster)
{
    static struct pl_gaps gaps;
    int64_t now_unix_s = pl_clock_unix_ms() / 1000;
    pl_gaps_find(roster, now_unix_s, &gaps);
    for (uint32_t i = 0; i < gaps.count; i++) {
        char text[PL_GAP_TEXT_BYTES];
        struct pl_text t = pl_text_init(text, sizeof text);
        pl_gap_write(&t, roster, &gaps.item[i], now_unix_s);
        (void)printf("warning: %s\n", text);
    }
}

int main(int argc, char **argv)
{
    static struct pl_collector_config config;
    static struct pl_option_errors errors;
    struct arguments arguments = {0};
    int status = parse_arguments(argc, argv, &arguments);
    if (status >= 0) return status;
    int err = pl_collector_config_load(arguments.files, arguments.file_count, &config, &errors);
    if (err != 0) {
        pl_yaml_print_errors(&errors, stderr);
        return EXIT_USAGE;
    }
    if (arguments.check) {
        print_gaps(&config.roster);
        (void)puts("configuration ok");
        return EXIT_SUCCESS;
    }
    pl_log_set_level(config.log_level);
    (void)pl_process_prepare(); // the limit it returns is checked where sockets are opened
    return run(&config);
}
