/* The HTTP server on a real loop and real loopback sockets; time is a number given to the tick. */
#include "collector/io/http_server.h"
#include "common/base/rng.h"
#include "tests/check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 3, BIG_BYTES = 200 * 1024, PUMP_S = 10 };

/* The server under test and what its handler did. */
static struct {
    uv_loop_t loop;
    struct pl_http_server *server;
    struct pl_now now;
    struct pl_slot_id last; // client of the newest request
    uint32_t handled_count;
    bool stopped;
} t;

static char big[BIG_BYTES];

static void reply_text(struct pl_slot_id client, const char *text)
{
    struct pl_http_reply reply = {
        .status = 200, .content_type = "text/plain", .body = pl_span_of(text)};
    pl_http_server_reply(t.server, client, &reply);
}

/* /later answers when the test says so, /big with 200 KiB, /stream with events, others with their
 * path. */
static void handler(void *arg, struct pl_slot_id client, const struct pl_http_request *request)
{
    (void)arg;
    char path[64] = "";
    memcpy(path, request->path.ptr, PL_MIN(request->path.len, sizeof path - 1));
    t.last = client;
    t.handled_count++;
    if (strcmp(path, "/later") == 0) return;
    if (strcmp(path, "/stream") == 0) {
        (void)pl_http_server_stream_begin(t.server, client);
        return;
    }
    struct pl_http_reply reply = {.status = 200, .content_type = "text/plain"};
    reply.body = strcmp(path, "/big") == 0 ? (struct pl_span){(const uint8_t *)big, sizeof big}
                                           : pl_span_of(path);
    pl_http_server_reply(t.server, client, &reply);
}

static void on_stopped(void *arg)
{
    (void)arg;
    t.stopped = true;
}

static void start(void)
{
    memset(&t, 0, sizeof t);
    memset(big, 'x', sizeof big);
    t.now = (struct pl_now){1000000, 1777644192000};
    (void)uv_loop_init(&t.loop);
    struct pl_http_server_config config = {.connection_max = CONNECTIONS, .handler = handler};
    t.server = pl_http_server_new(&t.loop, &config);
    struct sockaddr_in address;
    (void)uv_ip4_addr("127.0.0.1", 0, &address);
    CHECK_INT(pl_http_server_start(t.server, (struct sockaddr *)&address, t.now), 0);
}

static void pass(int64_t ms)
{
    t.now.mono_ms += ms;
    t.now.unix_ms += ms;
    pl_http_server_tick(t.server, t.now);
}

static int64_t real_s(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec;
}

static void stop(void)
{
    pl_http_server_stop(t.server, on_stopped, NULL);
    (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    pass(PL_HTTP_LINGER_MS);
    for (int64_t end = real_s() + PUMP_S; !t.stopped && real_s() < end;)
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    CHECK(t.stopped);
    pl_http_server_free(t.server);
    CHECK_INT(uv_loop_close(&t.loop), 0);
}

/* A connection with a receive buffer of `bytes` or more (0: the kernel's choice). */
static int dial_with(int bytes)
{
    struct sockaddr_in address;
    (void)uv_ip4_addr("127.0.0.1", pl_http_server_port(t.server), &address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bytes > 0) (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static int dial(void)
{
    return dial_with(0);
}

static void put(int fd, const char *text)
{
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What a client has received. */
struct inbox {
    size_t len;
    bool eof;
    char text[2 * BIG_BYTES];
};
static struct inbox inbox;

/* Run the loop and read until `needle` has arrived, or the end of file if it is NULL. */
static bool await(int fd, const char *needle)
{
    for (int64_t end = real_s() + PUMP_S; real_s() < end;) {
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        ssize_t len = recv(fd, inbox.text + inbox.len, sizeof inbox.text - 1 - inbox.len, 0);
        if (len == 0) inbox.eof = true;
        if (len > 0) inbox.len += (size_t)len;
        inbox.text[inbox.len] = '\0';
        if (needle ? strstr(inbox.text, needle) != NULL : inbox.eof) return true;
        if (inbox.eof) return false;
    }
    return false;
}

static bool fetch(int fd, const char *request, const char *needle)
{
    inbox.len = 0;
    inbox.eof = false;
    put(fd, request);
    return await(fd, needle);
}

/* Let the server see everything that was sent. */
static void settle(void)
{
    for (int i = 0; i < 50; i++) (void)uv_run(&t.loop, UV_RUN_NOWAIT);
}

static bool others_are_served(void)
{
    int fd = dial();
    bool ok = fetch(fd, "GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n", "\r\n\r\n/other");
    (void)close(fd);
    settle();
    return ok;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\n\r\n"

static uint64_t refused(enum pl_http_refusal refusal)
{
    return pl_http_server_counts(t.server)->refused[refusal];
}

static void test_pipelined_answers_come_in_order(void)
{
    start();
    int fd = dial();
    CHECK(fetch(fd, GET("/a") GET("/later") GET("/c"), "\r\n\r\n/a"));
    settle();
    CHECK_INT(t.handled_count, 2); // the third waits for the second's answer
    reply_text(t.last, "/b");
    CHECK(await(fd, "\r\n\r\n/c"));
    CHECK(strstr(inbox.text, "\r\n\r\n/b") < strstr(inbox.text, "\r\n\r\n/c"));
    CHECK(strstr(inbox.text, "Connection: keep-alive\r\n") != NULL);
    CHECK_INT(pl_http_server_counts(t.server)->requests, 3);
    CHECK_INT(pl_http_server_counts(t.server)->answers[2], 3);
    (void)close(fd);
    stop();
}

static void test_head_has_the_length_and_no_body(void)
{
    start();
    int fd = dial();
    CHECK(fetch(fd, "HEAD /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", NULL));
    CHECK(strstr(inbox.text, "Content-Length: 204800\r\n") != NULL);
    CHECK_TEXT(inbox.text + inbox.len - 4, "\r\n\r\n");
    (void)close(fd);
    stop();
}

static void test_refusal_is_answered_and_ends_only_its_connection(void)
{
    start();
    int good = dial(), bad = dial();
    CHECK(fetch(good, GET("/one"), "/one"));
    CHECK(fetch(bad, "GET / HTTP/1.1\r\nHost : x\r\n\r\n" GET("/never"), NULL));
    CHECK(strstr(inbox.text, "HTTP/1.1 400 Bad Request\r\n") == inbox.text);
    CHECK(strstr(inbox.text, "application/problem+json") != NULL);
    CHECK(strstr(inbox.text, "/never") == NULL);
    CHECK_INT(refused(PL_HTTP_REFUSED_FIELD_NAME), 1);
    CHECK(fetch(good, GET("/two"), "/two"));
    (void)close(good);
    (void)close(bad);
    stop();
}

static void test_foreign_host_is_refused(void)
{
    start();
    int fd = dial();
    CHECK(fetch(fd, "GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n", NULL));
    CHECK(strstr(inbox.text, "HTTP/1.1 421 ") == inbox.text);
    CHECK_INT(refused(PL_HTTP_REFUSED_FOREIGN_HOST), 1);
    CHECK_INT(t.handled_count, 0);
    (void)close(fd);
    stop();
}

static void test_drip_fed_head_times_out(void)
{
    start();
    int fd = dial();
    inbox.len = 0;
    for (int64_t ms = 0; ms < PL_HTTP_HEAD_MS; ms += 1000) {
        put(fd, ms == 0 ? "GET" : "x");
        settle();
        CHECK_INT(refused(PL_HTTP_REFUSED_HEAD_TIMEOUT), 0);
        pass(1000);
    }
    CHECK(await(fd, "HTTP/1.1 408 "));
    CHECK_INT(refused(PL_HTTP_REFUSED_HEAD_TIMEOUT), 1);
    CHECK(others_are_served());
    (void)close(fd);
    stop();
}

static void test_slow_body_times_out(void)
{
    start();
    int fd = dial();
    inbox.len = 0;
    put(fd, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf");
    settle();
    pass(PL_HTTP_BODY_MS - 1000);
    settle();
    CHECK_INT(refused(PL_HTTP_REFUSED_BODY_TIMEOUT), 0);
    pass(1000);
    CHECK(await(fd, "HTTP/1.1 408 "));
    CHECK_INT(refused(PL_HTTP_REFUSED_BODY_TIMEOUT), 1);
    (void)close(fd);
    stop();
}

static void test_idle_connections_are_closed_quietly(void)
{
    start();
    int fresh = dial(), used = dial();
    CHECK(fetch(used, GET("/a"), "/a"));
    pass(PL_HTTP_HEAD_MS);
    inbox.eof = false;
    CHECK(await(fresh, NULL));
    pass(PL_HTTP_IDLE_MS - PL_HTTP_HEAD_MS - 1000);
    CHECK(fetch(used, GET("/b"), "/b"));
    pass(PL_HTTP_IDLE_MS);
    inbox.eof = false;
    CHECK(await(used, NULL));
    CHECK_INT(refused(PL_HTTP_REFUSED_HEAD_TIMEOUT), 0);
    (void)close(fresh);
    (void)close(used);
    stop();
}

static void test_full_house_parks_the_next(void)
{
    start();
    int fds[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = dial();
        CHECK(fetch(fds[i], GET("/in"), "/in"));
    }
    int parked = dial();
    inbox.len = 0;
    put(parked, GET("/parked"));
    settle();
    CHECK_INT(t.handled_count, CONNECTIONS);
    CHECK_INT(pl_http_server_counts(t.server)->parked, 1);
    (void)close(fds[1]);
    CHECK(await(parked, "\r\n\r\n/parked"));
    (void)close(parked);
    (void)close(fds[0]);
    (void)close(fds[2]);
    stop();
}

static void test_reader_that_stops_is_cut(void)
{
    start();
    int fd = dial_with(4096);
    for (int i = 0; i < 40; i++) put(fd, GET("/big")); // more than any kernel buffer holds
    settle();
    CHECK(t.handled_count < 40); // the next request waits for the last answer
    pass(1000);
    pass(PL_HTTP_FLUSH_MS - 1000);
    CHECK_INT(refused(PL_HTTP_REFUSED_SLOW_READER), 0);
    pass(1000);
    CHECK_INT(refused(PL_HTTP_REFUSED_SLOW_READER), 1);
    CHECK(others_are_served());
    (void)close(fd);
    stop();
}

static void test_slow_but_steady_reader_gets_all(void)
{
    start();
    int fd = dial();
    int count = 20;
    for (int i = 0; i < count; i++) put(fd, GET("/big"));
    size_t got = 0, second = 0;
    static char piece[64 * 1024];
    for (int64_t end = real_s() + PUMP_S; got < (size_t)count * BIG_BYTES && real_s() < end;) {
        settle();
        ssize_t len = recv(fd, piece, sizeof piece, 0);
        if (len > 0) got += (size_t)len;
        for (; second < got / sizeof piece; second++) pass(1000); // 64 KiB/s: a minute in all
    }
    CHECK(got > (size_t)count * BIG_BYTES);
    CHECK_INT(refused(PL_HTTP_REFUSED_SLOW_READER), 0);
    (void)close(fd);
    stop();
}

static void test_answers_that_come_too_late(void)
{
    start();
    int gone = dial();
    put(gone, GET("/later"));
    settle();
    struct pl_slot_id gone_id = t.last;
    int patient = dial();
    inbox.len = 0;
    put(patient, GET("/later"));
    settle();
    (void)close(gone);
    pass(PL_HTTP_REPLY_MS);
    CHECK(await(patient, "HTTP/1.1 503 "));
    CHECK_INT(refused(PL_HTTP_REFUSED_REPLY_TIMEOUT), 2);
    reply_text(t.last, "late");
    settle();
    reply_text(gone_id, "late");
    CHECK(others_are_served());
    (void)close(patient);
    stop();
}

static void test_stream(void)
{
    start();
    int fd = dial();
    CHECK(fetch(fd, GET("/stream"), "\r\n\r\n"));
    CHECK(strstr(inbox.text, "text/event-stream") != NULL);
    CHECK(strstr(inbox.text, "Content-Length") == NULL);
    CHECK(strstr(inbox.text, "X-Accel-Buffering: no") != NULL);
    pass(10 * PL_HTTP_IDLE_MS); // lives for ever
    CHECK_INT(pl_http_server_stream_behind(t.server, t.last), 0);
    pl_http_server_stream_send(t.server, t.last, pl_span_of("data: 1\n\n"));
    CHECK(await(fd, "data: 1\n\n"));
    (void)close(fd);
    settle();
    CHECK_INT(pl_http_server_stream_behind(t.server, t.last), -1);
    pl_http_server_stream_send(t.server, t.last, pl_span_of("data: 2\n\n")); // nobody hears it
    stop();
}

/* The ring wraps many times; every byte arrives once and in order, whatever the reader takes. */
static void test_stream_bytes_arrive_in_order(void)
{
    start();
    int fd = dial_with(4096);
    CHECK(fetch(fd, GET("/stream"), "\r\n\r\n"));
    struct pl_rng rng = pl_rng_init(7);
    static uint8_t piece[48 * 1024];
    uint64_t sent = 0, got = 0, bad = 0;
    for (int64_t end = real_s() + PUMP_S; got < 3 * PL_HTTP_OUTGOING_BYTES && real_s() < end;) {
        size_t len = 1 + pl_rng_below(&rng, sizeof piece);
        int64_t behind = pl_http_server_stream_behind(t.server, t.last);
        if (behind >= 0 && (size_t)behind + len <= PL_HTTP_OUTGOING_BYTES) {
            for (size_t i = 0; i < len; i++) piece[i] = (uint8_t)((sent + i) % 251);
            pl_http_server_stream_send(t.server, t.last, (struct pl_span){piece, len});
            sent += len;
        }
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
        ssize_t taken = recv(fd, piece, 1 + pl_rng_below(&rng, sizeof piece), 0);
        for (ssize_t i = 0; i < taken; i++) bad += piece[i] != (got + (uint64_t)i) % 251;
        if (taken > 0) got += (uint64_t)taken;
    }
    CHECK(got >= 3 * PL_HTTP_OUTGOING_BYTES);
    CHECK_INT(bad, 0);
    (void)close(fd);
    stop();
}

static void test_stream_reader_far_behind_is_cut(void)
{
    start();
    int fd = dial_with(4096);
    CHECK(fetch(fd, GET("/stream"), "\r\n\r\n"));
    struct pl_slot_id client = t.last;
    for (int i = 0; i < 1000 && pl_http_server_stream_behind(t.server, client) >= 0; i++)
        pl_http_server_stream_send(t.server, client, (struct pl_span){(const uint8_t *)big, 16384});
    CHECK_INT(pl_http_server_stream_behind(t.server, client), -1);
    CHECK_INT(refused(PL_HTTP_REFUSED_SLOW_READER), 1);
    CHECK(others_are_served());
    (void)close(fd);
    stop();
}

static void test_stop_lets_a_running_answer_finish(void)
{
    start();
    int idle = dial(), late = dial(), stream = dial();
    CHECK(fetch(idle, GET("/a"), "/a"));
    CHECK(fetch(stream, GET("/stream"), "\r\n\r\n"));
    put(late, GET("/later"));
    settle();
    pl_http_server_stop(t.server, on_stopped, NULL);
    inbox.eof = false;
    CHECK(await(idle, NULL));
    inbox.eof = false;
    CHECK(await(stream, NULL));
    CHECK(!t.stopped);
    inbox.len = 0;
    inbox.eof = false;
    reply_text(t.last, "last");
    CHECK(await(late, NULL));
    CHECK(strstr(inbox.text, "Connection: close\r\n") != NULL);
    (void)close(late);
    for (int64_t end = real_s() + PUMP_S; !t.stopped && real_s() < end;)
        (void)uv_run(&t.loop, UV_RUN_NOWAIT);
    CHECK(t.stopped); // without waiting for a tick: everybody has left
    pl_http_server_free(t.server);
    CHECK_INT(uv_loop_close(&t.loop), 0);
    (void)close(idle);
    (void)close(stream);
}

int main(void)
{
    RUN(test_pipelined_answers_come_in_order);
    RUN(test_head_has_the_length_and_no_body);
    RUN(test_refusal_is_answered_and_ends_only_its_connection);
    RUN(test_foreign_host_is_refused);
    RUN(test_drip_fed_head_times_out);
    RUN(test_slow_body_times_out);
    RUN(test_idle_connections_are_closed_quietly);
    RUN(test_full_house_parks_the_next);
    RUN(test_reader_that_stops_is_cut);
    RUN(test_slow_but_steady_reader_gets_all);
    RUN(test_answers_that_come_too_late);
    RUN(test_stream);
    RUN(test_stream_bytes_arrive_in_order);
    RUN(test_stream_reader_far_behind_is_cut);
    RUN(test_stop_lets_a_running_answer_finish);
    return check_finish();
}
