#include "agent/core/status.h"

#include "common/base/assert.h"
#include "common/base/err.h"

static const struct pl_status unknown = {PL_RAW_ABSENT, PL_RAW_ABSENT, PL_RAW_ABSENT, PL_RAW_ABSENT,
                                         PL_RAW_ABSENT};

/* The rest of the first line that begins with `label`. */
static bool find_line(struct pl_span text, const char *label, struct pl_span *rest)
{
    size_t len = strlen(label);
    while (pl_scan_line(&text, rest)) {
        if (rest->len < len || memcmp(rest->ptr, label, len) != 0) continue;
        *rest = (struct pl_span){rest->ptr + len, rest->len - len};
        return true;
    }
    return false;
}

uint64_t pl_status_value(struct pl_span text, const char *label)
{
    struct pl_span rest;
    return find_line(text, label, &rest) ? pl_scan_next(&rest) : PL_RAW_ABSENT;
}

/* Active connections: 291
 * server accepts handled requests
 *  16630948 16630948 31070465
 * Reading: 6 Writing: 179 Waiting: 106
 *
 * Waiting are idle keep-alive connections, and those that have not sent a byte yet. */
static int parse_nginx(struct pl_span text, struct pl_status *out)
{
    struct pl_span line, word;
    struct pl_status found = unknown;
    if (pl_status_value(text, "Active connections: ") == PL_RAW_ABSENT) return PL_E_SYNTAX;
    while (pl_scan_line(&text, &line) && !pl_scan_word(&line, &word)) {
    }
    while (pl_scan_line(&text, &line)) {
        if (!pl_scan_word(&line, &word)) continue;
        if (pl_span_is(word, "server") && pl_scan_line(&text, &line)) {
            (void)pl_scan_next(&line); // accepted
            (void)pl_scan_next(&line); // handled
            found.requests = pl_scan_next(&line);
        } else if (pl_span_is(word, "Reading:")) {
            uint64_t reading = pl_scan_next(&line);
            if (!pl_scan_word(&line, &word) || !pl_span_is(word, "Writing:")) return PL_E_SYNTAX;
            uint64_t writing = pl_scan_next(&line);
            if (reading > INT32_MAX || writing > INT32_MAX) return PL_E_RANGE;
            found.active = reading + writing;
        }
    }
    if (found.requests == PL_RAW_ABSENT || found.active == PL_RAW_ABSENT) return PL_E_SYNTAX;
    *out = found;
    return 0;
}

/* The scoreboard has one letter for each worker there may be. S and I are workers that come and go;
 * K holds an idle keep-alive connection, which takes a worker but is no request, like C. */
static int parse_apache(struct pl_span text, struct pl_status *out)
{
    struct pl_span board;
    struct pl_status found = unknown;
    found.requests = pl_status_value(text, "Total Accesses:"); // with ExtendedStatus only
    if (!find_line(text, "Scoreboard: ", &board) || board.len == 0) return PL_E_SYNTAX;
    if (board.len > INT32_MAX) return PL_E_RANGE;
    found.busy = found.active = 0;
    found.max = board.len;
    for (size_t i = 0; i < board.len; i++) {
        switch (board.ptr[i]) {
        case 'R':
        case 'W':
        case 'D':
        case 'L':
        case 'G':
            found.active++;
            found.busy++;
            break;
        case 'K':
        case 'C': found.busy++; break;
        case '_':
        case '.':
        case 'S':
        case 'I': break;
        default: return PL_E_SYNTAX;
        }
    }
    *out = found;
    return 0;
}

static int parse_php_fpm(struct pl_span text, struct pl_status *out)
{
    struct pl_span manager, word;
    uint64_t total = pl_status_value(text, "total processes:");
    uint64_t most = pl_status_value(text, "max active processes:");
    uint64_t reached = pl_status_value(text, "max children reached:");
    struct pl_status found = unknown;
    found.requests = pl_status_value(text, "accepted conn:");
    found.active = found.busy = pl_status_value(text, "active processes:");
    if (!find_line(text, "process manager:", &manager) || !pl_scan_word(&manager, &word) ||
        found.requests == PL_RAW_ABSENT || found.busy == PL_RAW_ABSENT || total == PL_RAW_ABSENT)
        return PL_E_SYNTAX;
    if (found.busy > INT32_MAX || total > INT32_MAX) return PL_E_RANGE;
    /* A queue of length 0 is one php-fpm cannot look into: that of a Unix socket. */
    uint64_t room = pl_status_value(text, "listen queue len:");
    if (room != 0 && room != PL_RAW_ABSENT) found.waiting = pl_status_value(text, "listen queue:");
    if (found.waiting != PL_RAW_ABSENT && found.waiting > INT32_MAX) return PL_E_RANGE;
    if (pl_span_is(word, "static"))
        found.max = PL_MAX(total, 1u);
    else if (reached != PL_RAW_ABSENT && reached > 0 && most > 0 && most <= INT32_MAX)
        found.max = PL_MAX(most, total);
    *out = found;
    return 0;
}

int pl_status_parse(enum pl_status_kind kind, struct pl_span text, struct pl_status *out)
{
    switch (kind) {
    case PL_STATUS_HAPROXY: return pl_status_haproxy(text, out);
    case PL_STATUS_NGINX: return parse_nginx(text, out);
    case PL_STATUS_APACHE: return parse_apache(text, out);
    case PL_STATUS_PHP_FPM: return parse_php_fpm(text, out);
    case PL_STATUS_KIND_COUNT: break;
    }
    PL_UNREACHABLE("kind of status");
}
