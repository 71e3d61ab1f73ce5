/* engine_memory.h - memory for an engine that lives for a moment: fresh pages, of which only those
 * that are touched cost anything. From the heap it would be cleared, tens of megabytes a time. */
#pragma once

#include "collector/core/engine.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { ENGINE_MEMORY_HEAD = 64 }; // its size stands in front

static inline void *engine_memory(const struct pl_engine_config *config)
{
    size_t bytes = pl_engine_bytes(config) + ENGINE_MEMORY_HEAD;
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) abort();
    *(size_t *)pages = bytes;
    return (char *)pages + ENGINE_MEMORY_HEAD;
}

/* NULL is allowed. */
static inline void engine_memory_free(void *memory)
{
    if (!memory) return;
    void *pages = (char *)memory - ENGINE_MEMORY_HEAD;
    (void)munmap(pages, *(size_t *)pages);
}
