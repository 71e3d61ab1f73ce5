#include "collector/codec/case_page.h"

#include "collector/codec/case_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"
#include "common/base/assert.h"

static void put_escaped(struct pl_text *out, struct pl_span text)
{
    pl_text_entities(out, text, PL_CLIP_POINTS_MAX);
}

static const char *phase_text(enum pl_case_phase phase)
{
    switch (phase) {
    case PL_CASE_INVESTIGATING: return "Investigating";
    case PL_CASE_IDENTIFIED: return "Identified";
    case PL_CASE_MONITORING: return "Monitoring";
    case PL_CASE_RESOLVED: return "Resolved";
    case PL_CASE_PHASE_COUNT: break;
    }
    PL_UNREACHABLE("phase");
}

/* How loud the card of a phase is: its `data-state` of style.css. */
static const char *state_of(const struct pl_case_words *w)
{
    if (w->phase == PL_CASE_RESOLVED) return "ok";
    return w->impact >= PL_CASE_IMPACT_MAJOR && w->phase != PL_CASE_MONITORING ? "act" : "watch";
}

static const char *impact_text(enum pl_case_impact impact)
{
    switch (impact) {
    case PL_CASE_IMPACT_NONE: return "no impact";
    case PL_CASE_IMPACT_MINOR: return "minor impact";
    case PL_CASE_IMPACT_MAJOR: return "major impact";
    case PL_CASE_IMPACT_CRITICAL: return "critical impact";
    case PL_CASE_IMPACT_COUNT: break;
    }
    PL_UNREACHABLE("impact");
}

static void put_head(struct pl_text *out, const char *title)
{
    pl_text_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n"
                     "<meta name=\"robots\" content=\"noindex, nofollow\">\n"
                     "<meta http-equiv=\"refresh\" content=\"60\">\n<title>");
    put_escaped(out, pl_span_of(title));
    pl_text_str(out, "</title>\n<link rel=\"icon\" href=\"data:,\">\n"
                     "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n"
                     "<body class=\"updates\">\n<main>\n<h1>");
    put_escaped(out, pl_span_of(title));
    pl_text_str(out, "</h1>\n");
}

static void put_lines(struct pl_text *out, const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        if (len > 0) {
            pl_text_str(out, "<p>");
            put_escaped(out, (struct pl_span){(const uint8_t *)at, len});
            pl_text_str(out, "</p>\n");
        }
        at += len + (at[len] == '\n');
    }
}

static void put_update(struct pl_text *out, const struct pl_case_update *u, int64_t now_unix_ms)
{
    pl_text_str(out, "<article class=\"card\" data-state=\"");
    pl_text_str(out, state_of(&u->words));
    pl_text_str(out, "\">\n<h2>");
    pl_text_str(out, phase_text(u->words.phase));
    pl_text_str(out, "</h2>\n<p class=\"facts\"><time datetime=\"");
    pl_text_rfc3339(out, u->at_unix_ms);
    pl_text_str(out, "\">");
    pl_case_time_write(out, u->at_unix_ms, now_unix_ms);
    pl_text_str(out, "</time>, ");
    pl_text_str(out, impact_text(u->words.impact));
    pl_text_str(out, "</p>\n");
    put_lines(out, u->words.text);
    pl_text_str(out, "</article>\n");
}

static void put_next(struct pl_text *out, const struct pl_case *c, const struct pl_case_update *u,
                     int64_t now_unix_ms)
{
    pl_text_str(out, "<p class=\"next\">");
    if (u->words.phase == PL_CASE_RESOLVED || !c->open) {
        pl_text_str(out, "This is over. No further update is planned.");
    } else if (u->next_unix_ms == 0 || now_unix_ms >= u->next_unix_ms) {
        pl_text_str(out, "The next update is on its way.");
    } else {
        pl_text_str(out, "Next update by <strong>");
        pl_case_time_write(out, u->next_unix_ms, now_unix_ms);
        pl_text_str(out, "</strong>.");
    }
    pl_text_str(out, "</p>\n");
}

void pl_case_page_write(struct pl_text *out, const struct pl_case *c, int64_t now_unix_ms)
{
    const struct pl_case_update *newest = pl_case_newest(c);
    put_head(out, newest ? newest->words.title : "Service updates");
    if (!newest) pl_text_str(out, "<p class=\"next\">No update has been published yet.</p>\n");
    if (newest) put_next(out, c, newest, now_unix_ms);
    for (uint32_t i = c->update_count; i > 0; i--) {
        if (c->updates[i - 1].durable) put_update(out, &c->updates[i - 1], now_unix_ms);
    }
    pl_text_str(out, "<p class=\"facts\">As of ");
    pl_case_time_write(out, now_unix_ms, now_unix_ms);
    pl_text_str(out, ". This page renews itself every minute.</p>\n</main>\n</body>\n</html>\n");
}
