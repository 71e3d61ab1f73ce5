/* client.h - GET from a collector's API. Blocks; no proxy, no redirects, a limit on everything. */
#pragma once

#include "common/base/base.h"
#include "common/base/span.h"

enum {
    PL_CLIENT_REPLY_BYTES_MAX = 64 << 20, // 10,000 hosts with all their metrics are 16 MiB
    PL_CLIENT_CONNECT_MS = 3000,
    PL_CLIENT_TOTAL_MS = 15000,
};

#define PL_CLIENT_URL_DEFAULT "http://127.0.0.1:7411"

struct pl_client {
    void *curl; // owned: the handle, kept for its connection
    char base[1024];
};

struct pl_reply {
    char *text; // owned, NUL-terminated; release with free()
    size_t len;
};

/* `url`: where the collector's HTTP is, with or without a final '/'. 0, PL_E_SYNTAX for anything
 * but http:// or https://, PL_E_TOO_BIG, -ENOMEM. */
PL_MUST_CHECK int pl_client_init(struct pl_client *client, const char *url);
void pl_client_fini(struct pl_client *client);

/* GET `path` ("/api/v1/pools"). An exit status: PL_EXIT_OK with `*reply` filled, or
 * PL_EXIT_UNREACHABLE, or PL_EXIT_FAILURE for an answer other than 200; the reason is then on
 * stderr and `*reply` untouched. */
PL_MUST_CHECK int pl_client_get(struct pl_client *client, const char *path, struct pl_reply *reply);
