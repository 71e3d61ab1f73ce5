/* plimsoll replay: the command line of the replays. */
#include "collector/cli/replay.h"

#include "collector/cli/cli.h"
#include "collector/cli/csv.h"
#include "collector/config.h"
#include "common/base/err.h"
#include "common/sys/yaml.h"

#include <getopt.h>
#include <stdlib.h>

enum { CONFIG_FILES_MAX = 16 };

static const char usage[] =
    "Examples:\n"
    "  plimsoll replay last-week.trace\n"
    "  plimsoll replay last-week.trace --config stricter.yaml --json\n"
    "  plimsoll replay --capacity 500 <requests.csv >alerts.csv\n"
    "  plimsoll replay --score <requests.csv >scores.csv\n"
    "\n"
    "Runs the engine that pages over recorded load, so that a threshold can be tried on the past.\n"
    "\n"
    "  FILE           a trace written by a collector (collector.record): prints each alert that "
    "opens\n"
    "                 or resolves\n"
    "  --capacity C   a series on stdin, 'timestamp,value' lines under that header, against a\n"
    "                 capacity in the unit of the values; prints timestamp,alert,\n"
    "                 forecast_seconds_to_capacity for each\n"
    "  --score        a series on stdin; prints timestamp,value,anomaly_score for each\n"
    "  --config FILE  take the rules from this collector configuration; may be repeated\n"
    "  --json         JSON lines instead of text, for a FILE\n"
    "\n"
    "Exit status: 0 replayed, 1 the recording cannot be read, 2 wrong usage or configuration.\n";

struct arguments {
    const char *files[CONFIG_FILES_MAX];
    size_t file_count;
    const char *capacity; // NULL: not given
    const char *trace;    // likewise
    bool score, as_json;
};

static int load_rules(const struct arguments *args, struct pl_rules *rules)
{
    struct pl_collector_config *config = malloc(sizeof *config);
    struct pl_option_errors *errors = malloc(sizeof *errors);
    int err = -1;
    if (config && errors) {
        errors->count = errors->dropped = 0;
        err = pl_collector_config_load(args->files, args->file_count, config, errors);
        pl_yaml_print_errors(errors, stderr);
    }
    if (err == 0) pl_collector_config_rules(config, rules);
    free(config);
    free(errors);
    return err == 0 ? PL_EXIT_OK : PL_EXIT_USAGE;
}

static int run(const struct arguments *args)
{
    struct pl_rules rules;
    double capacity = 0;
    int recordings = (args->capacity != NULL) + (args->trace != NULL) + args->score;
    if (recordings != 1) {
        pl_cli_complain("replay takes one of FILE, --capacity C and --score");
        return PL_EXIT_USAGE;
    }
    if (args->capacity &&
        (pl_csv_number(pl_span_of(args->capacity), &capacity) < 0 || capacity <= 0)) {
        pl_cli_complain("the capacity '%s' is not a number above 0", args->capacity);
        return PL_EXIT_USAGE;
    }
    if (args->as_json && !args->trace) {
        pl_cli_complain("--json belongs to a FILE; series are answered in CSV");
        return PL_EXIT_USAGE;
    }
    if (args->score) return pl_replay_score(stdin, stdout);
    int status = load_rules(args, &rules);
    if (status != PL_EXIT_OK) return status;
    if (args->capacity) return pl_replay_capacity(stdin, stdout, capacity, &rules);
    return pl_replay_trace(args->trace, stdout, &rules, args->as_json);
}

int pl_replay_main(int argc, char **argv)
{
    enum { CAPACITY = 1, SCORE, CONFIG, JSON, HELP };
    static const struct option options[] = {{"capacity", required_argument, NULL, CAPACITY},
                                            {"score", no_argument, NULL, SCORE},
                                            {"config", required_argument, NULL, CONFIG},
                                            {"json", no_argument, NULL, JSON},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    struct arguments args = {0};
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case CAPACITY: args.capacity = optarg; break;
        case SCORE: args.score = true; break;
        case JSON: args.as_json = true; break;
        case HELP: (void)fputs(usage, stdout); return PL_EXIT_OK;
        case CONFIG:
            if (args.file_count < CONFIG_FILES_MAX) {
                args.files[args.file_count++] = optarg;
                break;
            }
            pl_cli_complain("more than %d --config files", CONFIG_FILES_MAX);
            return PL_EXIT_USAGE;
        default: return PL_EXIT_USAGE; // getopt has said why
        }
    }
    if (optind < argc) args.trace = argv[optind++];
    if (optind < argc) {
        pl_cli_complain("replay takes one FILE, not '%s' too", argv[optind]);
        return PL_EXIT_USAGE;
    }
    return run(&args);
}
