/* json_change.h - what changed on the hosts, as the API tells it. */
#pragma once

#include "collector/codec/json_view.h"

enum { PL_JSON_CHANGES_MAX = 200 }; // the newest; "changes_total" says how many there are

/* Which changes are asked for. */
struct pl_json_changes {
    uint32_t pool, host; // index, or PL_NO_INDEX: of all
    int64_t since_unix_ms;
};

/* /api/v1/changes: newest first. */
void pl_json_changes(struct pl_text *out, const struct pl_view *view,
                     const struct pl_json_changes *wish);
/* Inside an alert: ",\"changes\":[...]", what changed in its pool, alike changes together. */
void pl_json_pool_changes(struct pl_text *out, const struct pl_view *view, uint32_t pool);
