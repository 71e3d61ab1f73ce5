/* json_service.h - the watched service of a host, and what is to be done where it hides others.
 *
 * A proxy (nginx, haproxy) passes work on. Unless agent.service of its host names what does the
 * work, agents tell no service.cpu for it, and how much the service behind it may use is unknown:
 * people are told so, with the line that ends it. */
#pragma once

#include "collector/core/observe/fleet.h"
#include "common/base/text.h"

/* True if the service of `host` passes work on to one whose limits are not known. */
bool pl_service_hides(const struct pl_host *host);
/* What that means, and what to write into agent.yaml: sentences for people. */
void pl_service_hint_write(const struct pl_host *host, struct pl_text *out);
/* ,"service":{"name":...,"hint":...}; the hint only where one is due, nothing without a service. */
void pl_json_put_service(struct pl_text *out, const struct pl_host *host);
