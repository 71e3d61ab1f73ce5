/* status.h - what the servers of a web host say about themselves: a status text to five numbers.
 *
 *     haproxy   "show info;show stat -1 3 -1" on its stats socket (management.txt, 9.3)
 *     nginx     ngx_http_stub_status_module
 *     apache    mod_status, "server-status?auto"
 *     php-fpm   pm.status_path, plain text
 *
 * A text is one whole answer, and hostile: it is read line by line, only complete lines count, and
 * a text that is no status of its kind is refused. What a kind does not say is PL_RAW_ABSENT. */
#pragma once

#include "agent/core/scan.h"
#include "common/base/base.h"

/* From the outermost proxy inwards: whose requests are the host's traffic. */
enum pl_status_kind {
    PL_STATUS_HAPROXY,
    PL_STATUS_NGINX,
    PL_STATUS_APACHE,
    PL_STATUS_PHP_FPM,
    PL_STATUS_KIND_COUNT
};

struct pl_status {
    uint64_t requests; // counter; haproxy: of its HTTP frontends; php-fpm: connections taken
    uint64_t active;   // requests being served, the question itself included
    uint64_t waiting;  // requests queued: haproxy's queues, php-fpm's TCP accept queue
    uint64_t busy;     // workers or connection slots taken, the question's included
    uint64_t max;      // of those there may be, at least 1
};

/* PL_E_SYNTAX if `text` is no status of that kind, PL_E_RANGE for a level over INT32_MAX; `*out`
 * is untouched then.
 *
 * `max` of apache is the length of its scoreboard: MaxRequestWorkers. php-fpm never says
 * pm.max_children: it is all its processes if they are static, and the most that were ever active
 * once it has reported "max children reached"; until then it is not known. haproxy's pair is the
 * fullest of the process (CurrConns of Maxconn) and its frontends (scur of slim). */
PL_MUST_CHECK int pl_status_parse(enum pl_status_kind kind, struct pl_span text,
                                  struct pl_status *out);

PL_MUST_CHECK int pl_status_haproxy(struct pl_span text, struct pl_status *out);

/* The number behind `label` in the first line that begins with it; PL_RAW_ABSENT if there is none.
 */
uint64_t pl_status_value(struct pl_span text, const char *label);
