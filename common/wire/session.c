#include "common/wire/session.h"

#include "common/base/assert.h"
#include "common/base/err.h"

void pl_agent_session_start(struct pl_agent_session *s, const struct pl_hello *hello,
                            struct pl_writer *out)
{
    s->state = PL_AGENT_WAIT_WELCOME;
    s->rotates = false;
    pl_sample_codec_init(&s->codec, PL_METRIC_COUNT);
    size_t at = pl_frame_begin(out, PL_FRAME_HELLO);
    pl_hello_write(hello, out);
    pl_frame_end(out, at);
}

void pl_agent_session_join(struct pl_agent_session *s, const struct pl_join *join,
                           struct pl_writer *out)
{
    s->state = PL_AGENT_WAIT_JOINED;
    pl_join_write(join, out);
}

void pl_agent_session_rotate(struct pl_agent_session *s, const struct pl_rotate *rotate,
                             struct pl_writer *out)
{
    s->rotates = s->state == PL_AGENT_STREAMING;
    if (!s->rotates) s->state = PL_AGENT_WAIT_JOINED;
    pl_rotate_write(rotate, out);
}

void pl_agent_session_check(struct pl_agent_session *s, const struct pl_check *check,
                            struct pl_writer *out)
{
    s->state = PL_AGENT_WAIT_CHECKED;
    pl_check_write(check, out);
}

static int welcome_parse(struct pl_span body, struct pl_welcome *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_welcome welcome = {.durable_seq = pl_get_u64(&r)};
    welcome.interval_ms = pl_get_u32(&r);
    int err = pl_reader_finish(&r);
    if (err != 0) return err;
    if (welcome.interval_ms != 0 &&
        (welcome.interval_ms < PL_INTERVAL_MS_MIN || welcome.interval_ms > PL_INTERVAL_MS_MAX))
        return PL_E_RANGE;
    *out = welcome;
    return 0;
}

static int refuse_parse(struct pl_span body, struct pl_refusal *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_refusal refusal = {.code = pl_get_u16(&r)};
    struct pl_span text = pl_get_str8(&r);
    int err = pl_reader_finish(&r);
    if (err != 0) return err;
    for (size_t i = 0; i < PL_MIN(text.len, (size_t)PL_REFUSE_TEXT_MAX); i++) {
        uint8_t c = text.ptr[i];
        refusal.text[i] = c < ' ' || c == 0x7f ? '?' : (char)c;
    }
    *out = refusal;
    return 0;
}

static int ack_parse(struct pl_span body, uint64_t *out)
{
    struct pl_reader r = pl_reader_init(body);
    uint64_t seq = pl_get_u64(&r);
    int err = pl_reader_finish(&r);
    if (err == 0) *out = seq;
    return err;
}

static int directive_parse(struct pl_span body, struct pl_directive *out)
{
    struct pl_reader r = pl_reader_init(body);
    struct pl_directive directive = {.interval_ms = pl_get_u32(&r)};
    directive.for_ms = pl_get_u32(&r);
    int err = pl_reader_finish(&r);
    if (err != 0) return err;
    if (directive.interval_ms < PL_DIRECTIVE_INTERVAL_MS_MIN ||
        directive.interval_ms > PL_DIRECTIVE_INTERVAL_MS_MAX ||
        directive.for_ms > PL_DIRECTIVE_FOR_MS_MAX)
        return PL_E_RANGE;
    *out = directive;
    return 0;
}

int pl_agent_session_step(struct pl_agent_session *s, const struct pl_frame *frame,
                          struct pl_agent_event *event)
{
    bool streaming = s->state == PL_AGENT_STREAMING;
    struct pl_agent_event e = {.type = PL_AGENT_NOTHING};
    int err = 0;
    switch (frame->type) {
    case PL_FRAME_WELCOME:
        if (s->state != PL_AGENT_WAIT_WELCOME) return PL_E_STATE;
        e.type = PL_AGENT_WELCOMED;
        err = welcome_parse(frame->body, &e.welcome);
        if (err == 0) s->state = PL_AGENT_STREAMING;
        break;
    case PL_FRAME_REFUSE:
        e.type = PL_AGENT_REFUSED;
        err = refuse_parse(frame->body, &e.refusal);
        break;
    case PL_FRAME_ACK:
        if (!streaming) return PL_E_STATE;
        e.type = PL_AGENT_ACKED;
        err = ack_parse(frame->body, &e.acked_seq);
        break;
    case PL_FRAME_DIRECTIVE:
        if (!streaming) return PL_E_STATE;
        e.type = PL_AGENT_DIRECTED;
        err = directive_parse(frame->body, &e.directive);
        break;
    case PL_FRAME_JOINED:
        if (s->state != PL_AGENT_WAIT_JOINED && !s->rotates) return PL_E_STATE;
        e.type = PL_AGENT_JOINED;
        err = frame->body.len == 0 ? 0 : PL_E_SYNTAX;
        if (err == 0) s->rotates = false;
        break;
    case PL_FRAME_REKEY:
        if (!streaming) return PL_E_STATE;
        e.type = PL_AGENT_REKEY;
        err = frame->body.len == 0 ? 0 : PL_E_SYNTAX;
        break;
    case PL_FRAME_CHECKED:
        if (s->state != PL_AGENT_WAIT_CHECKED) return PL_E_STATE;
        e.type = PL_AGENT_CHECKED;
        err = pl_checked_parse(frame->body, &e.checked);
        break;
    case PL_FRAME_HELLO:
    case PL_FRAME_CHECK:
    case PL_FRAME_KEY:
    case PL_FRAME_DELTA:
    case PL_FRAME_PROOF:
    case PL_FRAME_JOIN:
    case PL_FRAME_ROTATE:
    case PL_FRAME_LISTENER:
    case PL_FRAME_CHANGE:
    case PL_FRAME_SERVICE: return PL_E_STATE; // ours to send
    default: break;                           // of a newer collector
    }
    if (err == 0) *event = e;
    return err;
}

void pl_agent_session_sample(struct pl_agent_session *s, const struct pl_sample *sample,
                             struct pl_writer *out)
{
    PL_ASSERT(s->state == PL_AGENT_STREAMING);
    size_t at = pl_frame_begin(out, PL_FRAME_DELTA);
    bool key = pl_sample_encode(&s->codec, sample, out);
    pl_frame_end(out, at);
    if (key && out->err == 0) out->ptr[at + PL_FRAME_TYPE_AT] = PL_FRAME_KEY;
}

void pl_agent_session_listener(struct pl_agent_session *s, const struct pl_listener *listener,
                               struct pl_writer *out)
{
    PL_ASSERT(s->state == PL_AGENT_STREAMING);
    pl_listener_write(listener, out);
}

void pl_agent_session_change(struct pl_agent_session *s, const struct pl_change *change,
                             struct pl_writer *out)
{
    PL_ASSERT(s->state == PL_AGENT_STREAMING);
    pl_change_write(change, out);
}

void pl_agent_session_service(struct pl_agent_session *s, const struct pl_service *service,
                              struct pl_writer *out)
{
    PL_ASSERT(s->state == PL_AGENT_STREAMING);
    pl_service_write(service, out);
}

void pl_collector_session_init(struct pl_collector_session *s)
{
    s->state = PL_COLLECTOR_WAIT_HELLO;
}

static int take_hello(struct pl_collector_session *s, struct pl_span body, struct pl_hello *hello)
{
    if (s->state != PL_COLLECTOR_WAIT_HELLO && s->state != PL_COLLECTOR_PROVEN) return PL_E_STATE;
    int err = pl_hello_parse(body, hello);
    if (err != 0) return err;
    memcpy(s->map, hello->metrics, sizeof s->map);
    pl_sample_codec_init(&s->codec, hello->metric_count);
    s->state = PL_COLLECTOR_STREAMING;
    return 0;
}

/* PROOF, JOIN and ROTATE. */
static int take_trust(struct pl_collector_session *s, const struct pl_frame *frame,
                      struct pl_collector_event *event)
{
    bool is_proof = frame->type == PL_FRAME_PROOF;
    bool in_stream = s->state == PL_COLLECTOR_STREAMING && frame->type == PL_FRAME_ROTATE;
    int err = 0;
    if (!in_stream && s->state != (is_proof ? PL_COLLECTOR_WAIT_HELLO : PL_COLLECTOR_PROVEN))
        return PL_E_STATE;
    if (is_proof) {
        err = pl_proof_parse(frame->body, &event->proof);
        if (err == 0) event->type = PL_COLLECTOR_PROOF;
    } else if (frame->type == PL_FRAME_JOIN) {
        err = pl_join_parse(frame->body, &event->join);
        if (err == 0) event->type = PL_COLLECTOR_JOIN;
    } else {
        err = pl_rotate_parse(frame->body, &event->rotate);
        if (err == 0) event->type = PL_COLLECTOR_ROTATE;
    }
    if (err == 0 && !in_stream) s->state = is_proof ? PL_COLLECTOR_PROVEN : PL_COLLECTOR_ENROLLING;
    return err;
}

static int take_check(struct pl_collector_session *s, const struct pl_frame *frame,
                      struct pl_collector_event *event)
{
    if (s->state != PL_COLLECTOR_WAIT_HELLO && s->state != PL_COLLECTOR_PROVEN) return PL_E_STATE;
    int err = pl_check_parse(frame->body, &event->check);
    if (err != 0) return err;
    event->type = PL_COLLECTOR_CHECK;
    s->state = PL_COLLECTOR_ENROLLING;
    return 0;
}

int pl_collector_session_step(struct pl_collector_session *s, const struct pl_frame *frame,
                              struct pl_collector_event *event)
{
    int err = 0;
    switch (frame->type) {
    case PL_FRAME_HELLO:
        err = take_hello(s, frame->body, &event->hello);
        if (err == 0) event->type = PL_COLLECTOR_HELLO;
        return err;
    case PL_FRAME_KEY:
    case PL_FRAME_DELTA:
        if (s->state != PL_COLLECTOR_STREAMING) return PL_E_STATE;
        err = pl_sample_decode(&s->codec, frame->type == PL_FRAME_KEY, frame->body, s->map,
                               &event->sample);
        if (err == 0) event->type = PL_COLLECTOR_SAMPLE;
        return err;
    case PL_FRAME_LISTENER:
        if (s->state != PL_COLLECTOR_STREAMING) return PL_E_STATE;
        err = pl_listener_parse(frame->body, &event->listener);
        if (err == 0) event->type = PL_COLLECTOR_LISTENER;
        return err;
    case PL_FRAME_CHANGE:
        if (s->state != PL_COLLECTOR_STREAMING) return PL_E_STATE;
        err = pl_change_parse(frame->body, &event->change);
        if (err >= 0) event->type = err == 1 ? PL_COLLECTOR_CHANGE : PL_COLLECTOR_NOTHING;
        return PL_MIN(err, 0);
    case PL_FRAME_SERVICE:
        if (s->state != PL_COLLECTOR_STREAMING) return PL_E_STATE;
        err = pl_service_parse(frame->body, &event->service);
        if (err == 0) event->type = PL_COLLECTOR_SERVICE;
        return err;
    case PL_FRAME_PROOF:
    case PL_FRAME_JOIN:
    case PL_FRAME_ROTATE: return take_trust(s, frame, event);
    case PL_FRAME_CHECK: return take_check(s, frame, event);
    case PL_FRAME_WELCOME:
    case PL_FRAME_REFUSE:
    case PL_FRAME_ACK:
    case PL_FRAME_DIRECTIVE:
    case PL_FRAME_JOINED:
    case PL_FRAME_REKEY:
    case PL_FRAME_CHECKED: return PL_E_STATE; // ours to send
    default:                                  // of a newer agent
        event->type = PL_COLLECTOR_NOTHING;
        return 0;
    }
}

void pl_welcome_write(const struct pl_welcome *welcome, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_WELCOME);
    pl_put_u64(out, welcome->durable_seq);
    pl_put_u32(out, welcome->interval_ms);
    pl_frame_end(out, at);
}

void pl_ack_write(uint64_t durable_seq, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_ACK);
    pl_put_u64(out, durable_seq);
    pl_frame_end(out, at);
}

void pl_directive_write(const struct pl_directive *directive, struct pl_writer *out)
{
    size_t at = pl_frame_begin(out, PL_FRAME_DIRECTIVE);
    pl_put_u32(out, directive->interval_ms);
    pl_put_u32(out, directive->for_ms);
    pl_frame_end(out, at);
}

void pl_refuse_write(enum pl_refuse_code code, const char *text, struct pl_writer *out)
{
    struct pl_span bytes = pl_span_of(text);
    if (bytes.len > PL_REFUSE_TEXT_MAX) bytes.len = PL_REFUSE_TEXT_MAX;
    size_t at = pl_frame_begin(out, PL_FRAME_REFUSE);
    pl_put_u16(out, (uint16_t)code);
    pl_put_str8(out, bytes);
    pl_frame_end(out, at);
}
