#include "common/wire/metric.h"

#include "common/base/assert.h"
#include "common/base/base.h"

#include <assert.h>

static const struct pl_metric_info infos[] = {
#define X(id, symbol, name, unit, kind, scale, judged, meaning)                                    \
    {id, PL_##kind, scale, judged, name, unit, meaning},
#include "common/wire/metric.def"
#undef X
};

static const uint8_t name_lens[] = {
#define X(id, symbol, name, unit, kind, scale, judged, meaning) sizeof(name) - 1,
#include "common/wire/metric.def"
#undef X
};

static_assert((int)PL_METRIC_COUNT <= (int)PL_METRIC_MAX, "the table must fit its own limit");

const struct pl_metric_info *pl_metric_info(enum pl_metric metric)
{
    PL_ASSERT(metric < PL_METRIC_COUNT);
    return &infos[metric];
}

enum pl_metric pl_metric_by_name(struct pl_span name)
{
    for (enum pl_metric m = 0; m < PL_METRIC_COUNT; m++) {
        if (pl_span_eq(name, (struct pl_span){(const uint8_t *)infos[m].name, name_lens[m]}))
            return m;
    }
    return PL_METRIC_COUNT;
}

enum pl_metric pl_metric_by_id(uint16_t id)
{
    switch (id) { // a number used twice in metric.def does not compile
#define X(number, symbol, name, unit, kind, scale, judged, meaning)                                \
    case number:                                                                                   \
        return PL_##symbol;
#include "common/wire/metric.def"
#undef X
    }
    return PL_METRIC_COUNT;
}
