/* api.h - the routes: what a request under /api/v1, /metrics or / is answered with.
 *
 *     http_server --request--> api --> codec/json_* over the engine        (at once)
 *                                  --> store --series--> codec/json_series (later)
 *                                  --> stream: a subscription              (for as long as it
 * lasts)
 *                                  --> assets: the dashboard's files
 *
 * It owns the HTTP server and the stream hub and only looks at everything else. */
#pragma once

#include "collector/codec/contact.h"
#include "collector/codec/notify/provider.h"
#include "collector/core/engine.h"
#include "collector/core/heartbeat.h"
#include "collector/core/incident/cases.h"
#include "collector/core/launch/action.h"
#include "collector/core/oncall/oncall.h"
#include "collector/io/ack_link.h"
#include "collector/io/ingest.h"
#include "collector/io/login.h"
#include "collector/io/redis_server.h"
#include "collector/io/store.h"
#include "collector/io/webhook.h"

enum { PL_API_SERIES_MAX = 32 }; // series being read at once; a further request gets 503

/* What a launch needs beside a look: the engine that keeps it, and numbers nobody can guess. */
struct pl_api_launch_desk {
    struct pl_engine *engine;
    uint64_t (*new_number)(void);
};
/* Set in the tickets of launches, and of nothing else. */
#define PL_API_LAUNCH_TICKET UINT32_C(0x40000000)

/* What changes something goes through here. 0: pl_api_said() follows for that client; else an
 * error, and nothing was changed: PL_E_STATE, PL_E_RANGE, PL_E_FULL, PL_E_NOT_FOUND as the
 * engine's. */
struct pl_api_door {
    int (*handle)(void *arg, struct pl_slot_id client, uint32_t alert,
                  const struct pl_handle_request *request);
    int (*silence)(void *arg, struct pl_slot_id client, const struct pl_silence *silence);
    int (*unsilence)(void *arg, struct pl_slot_id client, uint64_t number);
    /* These two are answered at once: what is posted is posted again. PL_E_FULL. */
    int (*external)(void *arg, const struct pl_external *external);
    void (*externals_posted)(void *arg);
    /* Nothing more is said: pl_api_said() when all that was written until now is recorded. */
    int (*written)(void *arg, struct pl_slot_id client);
    void *arg;
};

/* What cases need beside a look: themselves, and a way to be written down. */
struct pl_api_case_desk {
    struct pl_cases *cases;
    /* Its place, or PL_NO_INDEX: there is no room. */
    uint32_t (*open)(void *arg, const struct pl_case_opening *opening, int64_t now_unix_ms);
    /* Write down what has changed of a case; pl_api_case_saved() follows with that ticket.
     * PL_E_FULL.
     */
    int (*save)(void *arg, uint32_t index, uint32_t ticket);
    bool has_mail; // updates can be sent by mail
    void *arg;
};
/* Set in the tickets of cases, and of nothing else that people say; the second in those of their
 * updates, which nobody waits for. */
#define PL_API_CASE_TICKET UINT32_C(0x40000000)
#define PL_API_CASE_UPDATE UINT32_C(0x20000000)

/* Actions of launches go through here. */
struct pl_api_action_desk {
    const struct pl_actions *actions;
    const struct pl_hook *hooks;
    uint32_t hook_count;
    /* NULL: it holds, and is being recorded; else why not. */
    const char *(*act)(void *arg, const struct pl_name *launch, uint32_t hook,
                       enum pl_action_deed deed, const char *by);
    /* What the call would send. 0 or PL_E_TOO_BIG. */
    int (*preview)(void *arg, const struct pl_name *launch, uint32_t hook, bool is_undo,
                   struct pl_text *body);
    void *arg;
};

/* Everything is borrowed and outlives the API. */
struct pl_api_config {
    const struct pl_engine *engine;
    struct pl_api_launch_desk launch_desk;
    struct pl_oncall *oncall; // its overrides are made and dropped here
    struct pl_store *store;
    const struct pl_redis_server *redis_server; // NULL: Redis is not ours
    const struct pl_ingest *ingest;
    const struct pl_webhook *webhook;
    const struct pl_heartbeat *heartbeat;
    struct pl_login *login;
    const struct pl_name *targets;         // names of the engine's targets, by index
    const struct pl_notify_target *notify; // how they are reached, likewise
    uint32_t target_count;
    struct pl_contacts contacts; // of the configured pools
    struct pl_customers customers;
    const struct pl_ack_key *ack_key;
    struct pl_tls_context *const *certificate; // the collector's own; NULL, or to NULL: none
    struct pl_api_door door;
    struct pl_api_case_desk case_desk;
    struct pl_api_action_desk action_desk;
    const char *external_url;  // how people reach the pages, with its final '/'
    const char *external_host; // HOST or HOST:PORT that requests may name; empty: none
    bool is_external_https;    // and who comes by it comes by TLS, perhaps that of a proxy
    uint32_t agent_slots;      // for /api/v1/self
    int64_t started_mono_ms;
};

struct pl_api;

/* NULL without memory. `loop` and what `config` points to outlive it; `config` is copied. */
struct pl_api *pl_api_new(uv_loop_t *loop, const struct pl_api_config *config);
/* Only before _start, or after on_stopped and after the store is gone: it still owes answers. */
void pl_api_free(struct pl_api *api);

/* Bind and listen. 0 or a libuv code; then call pl_api_stop all the same. */
PL_MUST_CHECK int pl_api_start(struct pl_api *api, const struct sockaddr *address,
                               struct pl_now now);
/* The bound port, for port 0. */
uint16_t pl_api_port(const struct pl_api *api);
/* Agents are listened to: /readyz may say so. Before this call it does not. */
void pl_api_ingest_ready(struct pl_api *api);
/* As pl_http_server_stop(). */
void pl_api_stop(struct pl_api *api, void (*on_stopped)(void *arg), void *arg);

/* Once a second, after the engine's tick: time limits, and everybody's `state` event. */
void pl_api_tick(struct pl_api *api, struct pl_now now);
/* The store has written down the launch with that ticket. */
void pl_api_launch_saved(struct pl_api *api, uint32_t ticket, struct pl_now now);
/* A ticket for the newest update of a case, and which case a ticket is of. */
uint32_t pl_api_case_update_ticket(uint32_t index);
uint32_t pl_api_case_index(uint32_t ticket);
/* The store has written down what had that ticket. */
void pl_api_case_saved(struct pl_api *api, uint32_t ticket, struct pl_now now);
/* Give a case its id, and the link of its customers' page, which nobody can guess. As pl_random().
 */
PL_MUST_CHECK int pl_api_case_names(struct pl_case_opening *opening);
/* As pl_http_server_adopt(). */
bool pl_api_adopt(struct pl_api *api, int fd, struct pl_tls *tls);
/* What became of a login; from pl_login. */
void pl_api_login_answered(struct pl_api *api, struct pl_slot_id client,
                           const struct pl_login_answer *answer);
/* What that client said holds, and is recorded, or could not be. */
void pl_api_said(struct pl_api *api, struct pl_slot_id client, bool saved);
/* A sample that was new to the engine: to those who watch its host. */
void pl_api_sample(struct pl_api *api, uint32_t host, const struct pl_sample *sample);
