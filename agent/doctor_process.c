/* What this user may do; the agent's own user may do less, or more. */
#include "agent/doctor.h"

#include "common/base/err.h"
#include "common/sys/process.h"

#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static const char section[] = "The agent itself";

/* Effective capabilities of this process, proc(5); 0 if they cannot be read. */
static uint64_t capabilities(void)
{
    char line[256];
    uint64_t found = 0;
    FILE *f = fopen("/proc/self/status", "re");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "CapEff:", 7) == 0) found = strtoull(line + 7, NULL, 16);
    (void)fclose(f); // read only
    return found;
}

static void find_user(struct pl_diagnosis *d)
{
    const struct passwd *user = getpwuid(geteuid());
    struct pl_finding *f = pl_doctor_add(d, section, PL_FINDING_OK, "user");
    PL_SAY(f, "this look was taken as %s (%u); an agent of another user sees what that one may",
           user ? user->pw_name : "a user without a name", (unsigned)geteuid());
    if (geteuid() != 0) return;
    PL_ADVISE(f, "to see what the unit's user sees: runuser -u plimsoll-agent -- plimsoll-agent "
                 "doctor ...");
}

static void find_capabilities(struct pl_diagnosis *d)
{
    static const struct {
        int number;
        const char *name, *what;
    } wanted[] = {
        {CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "names the program behind an accept queue"},
        {CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "the same, for programs of other users"},
        {CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", "hears of pressure at once before Linux 6.4"},
    };
    uint64_t have = capabilities();
    for (size_t i = 0; i < PL_LEN(wanted); i++) {
        bool has = (have >> wanted[i].number & 1) != 0;
        struct pl_finding *f =
            pl_doctor_add(d, section, has ? PL_FINDING_OK : PL_FINDING_NOTE, wanted[i].name);
        PL_SAY(f, "%s: %s", has ? "there" : "not there, and not needed to run", wanted[i].what);
    }
}

static void find_lock(struct pl_diagnosis *d)
{
    struct rlimit limit = {0, 0};
    struct pl_finding *f = pl_doctor_add(d, section, PL_FINDING_OK, "memory lock");
    int err = pl_process_lock();
    (void)getrlimit(RLIMIT_MEMLOCK, &limit); // stays 0, which is said
    if (err == 0) {
        PL_SAY(f, "the agent's memory cannot be swapped out while this machine runs out of it");
        (void)munlockall(); // was only a trial
        return;
    }
    f->state = PL_FINDING_LACK;
    PL_SAY(f, "memory cannot be locked (%s): RLIMIT_MEMLOCK is %llu KiB", pl_err_text(err),
           (unsigned long long)limit.rlim_cur / 1024);
    PL_ADVISE(f, "LimitMEMLOCK=64M in the unit, or ulimit -l 65536");
}

void pl_doctor_process(struct pl_diagnosis *d)
{
    find_user(d);
    find_capabilities(d);
    find_lock(d);
}
