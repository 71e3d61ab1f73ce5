/* ingest_fixture.h - an agents' port with a handler that remembers what it was told, and agents
 * that are plain sockets and say what the test tells them. */
#pragma once

#include "tests/integration/loop.h"

#include "collector/io/ingest.h"
#include "common/base/assert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

enum { SLOTS = 4, HOSTS = 8, LIMIT_MS = 5000 };

static struct pl_ingest *ingest;

/* What the handler was told. */
static struct {
    int refuse_with; // answer to the next HELLO
    struct pl_name names[HOSTS];
    uint32_t name_count;
    bool here[HOSTS];
    uint64_t samples, last_seq;
    uint32_t hellos, gone;
    struct pl_listener listener;
    struct pl_service service;
    bool close_on_sample;
} told;

static int on_hello(void *arg, const struct pl_hello *hello, struct pl_now now, uint32_t *host,
                    struct pl_welcome *welcome)
{
    (void)arg;
    (void)now;
    told.hellos++;
    if (told.refuse_with != 0) return told.refuse_with;
    uint32_t i = 0;
    while (i < told.name_count && !pl_name_eq(&told.names[i], &hello->host)) i++;
    if (i == HOSTS) return PL_REFUSE_FULL;
    told.names[i] = hello->host;
    told.name_count = PL_MAX(told.name_count, i + 1);
    CHECK(!told.here[i]); // the one before is gone first
    told.here[i] = true;
    *host = i;
    welcome->durable_seq = 5;
    return 0;
}

static void on_sample(void *arg, uint32_t host, const struct pl_boot_id *boot_id,
                      const struct pl_sample *sample, struct pl_now now)
{
    (void)arg;
    CHECK(told.here[host]);
    CHECK_INT(boot_id->bytes[1], 9);
    told.samples++;
    told.last_seq = sample->seq;
    if (told.close_on_sample) pl_ingest_close_host(ingest, host, now);
}

static void on_listener(void *arg, uint32_t host, const struct pl_listener *listener,
                        struct pl_now now)
{
    (void)arg;
    (void)now;
    CHECK(told.here[host]);
    told.listener = *listener;
}

static void on_service(void *arg, uint32_t host, const struct pl_service *service,
                       struct pl_now now)
{
    (void)arg;
    (void)now;
    CHECK(told.here[host]);
    told.service = *service;
}

static void on_gone(void *arg, uint32_t host, struct pl_now now)
{
    (void)arg;
    (void)now;
    CHECK(told.here[host]);
    told.here[host] = false;
    told.gone++;
}

static void begin(const char *record_path)
{
    struct sockaddr_in address;
    struct pl_ingest_config config = {.connection_max = SLOTS,
                                      .host_max = HOSTS,
                                      .record_path = record_path,
                                      .handler = {.on_hello = on_hello,
                                                  .on_sample = on_sample,
                                                  .on_listener = on_listener,
                                                  .on_service = on_service,
                                                  .on_gone = on_gone}};
    memset(&told, 0, sizeof told);
    loop_begin();
    CHECK_INT(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    ingest = pl_ingest_new(&loop, &config);
    PL_ASSERT(ingest);
    CHECK_INT(pl_ingest_start(ingest, (struct sockaddr *)&address), 0);
}

static void finish(void)
{
    bool stopped = false;
    pl_ingest_stop(ingest, set_flag, &stopped);
    CHECK(run_until(is_set, &stopped, LIMIT_MS));
    CHECK_INT(pl_ingest_connected(ingest), 0);
    for (uint32_t i = 0; i < HOSTS; i++) CHECK(!told.here[i]);
    pl_ingest_free(ingest);
    loop_end();
}

static void tick_after(int64_t ms)
{
    pl_ingest_tick(ingest, (struct pl_now){pl_clock_mono_ms() + ms, pl_clock_unix_ms() + ms});
}

static uint64_t refused(enum pl_ingest_refusal why)
{
    return pl_ingest_counts(ingest)->refused[why];
}

/* ---- an agent ---- */

struct agent {
    int fd;
    struct pl_agent_session session;
    uint64_t seq;
    struct pl_agent_event heard; // the last frame that came
    uint32_t heard_count;
    bool closed;
    uint8_t in[4096];
    size_t in_len;
};

static void agent_connect(struct agent *a)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons(pl_ingest_port(ingest))};
    *a = (struct agent){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    PL_ASSERT(a->fd >= 0);
    CHECK_INT(connect(a->fd, (struct sockaddr *)&address, sizeof address), 0);
}

static bool bytes_are(void *count)
{
    return pl_ingest_counts(ingest)->bytes == *(uint64_t *)count;
}

/* Sends, and waits until that has been taken. */
static void agent_send(struct agent *a, const void *bytes, size_t len)
{
    uint64_t count = pl_ingest_counts(ingest)->bytes + len;
    CHECK_INT(send(a->fd, bytes, len, MSG_NOSIGNAL), len);
    CHECK(run_until(bytes_are, &count, LIMIT_MS));
}

static size_t hello_bytes(struct agent *a, const char *host, uint8_t boot, uint8_t *buf, size_t cap)
{
    struct pl_hello hello = {.version = PL_PROTOCOL_VERSION,
                             .boot_id = {{boot, 9}},
                             .interval_ms = 1000,
                             .first_seq = 1};
    for (int f = 0; f < PL_FACT_COUNT; f++) hello.facts[f].value = -1;
    CHECK_INT(pl_name_parse(pl_span_of(host), &hello.host), 0);
    CHECK_INT(pl_name_parse(pl_span_of("web"), &hello.pool), 0);
    struct pl_writer w = pl_writer_init(buf, cap);
    pl_agent_session_start(&a->session, &hello, &w);
    CHECK_INT(w.err, 0);
    return w.len;
}

static void agent_hello(struct agent *a, const char *host, uint8_t boot)
{
    uint8_t buf[PL_FRAME_BYTES_MAX];
    agent_send(a, buf, hello_bytes(a, host, boot, buf, sizeof buf));
}

static size_t sample_bytes(struct agent *a, uint8_t *buf, size_t cap)
{
    struct pl_sample sample = {.seq = ++a->seq, .unix_ms = 1777777777000};
    struct pl_writer w = pl_writer_init(buf, cap);
    pl_agent_session_sample(&a->session, &sample, &w);
    CHECK_INT(w.err, 0);
    return w.len;
}

static void agent_sample(struct agent *a)
{
    uint8_t buf[PL_FRAME_BYTES_MAX];
    agent_send(a, buf, sample_bytes(a, buf, sizeof buf));
}

/* Reads what has come; true once a frame came or the connection is closed. */
static bool agent_hears(void *ctx)
{
    struct agent *a = ctx;
    ssize_t len = recv(a->fd, a->in + a->in_len, sizeof a->in - a->in_len, MSG_DONTWAIT);
    if (len > 0) a->in_len += (size_t)len;
    struct pl_frame frame;
    ssize_t used = pl_frame_parse((struct pl_span){a->in, a->in_len}, &frame);
    CHECK(used >= 0);
    if (used > 0) {
        CHECK_INT(pl_agent_session_step(&a->session, &frame, &a->heard), 0);
        memmove(a->in, a->in + used, a->in_len - (size_t)used);
        a->in_len -= (size_t)used;
        a->heard_count++;
        return true;
    }
    a->closed = len == 0 || (len < 0 && errno == ECONNRESET);
    return a->closed;
}

static bool agent_expects(struct agent *a, enum pl_agent_event_type type)
{
    return run_until(agent_hears, a, LIMIT_MS) && !a->closed && a->heard.type == type;
}

static bool agent_expects_close(struct agent *a)
{
    return run_until(agent_hears, a, LIMIT_MS) && a->closed;
}

static bool agent_expects_refusal(struct agent *a, enum pl_refuse_code code)
{
    return agent_expects(a, PL_AGENT_REFUSED) && a->heard.refusal.code == code &&
           agent_expects_close(a);
}

static void agent_join(struct agent *a, const char *host, uint8_t boot)
{
    agent_connect(a);
    agent_hello(a, host, boot);
    CHECK(agent_expects(a, PL_AGENT_WELCOMED));
}

static void agent_leave(struct agent *a)
{
    CHECK_INT(close(a->fd), 0);
}

static bool samples_are(void *count)
{
    return told.samples == *(uint64_t *)count;
}

static bool wait_samples(uint64_t count)
{
    return run_until(samples_are, &count, LIMIT_MS);
}

static bool connected_are(void *count)
{
    return pl_ingest_connected(ingest) == *(uint32_t *)count;
}

static bool wait_connected(uint32_t count)
{
    return run_until(connected_are, &count, LIMIT_MS);
}
