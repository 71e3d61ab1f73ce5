/* app_state.h - what the parts of the app share; only app*.c include it. */
#pragma once

#include "collector/app.h"
#include "collector/codec/freeze.h"
#include "collector/codec/notify/notify.h"
#include "collector/core/engine.h"
#include "collector/core/heartbeat.h"
#include "collector/core/oncall/policy.h"
#include "collector/io/admin.h"
#include "collector/io/api.h"
#include "collector/io/certificate.h"
#include "collector/io/ingest.h"
#include "collector/io/png.h"
#include "collector/io/redis_server.h"
#include "collector/io/store.h"
#include "collector/io/webhook.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/sys/log.h"
#include "common/sys/sdnotify.h"

/* Stopping goes through these one by one; each begins when the one before has reported its end. */
enum pl_app_phase {
    PL_APP_RUNNING,
    PL_APP_STOPPING_ADMIN,
    PL_APP_STOPPING_INGEST,
    PL_APP_STOPPING_HTTP,
    PL_APP_DRAINING_WEBHOOK, // posts under way may finish
    PL_APP_STOPPING_WEBHOOK,
    PL_APP_STOPPING_STORE,
    PL_APP_STOPPING_REDIS,
    PL_APP_STOPPED,
};

enum { PL_APP_PENDINGS_MAX = 64, PL_APP_PENDING_MS = 8 * 1000 };

enum pl_app_pending_kind { PL_APP_PENDING_NONE, PL_APP_PENDING_ENROL, PL_APP_PENDING_ADMIN };

/* An answer that waits until Redis has recorded what it is about. */
struct pl_app_pending {
    enum pl_app_pending_kind kind;
    uint32_t ticket;       // of its write
    struct pl_slot_id who; // a connection of the agents' port, or a client of the admin socket
    int64_t since_mono_ms;
    struct pl_text answer; // for the client
    char answer_bytes[PL_TOKEN_TEXT_BYTES];
};

/* Who may speak for a host; in app_trust.c. */
struct pl_app_trust {
    struct pl_roster *roster; // owned
    struct pl_certificate certificate;
    struct pl_admin *admin; // owned
    uint32_t last_ticket;
    struct pl_app_pending pendings[PL_APP_PENDINGS_MAX];
    uv_signal_t hangup;
    bool has_hangup;
};

/* A target that is asked who acknowledged; in app_hear.c. */
struct pl_app_ear {
    bool asking;
    int64_t due_mono_ms;
    int64_t cursor; // see struct pl_notify_heard
    uint32_t last;  // the reference asked about last, and the alert it is about
    uint64_t alert_hash;
    int64_t opened_unix_ms;
};

/* Somebody tries a notifier and waits at the admin socket. */
struct pl_app_test {
    struct pl_slot_id client;
    uint32_t target;
};

enum { PL_APP_SAID_MAX = 32, PL_APP_SAID_MS = 2 * 1000 };

/* A client of the API that waits until Redis has recorded what it said. */
struct pl_app_said_waiting {
    bool used;
    uint32_t ticket;
    struct pl_slot_id client;
    int64_t since_mono_ms;
};

/* What people say about alerts; in app_said.c. */
struct pl_app_said {
    uint32_t last_ticket;
    uint32_t ticket; // of the record that is being made now, or PL_STORE_NO_TICKET
    struct pl_app_said_waiting waiting[PL_APP_SAID_MAX];
};

enum { PL_APP_FREEZE_MS = 5 * 1000 };

/* The file that tells when packages are to stay as they are; in app_freeze.c. */
struct pl_app_freeze {
    bool busy; // a worker is writing `bytes`
    int err;   // of it
    int64_t due_mono_ms;
    uint64_t hash; // of what is written; 0: nothing
    uv_work_t work;
    size_t len;
    char path[PL_CONFIG_PATH_BYTES + sizeof "/freeze"];
    char bytes[PL_FREEZE_TEXT_BYTES];
};

/* Cases; in app_case.c. */
struct pl_app_cases {
    struct pl_cases *all; // owned
    struct pl_rng rng;    // of retries
    uint32_t mail_target; // whose server and sender updates use; PL_NO_INDEX: there is none
};

struct pl_app {
    uv_loop_t *loop;                          // borrowed
    const struct pl_collector_config *config; // borrowed
    enum pl_app_phase phase;
    int64_t started_mono_ms;
    int64_t traffic_due_mono_ms; // what is remembered of traffic is written again
    bool failed;                 // ended by an error that was logged
    bool restored;               // the store has said what it remembers, or that it cannot
    bool open;                   // agents are (or were) listened to
    bool http_open;
    bool handles; // the timers and signals below are initialised

    struct pl_engine *engine; // owned: a mapping of engine_bytes
    size_t engine_bytes;
    struct pl_oncall *oncall;  // owned: the roster of the configuration, and today's overrides
    struct pl_effect *effects; // owned: the batch being run, PL_EFFECT_MAX items
    bool settling;             // effects are being run further up the stack
    struct pl_log_limit refused_log;
    struct pl_log_limit change_log;   // a new agent tells a whole day at once
    struct pl_log_limit presence_log; // a large fleet falls silent at once: its alert names hosts

    struct pl_redis_server *redis_server; // owned; NULL with a configured URL
    struct pl_store *store;               // owned
    struct pl_ingest *ingest;             // owned
    struct pl_webhook *webhook;           // owned
    struct pl_api *api;                   // owned
    struct pl_login *login;               // owned

    struct pl_app_trust trust;
    struct pl_actions actions;
    struct pl_heartbeat heartbeat;
    struct pl_news news; // on its way to those who show it beside incidents
    struct pl_app_said said;
    struct pl_app_freeze freeze;
    struct pl_app_cases cases;

    uint32_t target_count;
    struct pl_name target_names[PL_TARGET_MAX];
    struct pl_notify_target targets[PL_TARGET_MAX];
    struct pl_contact contacts[PL_CONFIG_POOLS_MAX];     // of the configured pools
    char external_url[PL_CONFIG_EXTERNAL_URL_BYTES + 1]; // with its final '/'
    char external_host[PL_CONFIG_EXTERNAL_URL_BYTES];    // of the configured one, in lower case
    struct pl_ack_key ack_key;                           // of the links in pages
    struct pl_references references;                     // what providers call their messages
    uint32_t resend_turn;             // the second of the minute in which alerts are told again
    struct pl_notify_request request; // the page being sent
    struct pl_picture picture;        // in it
    uint8_t png[8 * 1024];

    struct pl_app_test tests[PL_ADMIN_CLIENTS_MAX]; // by the client's slot
    struct pl_app_ear ears[PL_TARGET_MAX];

    struct pl_sdnotify systemd;
    uv_timer_t tick;      // once a second
    uv_timer_t save_wait; // the longest a page waits for its intent to be written
    uv_timer_t drain;     // while stopping
    int64_t drain_until_mono_ms;
    uv_signal_t sigterm, sigint;
};

struct pl_now pl_app_now(void);
/* The store has restored what it can: listen to agents. */
void pl_app_open(struct pl_app *app);
struct pl_ingest_handler pl_app_ingest_handler(struct pl_app *app);
void pl_app_store_callbacks(struct pl_app *app, struct pl_store_options *options);
/* Run what the engine asks for, until it asks for nothing more. */
void pl_app_settle(struct pl_app *app, struct pl_now now);

/* ---- app_freeze.c ---- */

void pl_app_freeze_tick(struct pl_app *app, struct pl_now now);

/* ---- app_heartbeat.c ---- */

void pl_app_heartbeat_start(struct pl_app *app);
void pl_app_heartbeat_tick(struct pl_app *app, struct pl_now now);

/* ---- app_news.c ---- */

void pl_app_news_start(struct pl_app *app);
void pl_app_news_tick(struct pl_app *app, struct pl_now now);
/* A host of that pool changed. */
void pl_app_news_change(struct pl_app *app, const struct pl_name *pool, const struct pl_name *host,
                        const struct pl_change *change, struct pl_now now);
/* Another phase of a launch has begun. */
void pl_app_news_launch(struct pl_app *app, const struct pl_launch_entry *entry, struct pl_now now);

/* ---- app_notify.c ---- */

typedef void pl_app_answer_fn(void *owner, uint64_t ticket, const struct pl_notify_answer *answer);

/* Post what was written into `app->request`; `wait_ms` as in struct pl_webhook_request. 0, or why
 * it cannot be posted now: then there is no answer. */
PL_MUST_CHECK int pl_app_submit(struct pl_app *app, int32_t wait_ms, pl_app_answer_fn *on_answer,
                                uint64_t ticket);
/* Write the message to a target, sign it if it must be, and post it; as pl_app_submit(). */
PL_MUST_CHECK int pl_app_post(struct pl_app *app, uint32_t target,
                              const struct pl_notify_message *message, pl_app_answer_fn *on_answer,
                              uint64_t ticket);
/* Tell those who know of the alert that somebody has it. */
void pl_app_tell_acknowledged(struct pl_app *app, uint32_t alert, struct pl_now now);
/* Once a second: who forgets is told again what fires, each alert in its second of the minute. */
void pl_app_resend_tick(struct pl_app *app, struct pl_now now);
void pl_app_send_page(struct pl_app *app, struct pl_slot_id id, struct pl_now now);
/* Send a marked message to the notifier of that name; the client of the admin socket hears what the
 * provider answered. */
void pl_app_test_notifier(struct pl_app *app, struct pl_slot_id client, const struct pl_name *name,
                          struct pl_now now);

/* ---- app_said.c ---- */

struct pl_api_door pl_app_said_door(struct pl_app *app);
/* A *_HANDLING, *_SILENCE, *_DELIVERY or *_EXTERNAL effect. */
void pl_app_save_said(struct pl_app *app, const struct pl_effect *effect);
void pl_app_said_saved(void *ctx, uint32_t ticket);
int pl_app_restore_said(void *ctx, enum pl_said_key what, struct pl_span record);
/* Whoever has waited long enough is told that Redis is away. */
void pl_app_said_tick(struct pl_app *app, struct pl_now now);

/* ---- app_case.c ---- */

PL_MUST_CHECK int pl_app_case_start(struct pl_app *app);
void pl_app_case_free(struct pl_app *app);
struct pl_api_case_desk pl_app_case_desk(struct pl_app *app);
/* What the engine asks for, on its way: what concerns open cases goes into their timelines. */
void pl_app_case_hear(struct pl_app *app, const struct pl_effect *effect, struct pl_now now);
/* The store has written down what had that ticket. */
void pl_app_case_saved(struct pl_app *app, uint32_t ticket);
/* Once a second: cases that open by themselves, what is owed to subscribers, reminders. */
void pl_app_case_tick(struct pl_app *app, struct pl_now now);
int pl_app_restore_case(struct pl_app *app, enum pl_said_key what, struct pl_span record);

/* ---- app_action.c ---- */

/* Tickets of actions among those of pl_store_put_said(); the rest of one is the action's index. */
#define PL_APP_ACTION_TICKETS UINT32_C(0x10000000)
struct pl_api_action_desk pl_app_action_desk(struct pl_app *app);
void pl_app_action_saved(struct pl_app *app, uint32_t ticket);
int pl_app_restore_action(struct pl_app *app, struct pl_span record);
void pl_app_action_tick(struct pl_app *app, struct pl_now now);

/* ---- app_hear.c ---- */

void pl_app_hear_tick(struct pl_app *app, struct pl_now now);

/* ---- app_trust.c ---- */

PL_MUST_CHECK int pl_app_trust_start(struct pl_app *app);
/* Once the loop has ended. */
void pl_app_trust_free(struct pl_app *app);
void pl_app_trust_tick(struct pl_app *app, struct pl_now now);
enum pl_admission pl_app_on_admit(void *arg, const struct pl_peer *peer,
                                  const struct pl_hello *hello);
enum pl_admission pl_app_on_enrol(void *arg, struct pl_slot_id conn,
                                  const struct pl_ingest_enrol *enrol, struct pl_now now);
void pl_app_trust_saved(void *ctx, uint32_t ticket);
void pl_app_restore_trust(void *ctx, const struct pl_enrolled *enrolled,
                          const struct pl_join_token *token);
