/* engine_rig.h - one engine on a bench: time and samples go in by hand, effects come out as text.
 */
#pragma once

#include "collector/core/engine.h"

struct rig {
    struct pl_engine *engine;
    void *memory;
    struct pl_now now;
    char said[4096];
    struct pl_slot_id page;     // of the last SAVE_PAGE or SEND_PAGE that was looked at
    uint64_t seq[16];           // of the last sample, by host index
    int64_t skew_ms;            // of the agents' clocks
    unsigned directed;          // DIRECT_HOST effects that were looked at
    struct pl_effect directive; // the last of them
};
extern struct rig rig;

struct pl_name rig_name_of(const char *text);
/* Defaults, with every target notified. */
struct pl_engine_config rig_config_of(uint32_t host_max, uint32_t target_count);
/* A new engine; the old one is gone. */
void rig_start(const struct pl_engine_config *config);
void rig_stop(void);
/* The effects of the calls since the last look, "OPENED limit/web; ...", without SAVE_ALERT, which
 * follows every change, SAVE_LEARNED, which comes every ten minutes, SAVE_DELIVERY, and
 * DIRECT_HOST, which is counted. */
const char *rig_effects(void);
void rig_pass(int64_t ms);
struct pl_hello rig_hello_of(const char *host, const char *pool);
/* PL_NO_INDEX if it was refused. */
uint32_t rig_join(const char *host, const char *pool);
/* A sample taken now. */
struct pl_sample rig_sample_of(uint64_t seq, int32_t cpu_bp);
/* The next sample of that host. */
bool rig_feed(uint32_t host, int32_t cpu_bp);
/* `seconds` of one host (or of none: PL_NO_INDEX) at that load, with a tick each. */
void rig_run(uint32_t host, int32_t cpu_bp, int seconds);
/* A new engine with one pool, "web", that is said to take 1,000 connections a second, and hosts fe1
 * and fe2 (indexes 0 and 1); its alerts go to target 0. */
void rig_start_pair(void);
/* Seconds in which both accept so many connections, with a tick each. */
void rig_serve(int32_t each_per_s, int seconds);
/* The answer to the page in `rig.page`. */
void rig_answer(enum pl_result_class class);
