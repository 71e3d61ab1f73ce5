/* slab.h - an allocator over one fixed piece of memory, for a library that allocates as it goes.
 *
 * The memory is cut into pages. A page holds blocks of one size, so blocks need no header and a
 * free one costs nothing to find; what is larger than a page's half takes pages in a row. A page
 * whose last block was freed serves any size again. Blocks are carved from a page one after the
 * other, so that memory nobody asked for is never touched.
 *
 *     | 24 24 24 .. | 128 128 .. | free | row of 3 pages ... | free |
 *
 * Blocks of a multiple of 16 bytes are aligned to 16, others to 8: enough for any object of that
 * size. When nothing fits, the answer is NULL and the caller decides. */
#pragma once

#include "common/base/base.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PL_SLAB_PAGE_BYTES = 1024, // small, because each size has a page that is partly empty
    PL_SLAB_PAGES_MAX = 1024,
    PL_SLAB_BLOCK_MAX = 512, // a larger one takes whole pages
    PL_SLAB_SIZES = 17,
};

struct pl_slab_page {
    uint8_t kind;          // enum in slab.c: free, in a row, or which size
    uint16_t used, made;   // blocks that are taken, blocks that were carved; of a row: its pages
    uint16_t first_free;   // block given back last, plus one; 0: none
    uint16_t next, before; // pages of this size with room, plus one; 0: none
};

struct pl_slab {
    uint8_t *memory; // borrowed; page_count pages, aligned to one
    uint32_t page_count;
    uint16_t room[PL_SLAB_SIZES]; // first page with room, plus one; 0: none
    struct pl_slab_page pages[PL_SLAB_PAGES_MAX];
};

/* `page_count` is 1 to PL_SLAB_PAGES_MAX; `memory` outlives the slab. */
void pl_slab_init(struct pl_slab *s, uint8_t *memory, uint32_t page_count);
/* `size` bytes, at least 1, not cleared. NULL: there is no room for them. */
void *pl_slab_take(struct pl_slab *s, size_t size);
/* Give back what _take returned. */
void pl_slab_give(struct pl_slab *s, void *block);
/* True if `block` lies in this memory. */
bool pl_slab_has(const struct pl_slab *s, const void *block);
/* The next free page at or after `*cursor` (0 at first), which moves on behind it; NULL at the end.
 * Nothing in a free page matters: its memory may be lent out until the next _take. */
uint8_t *pl_slab_spare(const struct pl_slab *s, uint32_t *cursor);
/* How many bytes a taken block holds, at least what was asked for. */
size_t pl_slab_size(const struct pl_slab *s, const void *block);
