#include "collector/core/judge/capacity.h"

#include "common/base/assert.h"

#include <assert.h>
#include <math.h>

enum { PERIODS_MIN = 2 };
enum { USED_BP_MAX = 20000 };    // a share over the whole is possible, over twice is not
enum { NEIGHBOUR_WEIGHT = 100 }; // cpu.weight of who never set it, cgroups(7)

static const double whole_bp = 10000;
static const double recent_ms = 30 * 60 * 1000;
static const double hour_ms = 60 * 60 * 1000;
static const double lately_ms = 30 * 1000; // as old on average as what waits in TIME-WAIT,
static const double told_max = 0.9;        // beyond, one per cent of busy is a tenth of the factor
static const double busy_max = 0.98;       // the queueing factor is kept finite
static const double resize_min = 0.02;     // MemTotal differs a little from kernel to kernel

static const struct {
    const char *name;
    enum pl_metric metric;
    enum pl_driver driver;
    enum pl_resource resource; // whose paging level is the limit
} table[PL_LEARNED_COUNT] = {
    [PL_LEARNED_CPU] = {"cpu", PL_CPU_BUSY, PL_BY_ARRIVAL, PL_RESOURCE_CPU},
    [PL_LEARNED_NETWORK] = {"network", PL_NET_USED, PL_BY_ARRIVAL, PL_RESOURCE_NETWORK},
    [PL_LEARNED_MEMORY] = {"memory", PL_MEMORY_USED, PL_BY_INSIDE, PL_RESOURCE_MEMORY},
    [PL_LEARNED_WORKERS] = {"workers", PL_WORKERS_USED, PL_BY_INSIDE, PL_RESOURCE_WORKERS},
    [PL_LEARNED_SERVICE_MEMORY] = {"service memory", PL_SERVICE_MEMORY, PL_BY_INSIDE,
                                   PL_RESOURCE_MEMORY},
    [PL_LEARNED_SERVICE_FILES] = {"service files", PL_SERVICE_FILES, PL_BY_INSIDE,
                                  PL_RESOURCE_FILES},
    [PL_LEARNED_FILES] = {"file handles", PL_FILES_USED, PL_BY_INSIDE, PL_RESOURCE_FILES},
    [PL_LEARNED_CONNTRACK] = {"conntrack", PL_CONNTRACK_USED, PL_BY_INSIDE, PL_RESOURCE_CONNTRACK},
    [PL_LEARNED_PORTS] = {"local ports", PL_PORTS_USED, PL_BY_LATELY, PL_RESOURCE_FILES},
    [PL_LEARNED_ACCEPT_QUEUE] = {"accept queue", PL_LISTEN_QUEUE, PL_BY_INSIDE,
                                 PL_RESOURCE_ACCEPT_QUEUE},
    [PL_LEARNED_TCP_MEMORY] = {"TCP memory", PL_TCP_MEMORY_USED, PL_BY_INSIDE, PL_RESOURCE_FILES},
};

static_assert((int64_t)PL_LEARN_SAMPLES_MAX * USED_BP_MAX <= INT32_MAX, "a sum fits");

enum pl_metric pl_learned_metric(enum pl_learned learned)
{
    PL_ASSERT(learned < PL_LEARNED_COUNT);
    return table[learned].metric;
}

const char *pl_learned_name(enum pl_learned learned)
{
    PL_ASSERT(learned < PL_LEARNED_COUNT);
    return table[learned].name;
}

void pl_capacity_init(struct pl_capacity_learner *c)
{
    *c = (struct pl_capacity_learner){.answer.gap = PL_GAP_SOURCE};
    for (int r = 0; r < PL_LEARNED_COUNT; r++) {
        c->answer.resource[r].gap = PL_GAP_SOURCE;
        c->answer.resized_by[r] = 1;
    }
}

/* ---- means to curves ---- */

/* A mean over half an hour, plain while there is less. */
static void follow(struct pl_learning *l, double load, double used, double period_ms)
{
    l->recent_weight = PL_MIN(l->recent_weight + 1, PL_MAX(recent_ms / period_ms, 1));
    l->recent_load += (load - l->recent_load) / l->recent_weight;
    l->recent_used += (used - l->recent_used) / l->recent_weight;
}

/* What waits goes into the curves. */
static void settle(struct pl_capacity_learner *c)
{
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT && c->pending_count > 0; r++) {
        struct pl_learning *l = &c->learning[r];
        enum pl_driver driver = table[r].driver;
        if (r + 1 < PL_LEARNED_COUNT)
            pl_curve_fetch(&l[1].curve, (double)c->pending[0].load[table[r + 1].driver]);
        for (uint32_t i = 0; i < c->pending_count; i++) {
            const struct pl_learn_means *p = &c->pending[i];
            if (p->used[r] < 0) continue;
            double load = (double)p->load[driver], used = (double)p->used[r];
            pl_curve_step(&l->curve, load, used, p->unix_ms);
            follow(l, load, used, (double)p->period_ms);
        }
    }
    c->pending_count = 0;
}

/* ---- lines to an answer ---- */

/* Share of the CPU that is used when `full` of what there is to have is. For a service of its own
 * that is less by what others on the machine take from it: as much as they want of their part by
 * weight; and no more than its own quota. */
static double cpu_limit(const struct pl_capacity_learner *c, double full)
{
    if (c->cpu.choice != PL_CPU_OF_SERVICE) return full;
    double theirs = c->neighbours * NEIGHBOUR_WEIGHT / (NEIGHBOUR_WEIGHT + c->weight);
    double quota = c->quota_bp > 0 ? c->quota_bp / whole_bp * full : full;
    return PL_MIN(full - theirs, quota);
}

/* What there is to have. */
static double cpu_there(const struct pl_capacity_learner *c)
{
    return PL_MAX(cpu_limit(c, 1), 1 - busy_max);
}

static enum pl_capacity_gap gap_of(enum pl_line_gap gap)
{
    switch (gap) {
    case PL_LINE_KNOWN: return PL_GAP_NONE;
    case PL_LINE_NEW: return PL_GAP_NEW;
    case PL_LINE_SPAN: return PL_GAP_SPAN;
    case PL_LINE_FLAT: return PL_GAP_FLAT;
    }
    PL_UNREACHABLE("line gap");
}

/* y = x / (1 - rho), rho = (base + slope x) / there: solved for x. */
static double traffic_at(double inside, const struct pl_line *cpu, double there)
{
    double idle = PL_MAX(1 - cpu->base / there, 1 - busy_max);
    return inside * idle / (1 + cpu->slope / there * inside);
}

static void answer_resource(struct pl_capacity_learner *c, enum pl_learned r,
                            const struct pl_line *line, const struct pl_line *cpu)
{
    struct pl_resource_capacity *out = &c->answer.resource[r];
    double limit = out->limit;
    *out = (struct pl_resource_capacity){.gap = gap_of(line->gap),
                                         .limit = limit,
                                         .base = line->base,
                                         .slope = line->slope,
                                         .drift = line->drift,
                                         .samples = line->weight,
                                         .seen_min = line->load_min,
                                         .seen_max = line->load_max};
    /* What is inside at a time depends on how busy the CPU is. */
    bool lacks_cpu = cpu->gap != PL_LINE_KNOWN && cpu->gap != PL_LINE_FLAT;
    bool by_inside = table[r].driver == PL_BY_INSIDE;
    if (by_inside && lacks_cpu && out->gap == PL_GAP_NONE) out->gap = gap_of(cpu->gap);
    if (line->weight <= 0) out->gap = PL_GAP_SOURCE;
    if (out->gap != PL_GAP_NONE) return;
    struct pl_estimate reach = pl_line_reach(line, limit);
    if (reach.p50 <= 0) {
        out->gap = PL_GAP_FULL;
        return;
    }
    if (by_inside) {
        double there = cpu_there(c);
        reach.p10 = traffic_at(reach.p10, cpu, there);
        reach.p50 = traffic_at(reach.p50, cpu, there);
        reach.p90 = traffic_at(reach.p90, cpu, there);
    }
    out->per_s = reach;
}

/* The host's is the least of its resources. Without its CPU nothing is known, unless the CPU is
 * known not to follow the traffic. */
static void answer_host(struct pl_host_capacity *a)
{
    a->per_s = (struct pl_estimate){0};
    a->gap = a->resource[PL_LEARNED_CPU].gap;
    if (a->gap != PL_GAP_NONE && a->gap != PL_GAP_FLAT) return;
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++) {
        const struct pl_resource_capacity *next = &a->resource[r];
        if (next->gap != PL_GAP_NONE) continue;
        bool first = a->per_s.p50 <= 0;
        if (first || next->per_s.p50 < a->per_s.p50) {
            a->first_limit = r;
            a->per_s.p50 = next->per_s.p50;
        }
        a->per_s.p10 = first ? next->per_s.p10 : PL_MIN(a->per_s.p10, next->per_s.p10);
        a->per_s.p90 = first ? next->per_s.p90 : PL_MIN(a->per_s.p90, next->per_s.p90);
    }
    if (a->per_s.p50 > 0) a->gap = PL_GAP_NONE;
}

static void answer(struct pl_capacity_learner *c, const struct pl_level_policy *levels,
                   int64_t unix_ms)
{
    struct pl_host_capacity *a = &c->answer;
    struct pl_line cpu = {.gap = PL_LINE_NEW};
    settle(c);
    a->source = c->source;
    a->cpu_of_service = c->cpu.choice == PL_CPU_OF_SERVICE;
    a->neighbours = a->cpu_of_service ? c->neighbours : 0;
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++) {
        const struct pl_learning *l = &c->learning[r];
        struct pl_line line = pl_line_fit(&l->curve, unix_ms);
        if (l->recent_weight >= PERIODS_MIN) pl_line_drift(&line, l->recent_load, l->recent_used);
        if (r == PL_LEARNED_CPU) cpu = line;
        a->resource[r].limit = levels[table[r].resource].page_bp / whole_bp;
        if (r == PL_LEARNED_CPU) a->resource[r].limit = cpu_limit(c, a->resource[r].limit);
        answer_resource(c, r, &line, &cpu);
    }
    answer_host(a);
}

/* ---- samples to means ---- */

/* It is another CPU from here on, in the open period too: what is inside is told by it. */
static void forget_cpu(struct pl_capacity_learner *c)
{
    settle(c);
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++)
        if (r == PL_LEARNED_CPU || table[r].driver == PL_BY_INSIDE)
            c->learning[r] = (struct pl_learning){0};
    c->used_sum_bp[PL_LEARNED_CPU] = 0;
    c->used_count[PL_LEARNED_CPU] = 0;
}

static void open_period(struct pl_capacity_learner *c, int64_t unix_ms)
{
    c->period_unix_ms = unix_ms;
    c->traffic_sum = 0;
    c->busy_sum_bp = 0;
    c->count = 0;
    memset(c->used_sum_bp, 0, sizeof c->used_sum_bp);
    memset(c->used_count, 0, sizeof c->used_count);
}

static double mean_of(const struct pl_capacity_learner *c, enum pl_learned r)
{
    return c->used_sum_bp[r] / (whole_bp * c->used_count[r]);
}

/* The mean of about a minute goes on. */
static void follow_minute(struct pl_capacity_learner *c, double traffic, double period_ms)
{
    double gain = c->lately > 0 ? 1 - exp(-period_ms / lately_ms) : 1;
    c->lately += (traffic - c->lately) * gain;
}

/* How busy the CPU that it has is; a service that is not told apart has all of it. What others use
 * is followed. */
static double busy_of(struct pl_capacity_learner *c, double period_ms)
{
    double busy = PL_MIN((double)c->busy_sum_bp / (whole_bp * c->count), busy_max);
    if (c->used_count[PL_LEARNED_CPU] == 0) return busy;
    double used = mean_of(c, PL_LEARNED_CPU);
    double periods = c->learning[PL_LEARNED_CPU].recent_weight + c->pending_count + 1;
    double others = PL_MAX(busy - used, 0);
    c->neighbours += (others - c->neighbours) / PL_MIN(periods, recent_ms / period_ms);
    return c->cpu.choice == PL_CPU_OF_SERVICE ? PL_MIN(used / cpu_there(c), busy_max) : busy;
}

static void close_period(struct pl_capacity_learner *c, int64_t unix_ms, double period_ms)
{
    double traffic = c->traffic_sum / c->count, busy = busy_of(c, period_ms);
    follow_minute(c, traffic, period_ms);
    struct pl_learn_means *p = &c->pending[c->pending_count++];
    *p = (struct pl_learn_means){.unix_ms = unix_ms,
                                 .period_ms = (float)period_ms,
                                 .load = {[PL_BY_ARRIVAL] = (float)traffic,
                                          [PL_BY_INSIDE] = (float)(traffic / (1 - busy)),
                                          [PL_BY_LATELY] = (float)c->lately}};
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++) {
        bool is_told = table[r].driver != PL_BY_INSIDE || busy <= told_max;
        p->used[r] = c->used_count[r] == 0 || !is_told ? -1.0F : (float)mean_of(c, r);
    }
    if (c->pending_count == PL_LEARN_PENDING) settle(c);
}

/* What the CPU of a host is: the service's own, once it is there for good. */
static int32_t cpu_used_bp(struct pl_capacity_learner *c, const struct pl_sample *sample,
                           int64_t unix_ms)
{
    int32_t service_bp = sample->values[PL_SERVICE_CPU];
    uint8_t best = service_bp == PL_ABSENT ? PL_CPU_OF_MACHINE : PL_CPU_OF_SERVICE;
    bool was_machines = c->cpu.choice != PL_CPU_OF_SERVICE;
    bool is_settled = pl_settled_step(&c->cpu, best, unix_ms);
    if (is_settled && was_machines != (c->cpu.choice != PL_CPU_OF_SERVICE)) forget_cpu(c);
    if (c->cpu.choice != PL_CPU_OF_SERVICE) return sample->values[PL_CPU_BUSY];
    int32_t weight = sample->values[PL_SERVICE_CPU_WEIGHT];
    int32_t quota_bp = sample->values[PL_SERVICE_CPU_LIMIT];
    c->weight = weight > 0 ? weight : NEIGHBOUR_WEIGHT;
    c->quota_bp = PL_MAX(quota_bp, 0);
    return service_bp;
}

static void restart(struct pl_capacity_learner *c, enum pl_traffic_source source)
{
    struct pl_settled cpu = c->cpu;
    pl_capacity_init(c);
    c->cpu = cpu;
    c->source = source;
}

static int32_t used_bp_of(struct pl_capacity_learner *c, enum pl_learned r,
                          const struct pl_sample *sample, int64_t unix_ms)
{
    if (r == PL_LEARNED_CPU) return cpu_used_bp(c, sample, unix_ms);
    return sample->values[table[r].metric];
}

/* Add a sample to the open period. */
static void add(struct pl_capacity_learner *c, const struct pl_sample *sample, double traffic,
                int64_t unix_ms)
{
    c->busy_sum_bp += PL_MAX(sample->values[PL_CPU_BUSY], 0);
    c->traffic_sum += traffic;
    c->count++;
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++) {
        int32_t used_bp = used_bp_of(c, r, sample, unix_ms);
        if (used_bp < 0) continue;
        c->used_sum_bp[r] += PL_MIN(used_bp, USED_BP_MAX);
        c->used_count[r]++;
    }
}

static bool rescale(struct pl_capacity_learner *c, enum pl_learned r, double was, double is)
{
    if (was <= 0 || is <= 0 || fabs(is / was - 1) < resize_min) return false;
    settle(c);
    pl_curve_rescale(&c->learning[r].curve, was / is);
    c->learning[r].recent_used *= was / is;
    c->answer.resized_by[r] *= is / was;
    return true;
}

static void resized(struct pl_capacity_learner *c, int64_t unix_ms)
{
    open_period(c, unix_ms); // its samples are shares of what there was
    c->answer.resized = true;
    c->answer.resized_unix_ms = unix_ms;
}

/* Somebody gave the service more memory, or less. */
static void resize_service(struct pl_capacity_learner *c, const struct pl_sample *sample,
                           int64_t unix_ms)
{
    int32_t is = sample->values[PL_SERVICE_MEMORY_LIMIT];
    if (is <= 0) return;
    if (rescale(c, PL_LEARNED_SERVICE_MEMORY, c->service_memory, is)) resized(c, unix_ms);
    c->service_memory = is;
}

bool pl_capacity_step(struct pl_capacity_learner *c, const struct pl_level_policy *levels,
                      enum pl_traffic_source source, const struct pl_sample *sample,
                      int64_t unix_ms)
{
    double traffic = pl_traffic_of(sample, source);
    if (source != c->source) restart(c, source);
    if (traffic < 0) return false;
    int64_t since_ms = unix_ms - c->newest_unix_ms;
    bool follows = c->period_unix_ms != 0 && since_ms > 0 && since_ms < PL_LEARN_GAP_MS;
    if (!follows) c->lately = 0;
    if (!follows) open_period(c, unix_ms);
    resize_service(c, sample, unix_ms);
    c->newest_unix_ms = unix_ms;
    add(c, sample, traffic, unix_ms);
    int64_t period_ms = unix_ms - c->period_unix_ms;
    /* To the nearest sample: one that comes a millisecond early must not cost a sixth second. */
    int64_t early_ms = follows ? since_ms / 2 : 0;
    bool is_long_enough = period_ms + early_ms >= PL_LEARN_PERIOD_MS;
    if (!is_long_enough && c->count < PL_LEARN_SAMPLES_MAX) return false;
    close_period(c, unix_ms, (double)PL_MAX(period_ms, 1));
    open_period(c, unix_ms);
    double known_ms = c->answer.resource[PL_LEARNED_CPU].samples * PL_LEARN_PERIOD_MS;
    int64_t every_ms = known_ms < hour_ms ? PL_LEARN_EVERY_MS : PL_LEARN_SELDOM_MS;
    if (unix_ms - c->drawn_unix_ms < every_ms && unix_ms >= c->drawn_unix_ms) return false;
    c->drawn_unix_ms = unix_ms;
    answer(c, levels, unix_ms);
    return true;
}

bool pl_capacity_adopt(struct pl_capacity_learner *c, const struct pl_level_policy *levels,
                       const struct pl_capacity_learner *before, int64_t unix_ms)
{
    if (c->newest_unix_ms != 0 || before->source == PL_SOURCE_NONE) return false;
    *c = *before;
    answer(c, levels, unix_ms);
    return true;
}

/* Whole of a resource by the facts; not above 0: not known. */
static double whole_of(enum pl_learned r, const struct pl_fact_value *facts)
{
    enum { MILLI = 1000 };
    double limit;
    switch (r) {
    case PL_LEARNED_CPU:
        limit = (double)facts[PL_FACT_CPU_LIMIT].value;
        return limit > 0 ? limit : (double)facts[PL_FACT_CORES].value * MILLI;
    case PL_LEARNED_MEMORY:
        limit = (double)facts[PL_FACT_MEMORY_LIMIT].value;
        return limit > 0 ? limit : (double)facts[PL_FACT_MEMORY].value;
    case PL_LEARNED_FILES: return (double)facts[PL_FACT_FILES_MAX].value;
    case PL_LEARNED_CONNTRACK: return (double)facts[PL_FACT_CONNTRACK_MAX].value;
    case PL_LEARNED_PORTS: return (double)facts[PL_FACT_PORTS].value;
    case PL_LEARNED_TCP_MEMORY: return (double)facts[PL_FACT_TCP_MEMORY_MAX].value;
    case PL_LEARNED_NETWORK:
    case PL_LEARNED_SERVICE_MEMORY: // its samples tell
    case PL_LEARNED_SERVICE_FILES:
    case PL_LEARNED_ACCEPT_QUEUE:
    case PL_LEARNED_WORKERS: return 0; // no fact tells
    case PL_LEARNED_COUNT: break;
    }
    PL_UNREACHABLE("learned");
}

void pl_capacity_resize(struct pl_capacity_learner *c, const struct pl_level_policy *levels,
                        const struct pl_fact_value *before, const struct pl_fact_value *after,
                        int64_t unix_ms)
{
    bool has_changed = false;
    for (enum pl_learned r = 0; r < PL_LEARNED_COUNT; r++)
        has_changed |= rescale(c, r, whole_of(r, before), whole_of(r, after));
    if (!has_changed) return;
    resized(c, unix_ms);
    answer(c, levels, unix_ms);
}
