/* launch.h - one announced launch: what somebody says of it, and whether that can be.
 *
 * A launch is a value. It comes from a form, the command line or a record, is checked as a whole,
 * and every fault is told with its field, its value and the rule it breaks, so that a person
 * corrects all of them at once. What is asked is what nobody can measure: who is told of it, when,
 * and whom to call. Every later version is a new revision with an author and a reason. */
#pragma once

#include "collector/core/now.h"
#include "collector/core/observe/fleet.h"
#include "common/base/base.h"
#include "common/base/name.h"
#include "common/base/text.h"

/* kind, word */
#define PL_LAUNCH_KIND_LIST(X)                                                                     \
    X(PL_LAUNCH_GIVEAWAY, "giveaway")                                                              \
    X(PL_LAUNCH_SALE, "sale")                                                                      \
    X(PL_LAUNCH_TICKETS, "tickets")                                                                \
    X(PL_LAUNCH_PRODUCT, "product")                                                                \
    X(PL_LAUNCH_PRESS, "press")                                                                    \
    X(PL_LAUNCH_NEWSLETTER, "newsletter")                                                          \
    X(PL_LAUNCH_STREAM, "stream")                                                                  \
    X(PL_LAUNCH_GO_LIVE, "go_live")                                                                \
    X(PL_LAUNCH_LOAD_TEST, "load_test")                                                            \
    X(PL_LAUNCH_PEN_TEST, "pen_test")                                                              \
    X(PL_LAUNCH_MAINTENANCE, "maintenance")                                                        \
    X(PL_LAUNCH_OTHER, "other")

enum pl_launch_kind {
#define PL_LAUNCH_KIND_ENUM(kind, word) kind,
    PL_LAUNCH_KIND_LIST(PL_LAUNCH_KIND_ENUM)
#undef PL_LAUNCH_KIND_ENUM
        PL_LAUNCH_KIND_COUNT
};

/* How people hear of it: channel, word, then guesses for audiences nobody has measured yet. Click
 * rates in parts per million of the audience, and the part of all visits that comes in the worst
 * minute in percent, each as often too high as too low (50) and at the upper end (90); minutes from
 * the message to that minute. They are shown as assumptions, always. */
#define PL_LAUNCH_CHANNEL_LIST(X)                                                                  \
    X(PL_CHANNEL_EMAIL, "email", 20000, 50000, 3, 6, 8)                                            \
    X(PL_CHANNEL_X, "x", 10000, 30000, 8, 15, 3)                                                   \
    X(PL_CHANNEL_INSTAGRAM, "instagram", 8000, 25000, 5, 10, 5)                                    \
    X(PL_CHANNEL_FACEBOOK, "facebook", 8000, 25000, 4, 8, 5)                                       \
    X(PL_CHANNEL_TIKTOK, "tiktok", 5000, 20000, 4, 8, 10)                                          \
    X(PL_CHANNEL_YOUTUBE, "youtube", 5000, 20000, 3, 6, 10)                                        \
    X(PL_CHANNEL_TV, "tv", 2000, 10000, 20, 30, 1)                                                 \
    X(PL_CHANNEL_RADIO, "radio", 1000, 5000, 10, 15, 2)                                            \
    X(PL_CHANNEL_PRESS, "press", 2000, 10000, 2, 4, 15)                                            \
    X(PL_CHANNEL_ADS, "ads", 10000, 20000, 1, 2, 10)                                               \
    X(PL_CHANNEL_PUSH, "push", 50000, 120000, 15, 25, 2)                                           \
    X(PL_CHANNEL_SMS, "sms", 80000, 200000, 12, 20, 2)                                             \
    X(PL_CHANNEL_INFLUENCER, "influencer", 15000, 50000, 8, 15, 3)                                 \
    X(PL_CHANNEL_REDDIT, "reddit", 10000, 50000, 3, 6, 20)                                         \
    X(PL_CHANNEL_OTHER, "other", 10000, 50000, 5, 10, 5)

enum pl_launch_channel_type {
#define PL_CHANNEL_ENUM(type, ...) type,
    PL_LAUNCH_CHANNEL_LIST(PL_CHANNEL_ENUM)
#undef PL_CHANNEL_ENUM
        PL_CHANNEL_COUNT
};

/* What the peak is expected to be, if somebody knows better than an estimate. */
#define PL_LAUNCH_EXPECT_LIST(X)                                                                   \
    X(PL_EXPECT_NOTHING, "nothing") /* said: the channels tell */                                  \
    X(PL_EXPECT_UNKNOWN, "unknown") /* "I don't know" is an answer */                              \
    X(PL_EXPECT_VISITORS, "visitors_per_min")                                                      \
    X(PL_EXPECT_USERS, "concurrent_users")                                                         \
    X(PL_EXPECT_RATE, "rps") /* in the pool's own unit of traffic, its usual included */           \
    X(PL_EXPECT_MULTIPLIER, "multiplier") /* of what is usual at that time */

enum pl_launch_expect {
#define PL_EXPECT_ENUM(expect, word) expect,
    PL_LAUNCH_EXPECT_LIST(PL_EXPECT_ENUM)
#undef PL_EXPECT_ENUM
        PL_EXPECT_COUNT
};

/* What may be switched off for the while: given before the event, it is leave to do so during it.
 */
#define PL_LAUNCH_CONSENT_LIST(X)                                                                  \
    X(PL_CONSENT_QUEUE_PAGE, "queue_page")                                                         \
    X(PL_CONSENT_STATIC_FRONT, "static_front_page")                                                \
    X(PL_CONSENT_NO_SEARCH, "search_off")                                                          \
    X(PL_CONSENT_NO_RECOMMENDATIONS, "recommendations_off")                                        \
    X(PL_CONSENT_READ_ONLY, "read_only")

enum pl_launch_consent {
#define PL_CONSENT_ENUM(consent, word) consent,
    PL_LAUNCH_CONSENT_LIST(PL_CONSENT_ENUM)
#undef PL_CONSENT_ENUM
        PL_CONSENT_COUNT
};

/* How far it is, in the order in which it goes (life.h). */
#define PL_LAUNCH_STATE_LIST(X)                                                                    \
    X(PL_LAUNCH_SCHEDULED, "scheduled")                                                            \
    X(PL_LAUNCH_PREPARING, "preparing") /* a day before: freeze */                                 \
    X(PL_LAUNCH_ARMED, "armed")         /* half an hour before: watched closely */                 \
    X(PL_LAUNCH_LIVE, "live")                                                                      \
    X(PL_LAUNCH_COOLING, "cooling")                                                                \
    X(PL_LAUNCH_DONE, "done")                                                                      \
    X(PL_LAUNCH_ABSENT, "absent") /* it never came */                                              \
    X(PL_LAUNCH_CANCELLED, "cancelled")

enum pl_launch_state {
#define PL_LAUNCH_STATE_ENUM(state, word) state,
    PL_LAUNCH_STATE_LIST(PL_LAUNCH_STATE_ENUM)
#undef PL_LAUNCH_STATE_ENUM
        PL_LAUNCH_STATE_COUNT
};

const char *pl_launch_kind_word(enum pl_launch_kind kind);
const char *pl_launch_channel_word(enum pl_launch_channel_type type);
const char *pl_launch_expect_word(enum pl_launch_expect expect);
const char *pl_launch_consent_word(enum pl_launch_consent consent);
const char *pl_launch_state_word(enum pl_launch_state state);

enum {
    PL_LAUNCH_TITLE_MAX = 120, // characters
    PL_LAUNCH_TITLE_MIN = 3,
    PL_LAUNCH_TITLE_BYTES = 4 * PL_LAUNCH_TITLE_MAX + 1,
    PL_LAUNCH_NOTES_BYTES = 1001,
    PL_LAUNCH_ZONE_BYTES = 64,
    PL_LAUNCH_POOLS_MAX = 8,
    PL_LAUNCH_CHANNELS_MAX = 12,
    PL_LAUNCH_CONTACTS_MAX = 4,
    PL_LAUNCH_CONTACT_BYTES = 81,
    PL_LAUNCH_PHONE_BYTES = 17, // E.164: + and up to 15 digits
    PL_LAUNCH_AUTHOR_BYTES = 81,
    PL_LAUNCH_REASON_BYTES = 201,
    PL_LAUNCH_PAST_MS = 60 * 1000,             // a start may lie as far back
    PL_LAUNCH_DEFAULT_MS = 4 * 60 * 60 * 1000, // how long it lasts unless somebody says
};
#define PL_LAUNCH_FREEZE_BEFORE_MS (INT64_C(24) * 3600000)
#define PL_LAUNCH_FREEZE_AFTER_MS  (INT64_C(4) * 3600000)
#define PL_LAUNCH_AUDIENCE_MAX     INT64_C(2000000000)
#define PL_LAUNCH_EXPECTED_MAX     1e9
#define PL_LAUNCH_LONGEST_MS       (INT64_C(30) * 86400000)
#define PL_LAUNCH_ANNOUNCE_MAX_MS  (INT64_C(7) * 86400000)
#define PL_LAUNCH_AHEAD_MAX_MS     (INT64_C(400) * 86400000)

struct pl_launch_channel {
    enum pl_launch_channel_type type;
    int64_t audience;
    int64_t send_unix_ms; // 0: with the announcement
    int32_t click_ppm;    // of the audience; -1: nobody knows
};

struct pl_launch_contact {
    char name[PL_LAUNCH_CONTACT_BYTES];
    char role[PL_LAUNCH_CONTACT_BYTES]; // "decision", "technical", "comms"; any word
    char phone[PL_LAUNCH_PHONE_BYTES];  // empty: none
    char email[PL_LAUNCH_CONTACT_BYTES];
};

struct pl_launch {
    struct pl_name id;       // empty before it is registered
    struct pl_name customer; // empty: nobody's in particular
    uint32_t revision;       // 1 is the first
    enum pl_launch_kind kind;
    char title[PL_LAUNCH_TITLE_BYTES];
    int64_t starts_unix_ms, ends_unix_ms;
    int64_t announce_unix_ms;        // load comes from here; 0: with the start
    char zone[PL_LAUNCH_ZONE_BYTES]; // IANA name the times were given in; empty: an offset
    uint32_t pool_count;
    struct pl_name pools[PL_LAUNCH_POOLS_MAX];
    uint32_t channel_count;
    struct pl_launch_channel channels[PL_LAUNCH_CHANNELS_MAX];
    enum pl_launch_expect expect;
    double expected;           // of that; 0 with NOTHING and UNKNOWN
    struct pl_name past_event; // "like last time", empty: none
    double past_factor;        // times as much; 0 without an event
    int32_t cacheable_percent; // that a CDN answers; -1: not said
    int32_t pages_per_visit;   // 0: not said
    int32_t requests_per_page; // 0: not said
    bool has_cdn;
    bool limited_stock; // first come, first served: all at once
    bool freeze;        // keep upgrades and deployments away
    uint32_t consents;  // bit c: enum pl_launch_consent
    uint32_t contact_count;
    struct pl_launch_contact contacts[PL_LAUNCH_CONTACTS_MAX];
    char notes[PL_LAUNCH_NOTES_BYTES];

    /* Of this revision. */
    char author[PL_LAUNCH_AUTHOR_BYTES];
    char reason[PL_LAUNCH_REASON_BYTES];
    int64_t created_unix_ms, changed_unix_ms;
};

/* Before anything was said: ends open, freeze on. */
struct pl_launch pl_launch_init(void);
/* When load comes: the announcement, else the start. */
int64_t pl_launch_begins_unix_ms(const struct pl_launch *l);
/* It is for that pool. */
bool pl_launch_names_pool(const struct pl_launch *l, const struct pl_name *pool);
/* Upgrades and deployments are to stay away: from PL_LAUNCH_FREEZE_BEFORE_MS before load comes to
 * PL_LAUNCH_FREEZE_AFTER_MS after the end, unless the launch is without a freeze. */
int64_t pl_launch_freezes_unix_ms(const struct pl_launch *l);
int64_t pl_launch_thaws_unix_ms(const struct pl_launch *l);
bool pl_launch_is_frozen(const struct pl_launch *l, int64_t now_unix_ms);
/* It may still be changed, and still says something about the future. */
bool pl_launch_is_open(enum pl_launch_state state);

/* What is wrong with what somebody sent. */
struct pl_launch_fault {
    char field[48];   // as a JSON pointer: "/channels/0/audience"
    char value[64];   // as sent, cut; empty: it is missing
    const char *rule; // static: "is 3 to 120 characters"
    /* A wall-clock time that shows twice or never: the two moments it may mean. */
    bool has_choices;
    int64_t choices_unix_s[2];
    int32_t choices_offset_s[2];
};
enum { PL_LAUNCH_FAULTS_MAX = 16 }; // what comes after is corrected with the next attempt
struct pl_launch_faults {
    uint32_t count;
    struct pl_launch_fault items[PL_LAUNCH_FAULTS_MAX];
};
/* `item` of the list `field`, or -1; `member` of that item, or NULL. Any bytes for the value. */
struct pl_launch_where {
    const char *field;
    int32_t item;
    const char *member;
};
void pl_launch_fault(struct pl_launch_faults *faults, struct pl_launch_where where,
                     struct pl_span value, const char *rule);

/* Everything that can be checked without the clock's zone. `before`: the revision that it replaces,
 * or NULL; a start that has passed since may stay as it was. The fleet knows the pools. */
void pl_launch_check(const struct pl_launch *l, const struct pl_launch *before,
                     const struct pl_fleet *fleet, int64_t now_unix_ms,
                     struct pl_launch_faults *faults);
