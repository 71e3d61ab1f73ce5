/* plimsoll replay: the command line of the replays, and what follows each: summary, reasons, chart,
 * comparison. A recording is played once for each set of rules. */
#include "collector/cli/replay.h"

#include "collector/cli/chart_svg.h"
#include "collector/cli/cli.h"
#include "collector/cli/csv.h"
#include "collector/cli/story_text.h"
#include "collector/config.h"
#include "common/base/quantity.h"
#include "common/sys/clock.h"
#include "common/sys/yaml.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

enum { CONFIG_FILES_MAX = 16, POOLS_MAX = PL_CONFIG_POOLS_MAX + 1, COPY_BYTES = 1 << 16 };

#define STATE_DEFAULT "/var/lib/plimsoll"

static const char usage[] =
    "Examples:\n"
    "  plimsoll replay last-week.trace --explain\n"
    "  plimsoll replay last-week.trace --rules stricter.yaml --chart out.svg\n"
    "  plimsoll replay --from 3d --pool web --rules stricter.yaml --chart out.svg\n"
    "  plimsoll replay --capacity 500 <requests.csv >alerts.csv\n"
    "  plimsoll replay --score <requests.csv >scores.csv\n"
    "\n"
    "Runs the engine that pages over recorded load, so that a threshold can be tried on the past.\n"
    "\n"
    "  FILE           a trace written by a collector (collector.record): prints each alert that "
    "opens\n"
    "                 or resolves, then a summary\n"
    "  --from T       what a collector has stored of the pool named by --pool, since then: a time\n"
    "                 such as 2026-05-01T14:00:00Z, or how long ago, such as 90m or 3d\n"
    "  --to T         until then (default: now)\n"
    "  --state DIR    the state directory of that collector, where its own Redis listens (else\n"
    "                 PLIMSOLL_STATE, else that of --config, else " STATE_DEFAULT ")\n"
    "  --redis URL    or the Redis it uses (else that of --config)\n"
    "  --capacity C   a series on stdin, 'timestamp,value' lines under that header, against a\n"
    "                 capacity in the unit of the values; prints timestamp,alert,\n"
    "                 forecast_seconds_to_capacity for each. With a FILE or --from: of the pool "
    "named "
    "by\n"
    "                 --pool\n"
    "  --score        a series on stdin; prints timestamp,value,anomaly_score for each\n"
    "  --config FILE  take rules and capacities from this collector configuration; may be "
    "repeated\n"
    "  --rules FILE   try the rules of this file too, and print which pages that changes\n"
    "  --explain      which rule made each alert, by which numbers, and what came near a page\n"
    "                 without one\n"
    "  --chart FILE   draw traffic, capacity, pages and warnings as SVG\n"
    "  --pool NAME    the pool to draw (else the one with the most pages)\n"
    "  --json         JSON lines instead of text, for a FILE and --from\n"
    "\n"
    "What a series is answered with stays CSV on stdout; summary and reasons go to stderr then.\n"
    "Exit status: 0 replayed, 1 the recording cannot be read, 2 wrong usage or configuration.\n";

struct arguments {
    const char *files[CONFIG_FILES_MAX];
    size_t file_count;
    const char *capacity, *trace, *rules, *chart, *pool; // NULL: not given
    const char *from, *to, *state, *redis;               // likewise
    bool score, as_json, explain;
};

/* What is played, and how what comes of it is told. */
struct job {
    const struct arguments *args; // borrowed
    double capacity;              // 0: not given
    FILE *series;                 // borrowed; NULL: a trace or a history is played
    struct pl_history history;    // open if --from was given
    struct pl_replay_span span;   // of it
    FILE *words;                  // borrowed: where summary and reasons go
    struct pl_pool_config pools[POOLS_MAX];
    struct pl_rules rules[PL_CONFIG_POOLS_MAX]; // of the configured pools
    struct pl_simulation_setup setup;
    struct pl_config_redis redis; // as configured, or --redis
    char state[PL_CONFIG_PATH_BYTES];
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
        job->pools[i] = (struct pl_pool_config){
            .name = pool->name, .capacity = pool->capacity, .rules = &job->rules[i]};
    }
    if (job->capacity > 0 && args->pool) {
        struct pl_name name;
        uint32_t at = 0;
        if (pl_name_parse(pl_span_of(args->pool), &name) < 0) return refuse_pool(args->pool);
        while (at < count && !pl_name_eq(&job->pools[at].name, &name)) at++;
        job->pools[at] = (struct pl_pool_config){.name = name,
                                                 .rules = at < count ? &job->rules[at] : NULL,
                                                 .capacity = {.source = PL_CAPACITY_CONFIGURED,
                                                              .per_s = job->capacity,
                                                              .unit = PL_SOURCE_CONNECTIONS}};
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
        if (err == 0) job->redis = config->redis;
        if (err == 0 && args->file_count > 0) memcpy(job->state, config->state, sizeof job->state);
        if (err == 0) status = fill_pools(job, config);
    }
    free(config);
    free(errors);
    return status;
}

/* ---- a history ---- */

/* A time, or how long ago it was. */
static int parse_moment(const char *option, const char *text, int64_t now_unix_ms, int64_t *out)
{
    int64_t ago_ms;
    if (pl_csv_time(pl_span_of(text), out) == 0) return PL_EXIT_OK;
    if (pl_quantity_duration(pl_span_of(text), &ago_ms) == 0 && ago_ms <= now_unix_ms) {
        *out = now_unix_ms - ago_ms;
        return PL_EXIT_OK;
    }
    pl_cli_complain("'%s' (%s) is neither a time such as 2026-05-01T14:00:00Z nor how long ago it "
                    "was, such as 90m or 3d",
                    text, option);
    return PL_EXIT_USAGE;
}

static int parse_span(struct job *job)
{
    const struct arguments *args = job->args;
    int64_t now = pl_clock_unix_ms();
    struct pl_replay_span *span = &job->span;
    if (pl_name_parse(pl_span_of(args->pool), &span->pool) < 0) return refuse_pool(args->pool);
    span->to_unix_ms = now;
    int status = args->to ? parse_moment("--to", args->to, now, &span->to_unix_ms) : PL_EXIT_OK;
    if (status == PL_EXIT_OK) status = parse_moment("--from", args->from, now, &span->from_unix_ms);
    if (status != PL_EXIT_OK || span->from_unix_ms < span->to_unix_ms) return status;
    pl_cli_complain("--from '%s' is not before --to '%s'", args->from, args->to ? args->to : "now");
    return PL_EXIT_USAGE;
}

static int open_history(struct job *job)
{
    const struct arguments *args = job->args;
    const char *environment = getenv("PLIMSOLL_STATE");
    const char *state = job->state[0] != '\0' ? job->state : STATE_DEFAULT;
    if (environment && environment[0] != '\0') state = environment;
    if (args->state) {
        state = args->state;
        job->redis = (struct pl_config_redis){.kind = PL_CONFIG_REDIS_MANAGED};
    }
    if (args->redis && !pl_collector_config_redis(args->redis, &job->redis)) {
        pl_cli_complain("'%s' (--redis) is not redis://HOST:PORT, redis://HOST:PORT/DATABASE or "
                        "unix:///PATH of a socket",
                        args->redis);
        return PL_EXIT_USAGE;
    }
    int status = parse_span(job);
    return status == PL_EXIT_OK ? pl_history_open(&job->history, &job->redis, state) : status;
}

/* ---- playing ---- */

static int play(struct job *job, struct pl_replay_view *view, FILE *rows)
{
    int status;
    if (job->series)
        status = pl_replay_capacity(job->series, rows, job->capacity, &job->setup.rules, view);
    else if (job->args->from)
        status = pl_replay_history(&job->history, &job->span, &job->setup, view);
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
    pl_story_init(story, args->from ? job->span.from_unix_ms : INT64_MIN);
    int status = play(job, &view, stdout);
    if (status != PL_EXIT_OK) return status;
    if (!args->as_json) {
        if (story->pool_count > 0) (void)fputc('\n', job->words);
        pl_story_summary(story, job->words);
        if (args->explain) pl_story_misses(story, job->words);
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
    if (status == PL_EXIT_OK && args->from) status = open_history(job);
    if (status != PL_EXIT_OK) return status;
    if (!looks) return play(job, NULL, stdout);
    if (job->series && args->rules) job->series = keep_stdin();
    struct pl_story *story = malloc(sizeof *story);
    bool has_input = job->series || args->trace || args->from;
    status = story && has_input ? play_and_tell(job, story) : PL_EXIT_FAILURE;
    pl_history_close(&job->history);
    if (job->series && args->rules) (void)fclose(job->series);
    free(story);
    return status;
}

/* ---- the command line ---- */

static const char *misuse(const struct arguments *args)
{
    bool looks = args->explain || args->chart || args->rules;
    bool capacity_of_series = args->capacity && !args->trace && !args->from;
    if ((args->trace != NULL) + (args->from != NULL) + capacity_of_series + args->score != 1)
        return "replay takes one of FILE, --from T, --capacity C and --score";
    if (args->from && !args->pool) return "--from needs --pool NAME: whose history?";
    if (!args->from && (args->to || args->state || args->redis))
        return "--to, --state and --redis belong to --from T";
    if (args->state && args->redis)
        return "--state and --redis both say where samples are: give one";
    if (args->trace && args->capacity && !args->pool)
        return "--capacity with a FILE needs --pool NAME: which pool can take that much?";
    if (args->as_json && !args->trace && !args->from)
        return "--json belongs to a FILE or --from; series are answered in CSV";
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
    job->series = args->trace || args->from ? NULL : stdin;
    job->words = job->series ? stderr : stdout;
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
    enum {
        CAPACITY = 1,
        SCORE,
        FROM,
        TO,
        STATE,
        REDIS,
        CONFIG,
        RULES,
        EXPLAIN,
        CHART,
        POOL,
        JSON,
        HELP
    };
    static const struct option options[] = {{"capacity", required_argument, NULL, CAPACITY},
                                            {"score", no_argument, NULL, SCORE},
                                            {"from", required_argument, NULL, FROM},
                                            {"to", required_argument, NULL, TO},
                                            {"state", required_argument, NULL, STATE},
                                            {"redis", required_argument, NULL, REDIS},
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
        case FROM: args.from = optarg; break;
        case TO: args.to = optarg; break;
        case STATE: args.state = optarg; break;
        case REDIS: args.redis = optarg; break;
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
