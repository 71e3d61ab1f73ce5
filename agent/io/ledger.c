#include "agent/io/ledger.h"

#include "common/base/text.h"
#include "common/sys/log.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

void pl_ledger_init(struct pl_ledger *l, const char *files, const char *proc, int64_t now_mono_ms)
{
    l->told.count = 0;
    l->service_count = l->old_count = 0;
    l->has_looked = l->has_settled = false;
    l->began_mono_ms = l->rested_mono_ms = now_mono_ms;
    l->tick_mono_ms = now_mono_ms;
    l->census_mono_ms = now_mono_ms + PL_LEDGER_FIRST_MS;
    l->alive_mono_ms = now_mono_ms + PL_LEDGER_ALIVE_MS;
    pl_packages_init(&l->packages, files);
    pl_census_init(&l->census, proc, files);
}

void pl_ledger_stop(struct pl_ledger *l)
{
    pl_packages_stop(&l->packages);
    pl_census_stop(&l->census);
}

/* ---- services ---- */

/* Start of a process as unix ms; -1: not known. */
static int64_t started_unix_ms(uint64_t ticks, int64_t booted_unix_s)
{
    int64_t per_s = sysconf(_SC_CLK_TCK);
    if (booted_unix_s <= 0 || per_s <= 0 || ticks > INT64_MAX / 1000000) return -1;
    return booted_unix_s * 1000 + (int64_t)ticks * 1000 / per_s;
}

static struct pl_ledger_service *find_service(struct pl_ledger *l, const char *address)
{
    for (uint32_t i = 0; i < l->service_count; i++)
        if (strcmp(l->services[i].address, address) == 0) return &l->services[i];
    return NULL;
}

static void tell_start(struct pl_ledger *l, const struct pl_census_listener *listener,
                       int64_t unix_ms)
{
    struct pl_change change = {PL_CHANGE_RESTARTED, unix_ms, 1, "", "", ""};
    struct pl_text t = pl_text_init(change.subject, sizeof change.subject);
    pl_text_str(&t, listener->program);
    pl_text_char(&t, ' ');
    pl_text_str(&t, listener->address);
    pl_told_push(&l->told, &change);
}

/* Another process than before is behind it; or one that was not there when this agent began, and
 * did not come with the machine. */
static void compare_service(struct pl_ledger *l, const struct pl_census_listener *listener,
                            int64_t now_mono_ms, int64_t now_unix_ms, int64_t booted_unix_s)
{
    struct pl_ledger_service *known = find_service(l, listener->address);
    if (known && known->pid == listener->pid && known->started_ticks == listener->started_ticks)
        return;
    bool is_new = !known;
    if (is_new && l->service_count == PL_CENSUS_LISTENERS_MAX) return;
    if (is_new) {
        known = &l->services[l->service_count++];
        *known = (struct pl_ledger_service){.told_mono_ms = 0};
    } else if (listener->started_ticks < known->started_ticks) {
        return; // of several processes, the older one
    }
    bool is_often =
        known->told_mono_ms != 0 && now_mono_ms - known->told_mono_ms < PL_LEDGER_AGAIN_MS;
    int64_t unix_ms = started_unix_ms(listener->started_ticks, booted_unix_s);
    memcpy(known->address, listener->address, sizeof known->address);
    known->pid = listener->pid;
    known->started_ticks = listener->started_ticks;
    if (is_often || unix_ms < booted_unix_s * 1000 + PL_LEDGER_BOOT_MS) return;
    if (now_unix_ms - unix_ms > PL_PACKAGES_KEEP_MS) return; // nobody asks for that any more
    if (!is_new) known->told_mono_ms = now_mono_ms;
    tell_start(l, listener, unix_ms);
}

static const struct pl_census_listener *find_listener(const struct pl_census *c,
                                                      const char *address)
{
    const struct pl_census_listener *found = NULL;
    for (uint32_t i = 0; i < c->listener_count; i++) {
        if (strcmp(c->listeners[i].address, address) != 0) continue;
        if (!found || c->listeners[i].pid > 0) found = &c->listeners[i];
    }
    return found;
}

/* A service without a process is looked for once more: it may be starting again just now. */
static void forget_services(struct pl_ledger *l)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->service_count; i++) {
        struct pl_ledger_service service = l->services[i];
        const struct pl_census_listener *listener = find_listener(&l->census, service.address);
        if (!listener && service.pid == 0) continue;
        if (!listener || listener->pid == 0) service.pid = 0;
        l->services[kept++] = service;
    }
    l->service_count = kept;
}

/* A process that has ended: whoever took its place is found by a census. */
static bool has_ended(int32_t pid)
{
    return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

static bool is_service_gone(const struct pl_ledger *l)
{
    for (uint32_t i = 0; i < l->service_count; i++)
        if (has_ended(l->services[i].pid)) return true;
    return false;
}

/* ---- what runs from files of before ---- */

static bool is_still(const struct pl_census *c, const struct pl_change *told)
{
    for (uint32_t i = 0; i < c->old_count; i++)
        if (strcmp(c->olds[i].file, told->before) == 0 &&
            strcmp(c->olds[i].programs, told->subject) == 0)
            return true;
    return false;
}

static bool is_told(const struct pl_ledger *l, const struct pl_census_old *old)
{
    for (uint32_t i = 0; i < l->old_count; i++)
        if (strcmp(old->file, l->olds[i].before) == 0 &&
            strcmp(old->programs, l->olds[i].subject) == 0)
            return true;
    return false;
}

static void compare_olds(struct pl_ledger *l, int64_t now_unix_ms)
{
    const struct pl_census *c = &l->census;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->old_count; i++) {
        struct pl_change *told = &l->olds[i];
        if (is_still(c, told)) {
            l->olds[kept++] = *told;
            continue;
        }
        told->count = 0;
        pl_told_push(&l->told, told);
    }
    l->old_count = kept;
    for (uint32_t i = 0; i < c->old_count; i++) {
        const struct pl_census_old *old = &c->olds[i];
        if (is_told(l, old) || old->programs[0] == '\0' || l->old_count == PL_CENSUS_OLD_MAX)
            continue;
        struct pl_change *change = &l->olds[l->old_count++];
        *change = (struct pl_change){.kind = PL_CHANGE_OUTDATED, .count = old->count};
        change->unix_ms = old->since_unix_ms > 0 ? old->since_unix_ms : now_unix_ms;
        memcpy(change->subject, old->programs, sizeof change->subject);
        memcpy(change->before, old->file, sizeof change->before);
        pl_told_push(&l->told, change);
    }
}

/* ---- the tick ---- */

static void look_soon(struct pl_ledger *l, int64_t now_mono_ms)
{
    l->census_mono_ms = PL_MIN(l->census_mono_ms, now_mono_ms + PL_LEDGER_SOON_MS);
}

static bool settle(struct pl_ledger *l, int64_t now_mono_ms)
{
    if (l->has_settled || !l->has_looked || pl_census_is_running(&l->census)) return false;
    if (!pl_packages_is_read(&l->packages, now_mono_ms)) return false;
    l->has_settled = true;
    pl_log(PL_LOG_INFO, "settled", "changes=%llu", (unsigned long long)l->told.count);
    return true;
}

/* What the census that has just ended found. */
static void compare(struct pl_ledger *l, int64_t now_mono_ms, int64_t now_unix_ms,
                    int64_t booted_unix_s)
{
    forget_services(l);
    for (uint32_t i = 0; i < l->census.listener_count; i++) {
        if (l->census.listeners[i].pid > 0)
            compare_service(l, &l->census.listeners[i], now_mono_ms, now_unix_ms, booted_unix_s);
    }
    compare_olds(l, now_unix_ms);
    l->has_looked = true;
    l->rested_mono_ms = now_mono_ms + PL_LEDGER_REST * (now_mono_ms - l->began_mono_ms);
}

bool pl_ledger_tick(struct pl_ledger *l, int64_t now_mono_ms, int64_t now_unix_ms,
                    int64_t booted_unix_s)
{
    if (now_mono_ms < l->tick_mono_ms) return false;
    l->tick_mono_ms = now_mono_ms + PL_LEDGER_TICK_MS;
    if (pl_packages_tick(&l->packages, &l->told, now_mono_ms, now_unix_ms)) {
        l->has_looked = false;
        look_soon(l, now_mono_ms);
    }
    if (now_mono_ms >= l->alive_mono_ms) {
        l->alive_mono_ms = now_mono_ms + PL_LEDGER_ALIVE_MS;
        if (is_service_gone(l)) look_soon(l, now_mono_ms);
    }
    int64_t due_mono_ms = PL_MAX(l->census_mono_ms, l->rested_mono_ms);
    if (!pl_census_is_running(&l->census) && now_mono_ms >= due_mono_ms) {
        l->census_mono_ms = now_mono_ms + PL_LEDGER_EVERY_MS;
        l->began_mono_ms = now_mono_ms;
        pl_census_start(&l->census);
    }
    if (pl_census_step(&l->census)) compare(l, now_mono_ms, now_unix_ms, booted_unix_s);
    return settle(l, now_mono_ms);
}
