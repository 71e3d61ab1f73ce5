#include "collector/core/launch/launch.h"

#include "common/base/assert.h"

/* ---- words ---- */

const char *pl_launch_kind_word(enum pl_launch_kind kind)
{
    static const char *const words[] = {
#define X(kind, word) [kind] = (word),
        PL_LAUNCH_KIND_LIST(X)
#undef X
    };
    PL_ASSERT(kind < PL_LAUNCH_KIND_COUNT);
    return words[kind];
}

const char *pl_launch_channel_word(enum pl_launch_channel_type type)
{
    static const char *const words[] = {
#define X(type, word, ...) [type] = (word),
        PL_LAUNCH_CHANNEL_LIST(X)
#undef X
    };
    PL_ASSERT(type < PL_CHANNEL_COUNT);
    return words[type];
}

const char *pl_launch_expect_word(enum pl_launch_expect expect)
{
    static const char *const words[] = {
#define X(expect, word) [expect] = (word),
        PL_LAUNCH_EXPECT_LIST(X)
#undef X
    };
    PL_ASSERT(expect < PL_EXPECT_COUNT);
    return words[expect];
}

const char *pl_launch_consent_word(enum pl_launch_consent consent)
{
    static const char *const words[] = {
#define X(consent, word) [consent] = (word),
        PL_LAUNCH_CONSENT_LIST(X)
#undef X
    };
    PL_ASSERT(consent < PL_CONSENT_COUNT);
    return words[consent];
}

const char *pl_launch_state_word(enum pl_launch_state state)
{
    static const char *const words[] = {
#define X(state, word) [state] = (word),
        PL_LAUNCH_STATE_LIST(X)
#undef X
    };
    PL_ASSERT(state < PL_LAUNCH_STATE_COUNT);
    return words[state];
}

/* ---- the value ---- */

struct pl_launch pl_launch_init(void)
{
    return (struct pl_launch){
        .kind = PL_LAUNCH_OTHER, .cacheable_percent = -1, .freeze = true, .revision = 1};
}

int64_t pl_launch_begins_unix_ms(const struct pl_launch *l)
{
    return l->announce_unix_ms > 0 ? l->announce_unix_ms : l->starts_unix_ms;
}

bool pl_launch_names_pool(const struct pl_launch *l, const struct pl_name *pool)
{
    for (uint32_t i = 0; i < l->pool_count; i++) {
        if (pl_name_eq(&l->pools[i], pool)) return true;
    }
    return false;
}

int64_t pl_launch_freezes_unix_ms(const struct pl_launch *l)
{
    return PL_MIN(pl_launch_begins_unix_ms(l), l->starts_unix_ms) - PL_LAUNCH_FREEZE_BEFORE_MS;
}

int64_t pl_launch_thaws_unix_ms(const struct pl_launch *l)
{
    return l->ends_unix_ms + PL_LAUNCH_FREEZE_AFTER_MS;
}

bool pl_launch_is_frozen(const struct pl_launch *l, int64_t now_unix_ms)
{
    return l->freeze && now_unix_ms >= pl_launch_freezes_unix_ms(l) &&
           now_unix_ms < pl_launch_thaws_unix_ms(l);
}

bool pl_launch_is_open(enum pl_launch_state state)
{
    switch (state) {
    case PL_LAUNCH_SCHEDULED:
    case PL_LAUNCH_PREPARING:
    case PL_LAUNCH_ARMED:
    case PL_LAUNCH_LIVE:
    case PL_LAUNCH_COOLING: return true;
    case PL_LAUNCH_DONE:
    case PL_LAUNCH_ABSENT:
    case PL_LAUNCH_CANCELLED: return false;
    case PL_LAUNCH_STATE_COUNT: break;
    }
    PL_UNREACHABLE("launch state");
}

/* ---- faults ---- */

void pl_launch_fault(struct pl_launch_faults *faults, struct pl_launch_where where,
                     struct pl_span value, const char *rule)
{
    if (faults->count == PL_LAUNCH_FAULTS_MAX) return;
    struct pl_launch_fault *f = &faults->items[faults->count++];
    struct pl_text field = pl_text_init(f->field, sizeof f->field);
    struct pl_text text = pl_text_init(f->value, sizeof f->value);
    pl_text_char(&field, '/');
    pl_text_str(&field, where.field);
    if (where.item >= 0) {
        pl_text_char(&field, '/');
        pl_text_i64(&field, where.item);
    }
    if (where.member) {
        pl_text_char(&field, '/');
        pl_text_str(&field, where.member);
    }
    pl_text_span(&text, value); // cut where it is long
    f->rule = rule;
}

static void refuse(struct pl_launch_faults *faults, const char *field, struct pl_span value,
                   const char *rule)
{
    pl_launch_fault(faults, (struct pl_launch_where){field, -1, NULL}, value, rule);
}

static void refuse_time(struct pl_launch_faults *faults, const char *field, int64_t unix_ms,
                        const char *rule)
{
    char text[40];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_text_rfc3339(&t, unix_ms);
    refuse(faults, field, pl_text_bytes(&t), rule);
}

static void refuse_number(struct pl_launch_faults *faults, struct pl_launch_where where,
                          int64_t number, const char *rule)
{
    char text[24];
    struct pl_text t = pl_text_init(text, sizeof text);
    pl_text_i64(&t, number);
    pl_launch_fault(faults, where, pl_text_bytes(&t), rule);
}

/* Characters of valid UTF-8 without control characters; -1 for anything else. */
static int32_t characters_of(const char *text)
{
    int32_t count = 0;
    size_t len = strlen(text);
    for (size_t at = 0; at < len; count++) {
        const uint8_t *p = (const uint8_t *)text + at;
        size_t step = pl_utf8_len(p, len - at);
        bool is_control = *p < 0x20 || *p == 0x7f || (*p == 0xc2 && step == 2 && p[1] < 0xa0);
        if (step == 0 || is_control) return -1;
        at += step;
    }
    return count;
}

/* ---- the fields ---- */

static void check_title(const struct pl_launch *l, struct pl_launch_faults *faults)
{
    int32_t count = characters_of(l->title);
    if (count >= PL_LAUNCH_TITLE_MIN && count <= PL_LAUNCH_TITLE_MAX) return;
    refuse(faults, "title", pl_span_of(l->title),
           "is 3 to 120 characters, none of them a control character");
}

static void check_pools(const struct pl_launch *l, const struct pl_fleet *fleet,
                        struct pl_launch_faults *faults)
{
    if (l->pool_count == 0)
        refuse(faults, "pools", (struct pl_span){0}, "name at least one; /api/v1/pools lists them");
    for (uint32_t i = 0; i < l->pool_count; i++) {
        struct pl_launch_where where = {"pools", (int32_t)i, NULL};
        if (pl_fleet_find_pool(fleet, &l->pools[i]) == PL_NO_INDEX)
            pl_launch_fault(faults, where, pl_name_span(&l->pools[i]),
                            "is no pool; /api/v1/pools lists them");
        for (uint32_t k = 0; k < i; k++) {
            if (!pl_name_eq(&l->pools[i], &l->pools[k])) continue;
            pl_launch_fault(faults, where, pl_name_span(&l->pools[i]), "is named twice");
            break;
        }
    }
}

static void check_times(const struct pl_launch *l, const struct pl_launch *before,
                        int64_t now_unix_ms, struct pl_launch_faults *faults)
{
    bool stays = before && before->starts_unix_ms == l->starts_unix_ms;
    if (!stays && l->starts_unix_ms < now_unix_ms - PL_LAUNCH_PAST_MS)
        refuse_time(faults, "starts_at", l->starts_unix_ms,
                    "is over; a start is at most a minute ago");
    if (l->starts_unix_ms > now_unix_ms + PL_LAUNCH_AHEAD_MAX_MS)
        refuse_time(faults, "starts_at", l->starts_unix_ms, "is more than 400 days away");
    if (l->ends_unix_ms <= l->starts_unix_ms)
        refuse_time(faults, "ends_at", l->ends_unix_ms, "must be after the start");
    else if (l->ends_unix_ms - l->starts_unix_ms > PL_LAUNCH_LONGEST_MS)
        refuse_time(faults, "ends_at", l->ends_unix_ms, "is at most 30 days after the start");
    if (l->announce_unix_ms == 0) return;
    if (l->announce_unix_ms > l->starts_unix_ms + PL_LAUNCH_ANNOUNCE_MAX_MS ||
        l->announce_unix_ms > l->ends_unix_ms ||
        l->announce_unix_ms < l->starts_unix_ms - PL_LAUNCH_LONGEST_MS)
        refuse_time(faults, "announce_at", l->announce_unix_ms,
                    "is at most 30 days before and 7 days after the start, and before the end");
}

static void check_channels(const struct pl_launch *l, struct pl_launch_faults *faults)
{
    for (uint32_t i = 0; i < l->channel_count; i++) {
        const struct pl_launch_channel *c = &l->channels[i];
        struct pl_launch_where where = {"channels", (int32_t)i, "audience"};
        if (c->audience < 0 || c->audience > PL_LAUNCH_AUDIENCE_MAX)
            refuse_number(faults, where, c->audience, "is 0 to 2,000,000,000 people");
        where.member = "click_rate_percent";
        if (c->click_ppm < -1 || c->click_ppm > 1000000)
            refuse_number(faults, where, c->click_ppm / 10000, "is 0 to 100 percent");
        where.member = "send_at";
        int64_t earliest_ms = pl_launch_begins_unix_ms(l) - PL_LAUNCH_ANNOUNCE_MAX_MS;
        if (c->send_unix_ms != 0 &&
            (c->send_unix_ms < earliest_ms || c->send_unix_ms > l->ends_unix_ms))
            pl_launch_fault(faults, where, (struct pl_span){0},
                            "is at most 7 days before the announcement, and before the end");
    }
}

static void check_expectation(const struct pl_launch *l, struct pl_launch_faults *faults)
{
    bool has_number = l->expect != PL_EXPECT_NOTHING && l->expect != PL_EXPECT_UNKNOWN;
    bool is_good = l->expected > 0 && l->expected <= PL_LAUNCH_EXPECTED_MAX;
    if (has_number && !is_good)
        refuse(faults, "expected_peak", pl_span_of(pl_launch_expect_word(l->expect)),
               "is above 0 and at most a thousand million");
    bool has_audience = false;
    for (uint32_t i = 0; i < l->channel_count; i++)
        has_audience = has_audience || l->channels[i].audience > 0;
    bool is_silent = l->expect == PL_EXPECT_NOTHING && l->past_event.len == 0;
    bool needs_crowd = l->kind != PL_LAUNCH_MAINTENANCE && l->kind != PL_LAUNCH_PEN_TEST;
    if (is_silent && needs_crowd && !has_audience)
        refuse(faults, "channels", (struct pl_span){0},
               "say how many people hear of it, or an expected_peak; \"unknown\" is one");
    if (l->past_event.len > 0 && !(l->past_factor > 0 && l->past_factor <= 1000))
        refuse(faults, "past_factor", (struct pl_span){0}, "is above 0 and at most 1000");
}

static void check_shares(const struct pl_launch *l, struct pl_launch_faults *faults)
{
    if (l->cacheable_percent < -1 || l->cacheable_percent > 100)
        refuse_number(faults, (struct pl_launch_where){"cacheable_percent", -1, NULL},
                      l->cacheable_percent, "is 0 to 100");
    if (l->pages_per_visit < 0 || l->pages_per_visit > 1000)
        refuse_number(faults, (struct pl_launch_where){"pages_per_visit", -1, NULL},
                      l->pages_per_visit, "is 1 to 1000");
    if (l->requests_per_page < 0 || l->requests_per_page > 1000)
        refuse_number(faults, (struct pl_launch_where){"requests_per_page", -1, NULL},
                      l->requests_per_page, "is 1 to 1000");
}

/* E.164: a plus sign, then 7 to 15 digits that do not begin with 0. */
static bool is_phone(const char *text)
{
    size_t len = strlen(text);
    return text[0] == '+' && text[1] >= '1' && len >= 8 && len <= 16 &&
           strspn(text + 1, "0123456789") == len - 1;
}

static bool is_email(const char *text)
{
    const char *at = strchr(text, '@');
    return at && at != text && at[1] != '\0' && !strchr(at + 1, '@') && !strchr(text, ' ');
}

static void check_contacts(const struct pl_launch *l, struct pl_launch_faults *faults)
{
    for (uint32_t i = 0; i < l->contact_count; i++) {
        const struct pl_launch_contact *c = &l->contacts[i];
        struct pl_launch_where where = {"contacts", (int32_t)i, "name"};
        if (characters_of(c->name) < 1)
            pl_launch_fault(faults, where, pl_span_of(c->name), "is a name to ask for");
        where.member = "role";
        if (characters_of(c->role) < 0)
            pl_launch_fault(faults, where, pl_span_of(c->role), "holds a control character");
        where.member = "phone";
        if (c->phone[0] != '\0' && !is_phone(c->phone))
            pl_launch_fault(faults, where, pl_span_of(c->phone),
                            "is a number with its country: +, then 7 to 15 digits, no blanks");
        where.member = "email";
        if (c->email[0] != '\0' && (characters_of(c->email) < 0 || !is_email(c->email)))
            pl_launch_fault(faults, where, pl_span_of(c->email), "is no mail address");
        where.member = NULL;
        if (c->phone[0] == '\0' && c->email[0] == '\0')
            pl_launch_fault(faults, where, pl_span_of(c->name),
                            "needs a phone number or a mail address");
    }
}

/* Lines are welcome in notes. */
static void check_words(const struct pl_launch *l, struct pl_launch_faults *faults)
{
    char notes[PL_LAUNCH_NOTES_BYTES];
    memcpy(notes, l->notes, sizeof notes);
    for (char *p = notes; *p != '\0'; p++) {
        if (*p == '\n' || *p == '\r' || *p == '\t') *p = ' ';
    }
    if (characters_of(notes) < 0)
        refuse(faults, "notes", (struct pl_span){0}, "holds a control character");
    if (characters_of(l->reason) < 0)
        refuse(faults, "reason", (struct pl_span){0}, "holds a control character");
}

void pl_launch_check(const struct pl_launch *l, const struct pl_launch *before,
                     const struct pl_fleet *fleet, int64_t now_unix_ms,
                     struct pl_launch_faults *faults)
{
    PL_ASSERT(l->kind < PL_LAUNCH_KIND_COUNT && l->expect < PL_EXPECT_COUNT);
    PL_ASSERT(l->pool_count <= PL_LAUNCH_POOLS_MAX && l->channel_count <= PL_LAUNCH_CHANNELS_MAX);
    PL_ASSERT(l->contact_count <= PL_LAUNCH_CONTACTS_MAX);
    check_title(l, faults);
    check_pools(l, fleet, faults);
    check_times(l, before, now_unix_ms, faults);
    check_channels(l, faults);
    check_expectation(l, faults);
    check_shares(l, faults);
    check_contacts(l, faults);
    check_words(l, faults);
}
