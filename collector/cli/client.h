/* client.h - a collector's API, asked with a token. Blocks; no proxy, no redirects, a limit on
 * everything. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

#include <cJSON.h>
#include <stdio.h>

enum {
    PL_CLIENT_REPLY_BYTES_MAX = 64 << 20, // 10,000 hosts with all their metrics are 16 MiB
    PL_CLIENT_CONNECT_MS = 3000,
    PL_CLIENT_TOTAL_MS = 15000,
};

#define PL_CLIENT_URL_DEFAULT   "http://127.0.0.1:7411"
#define PL_CLIENT_STATE_DEFAULT "/var/lib/plimsoll"

/* The same lines in every command's help. */
#define PL_CLIENT_OPTIONS_HELP                                                                     \
    "  --url URL    where the collector's pages are (else PLIMSOLL_URL, else\n"                    \
    "               " PL_CLIENT_URL_DEFAULT ")\n"                                                  \
    "  --state DIR  the collector's state directory, whose token opens the API (else\n"            \
    "               PLIMSOLL_STATE, else " PL_CLIENT_STATE_DEFAULT "). PLIMSOLL_TOKEN_FILE\n"      \
    "               names a file with a token of 'plimsoll apitoken new' instead\n"

struct pl_client {
    void *curl; // owned: the handle, kept for its connection
    char base[1024];
    char token[256];   // secret; empty: none was found
    char problem[512]; // about finding it, for people
    char header[128];  // one more line for each request; empty: none
};

struct pl_reply {
    char *text; // owned, NUL-terminated; release with free()
    size_t len;
};

/* PLIMSOLL_URL, or the default. */
const char *pl_client_url(void);
/* `url`: where the collector's HTTP is, with or without a final '/'. `state`: of --state, or NULL.
 * An exit status: PL_EXIT_OK, or PL_EXIT_USAGE or PL_EXIT_FAILURE with the reason on stderr. */
PL_MUST_CHECK int pl_client_init(struct pl_client *client, const char *url, const char *state);
void pl_client_fini(struct pl_client *client);

/* GET `path` ("/api/v1/pools"). An exit status: PL_EXIT_OK with `*reply` filled, or
 * PL_EXIT_UNREACHABLE, or PL_EXIT_FAILURE for an answer other than 200; the reason is then on
 * stderr and `*reply` untouched. */
PL_MUST_CHECK int pl_client_get(struct pl_client *client, const char *path, struct pl_reply *reply);
struct pl_client_wish {
    const char *url, *state; // as pl_client_init()
    bool as_json;
    void (*print)(const cJSON *answer, FILE *out); // of pl_client_show()
};
/* One question by itself. `*out` becomes the JSON object that comes back, owned by the caller; NULL
 * if there was none or something went wrong. With `as_json` it is printed as it is. An exit status;
 * what went wrong is on stderr. */
PL_MUST_CHECK int pl_client_ask(const struct pl_client_wish *wish, const char *method,
                                const char *path, const char *body, cJSON **out);
/* A change whose answer is of no use but that it was done. */
PL_MUST_CHECK int pl_client_change(const struct pl_client_wish *wish, const char *method,
                                   const char *path, const char *body);
/* GET `path` and show the JSON object that comes back: with `print`, or as it is. An exit status;
 * what went wrong is on stderr. */
PL_MUST_CHECK int pl_client_show(const struct pl_client_wish *wish, const char *path);
/* The same as pl_client_get() with another method, and a JSON body (NULL: none); good are 200, 201
 * and 204. The text of a reply without a body is NULL. */
PL_MUST_CHECK int pl_client_send(struct pl_client *client, const char *method, const char *path,
                                 const char *body, struct pl_reply *reply);
