#include "collector/codec/notify/twiml.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/notify/clip.h"
#include "collector/codec/notify/words.h"

enum { SPOKEN_POINTS_MAX = 300 };

void pl_twiml_say(struct pl_text *out, struct pl_span words, const char *more)
{
    pl_text_str(out, "<Say>");
    pl_text_xml(out, words, SPOKEN_POINTS_MAX);
    pl_text_str(out, more);
    pl_text_str(out, "</Say>");
}

void pl_twiml_gather(struct pl_text *out, struct pl_span action)
{
    pl_text_str(out, "<Gather numDigits=\"1\" timeout=\"8\" method=\"POST\"");
    if (action.len > 0) {
        pl_text_str(out, " action=\"");
        pl_text_xml(out, action, PL_CLIP_POINTS_MAX);
        pl_text_char(out, '"');
    }
    pl_text_char(out, '>');
}

void pl_twiml_answer(struct pl_text *out, enum pl_link_state state, struct pl_span holder)
{
    static const char *const words[PL_LINK_STATE_COUNT] = {
        [PL_LINK_GOOD] = "Nothing is acknowledged. Press 1 to acknowledge.",
        [PL_LINK_TAKEN] = " has it. Good night.",
        [PL_LINK_USED] = "Somebody had this since, and it fires on. A newer call asks again.",
        [PL_LINK_OVER] = "This is over. Good night.",
        [PL_LINK_EXPIRED] = "This call is too old.",
    };
    pl_text_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>");
    if (state == PL_LINK_GOOD) pl_twiml_gather(out, (struct pl_span){NULL, 0});
    if (state == PL_LINK_MINE) {
        char text[128];
        struct pl_text mine = pl_text_init(text, sizeof text);
        pl_text_str(&mine, "You have it. Pages stop for ");
        pl_duration_write(PL_ACK_MS, &mine);
        pl_twiml_say(out, pl_text_bytes(&mine), ".");
    } else {
        pl_twiml_say(out, state == PL_LINK_TAKEN ? holder : (struct pl_span){NULL, 0},
                     words[state]);
    }
    if (state == PL_LINK_GOOD) pl_text_str(out, "</Gather>");
    pl_text_str(out, "</Response>\n");
}
