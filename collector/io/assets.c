#include "collector/io/assets.h"

const struct pl_asset *pl_asset_find(struct pl_span path)
{
    if (pl_span_is(path, "/")) path = pl_span_of("/index.html");
    for (size_t i = 0; i < pl_asset_count; i++)
        if (pl_span_is(path, pl_assets[i].path)) return &pl_assets[i];
    return NULL;
}

static const struct pl_asset_variant *choose(const struct pl_asset *asset, struct pl_span accept)
{
    const struct pl_asset_variant *best = &asset->variants[PL_LEN(asset->variants) - 1];
    for (size_t i = 0; i + 1 < PL_LEN(asset->variants); i++) {
        const struct pl_asset_variant *v = &asset->variants[i];
        if (v->bytes.len < best->bytes.len && pl_http_accepts(accept, v->encoding)) best = v;
    }
    return best;
}

struct pl_http_reply pl_asset_reply(const struct pl_asset *asset,
                                    const struct pl_http_request *request)
{
    const struct pl_asset_variant *v = choose(asset, request->accept_encoding);
    struct pl_http_reply reply = {
        .status = 304, .cache_control = "no-cache", .etag = v->etag, .vary = true};
    if (pl_http_etag_matches(request->if_none_match, pl_span_of(v->etag))) return reply;
    reply.status = 200;
    reply.content_type = asset->content_type;
    reply.encoding = v->encoding;
    reply.body = v->bytes;
    return reply;
}
