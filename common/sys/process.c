#include "common/sys/process.h"

#include "common/sys/clock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
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
