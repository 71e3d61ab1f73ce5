#include "agent/core/rate.h"

#include "common/wire/metric.h"

uint64_t pl_rate_grown(uint64_t before, uint64_t now)
{
    if (before == PL_RAW_ABSENT || now == PL_RAW_ABSENT || now < before) return PL_RAW_ABSENT;
    return now - before;
}

uint64_t pl_rate_grown_32(uint64_t before, uint64_t now)
{
    const uint64_t size = UINT64_C(1) << 32;
    const uint64_t quarter = size / 4;
    if (before == PL_RAW_ABSENT || now >= before) return pl_rate_grown(before, now);
    if (before >= size) return PL_RAW_ABSENT; // wider than 32 bits
    uint64_t around = now + size - before;
    return around < quarter ? around : PL_RAW_ABSENT;
}

static int32_t saturate(double value)
{
    return value >= (double)INT32_MAX ? INT32_MAX : (int32_t)value;
}

int32_t pl_rate_per_second(uint64_t grown, int64_t elapsed_us, double scale)
{
    if (grown == PL_RAW_ABSENT || elapsed_us <= 0) return PL_ABSENT;
    return saturate((double)grown * 1e6 / (double)elapsed_us * scale + 0.5);
}

int32_t pl_rate_share(uint64_t part, uint64_t whole)
{
    if (part == PL_RAW_ABSENT || whole == PL_RAW_ABSENT || whole == 0) return PL_ABSENT;
    if (part >= whole) return 10000;
    return (int32_t)((double)part / (double)whole * 10000 + 0.5);
}

int32_t pl_rate_level(uint64_t level)
{
    if (level == PL_RAW_ABSENT) return PL_ABSENT;
    return level > INT32_MAX ? INT32_MAX : (int32_t)level;
}

/* Growth of a time that may go back or be unknown to an old kernel. */
static uint64_t grown_or_none(uint64_t before, uint64_t now)
{
    uint64_t grown = pl_rate_grown(before, now);
    return grown == PL_RAW_ABSENT ? 0 : grown;
}

/* Share of a time that an old kernel may not report. */
static int32_t optional_share(uint64_t now, uint64_t grown, uint64_t total)
{
    return now == PL_RAW_ABSENT ? PL_ABSENT : pl_rate_share(grown, total);
}

struct pl_cpu_shares pl_rate_cpu(const struct pl_raw_stat *before, const struct pl_raw_stat *now)
{
    const struct pl_cpu_shares unknown = {PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT, PL_ABSENT};
    uint64_t user = pl_rate_grown(before->user, now->user);
    uint64_t nice = pl_rate_grown(before->nice, now->nice);
    uint64_t system = pl_rate_grown(before->system, now->system);
    if (user == PL_RAW_ABSENT || nice == PL_RAW_ABSENT || system == PL_RAW_ABSENT) return unknown;
    if (before->idle == PL_RAW_ABSENT || now->idle == PL_RAW_ABSENT) return unknown;
    uint64_t idle = grown_or_none(before->idle, now->idle);
    uint64_t iowait = grown_or_none(before->iowait, now->iowait);
    uint64_t steal = grown_or_none(before->steal, now->steal);
    user += nice;
    system += grown_or_none(before->irq, now->irq) + grown_or_none(before->softirq, now->softirq);
    uint64_t busy = user + system + steal;
    uint64_t total = busy + idle + iowait;
    return (struct pl_cpu_shares){
        .busy = pl_rate_share(busy, total),
        .user = pl_rate_share(user, total),
        .system = pl_rate_share(system, total),
        .iowait = optional_share(now->iowait, iowait, total),
        .steal = optional_share(now->steal, steal, total),
    };
}

/* The interface of `item`'s name; kernels list them in the same order every time, so it stands at
 * `guess` unless one came or went. */
static const struct pl_raw_interface *find(const struct pl_raw_netdev *dev, const char *name,
                                           uint32_t guess)
{
    if (guess < dev->count && memcmp(dev->item[guess].name, name, PL_INTERFACE_NAME_BYTES) == 0)
        return &dev->item[guess];
    for (uint32_t i = 0; i < dev->count; i++) {
        if (memcmp(dev->item[i].name, name, PL_INTERFACE_NAME_BYTES) == 0) return &dev->item[i];
    }
    return NULL;
}

/* Growth of all six counters of one interface; false if one of them began again. */
static bool interface_grown(const struct pl_raw_interface *before,
                            const struct pl_raw_interface *now, struct pl_raw_interface *out)
{
    out->rx_bytes = pl_rate_grown_32(before->rx_bytes, now->rx_bytes);
    out->rx_errors = pl_rate_grown_32(before->rx_errors, now->rx_errors);
    out->rx_drops = pl_rate_grown_32(before->rx_drops, now->rx_drops);
    out->tx_bytes = pl_rate_grown_32(before->tx_bytes, now->tx_bytes);
    out->tx_errors = pl_rate_grown_32(before->tx_errors, now->tx_errors);
    out->tx_drops = pl_rate_grown_32(before->tx_drops, now->tx_drops);
    return out->rx_bytes != PL_RAW_ABSENT && out->rx_errors != PL_RAW_ABSENT &&
           out->rx_drops != PL_RAW_ABSENT && out->tx_bytes != PL_RAW_ABSENT &&
           out->tx_errors != PL_RAW_ABSENT && out->tx_drops != PL_RAW_ABSENT;
}

struct pl_raw_interface pl_rate_interfaces(const struct pl_raw_netdev *before,
                                           const struct pl_raw_netdev *now)
{
    struct pl_raw_interface sum = {0};
    bool any = false;
    for (uint32_t i = 0; i < now->count; i++) {
        struct pl_raw_interface grown;
        const struct pl_raw_interface *was = find(before, now->item[i].name, i);
        if (!was || !interface_grown(was, &now->item[i], &grown)) continue;
        any = true;
        sum.rx_bytes += grown.rx_bytes;
        sum.rx_errors += grown.rx_errors;
        sum.rx_drops += grown.rx_drops;
        sum.tx_bytes += grown.tx_bytes;
        sum.tx_errors += grown.tx_errors;
        sum.tx_drops += grown.tx_drops;
    }
    if (any) return sum;
    return (struct pl_raw_interface){.rx_bytes = PL_RAW_ABSENT,
                                     .rx_errors = PL_RAW_ABSENT,
                                     .rx_drops = PL_RAW_ABSENT,
                                     .tx_bytes = PL_RAW_ABSENT,
                                     .tx_errors = PL_RAW_ABSENT,
                                     .tx_drops = PL_RAW_ABSENT};
}

int32_t pl_rate_link(const struct pl_raw_netdev *before, const struct pl_raw_netdev *now,
                     const struct pl_raw_link *link, int64_t elapsed_us)
{
    struct pl_raw_interface grown;
    const struct pl_raw_interface *was = find(before, link->name, 0);
    const struct pl_raw_interface *is = find(now, link->name, 0);
    if (!was || !is || elapsed_us <= 0 || !interface_grown(was, is, &grown)) return PL_ABSENT;
    uint64_t bytes = grown.rx_bytes > grown.tx_bytes ? grown.rx_bytes : grown.tx_bytes;
    double whole = (double)link->mbit / 8 * (double)elapsed_us; // bytes: Mbit/s are bits per us
    double share = (double)bytes / whole * 10000 + 0.5;
    return share >= 10000 ? 10000 : (int32_t)share;
}
