/* The allocator over fixed memory: sizes, exhaustion, and a long random life against a model. */
#include "tests/check.h"

#include "common/base/rng.h"
#include "common/base/slab.h"

enum { PAGES = 256, HELD_MAX = 2000, STEPS = 200000 };

static _Alignas(PL_SLAB_PAGE_BYTES) uint8_t memory[PAGES * PL_SLAB_PAGE_BYTES];
static struct pl_slab slab;

static void test_each_size_fits_and_is_aligned(void)
{
    pl_slab_init(&slab, memory, PAGES);
    for (size_t size = 1; size <= 3 * PL_SLAB_PAGE_BYTES; size++) {
        void *block = pl_slab_take(&slab, size);
        REQUIRE(block && pl_slab_has(&slab, block));
        CHECK(pl_slab_size(&slab, block) >= size);
        CHECK((uintptr_t)block % (pl_slab_size(&slab, block) % 16 == 0 ? 16 : 8) == 0);
        memset(block, 0xa5, size);
        pl_slab_give(&slab, block);
    }
    void *all = pl_slab_take(&slab, sizeof memory);
    CHECK(all == memory); // nothing was left behind
}

static void test_spare_pages(void)
{
    uint32_t cursor = 0, count = 0;
    pl_slab_init(&slab, memory, PAGES);
    void *small = pl_slab_take(&slab, 100), *row = pl_slab_take(&slab, 3 * PL_SLAB_PAGE_BYTES);
    CHECK(pl_slab_spare(&slab, &cursor) == memory + 4 * PL_SLAB_PAGE_BYTES);
    for (count = 1; pl_slab_spare(&slab, &cursor); count++) continue;
    CHECK_INT(count, PAGES - 4);
    pl_slab_give(&slab, row);
    pl_slab_give(&slab, small);
    cursor = 0;
    CHECK(pl_slab_spare(&slab, &cursor) == memory);
}

static void test_the_end_is_told(void)
{
    size_t count = 0;
    pl_slab_init(&slab, memory, PAGES);
    CHECK(pl_slab_take(&slab, sizeof memory + 1) == NULL);
    CHECK(pl_slab_take(&slab, SIZE_MAX) == NULL);
    while (pl_slab_take(&slab, 128)) count++;
    CHECK_INT(count, sizeof memory / 128);
    CHECK(pl_slab_take(&slab, 24) == NULL);
    pl_slab_give(&slab, memory + 7 * PL_SLAB_PAGE_BYTES + 256);
    CHECK(pl_slab_take(&slab, 120) == memory + 7 * PL_SLAB_PAGE_BYTES + 256);
    CHECK(!pl_slab_has(&slab, memory + sizeof memory));
}

/* Each block is filled with its number; a block that overlaps another would lose it. */
static struct held {
    uint8_t *block;
    size_t size;
    uint8_t mark;
} held[HELD_MAX];

static bool is_whole(const struct held *h)
{
    for (size_t i = 0; i < h->size; i++)
        if (h->block[i] != h->mark) return false;
    return true;
}

static size_t random_size(struct pl_rng *rng)
{
    uint64_t r = pl_rng_u64(rng);
    return r % 100 == 0 ? 1 + r / 100 % 20000 : 1 + r / 100 % (r % 7 == 0 ? 2500 : 200);
}

static void test_a_long_life(void)
{
    struct pl_rng rng = pl_rng_init(17);
    size_t count = 0, refused = 0, broken = 0;
    pl_slab_init(&slab, memory, PAGES);
    for (int step = 0; step < STEPS; step++) {
        uint64_t r = pl_rng_u64(&rng);
        bool takes = count == 0 || (count < HELD_MAX && r % 100 < (step / 5000 % 2 == 0 ? 60 : 40));
        if (takes) {
            struct held h = {.size = random_size(&rng), .mark = (uint8_t)step};
            h.block = pl_slab_take(&slab, h.size);
            refused += !h.block;
            if (!h.block) continue;
            memset(h.block, h.mark, h.size);
            held[count++] = h;
        } else {
            size_t which = r / 100 % count;
            broken += !is_whole(&held[which]);
            pl_slab_give(&slab, held[which].block);
            held[which] = held[--count];
        }
    }
    CHECK_INT(broken, 0);
    CHECK(refused > 0); // it was full at times
    while (count > 0) pl_slab_give(&slab, held[--count].block);
    CHECK(pl_slab_take(&slab, sizeof memory) == memory);
}

int main(void)
{
    RUN(test_each_size_fits_and_is_aligned);
    RUN(test_spare_pages);
    RUN(test_the_end_is_told);
    RUN(test_a_long_life);
    return check_finish();
}
