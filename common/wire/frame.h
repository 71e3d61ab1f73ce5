/* frame.h - the envelope of everything between agent and collector.
 *
 *      0      1      2         3      4      5      6      7      8 ...
 *     +------+------+---------+------+------+------+------+------+--------
 *     | 'P'  | 'l'  | version | type |   body length, big-endian  | body
 *     +------+------+---------+------+------+------+------+------+--------
 *
 * A type this program does not know is skipped by its length, so new ones need no flag day. A body
 * over PL_FRAME_BODY_MAX is refused from the header, before anything is buffered for it. */
#pragma once

#include "common/base/base.h"
#include "common/base/bytes.h"

#include <sys/types.h>

enum {
    PL_FRAME_MAGIC = 'P' << 8 | 'l',
    PL_FRAME_VERSION = 1,
    PL_FRAME_HEADER_BYTES = 8,
    PL_FRAME_TYPE_AT = 3,
    PL_FRAME_BODY_MAX = 4096,
    PL_FRAME_BYTES_MAX = PL_FRAME_HEADER_BYTES + PL_FRAME_BODY_MAX,
};

enum pl_frame_type {
    PL_FRAME_HELLO = 1,     // agent -> collector
    PL_FRAME_WELCOME = 2,   // collector -> agent
    PL_FRAME_REFUSE = 3,    // collector -> agent, then it closes
    PL_FRAME_KEY = 4,       // agent -> collector
    PL_FRAME_DELTA = 5,     // agent -> collector
    PL_FRAME_ACK = 6,       // collector -> agent
    PL_FRAME_DIRECTIVE = 7, // collector -> agent
    PL_FRAME_PROOF = 8,     // agent -> collector; 8 to 11 only under TLS
    PL_FRAME_JOIN = 9,      // agent -> collector
    PL_FRAME_ROTATE = 10,   // agent -> collector
    PL_FRAME_JOINED = 11,   // collector -> agent
    PL_FRAME_LISTENER = 12, // agent -> collector
    PL_FRAME_CHANGE = 13,   // agent -> collector
    PL_FRAME_SERVICE = 14,  // agent -> collector
    PL_FRAME_CHECK = 15,    // agent -> collector
    PL_FRAME_CHECKED = 16,  // collector -> agent
    PL_FRAME_REKEY = 17,    // collector -> agent
};

struct pl_frame {
    uint8_t type;
    struct pl_span body; // borrows from the input
};

/* Parse the first frame of `in`. Returns the bytes consumed (> 0, `*out` filled), 0 when more are
 * needed, or PL_E_MAGIC / PL_E_VERSION / PL_E_TOO_BIG, each as soon as its bytes are there. Never
 * allocates. */
PL_MUST_CHECK ssize_t pl_frame_parse(struct pl_span in, struct pl_frame *out);

/* Start a frame: writes the header with an empty length, returns where it began. */
size_t pl_frame_begin(struct pl_writer *w, enum pl_frame_type type);
/* Fill in the length of the frame begun at `at`. A body over PL_FRAME_BODY_MAX sets w->err to
 * PL_E_FULL. Nothing happens if w already failed. */
void pl_frame_end(struct pl_writer *w, size_t at);
