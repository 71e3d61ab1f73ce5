/* Launches over HTTP: told, shown, changed, announced, cancelled.
 *
 * Ownership: a request that changes something is answered when Redis has written it down; until
 * then it has a place here, named by the ticket of its write.
 *
 *     POST, PUT, ... -> read (codec/launch_in) -> check -> app: engine, store --> ticket
 *                                                 pl_api_launch_saved <-- written --/ -> answer */
#include "collector/io/api_private.h"

#include "collector/codec/json_after.h"
#include "collector/codec/json_launch.h"
#include "collector/codec/launch_in.h"
#include "common/base/assert.h"
#include "common/base/err.h"

/* A ticket is this bit, a number that goes round, and the place; never PL_STORE_NO_TICKET. */
enum { PLACE_BITS = 6, NUMBER_MAX = (1 << 23) - 1 };

static struct pl_engine *engine_of(const struct pl_api_call *c)
{
    return c->api->config.launch_desk.engine;
}

static const struct pl_launch_entry *entry_of(const struct pl_api_call *c, uint32_t index)
{
    return &pl_engine_launches(c->view.engine)->entries[index];
}

/* ---- answers ---- */

enum { ETAG_BYTES = PL_NAME_LEN_MAX + 16 };

static void write_etag(char out[ETAG_BYTES], const struct pl_launch *l)
{
    struct pl_text t = pl_text_init(out, ETAG_BYTES);
    pl_text_char(&t, '"');
    pl_text_str(&t, l->id.text);
    pl_text_char(&t, '-');
    pl_text_u64(&t, l->revision);
    pl_text_char(&t, '"');
}

static void answer_launch(struct pl_api_call *c, int status, uint32_t index)
{
    char etag[ETAG_BYTES];
    write_etag(etag, &entry_of(c, index)->launch);
    c->out = pl_text_init(c->api->body, sizeof c->api->body);
    pl_json_launch(&c->out, &c->view, index, true);
    pl_text_char(&c->out, '\n');
    PL_ASSERT(!c->out.overflow);
    pl_http_server_reply(c->api->server, c->client,
                         &(struct pl_http_reply){.status = status,
                                                 .content_type = "application/json",
                                                 .etag = etag,
                                                 .body = pl_text_bytes(&c->out)});
}

static void answer_faults(struct pl_api_call *c, const struct pl_launch_faults *faults)
{
    c->out = pl_text_init(c->api->body, sizeof c->api->body);
    pl_json_launch_problem(&c->out, faults);
    pl_api_reply(c, 422, "application/problem+json");
}

/* PL_NO_INDEX: there is none of that id, or none that who asks may see. */
static uint32_t find_seen(const struct pl_api_call *c, const struct pl_name *id)
{
    uint32_t index = pl_launch_find(pl_engine_launches(c->view.engine), id);
    bool is_seen = index != PL_NO_INDEX && pl_api_may_see(c, &entry_of(c, index)->launch);
    return is_seen ? index : PL_NO_INDEX;
}

/* The entry that the path names; PL_NO_INDEX: there is none, and that was answered. */
static uint32_t find_entry(struct pl_api_call *c)
{
    uint32_t index = find_seen(c, &c->name);
    if (index == PL_NO_INDEX)
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no launch; /api/v1/launches lists them");
    return index;
}

const struct pl_launch *pl_api_find_launch(struct pl_api_call *c)
{
    uint32_t index = find_entry(c);
    return index == PL_NO_INDEX ? NULL : &entry_of(c, index)->launch;
}

/* ---- writing down ---- */

static struct pl_api_launch *free_place(struct pl_api *api)
{
    for (uint32_t i = 0; i < PL_API_LAUNCHES_MAX; i++) {
        if (!api->launches[i].busy) return &api->launches[i];
    }
    return NULL;
}

/* Redis takes what the engine holds; the answer follows when it has. */
static void save(struct pl_api_call *c, int status, uint32_t index)
{
    struct pl_api *api = c->api;
    struct pl_api_launch *place = free_place(api);
    PL_ASSERT(place); // can_write() has seen one
    api->launch_number = api->launch_number == NUMBER_MAX ? 0 : api->launch_number + 1;
    uint32_t at = (uint32_t)(place - api->launches);
    *place = (struct pl_api_launch){.busy = true,
                                    .ticket = PL_API_LAUNCH_TICKET |
                                              api->launch_number << PLACE_BITS | at,
                                    .client = c->client,
                                    .status = status,
                                    .who = c->caller.shown.principal,
                                    .id = entry_of(c, index)->launch.id,
                                    .since_mono_ms = c->now.mono_ms};
    int err = pl_store_put_launch(api->config.store, entry_of(c, index), place->ticket);
    if (err == 0) return;
    place->busy = false;
    pl_api_problem(c, 503, PL_API_NO_PARAMETER, "it could not be written down; try again");
}

/* Redis is there, and there is a place to wait in; else that was answered. */
static bool can_write(struct pl_api_call *c)
{
    bool away = pl_store_view(c->api->config.store).state != PL_REDIS_READY;
    if (!away && free_place(c->api)) return true;
    pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                   away ? "Redis is away, so nothing could be written down; try again"
                        : "too many are being written down; try again");
    return false;
}

void pl_api_launch_saved(struct pl_api *api, uint32_t ticket, struct pl_now now)
{
    struct pl_api_launch *place = &api->launches[ticket & (PL_API_LAUNCHES_MAX - 1)];
    if (!place->busy || place->ticket != ticket) return; // given up
    place->busy = false;
    struct pl_api_call c = {
        .api = api, .client = place->client, .now = now, .view = pl_api_view_of(api, now)};
    c.out = pl_text_init(api->body, sizeof api->body);
    c.caller.shown.principal = place->who;
    c.view.customer = pl_api_customer(&c);
    uint32_t index = pl_launch_find(pl_engine_launches(c.view.engine), &place->id);
    if (index != PL_NO_INDEX) answer_launch(&c, place->status, index);
}

void pl_api_launch_tick(struct pl_api *api, struct pl_now now)
{
    for (uint32_t i = 0; i < PL_API_LAUNCHES_MAX; i++) {
        /* The server has answered for it by then. */
        bool old = now.mono_ms - api->launches[i].since_mono_ms > PL_HTTP_REPLY_MS;
        if (old) api->launches[i].busy = false;
    }
}

/* ---- reading ---- */

/* Read the body over `*l`, which holds the defaults, and check it. False: refused and answered. */
static bool read_launch(struct pl_api_call *c, const struct pl_launch *before, struct pl_launch *l)
{
    struct pl_launch_faults faults = {0};
    char zone_name[PL_LAUNCH_ZONE_BYTES];
    pl_launch_zone_wanted(c->request->body, zone_name);
    const struct pl_zone *zone = pl_zones_find(&c->api->zones, zone_name, c->now.mono_ms);
    if (!pl_launch_in(c->request->body, zone, c->now.unix_ms, l, &faults)) {
        pl_api_problem(c, 400, PL_API_NO_PARAMETER, "the body is no JSON object");
        return false;
    }
    if (faults.count == 0) pl_api_bind_launch(c, l, &faults);
    if (faults.count == 0)
        pl_launch_check(l, before, pl_engine_fleet(c->view.engine), c->now.unix_ms, &faults);
    if (faults.count > 0) answer_faults(c, &faults);
    return faults.count == 0;
}

static void write_author(const struct pl_api_call *c, char out[PL_LAUNCH_AUTHOR_BYTES])
{
    struct pl_text t = pl_text_init(out, PL_LAUNCH_AUTHOR_BYTES);
    if (c->view.customer)
        pl_launch_customer_author(&t, c->view.customer);
    else
        pl_text_span(&t, pl_name_span(&c->caller.shown.principal.name));
}

/* An unguessable id, so that knowing one says nothing about others. */
static void write_id(struct pl_api_call *c, struct pl_name *id)
{
    struct pl_text t = pl_text_init(id->text, sizeof id->text);
    pl_text_str(&t, "l-");
    pl_text_hex(&t, c->api->config.launch_desk.new_number(), 12);
    id->len = (uint8_t)t.len;
}

/* ---- routes ---- */

void pl_api_get_launches(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "pool"}, {.name = "after"}};
    struct pl_name pool, after;
    if (!pl_api_read_query(c, params, PL_LEN(params)) || !pl_api_read_name(c, &params[0], &pool) ||
        !pl_api_read_name(c, &params[1], &after))
        return;
    uint32_t first = 0;
    if (after.len > 0) {
        first = find_seen(c, &after);
        if (first == PL_NO_INDEX) {
            pl_api_problem_value(c, 404, pl_span_of("after"), after.text,
                                 "is no launch any more; begin again without it");
            return;
        }
        first++;
    }
    pl_json_launches(&c->out, &c->view, &pool, first);
    pl_api_reply_json(c);
}

void pl_api_get_launch(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    uint32_t index = find_entry(c);
    if (index != PL_NO_INDEX) answer_launch(c, 200, index);
}

void pl_api_get_forecast(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    uint32_t index = find_entry(c);
    if (index == PL_NO_INDEX) return;
    pl_json_launch_forecast(&c->out, &c->view, index);
    pl_api_reply_json(c);
}

void pl_api_get_launch_report(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    uint32_t index = find_entry(c);
    if (index == PL_NO_INDEX) return;
    pl_json_launch_report(&c->out, &c->view, index);
    pl_api_reply_json(c);
}

void pl_api_get_launch_quality(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    pl_json_launch_quality(&c->out, &c->view);
    pl_api_reply_json(c);
}

/* "?dry_run=true". False: refused and answered. */
static bool read_dry_run(struct pl_api_call *c, bool *dry)
{
    struct pl_query_param params[] = {{.name = "dry_run"}};
    if (!pl_api_read_query(c, params, PL_LEN(params))) return false;
    *dry = strcmp(params[0].value, "true") == 0;
    if (*dry || !params[0].present || strcmp(params[0].value, "false") == 0) return true;
    pl_api_problem_value(c, 422, pl_span_of("dry_run"), params[0].value,
                         "is neither true nor false");
    return false;
}

/* The same request again: the same launch. True: answered. */
static bool answered_before(struct pl_api_call *c, uint64_t key, uint64_t hash)
{
    uint32_t index = pl_launch_find_key(pl_engine_launches(c->view.engine), key);
    if (index == PL_NO_INDEX || !pl_api_may_see(c, &entry_of(c, index)->launch)) return false;
    if (entry_of(c, index)->request_hash == hash)
        answer_launch(c, 200, index);
    else
        pl_api_problem(c, 422, PL_API_NO_PARAMETER,
                       "this Idempotency-Key was used for another launch");
    return true;
}

/* Each customer has keys of its own, so that nobody hears of another one's requests. 0: no key. */
static uint64_t request_key(const struct pl_api_call *c)
{
    struct pl_span key = c->request->idempotency_key;
    struct pl_span whose = pl_name_span(&c->caller.shown.principal.customer);
    if (key.len == 0) return 0;
    return (pl_hash_bytes(key) ^ (whose.len > 0 ? pl_hash_bytes(whose) : 0)) | 1;
}

/* One customer cannot fill the book. False: answered. */
static bool has_room(struct pl_api_call *c)
{
    const struct pl_launch_book *book = pl_engine_launches(c->view.engine);
    uint32_t count = 0;
    for (uint32_t i = 0; c->view.customer && i < book->used_max; i++) {
        const struct pl_launch_entry *e = &book->entries[i];
        count += e->used && pl_launch_is_open(e->course.state) &&
                 pl_name_eq(&e->launch.customer, &c->view.customer->id);
    }
    if (count < PL_CUSTOMER_LAUNCHES_MAX) return true;
    pl_api_problem(c, 409, PL_API_NO_PARAMETER,
                   "32 of your launches are open, which is as many as there may be; cancel one");
    return false;
}

void pl_api_post_launch(struct pl_api_call *c)
{
    bool dry;
    struct pl_launch l = pl_launch_init();
    if (!read_dry_run(c, &dry) || !read_launch(c, NULL, &l)) return;
    if (dry) {
        pl_json_launch_dry(&c->out, &c->view, &l);
        pl_api_reply_json(c);
        return;
    }
    uint64_t key = request_key(c);
    uint64_t hash = pl_hash_bytes(c->request->body);
    uint32_t index;
    if (answered_before(c, key, hash) || !has_room(c) || !can_write(c)) return;
    write_id(c, &l.id);
    write_author(c, l.author);
    if (pl_engine_put_launch(engine_of(c), &l, c->now, &index) != 0) {
        pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                       "as many launches as there is room for are open");
        return;
    }
    pl_engine_remember_request(engine_of(c), index, key, hash);
    save(c, 201, index);
}

/* Somebody else may have changed it meanwhile. False: answered. */
static bool matches(struct pl_api_call *c, uint32_t index, bool required)
{
    char etag[ETAG_BYTES];
    struct pl_span wanted = c->request->if_match;
    write_etag(etag, &entry_of(c, index)->launch);
    if (wanted.len == 0 && required) {
        pl_api_problem(c, 428, PL_API_NO_PARAMETER, "say by If-Match which revision you have seen");
        return false;
    }
    if (wanted.len == 0 || pl_http_etag_matches(wanted, pl_span_of(etag))) return true;
    pl_api_problem(c, 412, PL_API_NO_PARAMETER, "somebody has changed it since; look again");
    return false;
}

static bool is_open(struct pl_api_call *c, uint32_t index)
{
    if (pl_launch_is_open(entry_of(c, index)->course.state)) return true;
    pl_api_problem(c, 409, PL_API_NO_PARAMETER, "this launch is over");
    return false;
}

void pl_api_put_launch(struct pl_api_call *c)
{
    uint32_t index = pl_api_read_no_query(c) ? find_entry(c) : PL_NO_INDEX;
    struct pl_launch l = pl_launch_init();
    if (index == PL_NO_INDEX || !is_open(c, index) || !matches(c, index, true) ||
        !read_launch(c, &entry_of(c, index)->launch, &l) || !can_write(c))
        return;
    l.id = entry_of(c, index)->launch.id;
    write_author(c, l.author);
    int err = pl_engine_put_launch(engine_of(c), &l, c->now, &index);
    PL_ASSERT(err == 0); // it has its place
    save(c, 200, index);
}

static void act(struct pl_api_call *c, enum pl_launch_event event)
{
    char author[PL_LAUNCH_AUTHOR_BYTES];
    uint32_t index = pl_api_read_no_query(c) ? find_entry(c) : PL_NO_INDEX;
    if (index == PL_NO_INDEX || !is_open(c, index) || !matches(c, index, false) || !can_write(c))
        return;
    write_author(c, author);
    bool done = pl_engine_act_on_launch(engine_of(c), index, event, author, c->now);
    PL_ASSERT(done); // it is open
    save(c, 200, index);
}

void pl_api_delete_launch(struct pl_api_call *c)
{
    act(c, PL_LAUNCH_EVENT_CANCELLED);
}

void pl_api_announce_launch(struct pl_api_call *c)
{
    act(c, PL_LAUNCH_EVENT_ANNOUNCED);
}
