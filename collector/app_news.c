/* News on its way to those who show it beside incidents: gathered in core/alert/news, posted like a
 * page.
 *
 *     SAVE_CHANGE, LAUNCH_STATE -> pl_news_add ... tick -> pl_news_due -> webhook -> on_answer */
#include "collector/app_state.h"

#include "collector/codec/change_text.h"

static void on_answer(void *owner, uint64_t ticket, const struct pl_notify_answer *answer)
{
    struct pl_app *app = owner;
    uint32_t target = (uint32_t)ticket;
    struct pl_notify_reading reading;
    pl_notify_read(&app->targets[target], answer, &reading);
    if (!pl_news_answered(&app->news, target, &reading.result, pl_app_now().mono_ms)) return;
    char reason[PL_NOTIFY_REASON_BYTES];
    struct pl_text text = pl_text_init(reason, sizeof reason);
    pl_notify_words_write(&app->targets[target], answer, &text);
    pl_log(PL_LOG_WARN, "news_not_sent", "target=%s answer=\"%s\"", app->target_names[target].text,
           reason);
}

void pl_app_news_start(struct pl_app *app)
{
    for (uint32_t t = 0; t < app->target_count; t++) {
        struct pl_span wanted = app->targets[t].value[PL_NOTIFY_CHANGES_KEY];
        if (pl_span_is(wanted, "true")) app->news.targets |= pl_target_bit(t);
    }
}

static void post(struct pl_app *app, uint32_t target, const struct pl_news_item *news,
                 struct pl_now now)
{
    const struct pl_notify_target *to = &app->targets[target];
    pl_notify_request_init(&app->request);
    pl_notify_provider(to->type)->write_news(to, news, pl_span_of(app->external_url),
                                             &app->request);
    if (pl_app_submit(app, 0, on_answer, target) == 0) return;
    const struct pl_page_result busy = {.class = PL_RESULT_RETRY, .wait_ms = -1};
    (void)pl_news_answered(&app->news, target, &busy, now.mono_ms); // it is counted there
}

void pl_app_news_tick(struct pl_app *app, struct pl_now now)
{
    uint32_t target;
    const struct pl_news_item *news;
    while ((news = pl_news_due(&app->news, now.mono_ms, &target))) post(app, target, news, now);
}

void pl_app_news_change(struct pl_app *app, const struct pl_name *pool, const struct pl_name *host,
                        const struct pl_change *change, struct pl_now now)
{
    char words[PL_CHANGE_TEXT_BYTES + PL_NAME_LEN_MAX + 8];
    struct pl_text text = pl_text_init(words, sizeof words);
    if (change->count == 0) return; // something is over
    pl_change_text_write(change, &text);
    pl_text_str(&text, " on ");
    pl_text_span(&text, pl_name_span(host));
    pl_news_add(&app->news, pool, pl_text_bytes(&text), change->unix_ms, now);
}

void pl_app_news_launch(struct pl_app *app, const struct pl_launch_entry *entry, struct pl_now now)
{
    char words[PL_LAUNCH_TITLE_BYTES + 64];
    struct pl_text text = pl_text_init(words, sizeof words);
    pl_text_str(&text, "launch '");
    pl_text_str(&text, entry->launch.title);
    pl_text_str(&text, "' is ");
    pl_text_str(&text, pl_launch_state_word(entry->course.state));
    for (uint32_t i = 0; i < entry->launch.pool_count; i++)
        pl_news_add(&app->news, &entry->launch.pools[i], pl_text_bytes(&text), now.unix_ms, now);
}
