/* Cases over HTTP: worked on, published, told of, closed.
 *
 * Ownership: a request that changes something is answered when Redis has written it down; until
 * then it has a place here, named by the ticket of its write.
 *
 *     POST, PUT -> case_in -> core/incident -> desk: store --> ticket
 *                                pl_api_case_saved <-- written --/ -> answer */
#include "collector/io/api_private.h"

#include "collector/codec/case_in.h"
#include "collector/codec/case_text.h"
#include "collector/codec/json_case.h"
#include "collector/codec/notify/form.h"
#include "common/base/assert.h"
#include "common/base/err.h"
#include "common/io/key.h"

#include <assert.h>
#include <stdio.h>

/* A ticket is, from the lowest bit: the place, the case, and a number that goes round. */
enum { PLACE_BITS = 5, INDEX_BITS = 6, NUMBER_MAX = (1 << 18) - 1 };

static_assert(1 << PLACE_BITS == PL_API_CASES_MAX && 1 << INDEX_BITS == PL_CASES_MAX,
              "a ticket names both");

const struct pl_api_case_desk *pl_api_case_desk_of(const struct pl_api_call *c)
{
    return &c->api->config.case_desk;
}

struct pl_case *pl_api_case_of(const struct pl_api_call *c, uint32_t index)
{
    return &pl_api_case_desk_of(c)->cases->items[index];
}

static struct pl_case_view view_of(const struct pl_api_call *c)
{
    return (struct pl_case_view){.cases = pl_api_case_desk_of(c)->cases,
                                 .engine = c->view.engine,
                                 .external_url = pl_span_of(c->api->config.external_url),
                                 .now_unix_ms = c->now.unix_ms};
}

static void answer_case(struct pl_api_call *c, int status, uint32_t index, uint32_t secret_of)
{
    const struct pl_case_view view = view_of(c);
    c->out = pl_text_init(c->api->body, sizeof c->api->body);
    pl_json_case(&c->out, &view, pl_api_case_of(c, index), secret_of);
    pl_api_reply(c, status, "application/json");
}

/* The case of the path, or PL_NO_INDEX: there is none, and that was answered. */
static uint32_t find_case(struct pl_api_call *c)
{
    uint32_t index = pl_cases_find(pl_api_case_desk_of(c)->cases, &c->name);
    if (index == PL_NO_INDEX)
        pl_api_problem_value(c, 404, PL_API_NO_PARAMETER, c->name.text,
                             "is no case; /api/v1/cases lists them");
    return index;
}

/* ---- writing down ---- */

static struct pl_api_case *free_place(struct pl_api *api)
{
    for (uint32_t i = 0; i < PL_API_CASES_MAX; i++) {
        if (!api->cases[i].busy) return &api->cases[i];
    }
    return NULL;
}

bool pl_api_case_can_write(struct pl_api_call *c)
{
    bool away = pl_store_view(c->api->config.store).state != PL_REDIS_READY;
    if (!away && free_place(c->api)) return true;
    pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                   away ? "Redis is away, so nothing could be written down; try again"
                        : "too many are being written down; try again");
    return false;
}

void pl_api_case_save(struct pl_api_call *c, int status, uint32_t index, uint32_t secret_of)
{
    struct pl_api *api = c->api;
    struct pl_api_case *place = free_place(api);
    PL_ASSERT(place); // pl_api_case_can_write() has seen one
    api->case_number = api->case_number == NUMBER_MAX ? 0 : api->case_number + 1;
    uint32_t at = (uint32_t)(place - api->cases);
    *place = (struct pl_api_case){.busy = true,
                                  .ticket = PL_API_CASE_TICKET |
                                            api->case_number << (PLACE_BITS + INDEX_BITS) |
                                            index << PLACE_BITS | at,
                                  .client = c->client,
                                  .status = status,
                                  .id = pl_api_case_of(c, index)->id,
                                  .secret_of = secret_of,
                                  .since_mono_ms = c->now.mono_ms};
    int err = pl_api_case_desk_of(c)->save(pl_api_case_desk_of(c)->arg, index, place->ticket);
    if (err == 0) return;
    place->busy = false;
    pl_api_problem(c, 503, PL_API_NO_PARAMETER, "it could not be written down; try again");
}

uint32_t pl_api_case_update_ticket(uint32_t index)
{
    return PL_API_CASE_TICKET | PL_API_CASE_UPDATE | index << PLACE_BITS;
}

uint32_t pl_api_case_index(uint32_t ticket)
{
    return ticket >> PLACE_BITS & (PL_CASES_MAX - 1);
}

void pl_api_case_saved(struct pl_api *api, uint32_t ticket, struct pl_now now)
{
    struct pl_api_case *place = &api->cases[ticket & (PL_API_CASES_MAX - 1)];
    if (!place->busy || place->ticket != ticket) return; // given up
    place->busy = false;
    struct pl_api_call c = {
        .api = api, .client = place->client, .now = now, .view = pl_api_view_of(api, now)};
    uint32_t index = pl_cases_find(pl_api_case_desk_of(&c)->cases, &place->id);
    if (index != PL_NO_INDEX) answer_case(&c, place->status, index, place->secret_of);
}

void pl_api_case_tick(struct pl_api *api, struct pl_now now)
{
    for (uint32_t i = 0; i < PL_API_CASES_MAX; i++) {
        /* The server has answered for it by then. */
        bool old = now.mono_ms - api->cases[i].since_mono_ms > PL_HTTP_REPLY_MS;
        if (old) api->cases[i].busy = false;
    }
}

/* ---- reading ---- */

/* The case of the path and what the body says. False: refused, and answered. */
static bool read_request(struct pl_api_call *c, uint32_t takes, uint32_t needs, uint32_t *index,
                         struct pl_case_request *out)
{
    char error[PL_CASE_ERROR_BYTES];
    if (!pl_api_read_no_query(c) || (*index = find_case(c)) == PL_NO_INDEX) return false;
    if (pl_case_request_read(c->request->body, takes, needs, out, error) != 0) {
        pl_api_problem(c, 422, PL_API_NO_PARAMETER, error);
        return false;
    }
    return pl_api_case_can_write(c);
}

static void refuse(struct pl_api_call *c, const struct pl_case *of, int err)
{
    char detail[128];
    const struct pl_case_update *last = pl_case_newest(of);
    switch (err) {
    case PL_E_STATE:
        (void)snprintf(detail, sizeof detail,
                       "customers were last told '%s': publish resolved first",
                       last ? pl_case_phase_word(last->words.phase) : "nothing"); // it fits
        pl_api_problem(c, 409, PL_API_NO_PARAMETER, of->open ? detail : "this case is closed");
        return;
    case PL_E_NOT_FOUND:
        pl_api_problem(c, 409, PL_API_NO_PARAMETER, "no draft waits; save one first");
        return;
    case PL_E_DUPLICATE:
        (void)snprintf(detail, sizeof detail, "the draft is revision %u by now; read it again",
                       of->draft.revision); // it fits
        pl_api_problem(c, 412, PL_API_NO_PARAMETER, detail);
        return;
    case PL_E_RANGE:
        pl_api_problem(c, 422, pl_span_of("next_update"), "may be none only when it is resolved");
        return;
    case PL_E_FULL:
        pl_api_problem(c, 503, PL_API_NO_PARAMETER,
                       "the update before is still being written down; try again");
        return;
    default: pl_api_problem(c, 500, PL_API_NO_PARAMETER, pl_err_text(err)); return;
    }
}

/* What was done is written down, or why it was not is told. */
static void finish(struct pl_api_call *c, uint32_t index, int err)
{
    if (err != 0)
        refuse(c, pl_api_case_of(c, index), err);
    else
        pl_api_case_save(c, 200, index, 0);
}

/* ---- working on it ---- */

void pl_api_get_cases(struct pl_api_call *c)
{
    const struct pl_case_view view = view_of(c);
    if (!pl_api_read_no_query(c)) return;
    pl_json_cases(&c->out, &view);
    pl_api_reply_json(c);
}

void pl_api_get_case(struct pl_api_call *c)
{
    if (!pl_api_read_no_query(c)) return;
    uint32_t index = find_case(c);
    if (index != PL_NO_INDEX) answer_case(c, 200, index, 0);
}

void pl_api_post_case_note(struct pl_api_call *c)
{
    struct pl_case_request r;
    uint32_t index;
    if (!read_request(c, PL_CASE_BIT(TEXT), PL_CASE_BIT(TEXT), &index, &r)) return;
    if (strlen(r.text) >= PL_CASE_EVENT_BYTES) {
        pl_api_problem(c, 422, pl_span_of("text"), "is longer than the 159 bytes of a note");
        return;
    }
    finish(c, index,
           pl_case_note(pl_api_case_of(c, index), pl_api_caller(c), pl_span_of(r.text),
                        c->now.unix_ms));
}

void pl_api_post_case_owner(struct pl_api_call *c)
{
    struct pl_case_request r;
    uint32_t index;
    if (!read_request(c, PL_CASE_BIT(OWNER), PL_CASE_BIT(OWNER), &index, &r)) return;
    finish(c, index,
           pl_case_own(pl_api_case_of(c, index), pl_api_caller(c), pl_span_of(r.owner),
                       c->now.unix_ms));
}

void pl_api_put_case_known(struct pl_api_call *c)
{
    struct pl_case_request r;
    uint32_t index;
    if (!read_request(c, PL_CASE_BIT(TEXT), PL_CASE_BIT(TEXT), &index, &r)) return;
    finish(c, index,
           pl_case_know(pl_api_case_of(c, index), pl_api_caller(c), pl_span_of(r.text),
                        c->now.unix_ms));
}

/* "?fresh=true": what the facts would say now, whatever was saved. */
void pl_api_get_case_draft(struct pl_api_call *c)
{
    struct pl_query_param params[] = {{.name = "fresh"}};
    if (!pl_api_read_query(c, params, PL_LEN(params))) return;
    bool fresh = strcmp(params[0].value, "true") == 0;
    if (params[0].present && !fresh && strcmp(params[0].value, "false") != 0) {
        pl_api_problem_value(c, 422, pl_span_of("fresh"), params[0].value,
                             "is neither true nor false");
        return;
    }
    uint32_t index = find_case(c);
    const struct pl_case_view view = view_of(c);
    if (index == PL_NO_INDEX) return;
    pl_json_case_draft(&c->out, &view, pl_api_case_of(c, index), fresh);
    pl_api_reply_json(c);
}

/* True: it names a machine, and that was answered. */
static bool names_machine(struct pl_api_call *c, const char *field, const char *text)
{
    char found[PL_NAME_LEN_MAX + 1];
    if (!pl_case_names_machine(pl_engine_fleet(c->view.engine), text, found)) return false;
    pl_api_problem_value(c, 422, pl_span_of(field), found,
                         "is a host or an address: customers do not see those");
    return true;
}

void pl_api_put_case_draft(struct pl_api_call *c)
{
    uint32_t needs = PL_CASE_BIT(TEXT), index;
    uint32_t takes = needs | PL_CASE_BIT(TITLE) | PL_CASE_BIT(PHASE) | PL_CASE_BIT(IMPACT) |
                     PL_CASE_BIT(NEXT_UPDATE);
    struct pl_case_request r;
    struct pl_case_words words;
    int64_t next_ms;
    if (!read_request(c, takes, needs, &index, &r)) return;
    struct pl_case *of = pl_api_case_of(c, index);
    struct pl_case_facts facts = pl_case_facts_gather(c->view.engine, of);
    pl_case_propose(of, &facts, c->now.unix_ms, &words, &next_ms); // for what was left out
    if (of->draft.waits) words = of->draft.words;
    memcpy(words.text, r.text, sizeof words.text);
    if ((r.given & PL_CASE_BIT(TITLE)) != 0) memcpy(words.title, r.title, sizeof words.title);
    if ((r.given & PL_CASE_BIT(PHASE)) != 0) words.phase = r.phase;
    if ((r.given & PL_CASE_BIT(IMPACT)) != 0) words.impact = r.impact;
    if (words.phase == PL_CASE_RESOLVED) next_ms = 0;
    if ((r.given & PL_CASE_BIT(NEXT_UPDATE)) != 0) next_ms = r.next_ms;
    if (names_machine(c, "title", words.title) || names_machine(c, "text", words.text)) return;
    finish(c, index, pl_case_save_draft(of, pl_api_caller(c), &words, next_ms, c->now.unix_ms));
}

void pl_api_post_case_publish(struct pl_api_call *c)
{
    struct pl_case_request r;
    uint32_t index;
    if (!read_request(c, PL_CASE_BIT(REVISION), PL_CASE_BIT(REVISION), &index, &r)) return;
    struct pl_case *of = pl_api_case_of(c, index);
    if (names_machine(c, "title", of->draft.words.title) ||
        names_machine(c, "text", of->draft.words.text))
        return;
    int err = pl_case_publish(of, pl_api_caller(c), r.revision, c->now.unix_ms);
    if (err == 0)
        pl_login_record(c->api->config.login, PL_AUDIT_CASE_PUBLISHED, &c->caller, &of->id, c->now);
    finish(c, index, err);
}

void pl_api_post_case_close(struct pl_api_call *c)
{
    struct pl_case_request r;
    uint32_t index;
    if (!read_request(c, 0, 0, &index, &r)) return;
    finish(c, index, pl_case_close(pl_api_case_of(c, index), pl_api_caller(c), c->now.unix_ms));
}

/* ---- subscribers ---- */

/* "whsec_" and 32 bytes in base64, as standardwebhooks.com has it. */
static int write_secret(char out[PL_CASE_SECRET_BYTES])
{
    uint8_t bytes[PL_SECRET_BYTES];
    struct pl_text t = pl_text_init(out, PL_CASE_SECRET_BYTES);
    int err = pl_random(bytes, sizeof bytes);
    if (err < 0) return err;
    pl_text_str(&t, "whsec_");
    pl_text_base64(&t, (struct pl_span){bytes, sizeof bytes});
    PL_ASSERT(!t.overflow);
    return 0;
}

static void refuse_subscriber(struct pl_api_call *c, const struct pl_case *of, int err)
{
    if (err == PL_E_DUPLICATE)
        pl_api_problem(c, 409, PL_API_NO_PARAMETER, "that address is told already");
    else if (err == PL_E_FULL)
        pl_api_problem(c, 409, PL_API_NO_PARAMETER, "16 subscribers are told already");
    else if (err == PL_E_NOT_FOUND)
        pl_api_problem(c, 404, pl_span_of("subscriber"), "is none of this case");
    else
        refuse(c, of, err);
}

void pl_api_post_case_subscriber(struct pl_api_call *c)
{
    uint32_t either = PL_CASE_BIT(WEBHOOK) | PL_CASE_BIT(EMAIL), index, number = 0;
    struct pl_case_request r;
    if (!read_request(c, either, 0, &index, &r)) return;
    if ((r.given & either) == 0 || (r.given & either) == either) {
        pl_api_problem(c, 422, PL_API_NO_PARAMETER, "give webhook or email, one of them");
        return;
    }
    bool is_mail = (r.given & PL_CASE_BIT(EMAIL)) != 0;
    if (is_mail && !pl_api_case_desk_of(c)->has_mail) {
        pl_api_problem(c, 422, pl_span_of("email"),
                       "cannot be sent: no notifier of type email is configured");
        return;
    }
    struct pl_case_subscriber s = {.channel = is_mail ? PL_CASE_EMAIL : PL_CASE_WEBHOOK};
    memcpy(s.address, r.address, sizeof s.address);
    pl_said_copy(s.by, sizeof s.by, pl_api_caller(c));
    int err = is_mail ? 0 : write_secret(s.secret);
    if (err == 0) err = pl_case_subscribe(pl_api_case_of(c, index), &s, c->now.unix_ms, &number);
    if (err != 0)
        refuse_subscriber(c, pl_api_case_of(c, index), err);
    else
        pl_api_case_save(c, 201, index, number);
}

void pl_api_post_case_unsubscribe(struct pl_api_call *c)
{
    struct pl_case_request r;
    uint32_t index;
    if (!read_request(c, PL_CASE_BIT(SUBSCRIBER), PL_CASE_BIT(SUBSCRIBER), &index, &r)) return;
    int err = pl_case_unsubscribe(pl_api_case_of(c, index), pl_api_caller(c), r.subscriber,
                                  c->now.unix_ms);
    if (err != 0)
        refuse_subscriber(c, pl_api_case_of(c, index), err);
    else
        pl_api_case_save(c, 200, index, 0);
}
