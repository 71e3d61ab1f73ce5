/* redis_uv.h - lets a hiredis connection wait on a libuv loop.
 *
 * Our own adapter instead of hiredis' adapters/libuv.h: the one shipped with 0.14 returns from its
 * poll callback when libuv reports an error, so a refused connection never reaches the connect
 * callback and the client hangs for ever. */
#pragma once

#include "common/base/base.h"

#include <async.h>
#include <uv.h>

/* Attach a fresh connection to `loop`. From here on hiredis calls back from the loop and releases
 * the adapter together with the connection. -ENOMEM or a libuv code; the connection is then still
 * the caller's to free. */
PL_MUST_CHECK int pl_redis_uv_attach(redisAsyncContext *ac, uv_loop_t *loop);
