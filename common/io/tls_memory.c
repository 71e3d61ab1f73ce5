#include "common/io/tls_memory.h"

#include "common/base/err.h"
#include "common/base/slab.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* OpenSSL has one set of these functions per process, without an argument of ours. */
enum { ALIGN_BYTES = 64 * 1024 }; // the largest page of a kernel plimsoll runs on

static _Alignas(ALIGN_BYTES) uint8_t memory[PL_TLS_MEMORY_BYTES];
static struct pl_slab slab;

static void *take(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size == 0) return NULL; // as CRYPTO_malloc(3) has it
    void *block = pl_slab_take(&slab, size);
    return block ? block : malloc(size);
}

static void give(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    if (block && pl_slab_has(&slab, block))
        pl_slab_give(&slab, block);
    else
        free(block);
}

static void *take_again(void *block, size_t size, const char *file, int line)
{
    if (!block) return take(size, file, line);
    if (size == 0) {
        give(block, file, line);
        return NULL;
    }
    if (!pl_slab_has(&slab, block)) return realloc(block, size);
    size_t held = pl_slab_size(&slab, block);
    if (size <= held && size > held / 2) return block;
    void *moved = take(size, file, line);
    if (!moved) return NULL;
    memcpy(moved, block, PL_MIN(size, held));
    pl_slab_give(&slab, block);
    return moved;
}

/* A page of the kernel's is spare if all of ours in it are. */
void pl_tls_memory_trim(void)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), spare_bytes = 0;
    uint8_t *behind = memory;
    uint32_t cursor = 0;
    for (uint8_t *page; (page = pl_slab_spare(&slab, &cursor)) != NULL;) {
        bool is_next = page == behind && (size_t)(page - memory) % page_bytes != 0;
        spare_bytes = is_next                                     ? spare_bytes + PL_SLAB_PAGE_BYTES
                      : (size_t)(page - memory) % page_bytes == 0 ? PL_SLAB_PAGE_BYTES
                                                                  : 0;
        behind = page + PL_SLAB_PAGE_BYTES;
        if (spare_bytes == page_bytes)
            (void)madvise(behind - page_bytes, page_bytes,
                          MADV_DONTNEED); // costs memory if it fails
    }
}

int pl_tls_memory_start(void)
{
    pl_slab_init(&slab, memory, PL_TLS_MEMORY_BYTES / PL_SLAB_PAGE_BYTES);
    if (CRYPTO_set_mem_functions(take, take_again, give) != 1) return PL_E_STATE;
    uint64_t without = OPENSSL_INIT_NO_LOAD_SSL_STRINGS | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS;
    return OPENSSL_init_ssl(without, NULL) == 1 ? 0 : -ENOMEM;
}
