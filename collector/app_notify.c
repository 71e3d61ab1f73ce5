/* Telling people: pages become requests to their providers, answers become results.
 *
 *     effect SEND_PAGE -> pl_notify_write -> webhook -> on_answer -> pl_notify_read
 *                      -> engine_page_result, and what the provider calls the message -> store
 *     plimsoll notify test -> the same way without an outbox -> on_test_answer -> admin_reply */
#include "collector/app_state.h"

#include "collector/codec/change_text.h"
#include "collector/codec/notify/reference.h"
#include "collector/codec/oncall_text.h"
#include "collector/codec/shortfall.h"
#include "collector/io/signature.h"
#include "common/sys/clock.h"

#include <assert.h>

enum { WEBHOOK_BUSY_WAIT_MS = 1000, ACK_PATH_BYTES = sizeof "ack/" + PL_ACK_TOKEN_CHARS };

static uint64_t ticket_of(struct pl_slot_id id)
{
    return (uint64_t)id.index << 32 | id.generation;
}

static struct pl_slot_id page_of(uint64_t ticket)
{
    return (struct pl_slot_id){(uint32_t)(ticket >> 32), (uint32_t)ticket};
}

static void log_answer(const struct pl_app *app, const struct pl_page *page,
                       const struct pl_notify_answer *answer, const struct pl_page_result *result)
{
    static const char *const events[] = {
        [PL_RESULT_SENT] = "page_sent",
        [PL_RESULT_RETRY] = "page_retry",
        [PL_RESULT_REJECT] = "page_rejected",
        [PL_RESULT_BROKEN] = "notifier_broken",
    };
    char id[PL_ALERT_ID_MAX + 1], reason[PL_NOTIFY_REASON_BYTES];
    struct pl_text text = pl_text_init(reason, sizeof reason);
    pl_alert_id(&page->alert, id);
    pl_notify_words_write(&app->targets[page->target], answer, &text);
    char wait[32] = ""; // only what the provider asked for
    if (result->wait_ms >= 0)
        (void)snprintf(wait, sizeof wait, " wait_ms=%lld", (long long)result->wait_ms);
    enum pl_log_level level = result->class == PL_RESULT_SENT ? PL_LOG_INFO : PL_LOG_WARN;
    pl_log(level, events[result->class], "alert=%s state=%s target=%s attempt=%u answer=\"%s\"%s",
           id, page->resolved ? "resolved" : "firing", app->target_names[page->target].text,
           page->attempts, reason, wait);
}

static enum pl_notify_state state_of(const struct pl_page *page)
{
    return page->resolved ? PL_NOTIFY_RESOLVED : PL_NOTIFY_FIRING;
}

static void on_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct pl_app *app = owner;
    struct pl_now now = pl_app_now();
    struct pl_slot_id id = page_of(ticket);
    const struct pl_page *page = pl_engine_page(app->engine, id);
    if (!page) return; // the page was settled without this answer
    struct pl_notify_reading reading;
    pl_notify_read(&app->targets[page->target], answer, &reading);
    log_answer(app, page, answer, &reading.result);
    const struct pl_reference *ref =
        pl_reference_answered(&app->references, page, state_of(page), &reading, now.unix_ms);
    if (ref) pl_store_put_reference(app->store, ref);
    pl_engine_page_result(app->engine, id, &reading.result, now);
    pl_app_settle(app, now);
}

/* What changed in the pool of a page that tells of trouble. */
static void write_changes(const struct pl_app *app, const struct pl_page *page, struct pl_now now,
                          struct pl_text *out)
{
    const struct pl_fleet *fleet = pl_engine_fleet(app->engine);
    uint32_t pool = pl_fleet_find_pool(fleet, &page->alert.pool);
    struct pl_change_digest digest;
    if (page->resolved || pool == PL_NO_INDEX) return;
    pl_changes_digest(pl_engine_changes(app->engine), fleet, pool, now.unix_ms, &digest);
    pl_changes_text_write(&digest, fleet, now.unix_ms, out);
}

/* The last 15 minutes of the page's pool, for those who show pictures; empty where nothing is known
 * of them. */
static struct pl_span draw(struct pl_app *app, const struct pl_page *page, struct pl_now now)
{
    const struct pl_span none = {0};
    const struct pl_fleet *fleet = pl_engine_fleet(app->engine);
    uint32_t pool = pl_fleet_find_pool(fleet, &page->alert.pool);
    if (!pl_notify_provider(app->targets[page->target].type)->is_mailbox) return none;
    if (pool == PL_NO_INDEX) return none;
    const struct pl_saturation *s = pl_engine_saturation(app->engine, pool);
    const struct pl_picture_subject subject = {
        .pool = pl_name_span(&page->alert.pool),
        .unit = pl_span_of(pl_traffic_unit(s->unit)),
        .trail = &s->traffic.trail,
        .capacity = s->headroom.spare.p50 > 0 ? s->headroom.spare.p50 : s->headroom.whole.p50,
        .unix_ms = now.unix_ms,
    };
    if (!pl_picture_draw(&subject, &app->picture)) return none;
    ssize_t len = pl_png_write(&app->picture, app->png, sizeof app->png);
    return len < 0 ? none : (struct pl_span){app->png, (size_t)len}; // the mail goes without
}

/* The address at which this page's receiver acknowledges; empty where people cannot reach us. The
 * same for every attempt at the page. */
static void write_ack_url(const struct pl_app *app, const struct pl_page *page, struct pl_text *out)
{
    if (app->config->external_url[0] == '\0' || page->resolved) return;
    uint16_t person = pl_oncall_owner(app->oncall, page->target);
    const struct pl_link link = {
        .alert = pl_link_alert(&page->alert),
        .who = pl_link_who(pl_name_span(&app->target_names[page->target]),
                           person == PL_NOBODY ? (struct pl_span){0}
                                               : pl_name_span(&app->oncall->people[person].name)),
        .issued_unix_ms = page->created_unix_ms,
    };
    pl_text_str(out, app->external_url);
    pl_text_str(out, "ack/");
    if (pl_ack_link_write(&app->ack_key, &link, out) == 0 && !out->overflow) return;
    pl_log(PL_LOG_ERROR, "page_without_link", "target=%s", app->target_names[page->target].text);
    out->len = 0; // the page matters more
}

/* The end of that address. */
static struct pl_span ack_token(const struct pl_text *url)
{
    struct pl_span bytes = pl_text_bytes(url);
    if (bytes.len < PL_ACK_TOKEN_CHARS) return (struct pl_span){NULL, 0};
    return (struct pl_span){bytes.ptr + bytes.len - PL_ACK_TOKEN_CHARS, PL_ACK_TOKEN_CHARS};
}

/* Why the page came to this one: as of when it was written, so that every attempt says the same. */
static void write_paged(const struct pl_app *app, const struct pl_page *page, struct pl_text *out)
{
    uint32_t policy = app->config->default_policy;
    for (uint32_t i = 0; i < app->config->pool_count; i++) {
        const struct pl_config_pool *pool = &app->config->pools[i];
        if (pl_name_eq(&pool->name, &page->alert.pool)) policy = pool->policy;
    }
    if (page->resolved) return;
    const struct pl_told told =
        pl_policy_told(app->oncall, policy, page->target, page->created_unix_ms);
    pl_told_write(out, app->oncall, &told);
}

int pl_app_submit(struct pl_app *app, int32_t wait_ms, pl_app_answer_fn *on_answer_fn,
                  uint64_t ticket)
{
    const struct pl_notify_request *request = &app->request;
    struct pl_webhook_request post = {
        .method = request->method,
        .content = request->content,
        .url = pl_text_bytes(&request->url),
        .envelope = request->envelope,
        .header_count = request->header_count,
        .body = pl_text_bytes(&request->body),
        .on_answer = on_answer_fn,
        .wait_ms = wait_ms,
        .owner = app,
        .ticket = ticket,
    };
    static_assert((int)PL_NOTIFY_HEADERS_MAX <= (int)PL_WEBHOOK_HEADERS_MAX, "all of them fit");
    for (uint32_t i = 0; i < request->header_count; i++) {
        post.headers[i] = pl_text_bytes(&request->headers[i]);
    }
    return pl_webhook_submit(app->webhook, &post);
}

int pl_app_post(struct pl_app *app, uint32_t target, const struct pl_notify_message *message,
                pl_app_answer_fn *on_answer_fn, uint64_t ticket)
{
    struct pl_notify_request *request = &app->request;
    int err = pl_notify_write(&app->targets[target], message, request);
    if (err == 0 && request->sign_secret.len > 0)
        err = pl_signature_add(request, pl_clock_unix_ms());
    if (err != 0) return err;
    return pl_app_submit(app, 0, on_answer_fn, ticket);
}

/* Post the page. 0, or why it cannot be posted now. */
static int post_page(struct pl_app *app, const struct pl_page *page, pl_app_answer_fn *on_answer_fn,
                     struct pl_now now)
{
    char changes[PL_CHANGES_TEXT_BYTES], helps[PL_SHORTFALL_TEXT_BYTES];
    char ack_url[PL_CONFIG_EXTERNAL_URL_BYTES + ACK_PATH_BYTES];
    struct pl_text ack_text = pl_text_init(ack_url, sizeof ack_url);
    char paged[PL_TOLD_TEXT_BYTES];
    struct pl_text paged_text = pl_text_init(paged, sizeof paged);
    struct pl_text changes_text = pl_text_init(changes, sizeof changes);
    struct pl_text helps_text = pl_text_init(helps, sizeof helps);
    write_changes(app, page, now, &changes_text);
    if (!page->resolved) pl_shortfall_text_write(app->engine, &page->alert, &helps_text);
    write_ack_url(app, page, &ack_text);
    write_paged(app, page, &paged_text);
    const struct pl_contacts contacts = {app->contacts, app->config->pool_count};
    const struct pl_notify_message message = {
        .page = page,
        .now_unix_ms = now.unix_ms,
        .state = state_of(page),
        .ack_url = pl_text_bytes(&ack_text),
        .ack_token = ack_token(&ack_text),
        .paged = pl_text_bytes(&paged_text),
        .external_url = pl_span_of(app->external_url),
        .contact = pl_contact_find(&contacts, &page->alert.pool),
        .helps = pl_text_bytes(&helps_text),
        .changes = pl_text_bytes(&changes_text),
        .picture = draw(app, page, now),
        .reference = pl_reference_find(&app->references, page, state_of(page)),
    };
    return pl_app_post(app, page->target, &message, on_answer_fn, ticket_of(page->id));
}

void pl_app_send_page(struct pl_app *app, struct pl_slot_id id, struct pl_now now)
{
    const struct pl_page *page = pl_engine_page(app->engine, id);
    if (!page) return; // an effect earlier in the batch ended it
    PL_ASSERT(page->target < app->target_count);
    if (page->resolved && pl_notify_provider(app->targets[page->target].type)->is_call) {
        const struct pl_page_result untold = {
            .class = PL_RESULT_SENT, .wait_ms = -1, .is_ours = true};
        pl_engine_page_result(app->engine, id, &untold, now);
        return;
    }
    int err = post_page(app, page, on_answer, now);
    if (err == 0) return;
    struct pl_page_result refused = {
        .class = PL_RESULT_RETRY, .wait_ms = WEBHOOK_BUSY_WAIT_MS, .is_ours = true};
    pl_log(PL_LOG_WARN, "page_not_posted", "target=%s err=\"%s\"",
           app->target_names[page->target].text, pl_err_text(err));
    pl_engine_page_result(app->engine, id, &refused, now);
}

/* ---- somebody has it ---- */

static void on_told(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct pl_app *app = owner;
    struct pl_now now = pl_app_now();
    struct pl_slot_id told = page_of(ticket); // alert and target
    struct pl_page page = {.target = (uint8_t)told.generation,
                           .alert = *pl_engine_alert(app->engine, told.index)};
    struct pl_notify_reading reading;
    char id[PL_ALERT_ID_MAX + 1], reason[PL_NOTIFY_REASON_BYTES];
    struct pl_text text = pl_text_init(reason, sizeof reason);
    pl_notify_read(&app->targets[page.target], answer, &reading);
    pl_notify_words_write(&app->targets[page.target], answer, &text);
    pl_alert_id(&page.alert, id);
    bool sent = reading.result.class == PL_RESULT_SENT;
    pl_log(sent ? PL_LOG_INFO : PL_LOG_WARN, sent ? "acknowledged_sent" : "acknowledged_not_sent",
           "alert=%s target=%s answer=\"%s\"", id, app->target_names[page.target].text, reason);
    const struct pl_reference *ref = pl_reference_answered(
        &app->references, &page, PL_NOTIFY_ACKNOWLEDGED, &reading, now.unix_ms);
    if (ref) pl_store_put_reference(app->store, ref);
}

void pl_app_tell_acknowledged(struct pl_app *app, uint32_t alert, struct pl_now now)
{
    const struct pl_handling *handling = pl_engine_handling(app->engine, alert);
    struct pl_page page = {.alert = *pl_engine_alert(app->engine, alert),
                           .created_unix_ms = now.unix_ms};
    for (uint32_t t = 0; t < app->target_count; t++) {
        bool knows = (page.alert.paged >> t & 1) != 0;
        if (!knows || !pl_notify_provider(app->targets[t].type)->hears_acknowledge) continue;
        page.target = (uint8_t)t;
        const struct pl_contacts contacts = {app->contacts, app->config->pool_count};
        const struct pl_notify_message message = {
            .page = &page,
            .state = PL_NOTIFY_ACKNOWLEDGED,
            .acknowledged_by = pl_span_of(handling->by),
            .external_url = pl_span_of(app->external_url),
            .contact = pl_contact_find(&contacts, &page.alert.pool),
            .reference = pl_reference_find(&app->references, &page, PL_NOTIFY_ACKNOWLEDGED),
        };
        int err = pl_app_post(app, t, &message, on_told, ticket_of((struct pl_slot_id){alert, t}));
        if (err != 0)
            pl_log(PL_LOG_WARN, "acknowledged_not_sent", "target=%s err=\"%s\"",
                   app->target_names[t].text, pl_err_text(err));
    }
}

/* ---- telling again ---- */

/* The ticket is the target: what fails is told again in a minute, and an outbox entry that pages
 * somebody it is not. */
static void on_resend_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct pl_app *app = owner;
    struct pl_slot_id target = page_of(ticket);
    struct pl_notify_reading reading;
    pl_notify_read(&app->targets[target.index], answer, &reading);
    if (reading.result.class == PL_RESULT_SENT) return;
    char reason[PL_NOTIFY_REASON_BYTES];
    struct pl_text text = pl_text_init(reason, sizeof reason);
    pl_notify_reason_write(answer, &text);
    pl_log(PL_LOG_WARN, "alert_not_told_again", "target=%s answer=\"%s\"",
           app->target_names[target.index].text, reason);
}

static void resend(struct pl_app *app, const struct pl_alert *alert, struct pl_now now)
{
    for (uint32_t target = 0; target < app->target_count; target++) {
        bool knows = (alert->paged >> target & 1) != 0;
        if (!knows || !pl_notify_provider(app->targets[target].type)->forgets) continue;
        const struct pl_page page = {.id = {.index = target},
                                     .target = (uint8_t)target,
                                     .created_unix_ms = now.unix_ms,
                                     .alert = *alert};
        int err = post_page(app, &page, on_resend_answer, now);
        if (err == 0) continue;
        pl_log(PL_LOG_WARN, "alert_not_told_again", "target=%s answer=\"%s\"",
               app->target_names[target].text, pl_err_text(err));
    }
}

void pl_app_resend_tick(struct pl_app *app, struct pl_now now)
{
    app->resend_turn = (app->resend_turn + 1) % PL_NOTIFY_RESEND_S;
    uint32_t count = pl_engine_alert_count(app->engine);
    for (uint32_t i = app->resend_turn; i < count; i += PL_NOTIFY_RESEND_S) {
        const struct pl_alert *alert = pl_engine_alert(app->engine, i);
        if (pl_alert_pages(alert)) resend(app, alert, now);
    }
}

/* ---- trying a notifier ---- */

static const char *const outcomes[] = {
    [PL_RESULT_SENT] = "sent",
    [PL_RESULT_RETRY] = "not sent; a page would be tried again",
    [PL_RESULT_REJECT] = "refused",
    [PL_RESULT_BROKEN] = "broken: it will take nothing",
};

static void on_test_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct pl_app *app = owner;
    struct pl_slot_id client = page_of(ticket);
    struct pl_app_test *test = &app->tests[client.index];
    if (test->client.generation != client.generation) return; // a later one has its place
    char reason[PL_NOTIFY_REASON_BYTES], line[PL_NOTIFY_REASON_BYTES + 256];
    struct pl_text reason_text = pl_text_init(reason, sizeof reason);
    struct pl_text text = pl_text_init(line, sizeof line);
    struct pl_notify_reading reading;
    pl_notify_read(&app->targets[test->target], answer, &reading);
    pl_notify_words_write(&app->targets[test->target], answer, &reason_text);
    struct pl_now now = pl_app_now();
    bool sent = reading.result.class == PL_RESULT_SENT;
    /* Whoever tests a notifier reads himself that it is broken; that it is well ends an alert. */
    if (sent) pl_engine_target_tried(app->engine, (uint8_t)test->target, &reading.result, now);
    pl_app_settle(app, now);
    pl_text_str(&text, sent ? "ok\n" : "error ");
    pl_text_str(&text, app->target_names[test->target].text);
    pl_text_str(&text, ": ");
    pl_text_str(&text, outcomes[reading.result.class]);
    pl_text_str(&text, ": ");
    pl_text_str(&text, reason);
    pl_text_char(&text, '\n');
    pl_log(sent ? PL_LOG_INFO : PL_LOG_WARN, "notifier_tested", "target=%s answer=\"%s\"",
           app->target_names[test->target].text, reason);
    pl_admin_reply(app->trust.admin, client, pl_text_bytes(&text));
}

/* A page as it would come, about a pool that does not exist. */
static struct pl_page test_page(uint32_t target, struct pl_now now)
{
    struct pl_page page = {
        .target = (uint8_t)target,
        .created_unix_ms = now.unix_ms,
        .alert = {.rule = PL_RULE_LIMIT,
                  .state = PL_ALERT_FIRING,
                  .tier = PL_TIER_PAGE,
                  .revision = 1,
                  .since_unix_ms = now.unix_ms,
                  .opened_unix_ms = now.unix_ms,
                  .clear_mono_ms = PL_NEVER_MS,
                  .lower_mono_ms = PL_NEVER_MS,
                  .finding = {.tier = PL_TIER_PAGE, .since_unix_ms = now.unix_ms}},
    };
    int len = pl_name_parse(pl_span_of("plimsoll-test"), &page.alert.pool);
    PL_ASSERT(len >= 0); // it is a name
    return page;
}

void pl_app_test_notifier(struct pl_app *app, struct pl_slot_id client, const struct pl_name *name,
                          struct pl_now now)
{
    uint32_t target = 0;
    while (target < app->target_count && !pl_name_eq(&app->target_names[target], name)) target++;
    const char *refusal = "error there is no notifier of that name\n";
    if (target < app->target_count) {
        struct pl_page page = test_page(target, now);
        const struct pl_notify_message message = {.page = &page,
                                                  .now_unix_ms = now.unix_ms,
                                                  .is_test = true,
                                                  .external_url = pl_span_of(app->external_url)};
        app->tests[client.index] = (struct pl_app_test){client, target};
        if (pl_app_post(app, target, &message, on_test_answer, ticket_of(client)) == 0) return;
        refusal = "error too many pages are under way; try again in a moment\n";
    }
    pl_admin_reply(app->trust.admin, client, pl_span_of(refusal));
}
