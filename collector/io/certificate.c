#include "collector/io/certificate.h"

#include "common/base/err.h"
#include "common/sys/file.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

enum { DAY_SECONDS = 86400, SERIAL_BITS = 127 };

/* ---- making ---- */

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool is_set = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
                  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_set;
}

/* A certificate that signs itself; it is trusted for its fingerprint, not for what it says. */
static bool fill(X509 *certificate, EVP_PKEY *key)
{
    static const unsigned char name[] = "plimsoll collector";
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_SECONDS) &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), PL_CERTIFICATE_YEARS * 365, 0, NULL) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           X509_set_pubkey(certificate, key) == 1 &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* Write what `memory` holds. */
static int save(BIO *memory, const char *path)
{
    char *text;
    long len = BIO_get_mem_data(memory, &text);
    return pl_file_write_private(path, (struct pl_span){(uint8_t *)text, (size_t)len});
}

static int make(const char *certificate_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *key_text = BIO_new(BIO_s_secmem()), *certificate_text = BIO_new(BIO_s_mem());
    int err = -ENOMEM;
    if (key && certificate && key_text && certificate_text && fill(certificate, key) &&
        PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(certificate_text, certificate) == 1) {
        err = save(key_text, key_path); // first: a certificate without its key is of no use
        if (err == 0) err = save(certificate_text, certificate_path);
    }
    BIO_free(key_text);
    BIO_free(certificate_text);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return err;
}

/* ---- loading ---- */

static int set_path(char out[512], const char *before, const char *path, char *error)
{
    int len = snprintf(out, 512, "%s%s", before, path);
    if (len >= 0 && len < 512) return 0;
    (void)snprintf(error, PL_TLS_ERROR_BYTES, "the path '%.80s...' is too long", before);
    return PL_E_TOO_BIG;
}

static int use_own(struct pl_certificate *c, const char *state, char *error)
{
    int err = set_path(c->certificate, state, "/tls", error);
    if (err == 0) err = pl_file_make_private_dir(c->certificate);
    if (err < 0 && err != PL_E_TOO_BIG)
        (void)snprintf(error, PL_TLS_ERROR_BYTES, "cannot make '%.150s': %s", c->certificate,
                       pl_err_text(err));
    if (err == 0) err = set_path(c->certificate, state, "/tls/certificate.pem", error);
    if (err == 0) err = set_path(c->key, state, "/tls/key.pem", error);
    if (err < 0 || access(c->certificate, F_OK) == 0) return err;
    err = make(c->certificate, c->key);
    if (err < 0)
        (void)snprintf(error, PL_TLS_ERROR_BYTES, "cannot make '%.150s': %s", c->certificate,
                       pl_err_text(err));
    return err;
}

static int read_files(const struct pl_certificate *c, struct pl_tls_context **out, char *error)
{
    const struct pl_tls_files files = {c->certificate, c->key, c->ca[0] != '\0' ? c->ca : NULL};
    return pl_tls_server_context(&files, out, error);
}

int pl_certificate_load(struct pl_certificate *c, const char *state,
                        const struct pl_tls_files *files, char *error)
{
    *c = (struct pl_certificate){0};
    ERR_clear_error();
    int err = set_path(c->ca, "", files->ca, error);
    if (err == 0 && files->certificate[0] == '\0') {
        err = use_own(c, state, error);
    } else if (err == 0) {
        err = set_path(c->certificate, "", files->certificate, error);
        if (err == 0) err = set_path(c->key, "", files->key, error);
    }
    return err < 0 ? err : read_files(c, &c->context, error);
}

int pl_certificate_reload(struct pl_certificate *c, char *error)
{
    struct pl_tls_context *fresh;
    int err = read_files(c, &fresh, error);
    if (err < 0) return err;
    pl_tls_context_free(c->context);
    c->context = fresh;
    return 0;
}

void pl_certificate_fini(struct pl_certificate *c)
{
    pl_tls_context_free(c->context);
    c->context = NULL;
}
