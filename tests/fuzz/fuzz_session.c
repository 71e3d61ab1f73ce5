/* A connection's whole stream, given to both ends: frames of every kind in every order. */
#include "tests/fuzz/fuzz.h"

#include "common/wire/session.h"

static void check_text(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) PL_ASSERT(*c >= ' ' && *c <= '~');
}

static void check_change(enum pl_collector_session_state before, const struct pl_change *change)
{
    PL_ASSERT(before == PL_COLLECTOR_STREAMING && change->kind < PL_CHANGE_KIND_COUNT);
    PL_ASSERT(change->subject[0] != '\0' || !pl_change_kind_named(change->kind));
    PL_ASSERT(change->unix_ms >= 0 && change->count <= PL_CHANGE_THINGS_MAX);
    check_text(change->subject);
    check_text(change->before);
    check_text(change->after);
}

static int step_collector(struct pl_collector_session *s, const struct pl_frame *frame)
{
    struct pl_collector_event event;
    enum pl_collector_session_state before = s->state;
    int err = pl_collector_session_step(s, frame, &event);
    if (err != 0) return err;
    bool is_first = before == PL_COLLECTOR_WAIT_HELLO || before == PL_COLLECTOR_PROVEN;
    PL_ASSERT(event.type != PL_COLLECTOR_HELLO || is_first);
    PL_ASSERT(event.type != PL_COLLECTOR_CHECK || is_first);
    PL_ASSERT(event.type != PL_COLLECTOR_JOIN || before == PL_COLLECTOR_PROVEN);
    PL_ASSERT(event.type != PL_COLLECTOR_ROTATE || before == PL_COLLECTOR_PROVEN ||
              before == PL_COLLECTOR_STREAMING);
    PL_ASSERT(event.type != PL_COLLECTOR_SAMPLE || before == PL_COLLECTOR_STREAMING);
    if (event.type == PL_COLLECTOR_LISTENER) {
        PL_ASSERT(before == PL_COLLECTOR_STREAMING && event.listener.address[0] != '\0');
        for (const char *c = event.listener.address; *c != '\0'; c++)
            PL_ASSERT(*c >= ' ' && *c <= '~');
    }
    if (event.type == PL_COLLECTOR_SERVICE) {
        PL_ASSERT(before == PL_COLLECTOR_STREAMING);
        PL_ASSERT(event.service.name[0] != '\0' || event.service.source[0] == '\0');
        check_text(event.service.name);
        check_text(event.service.address);
        check_text(event.service.source);
    }
    if (event.type == PL_COLLECTOR_CHANGE) check_change(before, &event.change);
    return 0;
}

static int step_agent(struct pl_agent_session *s, const struct pl_frame *frame)
{
    struct pl_agent_event event;
    int err = pl_agent_session_step(s, frame, &event);
    if (err == 0 && event.type == PL_AGENT_REFUSED) {
        for (const char *c = event.refusal.text; *c != '\0'; c++)
            PL_ASSERT((uint8_t)*c >= ' ' && *c != 0x7f);
    }
    if (err == 0 && event.type == PL_AGENT_CHECKED)
        PL_ASSERT(event.checked.unix_ms >= 0 && event.checked.unix_ms <= PL_UNIX_MS_MAX);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct pl_collector_session collector;
    struct pl_agent_session agent = {.state = PL_AGENT_WAIT_WELCOME};
    struct pl_agent_session doctor = {.state = PL_AGENT_WAIT_CHECKED};
    pl_collector_session_init(&collector);
    struct pl_span in = {data, len};
    struct pl_frame frame;
    int collector_err = 0, agent_err = 0, doctor_err = 0;
    for (ssize_t used; (used = pl_frame_parse(in, &frame)) > 0;) {
        if (collector_err == 0) collector_err = step_collector(&collector, &frame);
        if (agent_err == 0) agent_err = step_agent(&agent, &frame);
        if (doctor_err == 0) doctor_err = step_agent(&doctor, &frame);
        in = (struct pl_span){in.ptr + used, in.len - (size_t)used};
    }
    return 0;
}
