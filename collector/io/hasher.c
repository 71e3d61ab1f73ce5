/* Ownership: a job's memory is the hasher's; a worker thread sees only its password, salt and hash,
 * and nobody else touches these until on_hashed.
 *
 *     ask -> start -> on_work (a thread) -> on_hashed (the loop) -> done, and the next one starts
 */
#include "collector/io/hasher.h"

#include "common/base/assert.h"
#include "common/base/err.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { COST = 1 << 15, BLOCK = 8, PARALLEL = 3, MEMORY_BYTES_MAX = 64 << 20 };

void pl_hasher_init(struct pl_hasher *h, uv_loop_t *loop)
{
    h->loop = loop;
    for (size_t i = 0; i < PL_LEN(h->jobs); i++) h->jobs[i].hasher = h;
}

static void on_work(uv_work_t *work)
{
    struct pl_hasher_job *job = work->data;
    int ok = EVP_PBE_scrypt((const char *)job->password, job->len, job->salt, sizeof job->salt,
                            COST, BLOCK, PARALLEL, MEMORY_BYTES_MAX, job->hash, sizeof job->hash);
    job->err = ok == 1 ? 0 : UV_ENOMEM;
}

static void start_next(struct pl_hasher *h);

static void on_hashed(uv_work_t *work, int status)
{
    struct pl_hasher_job *job = work->data;
    struct pl_hasher *h = job->hasher;
    struct pl_hasher_job done = *job;
    h->running--;
    OPENSSL_cleanse(job->password, sizeof job->password);
    job->taken = job->running = false;
    if (!h->stopping) done.done(done.arg, status == 0 && done.err == 0 ? done.hash : NULL);
    OPENSSL_cleanse(&done, sizeof done);
    if (!h->stopping) start_next(h);
}

static void start_next(struct pl_hasher *h)
{
    while (h->running < PL_HASHER_RUNNING_MAX) {
        struct pl_hasher_job *next = NULL;
        for (size_t i = 0; i < PL_LEN(h->jobs); i++) {
            struct pl_hasher_job *job = &h->jobs[i];
            if (job->taken && !job->running && (!next || job->number < next->number)) next = job;
        }
        if (!next) return;
        next->running = true;
        next->work.data = next;
        h->running++;
        int err = uv_queue_work(h->loop, &next->work, on_work, on_hashed);
        PL_ASSERT(err == 0); // fails only without a function
    }
}

int pl_hasher_ask(struct pl_hasher *h, struct pl_span password, const uint8_t salt[PL_SALT_BYTES],
                  pl_hasher_done_fn *done, void *arg)
{
    PL_ASSERT(password.len <= PL_PASSWORD_BYTES_MAX && !h->stopping);
    struct pl_hasher_job *job = NULL;
    for (size_t i = 0; i < PL_LEN(h->jobs) && !job; i++)
        if (!h->jobs[i].taken) job = &h->jobs[i];
    if (!job) return PL_E_FULL;
    job->taken = true;
    job->number = ++h->count;
    job->len = password.len;
    job->done = done;
    job->arg = arg;
    memcpy(job->password, password.ptr, password.len);
    memcpy(job->salt, salt, sizeof job->salt);
    start_next(h);
    return 0;
}

void pl_hasher_stop(struct pl_hasher *h)
{
    h->stopping = true;
}
