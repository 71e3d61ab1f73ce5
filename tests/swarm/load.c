#include "tests/swarm/load.h"

#include "tests/random.h"

#include <math.h>

/* The simulated machine at load 1. */
enum {
    CORES = 4,
    MEMORY_MIB = 8192,
    ACCEPTS = 800,        // connections per second
    CONNECTION_S = 3,     // that one lives
    SEGMENTS = 24,        // in each direction, per connection
    RECEIVED_KBIT = 12,   // per connection
    SENT_KBIT = 180,      // per connection
    BACKLOG_ACCEPTS = 60, // per second that find the accept queue full, per 1 % of overload
    QUEUE_FACTOR_MAX = 8, // clients do not wait for ever: the longest they do, of an idle answer
};

void load_host_init(struct load_host *host, uint64_t seed)
{
    *host = (struct load_host){.rng = pl_rng_init(seed)};
    host->memory = 0.3 + 0.05 * pl_rng_unit(&host->rng);
}

void load_host_facts(struct pl_fact_value *facts)
{
    for (int f = 0; f < PL_FACT_COUNT; f++) facts[f].value = -1;
    facts[PL_FACT_CORES] = (struct pl_fact_value){CORES, "simulated"};
    facts[PL_FACT_MEMORY] = (struct pl_fact_value){(int64_t)MEMORY_MIB * 1024, "simulated"};
    facts[PL_FACT_SWAP] = (struct pl_fact_value){0, "simulated"};
    facts[PL_FACT_SOMAXCONN] = (struct pl_fact_value){4096, "simulated"};
}

/* `value` give or take `share` of it. */
static double noisy(struct load_host *host, double value, double share)
{
    return value * (1 + share * (2 * pl_rng_unit(&host->rng) - 1));
}

static void set(int32_t *values, enum pl_metric metric, double value)
{
    double stored = value * pl_metric_info(metric)->scale;
    values[metric] = stored < INT32_MAX ? (int32_t)lrint(fmax(stored, 0)) : INT32_MAX;
}

/* Processor and what waits for it. */
static void step_processor(struct load_host *host, double load, double elapsed_s, int32_t *values)
{
    double busy = fmin(noisy(host, 0.02 + 0.98 * load, 0.05), 1);
    double waiting = fmax(load - 0.7, 0);
    double tasks = 0.2 + CORES * load * (1 + 3 * waiting);
    host->load_average += (tasks - host->load_average) * (1 - exp(-elapsed_s / 60));
    set(values, PL_CPU_BUSY, busy);
    set(values, PL_CPU_USER, 0.7 * busy);
    set(values, PL_CPU_SYSTEM, 0.3 * busy);
    set(values, PL_CPU_IOWAIT, noisy(host, 0.003, 0.5));
    set(values, PL_PROCS_RUNNING, noisy(host, 1 + tasks, 0.3));
    set(values, PL_FORKS, noisy(host, 2 + 20 * load, 0.3));
    set(values, PL_CONTEXT_SWITCHES, noisy(host, 500 + 30000 * load, 0.1));
    set(values, PL_LOAD1, host->load_average);
    set(values, PL_PSI_CPU_SOME, fmin(noisy(host, 2 * waiting, 0.2), 1));
}

static void step_memory(struct load_host *host, double load, double elapsed_s, int32_t *values)
{
    double wanted = 0.35 + 0.35 * load;
    host->memory += (wanted - host->memory) * (1 - exp(-elapsed_s / 30));
    double used = fmin(host->memory, 0.99);
    set(values, PL_MEMORY_USED, used);
    set(values, PL_MEMORY_AVAILABLE, MEMORY_MIB * (1 - used));
    set(values, PL_PSI_MEMORY_SOME, fmax(used - 0.9, 0) * 5);
    set(values, PL_PSI_MEMORY_FULL, fmax(used - 0.95, 0) * 5);
}

/* How much longer than on an idle machine an answer takes: 1 / (1 - rho), the M/M/1 queue. */
static double queue_factor(double load)
{
    return load < 1 ? fmin(1 / (1 - load), QUEUE_FACTOR_MAX) : QUEUE_FACTOR_MAX;
}

/* What comes in; above load 1 the rest finds the accept queue full. Connections that are open
 * follow from arrivals and how long each stays (Little's law). */
static void step_network(struct load_host *host, double load, double elapsed_s, int32_t *values)
{
    double accepted = noisy(host, ACCEPTS * fmin(load, 1), 0.05);
    double overflows = fmax(load - 1, 0) * 100 * BACKLOG_ACCEPTS;
    host->established += (accepted * CONNECTION_S * queue_factor(load) - host->established) *
                         (1 - exp(-elapsed_s / 2));
    host->time_wait += (accepted * 60 - host->time_wait) * (1 - exp(-elapsed_s / 60));
    set(values, PL_TCP_ACCEPTED, accepted);
    set(values, PL_TCP_OPENED, noisy(host, accepted * 0.5, 0.1));
    set(values, PL_TCP_ESTABLISHED, host->established);
    set(values, PL_TCP_SEGMENTS_IN, accepted * SEGMENTS);
    set(values, PL_TCP_SEGMENTS_OUT, accepted * SEGMENTS * 1.2);
    set(values, PL_TCP_RETRANSMITTED, noisy(host, accepted * 0.02, 0.5));
    set(values, PL_TCP_FAILED, noisy(host, accepted * 0.01, 0.5));
    set(values, PL_LISTEN_OVERFLOWS, noisy(host, overflows, 0.2));
    set(values, PL_LISTEN_DROPS, noisy(host, overflows, 0.2));
    set(values, PL_TCP_IN_USE, host->established + 12);
    set(values, PL_TCP_TIME_WAIT, host->time_wait);
    set(values, PL_TCP_MEMORY, host->established * 2);
    set(values, PL_NET_RX, noisy(host, accepted * RECEIVED_KBIT, 0.1));
    set(values, PL_NET_TX, noisy(host, accepted * SENT_KBIT, 0.1));
}

/* It has no swap, and no agent that asks its services. */
static const enum pl_metric absent[] = {
    PL_SWAP_USED,          PL_SERVICE_CPU,     PL_SERVICE_CPU_LIMIT,    PL_SERVICE_CPU_THROTTLED,
    PL_SERVICE_CPU_WEIGHT, PL_SERVICE_MEMORY,  PL_SERVICE_FILES,        PL_TRAFFIC_REQUESTS,
    PL_TRAFFIC_ACTIVE,     PL_TRAFFIC_WAITING, PL_WORKERS_USED,         PL_WORKERS_BUSY,
    PL_WORKERS_MAX,        PL_LOCAL_MISSED,    PL_SERVICE_MEMORY_LIMIT,
};

void load_host_step(struct load_host *host, double load, double elapsed_s, int32_t *values)
{
    memset(values, 0, PL_METRIC_COUNT * sizeof values[0]);
    for (size_t i = 0; i < PL_LEN(absent); i++) values[absent[i]] = PL_ABSENT;
    step_processor(host, load, elapsed_s, values);
    step_memory(host, load, elapsed_s, values);
    step_network(host, load, elapsed_s, values);
}
