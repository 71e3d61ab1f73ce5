#include "common/sys/process.h"

#include "common/sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

uint64_t pl_process_prepare(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL); // fails only for a signal that does not exist
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 1024;
    struct rlimit raised = {files.rlim_max, files.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : files.rlim_cur;
}

/* Setting the limit also ends that glibc raises it with each large piece that is freed. */
void pl_process_keep_apart(void)
{
    enum { LARGE_BYTES = 64 * 1024 };
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); // without it there is more memory in use, no more
}

int64_t pl_process_rss_kib(void)
{
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    char text[128];
    ssize_t len = read(fd, text, sizeof text - 1);
    (void)close(fd); // read only: nothing can be lost
    if (len <= 0) return -1;
    text[len] = '\0';
    char *end = text;
    (void)strtol(text, &end, 10); // total size; the second number is the resident one
    long pages = strtol(end, NULL, 10);
    return (int64_t)pages * sysconf(_SC_PAGESIZE) / 1024;
}

uint64_t pl_process_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed) return seed;
    return (uint64_t)pl_clock_unix_ms() << 20 ^ (uint64_t)getpid();
}

/* Never a writable segment: its relocations would be lost. */
static int drop_code(struct dl_phdr_info *info, size_t size, void *arg)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    (void)arg;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0) continue;
        uintptr_t start = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        size_t len = (size_t)(info->dlpi_addr + segment->p_vaddr + segment->p_memsz - start);
        (void)madvise((void *)start, len, MADV_DONTNEED); // a page that stays costs memory, no more
    }
    return 0;
}

int pl_process_lock(void)
{
    return mlockall(MCL_CURRENT | MCL_ONFAULT) == 0 ? 0 : -errno;
}

void pl_process_trim(void)
{
    (void)munlockall();   // what is locked cannot be dropped
    (void)malloc_trim(0); // whether it found something does not matter
    (void)dl_iterate_phdr(drop_code, NULL);
}

void *pl_process_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return NULL;
    (void)madvise(memory, bytes, MADV_HUGEPAGE); // small ones do as well
    return memory;
}

void pl_process_unmap(void *memory, size_t bytes)
{
    if (memory) (void)munmap(memory, bytes); // it is a mapping
}
