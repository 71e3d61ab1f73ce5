#include "agent/io/identity.h"

#include "common/base/err.h"
#include "common/sys/file.h"
#include "common/sys/log.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

/* "<state>/<name>"; PL_E_TOO_BIG. */
static int path_of(const char *state, const char *name, char out[PL_IDENTITY_PATH_BYTES])
{
    int len = snprintf(out, PL_IDENTITY_PATH_BYTES, "%s/%s", state, name);
    return len >= 0 && len < PL_IDENTITY_PATH_BYTES ? 0 : PL_E_TOO_BIG;
}

static int fail(int err, const char *path)
{
    pl_log(PL_LOG_ERROR, "identity_failed", "file=\"%s\" err=\"%s\"", path, pl_err_text(err));
    return err;
}

static int read_key(const char *state, struct pl_key **out)
{
    char path[PL_IDENTITY_PATH_BYTES] = "";
    bool is_shared = false;
    int err = path_of(state, "key.pem", path);
    if (err == 0) err = pl_key_read(path, out, &is_shared);
    if (err == 0 && is_shared)
        pl_log(PL_LOG_WARN, "secret_readable_by_others", "file=\"%s\" do=\"chmod 600\"", path);
    return err == 0 || err == -ENOENT ? err : fail(err, path);
}

int pl_identity_read(const char *state, struct pl_identity *out)
{
    char path[PL_IDENTITY_PATH_BYTES] = "";
    struct pl_identity identity = {0};
    struct pl_file file = {0};
    int err = path_of(state, "enrolment", path);
    if (err == 0) err = pl_file_read(path, PL_ENROLMENT_BYTES, &file);
    if (err == -ENOENT) return err;
    if (err == 0)
        err = pl_enrolment_parse((struct pl_span){file.bytes, file.len}, &identity.enrolment);
    pl_file_free(&file);
    if (err < 0) return fail(err, path);
    err = read_key(state, &identity.key);
    if (err == 0) *out = identity;
    return err;
}

void pl_identity_fini(struct pl_identity *identity)
{
    pl_key_free(identity->key);
    identity->key = NULL;
}

void pl_identity_stamp(const char *state, struct pl_identity_stamp *out)
{
    enum { NS_PER_S = 1000000000 };
    char path[PL_IDENTITY_PATH_BYTES];
    struct stat now;
    *out = (struct pl_identity_stamp){0};
    if (path_of(state, "key.pem", path) < 0 || stat(path, &now) < 0) return;
    *out = (struct pl_identity_stamp){now.st_ino,
                                      (int64_t)now.st_ctim.tv_sec * NS_PER_S + now.st_ctim.tv_nsec};
}

static int write_key(const char *state, const char *name, const struct pl_key *key)
{
    char path[PL_IDENTITY_PATH_BYTES] = "";
    int err = path_of(state, name, path);
    if (err == 0) err = pl_key_write(key, path);
    return err == 0 ? 0 : fail(err, path);
}

int pl_identity_key(const char *state, struct pl_key **out, bool *is_new)
{
    int err = pl_file_make_private_dir(state);
    if (err < 0) return fail(err, state);
    err = read_key(state, out);
    *is_new = err == -ENOENT;
    if (!*is_new) return err;
    err = pl_key_make(out);
    if (err < 0) return fail(err, state);
    err = write_key(state, "key.pem", *out);
    if (err < 0) pl_key_free(*out);
    return err;
}

int pl_identity_write_key(const char *state, const struct pl_key *key)
{
    return write_key(state, "key.pem", key);
}

int pl_identity_write_next(const char *state, const struct pl_key *key)
{
    return write_key(state, "key.next.pem", key);
}

int pl_identity_promote_next(const char *state)
{
    char from[PL_IDENTITY_PATH_BYTES] = "", to[PL_IDENTITY_PATH_BYTES] = "";
    int err = path_of(state, "key.next.pem", from);
    if (err == 0) err = path_of(state, "key.pem", to);
    if (err == 0 && rename(from, to) < 0) err = -errno;
    return err == 0 ? 0 : fail(err, from);
}

int pl_identity_write_enrolment(const char *state, const struct pl_enrolment *e)
{
    char path[PL_IDENTITY_PATH_BYTES] = "", buf[PL_ENROLMENT_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    pl_enrolment_write(e, &t);
    int err = path_of(state, "enrolment", path);
    if (err == 0) err = pl_file_write_private(path, pl_text_bytes(&t));
    return err == 0 ? 0 : fail(err, path);
}
