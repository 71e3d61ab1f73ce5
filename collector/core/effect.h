/* effect.h - what the engine asks the shell to do. The only way out of the core. */
#pragma once

#include "collector/core/alert/outbox.h"

#include <stdint.h>

/* The engine stops judging for the rest of a call when this many wait; the next call goes on. */
enum { PL_EFFECT_MAX = 4096 };

enum pl_effect_type {
    PL_EFFECT_SAVE_HOST,    // host: name, pool, facts changed: write them down
    PL_EFFECT_DROP_HOST,    // host is forgotten; `name` says which
    PL_EFFECT_HOST_SILENT,  // host fell silent (log, push)
    PL_EFFECT_HOST_BACK,    // a silent host is heard again
    PL_EFFECT_DIRECT_HOST,  // host: ask its agent for samples every `interval_ms`, for `for_ms`
    PL_EFFECT_SAVE_CHANGE,  // host, change: write it down
    PL_EFFECT_SAVE_LEARNED, // host: what was learned of its capacity: write it down
    PL_EFFECT_SAVE_ALERT,   // alert: write it down
    PL_EFFECT_ALERT_OPENED,
    PL_EFFECT_ALERT_RAISED,  // it shows on the page already; now it pages
    PL_EFFECT_ALERT_LOWERED, // it goes on, but no longer at the level that pages
    PL_EFFECT_ALERT_RESOLVED,
    PL_EFFECT_ALERT_RESUMED, // nobody holds it any more and it fires: its route begins anew
    PL_EFFECT_SAVE_HANDLING, // alert: what people said about it: write it down
    PL_EFFECT_SAVE_SILENCE,  // silence `number`: write it down
    PL_EFFECT_DROP_SILENCE,  // silence `number` is over or taken back: delete its record
    PL_EFFECT_SAVE_DELIVERY, // entry at place `delivery` of the log: write it down
    PL_EFFECT_SAVE_EXTERNAL, // external alert `number`: write it down, or delete it if it is gone
    PL_EFFECT_SAVE_PAGE, // page: write it down; in state INTENT answer with pl_engine_page_saved()
    PL_EFFECT_SEND_PAGE, // page: try it; answer with pl_engine_page_result()
    PL_EFFECT_DROP_PAGE, // page `number` is done: delete its record
    PL_EFFECT_PAGE_REFUSED, // the outbox is full: alert cannot page `target` until there is room
    PL_EFFECT_PAGE_FAILED,  // alert's page to `target` was given up: rejected, or out of time
    PL_EFFECT_SAVE_LAUNCH,  // launch: write it down
    PL_EFFECT_DROP_LAUNCH,  // `name`: it has made room for another
    PL_EFFECT_LAUNCH_STATE, // launch: another phase has begun (log, push)
    PL_EFFECT_TILT_ON,      // the clock jumped: collect, do not act
    PL_EFFECT_TILT_OFF,
};

struct pl_effect {
    enum pl_effect_type type;
    uint8_t target;
    uint32_t host;   // index, for *_HOST* and SAVE_CHANGE
    uint32_t alert;  // index, for *_ALERT*, *_PAGE* and SAVE_HANDLING
    uint32_t launch; // index in the book, for *_LAUNCH*
    uint32_t change; // index in observe/changes, for SAVE_CHANGE
    struct pl_slot_id page;
    uint64_t number;              // for DROP_PAGE, *_SILENCE and SAVE_EXTERNAL (its fingerprint)
    uint32_t delivery;            // place in the log of deliveries
    struct pl_name name;          // for DROP_HOST and SAVE_CHANGE
    uint32_t interval_ms, for_ms; // for DIRECT_HOST
};
