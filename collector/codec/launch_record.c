#include "collector/codec/launch_record.h"

#include "collector/codec/after_record.h"
#include "collector/codec/json_in.h"
#include "collector/codec/json_put.h"
#include "collector/codec/launch_in.h"
#include "common/base/err.h"

/* ---- what was said ---- */

static void put_channels(struct pl_text *out, const struct pl_launch *l)
{
    pl_text_str(out, ",\"channels\":[");
    for (uint32_t i = 0; i < l->channel_count; i++) {
        const struct pl_launch_channel *c = &l->channels[i];
        pl_json_put_text(out,
                         i > 0 ? ",{\"type\":" : "{\"type\":", pl_launch_channel_word(c->type));
        pl_json_put_number(out, ",\"audience\":", c->audience, 1);
        if (c->send_unix_ms > 0) pl_json_put_time(out, ",\"send_at\":", c->send_unix_ms);
        if (c->click_ppm >= 0)
            pl_json_put_number(out, ",\"click_rate_percent\":", c->click_ppm, 10000);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

static void put_contacts(struct pl_text *out, const struct pl_launch *l)
{
    pl_text_str(out, ",\"contacts\":[");
    for (uint32_t i = 0; i < l->contact_count; i++) {
        const struct pl_launch_contact *c = &l->contacts[i];
        pl_json_put_text(out, i > 0 ? ",{\"name\":" : "{\"name\":", c->name);
        if (c->role[0] != '\0') pl_json_put_text(out, ",\"role\":", c->role);
        if (c->phone[0] != '\0') pl_json_put_text(out, ",\"phone\":", c->phone);
        if (c->email[0] != '\0') pl_json_put_text(out, ",\"email\":", c->email);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

static void put_consents(struct pl_text *out, uint32_t consents)
{
    bool first = true;
    pl_text_str(out, ",\"consents\":[");
    for (enum pl_launch_consent c = 0; c < PL_CONSENT_COUNT; c++) {
        if ((consents & 1u << c) == 0) continue;
        pl_json_put_text(out, first ? "" : ",", pl_launch_consent_word(c));
        first = false;
    }
    pl_text_char(out, ']');
}

static void put_pools(struct pl_text *out, const struct pl_launch *l)
{
    pl_text_str(out, ",\"pools\":[");
    for (uint32_t i = 0; i < l->pool_count; i++)
        pl_json_put_name(out, i > 0 ? "," : "", &l->pools[i]);
    pl_text_char(out, ']');
}

static void put_load_facts(struct pl_text *out, const struct pl_launch *l)
{
    if (l->expect != PL_EXPECT_NOTHING) {
        pl_json_put_text(out, ",\"expected_peak\":{\"unit\":", pl_launch_expect_word(l->expect));
        if (l->expected > 0) pl_json_put_real(out, ",\"value\":", l->expected);
        pl_text_char(out, '}');
    }
    if (l->past_event.len > 0) {
        pl_json_put_name(out, ",\"past_event\":", &l->past_event);
        pl_json_put_real(out, ",\"past_factor\":", l->past_factor);
    }
    pl_json_put_bool(out, ",\"cdn\":", l->has_cdn);
    if (l->cacheable_percent >= 0)
        pl_json_put_number(out, ",\"cacheable_percent\":", l->cacheable_percent, 1);
    if (l->pages_per_visit > 0)
        pl_json_put_number(out, ",\"pages_per_visit\":", l->pages_per_visit, 1);
    if (l->requests_per_page > 0)
        pl_json_put_number(out, ",\"requests_per_page\":", l->requests_per_page, 1);
    pl_json_put_bool(out, ",\"limited_stock\":", l->limited_stock);
}

void pl_launch_members_write(struct pl_text *out, const struct pl_launch *l, const char *before)
{
    pl_text_str(out, before);
    pl_json_put_text(out, "\"title\":", l->title);
    if (l->customer.len > 0) pl_json_put_name(out, ",\"customer\":", &l->customer);
    pl_json_put_text(out, ",\"kind\":", pl_launch_kind_word(l->kind));
    put_pools(out, l);
    pl_json_put_time(out, ",\"starts_at\":", l->starts_unix_ms);
    pl_json_put_time(out, ",\"ends_at\":", l->ends_unix_ms);
    if (l->announce_unix_ms > 0) pl_json_put_time(out, ",\"announce_at\":", l->announce_unix_ms);
    if (l->zone[0] != '\0') pl_json_put_text(out, ",\"time_zone\":", l->zone);
    put_channels(out, l);
    put_load_facts(out, l);
    pl_json_put_bool(out, ",\"freeze\":", l->freeze);
    put_consents(out, l->consents);
    put_contacts(out, l);
    pl_json_put_text(out, ",\"notes\":", l->notes);
    pl_json_put_text(out, ",\"reason\":", l->reason);
}

/* ---- what became of it ---- */

static void put_milli(struct pl_text *out, const char *key, double value)
{
    static const double most = 1e12;
    pl_json_put_number(out, key, (int64_t)(PL_MAX(PL_MIN(value, most), -most) * 1000), 1);
}

static void put_course(struct pl_text *out, const struct pl_launch_course *c)
{
    pl_json_put_text(out, ",\"course\":{\"state\":", pl_launch_state_word(c->state));
    pl_json_put_number(out, ",\"since\":", c->state_unix_ms, 1);
    pl_json_put_number(out, ",\"announced\":", c->announced_unix_ms, 1);
    pl_json_put_number(out, ",\"live\":", c->live_unix_ms, 1);
    pl_json_put_number(out, ",\"onset\":", c->onset_unix_ms, 1);
    pl_json_put_text(out, ",\"colour\":", pl_verdict_word(c->colour));
    pl_json_put_number(out, ",\"checks\":", c->checks, 1);
    put_milli(out, ",\"expected_p50_milli\":", c->expected.p50);
    put_milli(out, ",\"expected_p90_milli\":", c->expected.p90);
    put_milli(out, ",\"foreseen_p50_milli\":", c->foreseen.p50);
    put_milli(out, ",\"foreseen_p90_milli\":", c->foreseen.p90);
    pl_json_put_number(out, ",\"calm\":", c->calm_unix_ms, 1);
    put_milli(out, ",\"before_milli\":", c->before_per_s);
    put_milli(out, ",\"guessed_milli\":", c->guessed_per_s);
    put_milli(out, ",\"peak_milli\":", c->peak_per_s);
    pl_json_put_number(out, ",\"peak_at\":", c->peak_unix_ms, 1);
    put_milli(out, ",\"usual_milli\":", c->usual_per_s);
    put_milli(out, ",\"least_headroom_milli\":", c->least_headroom);
    pl_text_char(out, '}');
}

static void put_notes(struct pl_text *out, const struct pl_launch_entry *e)
{
    pl_text_str(out, ",\"log\":[");
    for (uint32_t i = 0; i < e->log_count; i++) {
        const struct pl_launch_note *n = &e->log[i];
        pl_json_put_text(out,
                         i > 0 ? ",{\"event\":" : "{\"event\":", pl_launch_event_word(n->event));
        pl_json_put_number(out, ",\"revision\":", n->revision, 1);
        pl_json_put_number(out, ",\"time\":", n->unix_ms, 1);
        pl_json_put_text(out, ",\"state\":", pl_launch_state_word(n->state));
        pl_json_put_text(out, ",\"colour\":", pl_verdict_word(n->colour));
        pl_json_put_text(out, ",\"author\":", n->author);
        pl_json_put_text(out, ",\"reason\":", n->reason);
        pl_text_char(out, '}');
    }
    pl_text_char(out, ']');
}

void pl_record_launch_write(struct pl_text *out, const struct pl_launch_entry *e)
{
    pl_json_put_name(out, "{\"id\":", &e->launch.id);
    pl_json_put_number(out, ",\"revision\":", e->launch.revision, 1);
    pl_json_put_number(out, ",\"created\":", e->launch.created_unix_ms, 1);
    pl_json_put_number(out, ",\"changed\":", e->launch.changed_unix_ms, 1);
    pl_json_put_text(out, ",\"author\":", e->launch.author);
    pl_text_str(out, ",\"request_key\":\"");
    pl_text_u64(out, e->idempotency_key);
    pl_text_str(out, "\",\"request_hash\":\"");
    pl_text_u64(out, e->request_hash);
    pl_text_str(out, "\",\"launch\":{");
    pl_launch_members_write(out, &e->launch, "");
    pl_text_char(out, '}');
    put_course(out, &e->course);
    pl_after_record_write(out, &e->after);
    put_notes(out, e);
    pl_text_char(out, '}');
}

/* ---- and back ---- */

#define WORDS(name, count, word_of, type)                                                          \
    const char *name[count];                                                                       \
    for (int i = 0; i < (count); i++) (name)[i] = word_of((type)i)

static int64_t get_time(struct pl_json_reader *r, const char *member)
{
    return pl_json_i64(r, member, 0, PL_JSON_EXACT_MAX);
}

static double get_milli(struct pl_json_reader *r, const char *member)
{
    return (double)pl_json_i64(r, member, -PL_JSON_EXACT_MAX, PL_JSON_EXACT_MAX) / 1000;
}

static int read_course(const cJSON *object, struct pl_launch_course *c)
{
    WORDS(states, PL_LAUNCH_STATE_COUNT, pl_launch_state_word, enum pl_launch_state);
    WORDS(colours, PL_VERDICT_COUNT, pl_verdict_word, enum pl_verdict_colour);
    struct pl_json_reader r = pl_json_reader_init(object);
    *c = pl_launch_course_init(0);
    c->state = (enum pl_launch_state)pl_json_word(&r, "state", states, PL_LEN(states));
    c->state_unix_ms = get_time(&r, "since");
    c->announced_unix_ms = get_time(&r, "announced");
    c->live_unix_ms = get_time(&r, "live");
    c->onset_unix_ms = get_time(&r, "onset");
    c->colour = (enum pl_verdict_colour)pl_json_word(&r, "colour", colours, PL_LEN(colours));
    c->checks = (uint32_t)pl_json_i64(&r, "checks", 0, UINT32_MAX);
    c->expected =
        (struct pl_load){get_milli(&r, "expected_p50_milli"), get_milli(&r, "expected_p90_milli")};
    if (cJSON_HasObjectItem(object, "foreseen_p50_milli")) { // since there are reports
        c->foreseen = (struct pl_load){get_milli(&r, "foreseen_p50_milli"),
                                       get_milli(&r, "foreseen_p90_milli")};
        c->calm_unix_ms = get_time(&r, "calm");
        c->before_per_s = get_milli(&r, "before_milli");
        c->guessed_per_s = get_milli(&r, "guessed_milli");
    }
    c->peak_per_s = get_milli(&r, "peak_milli");
    c->peak_unix_ms = get_time(&r, "peak_at");
    c->usual_per_s = get_milli(&r, "usual_milli");
    c->least_headroom = get_milli(&r, "least_headroom_milli");
    return r.err;
}

static int read_notes(const cJSON *list, struct pl_launch_entry *e)
{
    WORDS(events, PL_LAUNCH_EVENT_COUNT, pl_launch_event_word, enum pl_launch_event);
    WORDS(states, PL_LAUNCH_STATE_COUNT, pl_launch_state_word, enum pl_launch_state);
    WORDS(colours, PL_VERDICT_COUNT, pl_verdict_word, enum pl_verdict_colour);
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        struct pl_json_reader r = pl_json_reader_init(item);
        struct pl_launch_note n = {0};
        n.event = (enum pl_launch_event)pl_json_word(&r, "event", events, PL_LEN(events));
        n.revision = (uint32_t)pl_json_i64(&r, "revision", 0, UINT32_MAX);
        n.unix_ms = get_time(&r, "time");
        n.state = (enum pl_launch_state)pl_json_word(&r, "state", states, PL_LEN(states));
        n.colour = (enum pl_verdict_colour)pl_json_word(&r, "colour", colours, PL_LEN(colours));
        pl_json_text(&r, "author", n.author, sizeof n.author);
        pl_json_text(&r, "reason", n.reason, sizeof n.reason);
        if (r.err != 0) return r.err;
        pl_launch_log(e, &n);
    }
    return 0;
}

/* The zone is only shown: a record's times are in UTC. */
static void read_said(const cJSON *object, struct pl_launch_entry *e,
                      struct pl_launch_faults *faults)
{
    static const struct pl_zone utc = {.name = "UTC"};
    e->launch = pl_launch_init();
    pl_launch_in_object(object, &utc, 0, &e->launch, faults);
}

int pl_record_launch_read(struct pl_span in, struct pl_launch_entry *out)
{
    cJSON *root = pl_json_parse(in);
    struct pl_json_reader r = pl_json_reader_init(root);
    struct pl_launch_entry e = {.used = true};
    struct pl_launch_faults faults = {0};
    const cJSON *said = pl_json_object(&r, "launch");
    if (said) read_said(said, &e, &faults);
    pl_json_name(&r, "id", &e.launch.id);
    e.launch.revision = (uint32_t)pl_json_i64(&r, "revision", 1, UINT32_MAX);
    e.launch.created_unix_ms = get_time(&r, "created");
    e.launch.changed_unix_ms = get_time(&r, "changed");
    pl_json_text(&r, "author", e.launch.author, sizeof e.launch.author);
    e.idempotency_key = pl_json_u64(&r, "request_key");
    e.request_hash = pl_json_u64(&r, "request_hash");
    const cJSON *course = pl_json_object(&r, "course");
    const cJSON *notes = pl_json_array(&r, "log");
    if (r.err == 0) r.err = read_course(course, &e.course);
    const cJSON *after = cJSON_GetObjectItemCaseSensitive(root, "after");
    if (r.err == 0 && after) r.err = pl_after_record_read(after, &e.after);
    if (r.err == 0) r.err = read_notes(notes, &e);
    if (r.err == 0 && (faults.count > 0 || e.launch.pool_count == 0)) r.err = PL_E_RANGE;
    cJSON_Delete(root);
    if (r.err == 0) *out = e;
    return r.err;
}
