/* collide.h - what else there is in the hours of a launch, for whoever reads its verdict.
 *
 *     launch         another one on a pool of its own; what it brings is in the verdict already
 *     maintenance    one of the two is maintenance
 *     on_call        one person would be woken for both, whatever their pools
 *     silent_agents  hosts of its pools that are not heard
 *     certificate    the collector's own ends before it does
 *     unhealthy_pool alerts fire on its pools now
 *
 * The first three are about two launches, and symmetric: whatever is found of A beside B is found
 * of B beside A. None of them changes the colour; a person does something about each. */
#pragma once

#include "collector/core/alert/alert.h"
#include "collector/core/launch/book.h"
#include "collector/core/oncall/oncall.h"

#define PL_COLLISION_LIST(X)                                                                       \
    X(PL_COLLISION_LAUNCH, "launch")                                                               \
    X(PL_COLLISION_MAINTENANCE, "maintenance")                                                     \
    X(PL_COLLISION_ON_CALL, "on_call")                                                             \
    X(PL_COLLISION_SILENT, "silent_agents")                                                        \
    X(PL_COLLISION_CERTIFICATE, "certificate")                                                     \
    X(PL_COLLISION_UNHEALTHY, "unhealthy_pool")

enum pl_collision_kind {
#define PL_COLLISION_ENUM(kind, word) kind,
    PL_COLLISION_LIST(PL_COLLISION_ENUM)
#undef PL_COLLISION_ENUM
        PL_COLLISION_COUNT
};
const char *pl_collision_word(enum pl_collision_kind kind);

struct pl_collision {
    enum pl_collision_kind kind;
    struct pl_name with; // id of the other launch; empty: none
    struct pl_name name; // the pool, or (ON_CALL) the person
    /* The hours both have in common; CERTIFICATE: `until` is its end. */
    int64_t from_unix_ms, until_unix_ms;
    uint32_t count, of; // SILENT: so many hosts of so many; UNHEALTHY: so many alerts
    enum pl_rule rule;  // UNHEALTHY: the worst of them
    double p90;         // LAUNCH: what the other one adds to that pool at the most
    enum pl_traffic_source unit;
};

enum { PL_COLLISIONS_MAX = 24 };
struct pl_collisions {
    uint32_t count, more_count; // those told, and those there was no room for
    struct pl_collision items[PL_COLLISIONS_MAX];
};

/* From the first message on, even before the start, to the end. */
int64_t pl_launch_first_unix_ms(const struct pl_launch *l);
/* The time both have in common; false: none. */
bool pl_launch_overlap(const struct pl_launch *a, const struct pl_launch *b, int64_t *from_unix_ms,
                       int64_t *until_unix_ms);
/* The first pool of `a` that `b` is for, too; NULL: none. */
const struct pl_name *pl_launch_shared_pool(const struct pl_launch *a, const struct pl_launch *b);
/* What is found of two launches that share a pool and a time: LAUNCH or MAINTENANCE. */
enum pl_collision_kind pl_launch_meeting(const struct pl_launch *a, const struct pl_launch *b);
/* `item` is copied, or counted where there is no room. */
void pl_collisions_add(struct pl_collisions *c, const struct pl_collision *item);
