/* words.h - what a message says, in parts: a headline, facts with labels, links. Every provider for
 * people puts the same parts into its own form. */
#pragma once

#include "collector/codec/notify/notify.h"

enum {
    PL_NOTIFY_FACTS_MAX = 4,
    PL_NOTIFY_LINKS_MAX = 3,
    PL_NOTIFY_FACT_POINTS_MAX = 500, // of one fact, in messages for people
    PL_NOTIFY_LINES_BYTES = PL_NOTIFY_FACTS_MAX * (4 * PL_NOTIFY_FACT_POINTS_MAX + 16) + 1,
};

struct pl_notify_fact {
    const char *label; // "Owner"
    struct pl_span text;
};

/* "[PAGE] web: ...", "[ACK alex] web: ...", "[RESOLVED] web: ...", "[TEST] ..."; at most
 * PL_ALERT_TEXT_BYTES. */
void pl_notify_headline(const struct pl_notify_message *message, struct pl_text *out);
/* What is known of owner, who was paged, remedy and changes; how many. */
uint32_t pl_notify_facts(const struct pl_notify_message *message,
                         struct pl_notify_fact out[PL_NOTIFY_FACTS_MAX]);
/* Where to go on: acknowledge (while it fires), live view, runbook; the text is the address. */
uint32_t pl_notify_links(const struct pl_notify_message *message,
                         struct pl_notify_fact out[PL_NOTIFY_LINKS_MAX]);

/* The facts as plain text, a line each: "Owner: Web team\nChanges: ...", without a last line end.
 */
void pl_notify_lines(const struct pl_notify_message *message, struct pl_text *out);

/* At most `points_max` code points of `bytes` (clip.h), with & < > as entities: what Slack's mrkdwn
 * and Telegram's HTML mode want escaped. */
void pl_text_entities(struct pl_text *out, struct pl_span bytes, size_t points_max);
/* The same with " as &quot;: for XML and HTML, in attributes as well. */
void pl_text_xml(struct pl_text *out, struct pl_span in, size_t points_max);
/* `,"name":` and the text as JSON. */
void pl_text_member(struct pl_text *out, const char *name, struct pl_span text);
