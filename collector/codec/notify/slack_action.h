/* slack_action.h - somebody pressed the button of a Slack message
 * (https://docs.slack.dev/interactivity/handling-user-interaction). */
#pragma once

#include "collector/codec/ack_token.h"
#include "collector/codec/notify/provider.h"

struct pl_slack_action {
    char token[PL_ACK_TOKEN_CHARS + 1]; // of the link that the button carries; not checked
    char who[PL_NOTIFY_WHO_BYTES];      // as Slack calls them
};

/* The field `payload` of the form. 0; PL_E_NOT_FOUND: no button of ours was pressed; PL_E_SYNTAX:
 * it is no payload. */
PL_MUST_CHECK int pl_slack_action_read(struct pl_span payload, struct pl_slack_action *out);
