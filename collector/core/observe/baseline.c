#include "collector/core/observe/baseline.h"

#include "common/base/base.h"

/* A new day counts three tenths: a changed habit is learned in three days, and one odd day is
 * two thirds forgotten after as many. */
static const float day_weight = 0.3F;

void pl_baseline_init(struct pl_baseline *b)
{
    *b = (struct pl_baseline){.slot = -1};
}

static uint32_t index_of(int64_t slot)
{
    return (uint32_t)(slot % PL_BASELINE_SLOTS);
}

static void close_slot(struct pl_baseline *b)
{
    if (b->count == 0) return;
    uint32_t i = index_of(b->slot);
    float mean = (float)(b->sum / b->count);
    b->usual[i] = b->days[i] == 0 ? mean : b->usual[i] + day_weight * (mean - b->usual[i]);
    b->yesterday[i] = mean;
    if (b->days[i] < UINT8_MAX) b->days[i]++;
}

static void look_ahead(struct pl_baseline *b)
{
    b->ahead_peak = b->ahead_recurring = 0;
    for (int64_t slot = b->slot; slot <= b->slot + PL_BASELINE_AHEAD_SLOTS; slot++) {
        uint32_t i = index_of(slot);
        if (b->days[i] == 0) continue;
        b->ahead_peak = PL_MAX(b->ahead_peak, (double)b->usual[i]);
        if (b->days[i] == 1) continue;
        double both = (double)PL_MIN(b->usual[i], b->yesterday[i]);
        b->ahead_recurring = PL_MAX(b->ahead_recurring, both);
    }
}

void pl_baseline_step(struct pl_baseline *b, double value, int64_t unix_ms)
{
    int64_t slot = PL_MAX(unix_ms, 0) / PL_BASELINE_SLOT_MS;
    if (slot > b->slot) {
        close_slot(b);
        b->slot = slot;
        b->sum = b->count = 0;
        look_ahead(b);
    }
    b->sum += value;
    b->count++;
}

double pl_baseline_now(const struct pl_baseline *b)
{
    if (b->slot < 0 || b->days[index_of(b->slot)] == 0) return -1;
    return (double)b->usual[index_of(b->slot)];
}

double pl_baseline_at(const struct pl_baseline *b, int64_t unix_ms)
{
    int64_t since_middle_ms = PL_MAX(unix_ms - PL_BASELINE_SLOT_MS / 2, 0);
    uint32_t left = index_of(since_middle_ms / PL_BASELINE_SLOT_MS);
    uint32_t right = index_of(since_middle_ms / PL_BASELINE_SLOT_MS + 1);
    double way = (double)(since_middle_ms % PL_BASELINE_SLOT_MS) / PL_BASELINE_SLOT_MS;
    if (b->days[left] == 0 && b->days[right] == 0) return -1;
    if (b->days[left] == 0) return way < 0.5 ? -1 : (double)b->usual[right];
    if (b->days[right] == 0) return way < 0.5 ? (double)b->usual[left] : -1;
    return (double)b->usual[left] + way * (double)(b->usual[right] - b->usual[left]);
}

double pl_baseline_seconds_to(const struct pl_baseline *b, double value, int64_t unix_ms)
{
    if (b->slot < 0) return -1;
    for (int64_t slot = b->slot; slot <= b->slot + PL_BASELINE_AHEAD_SLOTS; slot++) {
        uint32_t i = index_of(slot);
        if (b->days[i] == 0 || (double)b->usual[i] < value) continue;
        int64_t middle_ms = slot * PL_BASELINE_SLOT_MS + PL_BASELINE_SLOT_MS / 2;
        return (double)PL_MAX(middle_ms - unix_ms, 0) / 1000;
    }
    return -1;
}
