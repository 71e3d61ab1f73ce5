/* twiml.h - what a call says: TwiML (https://www.twilio.com/docs/voice/twiml). */
#pragma once

#include "collector/core/alert/link.h"
#include "common/base/text.h"

enum { PL_TWIML_BYTES = 4001 };

/* <Say>words and `more`</Say> */
void pl_twiml_say(struct pl_text *out, struct pl_span words, const char *more);
/* The beginning of <Gather> for one key, which Twilio posts to `action`; empty: to where this
 * document came from. "</Gather>" ends it. */
void pl_twiml_gather(struct pl_text *out, struct pl_span action);
/* The answer to a key: how it stands with the link of the call, and who has the alert (TAKEN). GOOD
 * is a key that says nothing: it is asked for again. At most PL_TWIML_BYTES. */
void pl_twiml_answer(struct pl_text *out, enum pl_link_state state, struct pl_span holder);
