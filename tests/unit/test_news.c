/* News: what is gathered, how fast and how often it is tried, what is dropped, and as PagerDuty
 * takes it. */
#include "tests/check.h"

#include "collector/codec/notify/provider.h"
#include "collector/core/alert/news.h"

static struct pl_news news;
static struct pl_now now;
static const struct pl_name web = {3, "web"}, db = {2, "db"};

static void start(uint64_t targets)
{
    news = (struct pl_news){.targets = targets};
    now = (struct pl_now){.mono_ms = 1000000, .unix_ms = INT64_C(1746108193250)};
}

static void pass(int64_t ms)
{
    now.mono_ms += ms;
    now.unix_ms += ms;
}

static void happens(const struct pl_name *pool, const char *text)
{
    pl_news_add(&news, pool, pl_span_of(text), now.unix_ms, now);
}

static bool answer(uint32_t target, enum pl_result_class class, int64_t wait_ms)
{
    struct pl_page_result result = {.class = class, .wait_ms = wait_ms};
    return pl_news_answered(&news, target, &result, now.mono_ms);
}

static void test_what_happens_together_is_one_piece(void)
{
    uint32_t target = 99;
    start(3);
    happens(&web, "a on fe1");
    pass(4000);
    happens(&web, "a on fe2");
    happens(&db, "b on db1");
    pass(PL_NEWS_GATHER_MS - 4001);
    CHECK(pl_news_due(&news, now.mono_ms, &target) == NULL);
    pass(1);
    const struct pl_news_item *item = pl_news_due(&news, now.mono_ms, &target);
    REQUIRE(item != NULL);
    CHECK_INT(target, 0);
    CHECK_TEXT(item->text, "a on fe1; a on fe2");
    CHECK_INT(item->count, 2);
    CHECK(pl_news_due(&news, now.mono_ms, &target) == item && target == 1);
    CHECK(pl_news_due(&news, now.mono_ms, &target) == NULL);
    CHECK(!answer(0, PL_RESULT_SENT, -1) && !answer(1, PL_RESULT_SENT, -1));
    CHECK_INT(item->waiting, 0);
}

static void test_the_pace_of_a_target(void)
{
    uint32_t target;
    start(1);
    happens(&web, "a");
    happens(&db, "b");
    pass(PL_NEWS_GATHER_MS);
    CHECK(pl_news_due(&news, now.mono_ms, &target) != NULL);
    CHECK(!answer(0, PL_RESULT_SENT, -1));
    CHECK(pl_news_due(&news, now.mono_ms, &target) == NULL);
    pass(PL_NEWS_PACE_MS);
    CHECK(pl_news_due(&news, now.mono_ms, &target) != NULL);
}

static void test_it_is_tried_as_told_and_then_dropped(void)
{
    uint32_t target;
    start(1);
    happens(&web, "a");
    pass(PL_NEWS_GATHER_MS);
    for (int i = 1; i <= PL_NEWS_ATTEMPTS_MAX; i++) {
        CHECK(pl_news_due(&news, now.mono_ms, &target) != NULL);
        CHECK_INT(answer(0, PL_RESULT_RETRY, i == 1 ? 90000 : -1), i == PL_NEWS_ATTEMPTS_MAX);
        pass((i == 1 ? 90000 : PL_NEWS_RETRY_MS) - 1);
        CHECK(pl_news_due(&news, now.mono_ms, &target) == NULL);
        pass(1);
    }
    CHECK_INT(news.lost, 1);
    happens(&web, "b");
    pass(PL_NEWS_GATHER_MS);
    CHECK(pl_news_due(&news, now.mono_ms, &target) != NULL);
    CHECK(answer(0, PL_RESULT_BROKEN, -1)); // at once
    CHECK_INT(news.lost, 2);
    CHECK(!answer(0, PL_RESULT_SENT, -1)); // nobody asked
}

static void test_what_is_no_news(void)
{
    uint32_t target;
    start(1);
    pl_news_add(&news, &web, pl_span_of("a"), now.unix_ms - PL_NEWS_OLD_MS - 1, now);
    start(0);
    happens(&web, "a");
    pass(PL_NEWS_GATHER_MS);
    CHECK(pl_news_due(&news, now.mono_ms, &target) == NULL);
    start(1);
    for (int i = 0; i <= PL_NEWS_MAX; i++) {
        struct pl_name pool = {2, {'p', (char)('A' + i), '\0'}};
        happens(&pool, "a");
    }
    CHECK_INT(news.lost, 1);
}

static void test_as_pagerduty_takes_it(void)
{
    static struct pl_notify_request request;
    uint32_t target;
    const struct pl_notify_target to = {
        .type = PL_NOTIFY_PAGERDUTY,
        .value = {[PL_NOTIFY_URL_KEY] = pl_span_of("https://h"),
                  [PL_NOTIFY_ROUTING_KEY_KEY] = pl_span_of("0123456789abcdef0123456789ABCDEF")}};
    start(1);
    for (int i = 0; i < 100; i++) happens(&web, "openssl 3.0.15 -> \"3.0.17\" on fe1");
    pass(PL_NEWS_GATHER_MS);
    const struct pl_news_item *item = pl_news_due(&news, now.mono_ms, &target);
    REQUIRE(item != NULL);
    CHECK_INT(item->count, 100);
    CHECK(item->told_count > 5 && item->told_count < 100);
    pl_notify_request_init(&request);
    pl_notify_provider(to.type)->write_news(&to, item, pl_span_of("http://m/"), &request);
    CHECK_TEXT(request.url.ptr, "https://h/v2/change/enqueue");
    CHECK(!request.body.overflow);
    CHECK(strstr(request.body.ptr, "{\"routing_key\":\"0123456789abcdef0123456789ABCDEF\","
                                   "\"payload\":{\"summary\":\"web: openssl 3.0.15 -> "
                                   "\\\"3.0.17\\\" on fe1; openssl") == request.body.ptr);
    CHECK(strstr(request.body.ptr, " more\",\"source\":\"web\",\"timestamp\":\""
                                   "2025-05-01T14:03:13.250Z\",\"custom_details\":"
                                   "{\"changes\":100}},\"links\":[{\"href\":\"http://m/\","
                                   "\"text\":\"Live view\"}]}") != NULL);
}

int main(void)
{
    RUN(test_what_happens_together_is_one_piece);
    RUN(test_the_pace_of_a_target);
    RUN(test_it_is_tried_as_told_and_then_dropped);
    RUN(test_what_is_no_news);
    RUN(test_as_pagerduty_takes_it);
    return check_finish();
}
