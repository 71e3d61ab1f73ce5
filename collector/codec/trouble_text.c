#include "collector/codec/trouble_text.h"

#include "collector/codec/json_put.h"

static const char *const texts[PL_TROUBLE_COUNT] = {
    [PL_TROUBLE_UNHEARD] =
        "a page has reached nobody: no notifier of its pool takes it; the deliveries "
        "of the alert say why. Tell people in another way",
    [PL_TROUBLE_DISK] =
        "Redis cannot write to its disk: paging goes on, nothing more is kept until "
        "there is room; agents hold the last 15 minutes",
    [PL_TROUBLE_REFUSED] =
        "Redis refuses to store: paging goes on, what is refused is tried again; "
        "the collector's log has the reason",
    [PL_TROUBLE_AWAY] =
        "Redis is away: live data and paging go on, charts of the past and a restart "
        "do without it",
    [PL_TROUBLE_DROPPED] =
        "the queue in front of Redis was full: samples left it and are asked for "
        "again, older ones than 15 minutes are lost",
    [PL_TROUBLE_TILT] = "a clock jumped: samples are collected, but for half a minute no rule acts",
    [PL_TROUBLE_RESTARTED] = "the collector's own Redis ended and was started again",
    [PL_TROUBLE_FORGETS] = "Redis keeps no append-only file: if it ends, what it held is gone",
    [PL_TROUBLE_HEARTBEAT] =
        "the heartbeat is not accepted: whoever watches this collector may page "
        "although it works; the log has the answer",
};

void pl_json_notes(struct pl_text *out, const char *key, const struct pl_troubles *troubles)
{
    bool first = true;
    pl_text_str(out, key);
    for (int n = 0; n < PL_TROUBLE_COUNT; n++) {
        if (troubles->since_unix_ms[n] == 0) continue;
        pl_text_str(out, first ? "[{\"kind\":\"" : ",{\"kind\":\"");
        pl_text_str(out, pl_trouble_name((enum pl_trouble)n));
        pl_json_put_time(out, "\",\"since\":", troubles->since_unix_ms[n]);
        pl_text_str(out, ",\"text\":");
        pl_text_json(out, pl_span_of(texts[n]));
        pl_text_char(out, '}');
        first = false;
    }
    pl_text_str(out, first ? "[]" : "]");
}
