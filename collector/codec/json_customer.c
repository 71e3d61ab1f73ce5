#include "collector/codec/json_customer.h"

#include "collector/codec/json_put.h"
#include "collector/codec/launch_text.h"

enum { ITEM_RESERVE = 2048 };

/* ---- words ---- */

/* "2.1", "35" */
static void put_times(struct pl_text *out, double factor)
{
    if (factor >= 10)
        pl_text_i64(out, (int64_t)factor);
    else
        pl_text_fixed(out, (int64_t)(factor * 10), 10); // cut: what is promised is there
}

/* What the pool takes over what comes: from the headroom 1 - x / C. */
static void put_room(struct pl_text *out, const struct pl_headroom *h)
{
    static const double little_traffic = 0.99; // then "times" says nothing any more
    bool single = h->live_count == 1;
    if (h->headroom > little_traffic) {
        pl_text_str(out, "far more than comes now");
    } else {
        put_times(out, 1 / (1 - h->headroom));
        pl_text_str(out, " times what comes now");
    }
    pl_text_str(out, single ? ", on a single machine" : ", even with one machine lost");
}

void pl_customer_headroom_write(const struct pl_headroom *h, const char **state,
                                struct pl_text *out)
{
    static const double plenty = 0.4, some = 0.15;
    if (h->unix_ms == 0 || h->source == PL_CAPACITY_UNKNOWN) {
        *state = "nodata";
        pl_text_str(out, "It is not known yet how much fits; we are measuring.");
    } else if (h->headroom >= plenty) {
        *state = "ok";
        pl_text_str(out, "Plenty of room: it takes ");
        put_room(out, h);
        pl_text_char(out, '.');
    } else if (h->headroom >= some) {
        *state = "watch";
        pl_text_str(out, "Some room: it takes ");
        put_room(out, h);
        pl_text_char(out, '.');
    } else if (h->headroom > 0) {
        *state = "act";
        pl_text_str(out, "Little room: it takes ");
        put_room(out, h);
        pl_text_char(out, '.');
    } else {
        *state = "act";
        pl_text_str(out, h->live_count == 1 ? "Full: more than it is known to take comes now."
                                            : "Full if a machine is lost now; we are on it.");
    }
}

void pl_customer_load_write(double now_per_s, struct pl_load expected, struct pl_text *out)
{
    static const double near = 0.7;
    if (now_per_s > expected.p90) {
        pl_text_str(out, "More comes than was expected: ");
        put_times(out, now_per_s / PL_MAX(expected.p90, 1));
        pl_text_str(out, " times the upper end.");
    } else if (now_per_s >= expected.p50 * near) {
        pl_text_str(out, "About as much comes as was expected.");
    } else {
        pl_text_str(out, "Less comes than was expected, so far.");
    }
}

static void put_words(struct pl_text *out, const char *key, const char *text)
{
    pl_text_str(out, key);
    pl_text_json(out, pl_span_of(text));
}

/* ---- pools ---- */

static void put_pool(struct pl_text *out, const struct pl_view *view, const struct pl_name *pool)
{
    static const struct pl_headroom nothing;
    char words[PL_CUSTOMER_WORDS_BYTES];
    const char *state;
    struct pl_text text = pl_text_init(words, sizeof words);
    uint32_t index = pl_fleet_find_pool(pl_engine_fleet(view->engine), pool);
    const struct pl_headroom *h =
        index == PL_NO_INDEX ? &nothing : &pl_engine_saturation(view->engine, index)->headroom;
    pl_customer_headroom_write(h, &state, &text);
    pl_json_put_name(out, "{\"name\":", pool);
    put_words(out, ",\"state\":", state);
    put_words(out, ",\"text\":", words);
    pl_json_watcher(out, view, pool);
    pl_text_char(out, '}');
}

/* ---- launches ---- */

/* What comes now on its first pool, and what was expected for now. */
static void put_load(struct pl_text *out, const struct pl_view *view,
                     const struct pl_launch_entry *e)
{
    char words[PL_CUSTOMER_WORDS_BYTES];
    struct pl_text text = pl_text_init(words, sizeof words);
    uint32_t pool = pl_fleet_find_pool(pl_engine_fleet(view->engine), &e->launch.pools[0]);
    const struct pl_saturation *s =
        pool == PL_NO_INDEX ? NULL : pl_engine_saturation(view->engine, pool);
    pl_text_str(out, ",\"load\":");
    if (!s || !s->traffic.ladder.started || !pl_launch_is_watched(e->course.state)) {
        pl_text_str(out, "null");
        return;
    }
    struct pl_launch_plan plan;
    struct pl_launch_verdict v =
        pl_engine_judge_launch(view->engine, &e->launch, 0, view->now.unix_ms, &plan);
    struct pl_load load = pl_launch_load(&plan, view->now.unix_ms);
    struct pl_load expected = {.p50 = v.usual + load.p50, .p90 = v.usual + load.p90};
    double now_per_s = s->traffic.ladder.level[PL_RUNG_8S];
    pl_customer_load_write(now_per_s, expected, &text);
    pl_json_put_real(out, "{\"now\":", now_per_s);
    pl_json_put_real(out, ",\"expected_p50\":", expected.p50);
    pl_json_put_real(out, ",\"expected_p90\":", expected.p90);
    pl_json_put_real(out, ",\"room\":", v.ceiling);
    put_words(out, ",\"unit\":", pl_traffic_unit(v.unit));
    put_words(out, ",\"text\":", words);
    pl_text_char(out, '}');
}

static void put_launch(struct pl_text *out, const struct pl_view *view, uint32_t index)
{
    const struct pl_launch_entry *e = &pl_engine_launches(view->engine)->entries[index];
    const struct pl_launch *l = &e->launch;
    pl_json_put_name(out, "{\"id\":", &l->id);
    put_words(out, ",\"title\":", l->title);
    put_words(out, ",\"state\":", pl_launch_state_word(e->course.state));
    put_words(out, ",\"verdict\":", pl_verdict_word(e->course.colour));
    pl_json_put_time(out, ",\"starts_at\":", l->starts_unix_ms);
    pl_json_put_time(out, ",\"announce_at\":", l->announce_unix_ms);
    pl_json_put_time(out, ",\"ends_at\":", l->ends_unix_ms);
    pl_json_watcher(out, view, &l->pools[0]);
    pl_json_put_time(out, ",\"next_look\":", pl_launch_next_look(&e->course, l, view->now.unix_ms));
    put_load(out, view, e);
    pl_text_char(out, '}');
}

void pl_json_customer(struct pl_text *out, const struct pl_view *view)
{
    const struct pl_customer *customer = view->customer;
    const struct pl_launch_book *book = pl_engine_launches(view->engine);
    pl_json_put_time(out, "{\"time\":", view->now.unix_ms);
    pl_json_put_name(out, ",\"id\":", &customer->id);
    pl_text_str(out, ",\"title\":");
    pl_text_json(out, pl_customer_title(customer));
    pl_text_str(out, ",\"pools\":[");
    for (uint32_t i = 0; i < customer->pool_count; i++) {
        if (i > 0) pl_text_char(out, ',');
        put_pool(out, view, &customer->pools[i]);
    }
    struct pl_json_list list = pl_json_list_begin(out, "],\"launches\":", ITEM_RESERVE);
    for (uint32_t i = 0; i < book->used_max; i++) {
        if (!book->entries[i].used || !pl_customer_has(customer, &book->entries[i].launch))
            continue;
        pl_json_item_begin(&list);
        put_launch(out, view, i);
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}

void pl_json_customers(struct pl_text *out, const struct pl_customers *customers)
{
    struct pl_json_list list = pl_json_list_begin(out, "{\"customers\":", PL_JSON_TAIL_BYTES);
    for (uint32_t i = 0; i < customers->count; i++) {
        const struct pl_customer *customer = &customers->items[i];
        pl_json_item_begin(&list);
        pl_json_put_name(out, "{\"id\":", &customer->id);
        pl_text_str(out, ",\"title\":");
        pl_text_json(out, pl_customer_title(customer));
        pl_text_str(out, ",\"pools\":[");
        for (uint32_t k = 0; k < customer->pool_count; k++)
            pl_json_put_name(out, k > 0 ? "," : "", &customer->pools[k]);
        pl_text_str(out, "]}");
        if (!pl_json_item_end(&list)) break;
    }
    pl_text_str(out, "]}\n");
}
