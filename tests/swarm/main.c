/* plimsoll-swarm - see README.md beside this file. */
#include "tests/swarm/swarm.h"

#include "common/sys/clock.h"
#include "common/sys/log.h"
#include "common/sys/process.h"

#include "common/base/err.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_LOST = 1, EXIT_USAGE = 2, SHAPE_BYTES_MAX = 64 * 1024 };

static const char usage[] =
    "usage: plimsoll-swarm --agents N --hz R --seconds S --collector HOST:PORT\n"
    "                      [--shape FILE] [--load X] [--pool NAME] [--prefix TEXT] [--drain S]\n"
    "                      [--seed N] [--token TOKEN] [--verbose]\n";

static struct load_shape shape;
static struct pl_token token;

_Noreturn static void refuse(const char *what, const char *value, const char *why)
{
    (void)fprintf(stderr, "plimsoll-swarm: %s '%s' %s\n%s", what, value, why, usage);
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
    static uint8_t buf[SHAPE_BYTES_MAX];
    char line[32];
    FILE *file = fopen(path, "rb");
    if (!file) refuse("--shape", path, strerror(errno));
    size_t len = fread(buf, 1, sizeof buf, file);
    (void)fclose(file); // only read from
    uint32_t wrong = load_shape_parse((struct pl_span){buf, len}, &shape);
    (void)snprintf(line, sizeof line, "is wrong at line %" PRIu32, wrong);
    if (wrong != 0 || len == sizeof buf) refuse("--shape", path, line);
}

static void set_option(struct swarm_config *config, int option, const char *text)
{
    switch (option) {
    case 'a': config->agent_count = (uint32_t)number("--agents", text, 1, SWARM_AGENTS_MAX); return;
    case 'h': config->hz = number("--hz", text, 1.0 / 60, 10); return;
    case 's': config->seconds = number("--seconds", text, 0.1, 1e6); return;
    case 'd': config->drain_seconds = number("--drain", text, 0, 1e6); return;
    case 'l': load_shape_flat(&shape, number("--load", text, 0, 10)); return;
    case 'e': config->seed = (uint64_t)number("--seed", text, 0, 1e15); return;
    case 'f': read_shape(text); return;
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
    default: (void)fputs(usage, stderr); exit(EXIT_USAGE);
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
        {"load", required_argument, NULL, 'l'},
        {"pool", required_argument, NULL, 'p'},
        {"prefix", required_argument, NULL, 'x'},
        {"seed", required_argument, NULL, 'e'},
        {"token", required_argument, NULL, 't'},
        {"verbose", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        set_option(config, option, optarg);
    if (optind < argc) refuse("argument", argv[optind], "is not expected");
    if (config->agent_count == 0 || config->hz <= 0 || config->seconds <= 0 ||
        config->collector.host[0] == '\0')
        refuse("option", "--agents, --hz, --seconds, --collector", "must all be given");
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
        .prefix = "sim-", .drain_seconds = 30, .shape = &shape, .seed = 1};
    uv_loop_t *loop = uv_default_loop();
    uv_signal_t signals[2];
    load_shape_flat(&shape, 0.3);
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
