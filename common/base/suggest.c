#include "common/base/suggest.h"

uint32_t pl_suggest_distance(struct pl_span a, struct pl_span b)
{
    /* Three rows of the dynamic-programming table: the last two are all a swap looks back on. */
    uint32_t rows[3][PL_SUGGEST_LEN_MAX + 1];
    if (a.len > PL_SUGGEST_LEN_MAX || b.len > PL_SUGGEST_LEN_MAX) return PL_SUGGEST_LEN_MAX;
    for (uint32_t j = 0; j <= b.len; j++) rows[0][j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        const uint32_t *before = rows[(i + 1) % 3], *above = rows[(i - 1) % 3];
        uint32_t *row = rows[i % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            bool same = a.ptr[i - 1] == b.ptr[j - 1];
            uint32_t least = PL_MIN(above[j], row[j - 1]) + 1;
            least = PL_MIN(least, above[j - 1] + !same);
            bool swapped =
                i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1];
            row[j] = swapped ? PL_MIN(least, before[j - 2] + 1) : least;
        }
    }
    return rows[a.len % 3][b.len];
}

struct pl_suggest pl_suggest_init(struct pl_span word)
{
    uint32_t limit = word.len > PL_SUGGEST_LEN_MAX ? 0 : (uint32_t)PL_MAX(word.len / 3, 1);
    return (struct pl_suggest){.word = word, .distance = limit + 1};
}

void pl_suggest_consider(struct pl_suggest *s, struct pl_span candidate)
{
    uint32_t distance = pl_suggest_distance(s->word, candidate);
    if (distance >= s->distance) return;
    s->distance = distance;
    s->best = candidate;
}
