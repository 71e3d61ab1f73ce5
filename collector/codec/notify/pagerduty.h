/* pagerduty.h - a page as an event of PagerDuty's Events API v2: a trigger, or the resolve of it.
 *
 * The alert's identity is the dedup_key: a second trigger of a key joins the open incident, so a
 * page that arrives twice wakes nobody twice. The routing key is in the body; there is no other
 * authentication. Limits: summary 1,024 characters, dedup_key 255, body 512 KB
 * (developer.pagerduty.com, "Send an alert event"). */
#pragma once

#include "collector/codec/notify/notify.h"

void pl_pagerduty_write(const struct pl_notify_target *target, const struct pl_page *page,
                        struct pl_text *out);
