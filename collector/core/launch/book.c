#include "collector/core/launch/book.h"

#include "common/base/assert.h"
#include "common/base/err.h"

const char *pl_launch_event_word(enum pl_launch_event event)
{
    switch (event) {
    case PL_LAUNCH_EVENT_MADE: return "registered";
    case PL_LAUNCH_EVENT_CHANGED: return "changed";
    case PL_LAUNCH_EVENT_ANNOUNCED: return "announced";
    case PL_LAUNCH_EVENT_CANCELLED: return "cancelled";
    case PL_LAUNCH_EVENT_STATE: return "state";
    case PL_LAUNCH_EVENT_VERDICT: return "verdict";
    case PL_LAUNCH_EVENT_COUNT: break;
    }
    PL_UNREACHABLE("event of a launch");
}

uint32_t pl_launch_find(const struct pl_launch_book *b, const struct pl_name *id)
{
    for (uint32_t i = 0; i < b->used_max; i++) {
        if (b->entries[i].used && pl_name_eq(&b->entries[i].launch.id, id)) return i;
    }
    return PL_NO_INDEX;
}

uint32_t pl_launch_find_key(const struct pl_launch_book *b, uint64_t key)
{
    for (uint32_t i = 0; i < b->used_max && key != 0; i++) {
        if (b->entries[i].used && b->entries[i].idempotency_key == key) return i;
    }
    return PL_NO_INDEX;
}

int pl_launch_place(struct pl_launch_book *b, uint32_t *index, struct pl_name *dropped)
{
    uint32_t best = PL_NO_INDEX;
    for (uint32_t i = 0; i < PL_LAUNCH_MAX; i++) {
        const struct pl_launch_entry *e = &b->entries[i];
        if (!e->used) {
            best = i;
            break;
        }
        if (pl_launch_is_open(e->course.state)) continue;
        bool older =
            best == PL_NO_INDEX || e->course.state_unix_ms < b->entries[best].course.state_unix_ms;
        if (older) best = i;
    }
    if (best == PL_NO_INDEX) return PL_E_FULL;
    if (b->entries[best].used) *dropped = b->entries[best].launch.id;
    b->entries[best] = (struct pl_launch_entry){.used = true};
    b->used_max = PL_MAX(b->used_max, best + 1);
    *index = best;
    return 0;
}

void pl_launch_log(struct pl_launch_entry *e, const struct pl_launch_note *note)
{
    if (e->log_count == PL_LAUNCH_LOG_MAX) {
        memmove(&e->log[0], &e->log[1], (PL_LAUNCH_LOG_MAX - 1) * sizeof e->log[0]);
        e->log_count--;
    }
    e->log[e->log_count++] = *note;
}

void pl_launch_revise(struct pl_launch_entry *e, const struct pl_launch *l, int64_t now_unix_ms)
{
    bool is_new = e->launch.id.len == 0;
    bool moved = !is_new && pl_launch_begins_unix_ms(&e->launch) != pl_launch_begins_unix_ms(l);
    uint32_t revision = is_new ? 1 : e->launch.revision + 1;
    int64_t created_ms = is_new ? now_unix_ms : e->launch.created_unix_ms;
    e->launch = *l;
    e->launch.revision = revision;
    e->launch.created_unix_ms = created_ms;
    e->launch.changed_unix_ms = now_unix_ms;
    if (is_new) e->course = pl_launch_course_init(now_unix_ms);
    e->course.judged_unix_ms = 0;                    // asked for anew, and told if it is bad
    if (moved && e->course.state < PL_LAUNCH_LIVE) { // its phases come again
        e->course.checks = 0;
        e->course.state = PL_LAUNCH_SCHEDULED;
    }
    struct pl_launch_note note = {.event = is_new ? PL_LAUNCH_EVENT_MADE : PL_LAUNCH_EVENT_CHANGED,
                                  .revision = revision,
                                  .unix_ms = now_unix_ms,
                                  .state = e->course.state};
    memcpy(note.author, l->author, sizeof note.author);
    memcpy(note.reason, l->reason, sizeof note.reason);
    pl_launch_log(e, &note);
}
