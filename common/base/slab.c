#include "common/base/slab.h"

#include "common/base/assert.h"

#include <assert.h>
#include <string.h>

/* Steps of an eighth to a third, that fill a page nearly whole. */
static const uint16_t sizes[] = {16,  24,  32,  40,  48,  56,  64,  80, 96,
                                 112, 128, 144, 168, 200, 256, 336, 512};

static_assert(PL_LEN(sizes) == PL_SLAB_SIZES, "as many lists as sizes");

enum { FREE, ROW, ROW_REST, FIRST_SIZE };

static uint32_t index_of(const struct pl_slab *s, const void *block)
{
    PL_ASSERT(pl_slab_has(s, block));
    return (uint32_t)((size_t)((const uint8_t *)block - s->memory) / PL_SLAB_PAGE_BYTES);
}

static uint8_t *bytes_of(const struct pl_slab *s, uint32_t page)
{
    return s->memory + (size_t)page * PL_SLAB_PAGE_BYTES;
}

static uint32_t capacity_of(const struct pl_slab_page *p)
{
    return PL_SLAB_PAGE_BYTES / sizes[p->kind - FIRST_SIZE];
}

/* ---- pages ---- */

/* The first of `count` free pages in a row, which become `kind`; PL_SLAB_PAGES_MAX: none. */
static uint32_t take_pages(struct pl_slab *s, uint32_t count, uint8_t kind)
{
    uint32_t run = 0;
    for (uint32_t i = 0; i < s->page_count; i++) {
        run = s->pages[i].kind == FREE ? run + 1 : 0;
        if (run < count) continue;
        uint32_t first = i + 1 - count;
        for (uint32_t k = first; k <= i; k++) s->pages[k] = (struct pl_slab_page){.kind = ROW_REST};
        s->pages[first] = (struct pl_slab_page){.kind = kind};
        return first;
    }
    return PL_SLAB_PAGES_MAX;
}

/* ---- pages of one size with room ---- */

static void link_page(struct pl_slab *s, uint32_t page)
{
    struct pl_slab_page *p = &s->pages[page];
    uint16_t *head = &s->room[p->kind - FIRST_SIZE];
    p->before = 0;
    p->next = *head;
    if (*head != 0) s->pages[*head - 1].before = (uint16_t)(page + 1);
    *head = (uint16_t)(page + 1);
}

static void unlink_page(struct pl_slab *s, uint32_t page)
{
    struct pl_slab_page *p = &s->pages[page];
    if (p->before != 0)
        s->pages[p->before - 1].next = p->next;
    else
        s->room[p->kind - FIRST_SIZE] = p->next;
    if (p->next != 0) s->pages[p->next - 1].before = p->before;
}

/* A free block holds the number of the one given back before it. */
static void *take_block(struct pl_slab *s, uint32_t page)
{
    struct pl_slab_page *p = &s->pages[page];
    uint32_t block = p->first_free != 0 ? p->first_free - 1u : p->made;
    uint8_t *bytes = bytes_of(s, page) + (size_t)block * sizes[p->kind - FIRST_SIZE];
    if (p->first_free != 0)
        memcpy(&p->first_free, bytes, sizeof p->first_free);
    else
        p->made++;
    p->used++;
    if (p->used == capacity_of(p)) unlink_page(s, page);
    return bytes;
}

static void *take_small(struct pl_slab *s, size_t size)
{
    uint8_t which = 0;
    while (sizes[which] < size) which++;
    uint32_t page = s->room[which];
    if (page != 0) return take_block(s, page - 1);
    page = take_pages(s, 1, (uint8_t)(FIRST_SIZE + which));
    if (page == PL_SLAB_PAGES_MAX) return NULL;
    link_page(s, page);
    return take_block(s, page);
}

/* ---- the module ---- */

void pl_slab_init(struct pl_slab *s, uint8_t *memory, uint32_t page_count)
{
    PL_ASSERT(page_count > 0 && page_count <= PL_SLAB_PAGES_MAX);
    PL_ASSERT((uintptr_t)memory % PL_SLAB_PAGE_BYTES == 0);
    *s = (struct pl_slab){.memory = memory, .page_count = page_count};
}

void *pl_slab_take(struct pl_slab *s, size_t size)
{
    PL_ASSERT(size > 0);
    if (size <= PL_SLAB_BLOCK_MAX) return take_small(s, size);
    if (size > (size_t)s->page_count * PL_SLAB_PAGE_BYTES) return NULL;
    uint32_t count = (uint32_t)((size + PL_SLAB_PAGE_BYTES - 1) / PL_SLAB_PAGE_BYTES);
    uint32_t first = take_pages(s, count, ROW);
    if (first == PL_SLAB_PAGES_MAX) return NULL;
    s->pages[first].made = (uint16_t)count;
    return bytes_of(s, first);
}

void pl_slab_give(struct pl_slab *s, void *block)
{
    uint32_t page = index_of(s, block);
    struct pl_slab_page *p = &s->pages[page];
    if (p->kind == ROW) {
        PL_ASSERT(block == bytes_of(s, page));
        for (uint32_t i = page, end = page + p->made; i < end; i++) s->pages[i].kind = FREE;
        return;
    }
    PL_ASSERT(p->kind >= FIRST_SIZE && p->used > 0);
    uint32_t size = sizes[p->kind - FIRST_SIZE];
    size_t offset = (size_t)((uint8_t *)block - bytes_of(s, page));
    PL_ASSERT(offset % size == 0 && offset / size < p->made);
    if (p->used == capacity_of(p)) link_page(s, page);
    memcpy(block, &p->first_free, sizeof p->first_free);
    p->first_free = (uint16_t)(offset / size + 1);
    if (--p->used > 0) return;
    unlink_page(s, page);
    p->kind = FREE;
}

bool pl_slab_has(const struct pl_slab *s, const void *block)
{
    uintptr_t at = (uintptr_t)block, start = (uintptr_t)s->memory;
    return at >= start && at - start < (size_t)s->page_count * PL_SLAB_PAGE_BYTES;
}

uint8_t *pl_slab_spare(const struct pl_slab *s, uint32_t *cursor)
{
    while (*cursor < s->page_count) {
        uint32_t page = (*cursor)++;
        if (s->pages[page].kind == FREE) return bytes_of(s, page);
    }
    return NULL;
}

size_t pl_slab_size(const struct pl_slab *s, const void *block)
{
    const struct pl_slab_page *p = &s->pages[index_of(s, block)];
    PL_ASSERT(p->kind != FREE && p->kind != ROW_REST);
    return p->kind == ROW ? (size_t)p->made * PL_SLAB_PAGE_BYTES : sizes[p->kind - FIRST_SIZE];
}
