/* ledger.h - what changed on this machine, written down to be told: packages, services that were
 * started again, programs that run from files of before an upgrade.
 *
 *     pl_ledger_tick -> packages.h: a part of each log that grew
 *                    -> census.h: PL_LEDGER_EVERY_MS, after packages changed, after a service ended
 *                    -> told: uplink.h tells it
 *
 * (That the machine started, and its cores and memory, is in HELLO: the collector compares.) It has
 * no timer of its own: a tick comes with each sample, does something once per PL_LEDGER_TICK_MS,
 * and little enough not to delay the next sample. Nothing is remembered on disk: what a new agent
 * finds again it tells again, with the same times, and a collector takes each change once. That all
 * of the past was read, which a large package log can put off by minutes, is logged once. */
#pragma once

#include "agent/core/told.h"
#include "agent/io/census.h"
#include "agent/io/packages.h"

enum {
    PL_LEDGER_TICK_MS = 900,       // just under the usual distance of samples
    PL_LEDGER_FIRST_MS = 5 * 1000, // the first census after the start
    PL_LEDGER_EVERY_MS = 10 * 60 * 1000,
    PL_LEDGER_SOON_MS = 3 * 1000,        // a census after something happened,
    PL_LEDGER_REST = 9,                  // but so many times what the last one took after it
    PL_LEDGER_ALIVE_MS = 10 * 1000,      // are the processes behind listeners still there?
    PL_LEDGER_AGAIN_MS = 15 * 60 * 1000, // one that starts again and again is told no more often
    PL_LEDGER_BOOT_MS = 5 * 60 * 1000,   // what starts so early after the machine started with it
};

/* A listener and who was behind it at the last census. */
struct pl_ledger_service {
    char address[PL_LISTENER_ADDRESS_MAX + 1]; // empty: a free place
    int32_t pid;
    uint64_t started_ticks;
    int64_t told_mono_ms; // when it was told last that it started; 0: never
};

struct pl_ledger {
    struct pl_told told;
    struct pl_packages packages;
    struct pl_census census;
    int64_t tick_mono_ms, census_mono_ms, alive_mono_ms; // due
    int64_t began_mono_ms, rested_mono_ms;               // the last census, and when the next may
    bool has_looked, has_settled; // a census knows of all upgrades; and of those of the past, once
    uint32_t service_count, old_count;
    struct pl_ledger_service services[PL_CENSUS_LISTENERS_MAX];
    struct pl_change olds[PL_CENSUS_OLD_MAX]; // told, and not over
};

/* `files` is what stands before the names of files, "" for this machine's own; `proc` is "/proc".
 * Both stay where they are. */
void pl_ledger_init(struct pl_ledger *l, const char *files, const char *proc, int64_t now_mono_ms);
/* `booted_unix_s`: when the machine started; -1: not known. True once, when all of the past was
 * read. */
bool pl_ledger_tick(struct pl_ledger *l, int64_t now_mono_ms, int64_t now_unix_ms,
                    int64_t booted_unix_s);
void pl_ledger_stop(struct pl_ledger *l);
