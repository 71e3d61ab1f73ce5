/* The agent's uplink against a collector that does what the test tells it: in order, again after a
 * break, to the next one, and never fooled. */
#include "tests/integration/loop.h"

#include "agent/io/uplink.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

enum { LIMIT_MS = 10000, SPOOL = 4000, SEEN_MAX = 3 * SPOOL };

/* The collector: one listener, one connection, and what it saw. */
static struct {
    uv_tcp_t listener, conn;
    bool is_connected, is_gone, is_mute; // gone: the agent closed; mute: accepts and says nothing
    uint64_t durable_seq;                // what WELCOME says
    unsigned connections, welcomed, changes;
    struct pl_collector_session session;
    uint8_t in[1 << 16], out[256];
    uint64_t seen[SEEN_MAX];
    struct pl_listener named;
    size_t in_len, seen_count, named_at; // named_at: samples seen when it was named
    struct pl_told told;                 // what the agent knows of
} peer;

static struct pl_uplink uplink;
static struct pl_spool spool;
static struct pl_spool_slot spool_memory[SPOOL];
static struct pl_directive directive;
static uint32_t hellos, welcome_interval_ms;

static void peer_write(const struct pl_writer *w)
{
    uv_buf_t buf = uv_buf_init((char *)w->ptr, (unsigned)w->len);
    CHECK_INT(uv_try_write((uv_stream_t *)&peer.conn, &buf, 1), w->len);
}

static void peer_ack(uint64_t seq)
{
    struct pl_writer w = pl_writer_init(peer.out, sizeof peer.out);
    pl_ack_write(seq, &w);
    peer_write(&w);
}

static void peer_take(const struct pl_frame *frame)
{
    static struct pl_collector_event event;
    struct pl_writer w = pl_writer_init(peer.out, sizeof peer.out);
    CHECK_INT(pl_collector_session_step(&peer.session, frame, &event), 0);
    if (event.type == PL_COLLECTOR_HELLO && !peer.is_mute) {
        CHECK_TEXT(event.hello.host.text, "fe1");
        pl_welcome_write(&(struct pl_welcome){peer.durable_seq, 2000}, &w);
        peer_write(&w);
        peer.welcomed++;
    }
    peer.changes += event.type == PL_COLLECTOR_CHANGE;
    if (event.type == PL_COLLECTOR_LISTENER) {
        peer.named = event.listener;
        peer.named_at = peer.seen_count;
    }
    if (event.type == PL_COLLECTOR_SAMPLE && peer.seen_count < SEEN_MAX) {
        CHECK_INT(event.sample.values[0], (int32_t)event.sample.seq);
        peer.seen[peer.seen_count++] = event.sample.seq;
    }
}

static void on_peer_closed(uv_handle_t *handle)
{
    (void)handle;
    peer.is_connected = false;
}

static void peer_close(void)
{
    if (peer.is_connected && !uv_is_closing((uv_handle_t *)&peer.conn))
        uv_close((uv_handle_t *)&peer.conn, on_peer_closed);
}

static void on_peer_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct pl_frame frame;
    ssize_t taken;
    (void)stream;
    (void)buf;
    if (n < 0) {
        peer.is_gone = true;
        peer_close();
    }
    if (n <= 0) return;
    struct pl_span in = {peer.in, peer.in_len + (size_t)n};
    while ((taken = pl_frame_parse(in, &frame)) > 0) {
        peer_take(&frame);
        in = (struct pl_span){in.ptr + taken, in.len - (size_t)taken};
    }
    CHECK_INT(taken, 0);
    memmove(peer.in, in.ptr, in.len);
    peer.in_len = in.len;
}

static void on_peer_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)handle;
    (void)suggested;
    *buf = uv_buf_init((char *)peer.in + peer.in_len, (unsigned)(sizeof peer.in - peer.in_len));
}

static void on_peer_connection(uv_stream_t *listener, int status)
{
    CHECK_INT(status, 0);
    CHECK(!peer.is_connected);
    CHECK_INT(uv_tcp_init(&loop, &peer.conn), 0);
    CHECK_INT(uv_accept(listener, (uv_stream_t *)&peer.conn), 0);
    CHECK_INT(uv_read_start((uv_stream_t *)&peer.conn, on_peer_alloc, on_peer_read), 0);
    pl_collector_session_init(&peer.session);
    peer.in_len = 0;
    peer.is_connected = true;
    peer.is_gone = false;
    peer.connections++;
}

static struct pl_address peer_address(void)
{
    struct sockaddr_in address;
    int len = sizeof address;
    CHECK_INT(uv_tcp_getsockname(&peer.listener, (struct sockaddr *)&address, &len), 0);
    return (struct pl_address){"127.0.0.1", ntohs(address.sin_port)};
}

static void peer_listen(void)
{
    struct sockaddr_in address;
    CHECK_INT(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    CHECK_INT(uv_tcp_init(&loop, &peer.listener), 0);
    CHECK_INT(uv_tcp_bind(&peer.listener, (struct sockaddr *)&address, 0), 0);
    CHECK_INT(uv_listen((uv_stream_t *)&peer.listener, 8, on_peer_connection), 0);
}

static void on_hello(void *arg, struct pl_hello *hello)
{
    (void)arg;
    hello->unix_ms = 1700000000000;
    hellos++;
}

static void on_welcome(void *arg, uint32_t interval_ms)
{
    (void)arg;
    welcome_interval_ms = interval_ms;
}

static void on_directive(void *arg, const struct pl_directive *d)
{
    (void)arg;
    directive = *d;
}

static void push(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct pl_sample sample = {.unix_ms = 1700000000000};
        sample.values[0] = (int32_t)spool.next_seq;
        pl_spool_push(&spool, &sample);
        pl_uplink_flush(&uplink);
    }
}

static int start_with(const struct pl_address *collectors, uint32_t n, const struct pl_hello *hello)
{
    struct pl_uplink_handler handler = {
        .on_hello = on_hello, .on_welcome = on_welcome, .on_directive = on_directive};
    struct pl_uplink_config config = {collectors, n, hello, &spool, &peer.told, 5, NULL, handler};
    return pl_uplink_start(&uplink, &loop, &config);
}

static void start_uplink(const struct pl_address *collectors, uint32_t n)
{
    struct pl_hello hello = {PL_PROTOCOL_VERSION, .agent_version = "1", .interval_ms = 1000};
    CHECK_INT(pl_name_parse(pl_span_of("fe1"), &hello.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of("web"), &hello.pool), 0);
    CHECK_INT(start_with(collectors, n, &hello), 0);
}

static void begin_collector(void)
{
    memset(&peer, 0, sizeof peer);
    memset(&uplink, 0, sizeof uplink);
    loop_begin();
    pl_spool_init(&spool, spool_memory, SPOOL);
    peer_listen();
}

/* A collector, and an agent that has `spooled` samples when it comes to it. */
static void begin(unsigned spooled)
{
    begin_collector();
    struct pl_address address = peer_address();
    start_uplink(&address, 1);
    push(spooled);
}

static void finish(void)
{
    pl_uplink_stop(&uplink);
    pl_uplink_stop(&uplink); // may be called again
    peer_close();
    uv_close((uv_handle_t *)&peer.listener, NULL);
    loop_end();
}

static bool is_seen(void *count)
{
    return peer.seen_count >= *(size_t *)count;
}

static bool wait_seen(size_t count)
{
    return run_until(is_seen, &count, LIMIT_MS);
}

static bool is_connections(void *count)
{
    return peer.connections >= *(unsigned *)count;
}

static bool wait_connections(unsigned count)
{
    return run_until(is_connections, &count, LIMIT_MS);
}

static bool is_spooled(void *count)
{
    return pl_spool_count(&spool) == *(uint32_t *)count;
}

static bool wait_spooled(uint32_t count)
{
    return run_until(is_spooled, &count, LIMIT_MS);
}

static void test_streams_and_keeps_until_acknowledged(void)
{
    begin(3);
    REQUIRE(wait_seen(3));
    pl_uplink_listener(&uplink, &(struct pl_listener){511, "*:443", "nginx"});
    push(2);
    REQUIRE(wait_seen(5));
    CHECK_TEXT(peer.named.owner, "nginx");
    CHECK_INT(peer.named_at, 3); // before the samples it belongs to
    for (uint64_t i = 0; i < 5; i++) CHECK_INT(peer.seen[i], i + 1);
    CHECK_INT(pl_spool_count(&spool), 5);
    peer_ack(2);
    CHECK(wait_spooled(3));
    CHECK_INT(spool.first_seq, 3);
    CHECK(uplink.route.proved);
    CHECK_INT(welcome_interval_ms, 2000);
    CHECK_INT(hellos, 1);
    finish();
}

static void test_resends_what_was_not_durable(void)
{
    begin(5);
    for (int i = 0; i < 20; i++)
        pl_told_push(&peer.told, &(struct pl_change){.kind = PL_CHANGE_BOOTED});
    pl_uplink_listener(&uplink, &(struct pl_listener){511, "*:443", "nginx"});
    REQUIRE(wait_seen(5));
    peer_ack(2);
    REQUIRE(wait_spooled(3));
    peer.durable_seq = 3; // one more became durable, its ACK is lost
    peer_close();
    REQUIRE(wait_connections(2));
    push(1);
    REQUIRE(wait_seen(8));
    CHECK_INT(peer.named_at, 5); // this connection had not heard it
    CHECK_INT(peer.changes, 40); // nor what changed
    for (uint64_t i = 4; i <= 6; i++) CHECK_INT(peer.seen[i + 1], i);
    CHECK_INT(spool.first_seq, 4);
    finish();
}

/* A port that is taken but not listened on: connections are refused for certain. */
static void test_next_collector_of_the_list(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    begin_collector();
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&address, len), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    struct pl_address list[2] = {{"127.0.0.1", ntohs(address.sin_port)}, peer_address()};
    start_uplink(list, 2);
    push(2);
    REQUIRE(wait_seen(2));
    CHECK_INT(uplink.route.index, 1);
    (void)close(fd);
    finish();
}

static void test_late_reader(void)
{
    int small = 4096;
    begin(1);
    REQUIRE(wait_seen(1));
    CHECK_INT(uv_read_stop((uv_stream_t *)&peer.conn), 0);
    CHECK_INT(uv_recv_buffer_size((uv_handle_t *)&peer.conn, &small), 0);
    CHECK_INT(uv_send_buffer_size((uv_handle_t *)&uplink.link.tcp, &small), 0);
    push(SPOOL - 1); // far more than the kernel takes
    CHECK(pl_link_is_busy(&uplink.link));
    CHECK_INT(uv_read_start((uv_stream_t *)&peer.conn, on_peer_alloc, on_peer_read), 0);
    REQUIRE(wait_seen(SPOOL));
    for (uint64_t i = 0; i < SPOOL; i++) CHECK_INT(peer.seen[i], i + 1);
    CHECK_INT(peer.connections, 1);
    finish();
}

/* What a full spool dropped meanwhile is skipped; the rest arrives in order. */
static void test_partition_longer_than_the_spool(void)
{
    begin(1);
    REQUIRE(wait_seen(1));
    peer_close();
    push(SPOOL + 10);
    CHECK_INT(spool.dropped_count, 11);
    REQUIRE(wait_connections(2));
    REQUIRE(wait_seen(1 + SPOOL));
    CHECK_INT(peer.seen[1], 12);
    CHECK_INT(peer.seen[SPOOL], SPOOL + 11);
    finish();
}

/* Every reply arrives byte by byte, and several in one piece. */
static void test_replies_in_pieces(void)
{
    begin(3);
    REQUIRE(wait_seen(3));
    uint8_t buf[256];
    struct pl_writer w = pl_writer_init(buf, sizeof buf);
    size_t unknown = pl_frame_begin(&w, (enum pl_frame_type)99); // of a newer collector
    pl_put_u32(&w, 7);
    pl_frame_end(&w, unknown);
    pl_ack_write(1, &w);
    pl_directive_write(&(struct pl_directive){250, 60000}, &w);
    pl_ack_write(2, &w);
    for (size_t i = 0; i < w.len; i++) {
        struct pl_writer one = {buf + i, 1, 1, 0};
        peer_write(&one);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    CHECK(wait_spooled(1));
    CHECK_INT(directive.interval_ms, 250);
    w = pl_writer_init(buf, sizeof buf);
    pl_ack_write(2, &w);
    pl_ack_write(3, &w);
    peer_write(&w);
    CHECK(wait_spooled(0));
    CHECK_INT(peer.connections, 1);
    finish();
}

/* After each of these the agent closes, keeps its samples, and comes back. */
static void test_collectors_that_make_no_sense(void)
{
    static const char *const names[] = {"garbage",          "a frame too big",
                                        "a second WELCOME", "an ACK of what was not sent",
                                        "a cut ACK",        "REFUSE"};
    begin(2);
    for (unsigned i = 0; i < PL_LEN(names); i++) {
        uint8_t buf[256];
        struct pl_writer w = pl_writer_init(buf, sizeof buf);
        printf("# %s\n", names[i]);
        REQUIRE(wait_connections(i + 1));
        REQUIRE(wait_seen(2 * (i + 1)));
        if (i == 0) pl_put_bytes(&w, pl_span_of("HTTP/1.1 400 Bad Request\r\n\r\n"));
        if (i == 1) pl_put_bytes(&w, (struct pl_span){(const uint8_t *)"Pl\1\6\0\1\0\0", 8});
        if (i == 2) pl_welcome_write(&(struct pl_welcome){0, 0}, &w);
        if (i == 3) pl_ack_write(3, &w);
        if (i == 4) pl_put_bytes(&w, (struct pl_span){(const uint8_t *)"Pl\1\6\0\0\0\2\1\1", 10});
        if (i == 5) pl_refuse_write(PL_REFUSE_STOPPING, "going down", &w);
        peer_write(&w);
        CHECK(run_until(is_set, &peer.is_gone, LIMIT_MS));
        CHECK_INT(pl_spool_count(&spool), 2);
        pl_backoff_reset(&uplink.route.backoff); // the waits grow, which other tests see
    }
    CHECK(wait_connections(PL_LEN(names) + 1));
    finish();
}

static void test_welcome_that_claims_too_much(void)
{
    begin(2);
    peer.durable_seq = 3;
    REQUIRE(wait_connections(1));
    CHECK(run_until(is_set, &peer.is_gone, LIMIT_MS));
    CHECK_INT(pl_spool_count(&spool), 2);
    peer.durable_seq = 1;
    REQUIRE(wait_seen(1));
    CHECK_INT(peer.seen[0], 2);
    finish();
}

static void test_mute_collector_is_left(void)
{
    begin(1);
    peer.is_mute = true;
    REQUIRE(wait_connections(1));
    CHECK(run_until(is_set, &peer.is_gone, LIMIT_MS)); // PL_UPLINK_GREET_MS
    peer.is_mute = false;
    CHECK(wait_seen(1));
    finish();
}

static bool has_heard(void *unused)
{
    (void)unused;
    return (int64_t)uv_now(&loop) - uplink.heard_mono_ms < 1000;
}

/* Silence counts only while something waits for its acknowledgement. */
static void test_silent_collector_is_left(void)
{
    begin(1);
    REQUIRE(wait_seen(1));
    uplink.heard_mono_ms -= PL_UPLINK_SILENT_MS - 1000;
    peer_ack(0); // nothing new, but a sign of life
    CHECK(run_until(has_heard, NULL, LIMIT_MS));
    CHECK(!uplink.route.proved);
    peer_ack(1);
    REQUIRE(wait_spooled(0));
    uplink.heard_mono_ms -= 2 * PL_UPLINK_SILENT_MS;
    push(1);
    REQUIRE(wait_seen(2));
    CHECK_INT(uplink.state, PL_UPLINK_STREAM);
    uplink.heard_mono_ms -= PL_UPLINK_SILENT_MS - 1000;
    push(1);
    CHECK_INT(uplink.state, PL_UPLINK_STREAM);
    uplink.heard_mono_ms -= 2000;
    push(1);
    CHECK_INT(uplink.state, PL_UPLINK_CLOSE);
    CHECK(wait_connections(2));
    finish();
}

static void test_stop_sends_the_last_sample(void)
{
    begin(1);
    REQUIRE(wait_seen(1));
    push(1);
    pl_uplink_stop(&uplink);
    CHECK(wait_seen(2));
    CHECK(run_until(is_set, &peer.is_gone, LIMIT_MS));
    finish();
}

static void test_stop_in_every_state(void)
{
    begin(0);
    finish(); // connecting
    begin(0);
    REQUIRE(wait_connections(1));
    finish(); // greeting
    begin(1);
    REQUIRE(wait_seen(1));
    peer_close();
    bool is_lost = false;
    while (!is_lost) {
        uv_run(&loop, UV_RUN_ONCE);
        is_lost = uplink.state == PL_UPLINK_CLOSE || uplink.state == PL_UPLINK_WAIT;
    }
    finish(); // between two attempts
}

static void test_names_are_not_resolved(void)
{
    struct pl_address address = {"collector.example", 7410};
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION};
    loop_begin();
    CHECK_INT(start_with(&address, 1, &hello), UV_EINVAL);
    loop_end();
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); // as pl_process_prepare() does
    RUN(test_streams_and_keeps_until_acknowledged);
    RUN(test_resends_what_was_not_durable);
    RUN(test_next_collector_of_the_list);
    RUN(test_late_reader);
    RUN(test_partition_longer_than_the_spool);
    RUN(test_replies_in_pieces);
    RUN(test_collectors_that_make_no_sense);
    RUN(test_welcome_that_claims_too_much);
    RUN(test_mute_collector_is_left);
    RUN(test_silent_collector_is_left);
    RUN(test_stop_sends_the_last_sample);
    RUN(test_stop_in_every_state);
    RUN(test_names_are_not_resolved);
    return check_finish();
}
