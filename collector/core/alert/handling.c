#include "collector/core/alert/handling.h"

#include "common/base/assert.h"
#include "common/base/err.h"

#include <string.h>

const char *pl_hold_name(enum pl_hold hold)
{
    switch (hold) {
    case PL_HOLD_NONE: return "none";
    case PL_HOLD_ACKNOWLEDGED: return "acknowledged";
    case PL_HOLD_SNOOZED: return "snoozed";
    case PL_HOLD_COUNT: break;
    }
    PL_UNREACHABLE("hold");
}

void pl_said_copy(char *out, size_t cap, struct pl_span said)
{
    size_t len = PL_MIN(said.len, cap - 1);
    /* Not in the middle of a character: what is cut off must not begin with a continuation. */
    while (len < said.len && len > 0 && (said.ptr[len] & 0xc0) == 0x80) len--;
    for (size_t i = 0; i < len; i++) {
        out[i] = said.ptr[i] < 0x20 || said.ptr[i] == 0x7f ? ' ' : (char)said.ptr[i];
    }
    out[len] = '\0';
}

static void add_note(struct pl_handling *h, struct pl_span by, struct pl_span text, int64_t unix_ms)
{
    if (h->note_count == PL_NOTES_MAX) {
        h->note_count--;
        memmove(&h->notes[0], &h->notes[1], h->note_count * sizeof h->notes[0]);
    }
    struct pl_note *note = &h->notes[h->note_count++];
    note->at_unix_ms = unix_ms;
    pl_said_copy(note->by, sizeof note->by, by);
    pl_said_copy(note->text, sizeof note->text, text);
}

int pl_handling_apply(struct pl_handling *h, const struct pl_handle_request *request,
                      int64_t now_unix_ms)
{
    bool holds = request->act == PL_HANDLE_ACKNOWLEDGE || request->act == PL_HANDLE_SNOOZE;
    int64_t for_ms = request->for_ms == 0 ? PL_ACK_MS : request->for_ms;
    if (request->by.len == 0) return PL_E_RANGE;
    if (holds && (for_ms < PL_HOLD_MIN_MS || for_ms > PL_HOLD_MAX_MS)) return PL_E_RANGE;
    if (holds) {
        bool snoozes = request->act == PL_HANDLE_SNOOZE;
        h->hold = snoozes ? PL_HOLD_SNOOZED : PL_HOLD_ACKNOWLEDGED;
        pl_said_copy(h->by, sizeof h->by, request->by);
        h->since_unix_ms = now_unix_ms;
        h->until_unix_ms = now_unix_ms + for_ms;
    } else if (request->act == PL_HANDLE_RELEASE) {
        h->hold = PL_HOLD_NONE;
        h->until_unix_ms = PL_MIN(h->until_unix_ms, now_unix_ms);
    } else if (request->act == PL_HANDLE_ASSIGN) {
        pl_said_copy(h->assignee, sizeof h->assignee, request->assignee);
    }
    if (request->note.len > 0) add_note(h, request->by, request->note, now_unix_ms);
    return 0;
}

bool pl_handling_expire(struct pl_handling *h, int64_t now_unix_ms)
{
    if (h->hold == PL_HOLD_NONE || now_unix_ms < h->until_unix_ms) return false;
    h->hold = PL_HOLD_NONE;
    return true;
}

bool pl_handling_any(const struct pl_handling *h)
{
    return h->since_unix_ms != 0 || h->assignee[0] != '\0' || h->note_count > 0;
}
