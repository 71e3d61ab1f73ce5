/* plimsoll replay: the command line of the replays, and what follows each: summary, reasons, chart,
 * comparison. A recording is played once for each set of rules. */
#include "collector/cli/replay.h"

#include "collector/cli/chart_svg.h"
#include "collector/cli/cli.h"
#include "collector/cli/csv.h"
#include "collector/cli/story_text.h"
#include "collector/config.h"
#include "common/base/err.h"
#include "common/sys/yaml.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

enum { CONFIG_FILES_MAX = 16, POOLS_MAX = PL_CONFIG_POOLS_MAX + 1, COPY_BYTES = 1 << 16 };

static const char usage[] =
    "Examples:\n"
    "  plimsoll replay last-week.trace --explain\n"
    "  plimsoll replay last-week.trace --rules stricter.yaml --chart out.svg\n"
    "  plimsoll replay --capacity 500 <requests.csv >alerts.csv\n"
    "  plimsoll replay --score <requests.csv >scores.csv\n"
    "\n"
    "Runs the engine that pages over recorded load, so that a threshold can be tried on the past.\n"
    "\n"
    "  FILE           a trace written by a collector (collector.record): prints each alert that "
    "opens\n"
    "                 or resolves, then a summary\n"
    "  --capacity C   a series on stdin, 'timestamp,value' lines under that header, against a\n"
    "                 capacity in the unit of the values; prints timestamp,alert,\n"
    "                 forecast_seconds_to_capacity for each. With a FILE: of the pool named by "
    "--pool\n"
    "  --score        a series on stdin; prints timestamp,value,anomaly_score for each\n"
    "  --config FILE  take rules and capacities from this collector configuration; may be "
    "repeated\n"
    "  --rules FILE   try the rules of this file too, and print which pages that changes\n"
    "  --explain      which rule made each alert, by which numbers, and what came near a page\n"
    "                 without one\n"
    "  --chart FILE   draw traffic, capacity, pages and warnings as SVG\n"
    "  --pool NAME    the pool to draw (else the one with the most pages)\n"
    "  --json         JSON lines instead of text, for a FILE\n"
    "\n"
    "What a series is answered with stays CSV on stdout; summary and reasons go to stderr then.\n"
    "Exit status: 0 replayed, 1 the recording cannot be read, 2 wrong usage or configuration.\n";

struct arguments {
    const char *files[CONFIG_FILES_MAX];
    size_t file_count;
    const char *capacity, *trace, *rules, *chart, *pool; // NULL: not given
    bool score, as_json, explain;
};

/* What is played, and how what comes of it is told. */
struct job {
    const struct arguments *args; // borrowed
    double capacity;              // 0: not given
    FILE *series;                 // borrowed; NULL: a trace is played
    FILE *words;                  // borrowed: where summary and reasons go
    struct pl_pool_config pools[POOLS_MAX];
    struct pl_rules rules[PL_CONFIG_POOLS_MAX]; // of the configured pools
    struct pl_simulation_setup setup;
};

/* ---- rules and capacities ---- */

static int refuse_pool(const char *name)
{
    pl_cli_complain("'%s' (--pool) is not the name of a pool", name);
    return PL_EXIT_USAGE;
}

/* The configured pools, and the capacity given for one of them. */
static int fill_pools(struct job *job, const struct pl_collector_config *config)
{
    const struct arguments *args = job->args;
    uint32_t count = config->pool_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_config_pool *pool = &config->pools[i];
        pl_collector_config_rules(config, pool, &job->rules[i]);
        job->pools[i] = (struct pl_pool_config){.name = pool->name, .rules = &job->rules[i]};
        if (pool->capacity_per_s == 0) continue;
        job->pools[i].capacity = (struct pl_capacity){.source = PL_CAPACITY_CONFIGURED,
                                                      .per_s = (double)pool->capacity_per_s};
    }
    if (job->capacity > 0 && args->pool) {
        struct pl_name name;
        uint32_t at = 0;
        if (pl_name_parse(pl_span_of(args->pool), &name) < 0) return refuse_pool(args->pool);
        while (at < count && !pl_name_eq(&job->pools[at].name, &name)) at++;
        job->pools[at] = (struct pl_pool_config){
            .name = name,
            .rules = at < count ? &job->rules[at] : NULL,
            .capacity = {.source = PL_CAPACITY_CONFIGURED, .per_s = job->capacity}};
        count = PL_MAX(count, at + 1);
    }
    job->setup.pools = job->pools;
    job->setup.pool_count = count;
    return PL_EXIT_OK;
}

/* The configuration, with the rules of --rules over it for the trial. */
static int load_setup(struct job *job, bool trial)
{
    const struct arguments *args = job->args;
    const char *files[CONFIG_FILES_MAX + 1];
    struct pl_collector_config *config = malloc(sizeof *config);
    struct pl_option_errors *errors = malloc(sizeof *errors);
    int status = PL_EXIT_USAGE;
    memcpy(files, args->files, sizeof args->files);
    files[args->file_count] = args->rules;
    if (config && errors) {
        errors->count = errors->dropped = 0;
        int err = pl_collector_config_load(files, args->file_count + trial, config, errors);
        pl_yaml_print_errors(errors, stderr);
        if (err == 0) pl_collector_config_rules(config, NULL, &job->setup.rules);
        if (err == 0) status = fill_pools(job, config);
    }
    free(config);
    free(errors);
    return status;
}

/* ---- playing ---- */

static int play(struct job *job, struct pl_replay_view *view, FILE *rows)
{
    int status;
    if (job->series)
        status = pl_replay_capacity(job->series, rows, job->capacity, &job->setup.rules, view);
    else
        status = pl_replay_trace(job->args->trace, &job->setup, view);
    if (view && view->story) pl_story_end(view->story);
    return status;
}

static int write_chart(const struct arguments *args, const struct pl_story *story)
{
    const struct pl_story_pool *pool =
        args->pool ? pl_story_find(story, pl_span_of(args->pool)) : pl_story_main(story);
    if (args->pool && !pool) {
        pl_cli_complain("there is no pool '%s' in the recording to draw", args->pool);
        return PL_EXIT_FAILURE;
    }
    FILE *out = fopen(args->chart, "we");
    int err = out ? 0 : errno;
    if (out) {
        pl_chart_svg(story, pool, out);
        if (ferror(out)) err = EIO;
        if (fclose(out) != 0) err = errno;
    }
    if (err == 0) return PL_EXIT_OK;
    pl_cli_complain("cannot write the chart '%s': %s", args->chart, strerror(err));
    return PL_EXIT_FAILURE;
}

/* The same recording under the rules of --rules, after those of --config. */
static int compare(struct job *job, const struct pl_story *base)
{
    struct pl_story *trial = malloc(sizeof *trial);
    FILE *nowhere = fopen("/dev/null", "we");
    struct pl_replay_view view = {.story = trial};
    int status = trial && nowhere ? load_setup(job, true) : PL_EXIT_FAILURE;
    if (status == PL_EXIT_OK) {
        pl_story_init(trial, base->from_unix_ms);
        if (job->series) rewind(job->series);
        status = play(job, &view, nowhere);
    }
    if (status == PL_EXIT_OK) pl_story_compare(base, trial, job->args->rules, job->words);
    if (nowhere) (void)fclose(nowhere);
    free(trial);
    return status;
}

static int play_and_tell(struct job *job, struct pl_story *story)
{
    const struct arguments *args = job->args;
    struct pl_replay_view view = {.as_json = args->as_json, .explain = args->explain};
    view.story = story;
    if (!job->series || args->explain) view.out = job->words;
    pl_story_init(story, INT64_MIN);
    int status = play(job, &view, stdout);
    if (status != PL_EXIT_OK) return status;
    if (!args->as_json) {
        if (story->pool_count > 0) (void)fputc('\n', job->words);
        pl_story_summary(story, job->words);
        if (args->explain) pl_story_misses(story, &job->setup.rules, job->words);
    }
    if (args->chart) status = write_chart(args, story);
    if (status == PL_EXIT_OK && args->rules) status = compare(job, story);
    return status;
}

/* All of stdin in a file without a name, to be read twice. NULL after a complaint. */
static FILE *keep_stdin(void)
{
    FILE *copy = tmpfile();
    char *buf = malloc(COPY_BYTES);
    size_t got = 0;
    while (copy && buf && (got = fread(buf, 1, COPY_BYTES, stdin)) > 0) {
        if (fwrite(buf, 1, got, copy) != got) break;
    }
    bool failed = !copy || !buf || got > 0 || ferror(stdin) || fflush(copy) != 0;
    free(buf);
    if (!failed) {
        rewind(copy);
        return copy;
    }
    pl_cli_complain("cannot keep the series to read it twice");
    if (copy) (void)fclose(copy);
    return NULL;
}

static int run_job(struct job *job)
{
    const struct arguments *args = job->args;
    bool looks = !job->series || args->explain || args->chart || args->rules;
    int status = args->rules ? load_setup(job, true) : PL_EXIT_OK; // wrong ones are told at once
    if (status == PL_EXIT_OK) status = load_setup(job, false);
    if (status != PL_EXIT_OK) return status;
    if (!looks) return play(job, NULL, stdout);
    if (job->series && args->rules) job->series = keep_stdin();
    struct pl_story *story = malloc(sizeof *story);
    status = story && (job->series || args->trace) ? play_and_tell(job, story) : PL_EXIT_FAILURE;
    if (job->series && args->rules) (void)fclose(job->series);
    free(story);
    return status;
}

/* ---- the command line ---- */

static const char *misuse(const struct arguments *args)
{
    bool looks = args->explain || args->chart || args->rules;
    bool capacity_of_series = args->capacity && !args->trace;
    if ((args->trace != NULL) + capacity_of_series + args->score != 1)
        return "replay takes one of FILE, --capacity C and --score";
    if (args->trace && args->capacity && !args->pool)
        return "--capacity with a FILE needs --pool NAME: which pool can take that much?";
    if (args->as_json && !args->trace)
        return "--json belongs to a FILE; series are answered in CSV";
    if (args->as_json && (args->explain || args->rules))
        return "--json goes without --explain and --rules, which are told in words";
    if (args->score && (looks || args->pool))
        return "--score has no pages: --explain, --rules, --chart and --pool do not go with it";
    return NULL;
}

static int run(const struct arguments *args)
{
    const char *problem = misuse(args);
    if (problem) {
        pl_cli_complain("%s", problem);
        return PL_EXIT_USAGE;
    }
    struct job *job = calloc(1, sizeof *job);
    if (!job) return PL_EXIT_FAILURE;
    job->args = args;
    job->series = args->trace ? NULL : stdin;
    job->words = args->trace ? stdout : stderr;
    int status;
    if (args->score) {
        status = pl_replay_score(stdin, stdout);
    } else if (args->capacity && (pl_csv_number(pl_span_of(args->capacity), &job->capacity) < 0 ||
                                  job->capacity <= 0)) {
        pl_cli_complain("the capacity '%s' is not a number above 0", args->capacity);
        status = PL_EXIT_USAGE;
    } else {
        status = run_job(job);
    }
    free(job);
    return status;
}

int pl_replay_main(int argc, char **argv)
{
    enum { CAPACITY = 1, SCORE, CONFIG, RULES, EXPLAIN, CHART, POOL, JSON, HELP };
    static const struct option options[] = {{"capacity", required_argument, NULL, CAPACITY},
                                            {"score", no_argument, NULL, SCORE},
                                            {"config", required_argument, NULL, CONFIG},
                                            {"rules", required_argument, NULL, RULES},
                                            {"explain", no_argument, NULL, EXPLAIN},
                                            {"chart", required_argument, NULL, CHART},
                                            {"pool", required_argument, NULL, POOL},
                                            {"json", no_argument, NULL, JSON},
                                            {"help", no_argument, NULL, HELP},
                                            {0}};
    struct arguments args = {0};
    for (int opt; (opt = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (opt) {
        case CAPACITY: args.capacity = optarg; break;
        case SCORE: args.score = true; break;
        case RULES: args.rules = optarg; break;
        case EXPLAIN: args.explain = true; break;
        case CHART: args.chart = optarg; break;
        case POOL: args.pool = optarg; break;
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
