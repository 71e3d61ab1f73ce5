/* make_seeds FOLDER - writes good inputs for the targets of common/wire into FOLDER/<target>/. */
#include "common/wire/chunk.h"
#include "common/wire/session.h"
#include "common/wire/token.h"
#include "common/wire/trace.h"

#include "common/base/assert.h"

#include <stdio.h>
#include <sys/stat.h>

static const char *folder;

static void save(const char *target, const char *name, const struct pl_writer *w)
{
    char path[1024];
    PL_ASSERT(w->err == 0);
    (void)snprintf(path, sizeof path, "%s/%s", folder, target);
    (void)mkdir(path, 0777); // may be there already
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
    FILE *file = fopen(path, "wb");
    PL_ASSERT(file && fwrite(w->ptr, 1, w->len, file) == w->len);
    PL_ASSERT(fclose(file) == 0);
}

static struct pl_hello example_hello(void)
{
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .boot_id = {"0123456789abcde"},
                             .agent_version = "0.1.0",
                             .unix_ms = 1777777777000,
                             .interval_ms = 1000,
                             .first_seq = 1};
    PL_ASSERT(pl_name_parse(pl_span_of("fe1"), &hello.host) == 0);
    PL_ASSERT(pl_name_parse(pl_span_of("web"), &hello.pool) == 0);
    for (int f = 0; f < PL_FACT_COUNT; f++)
        hello.facts[f] = (struct pl_fact_value){f * 1000 - 1, "/proc/example"};
    return hello;
}

static struct pl_sample example_sample(uint64_t seq)
{
    struct pl_sample sample = {.seq = seq, .unix_ms = 1777777777000 + (int64_t)seq * 1001};
    for (int m = 0; m < PL_METRIC_COUNT; m++) {
        sample.values[m] = m % 3 == 0 ? (int32_t)(seq % 7) * m * m : m * 100;
        if (m == 12 || (m == 20 && seq % 5 == 0)) sample.values[m] = PL_ABSENT;
    }
    return sample;
}

static void save_samples(void)
{
    uint8_t buf[2048], body[PL_SAMPLE_BYTES_MAX];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    struct pl_sample_codec codec;
    pl_sample_codec_init(&codec, PL_METRIC_COUNT);
    pl_put_u8(&w, PL_METRIC_COUNT - 1);
    for (uint64_t seq = 55; seq < 65; seq++) {
        struct pl_sample sample = example_sample(seq);
        struct pl_writer b = pl_writer_init(body, sizeof body);
        pl_put_u8(&w, pl_sample_encode(&codec, &sample, &b));
        pl_put_str8(&w, (struct pl_span){body, b.len});
    }
    save("sample", "stream", &w);
}

/* An agent's whole side of a conversation, and the collector's; the same as a trace. */
static void save_conversation(void)
{
    uint8_t buf[4096], answers[4096], trace[6144];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    struct pl_writer t = pl_writer_init(trace, sizeof trace);
    struct pl_hello hello = example_hello();
    struct pl_agent_session agent;
    int64_t last_unix_ms = 0;
    pl_trace_begin(&t);
    pl_agent_session_start(&agent, &hello, &w);
    save("frame", "hello", &w);
    size_t at = PL_FRAME_HEADER_BYTES;
    struct pl_writer body = {buf + at, w.len - at, w.len - at, 0};
    save("hello", "full", &body);
    agent.state = PL_AGENT_STREAMING;
    struct pl_writer named = pl_writer_init(answers, sizeof answers);
    pl_put_bytes(&named, (struct pl_span){buf, w.len});
    pl_agent_session_listener(&agent, &(struct pl_listener){511, "*:443", "nginx"}, &named);
    save("session", "listener", &named);
    pl_agent_session_service(&agent, &(struct pl_service){"nginx", "*:443", "cgroup /web"}, &named);
    save("session", "service", &named);
    const struct pl_change change = {PL_CHANGE_UPGRADED, 1777777777000, 1,
                                     "openssl",          "3.0.15-1",    "3.0.17-1"};
    pl_agent_session_change(&agent, &change, &named);
    save("session", "change", &named);
    for (uint64_t seq = 0; seq < 12; seq++) {
        struct pl_sample sample = example_sample(seq + 52);
        at = seq == 0 ? 0 : w.len;
        if (seq > 0) pl_agent_session_sample(&agent, &sample, &w);
        struct pl_trace_record record = {sample.unix_ms, 1, {buf + at, w.len - at}};
        pl_trace_write(&record, &last_unix_ms, &t);
    }
    save("session", "agent", &w);
    pl_trace_write(&(struct pl_trace_record){last_unix_ms, 1, {buf, 0}}, &last_unix_ms, &t);
    save("trace", "conversation", &t);

    w = pl_writer_init(answers, sizeof answers);
    pl_welcome_write(&(struct pl_welcome){7, 1000}, &w);
    pl_ack_write(60, &w);
    pl_directive_write(&(struct pl_directive){200, 60000}, &w);
    pl_refuse_write(PL_REFUSE_STOPPING, "the collector is going down", &w);
    save("session", "collector", &w);
}

static void save_trust(void)
{
    uint8_t buf[4096];
    char text[PL_TOKEN_TEXT_BYTES];
    struct pl_proof proof = {{"0123456789abcdef0123456789abcde"}, {"signature"}};
    struct pl_join join = {.token_id = {1}, .token_secret = {2}};
    struct pl_rotate rotate = {.next = proof};
    struct pl_hello hello = example_hello();
    struct pl_token token = {.expires_unix_ms = 1777777777000,
                             .pool_count = 1,
                             .pools = {hello.pool},
                             .address_count = 1,
                             .addresses = {{"192.0.2.1", 7410}}};
    join.host = rotate.host = hello.host;
    join.pool = hello.pool;
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_proof_write(&proof, &w);
    pl_join_write(&join, &w);
    pl_joined_write(&w);
    save("session", "join", &w);
    w = pl_writer_init(buf, sizeof buf);
    pl_proof_write(&proof, &w);
    pl_rotate_write(&rotate, &w);
    save("session", "rotate", &w);
    w = pl_writer_init(buf, sizeof buf);
    pl_proof_write(&proof, &w);
    pl_check_write(&(struct pl_check){hello.host, hello.pool}, &w);
    save("session", "check", &w);
    w = pl_writer_init(buf, sizeof buf);
    pl_checked_write(&(struct pl_checked){1777777777000, true}, &w);
    save("session", "checked", &w);
    struct pl_agent_session agent;
    w = pl_writer_init(buf, sizeof buf);
    pl_agent_session_start(&agent, &hello, &w);
    pl_rotate_write(&rotate, &w);
    save("session", "rotate_in_stream", &w);
    w = pl_writer_init(buf, sizeof buf);
    pl_welcome_write(&(struct pl_welcome){7, 1000}, &w);
    pl_rekey_write(&w);
    pl_joined_write(&w);
    save("session", "rekey", &w);
    pl_token_write(&token, text);
    w = pl_writer_init(buf, sizeof buf);
    pl_put_bytes(&w, pl_span_of(text));
    save("token", "web", &w);
}

static void save_chunks(void)
{
    uint8_t buf[4096];
    int32_t values[PL_CHUNK_ROWS_MAX];
    for (int kind = PL_CHUNK_SAMPLES; kind <= PL_CHUNK_ROLLUP; kind++) {
        struct pl_chunk_head head = {.kind = (enum pl_chunk_kind)kind, .row_count = 20};
        struct pl_writer w = pl_writer_init(buf, sizeof buf);
        struct pl_chunk_writer cw;
        if (head.kind == PL_CHUNK_SAMPLES) head.first_seq = 300;
        for (int row = 0; row < head.row_count; row++)
            head.unix_ms[row] = 1777777777000 + row * 1000 + row % 3;
        pl_chunk_begin(&cw, &w, &head);
        for (uint16_t id = 1; id < 12; id++) {
            for (int row = 0; row < head.row_count; row++) {
                values[row] = id * 100 + row * row % (id * id);
                if (id == 5 || (id == 7 && row % 4 == 1)) values[row] = PL_ABSENT;
                if (id == 9) values[row] = row % 2 == 0 ? INT32_MAX : -INT32_MAX;
            }
            pl_chunk_column(&cw, id, values);
        }
        pl_chunk_end(&cw);
        save("chunk", head.kind == PL_CHUNK_SAMPLES ? "samples" : "rollup", &w);
        save("series", head.kind == PL_CHUNK_SAMPLES ? "samples" : "rollup", &w);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    folder = argv[1];
    save_samples();
    save_conversation();
    save_trust();
    save_chunks();
    return 0;
}
