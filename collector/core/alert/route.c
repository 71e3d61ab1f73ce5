#include "collector/core/alert/route.h"

#include "common/base/assert.h"

void pl_route_all(uint64_t targets, struct pl_route *out)
{
    *out = (struct pl_route){0};
    uint32_t count = 0;
    for (uint32_t t = 0; t < PL_TARGET_MAX; t++) {
        if ((targets & pl_target_bit(t)) == 0) continue;
        struct pl_route_step *step = &out->steps[count / PL_ROUTE_RECEIVERS_MAX];
        step->receivers[step->receiver_count++] = (struct pl_receiver){1, {(uint8_t)t}};
        count++;
    }
    out->step_count = (count + PL_ROUTE_RECEIVERS_MAX - 1) / PL_ROUTE_RECEIVERS_MAX;
}

/* The targets of a receiver that must know, `since_ms` after its step began. */
static void look_at(const struct pl_receiver *receiver, const struct pl_route_progress *progress,
                    int64_t since_ms, struct pl_route_look *look, int64_t begun_mono_ms)
{
    uint64_t took = 0, wanted = 0;
    int64_t turn_ms = 0; // when the turn of the next one comes
    PL_ASSERT(receiver->count <= PL_ROUTE_CONTACTS_MAX);
    for (uint32_t i = 0; i < receiver->count; i++) {
        took |= progress->delivered & pl_target_bit(receiver->targets[i]);
    }
    if (took != 0) {
        look->wanted |= took;
        return;
    }
    for (uint32_t i = 0; i < receiver->count; i++) {
        uint64_t bit = pl_target_bit(receiver->targets[i]);
        if (since_ms < turn_ms) {
            look->again_mono_ms = PL_MIN(look->again_mono_ms, begun_mono_ms + turn_ms);
            break;
        }
        wanted |= bit;
        if ((progress->failed & bit) == 0) turn_ms += PL_ROUTE_FAILOVER_MS;
    }
    look->wanted |= wanted;
}

struct pl_route_look pl_route_look(const struct pl_route *route,
                                   const struct pl_route_progress *progress, int64_t now_mono_ms)
{
    struct pl_route_look look = {.again_mono_ms = INT64_MAX};
    int64_t passed_ms = PL_MAX(now_mono_ms - progress->begun_mono_ms, 0);
    PL_ASSERT(route->step_count <= PL_ROUTE_STEPS_MAX);
    if (route->repeat > 0 && route->round_ms > 0) {
        look.round = (uint32_t)PL_MIN(passed_ms / route->round_ms, route->repeat);
        if (look.round < route->repeat)
            look.again_mono_ms = now_mono_ms - passed_ms + (look.round + 1) * route->round_ms;
    }
    int64_t round_mono_ms = now_mono_ms - passed_ms + look.round * route->round_ms;
    for (uint32_t s = 0; s < route->step_count; s++) {
        const struct pl_route_step *step = &route->steps[s];
        int64_t step_mono_ms = round_mono_ms + step->after_ms;
        if (step_mono_ms > now_mono_ms) {
            look.again_mono_ms = PL_MIN(look.again_mono_ms, step_mono_ms);
            break;
        }
        look.step = s;
        for (uint32_t i = 0; i < step->receiver_count; i++) {
            look_at(&step->receivers[i], progress, now_mono_ms - step_mono_ms, &look, step_mono_ms);
        }
    }
    return look;
}
