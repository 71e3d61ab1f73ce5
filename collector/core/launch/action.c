#include "collector/core/launch/action.h"

#include "collector/core/launch/life.h"
#include "common/base/assert.h"

#define WORDS(name, type, LIST)                                                                    \
    const char *name(type value)                                                                   \
    {                                                                                              \
        static const char *const words[] = {LIST(WORD)};                                           \
        PL_ASSERT((size_t)value < PL_LEN(words));                                                  \
        return words[value];                                                                       \
    }
#define WORD(id, word) word,
WORDS(pl_hook_kind_word, enum pl_hook_kind, PL_HOOK_KIND_LIST)
WORDS(pl_hook_on_word, enum pl_hook_on, PL_HOOK_ON_LIST)
WORDS(pl_action_state_word, enum pl_action_state, PL_ACTION_STATE_LIST)
WORDS(pl_action_deed_word, enum pl_action_deed, PL_ACTION_DEED_LIST)
#undef WORD
#undef WORDS

bool pl_action_is_consent(enum pl_action_deed deed)
{
    return deed == PL_ACTION_CONSENT || deed == PL_ACTION_WITHDRAW;
}

uint32_t pl_action_find(const struct pl_actions *a, const struct pl_name *launch,
                        const struct pl_name *hook)
{
    for (uint32_t i = 0; i < PL_ACTIONS_MAX; i++) {
        const struct pl_action *item = &a->items[i];
        if (item->launch.len > 0 && pl_name_eq(&item->launch, launch) &&
            pl_name_eq(&item->hook, hook))
            return i;
    }
    return PL_NO_INDEX;
}

uint32_t pl_action_place(struct pl_actions *a, const struct pl_name *launch,
                         const struct pl_name *hook)
{
    uint32_t found = pl_action_find(a, launch, hook);
    for (uint32_t i = 0; found == PL_NO_INDEX && i < PL_ACTIONS_MAX; i++)
        if (a->items[i].launch.len == 0) found = i;
    if (found != PL_NO_INDEX && a->items[found].launch.len == 0)
        a->items[found] = (struct pl_action){.launch = *launch, .hook = *hook};
    return found;
}

static void enter(struct pl_action *a, enum pl_action_state state, int64_t now_unix_ms)
{
    a->state = state;
    a->since_unix_ms = now_unix_ms;
}

static void set_name(char out[PL_LAUNCH_AUTHOR_BYTES], const char *by)
{
    struct pl_text t = pl_text_init(out, PL_LAUNCH_AUTHOR_BYTES);
    pl_text_str(&t, by); // cut where it is long
}

static const char *arm(struct pl_action *a, const char *by, int64_t now_unix_ms)
{
    switch (a->state) {
    case PL_ACTION_OFF:
    case PL_ACTION_FAILED:
    case PL_ACTION_UNKNOWN:
    case PL_ACTION_UNDONE:
        set_name(a->armed_by, by);
        a->arming++;
        enter(a, PL_ACTION_ARMED, now_unix_ms);
        return NULL;
    case PL_ACTION_ARMED: return "it is armed already";
    case PL_ACTION_INTENT:
    case PL_ACTION_SENDING:
    case PL_ACTION_UNDO_INTENT:
    case PL_ACTION_UNDOING: return "a call is being made; wait for its answer";
    case PL_ACTION_DONE:
    case PL_ACTION_UNDO_FAILED: return "it is done; undo it first";
    case PL_ACTION_STATE_COUNT: break;
    }
    PL_UNREACHABLE("state of an action");
}

static const char *fire(struct pl_action *a, struct pl_allowance *budget,
                        const struct pl_hook *hook, struct pl_now now)
{
    if (!a->consented) return "whose launch it is has not consented";
    if (a->state != PL_ACTION_ARMED) return "it is not armed";
    if (pl_allowance_take(budget, &hook->budget, now.mono_ms) > 0)
        return "as many calls as this hook may make in an hour were made";
    enter(a, PL_ACTION_INTENT, now.unix_ms); // the arming is used up
    return NULL;
}

static const char *undo(struct pl_action *a, const struct pl_hook *hook, int64_t now_unix_ms)
{
    bool is_done = a->state == PL_ACTION_DONE || a->state == PL_ACTION_UNKNOWN ||
                   a->state == PL_ACTION_UNDO_FAILED;
    if (!hook->has_undo) return "nothing is defined that undoes it";
    if (!is_done) return "there is nothing to undo";
    enter(a, PL_ACTION_UNDO_INTENT, now_unix_ms);
    return NULL;
}

const char *pl_action_do(struct pl_action *a, const struct pl_hook *hook,
                         const struct pl_action_order *order, struct pl_allowance *budget,
                         struct pl_now now)
{
    switch (order->deed) {
    case PL_ACTION_CONSENT:
        a->consented = true;
        set_name(a->consented_by, order->by);
        return NULL;
    case PL_ACTION_WITHDRAW:
        a->consented = false;
        set_name(a->consented_by, "");
        if (a->state == PL_ACTION_ARMED) enter(a, PL_ACTION_OFF, now.unix_ms);
        return NULL;
    case PL_ACTION_ARM: return arm(a, order->by, now.unix_ms);
    case PL_ACTION_DISARM:
        if (a->state != PL_ACTION_ARMED) return "it is not armed";
        enter(a, PL_ACTION_OFF, now.unix_ms);
        return NULL;
    case PL_ACTION_FIRE: return fire(a, budget, hook, now);
    case PL_ACTION_UNDO: return undo(a, hook, now.unix_ms);
    case PL_ACTION_DEED_COUNT: break;
    }
    PL_UNREACHABLE("deed");
}

static bool is_its_moment(const struct pl_hook *hook, const struct pl_action_sight *sight)
{
    if (!pl_launch_is_watched(sight->state)) return false;
    switch (hook->on) {
    case PL_HOOK_BY_HAND: return false;
    case PL_HOOK_ON_ARMED: return true;
    case PL_HOOK_ON_TIGHT:
        return sight->is_known && sight->headroom * 1000000 <= hook->headroom_ppm;
    case PL_HOOK_ON_COUNT: break;
    }
    PL_UNREACHABLE("moment of a hook");
}

bool pl_action_step(struct pl_action *a, const struct pl_hook *hook,
                    const struct pl_action_sight *sight, struct pl_allowance *budget,
                    struct pl_now now)
{
    bool is_over = !pl_launch_is_open(sight->state);
    if (a->state == PL_ACTION_ARMED && is_over) {
        enter(a, PL_ACTION_OFF, now.unix_ms);
        return true;
    }
    if (a->state == PL_ACTION_ARMED && a->consented && is_its_moment(hook, sight))
        return fire(a, budget, hook, now) == NULL;
    if (a->state == PL_ACTION_DONE && is_over && hook->has_undo) return !undo(a, hook, now.unix_ms);
    return false;
}

bool pl_action_saved(struct pl_action *a, int64_t now_unix_ms)
{
    bool is_late = now_unix_ms - a->since_unix_ms > PL_ACTION_LATE_MS;
    if (a->state == PL_ACTION_INTENT && is_late) {
        enter(a, PL_ACTION_FAILED, now_unix_ms);
        return false;
    }
    if (a->state == PL_ACTION_INTENT)
        enter(a, PL_ACTION_SENDING, now_unix_ms);
    else if (a->state == PL_ACTION_UNDO_INTENT)
        enter(a, PL_ACTION_UNDOING, now_unix_ms);
    else
        return false;
    return true;
}

void pl_action_answered(struct pl_action *a, enum pl_action_outcome outcome, int16_t status,
                        int64_t now_unix_ms)
{
    static const enum pl_action_state called[] = {[PL_ACTION_ACCEPTED] = PL_ACTION_DONE,
                                                  [PL_ACTION_REFUSED] = PL_ACTION_FAILED,
                                                  [PL_ACTION_NOT_KNOWN] = PL_ACTION_UNKNOWN};
    if (a->state != PL_ACTION_SENDING && a->state != PL_ACTION_UNDOING) return;
    a->status = status;
    if (a->state == PL_ACTION_SENDING)
        enter(a, called[outcome], now_unix_ms);
    else
        enter(a, outcome == PL_ACTION_ACCEPTED ? PL_ACTION_UNDONE : PL_ACTION_UNDO_FAILED,
              now_unix_ms);
}

void pl_action_restored(struct pl_action *a)
{
    if (a->state == PL_ACTION_INTENT || a->state == PL_ACTION_SENDING) a->state = PL_ACTION_UNKNOWN;
    if (pl_action_is_undo(a)) a->state = PL_ACTION_UNDO_FAILED;
}

bool pl_action_is_undo(const struct pl_action *a)
{
    return a->state == PL_ACTION_UNDO_INTENT || a->state == PL_ACTION_UNDOING;
}
