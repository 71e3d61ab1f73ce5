/* Who is at the other end: proofs, joins, and refusals in words. */
#include "collector/io/ingest_conn.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include "common/io/key.h"

#include <stdio.h>

enum { REFUSAL_LOG_MS = 1000 }; // between two lines about refusals

static void peer_text(const struct pl_ingest_conn *c, char out[PL_INGEST_PEER_BYTES])
{
    struct sockaddr_storage address = {0};
    int len = sizeof address;
    (void)snprintf(out, PL_INGEST_PEER_BYTES, "gone");
    if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&address, &len) == 0)
        (void)uv_ip_name((const struct sockaddr *)&address, out, PL_INGEST_PEER_BYTES);
}

void pl_ingest_log_refusal(struct pl_ingest_conn *c, const char *reason, const char *host,
                           struct pl_now now)
{
    uint32_t held;
    char peer[PL_INGEST_PEER_BYTES];
    if (!pl_log_allow(&c->ingest->refusal_log, now.mono_ms, REFUSAL_LOG_MS, &held)) return;
    peer_text(c, peer);
    pl_log(PL_LOG_WARN, "agent_refused", "host=%s peer=%s link=%s reason=\"%s\" held=%u", host,
           peer, c->tls ? "tls" : "plain", reason, held);
}

void pl_ingest_not_admitted(struct pl_ingest_conn *c, enum pl_admission why, const char *host,
                            struct pl_now now)
{
    const struct pl_admission_info *info = pl_admission_info(why);
    c->ingest->counts.refused[PL_INGEST_NOT_ADMITTED]++;
    c->ingest->counts.not_admitted[why]++;
    pl_ingest_log_refusal(c, info->name, host, now);
    pl_ingest_conn_dismiss(c, info->code, info->text, now);
}

static void take_proof(struct pl_ingest_conn *c, const struct pl_proof *proof, struct pl_now now)
{
    uint8_t exported[PL_EXPORTED_BYTES];
    if (!c->tls || pl_tls_export(c->tls, exported) < 0 || !pl_proof_is_good(proof, exported)) {
        pl_ingest_not_admitted(c, PL_ADMISSION_BAD_PROOF, "-", now);
        return;
    }
    c->peer.is_proven = true;
    c->peer.key = proof->key;
}

static void take_enrol(struct pl_ingest_conn *c, const struct pl_ingest_enrol *enrol,
                       struct pl_now now)
{
    const struct pl_ingest_handler *handler = &c->ingest->config.handler;
    const struct pl_name *host = enrol->join ? &enrol->join->host : &enrol->rotate->host;
    uint8_t exported[PL_EXPORTED_BYTES];
    enum pl_admission admission = PL_ADMISSION_NOT_LOADED;
    if (enrol->rotate && (!c->tls || pl_tls_export(c->tls, exported) < 0 ||
                          !pl_proof_is_good(&enrol->rotate->next, exported)))
        admission = PL_ADMISSION_BAD_PROOF;
    else if (handler->on_enrol)
        admission = handler->on_enrol(
            handler->arg, (struct pl_slot_id){pl_ingest_index_of(c), c->generation}, enrol, now);
    if (admission == PL_ADMITTED) {
        if (c->state != PL_CONN_STREAMING) c->state = PL_CONN_ENROLLING;
        c->frame_mono_ms = now.mono_ms;
    } else {
        pl_ingest_not_admitted(c, admission, host->text, now);
    }
}

void pl_ingest_take_trust(struct pl_ingest_conn *c, const struct pl_collector_event *event,
                          struct pl_now now)
{
    struct pl_ingest_enrol enrol = {.peer = &c->peer};
    if (event->type == PL_COLLECTOR_PROOF) {
        take_proof(c, &event->proof, now);
        return;
    }
    if (event->type == PL_COLLECTOR_JOIN)
        enrol.join = &event->join;
    else
        enrol.rotate = &event->rotate;
    take_enrol(c, &enrol, now); // after a PROOF, but for a ROTATE in a stream, which may be plain
}

void pl_ingest_enrolled(struct pl_ingest *in, struct pl_slot_id conn, enum pl_admission result,
                        struct pl_now now)
{
    uint8_t buf[PL_FRAME_HEADER_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    PL_ASSERT(conn.index < in->config.connection_max);
    struct pl_ingest_conn *c = &in->conns[conn.index];
    bool in_stream = c->state == PL_CONN_STREAMING;
    if (c->generation != conn.generation || (c->state != PL_CONN_ENROLLING && !in_stream)) return;
    if (result != PL_ADMITTED) {
        pl_ingest_not_admitted(c, result, "-", now);
        return;
    }
    pl_joined_write(&w);
    if (in_stream)
        (void)pl_ingest_link_send(c, (struct pl_span){buf, w.len}, false,
                                  now); // else both are good
    else
        pl_ingest_conn_part(c, (struct pl_span){buf, w.len}, now);
}

bool pl_ingest_rekey(struct pl_ingest_conn *c, struct pl_now now)
{
    uint8_t buf[PL_FRAME_HEADER_BYTES];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_rekey_write(&w);
    return c->peer.is_proven && pl_ingest_link_send(c, (struct pl_span){buf, w.len}, false, now);
}
