#include "collector/codec/launch_in.h"

#include "collector/codec/json_in.h"
#include "collector/codec/query.h"
#include "common/base/err.h"
#include "common/base/quantity.h"
#include "common/base/suggest.h"

#include <math.h>

static const char *const members[] = {
    "title",           "customer",          "kind",          "pools",
    "starts_at",       "starts_in",         "ends_at",       "duration",
    "announce_at",     "time_zone",         "channels",      "expected_peak",
    "past_event",      "past_factor",       "cdn",           "cacheable_percent",
    "pages_per_visit", "requests_per_page", "limited_stock", "freeze",
    "consents",        "contacts",          "notes",         "reason"};
static const char *const channel_members[] = {"type", "audience", "send_at", "click_rate_percent"};
static const char *const contact_members[] = {"name", "role", "phone", "email"};
static const char *const peak_members[] = {"unit", "value"};

/* One object, and where it stands. */
struct in {
    const cJSON *object;
    struct pl_launch_where where; // member: filled for each
    bool is_root;
    struct pl_launch_faults *faults;
    const struct pl_zone *zone;
    int64_t now_unix_ms;
};

static struct pl_launch_where at(const struct in *in, const char *member)
{
    if (in->is_root) return (struct pl_launch_where){member, -1, NULL};
    return (struct pl_launch_where){in->where.field, in->where.item, member};
}

static void refuse(const struct in *in, const char *member, const char *value, const char *rule)
{
    pl_launch_fault(in->faults, at(in, member), pl_span_of(value ? value : ""), rule);
}

/* NULL too if it is null. */
static const cJSON *get(const struct in *in, const char *member)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(in->object, member);
    return cJSON_IsNull(item) ? NULL : item;
}

static const char *text_of(const struct in *in, const char *member)
{
    const cJSON *item = get(in, member);
    if (!item) return NULL;
    if (cJSON_IsString(item)) return item->valuestring;
    refuse(in, member, NULL, "is a text");
    return NULL;
}

static void read_text(const struct in *in, const char *member, char *out, size_t cap)
{
    const char *text = text_of(in, member);
    if (!text) return;
    if (strlen(text) < cap)
        memcpy(out, text, strlen(text) + 1);
    else
        refuse(in, member, text, "is too long");
}

static void read_bool(const struct in *in, const char *member, bool *out)
{
    const cJSON *item = get(in, member);
    if (item && !cJSON_IsBool(item))
        refuse(in, member, NULL, "is true or false");
    else if (item)
        *out = cJSON_IsTrue(item);
}

static void read_real(const struct in *in, const char *member, double *out)
{
    const cJSON *item = get(in, member);
    if (item && (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)))
        refuse(in, member, NULL, "is a number");
    else if (item)
        *out = item->valuedouble;
}

/* A whole number; what is far out of every range is cut, for the validator to refuse. */
static void read_whole(const struct in *in, const char *member, int64_t *out)
{
    static const double most = 9e15;
    double value = (double)*out;
    read_real(in, member, &value);
    if (value != floor(value))
        refuse(in, member, NULL, "is a whole number");
    else
        *out = (int64_t)PL_MAX(PL_MIN(value, most), -most);
}

static void read_small(const struct in *in, const char *member, int32_t *out)
{
    int64_t value = *out;
    read_whole(in, member, &value);
    *out = (int32_t)PL_MAX(PL_MIN(value, INT32_MAX), INT32_MIN);
}

static void read_name(const struct in *in, const char *member, struct pl_name *out)
{
    const char *text = text_of(in, member);
    if (text && pl_name_parse(pl_span_of(text), out) != 0)
        refuse(in, member, text, "is not a name: letters, digits, dots, underscores and hyphens");
}

/* Index of a text among `count` words, -1 if it is none of them or not there. */
static int read_word(const struct in *in, const char *member, const char *(*word)(int index),
                     int count, const char *rule)
{
    const char *text = text_of(in, member);
    if (!text) return -1;
    for (int i = 0; i < count; i++) {
        if (strcmp(word(i), text) == 0) return i;
    }
    refuse(in, member, text, rule);
    return -1;
}

static void check_members(const struct in *in, const char *const *known, size_t count)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, in->object)
    {
        struct pl_suggest similar = pl_suggest_init(pl_span_of(item->string));
        bool found = false;
        for (size_t i = 0; i < count && !found; i++) {
            found = strcmp(known[i], item->string) == 0;
            pl_suggest_consider(&similar, pl_span_of(known[i]));
        }
        if (found) continue;
        const char *meant = (const char *)similar.best.ptr;
        refuse(in, similar.best.len > 0 ? meant : "", item->string,
               similar.best.len > 0 ? "is no member; perhaps this one is meant"
                                    : "is no member of a launch");
    }
}

/* ---- times ---- */

/* "2026-03-29T02:30" or with seconds; the wall time of it. */
static bool parse_wall(const char *text, int64_t *wall_s)
{
    char full[32];
    size_t len = strlen(text);
    if (len != 16 && len != 19) return false;
    struct pl_text t = pl_text_init(full, sizeof full);
    pl_text_str(&t, text);
    if (len == 16) pl_text_str(&t, ":00");
    pl_text_char(&t, 'Z');
    int64_t ms;
    if (pl_query_time(full, &ms) < 0) return false;
    *wall_s = ms / 1000;
    return true;
}

static void put_back(const struct in *in, const char *member, const char *text, const char *rule,
                     const int64_t moments_s[2])
{
    uint32_t count = in->faults->count;
    refuse(in, member, text, rule);
    if (in->faults->count == count) return;
    struct pl_launch_fault *f = &in->faults->items[count];
    f->has_choices = true;
    for (int i = 0; i < 2; i++) {
        f->choices_unix_s[i] = moments_s[i];
        f->choices_offset_s[i] = pl_zone_span_at(in->zone, moments_s[i]).offset_s;
    }
}

static void read_local(const struct in *in, const char *member, const char *text, int64_t wall_s,
                       int64_t *unix_ms)
{
    int64_t from_s = pl_zone_moment(in->zone, wall_s, PL_ZONE_FROM);
    int64_t until_s = pl_zone_moment(in->zone, wall_s, PL_ZONE_UNTIL);
    if (pl_zone_wall(in->zone, from_s) != wall_s) {
        int64_t after_s = pl_zone_moment(in->zone, wall_s, PL_ZONE_COMPATIBLE);
        int64_t moments_s[2] = {from_s - (after_s - from_s), after_s};
        put_back(in, member, text, "never shows on that day: clocks go forward; choose", moments_s);
    } else if (from_s != until_s) {
        put_back(in, member, text, "shows twice on that day: clocks go back; choose",
                 (int64_t[2]){from_s, until_s});
    } else {
        *unix_ms = from_s * 1000;
    }
}

static void read_time(const struct in *in, const char *member, int64_t *unix_ms)
{
    const char *text = text_of(in, member);
    int64_t wall_s;
    if (!text) return;
    if (strchr(text, 'T') && pl_query_time(text, unix_ms) == 0) return;
    if (!parse_wall(text, &wall_s))
        refuse(in, member, text, "is no time: 2026-05-01T14:00 with time_zone, or with its offset");
    else if (!in->zone)
        refuse(in, member, text, "needs time_zone, or its offset from UTC: +02:00");
    else
        read_local(in, member, text, wall_s, unix_ms);
}

static void read_duration(const struct in *in, const char *member, int64_t *ms)
{
    const char *text = text_of(in, member);
    if (text && pl_quantity_duration(pl_span_of(text), ms) < 0)
        refuse(in, member, text, "is a number and its unit: 30m, 4h, 2d");
}

static void read_times(const struct in *in, struct pl_launch *l)
{
    int64_t in_ms = -1, lasts_ms = -1;
    read_time(in, "starts_at", &l->starts_unix_ms);
    read_duration(in, "starts_in", &in_ms);
    if (in_ms >= 0 && get(in, "starts_at"))
        refuse(in, "starts_in", NULL, "is given beside starts_at");
    if (in_ms >= 0) l->starts_unix_ms = in->now_unix_ms + PL_MIN(in_ms, 2 * PL_LAUNCH_AHEAD_MAX_MS);
    if (!get(in, "starts_at") && !get(in, "starts_in") && l->starts_unix_ms == 0)
        refuse(in, "starts_at", NULL, "is missing: say when it starts");
    read_time(in, "ends_at", &l->ends_unix_ms);
    read_duration(in, "duration", &lasts_ms);
    if (lasts_ms >= 0 && get(in, "ends_at"))
        refuse(in, "duration", NULL, "is given beside ends_at");
    if (lasts_ms >= 0)
        l->ends_unix_ms = l->starts_unix_ms + PL_MIN(lasts_ms, 2 * PL_LAUNCH_LONGEST_MS);
    if (l->ends_unix_ms == 0) l->ends_unix_ms = l->starts_unix_ms + PL_LAUNCH_DEFAULT_MS;
    read_time(in, "announce_at", &l->announce_unix_ms);
}

/* ---- lists ---- */

static const char *kind_word(int i)
{
    return pl_launch_kind_word((enum pl_launch_kind)i);
}

static const char *channel_word(int i)
{
    return pl_launch_channel_word((enum pl_launch_channel_type)i);
}

static const char *expect_word(int i)
{
    return pl_launch_expect_word((enum pl_launch_expect)i);
}

/* The list, if it is one of at most `max`. */
static const cJSON *list_of(const struct in *in, const char *member, int max, const char *rule)
{
    const cJSON *item = get(in, member);
    if (!item) return NULL;
    if (cJSON_IsArray(item) && cJSON_GetArraySize(item) <= max) return item;
    refuse(in, member, NULL, rule);
    return NULL;
}

static struct in item_of(const struct in *in, const cJSON *object, const char *field, uint32_t nth)
{
    struct in item = *in;
    item.object = object;
    item.is_root = false;
    item.where = (struct pl_launch_where){field, (int32_t)nth, NULL};
    return item;
}

static void read_pools(const struct in *in, struct pl_launch *l)
{
    const cJSON *item;
    const cJSON *list = list_of(in, "pools", PL_LAUNCH_POOLS_MAX, "is a list of at most 8 names");
    if (list) l->pool_count = 0;
    cJSON_ArrayForEach(item, list)
    {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        if (pl_name_parse(pl_span_of(text), &l->pools[l->pool_count]) == 0) {
            l->pool_count++;
            continue;
        }
        struct in at_item = item_of(in, item, "pools", l->pool_count);
        refuse(&at_item, NULL, text, "is not the name of a pool");
        return;
    }
}

static void read_channels(const struct in *in, struct pl_launch *l)
{
    const cJSON *item;
    const cJSON *list =
        list_of(in, "channels", PL_LAUNCH_CHANNELS_MAX, "is a list of at most 12 channels");
    if (list) l->channel_count = 0;
    cJSON_ArrayForEach(item, list)
    {
        struct in one = item_of(in, item, "channels", l->channel_count);
        struct pl_launch_channel *c = &l->channels[l->channel_count++];
        *c = (struct pl_launch_channel){.click_ppm = -1, .type = PL_CHANNEL_OTHER};
        check_members(&one, channel_members, PL_LEN(channel_members));
        int word = read_word(&one, "type", channel_word, PL_CHANNEL_COUNT,
                             "is no channel: email, x, instagram, facebook, tiktok, youtube, tv, "
                             "radio, press, ads, push, sms, influencer, reddit, other");
        if (word >= 0) c->type = (enum pl_launch_channel_type)word;
        if (!get(&one, "type")) refuse(&one, "type", NULL, "is missing: how do people hear of it?");
        read_whole(&one, "audience", &c->audience);
        read_time(&one, "send_at", &c->send_unix_ms);
        double percent = -1;
        read_real(&one, "click_rate_percent", &percent);
        if (percent >= 0) c->click_ppm = (int32_t)PL_MIN(percent * 10000, 2e9);
    }
}

static void read_contacts(const struct in *in, struct pl_launch *l)
{
    const cJSON *item;
    const cJSON *list =
        list_of(in, "contacts", PL_LAUNCH_CONTACTS_MAX, "is a list of at most 4 people");
    if (list) l->contact_count = 0;
    cJSON_ArrayForEach(item, list)
    {
        struct in one = item_of(in, item, "contacts", l->contact_count);
        struct pl_launch_contact *c = &l->contacts[l->contact_count++];
        *c = (struct pl_launch_contact){0};
        check_members(&one, contact_members, PL_LEN(contact_members));
        read_text(&one, "name", c->name, sizeof c->name);
        read_text(&one, "role", c->role, sizeof c->role);
        read_text(&one, "phone", c->phone, sizeof c->phone);
        read_text(&one, "email", c->email, sizeof c->email);
    }
}

static void read_consents(const struct in *in, struct pl_launch *l)
{
    const cJSON *item;
    const cJSON *list = list_of(in, "consents", PL_CONSENT_COUNT, "is a list of at most 5 words");
    if (list) l->consents = 0;
    cJSON_ArrayForEach(item, list)
    {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        uint32_t c = 0;
        while (c < PL_CONSENT_COUNT &&
               strcmp(pl_launch_consent_word((enum pl_launch_consent)c), text) != 0)
            c++;
        if (c < PL_CONSENT_COUNT)
            l->consents |= 1u << c;
        else
            refuse(in, "consents", text,
                   "is none of queue_page, static_front_page, search_off, recommendations_off, "
                   "read_only");
    }
}

static void read_expectation(const struct in *in, struct pl_launch *l)
{
    const cJSON *item = get(in, "expected_peak");
    if (!item) return;
    struct in one = item_of(in, item, "expected_peak", 0);
    one.where.item = -1;
    check_members(&one, peak_members, PL_LEN(peak_members));
    int word = read_word(&one, "unit", expect_word, PL_EXPECT_COUNT,
                         "is none of unknown, visitors_per_min, concurrent_users, rps, multiplier");
    if (!cJSON_IsObject(item) || !get(&one, "unit"))
        refuse(in, "expected_peak", NULL, "is {\"unit\": ..., \"value\": ...}");
    if (word >= 0) l->expect = (enum pl_launch_expect)word;
    l->expected = 0;
    read_real(&one, "value", &l->expected);
}

void pl_launch_in_object(const cJSON *object, const struct pl_zone *zone, int64_t now_unix_ms,
                         struct pl_launch *l, struct pl_launch_faults *faults)
{
    struct in in = {.object = object,
                    .is_root = true,
                    .faults = faults,
                    .zone = zone,
                    .now_unix_ms = now_unix_ms};
    if (!cJSON_IsObject(object)) {
        refuse(&in, "", NULL, "is no JSON object");
        return;
    }
    check_members(&in, members, PL_LEN(members));
    read_text(&in, "title", l->title, sizeof l->title);
    read_name(&in, "customer", &l->customer);
    int word = read_word(&in, "kind", kind_word, PL_LAUNCH_KIND_COUNT,
                         "is none of giveaway, sale, tickets, product, press, newsletter, stream, "
                         "go_live, load_test, pen_test, maintenance, other");
    if (word >= 0) l->kind = (enum pl_launch_kind)word;
    read_text(&in, "time_zone", l->zone, sizeof l->zone);
    if (l->zone[0] != '\0' && !zone)
        refuse(&in, "time_zone", l->zone, "is no zone of the IANA database, like Europe/Berlin");
    read_pools(&in, l);
    read_times(&in, l);
    read_channels(&in, l);
    read_expectation(&in, l);
    read_name(&in, "past_event", &l->past_event);
    if (l->past_event.len > 0 && l->past_factor == 0) l->past_factor = 1;
    read_real(&in, "past_factor", &l->past_factor);
    read_bool(&in, "cdn", &l->has_cdn);
    read_small(&in, "cacheable_percent", &l->cacheable_percent);
    read_small(&in, "pages_per_visit", &l->pages_per_visit);
    read_small(&in, "requests_per_page", &l->requests_per_page);
    read_bool(&in, "limited_stock", &l->limited_stock);
    read_bool(&in, "freeze", &l->freeze);
    read_consents(&in, l);
    read_contacts(&in, l);
    read_text(&in, "notes", l->notes, sizeof l->notes);
    read_text(&in, "reason", l->reason, sizeof l->reason);
}

void pl_launch_zone_wanted(struct pl_span text, char out[PL_LAUNCH_ZONE_BYTES])
{
    out[0] = '\0';
    cJSON *root = pl_json_parse(text);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "time_zone");
    const char *name = cJSON_IsString(item) ? item->valuestring : "";
    if (strlen(name) <= PL_ZONE_NAME_LEN_MAX && pl_zone_name_ok(pl_span_of(name)))
        memcpy(out, name, strlen(name) + 1);
    cJSON_Delete(root);
}

bool pl_launch_in(struct pl_span text, const struct pl_zone *zone, int64_t now_unix_ms,
                  struct pl_launch *l, struct pl_launch_faults *faults)
{
    cJSON *root = pl_json_parse(text);
    bool is_object = cJSON_IsObject(root);
    if (is_object) pl_launch_in_object(root, zone, now_unix_ms, l, faults);
    cJSON_Delete(root);
    return is_object;
}
