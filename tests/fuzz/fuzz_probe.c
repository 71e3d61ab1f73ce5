/* The parsers of /proc; the first byte says which. A file that was cut says the same as the whole
 * one or nothing, and no share of what was read leaves 0 to 1. */
#include "tests/fuzz/fuzz.h"

#include "agent/core/collect.h"

enum { WORDS = offsetof(struct pl_raw, netdev) / sizeof(uint64_t) };

static void check_cut(const struct pl_raw *whole, const struct pl_raw *cut)
{
    static uint64_t whole_words[WORDS], cut_words[WORDS];
    memcpy(whole_words, whole, sizeof whole_words);
    memcpy(cut_words, cut, sizeof cut_words);
    for (size_t i = 0; i < WORDS; i++)
        PL_ASSERT(cut_words[i] == PL_RAW_ABSENT || cut_words[i] == whole_words[i]);
    PL_ASSERT(cut->netdev.count <= whole->netdev.count);
    PL_ASSERT(memcmp(cut->netdev.item, whole->netdev.item,
                     cut->netdev.count * sizeof cut->netdev.item[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct pl_raw whole, cut;
    int32_t values[PL_METRIC_COUNT] = {0};
    if (len == 0) return 0;
    enum pl_source source = (enum pl_source)(data[0] % PL_SOURCE_COUNT);
    memset(&whole, 0, sizeof whole);
    memset(&cut, 0, sizeof cut);
    pl_probe_parse(source, (struct pl_span){data + 1, len - 1}, &whole);
    pl_probe_parse(source, (struct pl_span){data + 1, (len - 1) / 2}, &cut);
    check_cut(&whole, &cut);
    for (size_t i = 0; i < PL_LEN(whole.read_us); i++) whole.read_us[i] = 1000000;
    pl_collect_values(&cut, &whole, values);
    for (int m = 0; m < PL_METRIC_COUNT; m++) {
        if (pl_metric_info((enum pl_metric)m)->kind != PL_SHARE) continue;
        PL_ASSERT(values[m] == PL_ABSENT || (values[m] >= 0 && values[m] <= 10000));
    }
    return 0;
}
