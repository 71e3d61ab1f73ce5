/* redis_hello.h - what a fresh connection says before it carries commands, as a state machine.
 *
 *     SELECT n, CLIENT SETNAME, INFO server, INFO persistence (again while it loads its file),
 *     CLIENT ID, GETSET pl:writer "<run id> <client id>", CLIENT KILL ID <the one it replaces>
 *
 * `pl:writer` names the connection that may write. Taking the name over and ending the connection
 * that held it happens before the first command of ours, and Redis runs commands one by one: so
 * whatever still sat in the old connection's socket ran before, or never will. The run id keeps us
 * from ending a stranger after a restart of Redis, which counts client ids from 1 again. */
#pragma once

#include "collector/io/redis.h"

enum pl_redis_hello_step {
    PL_REDIS_HELLO_SELECT,
    PL_REDIS_HELLO_NAME,
    PL_REDIS_HELLO_SERVER,
    PL_REDIS_HELLO_PERSISTENCE,
    PL_REDIS_HELLO_ID,
    PL_REDIS_HELLO_FENCE,
    PL_REDIS_HELLO_KILL,
    PL_REDIS_HELLO_DONE,
};

struct pl_redis_hello {
    enum pl_redis_hello_step step;
    uint8_t database;
    char number[24];          // argument of SELECT or CLIENT KILL
    char writer[41 + 1 + 21]; // our value of pl:writer
};

void pl_redis_hello_init(struct pl_redis_hello *h, uint8_t database);
/* The command of the current step; its arguments borrow from `h`. Not after DONE. */
void pl_redis_hello_command(const struct pl_redis_hello *h, struct pl_redis_args *out);
/* Its reply. 0: `h->step` says what comes next, possibly the same step again (facts->loading: ask
 * later). PL_E_REFUSED for an error that makes the connection useless, PL_E_SYNTAX for an answer no
 * Redis gives. */
PL_MUST_CHECK int pl_redis_hello_reply(struct pl_redis_hello *h, const struct redisReply *reply,
                                       struct pl_redis_facts *facts);
/* Take `INFO persistence` into `facts`. */
PL_MUST_CHECK int pl_redis_facts_persistence(struct pl_redis_facts *facts,
                                             const struct redisReply *reply);
