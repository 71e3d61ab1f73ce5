/* Who may speak for a host, wired up: the roster decides (core/trust), Redis remembers, the admin
 * socket and the agents' port ask. Nobody is told "done" before Redis has it: an answer waits as a
 * pending under the ticket of its write.
 *
 *     on_enrol, on_admin -> roster, store -> on_saved -> JOINED, or the command's answer */
#include "collector/app_state.h"

#include "common/base/text.h"
#include "common/io/key.h"

#include <signal.h>
#include <stdlib.h>

enum { ROSTER_PER_AGENT = 2 }; // names that left and were not forgotten

/* ---- answers that wait for Redis ---- */

static struct pl_app_pending *new_pending(struct pl_app *app, enum pl_app_pending_kind kind,
                                          struct pl_slot_id who, struct pl_now now)
{
    struct pl_app_trust *trust = &app->trust;
    if (pl_store_view(app->store).state != PL_REDIS_READY) return NULL;
    for (size_t i = 0; i < PL_LEN(trust->pendings); i++) {
        struct pl_app_pending *p = &trust->pendings[i];
        if (p->kind != PL_APP_PENDING_NONE) continue;
        *p = (struct pl_app_pending){.kind = kind, .who = who, .since_mono_ms = now.mono_ms};
        p->ticket = ++trust->last_ticket % PL_STORE_NO_TICKET;
        p->answer = pl_text_init(p->answer_bytes, sizeof p->answer_bytes);
        return p;
    }
    return NULL;
}

static void answer_admin(struct pl_app *app, struct pl_slot_id client, const char *word,
                         struct pl_span text)
{
    char buf[sizeof((struct pl_app_pending *)0)->answer_bytes + 16];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_text_str(&t, word);
    pl_text_span(&t, text);
    pl_text_char(&t, '\n');
    pl_admin_reply(app->trust.admin, client, pl_text_bytes(&t));
}

static void refuse_admin(struct pl_app *app, struct pl_slot_id client, const char *why)
{
    answer_admin(app, client, "error ", pl_span_of(why));
}

static const char not_recorded[] = "Redis is away or does not answer, so nothing can be recorded; "
                                   "try again in a moment";

static void settle(struct pl_app *app, struct pl_app_pending *p, bool saved)
{
    struct pl_app_pending done = *p;
    *p = (struct pl_app_pending){.kind = PL_APP_PENDING_NONE};
    if (done.kind == PL_APP_PENDING_ENROL) {
        pl_ingest_enrolled(app->ingest, done.who, saved ? PL_ADMITTED : PL_ADMISSION_NOT_RECORDED,
                           pl_app_now());
    } else if (saved) {
        answer_admin(app, done.who, "ok\n",
                     (struct pl_span){(uint8_t *)done.answer_bytes, done.answer.len});
    } else {
        refuse_admin(app, done.who, not_recorded);
    }
}

void pl_app_trust_saved(void *ctx, uint32_t ticket)
{
    struct pl_app *app = ctx;
    for (size_t i = 0; i < PL_LEN(app->trust.pendings); i++) {
        struct pl_app_pending *p = &app->trust.pendings[i];
        if (p->kind == PL_APP_PENDING_NONE || p->ticket != ticket) continue;
        settle(app, p, true);
        return;
    }
}

/* ---- agents ---- */

/* Write down, then know it: a name that was admitted always has a place in the roster. */
static bool record(struct pl_app *app, const struct pl_enrolled *enrolled, uint32_t ticket)
{
    return pl_store_put_enrolled(app->store, enrolled, ticket) == 0 &&
           pl_roster_put(app->trust.roster, enrolled) == 0;
}

/* Its next key was used: the one before is worth nothing from here on. What is not recorded now is
 * when the next connection uses it. */
static void retire_key(struct pl_app *app, const struct pl_name *host)
{
    struct pl_enrolled enrolled = *pl_roster_find(app->trust.roster, host);
    enrolled.key = enrolled.next;
    enrolled.has_next = false;
    if (!record(app, &enrolled, PL_STORE_NO_TICKET)) return;
    pl_log(PL_LOG_INFO, "host_key_retired", "host=%s", host->text);
}

enum pl_admission pl_app_on_admit(void *arg, const struct pl_peer *peer,
                                  const struct pl_hello *hello)
{
    struct pl_app *app = arg;
    enum pl_admission admission =
        pl_admit_hello(app->trust.roster, peer, &hello->host, &hello->pool);
    if (admission == PL_ADMITTED && pl_admit_is_next(app->trust.roster, peer, &hello->host))
        retire_key(app, &hello->host);
    return admission;
}

static enum pl_admission judge_enrol(struct pl_app *app, const struct pl_ingest_enrol *enrol,
                                     struct pl_now now, struct pl_enrolled *out)
{
    const struct pl_roster *roster = app->trust.roster;
    uint8_t hash[PL_SHA256_BYTES];
    if (enrol->rotate) {
        enum pl_admission admission = pl_admit_rotate(roster, enrol->peer, enrol->rotate);
        if (admission != PL_ADMITTED) return admission;
        *out = *pl_roster_find(roster, &enrol->rotate->host);
        if (out->has_next && pl_public_key_eq(&out->next, &enrol->peer->key)) out->key = out->next;
        out->next = enrol->rotate->next.key;
        out->has_next = true;
        out->rotated_unix_ms = now.unix_ms;
        return PL_ADMITTED;
    }
    const struct pl_join *join = enrol->join;
    pl_sha256((struct pl_span){join->token_secret, PL_TOKEN_SECRET_BYTES}, hash);
    *out = (struct pl_enrolled){.host = join->host,
                                .pool = join->pool,
                                .key = enrol->peer->key,
                                .enrolled_unix_ms = now.unix_ms};
    return pl_admit_join(roster, enrol->peer, join, hash, now.unix_ms);
}

enum pl_admission pl_app_on_enrol(void *arg, struct pl_slot_id conn,
                                  const struct pl_ingest_enrol *enrol, struct pl_now now)
{
    struct pl_app *app = arg;
    struct pl_enrolled enrolled;
    enum pl_admission admission = judge_enrol(app, enrol, now, &enrolled);
    if (admission != PL_ADMITTED) return admission;
    struct pl_app_pending *p = new_pending(app, PL_APP_PENDING_ENROL, conn, now);
    if (!p) return PL_ADMISSION_NOT_RECORDED;
    if (!record(app, &enrolled, p->ticket)) {
        p->kind = PL_APP_PENDING_NONE;
        return PL_ADMISSION_NOT_RECORDED;
    }
    pl_log(PL_LOG_INFO, enrol->join ? "host_enrolled" : "host_key_rotated", "host=%s pool=%s",
           enrolled.host.text, enrolled.pool.text);
    /* Whoever spoke for that name so far comes back and is judged by what is known now. */
    uint32_t host = pl_fleet_find_host(pl_engine_fleet(app->engine), &enrolled.host);
    if (host != PL_NO_INDEX && enrol->join) pl_ingest_close_host(app->ingest, host, now);
    return PL_ADMITTED;
}

/* ---- the plimsoll command ---- */

/* Where agents find this collector, unless the operator says it: its own address, if that is one.
 */
static const char *fill_addresses(const struct pl_app *app, const struct pl_admin_request *request,
                                  struct pl_token *token)
{
    token->address_count = request->address_count;
    memcpy(token->addresses, request->addresses, sizeof token->addresses);
    if (token->address_count > 0) return NULL;
    const struct pl_address *own = &app->config->agents;
    if (strcmp(own->host, "0.0.0.0") == 0 || strcmp(own->host, "::") == 0)
        return "collector.agents listens on every address; say with --address HOST:PORT at which "
               "one agents reach it";
    token->addresses[0] = *own;
    token->addresses[0].port = pl_ingest_port(app->ingest);
    token->address_count = 1;
    return NULL;
}

static void make_token(struct pl_app *app, struct pl_slot_id client,
                       const struct pl_admin_request *request, struct pl_now now)
{
    struct pl_token token = {.expires_unix_ms = now.unix_ms + request->ttl_ms,
                             .pool_count = request->pool_count};
    struct pl_join_token kept = {.created_unix_ms = now.unix_ms,
                                 .expires_unix_ms = token.expires_unix_ms,
                                 .pool_count = request->pool_count};
    struct pl_join_token dropped;
    const char *problem = fill_addresses(app, request, &token);
    if (!problem && (pl_random(token.id, sizeof token.id) < 0 ||
                     pl_random(token.secret, sizeof token.secret) < 0))
        problem = "this system gives no random numbers";
    struct pl_app_pending *p = problem ? NULL : new_pending(app, PL_APP_PENDING_ADMIN, client, now);
    if (!p) {
        refuse_admin(app, client, problem ? problem : not_recorded);
        return;
    }
    memcpy(token.pools, request->pools, sizeof token.pools);
    memcpy(kept.pools, request->pools, sizeof kept.pools);
    memcpy(kept.id, token.id, sizeof kept.id);
    token.fingerprint = *pl_tls_context_fingerprint(app->trust.certificate.context);
    pl_sha256((struct pl_span){token.secret, sizeof token.secret}, kept.secret_hash);
    char text[PL_TOKEN_TEXT_BYTES];
    pl_token_write(&token, text);
    pl_text_str(&p->answer, text);
    if (pl_roster_put_token(app->trust.roster, &kept, now.unix_ms, &dropped) < 0) {
        p->kind = PL_APP_PENDING_NONE;
        refuse_admin(app, client, "256 tokens are out already; wait until one expires");
        return;
    }
    if (dropped.pool_count > 0) pl_store_drop_token(app->store, &dropped);
    if (pl_store_put_token(app->store, &kept, p->ticket) < 0) settle(app, p, false);
    pl_log(PL_LOG_INFO, "token_made", "pools=%u ttl_ms=%lld", kept.pool_count,
           (long long)request->ttl_ms);
}

static void list_hosts(struct pl_app *app, struct pl_slot_id client, uint32_t after)
{
    enum { ROW_BYTES_MAX = 256 };
    static char buf[PL_ADMIN_REPLY_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    const struct pl_enrolled *e;
    pl_text_str(&t, "ok\n");
    while (sizeof buf - t.len > ROW_BYTES_MAX &&
           (e = pl_roster_next(app->trust.roster, &after)) != NULL) {
        pl_text_span(&t, pl_name_span(&e->host));
        pl_text_char(&t, ' ');
        pl_text_span(&t, pl_name_span(&e->pool));
        bool is_revoked = e->revoked_unix_ms != 0;
        pl_text_str(&t, is_revoked ? " revoked " : e->has_next ? " rotating " : " enrolled ");
        pl_text_rfc3339(&t, is_revoked    ? e->revoked_unix_ms
                            : e->has_next ? e->rotated_unix_ms
                                          : e->enrolled_unix_ms);
        pl_text_char(&t, '\n');
    }
    if (sizeof buf - t.len <= ROW_BYTES_MAX) {
        pl_text_str(&t, "more ");
        pl_text_u64(&t, after);
        pl_text_char(&t, '\n');
    }
    pl_admin_reply(app->trust.admin, client, pl_text_bytes(&t));
}

static void change_host(struct pl_app *app, struct pl_slot_id client,
                        const struct pl_admin_request *request, struct pl_now now)
{
    const struct pl_enrolled *known = pl_roster_find(app->trust.roster, &request->host);
    bool is_revoke = request->verb == PL_ADMIN_HOST_REVOKE;
    if (!known) {
        refuse_admin(app, client,
                     "no host of that name is enrolled; 'plimsoll host ls' lists them");
        return;
    }
    struct pl_app_pending *p = new_pending(app, PL_APP_PENDING_ADMIN, client, now);
    if (!p) {
        refuse_admin(app, client, not_recorded);
        return;
    }
    struct pl_enrolled enrolled = *known;
    if (is_revoke && enrolled.revoked_unix_ms == 0) enrolled.revoked_unix_ms = now.unix_ms;
    pl_text_str(&p->answer, enrolled.host.text);
    if (is_revoke ? !record(app, &enrolled, p->ticket)
                  : pl_store_drop_enrolled(app->store, &enrolled.host, p->ticket) < 0) {
        settle(app, p, false);
        return;
    }
    if (!is_revoke) (void)pl_roster_forget(app->trust.roster, &enrolled.host); // it was found
    pl_log(PL_LOG_WARN, is_revoke ? "host_revoked" : "host_forgotten", "host=%s",
           enrolled.host.text);
    uint32_t host = pl_fleet_find_host(pl_engine_fleet(app->engine), &enrolled.host);
    if (host != PL_NO_INDEX)
        pl_ingest_dismiss_host(app->ingest, host,
                               is_revoke ? PL_ADMISSION_REVOKED : PL_ADMISSION_NOT_ENROLLED, now);
}

static void rotate_host(struct pl_app *app, struct pl_slot_id client, const struct pl_name *name)
{
    const struct pl_enrolled *known = pl_roster_find(app->trust.roster, name);
    uint32_t host = pl_fleet_find_host(pl_engine_fleet(app->engine), name);
    if (!known)
        refuse_admin(app, client,
                     "no host of that name is enrolled; 'plimsoll host ls' lists them");
    else if (known->revoked_unix_ms != 0)
        refuse_admin(app, client, "its key was revoked; it has to join again with a token");
    else if (host == PL_NO_INDEX || !pl_ingest_rekey_host(app->ingest, host))
        refuse_admin(app, client,
                     "its agent is not connected with its key now; run 'plimsoll-agent rotate' on "
                     "that host");
    else
        answer_admin(app, client, "ok\n", pl_name_span(name));
}

static void on_admin(void *arg, struct pl_slot_id client, const struct pl_admin_request *request,
                     struct pl_now now)
{
    struct pl_app *app = arg;
    if (!app->open || !app->trust.roster->is_complete) {
        refuse_admin(app, client,
                     "the collector has not read its records yet; try again in a moment");
        return;
    }
    switch (request->verb) {
    case PL_ADMIN_TOKEN_NEW: make_token(app, client, request, now); return;
    case PL_ADMIN_HOST_LIST: list_hosts(app, client, request->after); return;
    case PL_ADMIN_HOST_ROTATE: rotate_host(app, client, &request->host); return;
    case PL_ADMIN_HOST_REVOKE:
    case PL_ADMIN_HOST_FORGET: change_host(app, client, request, now); return;
    case PL_ADMIN_NOTIFIER_TEST: pl_app_test_notifier(app, client, &request->notifier, now); return;
    }
    PL_UNREACHABLE("admin verb");
}

/* ---- life ---- */

void pl_app_restore_trust(void *ctx, const struct pl_enrolled *enrolled,
                          const struct pl_join_token *token)
{
    struct pl_app *app = ctx;
    struct pl_roster *roster = app->trust.roster;
    struct pl_join_token dropped;
    if (enrolled && pl_roster_put(roster, enrolled) < 0)
        pl_log(PL_LOG_ERROR, "enrolled_not_restored", "host=%s err=\"%s\"", enrolled->host.text,
               pl_err_text(PL_E_FULL));
    if (token && pl_roster_put_token(roster, token, pl_app_now().unix_ms, &dropped) < 0)
        pl_log(PL_LOG_ERROR, "token_not_restored", "err=\"%s\"", pl_err_text(PL_E_FULL));
    if (!enrolled && !token) roster->is_complete = true;
}

static void log_certificate(const struct pl_certificate *c, const char *event)
{
    char text[PL_FINGERPRINT_TEXT_BYTES];
    pl_fingerprint_write(pl_tls_context_fingerprint(c->context), text);
    pl_log(PL_LOG_INFO, event, "file=\"%s\" fingerprint=%s", c->certificate, text);
}

/* Connections that are open go on with what they began with. */
static void on_hangup(uv_signal_t *signal, int number)
{
    struct pl_app *app = signal->data;
    struct pl_certificate *c = &app->trust.certificate;
    struct pl_fingerprint before = *pl_tls_context_fingerprint(c->context);
    char error[PL_TLS_ERROR_BYTES];
    (void)number;
    if (pl_certificate_reload(c, error) < 0) {
        pl_log(PL_LOG_ERROR, "certificate_kept",
               "reason=\"%s\" do=\"repair the file and send "
               "SIGHUP again; until then the old certificate is in use\"",
               error);
        return;
    }
    log_certificate(c, "certificate_reloaded");
    if (memcmp(&before, pl_tls_context_fingerprint(c->context), sizeof before) != 0)
        pl_log(PL_LOG_WARN, "fingerprint_changed",
               "do=\"agents that joined with a token expect the old one: run plimsoll-agent join "
               "there with a new token\"");
}

int pl_app_trust_start(struct pl_app *app)
{
    const struct pl_config_tls *tls = &app->config->tls;
    const struct pl_tls_files files = {tls->certificate_file, tls->key_file, tls->ca_file};
    struct pl_app_trust *trust = &app->trust;
    char error[PL_TLS_ERROR_BYTES];
    uint32_t host_max = (uint32_t)app->config->max_agents * ROSTER_PER_AGENT;
    void *memory = calloc(1, pl_roster_bytes(host_max));
    if (!memory) return -ENOMEM;
    trust->roster = pl_roster_init(memory, host_max);
    int err = pl_certificate_load(&trust->certificate, app->config->state, &files, error);
    if (err < 0) {
        pl_log(PL_LOG_ERROR, "certificate_failed", "err=\"%s\"", error);
        return err;
    }
    log_certificate(&trust->certificate, "certificate");
    err = pl_admin_start(app->loop, app->config->state, on_admin, app, &trust->admin);
    if (err < 0) // agents that have joined need none
        pl_log(PL_LOG_ERROR, "admin_socket_failed", "file=%s/admin.socket err=\"%s\"",
               app->config->state, pl_err_text(err));
    trust->hangup.data = app;
    err = uv_signal_init(app->loop, &trust->hangup);
    trust->has_hangup = err == 0;
    return err == 0 ? uv_signal_start(&trust->hangup, on_hangup, SIGHUP) : err;
}

void pl_app_trust_tick(struct pl_app *app, struct pl_now now)
{
    struct pl_app_trust *trust = &app->trust;
    struct pl_join_token expired;
    if (trust->admin) pl_admin_tick(trust->admin, now);
    if (pl_roster_expire(trust->roster, now.unix_ms, &expired))
        pl_store_drop_token(app->store, &expired);
    for (size_t i = 0; i < PL_LEN(trust->pendings); i++) {
        struct pl_app_pending *p = &trust->pendings[i];
        if (p->kind != PL_APP_PENDING_NONE && now.mono_ms - p->since_mono_ms >= PL_APP_PENDING_MS)
            settle(app, p, false);
    }
}

void pl_app_trust_free(struct pl_app *app)
{
    pl_certificate_fini(&app->trust.certificate);
    free(app->trust.roster);
}
