/* plimsoll-swarm - see README.md beside this file. */
#include "tests/swarm/swarm.h"

#include "common/sys/clock.h"
#include "common/sys/file.h"
#include "common/sys/log.h"
#include "common/sys/process.h"

#include "common/base/err.h"

#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_LOST = 1, EXIT_USAGE = 2, SHAPE_BYTES_MAX = 8 << 20 };

static const char usage[] =
    "Examples:\n"
    "  plimsoll-swarm --agents 5000 --hz 1 --seconds 60 --collector 127.0.0.1:7410\n"
    "  plimsoll-swarm --agents 2 --hz 1 --seconds 600 --collector 127.0.0.1:7410 \\\n"
    "                 --shape requests.csv --speed 60 --full 900 --pool shop --prefix fe\n"
    "\n"
    "Simulated agents over the real protocol; ends with one line of JSON.\n"
    "\n"
    "  --agents N, --hz R     how many, and samples a second of each (to 10)\n"
    "  --seconds S            for how long\n"
    "  --collector HOST:PORT  to whom\n"
    "  --load X               how loaded they are, all the time (0.3); 1 is all they can give\n"
    "  --shape FILE           or as this file says: CSV 'second,load' or 'timestamp,value'\n"
    "  --speed X              seconds of the file that pass in one (1)\n"
    "  --full V               the value of the file at which all of them are full (1)\n"
    "  --pool NAME            their pool (swarm)\n"
    "  --pools N              or that many: swarm-0, swarm-1, ..., in turns (1)\n"
    "  --prefix TEXT          their names: sim-00000 ...; of less than ten sim-1 ...\n"
    "  --token TOKEN          join first, then stream by TLS\n"
    "  --drain S              wait so long at the end for what is not acknowledged (30)\n"
    "  --seed N               of noise and jitter (1)\n"
    "  --verbose              log each connection\n"
    "\n"
    "Exit status: 0 nothing lost, 1 something lost, 2 wrong usage.\n";

static struct shape shape;
static struct shape_units units = {.speed = 1, .full = 1};
static const char *shape_path; // NULL: the load is the same for ever
static struct pl_token token;

_Noreturn static void refuse(const char *what, const char *value, const char *why)
{
    (void)fprintf(stderr, "plimsoll-swarm: %s '%s' %s; --help tells more\n", what, value, why);
    exit(EXIT_USAGE);
}

static double number(const char *option, const char *text, double least, double most)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most))
        refuse(option, text, "is no number, or outside its limits");
    return value;
}

static void read_shape(const char *path)
{
    struct pl_file file = {0};
    char where[160];
    uint32_t line;
    int err = pl_file_read(path, SHAPE_BYTES_MAX, &file);
    if (err < 0) refuse("--shape", path, pl_err_text(err));
    const char *problem =
        shape_parse((struct pl_span){file.bytes, file.len}, &units, &shape, &line);
    (void)snprintf(where, sizeof where, "line %" PRIu32 " %s", line, problem);
    if (problem) refuse("--shape", path, where);
    pl_file_free(&file);
}

static void set_option(struct swarm_config *config, int option, const char *text)
{
    switch (option) {
    case 'a': config->agent_count = (uint32_t)number("--agents", text, 1, SWARM_AGENTS_MAX); return;
    case 'h': config->hz = number("--hz", text, 1.0 / 60, 10); return;
    case 's': config->seconds = number("--seconds", text, 0.1, 1e6); return;
    case 'd': config->drain_seconds = number("--drain", text, 0, 1e6); return;
    case 'l': shape_flat(&shape, number("--load", text, 0, 10)); return;
    case 'e': config->seed = (uint64_t)number("--seed", text, 0, 1e15); return;
    case 'f': shape_path = text; return;
    case 'm': units.speed = number("--speed", text, 1e-3, 1e6); return;
    case 'u': units.full = number("--full", text, 1e-9, 1e12); return;
    case 'n': config->pool_count = (uint32_t)number("--pools", text, 1, SWARM_POOLS_MAX); return;
    case 'x': config->prefix = text; return;
    case 't':
        if (pl_token_parse(pl_span_of(text), &token) < 0)
            refuse("--token", text, "is no join token");
        config->token = &token;
        return;
    case 'v': pl_log_set_level(PL_LOG_INFO); return;
    case 'p':
        if (pl_name_parse(pl_span_of(text), &config->pool) < 0)
            refuse("--pool", text, "is no name");
        return;
    case 'c':
        if (pl_address_parse(pl_span_of(text), &config->collector) < 0)
            refuse("--collector", text, "is not HOST:PORT");
        return;
    case 'H': (void)fputs(usage, stdout); exit(0);
    default: exit(EXIT_USAGE); // getopt has said why
    }
}

static void read_options(int argc, char **argv, struct swarm_config *config)
{
    static const struct option options[] = {
        {"agents", required_argument, NULL, 'a'},
        {"hz", required_argument, NULL, 'h'},
        {"seconds", required_argument, NULL, 's'},
        {"drain", required_argument, NULL, 'd'},
        {"collector", required_argument, NULL, 'c'},
        {"shape", required_argument, NULL, 'f'},
        {"speed", required_argument, NULL, 'm'},
        {"full", required_argument, NULL, 'u'},
        {"load", required_argument, NULL, 'l'},
        {"pool", required_argument, NULL, 'p'},
        {"pools", required_argument, NULL, 'n'},
        {"prefix", required_argument, NULL, 'x'},
        {"seed", required_argument, NULL, 'e'},
        {"token", required_argument, NULL, 't'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'H'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        set_option(config, option, optarg);
    if (optind < argc) refuse("argument", argv[optind], "is not expected");
    if (config->agent_count == 0 || config->hz <= 0 || config->seconds <= 0 ||
        config->collector.host[0] == '\0')
        refuse("option", "--agents, --hz, --seconds, --collector", "must all be given");
    if (shape_path) read_shape(shape_path);
}

static void on_done(void *swarm)
{
    swarm_stop(swarm);
}

static void on_signal(uv_signal_t *handle, int signal_number)
{
    (void)signal_number;
    swarm_end(handle->data);
}

static void print_result(const struct swarm_config *config, const struct swarm_result *result)
{
    printf("{\"agents\":%" PRIu32 ",\"hz\":%g,\"seconds\":%g,\"sent\":%" PRIu64
           ",\"acknowledged\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"resent\":%" PRIu64
           ",\"reconnects\":%" PRIu64 ",\"cpu_seconds\":%.3f}\n",
           config->agent_count, config->hz, config->seconds, result->sent, result->acknowledged,
           result->sent - result->acknowledged, result->resent, result->reconnects,
           (double)pl_clock_cpu_us() / 1e6);
}

int main(int argc, char **argv)
{
    struct swarm_config config = {
        .pool_count = 1, .prefix = "sim-", .drain_seconds = 30, .shape = &shape, .seed = 1};
    uv_loop_t *loop = uv_default_loop();
    uv_signal_t signals[2];
    shape_flat(&shape, 0.3);
    if (pl_name_parse(pl_span_of("swarm"), &config.pool) < 0) return EXIT_USAGE;
    pl_log_set_level(PL_LOG_NONE); // a thousand agents of one dead collector say the same
    read_options(argc, argv, &config);
    uint64_t files = pl_process_prepare();
    if (files < config.agent_count + 20) refuse("--agents", "", "exceeds the limit of open files");

    struct swarm *swarm = swarm_new(loop, &config);
    if (!swarm) refuse("--prefix", config.prefix, "makes no host name, or memory is short");
    if (config.token && swarm_join(swarm) < 0) return EXIT_LOST; // which agent, was said
    int err = swarm_start(swarm, on_done, swarm);
    if (err < 0) refuse("--collector", config.collector.host, pl_err_text(err));
    for (size_t i = 0; i < PL_LEN(signals); i++) {
        (void)uv_signal_init(loop, &signals[i]); // without them the default action ends us
        (void)uv_signal_start(&signals[i], on_signal, i == 0 ? SIGINT : SIGTERM);
        signals[i].data = swarm;
        uv_unref((uv_handle_t *)&signals[i]);
    }
    (void)uv_run(loop, UV_RUN_DEFAULT); // returns when all handles but the signals are closed

    struct swarm_result result = swarm_result(swarm);
    print_result(&config, &result);
    swarm_free(swarm);
    return result.sent == result.acknowledged ? 0 : EXIT_LOST;
}
