/* What providers post to us: names are short texts, times are times, alerts and tokens are such. */
#include "tests/fuzz/fuzz.h"

#include "collector/codec/notify/pagerduty_event.h"
#include "collector/codec/notify/slack_action.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_pagerduty_event event;
    struct pl_slack_action action;
    struct pl_name name;
    if (pl_pagerduty_event_read((struct pl_span){data, len}, &event) == 0) {
        PL_ASSERT(event.rule < PL_RULE_COUNT && event.occurred_unix_ms >= 0);
        PL_ASSERT(pl_name_parse(pl_name_span(&event.pool), &name) == 0);
        PL_ASSERT(event.who[0] != '\0' && strlen(event.who) < sizeof event.who);
    }
    if (pl_slack_action_read((struct pl_span){data, len}, &action) == 0) {
        PL_ASSERT(action.who[0] != '\0' && strlen(action.who) < sizeof action.who);
        PL_ASSERT(strlen(action.token) < sizeof action.token);
    }
    return 0;
}
