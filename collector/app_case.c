/* Cases beside the engine: what it does is heard into their timelines, what people do is written
 * down, and what was published and is written down is told.
 *
 *     engine effect -> pl_cases_hear            api -> open, save -> store, with a ticket
 *     tick -> flush, tell, remind, open         ... pl_app_case_saved(ticket) -> tell, answer
 *     tell -> case_letter -> webhook -> on_letter_answer -> pl_case_told
 *     remind -> notify_write -> webhook -> on_reminder_answer -> pl_case_reminded
 *
 * Answers name their case by its place and a hash of its id, because another may have it by then.
 */
#include "collector/app_state.h"

#include "collector/codec/alert_text.h"
#include "collector/codec/case_letter.h"
#include "collector/codec/case_record.h"
#include "collector/codec/case_text.h"
#include "collector/codec/change_text.h"
#include "collector/codec/json_case.h"
#include "collector/core/incident/telling.h"
#include "collector/io/signature.h"
#include "common/sys/clock.h"
#include "common/sys/process.h"

#include <stdlib.h>

enum { BUSY_WAIT_MS = 1000, NUMBER_BITS = 20, HASH_BITS = 16 };

static struct pl_case *case_at(const struct pl_app *app, uint32_t index)
{
    return &app->cases.all->items[index];
}

/* ---- writing down ---- */

static int put(struct pl_app *app, enum pl_said_key what, const char *field, struct pl_text *record,
               uint32_t ticket)
{
    PL_ASSERT(!record->overflow);
    return pl_store_put_said(app->store, what, field, pl_text_bytes(record), ticket);
}

/* An update has a ticket for itself: it must be there before it is told, whoever waits. */
static int save(void *arg, uint32_t index, uint32_t ticket)
{
    struct pl_app *app = arg;
    struct pl_case *c = case_at(app, index);
    char buf[PL_CASE_RECORD_BYTES], field[PL_CASE_FIELD_BYTES];
    struct pl_text t = pl_text_init(buf, sizeof buf);
    int err = 0;
    if (c->unwritten) {
        pl_case_update_field(field, &c->id, c->last_update);
        pl_record_case_update_write(&t, &c->id, &c->updates[c->update_count - 1]);
        err = put(app, PL_SAID_KEY_CASE_UPDATES, field, &t, pl_api_case_update_ticket(index));
        t = pl_text_init(buf, sizeof buf);
    }
    if (err != 0) return err;
    c->unwritten = false;
    pl_record_case_write(&t, c);
    err = put(app, PL_SAID_KEY_CASES, c->id.text, &t, ticket);
    if (err == 0) c->dirty = false;
    return err;
}

static void flush(struct pl_app *app)
{
    for (uint32_t i = 0; i < app->cases.all->used_max; i++) {
        struct pl_case *c = case_at(app, i);
        if (!c->used || !c->dirty) continue;
        int err = save(app, i, PL_STORE_NO_TICKET);
        if (err != 0)
            pl_log(PL_LOG_ERROR, "case_not_saved", "case=%s err=\"%s\"", c->id.text,
                   pl_err_text(err));
    }
}

static void drop(struct pl_app *app, const struct pl_case_dropped *dropped)
{
    char field[PL_CASE_FIELD_BYTES];
    const struct pl_span nothing = {0};
    if (dropped->id.len == 0) return;
    // Without a ticket this cannot fail.
    (void)!pl_store_put_said(app->store, PL_SAID_KEY_CASES, dropped->id.text, nothing,
                             PL_STORE_NO_TICKET);
    for (uint32_t i = 0; i < dropped->update_count; i++) {
        pl_case_update_field(field, &dropped->id, dropped->updates[i]);
        (void)!pl_store_put_said(app->store, PL_SAID_KEY_CASE_UPDATES, field, nothing,
                                 PL_STORE_NO_TICKET);
    }
}

static uint32_t open_case(void *arg, const struct pl_case_opening *opening, int64_t now_unix_ms)
{
    struct pl_app *app = arg;
    struct pl_case_dropped dropped;
    uint32_t index;
    if (pl_cases_open(app->cases.all, opening, now_unix_ms, &index, &dropped) != 0)
        return PL_NO_INDEX;
    drop(app, &dropped);
    pl_log(PL_LOG_INFO, "case_opened", "case=%s by=\"%s\"", opening->id.text,
           case_at(app, index)->opened_by);
    return index;
}

/* ---- what is heard ---- */

static void hear_alert(struct pl_app *app, uint32_t index, const char *what, struct pl_now now)
{
    char line[PL_ALERT_TEXT_BYTES + 32];
    struct pl_text t = pl_text_init(line, sizeof line);
    const struct pl_alert *alert = pl_engine_alert(app->engine, index);
    pl_text_str(&t, what);
    pl_alert_title_write(alert, now.unix_ms, &t);
    pl_cases_hear(app->cases.all, &alert->pool, PL_CASE_EVENT_ALERT, pl_text_bytes(&t),
                  now.unix_ms);
}

static void hear_handling(struct pl_app *app, uint32_t index, struct pl_now now)
{
    const struct pl_handling *h = pl_engine_handling(app->engine, index);
    const struct pl_alert *alert = pl_engine_alert(app->engine, index);
    char line[PL_ALERT_ID_MAX + PL_WHO_BYTES + 32], id[PL_ALERT_ID_MAX + 1];
    struct pl_text t = pl_text_init(line, sizeof line);
    if (h->hold == PL_HOLD_NONE || h->since_unix_ms != now.unix_ms) return;
    pl_alert_id(alert, id);
    pl_text_str(&t, id);
    pl_text_str(&t, h->hold == PL_HOLD_SNOOZED ? " snoozed by " : " acknowledged by ");
    pl_text_str(&t, h->by);
    pl_cases_hear(app->cases.all, &alert->pool, PL_CASE_EVENT_ALERT, pl_text_bytes(&t),
                  now.unix_ms);
}

static void hear_change(struct pl_app *app, const struct pl_effect *effect)
{
    const struct pl_change_entry *entry = &pl_engine_changes(app->engine)->entries[effect->change];
    const struct pl_fleet *fleet = pl_engine_fleet(app->engine);
    char line[PL_NAME_LEN_MAX + 2 + PL_CHANGE_TEXT_BYTES];
    struct pl_text t = pl_text_init(line, sizeof line);
    if (entry->host != effect->host || entry->change.count == 0) return;
    const struct pl_host *host = &fleet->hosts[entry->host];
    pl_text_span(&t, pl_name_span(&host->name));
    pl_text_str(&t, ": ");
    pl_change_text_write(&entry->change, &t);
    pl_cases_hear(app->cases.all, &fleet->pools[host->pool].name, PL_CASE_EVENT_CHANGE,
                  pl_text_bytes(&t), entry->change.unix_ms);
}

static void hear_launch(struct pl_app *app, uint32_t index, struct pl_now now)
{
    const struct pl_launch_entry *entry = &pl_engine_launches(app->engine)->entries[index];
    char line[PL_CASE_EVENT_BYTES];
    struct pl_text t = pl_text_init(line, sizeof line);
    pl_text_str(&t, pl_launch_state_word(entry->course.state));
    pl_text_str(&t, ": ");
    pl_text_str(&t, entry->launch.title);
    for (uint32_t i = 0; i < entry->launch.pool_count; i++)
        pl_cases_hear(app->cases.all, &entry->launch.pools[i], PL_CASE_EVENT_LAUNCH,
                      pl_text_bytes(&t), now.unix_ms);
}

void pl_app_case_hear(struct pl_app *app, const struct pl_effect *effect, struct pl_now now)
{
    if (app->cases.all->used_max == 0) return;
    if (effect->type == PL_EFFECT_ALERT_OPENED) hear_alert(app, effect->alert, "opened: ", now);
    if (effect->type == PL_EFFECT_ALERT_RAISED) hear_alert(app, effect->alert, "pages: ", now);
    if (effect->type == PL_EFFECT_ALERT_LOWERED) hear_alert(app, effect->alert, "calmer: ", now);
    if (effect->type == PL_EFFECT_ALERT_RESOLVED) hear_alert(app, effect->alert, "over: ", now);
    if (effect->type == PL_EFFECT_SAVE_HANDLING) hear_handling(app, effect->alert, now);
    if (effect->type == PL_EFFECT_SAVE_CHANGE) hear_change(app, effect);
    if (effect->type == PL_EFFECT_LAUNCH_STATE) hear_launch(app, effect->launch, now);
}

/* ---- telling subscribers ---- */

static uint64_t ticket_of(const struct pl_case *c, uint32_t index)
{
    uint64_t hash = pl_hash_bytes(pl_name_span(&c->id)) & ((1u << HASH_BITS) - 1);
    return (uint64_t)index << HASH_BITS | hash;
}

/* The case that was meant; NULL: it has made room for another. */
static struct pl_case *case_of(const struct pl_app *app, uint64_t ticket)
{
    uint32_t index = (uint32_t)(ticket >> HASH_BITS);
    struct pl_case *c = case_at(app, index);
    return c->used && ticket_of(c, index) == ticket ? c : NULL;
}

static void log_letter(const struct pl_case *c, const struct pl_case_telling *telling,
                       const struct pl_notify_answer *answer)
{
    char reason[PL_NOTIFY_REASON_BYTES];
    struct pl_text text = pl_text_init(reason, sizeof reason);
    bool sent = telling->result.class == PL_RESULT_SENT;
    pl_notify_reason_write(answer, &text);
    pl_log(sent ? PL_LOG_INFO : PL_LOG_WARN, sent ? "update_told" : "update_not_told",
           "case=%s update=%u subscriber=%u answer=\"%s\"", c->id.text, telling->update,
           telling->subscriber, reason);
}

static void on_letter_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct pl_app *app = owner;
    const uint64_t mask = (1u << NUMBER_BITS) - 1;
    struct pl_case *c = case_of(app, ticket >> 2 * NUMBER_BITS);
    if (!c) return;
    const struct pl_case_telling telling = {.subscriber = (uint32_t)(ticket >> NUMBER_BITS & mask),
                                            .update = (uint32_t)(ticket & mask),
                                            .result = pl_notify_classify(answer)};
    log_letter(c, &telling, answer);
    pl_case_told(c, &telling, &app->cases.rng, pl_app_now());
    if (app->phase < PL_APP_STOPPING_STORE) flush(app);
}

static int post_letter(struct pl_app *app, uint32_t index, const struct pl_case_letter *letter)
{
    uint64_t ticket = ticket_of(letter->c, index) << 2 * NUMBER_BITS |
                      (uint64_t)letter->to->number << NUMBER_BITS | letter->update->number;
    int err = pl_case_letter_write(letter, &app->request);
    if (err == 0 && app->request.sign_secret.len > 0)
        err = pl_signature_add(&app->request, pl_clock_unix_ms());
    return err != 0 ? err : pl_app_submit(app, 0, on_letter_answer, ticket);
}

static void tell(struct pl_app *app, uint32_t index, struct pl_now now)
{
    struct pl_case *c = case_at(app, index);
    char url[PL_CASE_URL_BYTES];
    struct pl_text link = pl_text_init(url, sizeof url);
    struct pl_case_letter letter = {.c = c};
    pl_case_url_write(&link, pl_span_of(app->external_url), c);
    letter.url = pl_text_bytes(&link);
    while ((letter.to = pl_case_tell(c, now, &letter.update)) != NULL) {
        bool is_mail = letter.to->channel == PL_CASE_EMAIL;
        bool has_server = is_mail && app->cases.mail_target < app->target_count;
        letter.mail = has_server ? &app->targets[app->cases.mail_target] : NULL;
        int err = post_letter(app, index, &letter);
        if (err == 0) continue;
        bool for_good = err == PL_E_NOT_FOUND || err == PL_E_TOO_BIG || err == PL_E_SYNTAX;
        const struct pl_case_telling telling = {
            letter.to->number,
            letter.update->number,
            {.class = for_good ? PL_RESULT_BROKEN : PL_RESULT_RETRY, .wait_ms = BUSY_WAIT_MS}};
        pl_log(PL_LOG_WARN, "update_not_told", "case=%s update=%u subscriber=%u err=\"%s\"",
               c->id.text, telling.update, telling.subscriber, pl_err_text(err));
        pl_case_told(c, &telling, &app->cases.rng, now);
    }
}

/* ---- reminding ---- */

struct contacts {
    uint32_t count;
    uint8_t targets[PL_TARGET_MAX]; // in the order in which they are tried
};

static void add_target(const struct pl_app *app, uint32_t target, struct contacts *out)
{
    bool is_new =
        target < app->target_count && pl_notify_provider(app->targets[target].type)->takes_notices;
    for (uint32_t i = 0; i < out->count && is_new; i++) is_new = out->targets[i] != target;
    if (is_new) out->targets[out->count++] = (uint8_t)target;
}

/* Whoever hears of a pool first. */
static void add_route(const struct pl_app *app, const struct pl_name *pool, struct pl_now now,
                      struct contacts *out)
{
    const struct pl_collector_config *config = app->config;
    struct pl_route route = {0};
    uint32_t policy = config->default_policy, i = 0;
    while (i < config->pool_count && !pl_name_eq(&config->pools[i].name, pool)) i++;
    if (i < config->pool_count) policy = config->pools[i].policy;
    if (policy > 0)
        pl_policy_route(app->oncall, policy, now.unix_ms, &route);
    else
        pl_route_all(pl_collector_config_notifiers(config, pool), &route);
    for (uint32_t r = 0; route.step_count > 0 && r < route.steps[0].receiver_count; r++) {
        const struct pl_receiver *receiver = &route.steps[0].receivers[r];
        for (uint32_t t = 0; t < receiver->count; t++) add_target(app, receiver->targets[t], out);
    }
}

/* The owner's own, if the owner is a person of the configuration whom notices reach; else those
 * who hear of the pools first. */
static struct contacts contacts_of(const struct pl_app *app, const struct pl_case *c,
                                   struct pl_now now)
{
    struct contacts found = {0};
    uint16_t person = pl_oncall_person(app->oncall, pl_span_of(c->owner));
    if (person != PL_NOBODY) {
        const struct pl_receiver *own = &app->oncall->people[person].contact;
        for (uint32_t t = 0; t < own->count; t++) add_target(app, own->targets[t], &found);
    }
    for (uint32_t i = 0; found.count == 0 && i < c->pool_count; i++)
        add_route(app, &c->pools[i], now, &found);
    return found;
}

static void reminded(struct pl_app *app, struct pl_case *c, bool sent, uint32_t target,
                     struct pl_now now)
{
    struct contacts all = contacts_of(app, c, now);
    struct pl_case_reminding what = {.sent = sent, .contact_count = all.count};
    if (target < app->target_count) what.contact = pl_name_span(&app->target_names[target]);
    pl_case_reminded(c, &what, now);
}

static void on_reminder_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    enum { TARGET_BITS = 8 };
    struct pl_app *app = owner;
    struct pl_case *c = case_of(app, ticket >> TARGET_BITS);
    uint32_t target = ticket & ((1u << TARGET_BITS) - 1);
    struct pl_notify_reading reading;
    char reason[PL_NOTIFY_REASON_BYTES];
    struct pl_text text = pl_text_init(reason, sizeof reason);
    if (!c) return;
    pl_notify_read(&app->targets[target], answer, &reading);
    pl_notify_words_write(&app->targets[target], answer, &text);
    bool sent = reading.result.class == PL_RESULT_SENT;
    pl_log(sent ? PL_LOG_INFO : PL_LOG_WARN, sent ? "reminder_sent" : "reminder_not_sent",
           "case=%s target=%s answer=\"%s\"", c->id.text, app->target_names[target].text, reason);
    reminded(app, c, sent, target, pl_app_now());
    if (app->phase < PL_APP_STOPPING_STORE) flush(app);
}

/* "Case c-...: customers wait for an update on 'Slow pages', due since 14:33 UTC" */
static void write_notice(const struct pl_case *c, struct pl_now now, struct pl_text *out)
{
    bool is_first = c->update_count == 0;
    pl_text_str(out, "Case ");
    pl_text_span(out, pl_name_span(&c->id));
    pl_text_str(out, is_first ? ": customers have been told nothing yet about '"
                              : ": customers wait for an update about '");
    pl_text_str(out, c->title);
    pl_text_str(out, "', due since ");
    pl_case_time_write(out, pl_case_next_due(c), now.unix_ms);
}

static int post_reminder(struct pl_app *app, uint32_t index, uint32_t target, struct pl_now now)
{
    const struct pl_case *c = case_at(app, index);
    char notice[PL_CASE_TITLE_BYTES + 256], url[PL_CASE_URL_BYTES];
    struct pl_text words = pl_text_init(notice, sizeof notice);
    struct pl_text link = pl_text_init(url, sizeof url);
    write_notice(c, now, &words);
    pl_text_str(&link, app->external_url);
    pl_text_str(&link, "case.html#id=");
    pl_text_span(&link, pl_name_span(&c->id));
    const struct pl_page page = {.target = (uint8_t)target,
                                 .created_unix_ms = now.unix_ms,
                                 .alert = {.rule = PL_RULE_LIMIT, // identity is pool and opening
                                           .pool = c->id,
                                           .state = PL_ALERT_FIRING,
                                           .tier = PL_TIER_PAGE,
                                           .revision = 1,
                                           .since_unix_ms = c->opened_unix_ms,
                                           .opened_unix_ms = pl_case_next_due(c)}};
    const struct pl_notify_message message = {.page = &page,
                                              .now_unix_ms = now.unix_ms,
                                              .is_test = true,
                                              .notice = pl_text_bytes(&words),
                                              .external_url = pl_text_bytes(&link)};
    return pl_app_post(app, target, &message, on_reminder_answer,
                       ticket_of(c, index) << 8 | target);
}

static void remind(struct pl_app *app, uint32_t index, struct pl_now now)
{
    struct pl_case *c = case_at(app, index);
    uint32_t nth;
    if (!pl_case_remind(c, now, &nth)) return;
    struct contacts all = contacts_of(app, c, now);
    uint32_t target = all.count > 0 ? all.targets[nth % all.count] : app->target_count;
    int err = all.count > 0 ? post_reminder(app, index, target, now) : PL_E_NOT_FOUND;
    if (err == 0) return;
    pl_log(PL_LOG_WARN, "reminder_not_sent", "case=%s err=\"%s\"", c->id.text, pl_err_text(err));
    reminded(app, c, false, target, now);
}

/* ---- life ---- */

/* An alert that has paged for so long is somebody's incident, whether or not they said so. */
static void open_by_itself(struct pl_app *app, struct pl_now now)
{
    int64_t after_ms = app->config->cases.open_after_ms;
    uint32_t count = after_ms > 0 ? pl_engine_alert_count(app->engine) : 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct pl_alert *alert = pl_engine_alert(app->engine, i);
        if (!pl_cases_want(app->cases.all, alert, after_ms, now.unix_ms)) continue;
        char title[PL_ALERT_TEXT_BYTES];
        struct pl_text t = pl_text_init(title, sizeof title);
        struct pl_case_opening opening = {.pools = &alert->pool, .pool_count = 1, .alert = alert};
        pl_alert_title_write(alert, now.unix_ms, &t);
        opening.title = pl_text_bytes(&t);
        if (pl_api_case_names(&opening) < 0) continue; // tried again in a second
        (void)open_case(app, &opening, now.unix_ms);   // likewise, while all are open
    }
}

int pl_app_case_start(struct pl_app *app)
{
    app->cases.all = calloc(1, sizeof *app->cases.all);
    app->cases.rng = pl_rng_init(pl_process_seed());
    app->cases.mail_target = PL_NO_INDEX;
    const char *wanted = app->config->cases.mail;
    for (uint32_t t = app->target_count; t > 0; t--) {
        bool is_named = wanted[0] == '\0' || strcmp(app->target_names[t - 1].text, wanted) == 0;
        if (is_named && app->targets[t - 1].type == PL_NOTIFY_EMAIL) app->cases.mail_target = t - 1;
    }
    return app->cases.all ? 0 : -ENOMEM;
}

void pl_app_case_free(struct pl_app *app)
{
    free(app->cases.all);
}

struct pl_api_case_desk pl_app_case_desk(struct pl_app *app)
{
    return (struct pl_api_case_desk){.cases = app->cases.all,
                                     .open = open_case,
                                     .save = save,
                                     .has_mail = app->cases.mail_target != PL_NO_INDEX,
                                     .arg = app};
}

void pl_app_case_saved(struct pl_app *app, uint32_t ticket)
{
    struct pl_now now = pl_app_now();
    uint32_t index = pl_api_case_index(ticket);
    struct pl_case *c = case_at(app, index);
    if ((ticket & PL_API_CASE_UPDATE) == 0) {
        pl_api_case_saved(app->api, ticket, now);
        return;
    }
    pl_case_written(c, c->last_update);
    if (app->phase == PL_APP_RUNNING && c->used) tell(app, index, now);
}

void pl_app_case_tick(struct pl_app *app, struct pl_now now)
{
    open_by_itself(app, now);
    for (uint32_t i = 0; i < app->cases.all->used_max; i++) {
        if (!case_at(app, i)->used) continue;
        tell(app, i, now);
        remind(app, i, now);
    }
    flush(app);
}

int pl_app_restore_case(struct pl_app *app, enum pl_said_key what, struct pl_span record)
{
    struct pl_case_update update;
    struct pl_name id;
    int err;
    if (what == PL_SAID_KEY_CASES) {
        struct pl_case c;
        err = pl_record_case_read(record, &c);
        return err != 0 ? err : pl_cases_restore(app->cases.all, &c);
    }
    err = pl_record_case_update_read(record, &id, &update);
    return err != 0 ? err : pl_cases_restore_update(app->cases.all, &id, &update);
}
