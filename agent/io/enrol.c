/* A blocking socket under the same TLS filter the loop uses. Straight-line code: each step fails
 * with a sentence in `error`. */
#include "agent/io/enrol.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/io/sockaddr.h"
#include "common/wire/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

enum { OUT_BYTES = 2 * PL_TLS_FLIGHT_BYTES, IN_BYTES = 4096 };

struct talk {
    int fd;
    struct pl_tls *tls;
    struct pl_tls_pipe pipe;
    char *error; // borrowed
    size_t plain_len;
    uint8_t out[OUT_BYTES], in[IN_BYTES], plain[2 * PL_FRAME_BYTES_MAX];
};

static int fail(struct talk *t, int err, const char *what, const char *why)
{
    (void)snprintf(t->error, PL_ENROL_ERROR_BYTES, "%s: %s", what, why);
    return err;
}

static int fail_errno(struct talk *t, const char *what)
{
    int err = errno == EAGAIN || errno == EINPROGRESS ? PL_E_TIMEOUT : -errno;
    return fail(t, err, what, pl_err_text(err));
}

static int dial(struct talk *t, const struct pl_address *collector)
{
    struct sockaddr_storage address;
    struct timeval limit = {PL_ENROL_WAIT_MS / 1000, 0};
    if (pl_sockaddr(collector, &address) < 0)
        return fail(t, PL_E_SYNTAX, "cannot connect",
                    "the collector's address is not an IP address");
    socklen_t len =
        address.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    t->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (t->fd < 0 || setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
        setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        connect(t->fd, (struct sockaddr *)&address, len) < 0)
        return fail_errno(t, "cannot connect");
    return 0;
}

/* What was written goes out as it is, or as TLS has made it. */
static int flush(struct talk *t)
{
    size_t done = 0;
    while (done < t->pipe.len) {
        ssize_t n = write(t->fd, t->out + done, t->pipe.len - done);
        if (n < 0) return fail_errno(t, "cannot send");
        done += (size_t)n;
    }
    t->pipe.len = 0;
    return 0;
}

static int receive(struct talk *t)
{
    ssize_t n = read(t->fd, t->in, sizeof t->in);
    if (n < 0) return fail_errno(t, "no answer");
    if (n == 0) return fail(t, PL_E_CLOSED, "no answer", "the other side closed the connection");
    if (t->tls) pl_tls_give(t->tls, (struct pl_span){t->in, (size_t)n});
    return (int)n;
}

static int check_pin(struct talk *t, const struct pl_link_trust *trust)
{
    struct pl_fingerprint seen;
    char got[PL_FINGERPRINT_TEXT_BYTES], want[PL_FINGERPRINT_TEXT_BYTES], text[512];
    if (!trust->has_pin) return 0;
    int err = pl_tls_peer_fingerprint(t->tls, &seen);
    if (err < 0) return fail(t, err, "no certificate", pl_err_text(err));
    if (memcmp(&seen, &trust->pin, sizeof seen) == 0) return 0;
    pl_fingerprint_write(&seen, got);
    pl_fingerprint_write(&trust->pin, want);
    (void)snprintf(text, sizeof text,
                   "the certificate there has %s, expected is %s; it is another collector, a new "
                   "certificate, or somebody in between, so nothing secret was sent",
                   got, want);
    return fail(t, PL_E_REFUSED, "wrong fingerprint", text);
}

static int shake(struct talk *t, const struct pl_link_trust *trust)
{
    for (;;) {
        int done = pl_tls_handshake(t->tls);
        int err = flush(t); // also the alert of a failure
        if (done < 0) return fail(t, done, "TLS failed", pl_tls_error(t->tls));
        if (err == 0 && done == 1) return check_pin(t, trust);
        if (err == 0) err = receive(t);
        if (err < 0) return err;
    }
}

/* More of the other side's frames into `plain`. */
static int listen_on(struct talk *t)
{
    size_t room = sizeof t->plain - t->plain_len;
    if (!t->tls) {
        int n = receive(t);
        if (n < 0) return n;
        size_t len = PL_MIN((size_t)n, room); // one answer is all that matters, and is shorter
        memcpy(t->plain + t->plain_len, t->in, len);
        t->plain_len += len;
        return 0;
    }
    ssize_t n = pl_tls_read(t->tls, t->plain + t->plain_len, room);
    if (n == PL_E_CLOSED)
        return fail(t, (int)n, "no answer", "the other side closed the connection");
    if (n < 0) return fail(t, (int)n, "TLS failed", pl_tls_error(t->tls));
    t->plain_len += (size_t)n;
    return n == 0 ? PL_MIN(receive(t), 0) : 0;
}

static int ask(struct talk *t, const struct pl_link_trust *trust,
               const struct pl_enrol_request *request, struct pl_agent_session *session)
{
    uint8_t frames[2 * PL_FRAME_BYTES_MAX], exported[PL_EXPORTED_BYTES];
    struct pl_writer w = pl_writer_init(frames, sizeof frames);
    struct pl_proof proof;
    bool proves = trust && trust->key; // else there is a certificate, or nothing to prove
    int err = proves ? pl_tls_export(t->tls, exported) : 0;
    if (err == 0 && proves) err = pl_key_prove(trust->key, exported, &proof);
    if (err == 0 && request->rotate)
        err = pl_key_prove(request->next, exported, &request->rotate->next);
    if (err < 0) return fail(t, err, "cannot prove the key", pl_err_text(err));
    if (proves) pl_proof_write(&proof, &w);
    if (request->join)
        pl_agent_session_join(session, request->join, &w);
    else if (request->rotate)
        pl_agent_session_rotate(session, request->rotate, &w);
    else
        pl_agent_session_check(session, request->check, &w);
    PL_ASSERT(w.err == 0 && w.len <= t->pipe.cap);
    if (!t->tls) {
        memcpy(t->out, frames, w.len);
        t->pipe.len = w.len;
        return flush(t);
    }
    err = pl_tls_write(t->tls, (struct pl_span){frames, w.len});
    return err == 0 ? flush(t) : fail(t, err, "cannot send", pl_tls_error(t->tls));
}

/* The next frame of the collector. */
static int next_frame(struct talk *t, struct pl_frame *frame)
{
    for (;;) {
        ssize_t used = pl_frame_parse((struct pl_span){t->plain, t->plain_len}, frame);
        if (used > 0) return 0; // the one answer: what follows it does not matter
        if (used < 0) return fail(t, (int)used, "the answer", pl_err_text((int)used));
        int err = listen_on(t);
        if (err < 0) return err;
    }
}

static int hear(struct talk *t, struct pl_agent_session *session,
                const struct pl_enrol_request *request, uint16_t *refused)
{
    struct pl_frame frame;
    struct pl_agent_event event;
    int err = next_frame(t, &frame);
    if (err < 0) return err;
    err = pl_agent_session_step(session, &frame, &event);
    if (err < 0) return fail(t, err, "the answer", pl_err_text(err));
    if (event.type == PL_AGENT_JOINED) return 0;
    if (event.type == PL_AGENT_CHECKED) {
        *request->checked = event.checked;
        return 0;
    }
    if (event.type != PL_AGENT_REFUSED)
        return fail(t, PL_E_STATE, "the answer", "is not one to this question");
    *refused = event.refusal.code;
    return fail(t, PL_E_REFUSED, "refused", event.refusal.text);
}

int pl_enrol(const struct pl_address *collector, const struct pl_link_trust *trust,
             const struct pl_enrol_request *request, uint16_t *refused, char *error)
{
    struct talk t = {.fd = -1, .error = error, .pipe = {.cap = OUT_BYTES}};
    struct pl_agent_session session;
    t.pipe.out = t.out;
    *refused = 0;
    int err = dial(&t, collector);
    PL_ASSERT(trust || request->check);
    if (err == 0 && trust) {
        t.tls = pl_tls_connect(trust->context, &t.pipe, collector->host);
        err = t.tls ? shake(&t, trust) : fail(&t, -ENOMEM, "TLS", pl_err_text(-ENOMEM));
    }
    if (err == 0) err = ask(&t, trust, request, &session);
    if (err == 0) err = hear(&t, &session, request, refused);
    pl_tls_free(t.tls);
    if (t.fd >= 0) (void)close(t.fd); // everything that matters was answered
    return err;
}
