#include "common/io/key.h"

#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/sys/file.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { KEY_FILE_BYTES_MAX = 4096, MESSAGE_BYTES = sizeof PL_PROOF_CONTEXT + PL_EXPORTED_BYTES };

struct pl_key {
    EVP_PKEY *pair; // owned
    struct pl_public_key public_half;
};

/* Takes over `pair`. */
static int wrap(EVP_PKEY *pair, struct pl_key **out)
{
    struct pl_key *key = calloc(1, sizeof *key);
    size_t len = PL_PUBLIC_KEY_BYTES;
    if (key && EVP_PKEY_get_raw_public_key(pair, key->public_half.bytes, &len) == 1) {
        key->pair = pair;
        *out = key;
        return 0;
    }
    EVP_PKEY_free(pair);
    free(key);
    return -ENOMEM;
}

int pl_key_make(struct pl_key **out)
{
    ERR_clear_error();
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return pair ? wrap(pair, out) : -EIO;
}

/* Nobody is asked for a passphrase. */
static int no_passphrase(char *buf, int size, int is_writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)is_writing;
    (void)arg;
    return -1;
}

int pl_key_read(const char *path, struct pl_key **out, bool *is_shared)
{
    struct pl_file file;
    struct stat info;
    ERR_clear_error();
    if (stat(path, &info) < 0) return -errno;
    int err = pl_file_read(path, KEY_FILE_BYTES_MAX, &file);
    if (err < 0) return err;
    BIO *memory = BIO_new_mem_buf(file.bytes, (int)file.len);
    EVP_PKEY *pair = memory ? PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, NULL) : NULL;
    BIO_free(memory);
    explicit_bzero(file.bytes, file.len); // malloc would hand it out again as it is
    pl_file_free(&file);
    *is_shared = (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    if (pair && EVP_PKEY_get_base_id(pair) == EVP_PKEY_ED25519) return wrap(pair, out);
    EVP_PKEY_free(pair);
    return PL_E_SYNTAX;
}

int pl_key_write(const struct pl_key *key, const char *path)
{
    char *text;
    int err = -ENOMEM;
    ERR_clear_error();
    BIO *memory = BIO_new(BIO_s_secmem()); // wiped when it is freed
    if (memory && PEM_write_bio_PrivateKey(memory, key->pair, NULL, NULL, 0, NULL, NULL) == 1) {
        long len = BIO_get_mem_data(memory, &text);
        err = pl_file_write_private(path, (struct pl_span){(uint8_t *)text, (size_t)len});
    }
    BIO_free(memory);
    return err;
}

void pl_key_free(struct pl_key *key)
{
    if (!key) return;
    EVP_PKEY_free(key->pair);
    free(key);
}

/* What is signed: the context with its zero byte, then the exported value. */
static void message_of(const uint8_t *exported, uint8_t *out)
{
    memcpy(out, PL_PROOF_CONTEXT, sizeof PL_PROOF_CONTEXT);
    memcpy(out + sizeof PL_PROOF_CONTEXT, exported, PL_EXPORTED_BYTES);
}

int pl_key_prove(const struct pl_key *key, const uint8_t exported[PL_EXPORTED_BYTES],
                 struct pl_proof *out)
{
    uint8_t message[MESSAGE_BYTES];
    size_t len = PL_SIGNATURE_BYTES;
    message_of(exported, message);
    out->key = key->public_half;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_signed = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pair) == 1 &&
                     EVP_DigestSign(ctx, out->signature, &len, message, sizeof message) == 1;
    EVP_MD_CTX_free(ctx);
    return is_signed ? 0 : -ENOMEM;
}

bool pl_proof_is_good(const struct pl_proof *proof, const uint8_t exported[PL_EXPORTED_BYTES])
{
    uint8_t message[MESSAGE_BYTES];
    ERR_clear_error();
    message_of(exported, message);
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, proof->key.bytes, PL_PUBLIC_KEY_BYTES);
    EVP_MD_CTX *ctx = key ? EVP_MD_CTX_new() : NULL;
    bool is_good =
        ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestVerify(ctx, proof->signature, PL_SIGNATURE_BYTES, message, sizeof message) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return is_good;
}

void pl_sha256(struct pl_span in, uint8_t out[PL_SHA256_BYTES])
{
    size_t len = 0;
    int done = EVP_Q_digest(NULL, "SHA256", NULL, in.ptr, in.len, out, &len);
    PL_ASSERT(done == 1 && len == PL_SHA256_BYTES); // OpenSSL without SHA-256 has no TLS either
}

int pl_random(uint8_t *out, size_t len)
{
    return RAND_bytes(out, (int)len) == 1 ? 0 : -EIO;
}
