#include "collector/core/observe/source.h"

#include "common/base/assert.h"

static const struct {
    const char *unit;
    enum pl_metric metric;
} sources[PL_SOURCE_COUNT] = {
    [PL_SOURCE_NONE] = {"none", PL_METRIC_COUNT},
    [PL_SOURCE_SEGMENTS] = {"segments/s", PL_TCP_SEGMENTS_IN},
    [PL_SOURCE_CONNECTIONS] = {"connections/s", PL_TCP_ACCEPTED},
    [PL_SOURCE_REQUESTS] = {"requests/s", PL_TRAFFIC_REQUESTS},
};

bool pl_settled_step(struct pl_settled *s, uint8_t best, int64_t unix_ms)
{
    if (best == s->choice) {
        s->since_unix_ms = 0;
        return false;
    }
    /* Coming and going between two others is still not having the one in use. */
    bool same_side = (best > s->choice) == (s->other > s->choice);
    if (s->since_unix_ms == 0 || !same_side) s->since_unix_ms = unix_ms;
    s->other = best;
    int64_t wait_ms = best > s->choice ? PL_SOURCE_BETTER_MS : PL_SOURCE_WORSE_MS;
    if (unix_ms - s->since_unix_ms < wait_ms) return false;
    s->choice = best;
    s->since_unix_ms = 0;
    return true;
}

const char *pl_traffic_unit(enum pl_traffic_source source)
{
    PL_ASSERT(source < PL_SOURCE_COUNT);
    return sources[source].unit;
}

enum pl_traffic_source pl_traffic_best(const struct pl_sample *sample)
{
    enum pl_traffic_source source = PL_SOURCE_COUNT - 1;
    while (source > PL_SOURCE_NONE && sample->values[sources[source].metric] == PL_ABSENT) source--;
    return source;
}

double pl_traffic_of(const struct pl_sample *sample, enum pl_traffic_source source)
{
    if (source == PL_SOURCE_NONE) return -1;
    int32_t value = sample->values[sources[source].metric];
    if (value == PL_ABSENT) return -1;
    return (double)value / pl_metric_info(sources[source].metric)->scale;
}
