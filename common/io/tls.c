/* OpenSSL keeps a queue of errors per thread: it is cleared before every call, or one connection's
 * failure would be read as another's. Contexts are counted by their connections (SSL_CTX_free). */
#include "common/io/tls.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/base/text.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct pl_tls_context {
    SSL_CTX *ssl; // owned: one reference
    bool checks_peer;
    struct pl_fingerprint fingerprint;
};

struct pl_tls {
    SSL *ssl;                 // owned, and with it the BIO
    struct pl_tls_pipe *pipe; // borrowed
    struct pl_span in;        // borrowed: what is left of pl_tls_give
    bool checks_peer;
    char error[PL_TLS_ERROR_BYTES];
};

/* ---- the BIO: memory in, memory out ---- */

static int bio_write(BIO *bio, const char *bytes, int len)
{
    const struct pl_tls *tls = BIO_get_data(bio);
    struct pl_tls_pipe *pipe = tls->pipe;
    BIO_clear_retry_flags(bio);
    if ((size_t)len > pipe->cap - pipe->len) return -1; // more than a step may write
    memcpy(pipe->out + pipe->len, bytes, (size_t)len);
    pipe->len += (size_t)len;
    return len;
}

static int bio_read(BIO *bio, char *bytes, int len)
{
    struct pl_tls *tls = BIO_get_data(bio);
    size_t n = PL_MIN((size_t)len, tls->in.len);
    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(bytes, tls->in.ptr, n);
    tls->in = (struct pl_span){tls->in.ptr + n, tls->in.len - n};
    return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long value, void *arg)
{
    (void)bio;
    (void)value;
    (void)arg;
    return command == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *bio)
{
    BIO_set_init(bio, 1);
    return 1;
}

/* One table of functions for the whole process, as OpenSSL wants it. */
static BIO_METHOD *bio_method(void)
{
    static BIO_METHOD *method;
    if (method) return method;
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "plimsoll pipe");
    if (!method) return NULL;
    (void)BIO_meth_set_write(method, bio_write); // setters of a fresh table cannot fail
    (void)BIO_meth_set_read(method, bio_read);
    (void)BIO_meth_set_ctrl(method, bio_ctrl);
    (void)BIO_meth_set_create(method, bio_create);
    return method;
}

/* ---- contexts ---- */

/* tls_memory.h has them left out at the start. There is no other call that brings them later, and
 * OpenSSL 3 itself still makes these. */
static void load_texts(void)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    static int (*const loads[])(void) = {
        ERR_load_SSL_strings,  ERR_load_CRYPTO_strings, ERR_load_PEM_strings, ERR_load_X509_strings,
        ERR_load_ASN1_strings, ERR_load_EVP_strings,    ERR_load_EC_strings,  ERR_load_RSA_strings};
#pragma GCC diagnostic pop
    for (size_t i = 0; i < PL_LEN(loads); i++) (void)loads[i](); // a text that lacks is said to
}

/* What OpenSSL complains about, in its words. */
static const char *reason(void)
{
    load_texts();
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text ? text : "unexplained by OpenSSL";
}

static int fail_file(char *error, const char *what, const char *path)
{
    (void)snprintf(error, PL_TLS_ERROR_BYTES, "%s '%.120s': %s", what, path, reason());
    ERR_clear_error();
    return PL_E_SYNTAX;
}

static int take_certificate(struct pl_tls_context *c, const struct pl_tls_files *files, char *error)
{
    if (!files->certificate) return 0;
    if (SSL_CTX_use_certificate_chain_file(c->ssl, files->certificate) != 1)
        return fail_file(error, "cannot use the certificate", files->certificate);
    if (SSL_CTX_use_PrivateKey_file(c->ssl, files->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(c->ssl) != 1)
        return fail_file(error, "cannot use the key", files->key);
    unsigned len = 0;
    if (X509_digest(SSL_CTX_get0_certificate(c->ssl), EVP_sha256(), c->fingerprint.bytes, &len) !=
        1)
        return fail_file(error, "cannot hash the certificate", files->certificate);
    return 0;
}

static int take_ca(struct pl_tls_context *c, const struct pl_tls_files *files, char *error)
{
    if (!files->ca) return 0;
    c->checks_peer = true;
    if (SSL_CTX_load_verify_file(c->ssl, files->ca) == 1) return 0;
    return fail_file(error, "cannot use the CA file", files->ca);
}

static int new_context(const SSL_METHOD *method, const struct pl_tls_files *files,
                       struct pl_tls_context **out, char *error)
{
    struct pl_tls_context *c = calloc(1, sizeof *c);
    ERR_clear_error();
    if (c) c->ssl = SSL_CTX_new(method);
    if (!c || !c->ssl || !bio_method()) {
        pl_tls_context_free(c);
        (void)snprintf(error, PL_TLS_ERROR_BYTES, "not enough memory for TLS");
        return -ENOMEM;
    }
    (void)SSL_CTX_set_min_proto_version(c->ssl, TLS1_2_VERSION); // a version OpenSSL has
    (void)SSL_CTX_set_mode(c->ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_set_options(c->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_num_tickets(c->ssl, 0);
    int err = take_certificate(c, files, error);
    if (err == 0) err = take_ca(c, files, error);
    if (err < 0)
        pl_tls_context_free(c);
    else
        *out = c;
    return err;
}

/* Runs before the server writes its CertificateRequest, in TLS 1.2 and in 1.3. `asks` is NULL if
 * nobody is asked for a certificate; it is no context of ours, which may be gone by now. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *asks)
{
    static const unsigned char wanted[] = "\x0a" PL_ALPN "\x08http/1.1";
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_len, wanted, sizeof wanted - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    bool is_agent = *out_len == sizeof PL_ALPN - 1;                   // the other one is shorter
    if (asks && is_agent) SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL); // one without goes on
    return SSL_TLSEXT_ERR_OK;
}

int pl_tls_server_context(const struct pl_tls_files *files, struct pl_tls_context **out,
                          char *error)
{
    struct pl_tls_context *c = NULL;
    PL_ASSERT(files->certificate && files->key);
    int err = new_context(TLS_server_method(), files, &c, error);
    if (err < 0) return err;
    (void)SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(c->ssl, on_alpn, c->checks_peer ? c->ssl : NULL);
    *out = c;
    return 0;
}

int pl_tls_client_context(const struct pl_tls_files *files, bool keep_buffers,
                          struct pl_tls_context **out, char *error)
{
    static const unsigned char protocols[] = "\x0a" PL_ALPN;
    struct pl_tls_context *c = NULL;
    int err = new_context(TLS_client_method(), files, &c, error);
    if (err < 0) return err;
    if (!keep_buffers) (void)SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(c->ssl, c->checks_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (SSL_CTX_set_alpn_protos(c->ssl, protocols, sizeof protocols - 1) != 0) {
        pl_tls_context_free(c);
        (void)snprintf(error, PL_TLS_ERROR_BYTES, "not enough memory for TLS");
        return -ENOMEM;
    }
    *out = c;
    return 0;
}

void pl_tls_context_free(struct pl_tls_context *context)
{
    if (!context) return;
    SSL_CTX_free(context->ssl);
    free(context);
}

const struct pl_fingerprint *pl_tls_context_fingerprint(const struct pl_tls_context *context)
{
    return &context->fingerprint;
}

int64_t pl_tls_context_ends_unix_ms(const struct pl_tls_context *context)
{
    struct tm ends;
    X509 *certificate = SSL_CTX_get0_certificate(context->ssl);
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends) != 1) return 0;
    return (int64_t)timegm(&ends) * 1000;
}

/* ---- one connection ---- */

static struct pl_tls *new_connection(struct pl_tls_context *context, struct pl_tls_pipe *pipe)
{
    struct pl_tls *tls = OPENSSL_zalloc(sizeof *tls); // where the rest of it is
    PL_ASSERT(pipe->cap >= PL_TLS_FLIGHT_BYTES);
    if (!tls) return NULL;
    tls->pipe = pipe;
    tls->checks_peer = context->checks_peer;
    tls->ssl = SSL_new(context->ssl);
    BIO *bio = tls->ssl ? BIO_new(bio_method()) : NULL;
    if (bio) {
        BIO_set_data(bio, tls);
        SSL_set_bio(tls->ssl, bio, bio); // both directions, one owner
        return tls;
    }
    pl_tls_free(tls);
    return NULL;
}

struct pl_tls *pl_tls_accept(struct pl_tls_context *context, struct pl_tls_pipe *pipe)
{
    struct pl_tls *tls = new_connection(context, pipe);
    if (tls) SSL_set_accept_state(tls->ssl);
    return tls;
}

struct pl_tls *pl_tls_connect(struct pl_tls_context *context, struct pl_tls_pipe *pipe,
                              const char *server)
{
    struct pl_tls *tls = new_connection(context, pipe);
    if (!tls) return NULL;
    SSL_set_connect_state(tls->ssl);
    if (server && context->checks_peer) {
        bool is_ip = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), server) == 1;
        if (is_ip || SSL_set1_host(tls->ssl, server) == 1) return tls;
        pl_tls_free(tls);
        return NULL;
    }
    return tls;
}

void pl_tls_free(struct pl_tls *tls)
{
    if (!tls) return;
    SSL_free(tls->ssl);
    OPENSSL_free(tls);
}

void pl_tls_give(struct pl_tls *tls, struct pl_span in)
{
    tls->in = in;
}

static void note_failure(struct pl_tls *tls)
{
    unsigned long code = ERR_peek_last_error();
    long verified = SSL_get_verify_result(tls->ssl);
    const char *text = reason();
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
        text = "the other side does not speak TLS, or not with TLS 1.2 or later";
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        text = X509_verify_cert_error_string(verified);
    (void)snprintf(tls->error, sizeof tls->error, "%s", text);
    ERR_clear_error();
}

int pl_tls_handshake(struct pl_tls *tls)
{
    ERR_clear_error();
    int done = SSL_do_handshake(tls->ssl);
    if (done == 1) return 1;
    if (SSL_get_error(tls->ssl, done) == SSL_ERROR_WANT_READ) return 0;
    note_failure(tls);
    return PL_E_REFUSED;
}

ssize_t pl_tls_read(struct pl_tls *tls, uint8_t *buf, size_t cap)
{
    size_t len = 0;
    ERR_clear_error();
    int done = SSL_read_ex(tls->ssl, buf, cap, &len);
    if (done == 1) return (ssize_t)len;
    switch (SSL_get_error(tls->ssl, done)) {
    case SSL_ERROR_WANT_READ: return 0;
    case SSL_ERROR_ZERO_RETURN: return PL_E_CLOSED;
    default: note_failure(tls); return PL_E_REFUSED;
    }
}

int pl_tls_write(struct pl_tls *tls, struct pl_span bytes)
{
    size_t len = 0;
    ERR_clear_error();
    if (bytes.len == 0) return 0;
    if (SSL_write_ex(tls->ssl, bytes.ptr, bytes.len, &len) == 1 && len == bytes.len) return 0;
    note_failure(tls);
    return PL_E_REFUSED;
}

void pl_tls_end(struct pl_tls *tls)
{
    ERR_clear_error();
    if (SSL_is_init_finished(tls->ssl)) (void)SSL_shutdown(tls->ssl); // an answer is not waited for
}

const char *pl_tls_error(const struct pl_tls *tls)
{
    return tls->error;
}

int pl_tls_export(struct pl_tls *tls, uint8_t out[PL_EXPORTED_BYTES])
{
    ERR_clear_error();
    bool is_bound = SSL_version(tls->ssl) >= TLS1_3_VERSION || SSL_get_extms_support(tls->ssl) == 1;
    if (is_bound && SSL_export_keying_material(tls->ssl, out, PL_EXPORTED_BYTES, PL_EXPORTER_LABEL,
                                               sizeof PL_EXPORTER_LABEL - 1, NULL, 0, 0) == 1)
        return 0;
    return PL_E_REFUSED;
}

int pl_tls_peer_fingerprint(const struct pl_tls *tls, struct pl_fingerprint *out)
{
    const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    unsigned len = 0;
    if (!certificate) return PL_E_NOT_FOUND;
    return X509_digest(certificate, EVP_sha256(), out->bytes, &len) == 1 ? 0 : -ENOMEM;
}

static size_t add_name(const ASN1_STRING *text, struct pl_name *names, size_t count, size_t max)
{
    struct pl_span span = {ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)};
    if (count < max && pl_name_parse(span, &names[count]) == 0) count++;
    return count;
}

size_t pl_tls_peer_names(const struct pl_tls *tls, struct pl_name *names, size_t max)
{
    X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    size_t count = 0;
    if (!certificate || !tls->checks_peer || SSL_get_verify_result(tls->ssl) != X509_V_OK) return 0;
    GENERAL_NAMES *others = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    if (others) {
        for (int i = 0; i < sk_GENERAL_NAME_num(others); i++) {
            const GENERAL_NAME *other = sk_GENERAL_NAME_value(others, i);
            if (other->type == GEN_DNS) count = add_name(other->d.dNSName, names, count, max);
        }
        GENERAL_NAMES_free(others);
        return count;
    }
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return 0;
    return add_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), names, 0, max);
}

void pl_fingerprint_write(const struct pl_fingerprint *fingerprint, char *text)
{
    struct pl_text t = pl_text_init(text, PL_FINGERPRINT_TEXT_BYTES);
    for (size_t i = 0; i < PL_FINGERPRINT_BYTES; i++) {
        if (i > 0) pl_text_char(&t, ':');
        pl_text_hex(&t, fingerprint->bytes[i], 2);
    }
}

bool pl_tls_is_agent(const struct pl_tls *tls)
{
    const unsigned char *name = NULL;
    unsigned len = 0;
    SSL_get0_alpn_selected(tls->ssl, &name, &len);
    return pl_span_is((struct pl_span){name, len}, PL_ALPN);
}

struct pl_span pl_tls_rest(const struct pl_tls *tls)
{
    return tls->in;
}

struct pl_tls_pipe *pl_tls_pipe_of(const struct pl_tls *tls)
{
    return tls->pipe;
}
