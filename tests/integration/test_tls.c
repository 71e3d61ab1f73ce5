/* Both ends of TLS without a socket: what one writes the other is given, in pieces of any size. */
#include "tests/check.h"

#include "collector/io/certificate.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/io/key.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OUT_BYTES = 2 * PL_TLS_FLIGHT_BYTES };

static char folder[] = "/tmp/plimsoll-tls-XXXXXX";
static struct pl_certificate certificate;
static struct pl_tls_context *client_context;

struct end {
    struct pl_tls *tls;
    struct pl_tls_pipe pipe;
    uint8_t out[OUT_BYTES];
    int done; // of its handshake
};

struct session {
    struct end client, server;
};

static void begin(struct session *s)
{
    memset(s, 0, sizeof *s);
    s->client.pipe = (struct pl_tls_pipe){s->client.out, OUT_BYTES, 0};
    s->server.pipe = (struct pl_tls_pipe){s->server.out, OUT_BYTES, 0};
    s->client.tls = pl_tls_connect(client_context, &s->client.pipe, NULL);
    s->server.tls = pl_tls_accept(certificate.context, &s->server.pipe);
    PL_ASSERT(s->client.tls && s->server.tls);
    s->client.done = pl_tls_handshake(s->client.tls);
}

static void finish(struct session *s)
{
    pl_tls_free(s->client.tls);
    pl_tls_free(s->server.tls);
}

/* Give what `from` wrote to `to`, `piece` bytes at a time. */
static void pass_on(struct end *from, struct end *to, size_t piece)
{
    static uint8_t copy[OUT_BYTES];
    size_t len = from->pipe.len;
    memcpy(copy, from->out, len);
    from->pipe.len = 0;
    for (size_t at = 0; at < len && to->done == 0; at += piece) {
        pl_tls_give(to->tls, (struct pl_span){copy + at, PL_MIN(piece, len - at)});
        to->done = pl_tls_handshake(to->tls);
    }
}

static void shake(struct session *s, size_t piece)
{
    for (int turn = 0; turn < 4; turn++) {
        pass_on(&s->client, &s->server, piece);
        pass_on(&s->server, &s->client, piece);
    }
}

static void test_bytes_may_come_one_by_one(void)
{
    static const size_t pieces[] = {OUT_BYTES, 1, 7, 1000};
    for (size_t i = 0; i < PL_LEN(pieces); i++) {
        struct session s;
        uint8_t heard[64];
        begin(&s);
        shake(&s, pieces[i]);
        CHECK_INT(s.client.done, 1);
        CHECK_INT(s.server.done, 1);
        s.client.pipe.len = 0;
        CHECK_INT(pl_tls_write(s.client.tls, pl_span_of("plimsoll")), 0);
        CHECK(s.client.pipe.len <= strlen("plimsoll") + PL_TLS_RECORD_OVERHEAD);
        pl_tls_give(s.server.tls, (struct pl_span){s.client.out, s.client.pipe.len});
        CHECK_INT(pl_tls_read(s.server.tls, heard, sizeof heard), 8);
        CHECK(memcmp(heard, "plimsoll", 8) == 0);
        CHECK_INT(pl_tls_read(s.server.tls, heard, sizeof heard), 0);
        s.client.pipe.len = 0;
        pl_tls_end(s.client.tls);
        pl_tls_give(s.server.tls, (struct pl_span){s.client.out, s.client.pipe.len});
        CHECK_INT(pl_tls_read(s.server.tls, heard, sizeof heard), PL_E_CLOSED);
        finish(&s);
    }
}

/* The half of a key that goes out with every proof. */
static struct pl_public_key public_half(const struct pl_key *key)
{
    static const uint8_t any_session[PL_EXPORTED_BYTES];
    struct pl_proof proof = {0};
    CHECK_INT(pl_key_prove(key, any_session, &proof), 0);
    return proof.key;
}

static void test_a_proof_is_worth_nothing_elsewhere(void)
{
    struct session s, other;
    struct pl_key *key = NULL, *stranger = NULL;
    struct pl_proof proof;
    uint8_t at_client[PL_EXPORTED_BYTES], at_server[PL_EXPORTED_BYTES],
        elsewhere[PL_EXPORTED_BYTES];
    begin(&s);
    begin(&other);
    shake(&s, OUT_BYTES);
    shake(&other, OUT_BYTES);
    REQUIRE(pl_key_make(&key) == 0 && pl_key_make(&stranger) == 0);
    CHECK_INT(pl_tls_export(s.client.tls, at_client), 0);
    CHECK_INT(pl_tls_export(s.server.tls, at_server), 0);
    CHECK_INT(pl_tls_export(other.server.tls, elsewhere), 0);
    CHECK(memcmp(at_client, at_server, sizeof at_client) == 0);
    CHECK_INT(pl_key_prove(key, at_client, &proof), 0);
    CHECK(pl_proof_is_good(&proof, at_server));
    CHECK(!pl_proof_is_good(&proof, elsewhere)); // replayed or relayed
    proof.key = public_half(stranger);
    CHECK(!pl_proof_is_good(&proof, at_server)); // claimed by somebody else
    proof.key = public_half(key);
    proof.signature[9] ^= 1;
    CHECK(!pl_proof_is_good(&proof, at_server));
    pl_key_free(key);
    pl_key_free(stranger);
    finish(&s);
    finish(&other);
}

static void test_the_fingerprint_is_the_certificates(void)
{
    struct session s;
    struct pl_fingerprint seen;
    begin(&s);
    shake(&s, OUT_BYTES);
    CHECK_INT(pl_tls_peer_fingerprint(s.client.tls, &seen), 0);
    CHECK(memcmp(&seen, pl_tls_context_fingerprint(certificate.context), sizeof seen) == 0);
    CHECK_INT(pl_tls_peer_fingerprint(s.server.tls, &seen), PL_E_NOT_FOUND);
    finish(&s);
}

static void test_what_is_not_tls_is_said_to_be_so(void)
{
    struct session s;
    begin(&s);
    pl_tls_give(s.client.tls, pl_span_of("HTTP/1.1 400 Bad Request\r\n"));
    CHECK_INT(pl_tls_handshake(s.client.tls), PL_E_REFUSED);
    CHECK_TEXT(pl_tls_error(s.client.tls),
               "the other side does not speak TLS, or not with TLS 1.2 or later");
    pl_tls_give(s.server.tls, pl_span_of("GET / HTTP/1.1\r\n\r\n"));
    CHECK_INT(pl_tls_handshake(s.server.tls), PL_E_REFUSED);
    finish(&s);
    begin(&s); // one connection's failure is not another's
    shake(&s, OUT_BYTES);
    CHECK_INT(s.server.done, 1);
    finish(&s);
}

/* Keys are 0600, come back as they went, and other files are no keys. */
static void test_keys_on_disk(void)
{
    char path[64];
    struct stat info;
    struct pl_key *key = NULL, *again = NULL;
    bool is_shared = true;
    (void)snprintf(path, sizeof path, "%s/key.pem", folder);
    REQUIRE(pl_key_make(&key) == 0);
    CHECK_INT(pl_key_write(key, path), 0);
    CHECK_INT(stat(path, &info), 0);
    CHECK_INT(info.st_mode & 0777, 0600);
    REQUIRE(pl_key_read(path, &again, &is_shared) == 0);
    struct pl_public_key written = public_half(key), read = public_half(again);
    CHECK(!is_shared && pl_public_key_eq(&written, &read));
    pl_key_free(again);
    CHECK_INT(chmod(path, 0644), 0);
    REQUIRE(pl_key_read(path, &again, &is_shared) == 0);
    CHECK(is_shared);
    pl_key_free(again);
    pl_key_free(key);
    CHECK_INT(pl_key_read(certificate.key, &again, &is_shared), PL_E_SYNTAX); // P-256
    CHECK_INT(pl_key_read(certificate.certificate, &again, &is_shared), PL_E_SYNTAX);
    CHECK_INT(unlink(path), 0);
}

static void test_reloading_keeps_what_works(void)
{
    char error[PL_TLS_ERROR_BYTES] = "", aside[sizeof certificate.key + 8];
    struct pl_tls_context *before = certificate.context;
    struct session s;
    begin(&s);
    (void)snprintf(aside, sizeof aside, "%s.aside", certificate.key);
    CHECK_INT(rename(certificate.key, aside), 0);
    CHECK(pl_certificate_reload(&certificate, error) < 0);
    CHECK(strstr(error, "cannot use the key") && strstr(error, certificate.key));
    CHECK(certificate.context == before);
    CHECK_INT(rename(aside, certificate.key), 0);
    CHECK_INT(pl_certificate_reload(&certificate, error), 0);
    shake(&s, OUT_BYTES); // begun with the old context, which is gone by now
    CHECK_INT(s.client.done, 1);
    finish(&s);
}

int main(void)
{
    const struct pl_tls_files own = {"", "", ""}, none = {NULL, NULL, NULL};
    char error[PL_TLS_ERROR_BYTES];
    PL_ASSERT(mkdtemp(folder) != NULL);
    PL_ASSERT(pl_certificate_load(&certificate, folder, &own, error) == 0);
    PL_ASSERT(pl_tls_client_context(&none, true, &client_context, error) == 0);
    RUN(test_bytes_may_come_one_by_one);
    RUN(test_a_proof_is_worth_nothing_elsewhere);
    RUN(test_the_fingerprint_is_the_certificates);
    RUN(test_what_is_not_tls_is_said_to_be_so);
    RUN(test_keys_on_disk);
    RUN(test_reloading_keeps_what_works);
    pl_certificate_fini(&certificate);
    pl_tls_context_free(client_context);
    (void)unlink(certificate.certificate); // a temporary folder
    (void)unlink(certificate.key);
    (void)snprintf(error, sizeof error, "%s/tls", folder);
    (void)rmdir(error);
    (void)rmdir(folder);
    return check_finish();
}
