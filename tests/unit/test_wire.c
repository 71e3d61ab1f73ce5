/* Frames, metric and fact tables, HELLO, and the two ends of a conversation. */
#include "tests/check.h"

#include "common/base/err.h"
#include "common/wire/session.h"

static struct pl_hello example_hello(void)
{
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .boot_id = {{1, 2, 3}},
                             .agent_version = "0.1.0",
                             .unix_ms = 1777777777000,
                             .interval_ms = 1000,
                             .first_seq = 7};
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &hello.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of("web"), &hello.pool), 0);
    for (int f = 0; f < PL_FACT_COUNT; f++) hello.facts[f].value = -1;
    hello.facts[PL_FACT_CORES] = (struct pl_fact_value){2, "/proc/stat"};
    hello.facts[PL_FACT_MEMORY] = (struct pl_fact_value){8 << 20, "/proc/meminfo"};
    return hello;
}

static struct pl_sample example_sample(uint64_t seq)
{
    struct pl_sample sample = {.seq = seq, .unix_ms = 1777777777000 + (int64_t)seq * 1000};
    for (int m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = m * (int32_t)seq;
    return sample;
}

static struct pl_frame only_frame(const struct pl_writer *w)
{
    struct pl_frame frame = {0};
    CHECK_INT(w->err, 0);
    CHECK_INT(pl_frame_parse((struct pl_span){w->ptr, w->len}, &frame), w->len);
    return frame;
}

static void test_metric_names_and_ids_are_unique(void)
{
    for (enum pl_metric m = 0; m < PL_METRIC_COUNT; m++) {
        const struct pl_metric_info *info = pl_metric_info(m);
        struct pl_name name;
        CHECK_INT(pl_name_parse(pl_span_of(info->name), &name), 0);
        CHECK_INT(pl_metric_by_name(pl_span_of(info->name)), m);
        CHECK_INT(pl_metric_by_id(info->id), m);
        CHECK(info->scale == 1 || info->scale == 10 || info->scale == 100 || info->scale == 1000 ||
              info->scale == 10000);
        CHECK(info->kind != PL_SHARE || info->scale == 10000);
    }
    CHECK_INT(pl_metric_by_name(pl_span_of("cpu.bus")), PL_METRIC_COUNT);
    CHECK_INT(pl_metric_by_id(0), PL_METRIC_COUNT);
}

static void test_frames_are_refused_from_the_header(void)
{
    static const struct {
        uint8_t bytes[12];
        size_t len;
        ssize_t want;
    } cases[] = {
        {{0}, 0, 0},
        {{'P'}, 1, 0},
        {{'G', 'E'}, 2, PL_E_MAGIC},
        {{'P', 'L'}, 2, PL_E_MAGIC},
        {{'P', 'l', 2}, 3, PL_E_VERSION},
        {{'P', 'l', 1, 6, 0, 0, 0}, 7, 0},
        {{'P', 'l', 1, 6, 0, 0, 0, 0}, 8, 8},
        {{'P', 'l', 1, 6, 0, 0, 0, 3, 1, 2}, 10, 0},
        {{'P', 'l', 1, 6, 0, 0, 0, 3, 1, 2, 3, 'P'}, 12, 11},
        {{'P', 'l', 1, 6, 0, 0, 0x10, 0}, 8, 0},
        {{'P', 'l', 1, 6, 0, 0, 0x10, 1}, 8, PL_E_TOO_BIG},
        {{'P', 'l', 1, 6, 0xff, 0xff, 0xff, 0xff}, 8, PL_E_TOO_BIG},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_frame frame;
        CHECK_INT(pl_frame_parse((struct pl_span){cases[i].bytes, cases[i].len}, &frame),
                  cases[i].want);
    }
}

static void test_a_frame_too_big_to_send_is_an_error(void)
{
    static uint8_t buf[PL_FRAME_BYTES_MAX + 1];
    static const uint8_t filler[PL_FRAME_BODY_MAX];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    size_t at = pl_frame_begin(&w, PL_FRAME_ACK);
    pl_put_bytes(&w, (struct pl_span){filler, sizeof filler});
    pl_frame_end(&w, at);
    CHECK_INT(w.err, 0);
    pl_put_u8(&w, 0);
    pl_frame_end(&w, at);
    CHECK_INT(w.err, PL_E_FULL);
}

static void test_hello_comes_back(void)
{
    uint8_t buf[PL_FRAME_BODY_MAX];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    struct pl_hello in = example_hello(), out;
    pl_hello_write(&in, &w);
    CHECK_INT(w.err, 0);
    CHECK_INT(pl_hello_parse((struct pl_span){buf, w.len}, &out), 0);
    CHECK(pl_boot_id_eq(&in.boot_id, &out.boot_id));
    CHECK(pl_name_eq(&in.host, &out.host) && pl_name_eq(&in.pool, &out.pool));
    CHECK_TEXT(out.agent_version, "0.1.0");
    CHECK_INT(out.unix_ms, in.unix_ms);
    CHECK_INT(out.interval_ms, 1000);
    CHECK_INT(out.first_seq, 7);
    CHECK_INT(out.facts[PL_FACT_CORES].value, 2);
    CHECK_TEXT(out.facts[PL_FACT_MEMORY].source, "/proc/meminfo");
    CHECK_INT(out.facts[PL_FACT_SWAP].value, -1);
    CHECK_INT(out.metric_count, PL_METRIC_COUNT);
    for (int m = 0; m < PL_METRIC_COUNT; m++) CHECK_INT(out.metrics[m], m);
    for (size_t len = 0; len < w.len; len++)
        CHECK_INT(pl_hello_parse((struct pl_span){buf, len}, &out), PL_E_TRUNCATED);
    CHECK_INT(pl_hello_parse((struct pl_span){buf, w.len + 1}, &out), PL_E_SYNTAX);
}

static void test_the_largest_hello_fits_a_frame(void)
{
    uint8_t buf[PL_FRAME_BYTES_MAX];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    struct pl_hello hello = example_hello();
    char name[PL_NAME_LEN_MAX + 1] = "";
    memset(name, 'x', sizeof name - 1);
    CHECK_INT(pl_name_parse(pl_span_of(name), &hello.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of(name), &hello.pool), 0);
    memset(hello.agent_version, 'v', PL_VERSION_LEN_MAX);
    for (int f = 0; f < PL_FACT_COUNT; f++) {
        hello.facts[f].value = INT64_MAX;
        memset(hello.facts[f].source, 's', PL_FACT_SOURCE_LEN_MAX);
    }
    struct pl_agent_session agent;
    pl_agent_session_start(&agent, &hello, &w);
    struct pl_frame frame = only_frame(&w);
    CHECK_INT(pl_hello_parse(frame.body, &hello), 0);
}

/* Writes a HELLO body whose parts can each be made wrong. */
struct hello_parts {
    uint16_t version;
    uint32_t interval_ms;
    uint64_t first_seq, unix_ms;
    const char *host, *agent_version;
    const char *facts;   // one digit each: the id
    const char *metrics; // names, one blank between; all of them a share of that scale
    uint64_t scale;
};

static size_t write_parts(const struct hello_parts *p, uint8_t *buf, size_t cap)
{
    struct pl_writer w = pl_writer_init(buf, cap);
    pl_put_u16(&w, p->version);
    for (int i = 0; i < PL_BOOT_ID_BYTES; i++) pl_put_u8(&w, 9);
    pl_put_u64(&w, p->unix_ms);
    pl_put_u32(&w, p->interval_ms);
    pl_put_u64(&w, p->first_seq);
    pl_put_str8(&w, pl_span_of(p->host));
    pl_put_str8(&w, pl_span_of("web"));
    pl_put_str8(&w, pl_span_of(p->agent_version));
    pl_put_u8(&w, (uint8_t)strlen(p->facts));
    for (const char *f = p->facts; *f != '\0'; f++) {
        pl_put_u16(&w, (uint16_t)(*f - '0'));
        pl_put_varint(&w, 5);
        pl_put_str8(&w, pl_span_of("here"));
    }
    size_t count_at = w.len;
    pl_put_u8(&w, 0);
    for (const char *m = p->metrics; *m != '\0'; m += *m == ' ') {
        size_t len = strcspn(m, " ");
        pl_put_str8(&w, (struct pl_span){(const uint8_t *)m, len});
        pl_put_u8(&w, PL_SHARE);
        pl_put_varint(&w, p->scale);
        buf[count_at]++;
        m += len;
    }
    CHECK_INT(w.err, 0);
    return w.len;
}

static void test_hello_refuses(void)
{
    static const char long_version[] = "0123456789012345678901234567890123456789";
    static const char long_host[] =
        "x123456789x123456789x123456789x123456789x123456789x123456789xxxx";
    static const struct {
        struct hello_parts parts;
        int want;
    } cases[] = {
        {{1, 1000, 1, 5, "a", "1", "", "cpu.busy", 10000}, 0},
        {{2, 1000, 1, 5, "a", "1", "", "cpu.busy", 10000}, PL_E_VERSION},
        {{1, 9, 1, 5, "a", "1", "", "cpu.busy", 10000}, PL_E_RANGE},
        {{1, 3600001, 1, 5, "a", "1", "", "cpu.busy", 10000}, PL_E_RANGE},
        {{1, 1000, 0, 5, "a", "1", "", "cpu.busy", 10000}, PL_E_RANGE},
        {{1, 1000, 1, UINT64_MAX, "a", "1", "", "cpu.busy", 10000}, PL_E_RANGE},
        {{1, 1000, 1, 5, "", "1", "", "cpu.busy", 10000}, PL_E_SYNTAX},
        {{1, 1000, 1, 5, "-a", "1", "", "cpu.busy", 10000}, PL_E_SYNTAX},
        {{1, 1000, 1, 5, "a b", "1", "", "cpu.busy", 10000}, PL_E_SYNTAX},
        {{1, 1000, 1, 5, long_host, "1", "", "cpu.busy", 10000}, PL_E_SYNTAX},
        {{1, 1000, 1, 5, "a", "1\n2", "", "cpu.busy", 10000}, PL_E_SYNTAX},
        {{1, 1000, 1, 5, "a", long_version, "", "cpu.busy", 10000}, PL_E_RANGE},
        {{1, 1000, 1, 5, "a", "1", "129", "cpu.busy", 10000}, 0},
        {{1, 1000, 1, 5, "a", "1", "121", "cpu.busy", 10000}, PL_E_DUPLICATE},
        {{1, 1000, 1, 5, "a", "1", "zz", "cpu.busy", 10000}, 0}, // unknown facts are skipped
        {{1, 1000, 1, 5, "a", "1", "", "", 10000}, PL_E_RANGE},
        {{1, 1000, 1, 5, "a", "1", "", "cpu.busy cpu.busy", 10000}, PL_E_DUPLICATE},
        {{1, 1000, 1, 5, "a", "1", "", "new.thing cpu.busy new.other", 10000}, 0},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        uint8_t buf[512];
        struct pl_hello hello;
        size_t len = write_parts(&cases[i].parts, buf, sizeof buf);
        CHECK_INT(pl_hello_parse((struct pl_span){buf, len}, &hello), cases[i].want);
    }
}

static void test_unknown_metrics_and_scales_are_skipped(void)
{
    struct hello_parts parts = {1, 1000, 1, 5, "a", "1", "", "new.thing cpu.user cpu.busy", 10000};
    uint8_t buf[512];
    struct pl_hello hello;
    size_t len = write_parts(&parts, buf, sizeof buf);
    CHECK_INT(pl_hello_parse((struct pl_span){buf, len}, &hello), 0);
    CHECK_INT(hello.metric_count, 3);
    CHECK_INT(hello.metrics[0], PL_METRIC_COUNT);
    CHECK_INT(hello.metrics[1], PL_CPU_USER);
    CHECK_INT(hello.metrics[2], PL_CPU_BUSY);
    parts.scale = 100;
    len = write_parts(&parts, buf, sizeof buf);
    CHECK_INT(pl_hello_parse((struct pl_span){buf, len}, &hello), 0);
    CHECK_INT(hello.metrics[2], PL_METRIC_COUNT);
    parts.metrics = "load.1m"; // ours with that scale, but no share
    len = write_parts(&parts, buf, sizeof buf);
    CHECK_INT(pl_hello_parse((struct pl_span){buf, len}, &hello), 0);
    CHECK_INT(hello.metrics[0], PL_METRIC_COUNT);
}

static void test_a_conversation(void)
{
    uint8_t buf[PL_FRAME_BYTES_MAX];
    struct pl_agent_session agent;
    struct pl_collector_session collector;
    struct pl_agent_event heard;
    struct pl_collector_event seen;
    struct pl_hello hello = example_hello();
    pl_collector_session_init(&collector);

    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_agent_session_start(&agent, &hello, &w);
    struct pl_frame frame = only_frame(&w);
    REQUIRE(pl_collector_session_step(&collector, &frame, &seen) == 0);
    REQUIRE(seen.type == PL_COLLECTOR_HELLO);
    CHECK(pl_name_eq(&seen.hello.host, &hello.host));

    w = pl_writer_init(buf, sizeof buf);
    pl_welcome_write(&(struct pl_welcome){41, 0}, &w);
    frame = only_frame(&w);
    REQUIRE(pl_agent_session_step(&agent, &frame, &heard) == 0);
    REQUIRE(heard.type == PL_AGENT_WELCOMED);
    CHECK_INT(heard.welcome.durable_seq, 41);

    for (uint64_t seq = 42; seq < 200; seq += seq == 70 ? 5 : 1) {
        struct pl_sample sample = example_sample(seq);
        w = pl_writer_init(buf, sizeof buf);
        pl_agent_session_sample(&agent, &sample, &w);
        frame = only_frame(&w);
        bool want_key = seq == 42 || seq == 75 || seq % PL_SAMPLE_KEY_EVERY == 0;
        CHECK_INT(frame.type, want_key ? PL_FRAME_KEY : PL_FRAME_DELTA);
        REQUIRE(pl_collector_session_step(&collector, &frame, &seen) == 0);
        REQUIRE(seen.type == PL_COLLECTOR_SAMPLE);
        CHECK_INT(seen.sample.seq, seq);
        CHECK_INT(seen.sample.unix_ms, sample.unix_ms);
        CHECK(memcmp(seen.sample.values, sample.values, sizeof sample.values) == 0);
    }

    w = pl_writer_init(buf, sizeof buf);
    pl_ack_write(100, &w);
    frame = only_frame(&w);
    CHECK_INT(pl_agent_session_step(&agent, &frame, &heard), 0);
    CHECK(heard.type == PL_AGENT_ACKED && heard.acked_seq == 100);

    w = pl_writer_init(buf, sizeof buf);
    pl_directive_write(&(struct pl_directive){200, 60000}, &w);
    frame = only_frame(&w);
    CHECK_INT(pl_agent_session_step(&agent, &frame, &heard), 0);
    CHECK(heard.type == PL_AGENT_DIRECTED && heard.directive.interval_ms == 200);
}

static void check_bytes(const struct pl_writer *w, const uint8_t *want, size_t len)
{
    CHECK_INT(w->err, 0);
    CHECK_INT(w->len, len);
    CHECK(w->len == len && memcmp(w->ptr, want, len) == 0);
}

static void test_the_example_of_the_protocol(void)
{
    static const uint8_t key[] = {0x50, 0x6c, 0x01, 0x04, 0x00, 0x00, 0x00, 0x20, 0x01, 0x01,
                                  0xe8, 0xb2, 0xc0, 0xde, 0xde, 0x33, 0x01, 0x04, 0x00, 0x08,
                                  0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x04, 0x00, 0x08, 0x00,
                                  0x00, 0x00, 0x00, 0x00, 0xe4, 0x41, 0x90, 0x4e, 0xe0, 0x12};
    static const uint8_t delta[] = {0x50, 0x6c, 0x01, 0x05, 0x00, 0x00, 0x00, 0x0f,
                                    0x00, 0xd2, 0x0f, 0x01, 0x00, 0x00, 0x08, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0xc8, 0x01, 0x13};
    static const uint8_t ack[] = {0x50, 0x6c, 0x01, 0x06, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2};
    uint8_t buf[256];
    struct pl_agent_session agent = {.state = PL_AGENT_STREAMING};
    struct pl_sample sample = {.seq = 1, .unix_ms = 1777777777000};
    pl_sample_codec_init(&agent.codec, PL_METRIC_COUNT);
    for (int m = 0; m < PL_METRIC_COUNT; m++) sample.values[m] = PL_ABSENT;
    sample.values[PL_CPU_BUSY] = 4210;
    sample.values[PL_MEMORY_USED] = 5000;
    sample.values[PL_TCP_ACCEPTED] = 1200;
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_agent_session_sample(&agent, &sample, &w);
    check_bytes(&w, key, sizeof key);
    sample.seq = 2;
    sample.unix_ms += 1001;
    sample.values[PL_CPU_BUSY] += 100;
    sample.values[PL_TCP_ACCEPTED] -= 10;
    w = pl_writer_init(buf, sizeof buf);
    pl_agent_session_sample(&agent, &sample, &w);
    check_bytes(&w, delta, sizeof delta);
    w = pl_writer_init(buf, sizeof buf);
    pl_ack_write(2, &w);
    check_bytes(&w, ack, sizeof ack);
}

static void test_a_refusal_is_safe_to_print(void)
{
    uint8_t buf[PL_FRAME_BYTES_MAX];
    char text[300];
    struct pl_agent_session agent;
    struct pl_agent_event heard;
    struct pl_hello hello = example_hello();
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_agent_session_start(&agent, &hello, &w);
    memset(text, 'y', sizeof text);
    text[sizeof text - 1] = '\0';
    text[3] = '\n';
    w = pl_writer_init(buf, sizeof buf);
    pl_refuse_write(PL_REFUSE_TAKEN, text, &w);
    struct pl_frame frame = only_frame(&w);
    REQUIRE(pl_agent_session_step(&agent, &frame, &heard) == 0);
    CHECK(heard.type == PL_AGENT_REFUSED && heard.refusal.code == PL_REFUSE_TAKEN);
    CHECK_INT(strlen(heard.refusal.text), PL_REFUSE_TEXT_MAX);
    CHECK(memcmp(heard.refusal.text, "yyy?yyy", 7) == 0);
}

/* Every frame type in every state of both sides. */
static void test_frames_out_of_turn(void)
{
    enum { OUT = 1, BODY = 2, FINE = 3 }; // out of turn; in turn but our empty body is refused
    enum { TYPES = 19 };
    static const uint8_t agent_want[][TYPES] = {
        {FINE, OUT, BODY, BODY, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT,
         OUT, FINE},
        {FINE, OUT, OUT, BODY, OUT, OUT, OUT, OUT, OUT, OUT, OUT, FINE, OUT, OUT, OUT, OUT, OUT,
         OUT, FINE}, // after JOIN
        {FINE, OUT, OUT, BODY, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, BODY,
         OUT, FINE}, // after CHECK
        {FINE, OUT, OUT, BODY, OUT, OUT, BODY, BODY, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT,
         FINE, FINE},
    };
    static const uint8_t collector_want[][TYPES] = {
        {FINE, BODY, OUT, OUT, OUT, OUT, OUT, OUT, BODY, OUT, OUT, OUT, OUT, OUT, OUT, BODY, OUT,
         OUT, FINE},
        {FINE, BODY, OUT, OUT, OUT, OUT, OUT, OUT, OUT, BODY, BODY, OUT, OUT, OUT, OUT, BODY, OUT,
         OUT, FINE}, // after PROOF
        {FINE, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT, OUT,
         FINE}, // after JOIN
        // DELTA before KEY is out of turn too
        {FINE, OUT, OUT, OUT, BODY, OUT, OUT, OUT, OUT, OUT, BODY, OUT, BODY, BODY, BODY, OUT, OUT,
         OUT, FINE},
    };
    static const int want[] = {0, PL_E_STATE, PL_E_TRUNCATED, 0};
    for (uint8_t type = 0; type < TYPES; type++) {
        struct pl_frame frame = {.type = type, .body = pl_span_of("")};
        for (size_t state = 0; state < PL_LEN(agent_want); state++) {
            struct pl_agent_session agent = {.state = (enum pl_agent_session_state)state};
            struct pl_agent_event heard;
            CHECK_INT(pl_agent_session_step(&agent, &frame, &heard), want[agent_want[state][type]]);
            CHECK_INT(agent.state, state);
        }
        for (size_t state = 0; state < PL_LEN(collector_want); state++) {
            struct pl_collector_session collector = {.state =
                                                         (enum pl_collector_session_state)state};
            struct pl_collector_event seen;
            pl_sample_codec_init(&collector.codec, 3);
            CHECK_INT(pl_collector_session_step(&collector, &frame, &seen),
                      want[collector_want[state][type]]);
            CHECK_INT(collector.state, state);
        }
    }
}

static void test_bodies_from_the_collector_are_checked(void)
{
    static const struct {
        uint8_t type, len, body[14];
        int want;
    } cases[] = {
        {PL_FRAME_WELCOME, 12, {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, 0},
        {PL_FRAME_WELCOME, 11, {0}, PL_E_TRUNCATED},
        {PL_FRAME_WELCOME, 13, {0}, PL_E_SYNTAX},
        {PL_FRAME_WELCOME, 12, {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9}, PL_E_RANGE},
        {PL_FRAME_WELCOME, 12, {0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0}, PL_E_RANGE},
        {PL_FRAME_REFUSE, 3, {0, 1, 0}, 0},
        {PL_FRAME_REFUSE, 3, {0, 1, 1}, PL_E_TRUNCATED},
        {PL_FRAME_REFUSE, 4, {0, 1, 0, 1}, PL_E_SYNTAX},
        {PL_FRAME_ACK, 8, {0}, 0},
        {PL_FRAME_ACK, 7, {0}, PL_E_TRUNCATED},
        {PL_FRAME_ACK, 9, {0}, PL_E_SYNTAX},
        {PL_FRAME_DIRECTIVE, 8, {0, 0, 0, 100, 0, 0, 0, 0}, 0},
        {PL_FRAME_DIRECTIVE, 8, {0, 0, 0, 99, 0, 0, 0, 0}, PL_E_RANGE},
        {PL_FRAME_DIRECTIVE, 8, {0, 0, 0xea, 0x61, 0, 0, 0, 0}, PL_E_RANGE},
        {PL_FRAME_DIRECTIVE, 8, {0, 0, 0, 100, 0xff, 0, 0, 0}, PL_E_RANGE},
        {PL_FRAME_DIRECTIVE, 9, {0, 0, 0, 100}, PL_E_SYNTAX},
    };
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        bool first = cases[i].type == PL_FRAME_WELCOME || cases[i].type == PL_FRAME_REFUSE;
        struct pl_agent_session agent = {.state =
                                             first ? PL_AGENT_WAIT_WELCOME : PL_AGENT_STREAMING};
        struct pl_frame frame = {cases[i].type, {cases[i].body, cases[i].len}};
        struct pl_agent_event heard;
        CHECK_INT(pl_agent_session_step(&agent, &frame, &heard), cases[i].want);
    }
}

static void test_listener(void)
{
    uint8_t buf[256];
    static const struct {
        uint8_t len, body[16];
        int want;
    } cases[] = {
        {12, {0, 0, 1, 255, 5, '*', ':', '4', '4', '3', 1, 'n'}, 0},
        {11, {0, 0, 1, 255, 5, '*', ':', '4', '4', '3', 0}, 0},
        {12, {0, 0, 1, 255, 5, '*', ':', '4', '4', '3', 0, 0}, PL_E_SYNTAX}, // left over
        {6, {0, 0, 1, 255, 0, 0}, PL_E_SYNTAX},                              // no address
        {8, {0, 0, 1, 255, 2, ':', '\n', 0}, PL_E_SYNTAX},
    };
    struct pl_listener got, want = {511, "[::1]:443", "nginx"};
    for (size_t i = 0; i < PL_LEN(cases); i++) {
        struct pl_span body = {cases[i].body, cases[i].len};
        CHECK_INT(pl_listener_parse(body, &got), cases[i].want);
    }
    memset(want.owner, 'o', PL_LISTENER_OWNER_MAX);
    memset(want.address, 'a', PL_LISTENER_ADDRESS_MAX);
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    pl_listener_write(&want, &w);
    struct pl_frame frame = only_frame(&w);
    CHECK_INT(frame.type, PL_FRAME_LISTENER);
    CHECK_INT(pl_listener_parse(frame.body, &got), 0);
    CHECK(memcmp(&got, &want, sizeof got) == 0);
    for (size_t cut = 0; cut < frame.body.len; cut++)
        CHECK(pl_listener_parse((struct pl_span){frame.body.ptr, cut}, &got) < 0);
    w = pl_writer_init(buf, sizeof buf);
    pl_put_u32(&w, 1);
    pl_put_u8(&w, PL_LISTENER_ADDRESS_MAX + 1);
    for (int i = 0; i <= PL_LISTENER_ADDRESS_MAX; i++) pl_put_u8(&w, 'a');
    pl_put_u8(&w, 0);
    CHECK_INT(pl_listener_parse((struct pl_span){buf, w.len}, &got), PL_E_RANGE);
}

int main(void)
{
    RUN(test_metric_names_and_ids_are_unique);
    RUN(test_frames_are_refused_from_the_header);
    RUN(test_a_frame_too_big_to_send_is_an_error);
    RUN(test_hello_comes_back);
    RUN(test_the_largest_hello_fits_a_frame);
    RUN(test_hello_refuses);
    RUN(test_unknown_metrics_and_scales_are_skipped);
    RUN(test_a_conversation);
    RUN(test_the_example_of_the_protocol);
    RUN(test_a_refusal_is_safe_to_print);
    RUN(test_frames_out_of_turn);
    RUN(test_listener);
    RUN(test_bodies_from_the_collector_are_checked);
    return check_finish();
}
