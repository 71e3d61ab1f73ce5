/* api_private.h - what the parts of the API share; only api*.c include it. */
#pragma once

#include "collector/codec/ack_page.h"
#include "collector/codec/query.h"
#include "collector/codec/stats.h"
#include "collector/io/api.h"
#include "collector/io/stream.h"
#include "collector/io/zones.h"

/* A /series request whose answer the store still owes. */
struct pl_api_series {
    bool busy;
    struct pl_api *api; // borrowed: its owner
    struct pl_slot_id client;
    struct pl_series_query query;
};

/* A launch whose request is answered when it is written down. */
struct pl_api_launch {
    bool busy;
    uint32_t ticket; // of its write
    struct pl_slot_id client;
    int status; // of the answer
    struct pl_principal who;
    struct pl_name id;
    int64_t since_mono_ms;
};
enum { PL_API_LAUNCHES_MAX = 64 }; // a power of two; a further one gets 503

/* A change of a case that Redis still has to write down. */
struct pl_api_case {
    bool busy;
    uint32_t ticket; // of its write
    struct pl_slot_id client;
    int status; // of the answer
    struct pl_name id;
    uint32_t secret_of; // number of a subscriber whose secret is in the answer; 0: of none
    int64_t since_mono_ms;
};
enum { PL_API_CASES_MAX = 32 }; // a power of two; a further one gets 503

/* A link that was made here, and what it stands for now. */
struct pl_api_link {
    struct pl_link link;
    uint32_t target;
    struct pl_name name; // of the person it was sent to, else of the target
    bool is_person;
    uint32_t alert; // PL_NO_INDEX: there is none any more
};

/* How what a client said about an alert is answered when it is recorded. */
enum pl_api_said_kind {
    PL_API_SAID_JSON,
    PL_API_SAID_PAGE,  // by a link: its page, as it is then
    PL_API_SAID_CALL,  // by a key of a telephone: what the call says
    PL_API_SAID_EVENT, // by a provider, which wants nothing but the status
    PL_API_SAID_HELD,  // as it was written when it was asked
};
struct pl_api_said_reply {
    enum pl_api_said_kind kind;
    struct pl_api_link link; // PAGE, CALL
};

enum { PL_API_HELD_MAX = 32, PL_API_HELD_BYTES = 2048 };

/* An answer that waits until Redis has what it tells of. */
struct pl_api_held {
    bool used;
    struct pl_slot_id client;
    int status;
    const char *type;
    size_t len;
    char body[PL_API_HELD_BYTES]; // may hold a secret: cleared as soon as it was sent
};

struct pl_api {
    struct pl_api_config config;
    struct pl_api_held held[PL_API_HELD_MAX];
    struct pl_http_server *server; // owned
    struct pl_stream *stream;      // owned
    bool ingest_ready;
    struct pl_troubles troubles;
    struct pl_api_series series[PL_API_SERIES_MAX];
    struct pl_api_launch launches[PL_API_LAUNCHES_MAX];
    uint32_t launch_number; // of the last ticket
    struct pl_api_case cases[PL_API_CASES_MAX];
    uint32_t case_number;                                  // likewise
    struct pl_zones zones;                                 // that requests have named
    struct pl_api_said_reply said[PL_HTTP_CONNECTION_MAX]; // by the client's slot
    uint8_t form[PL_HTTP_BODY_BYTES_MAX];                  // of the request being read, decoded
    char body[PL_HTTP_BODY_OUT_MAX];                       // of the answer being written
};

/* The collector's own numbers, into `items`, PL_STATS_MAX of them. Returns how many. */
size_t pl_api_stats(const struct pl_api *api, struct pl_now now, struct pl_stat *items);

enum { PL_API_ALLOW_BYTES = 48 }; // all methods that have a name

/* One request on its way through the routes. */
struct pl_api_call {
    struct pl_api *api;
    struct pl_slot_id client;
    const struct pl_http_request *request;
    struct pl_now now;
    struct pl_view view;
    struct pl_name name;            // of the host or pool in the path
    enum pl_rule rule;              // of the alert in the path
    struct pl_span token;           // in the path, as sent
    struct pl_text out;             // the answer's body, in api->body
    struct pl_caller caller;        // who asks
    char allow[PL_API_ALLOW_BYTES]; // methods of the path, if the request's is none of them
};

/* ---- api_reply.c ---- */

/* Answer with what was written to `out`. */
void pl_api_reply(struct pl_api_call *c, int status, const char *type);
void pl_api_reply_json(struct pl_api_call *c);

/* Answer with a problem, or a chain of them, instead of what was written to `out` so far. */
void pl_api_problems(struct pl_api_call *c, const struct pl_http_problem *problem);
/* Answer with a problem instead of what was written to `out` so far. */
void pl_api_problem(struct pl_api_call *c, int status, struct pl_span parameter,
                    const char *detail);
#define PL_API_NO_PARAMETER ((struct pl_span){0})
/* The same about a value: "'VALUE' REST". */
void pl_api_problem_value(struct pl_api_call *c, int status, struct pl_span parameter,
                          const char *value, const char *rest);

/* Answer `client` with a problem that passes by itself within `wait_ms`, which Retry-After tells;
 * 0: nobody knows when. */
void pl_api_refuse_for(struct pl_api *api, struct pl_slot_id client,
                       const struct pl_http_problem *problem, int64_t wait_ms);
/* What is shown once and never again, as a member of that name: `before`, the secret, `behind`. */
struct pl_api_secret {
    const char *member, *before, *behind;
    const uint8_t *secret; // PL_SECRET_BYTES
};
void pl_api_reply_secret(struct pl_api_call *c, const struct pl_api_secret *secret,
                         int64_t expires_unix_ms);

/* Read the query. False: it was refused, and answered. */
bool pl_api_read_query(struct pl_api_call *c, struct pl_query_param *params, size_t count);
bool pl_api_read_no_query(struct pl_api_call *c);
/* A name from the query; `*out` stays empty if it was not given. False: refused and answered. */
bool pl_api_read_name(struct pl_api_call *c, const struct pl_query_param *param,
                      struct pl_name *out);

/* ---- api.c ---- */

struct pl_view pl_api_view_of(const struct pl_api *api, struct pl_now now);

/* Who asks, as an acknowledgement names them. */
struct pl_span pl_api_caller(const struct pl_api_call *c);

/* ---- api_said.c ---- */

void pl_api_post_ack(struct pl_api_call *c);
void pl_api_post_snooze(struct pl_api_call *c);
void pl_api_post_release(struct pl_api_call *c);
void pl_api_post_assign(struct pl_api_call *c);
void pl_api_post_note(struct pl_api_call *c);
void pl_api_get_deliveries(struct pl_api_call *c);
void pl_api_get_explain(struct pl_api_call *c);
void pl_api_get_silences(struct pl_api_call *c);
void pl_api_post_silence(struct pl_api_call *c);
void pl_api_delete_silence(struct pl_api_call *c);

/* ---- api_link.c ---- */

/* 0; PL_E_SYNTAX and PL_E_REFUSED as pl_ack_link_read(); PL_E_NOT_FOUND: whom it was sent to is
 * not told of anything any more. */
PL_MUST_CHECK int pl_api_find_link(const struct pl_api *api, struct pl_span token,
                                   struct pl_api_link *out);
enum pl_link_state pl_api_judge_link(const struct pl_api *api, const struct pl_api_link *link,
                                     struct pl_span by, struct pl_now now);
/* Acknowledge its alert in the name of `by`; `link->name` stands in the audit log. pl_api_said()
 * follows. 0, or the engine's refusal. */
PL_MUST_CHECK int pl_api_acknowledge(struct pl_api_call *c, const struct pl_api_link *link,
                                     struct pl_span by);
void pl_api_get_link(struct pl_api_call *c);
void pl_api_post_link(struct pl_api_call *c);
/* The answer to the latter, once it is recorded, or could not be. */
void pl_api_link_said(struct pl_api_call *c, bool saved);

/* ---- api_callback.c ---- */

void pl_api_post_call(struct pl_api_call *c);
void pl_api_post_pagerduty(struct pl_api_call *c);
void pl_api_post_slack(struct pl_api_call *c);
/* The answer to any of these, once it holds. */
void pl_api_callback_said(struct pl_api_call *c);

/* ---- api_external.c ---- */

void pl_api_get_am_status(struct pl_api_call *c);
void pl_api_post_am_alerts(struct pl_api_call *c);

/* ---- the routes: api_view.c, api_series.c ---- */

void pl_api_get_healthz(struct pl_api_call *c);
void pl_api_get_readyz(struct pl_api_call *c);
void pl_api_get_metrics(struct pl_api_call *c);
void pl_api_get_self(struct pl_api_call *c);
void pl_api_get_openapi(struct pl_api_call *c);
void pl_api_get_pools(struct pl_api_call *c);
void pl_api_get_outlook(struct pl_api_call *c);
void pl_api_get_alerts(struct pl_api_call *c);
void pl_api_get_changes(struct pl_api_call *c);
void pl_api_get_hosts(struct pl_api_call *c);
void pl_api_get_host(struct pl_api_call *c);
void pl_api_get_stream(struct pl_api_call *c);

void pl_api_get_series(struct pl_api_call *c);

/* ---- api_freeze.c ---- */

void pl_api_get_freeze(struct pl_api_call *c);
void pl_api_get_freeze_text(struct pl_api_call *c);

/* ---- api_oncall.c ---- */

void pl_api_get_schedules(struct pl_api_call *c);
void pl_api_get_schedule(struct pl_api_call *c);
void pl_api_get_person(struct pl_api_call *c);
void pl_api_post_override(struct pl_api_call *c);
void pl_api_delete_override(struct pl_api_call *c);

/* ---- api_launch.c ---- */

void pl_api_get_launches(struct pl_api_call *c);
void pl_api_get_launch(struct pl_api_call *c);
void pl_api_get_forecast(struct pl_api_call *c);
void pl_api_get_launch_report(struct pl_api_call *c);
void pl_api_get_launch_quality(struct pl_api_call *c);
void pl_api_post_launch(struct pl_api_call *c);
void pl_api_put_launch(struct pl_api_call *c);
void pl_api_delete_launch(struct pl_api_call *c);
void pl_api_announce_launch(struct pl_api_call *c);
/* The launch that the path names, if who asks may see it; NULL: answered. */
const struct pl_launch *pl_api_find_launch(struct pl_api_call *c);
/* ---- api_action.c ---- */

void pl_api_get_actions(struct pl_api_call *c);
void pl_api_post_action(struct pl_api_call *c);

/* ---- api_launch.c, too ---- */

/* Once a second: places nobody waits in any more. */
void pl_api_launch_tick(struct pl_api *api, struct pl_now now);

/* ---- api_case.c ---- */

void pl_api_get_cases(struct pl_api_call *c);
void pl_api_get_case(struct pl_api_call *c);
void pl_api_post_case_note(struct pl_api_call *c);
void pl_api_post_case_owner(struct pl_api_call *c);
void pl_api_put_case_known(struct pl_api_call *c);
void pl_api_get_case_draft(struct pl_api_call *c);
void pl_api_put_case_draft(struct pl_api_call *c);
void pl_api_post_case_publish(struct pl_api_call *c);
void pl_api_post_case_close(struct pl_api_call *c);
void pl_api_post_case_subscriber(struct pl_api_call *c);
void pl_api_post_case_unsubscribe(struct pl_api_call *c);
/* Once a second: places nobody waits in any more. */
void pl_api_case_tick(struct pl_api *api, struct pl_now now);
const struct pl_api_case_desk *pl_api_case_desk_of(const struct pl_api_call *c);
struct pl_case *pl_api_case_of(const struct pl_api_call *c, uint32_t index);
/* Redis is there, and there is a place to wait in; else that was answered. */
bool pl_api_case_can_write(struct pl_api_call *c);
/* Redis takes what has changed; the answer follows when it has. Only after _can_write(). */
void pl_api_case_save(struct pl_api_call *c, int status, uint32_t index, uint32_t secret_of);

/* ---- api_case_open.c ---- */

void pl_api_post_case(struct pl_api_call *c);
void pl_api_get_updates(struct pl_api_call *c);
void pl_api_get_incident(struct pl_api_call *c);

/* ---- api_customer.c ---- */

/* Who asks, if that is a customer; NULL: one of ours. */
const struct pl_customer *pl_api_customer(const struct pl_api_call *c);
/* May who asks see that launch? */
bool pl_api_may_see(const struct pl_api_call *c, const struct pl_launch *launch);
/* What a customer sends is about that customer and its pools: fill in what is left out, and tell
 * what is not its own, in the words for what does not exist. */
void pl_api_bind_launch(const struct pl_api_call *c, struct pl_launch *l,
                        struct pl_launch_faults *faults);
void pl_api_get_customers(struct pl_api_call *c);
void pl_api_get_customer(struct pl_api_call *c);
void pl_api_post_customer_token(struct pl_api_call *c);

/* "acme-5f3a09c1" of "acme": nobody has to think of one, and a revoked one never comes back. */
void pl_api_name_token(const struct pl_api_call *c, struct pl_span first, struct pl_name *name);

/* ---- api_feed.c ---- */

void pl_api_get_feed(struct pl_api_call *c);
void pl_api_post_feed(struct pl_api_call *c);
void pl_api_delete_feed(struct pl_api_call *c);

/* ---- api_account.c ---- */

/* Read the body. False: it was refused, and answered. */
struct pl_account_request;
bool pl_api_read_account(struct pl_api_call *c, unsigned required, unsigned optional,
                         struct pl_account_request *out);
/* 204, or the problem that there is with a name that was given. */
void pl_api_reply_done(struct pl_api_call *c, const char *problem);
/* Something of the path that is not there. True: it was answered. */
bool pl_api_is_missing(struct pl_api_call *c, bool is_there, const char *rest);

void pl_api_get_session(struct pl_api_call *c);
void pl_api_post_session(struct pl_api_call *c);
void pl_api_delete_session(struct pl_api_call *c);
void pl_api_put_own_password(struct pl_api_call *c);
void pl_api_get_users(struct pl_api_call *c);
void pl_api_post_user(struct pl_api_call *c);
void pl_api_put_user(struct pl_api_call *c);
void pl_api_delete_user(struct pl_api_call *c);
void pl_api_put_password(struct pl_api_call *c);
void pl_api_post_login_link(struct pl_api_call *c);
void pl_api_get_api_tokens(struct pl_api_call *c);
void pl_api_post_api_token(struct pl_api_call *c);
void pl_api_delete_api_token(struct pl_api_call *c);
void pl_api_get_audit(struct pl_api_call *c);

/* ---- api_said.c ---- */

/* As pl_api_reply(), but not before all that was written down until now is in Redis. */
void pl_api_reply_written(struct pl_api_call *c, int status, const char *type);
