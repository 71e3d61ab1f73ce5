/* json_case.h - cases as JSON: all of them and one for us, and what customers and subscribers may
 * know, in the words of Statuspage and cState. */
#pragma once

#include "collector/codec/json_view.h"
#include "collector/core/incident/cases.h"

struct pl_case_view {
    const struct pl_cases *cases;   // borrowed
    const struct pl_engine *engine; // borrowed
    struct pl_span external_url;    // with its final '/'
    int64_t now_unix_ms;
};

enum { PL_CASE_URL_BYTES = 512 };
/* Where customers read on: "https://.../updates/<link>". */
void pl_case_url_write(struct pl_text *out, struct pl_span external_url, const struct pl_case *c);

/* {"now":...,"cases":[...]}: the newest first, those that are open before the others. */
void pl_json_cases(struct pl_text *out, const struct pl_case_view *view);
/* One with all that is known of it. `secret_of`: number of a subscriber whose secret is shown, this
 * once; 0: of none. */
void pl_json_case(struct pl_text *out, const struct pl_case_view *view, const struct pl_case *c,
                  uint32_t secret_of);
/* The draft that waits, or one proposed from what is known now (`"saved":false`). */
void pl_json_case_draft(struct pl_text *out, const struct pl_case_view *view,
                        const struct pl_case *c, bool fresh);
/* What is published, as Statuspage has it: the updates from number `from` to `to`, newest first;
 * 0, 0: all of them. null if there are none. */
struct pl_incident_span {
    uint32_t from, to;
};
void pl_json_incident(struct pl_text *out, const struct pl_case *c, struct pl_span url,
                      struct pl_incident_span span);
