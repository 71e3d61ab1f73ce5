/* The write queue against a naive model: order, states, owners, memory. */
#include "tests/check.h"

#include "collector/io/write_queue.h"
#include "common/base/err.h"
#include "common/base/rng.h"

enum { OWNERS = 5, MODEL_MAX = 20000, STEPS = 60000, QUEUE_BYTES = 1024 * 1024 };

static uint8_t value[8192], buf[PL_WRITE_BYTES_MAX];

static struct pl_write some_write(uint32_t owner, uint64_t seq, size_t len)
{
    memcpy(value, &seq, sizeof seq);
    return (struct pl_write){.owner = owner,
                             .host = owner,
                             .last_seq = seq,
                             .page = {PL_WRITE_NONE, 0},
                             .ticket = PL_WRITE_NONE,
                             .key = pl_span_of("key"),
                             .field = pl_span_of("field"),
                             .value = {value, len}};
}

/* The model: all entries in order, in one array. */
static struct model_entry {
    uint64_t seq;
    uint32_t owner;
    size_t len;
    enum pl_write_state state;
    bool dropped, gone;
    int64_t replied_mono_ms;
} model[MODEL_MAX];
static size_t model_begin, model_end;

static struct model_entry *model_first(enum pl_write_state state)
{
    for (size_t i = model_begin; i < model_end; i++) {
        if (!model[i].gone && model[i].state == state) return &model[i];
    }
    return NULL;
}

static uint32_t model_count(enum pl_write_state state)
{
    uint32_t count = 0;
    for (size_t i = model_begin; i < model_end; i++) {
        count += !model[i].gone && model[i].state == state;
    }
    return count;
}

static void step_push(struct pl_write_queue *q, struct pl_rng *rng, uint64_t seq)
{
    if (model_end == MODEL_MAX) return;
    uint32_t owner = pl_rng_below(rng, OWNERS + 1);
    if (owner == OWNERS) owner = PL_WRITE_NONE;
    struct pl_write w = some_write(owner, seq, 8 + pl_rng_below(rng, 6000));
    if (pl_write_queue_push(q, &w, (int64_t)seq, NULL) == PL_E_FULL) {
        CHECK(pl_write_queue_bytes(q) > QUEUE_BYTES / 2);
        return;
    }
    model[model_end++] = (struct model_entry){.seq = seq, .owner = owner, .len = w.value.len};
}

static void step_send(struct pl_write_queue *q)
{
    struct pl_write w;
    struct model_entry *want = model_first(PL_WRITE_WAITING);
    int err = pl_write_queue_next(q, buf, &w);
    CHECK_INT(err, want ? 0 : PL_E_NOT_FOUND);
    if (!want || err < 0) return;
    CHECK_INT(w.last_seq, want->seq);
    CHECK_INT(w.value.len, want->len);
    CHECK(memcmp(w.value.ptr, &want->seq, sizeof want->seq) == 0);
    CHECK(pl_span_is(w.key, "key") && pl_span_is(w.field, "field"));
    pl_write_queue_sent(q);
    want->state = PL_WRITE_SENT;
}

static void step_reply(struct pl_write_queue *q, int64_t now)
{
    struct model_entry *want = model_first(PL_WRITE_SENT);
    if (!want) return;
    struct pl_write w = {0};
    CHECK(pl_write_queue_replied(q, now, &w) == !want->dropped);
    want->gone = want->dropped;
    want->state = PL_WRITE_REPLIED;
    want->replied_mono_ms = now;
    if (!want->dropped) CHECK_INT(w.last_seq, want->seq);
}

static void step_settle(struct pl_write_queue *q, int64_t now)
{
    struct model_entry *want = model_first(PL_WRITE_REPLIED);
    struct pl_write w = {0};
    bool is_due = want && want->replied_mono_ms <= now - 20;
    CHECK(pl_write_queue_settle(q, now - 20, &w) == is_due);
    if (!is_due) return;
    CHECK_INT(w.last_seq, want->seq);
    want->gone = true;
}

static void step_requeue(struct pl_write_queue *q, bool all)
{
    if (all)
        pl_write_queue_requeue(q);
    else
        pl_write_queue_requeue_sent(q);
    for (size_t i = model_begin; i < model_end; i++) {
        struct model_entry *e = &model[i];
        if (e->gone || (e->state == PL_WRITE_REPLIED && !all)) continue;
        if (e->state == PL_WRITE_SENT && e->dropped) e->gone = true;
        e->state = PL_WRITE_WAITING;
    }
}

static void step_drop(struct pl_write_queue *q)
{
    uint32_t owner = pl_write_queue_oldest_owner(q);
    size_t first = model_begin;
    while (first < model_end &&
           (model[first].gone || model[first].dropped || model[first].owner == PL_WRITE_NONE)) {
        first++;
    }
    CHECK_INT(owner, first < model_end ? model[first].owner : PL_WRITE_NONE);
    if (owner == PL_WRITE_NONE) return;
    uint32_t count = 0;
    for (size_t i = model_begin; i < model_end; i++) {
        struct model_entry *e = &model[i];
        if (e->gone || e->dropped || e->owner != owner) continue;
        count++;
        if (e->state == PL_WRITE_SENT)
            e->dropped = true;
        else
            e->gone = true;
    }
    CHECK_INT(pl_write_queue_drop(q, owner), count);
}

static void test_behaves_like_the_model(void)
{
    struct pl_write_queue q;
    struct pl_rng rng = pl_rng_init(7);
    CHECK_INT(pl_write_queue_init(&q, QUEUE_BYTES, OWNERS), 0);
    size_t bytes_max = pl_write_queue_bytes_max(&q);
    CHECK(bytes_max <= QUEUE_BYTES);
    for (uint64_t step = 1; step <= STEPS; step++) {
        uint32_t pick = pl_rng_below(&rng, 1000);
        if (pick < 300)
            step_push(&q, &rng, step);
        else if (pick < 560)
            step_send(&q);
        else if (pick < 800)
            step_reply(&q, (int64_t)step);
        else if (pick < 994)
            step_settle(&q, (int64_t)step);
        else if (pick < 996)
            step_drop(&q);
        else
            step_requeue(&q, pick % 2 == 0);
        while (model_begin < model_end && model[model_begin].gone) model_begin++;
        if (step % 16 != 0) continue;
        for (int s = 0; s < PL_WRITE_STATES; s++) {
            enum pl_write_state state = (enum pl_write_state)s;
            CHECK_INT(pl_write_queue_count(&q, state), model_count(state));
        }
        CHECK(pl_write_queue_bytes(&q) <= bytes_max);
    }
    CHECK(model_end > 1000);
    step_requeue(&q, true);
    for (uint32_t owner = 0; owner < OWNERS; owner++) (void)pl_write_queue_drop(&q, owner);
    struct pl_write w;
    while (pl_write_queue_next(&q, buf, &w) == 0) {
        pl_write_queue_sent(&q);
        CHECK(pl_write_queue_replied(&q, 0, &w));
        CHECK(pl_write_queue_settle(&q, 0, &w));
    }
    CHECK_INT(pl_write_queue_bytes(&q), 0); // every block came back
    CHECK_INT(pl_write_queue_oldest_mono_ms(&q), -1);
    pl_write_queue_fini(&q);
}

static void test_cancel_only_what_waits(void)
{
    struct pl_write_queue q;
    CHECK_INT(pl_write_queue_init(&q, QUEUE_BYTES, OWNERS), 0);
    struct pl_write w = some_write(0, 1, 100), out;
    struct pl_write_id a, b, none = {0};
    CHECK_INT(pl_write_queue_push(&q, &w, 0, &a), 0);
    CHECK_INT(pl_write_queue_push(&q, &w, 0, &b), 0);
    pl_write_queue_sent(&q);
    CHECK(!pl_write_queue_cancel(&q, none));
    CHECK(!pl_write_queue_cancel(&q, a));
    CHECK(pl_write_queue_cancel(&q, b));
    CHECK(!pl_write_queue_cancel(&q, b));
    struct pl_write_id reused;
    CHECK_INT(pl_write_queue_push(&q, &w, 0, &reused), 0);
    CHECK_INT(reused.index, b.index);
    CHECK(!pl_write_queue_cancel(&q, b)); // the same slot, another entry
    CHECK(pl_write_queue_replied(&q, 1, &out));
    CHECK(!pl_write_queue_cancel(&q, a));
    pl_write_queue_fini(&q);
}

static void test_a_newer_record_replaces_the_waiting_one(void)
{
    struct pl_write_queue q;
    CHECK_INT(pl_write_queue_init(&q, QUEUE_BYTES, 0), 0);
    struct pl_write w = some_write(PL_WRITE_NONE, 1, 300), out;
    CHECK_INT(pl_write_queue_replace(&q, &w), PL_E_NOT_FOUND);
    CHECK_INT(pl_write_queue_push(&q, &w, 0, NULL), 0);
    w = some_write(PL_WRITE_NONE, 2, 3000);
    CHECK_INT(pl_write_queue_replace(&q, &w), 0);
    CHECK_INT(pl_write_queue_count(&q, PL_WRITE_WAITING), 1);
    CHECK_INT(pl_write_queue_next(&q, buf, &out), 0);
    CHECK_INT(out.last_seq, 2);
    CHECK_INT(out.value.len, 3000);
    struct pl_write other = w;
    other.field = pl_span_of("other");
    CHECK_INT(pl_write_queue_replace(&q, &other), PL_E_NOT_FOUND);
    other.ticket = 7;
    CHECK_INT(pl_write_queue_push(&q, &other, 0, NULL), 0);
    other.ticket = PL_WRITE_NONE;
    CHECK_INT(pl_write_queue_replace(&q, &other), PL_E_NOT_FOUND); // somebody waits for that one
    pl_write_queue_sent(&q);
    CHECK_INT(pl_write_queue_replace(&q, &w), PL_E_NOT_FOUND); // under way: the newer one follows
    w.page = (struct pl_slot_id){3, 1};
    CHECK_INT(pl_write_queue_push(&q, &w, 0, NULL), 0);
    CHECK_INT(pl_write_queue_replace(&q, &w), PL_E_NOT_FOUND); // somebody waits for that intent
    pl_write_queue_fini(&q);
}

int main(void)
{
    RUN(test_behaves_like_the_model);
    RUN(test_cancel_only_what_waits);
    RUN(test_a_newer_record_replaces_the_waiting_one);
    return check_finish();
}
