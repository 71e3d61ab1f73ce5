/* pagerduty_event.h - what PagerDuty tells us: a version 3 webhook
 * (https://developer.pagerduty.com/docs/webhooks-overview). */
#pragma once

#include "collector/codec/notify/provider.h"

struct pl_pagerduty_event {
    enum pl_rule rule; // with `pool`: the alert whose incident somebody acknowledged
    struct pl_name pool;
    int64_t occurred_unix_ms;
    char who[PL_NOTIFY_WHO_BYTES]; // as PagerDuty calls them
};

/* 0 for an incident of ours that a person acknowledged. PL_E_NOT_FOUND: it tells of something else
 * (another event, another integration's incident, or our own acknowledgement coming back);
 * PL_E_SYNTAX: it is no event. */
PL_MUST_CHECK int pl_pagerduty_event_read(struct pl_span body, struct pl_pagerduty_event *out);
