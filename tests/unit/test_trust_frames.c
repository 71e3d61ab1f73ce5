/* PROOF, JOIN, ROTATE and JOINED: their bodies, and when each may come. */
#include "tests/check.h"

#include "common/base/err.h"
#include "common/wire/session.h"

static uint8_t buf[1024];

static struct pl_proof example_proof(void)
{
    struct pl_proof proof = {0};
    memset(proof.key.bytes, 7, sizeof proof.key.bytes);
    memset(proof.signature, 9, sizeof proof.signature);
    return proof;
}

static struct pl_join example_join(void)
{
    struct pl_join join = {.token_id = {1, 2}, .token_secret = {3, 4}};
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &join.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of("web"), &join.pool), 0);
    return join;
}

static struct pl_rotate example_rotate(void)
{
    struct pl_rotate rotate = {.next = example_proof()};
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &rotate.host), 0);
    return rotate;
}

static struct pl_frame frame_of(const struct pl_writer *w)
{
    struct pl_frame frame = {0};
    CHECK_INT(w->err, 0);
    CHECK_INT(pl_frame_parse((struct pl_span){w->ptr, w->len}, &frame), w->len);
    return frame;
}

static struct pl_frame proof_frame(void)
{
    struct pl_proof proof = example_proof();
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_proof_write(&proof, &w);
    return frame_of(&w);
}

static void test_bodies_come_back(void)
{
    struct pl_join join = example_join(), got_join;
    struct pl_rotate rotate = example_rotate(), got_rotate;
    struct pl_proof proof = example_proof(), got_proof;
    struct pl_frame frame = proof_frame();
    CHECK_INT(pl_proof_parse(frame.body, &got_proof), 0);
    CHECK(memcmp(&got_proof, &proof, sizeof proof) == 0);
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_join_write(&join, &w);
    frame = frame_of(&w);
    CHECK_INT(pl_join_parse(frame.body, &got_join), 0);
    CHECK(memcmp(&got_join, &join, sizeof join) == 0);
    w = pl_writer_init(buf, sizeof buf);
    pl_rotate_write(&rotate, &w);
    frame = frame_of(&w);
    CHECK_INT(pl_rotate_parse(frame.body, &got_rotate), 0);
    CHECK(memcmp(&got_rotate, &rotate, sizeof rotate) == 0);
}

static void test_every_cut_is_refused(void)
{
    struct pl_join join = example_join(), got_join;
    struct pl_rotate rotate = example_rotate(), got_rotate;
    struct pl_proof got_proof;
    struct pl_frame frame = proof_frame();
    for (size_t cut = 0; cut < frame.body.len; cut++)
        CHECK(pl_proof_parse((struct pl_span){frame.body.ptr, cut}, &got_proof) < 0);
    CHECK_INT(pl_proof_parse((struct pl_span){buf, frame.body.len + 1}, &got_proof), PL_E_SYNTAX);
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_join_write(&join, &w);
    frame = frame_of(&w);
    for (size_t cut = 0; cut < frame.body.len; cut++)
        CHECK(pl_join_parse((struct pl_span){frame.body.ptr, cut}, &got_join) < 0);
    buf[PL_FRAME_HEADER_BYTES + PL_TOKEN_ID_BYTES + PL_TOKEN_SECRET_BYTES + 1] = '/';
    CHECK_INT(pl_join_parse(frame.body, &got_join), PL_E_SYNTAX);
    w = pl_writer_init(buf, sizeof buf);
    pl_rotate_write(&rotate, &w);
    frame = frame_of(&w);
    for (size_t cut = 0; cut < frame.body.len; cut++)
        CHECK(pl_rotate_parse((struct pl_span){frame.body.ptr, cut}, &got_rotate) < 0);
}

/* What a collector takes in which order: P proof, J join, R rotate, C check. */
static void test_order_at_the_collector(void)
{
    static const struct {
        const char *frames;
        int want; // of the last one
    } cases[] = {
        {"P", 0},
        {"PJ", 0},
        {"PR", 0},
        {"J", PL_E_STATE},
        {"R", PL_E_STATE},
        {"PP", PL_E_STATE},
        {"PJJ", PL_E_STATE},
        {"PJR", PL_E_STATE},
        {"PJP", PL_E_STATE},
        {"PRR", PL_E_STATE},
        {"C", 0},
        {"PC", 0},
        {"CC", PL_E_STATE},
        {"CP", PL_E_STATE},
        {"PJC", PL_E_STATE},
    };
    struct pl_join join = example_join();
    struct pl_rotate rotate = example_rotate();
    struct pl_check check = {join.host, join.pool};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_collector_session s;
        struct pl_collector_event event;
        int err = 0;
        pl_collector_session_init(&s);
        for (const char *f = cases[i].frames; *f != '\0'; f++) {
            struct pl_writer w = pl_writer_init(buf, sizeof buf);
            if (*f == 'J') pl_join_write(&join, &w);
            if (*f == 'R') pl_rotate_write(&rotate, &w);
            if (*f == 'C') pl_check_write(&check, &w);
            struct pl_frame frame = *f == 'P' ? proof_frame() : frame_of(&w);
            CHECK_INT(err, 0);
            err = pl_collector_session_step(&s, &frame, &event);
        }
        CHECK_INT(err, cases[i].want);
    }
}

static void test_a_check_and_its_answer(void)
{
    struct pl_join join = example_join();
    struct pl_check check = {join.host, join.pool}, got_check;
    struct pl_checked got;
    struct pl_agent_session s = {.state = PL_AGENT_WAIT_WELCOME};
    struct pl_agent_event event = {.type = PL_AGENT_NOTHING};
    uint8_t asked[256];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_checked_write(&(struct pl_checked){1777777777000, true}, &w);
    struct pl_frame answer = frame_of(&w);
    CHECK_INT(pl_agent_session_step(&s, &answer, &event), PL_E_STATE);
    w = pl_writer_init(asked, sizeof asked);
    pl_agent_session_check(&s, &check, &w);
    CHECK_INT(pl_agent_session_step(&s, &answer, &event), 0);
    CHECK_INT(event.type, PL_AGENT_CHECKED);
    CHECK_INT(event.checked.unix_ms, 1777777777000);
    CHECK(event.checked.is_connected);
    for (size_t cut = 0; cut < answer.body.len; cut++)
        CHECK(pl_checked_parse((struct pl_span){answer.body.ptr, cut}, &got) < 0);
    buf[PL_FRAME_HEADER_BYTES + 8] = 2;
    CHECK_INT(pl_checked_parse(answer.body, &got), PL_E_RANGE);
    buf[PL_FRAME_HEADER_BYTES] = 0x80;
    CHECK_INT(pl_checked_parse(answer.body, &got), PL_E_RANGE);
    struct pl_frame question = frame_of(&w);
    CHECK_INT(pl_check_parse(question.body, &got_check), 0);
    CHECK(memcmp(&got_check, &check, sizeof check) == 0);
    for (size_t cut = 0; cut < question.body.len; cut++)
        CHECK(pl_check_parse((struct pl_span){question.body.ptr, cut}, &got_check) < 0);
}

static void test_joined_answers_only_those_who_asked(void)
{
    struct pl_agent_session s = {.state = PL_AGENT_WAIT_WELCOME};
    struct pl_agent_event event = {.type = PL_AGENT_NOTHING};
    struct pl_join join = example_join();
    uint8_t asked[256], answer[32];
    struct pl_writer w = pl_writer_init(answer, sizeof answer);
    pl_joined_write(&w);
    struct pl_frame joined = frame_of(&w), proof = proof_frame();
    CHECK_INT(pl_agent_session_step(&s, &joined, &event), PL_E_STATE);
    w = pl_writer_init(asked, sizeof asked);
    pl_agent_session_join(&s, &join, &w);
    CHECK_INT(pl_agent_session_step(&s, &proof, &event), PL_E_STATE);
    CHECK_INT(pl_agent_session_step(&s, &joined, &event), 0);
    CHECK_INT(event.type, PL_AGENT_JOINED);
    w = pl_writer_init(answer, sizeof answer);
    pl_welcome_write(&(struct pl_welcome){0}, &w);
    struct pl_frame welcome = frame_of(&w);
    CHECK_INT(pl_agent_session_step(&s, &welcome, &event), PL_E_STATE);
}

int main(void)
{
    RUN(test_bodies_come_back);
    RUN(test_every_cut_is_refused);
    RUN(test_order_at_the_collector);
    RUN(test_a_check_and_its_answer);
    RUN(test_joined_answers_only_those_who_asked);
    return check_finish();
}
