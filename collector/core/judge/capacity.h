/* capacity.h - what one host can take, learned from traffic that never came near it.
 *
 *     sample -> means of PL_LEARN_PERIOD_MS -> a curve per resource -> now and then: lines
 *            -> the traffic at which each resource is full -> the least of them: the first limit
 *
 * CPU and network follow the traffic x itself. Memory, workers and the tables of the kernel follow
 * what is inside at a time: N = x R (Little), where R = S / (1 - rho) grows without bound as the
 * CPU fills (the queueing factor of M/G/1-PS). So their load axis is y = x / (1 - rho), and the y
 * at which they are full is solved for x with the CPU's own line: this is why memory "suddenly"
 * runs out.
 *
 * CPU is the service's own where the agent can tell it; then its limit is lowered by what others on
 * the machine take under contention, and rho is what it uses of the rest.
 *
 * Local ports, most of them in TIME-WAIT, follow what came in the last minute. Agents count them a
 * minute or more apart (ports.h there), which is little beside the hours in which traffic changes.
 */
#pragma once

#include "collector/core/judge/level.h"
#include "collector/core/judge/line.h"
#include "collector/core/observe/source.h"
#include "common/wire/hello.h"

enum {
    PL_LEARN_PERIOD_MS = 5000,   // of which means are taken: a request's work falls into one
    PL_LEARN_SAMPLES_MAX = 5000, // of one period: it ends there if time stands still
    PL_LEARN_EVERY_MS = 60000,   // lines are drawn anew; once an hour is known,
    PL_LEARN_SELDOM_MS = 5 * PL_LEARN_EVERY_MS,
    PL_LEARN_GAP_MS = 10 * 60000, // a hole longer than this ends a period
    PL_LEARN_PENDING = 6,         // periods that wait until the curves are touched
};

/* What is learned, by position: the CPU first, because others are solved with its line. */
enum pl_learned {
    PL_LEARNED_CPU,
    PL_LEARNED_NETWORK,
    PL_LEARNED_MEMORY,
    PL_LEARNED_WORKERS,        // of the fullest pool of nginx, PHP-FPM, HAProxy
    PL_LEARNED_SERVICE_MEMORY, // of the limit of its control group
    PL_LEARNED_SERVICE_FILES,  // of the process that is nearest to its own limit
    PL_LEARNED_FILES,
    PL_LEARNED_CONNTRACK,
    PL_LEARNED_PORTS,        // local ones, of connections to others
    PL_LEARNED_ACCEPT_QUEUE, // of the listener whose queue is the fullest
    PL_LEARNED_TCP_MEMORY,   // of all sockets
    PL_LEARNED_COUNT
};
/* The metric it is learned from; its id names it in what is written down. (CPU: or the service's.)
 */
enum pl_metric pl_learned_metric(enum pl_learned learned);
/* "cpu", "workers"; stable. */
const char *pl_learned_name(enum pl_learned learned);

/* Why something is not known. What would settle it, in words, is the codecs' to say. */
enum pl_capacity_gap {
    PL_GAP_NONE,   // it is known
    PL_GAP_SOURCE, // the host reports nothing that counts as traffic, or not this resource
    PL_GAP_NEW,    // not enough samples yet: minutes
    PL_GAP_SPAN,   // the traffic must vary by at least PL_LINE_SPAN_MIN
    PL_GAP_FLAT,   // the resource does not follow the traffic seen so far: it must grow
    PL_GAP_FULL,   // the resource is at its limit without any traffic
    PL_CAPACITY_GAP_COUNT
};

/* One resource of a host. */
struct pl_resource_capacity {
    enum pl_capacity_gap gap;
    struct pl_estimate per_s;  // traffic at which it is full; all 0 unless the gap is NONE
    double base, slope;        // use without traffic, and per unit of its load (x or y, see above)
    double limit;              // share that counts as full, less what neighbours take
    double drift;              // by as much was a unit more expensive lately: 0.1 is 10 % more
    double samples;            // periods it was learned from, forgotten over days
    double seen_min, seen_max; // smallest and largest load it was learned from
};

/* The answer: what a host can take. */
struct pl_host_capacity {
    enum pl_capacity_gap gap;      // of the host; if not NONE, per_s is 0
    enum pl_traffic_source source; // the unit of all rates
    enum pl_learned first_limit;   // the resource that is full first
    bool cpu_of_service;           // the service's own CPU, not the machine's
    bool resized;                  // the machine has changed since this was learned, at:
    int64_t resized_unix_ms;
    double resized_by[PL_LEARNED_COUNT]; // whole of the resource now over before; 1: the same
    double neighbours;                   // share of the machine that others than the service use
    struct pl_estimate per_s;
    struct pl_resource_capacity resource[PL_LEARNED_COUNT];
};

/* Whose CPU it is; larger is better. Stable: written down. */
enum pl_cpu_source { PL_CPU_UNKNOWN, PL_CPU_OF_MACHINE, PL_CPU_OF_SERVICE };

/* What is remembered of one resource. */
struct pl_learning {
    double recent_load, recent_used; // means over half an hour
    double recent_weight;            // periods, at most what fits half an hour
    struct pl_curve curve;
};

/* What a resource follows. */
enum pl_driver {
    PL_BY_ARRIVAL, // what comes,
    PL_BY_INSIDE,  // what is inside at a time,
    PL_BY_LATELY,  // what came in the last minute
    PL_DRIVER_COUNT
};

/* The means of a period that ended. */
struct pl_learn_means {
    int64_t unix_ms; // its end
    float period_ms;
    float load[PL_DRIVER_COUNT];
    float used[PL_LEARNED_COUNT]; // share of the whole; negative: nothing to learn
};

/* Everything about one host. What every sample touches comes first, close together. */
struct pl_capacity_learner {
    enum pl_traffic_source source; // what the curves were learned in
    struct pl_settled cpu;         // enum pl_cpu_source
    int64_t period_unix_ms;        // begin of the open period; 0: none is open
    int64_t newest_unix_ms;
    double traffic_sum;                    // of the open period
    int64_t busy_sum_bp;                   // the machine's CPU
    int32_t used_sum_bp[PL_LEARNED_COUNT]; // overflow is out of reach: PL_LEARN_SAMPLES_MAX
    uint32_t count;
    uint16_t used_count[PL_LEARNED_COUNT]; // samples of the period that had the resource
    int32_t weight;                        // cpu.weight of the service
    int32_t quota_bp;       // share of the machine that its group may use; 0: all of it
    int32_t service_memory; // service.memory.limit of the last sample; 0: not known
    double lately;          // traffic, mean over about a minute

    int64_t drawn_unix_ms; // when lines were last drawn
    double neighbours;     // share of the machine that others use, mean over half an hour
    /* Curves of thousands of hosts are in no cache: they are fetched for several periods at once.
     */
    uint32_t pending_count;
    struct pl_learn_means pending[PL_LEARN_PENDING];
    struct pl_learning learning[PL_LEARNED_COUNT];
    struct pl_host_capacity answer;
};

void pl_capacity_init(struct pl_capacity_learner *c);
/* Take one sample whose time is `unix_ms`; `levels` as in struct pl_rules. Another
 * `source` than before begins all learning anew. True if the answer was made anew. */
bool pl_capacity_step(struct pl_capacity_learner *c, const struct pl_level_policy *levels,
                      enum pl_traffic_source source, const struct pl_sample *sample,
                      int64_t unix_ms);
/* Go on with what was learned before a restart, if nothing was learned since. True if it was taken.
 */
bool pl_capacity_adopt(struct pl_capacity_learner *c, const struct pl_level_policy *levels,
                       const struct pl_capacity_learner *before, int64_t unix_ms);
/* The machine changed from one HELLO to the next: RAM was doubled, cores were added. What was
 * learned stays, in shares of what there is now, and the answer says so. Facts that are not known
 * before or after change nothing. Both are arrays of PL_FACT_COUNT. */
void pl_capacity_resize(struct pl_capacity_learner *c, const struct pl_level_policy *levels,
                        const struct pl_fact_value *before, const struct pl_fact_value *after,
                        int64_t unix_ms);
