/* assets.h - the dashboard's files, embedded in the program by collector/web/embed.c.
 *
 * Each file is there raw, with gzip and with brotli, each variant under its own strong ETag. All
 * are served with Cache-Control: no-cache, so a browser asks every time, gets a 304 of a few bytes,
 * and never runs yesterday's script against today's API. */
#pragma once

#include "collector/codec/http.h"
#include "collector/codec/http_reply.h"

struct pl_asset_variant {
    const char *encoding; // Content-Encoding; NULL: as it is
    const char *etag;     // with its quotes
    struct pl_span bytes; // static storage
};

struct pl_asset {
    const char *path;                    // "/app.js"
    const char *content_type;            // static storage
    struct pl_asset_variant variants[3]; // brotli, gzip, identity
};

/* The generated table, `pl_asset_count` items. */
extern const struct pl_asset pl_assets[];
extern const size_t pl_asset_count;

/* The file at `path` ("/" is "/index.html"), or NULL. */
const struct pl_asset *pl_asset_find(struct pl_span path);

/* The answer to a GET or HEAD of it: the smallest variant the client takes, or a 304. */
struct pl_http_reply pl_asset_reply(const struct pl_asset *asset,
                                    const struct pl_http_request *request);
