/* redis_server.h - the private redis-server of a collector whose configuration names none.
 *
 * A child process on a Unix socket in <state>/redis, no TCP port, append-only file on with an fsync
 * every second. It may use half of the machine's memory; then `volatile-ttl` eviction takes the
 * samples with the least time left, and never a control record. It is the same Redis through the
 * same client as a remote one, so nobody has to install a database first and there is no second
 * kind of store.
 *
 *     start: lock <state>/redis -> does somebody answer on the socket?
 *              yes: adopt that server     no: spawn one, again with back-off whenever it ends
 *     stop:  SIGTERM (it writes its file out), SIGKILL after PL_REDIS_SERVER_STOP_MS
 *
 * A collector that is killed cannot end its child. The next one finds the server still listening,
 * checks with the kernel (SO_PEERCRED) who it is, and adopts it: starting a second server on the
 * same append-only file would destroy it, and ending the first costs the time of loading the file
 * again. A lock keeps two living collectors from sharing one directory. */
#pragma once

#include "common/base/base.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { PL_REDIS_SERVER_STOP_MS = 10000, PL_REDIS_SERVER_ERROR_BYTES = 512 };

struct pl_redis_server;

/* Makes the state directory and `<state>/redis` (mode 0700), then adopts or spawns. 0 and `*out`;
 * negative, and `error` (PL_REDIS_SERVER_ERROR_BYTES) says in a sentence what an operator has to
 * do: the package that is missing, the path that is too long, the other collector that runs. `seed`
 * is of the restart jitter. Later deaths are logged and mended, not reported. */
PL_MUST_CHECK int pl_redis_server_start(uv_loop_t *loop, const char *state_dir, uint64_t seed,
                                        struct pl_redis_server **out, char *error);
/* End the server, then free `s` and call on_stopped from the loop. Close the client first. */
void pl_redis_server_stop(struct pl_redis_server *s, void (*on_stopped)(void *ctx), void *ctx);

/* Where it listens; valid until it is stopped. */
const char *pl_redis_server_socket(const struct pl_redis_server *s);
/* Its process, or 0 while there is none. */
int pl_redis_server_pid(const struct pl_redis_server *s);
/* How often it had to be started again. */
uint32_t pl_redis_server_restarts(const struct pl_redis_server *s);
